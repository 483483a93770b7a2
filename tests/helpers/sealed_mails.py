"""S/MIME of all kinds that are met: layers around the body of a plain mail, in any order."""

from base64 import encodebytes
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cms_people import alice, bob

from media import Envelope, MailMedium, NamedSource, SealedMail, open_medium, write_mail
from secure import Keys, Sealer, TrustStore, der, prepare_mail
from secure.algorithms import CIPHER_OF_NAME, DATA, DIGEST_OF_NAME, SIGNED_DATA
from secure.mail_sealer import MailSealer
from secure.recipients import CertificateRecipient
from secure.signers import Bare, Signed

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HEAD = b"Subject: DICOM-ZIP\r\nMIME-Version: 1.0\r\n"
CONTENT = {
    ("DICOMDIR",): bytes(128) + b"DICM" + b"directory" * 20,
    ("DICOM", "I1"): bytes(128) + b"DICM" + bytes(range(256)) * 4,
}
Layer = Callable[[bytes], bytes]


def sealer(**options: object) -> MailSealer:
    return prepare_mail([bob().certificate], [alice().signer], **options)  # type: ignore[arg-type]


def keys() -> Keys:
    return Keys(private_keys=[bob().private], trust=TrustStore([alice().certificate]))


def sources() -> list[NamedSource]:
    return [NamedSource(name, (data,), WHEN) for name, data in CONTENT.items()]


def our_mail(path: Path, **options: object) -> Path:
    write_mail(
        sources(),
        path,
        recorded=WHEN,
        envelope=Envelope(text="See what is attached."),
        sealer=sealer(**options),
    )
    return path


def plain_body(folder: Path) -> bytes:
    """Return the body of a plain mail of ours, with the headers that tell what it is."""
    path = folder / "plain-body.eml"
    write_mail(sources(), path, recorded=WHEN)
    return body_of(path)


def body_of(mail: Path) -> bytes:
    """Return what stands behind the headers of a mail, with those that tell what it is."""
    return b"Content-Type:" + mail.read_bytes().partition(b"Content-Type:")[2]


def content_info(kind: str, inner: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.value(der.context(0), inner))


def as_cms(data: bytes, word: str = "enveloped-data") -> bytes:
    """Return an entity that carries a CMS."""
    return (
        b"Content-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" % word.encode()
    ) + encodebytes(data).replace(b"\n", b"\r\n")


def enveloped(entity: bytes, cipher: str = "aes-256-cbc") -> bytes:
    """Encrypt *entity* for Bob."""
    people = [CertificateRecipient(bob().certificate)]
    random = lambda size: b"\x5a" * size  # noqa: E731 (any will do)
    row = CIPHER_OF_NAME[cipher]
    found = Sealer(people, row, DIGEST_OF_NAME["sha256"], Bare(), random)
    return as_cms(b"".join(found.seal(len(entity)).pieces([entity])))


def signed(
    entity: bytes, over: bytes | None = None, change: Callable[[bytes], bytes] = bytes
) -> bytes:
    """Let Alice sign *entity*, the signature beside it.

    Args:
        entity: what is sent.
        over: what she signed; None: that.
        change: what happens to the signature.
    """
    signature = change(sealer().signature(sha256(entity if over is None else over).digest()))
    return (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        b" micalg=sha-256; boundary=seam\r\n\r\n--seam\r\n%s\r\n--seam\r\n"
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--seam--\r\n"
        % (entity, encodebytes(signature))
    )


def opaque(entity: bytes, over: bytes | None = None) -> bytes:
    """Let Alice sign *entity*, the signature around it; *over*: she signed this instead."""
    row = DIGEST_OF_NAME["sha256"]
    by_alice = Signed(row, [alice().signer], None)
    inside = der.sequence(der.oid(DATA), der.value(der.context(0), der.octet_string(entity)))
    (_, begin), *_ = by_alice.layers()
    tail = by_alice.tail(sha256(entity if over is None else over).digest())
    data = content_info(SIGNED_DATA, der.sequence(begin, inside, tail))
    return as_cms(data, "signed-data")


def opened(path: Path, own: Keys | None = None, *, accept: bool = False) -> MailMedium | SealedMail:
    """Open a mail with Bob's key, or with *own*."""
    medium = open_medium(path)
    assert isinstance(medium, MailMedium | SealedMail)
    return medium.opened_with(own or keys(), accept_unprotected=accept)


def contents(medium: MailMedium | SealedMail) -> dict[tuple[str, ...], bytes]:
    found = {}
    for entry in medium.entries():
        with medium.open(entry) as file:
            found[entry.name] = file.pread(file.size, 0)
    return found
