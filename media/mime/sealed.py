"""Signs and encrypts what a mail carries (S/MIME: RFC 8551 3.4, 3.5 and 3.7; PS3.15 B.8).

From the outside: an envelope, in it multipart/signed, in that the letter and what is attached to
it. The signature lies beside what it is over, so that this is encoded once less on the way and
one pass makes both.
"""

from collections.abc import Callable, Iterator
from hashlib import new, sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from media.mime.transfer_encoding import encoded, encoded_size

if TYPE_CHECKING:
    from secure import MailSealer

# What hashlib calls a digest → what a mail does (RFC 8551 3.5.3.2).
_MICALG: Final = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
_ENVELOPE: Final = (
    b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n"
    b' name="smime.p7m"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment;\r\n filename="smime.p7m"\r\n\r\n'
)
_SIGNATURE: Final = (
    b'Content-Type: application/pkcs7-signature;\r\n name="smime.p7s"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment;\r\n filename="smime.p7s"\r\n\r\n'
)


class Entity(NamedTuple):
    """Headers and a body whose size is known before it is made; lines end in CR LF."""

    size: int  # bytes
    pieces: Callable[[], Iterator[bytes]]


def sealed(entity: Entity, sealer: "MailSealer") -> Entity:
    """Return *entity* signed, and that encrypted; it is made as its pieces are taken."""
    return _enveloped(_signed(entity, sealer), sealer)


def _signed(entity: Entity, sealer: "MailSealer") -> Entity:
    """Return an entity multipart/signed: *entity*, byte for byte, and a signature over it."""
    boundary = f"=_{sha256(b'signed %d' % entity.size).hexdigest()[:38]}s=".encode()
    before = (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        b' micalg=%s;\r\n boundary="%s"\r\n\r\n'
        b"This is a signed message.\r\n\r\n--%s\r\n"
        % (_MICALG[sealer.digest].encode(), boundary, boundary)
    )
    between = b"\r\n--%s\r\n%s" % (boundary, _SIGNATURE)
    behind = b"\r\n--%s--\r\n" % boundary

    def pieces() -> Iterator[bytes]:
        digest = new(sealer.digest)
        yield before
        for piece in entity.pieces():
            digest.update(piece)
            yield piece
        yield between
        yield from encoded([sealer.signature(digest.digest())])
        yield behind

    around = len(before) + len(between) + encoded_size(sealer.signature_size) + len(behind)
    return Entity(entity.size + around, pieces)


def _enveloped(entity: Entity, sealer: "MailSealer") -> Entity:
    """Return an entity application/pkcs7-mime whose content is *entity*, encrypted."""

    def pieces() -> Iterator[bytes]:
        yield _ENVELOPE
        yield from encoded(sealer.enveloped(entity.size).pieces(entity.pieces()))

    size = encoded_size(sealer.enveloped_size(entity.size))
    return Entity(len(_ENVELOPE) + size, pieces)
