"""Who answers for content: SignedData and DigestedData around it (RFC 5652 5 and 7), written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from secure import der
from secure.algorithms import (
    CONTENT_TYPE,
    DATA,
    DIGESTED_DATA,
    MESSAGE_DIGEST,
    RSA_ENCRYPTION,
    SIGNED_DATA,
    SIGNING_TIME,
    DigestRow,
)
from secure.certificates import belong_together, encoded, identity_of
from secure.errors import BadKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate

_RSA: Final = der.sequence(der.oid(RSA_ENCRYPTION), der.NULL)
_LAYERS: Final = (  # EncapsulatedContentInfo, from its outside
    (der.SEQUENCE, der.oid(DATA)),
    (der.context(0), b""),
    (der.OCTET_STRING, b""),
)


class Signer(NamedTuple):
    """A key that signs, and its certificate; those of its issuers may follow."""

    key: "RSAPrivateKey"
    certificates: tuple["Certificate", ...]  # its own first


class Inner(Protocol):
    """What stands around the content inside of the envelope."""

    content_type: str
    tail_size: int  # bytes behind the content

    def layers(self) -> "tuple[tuple[int, bytes], ...]":
        """Return tag and beginning of the values around the content, from the outside."""

    def tail(self, digest: bytes) -> bytes:
        """Return what stands behind content that has *digest*."""


class Bare:
    """Nothing: what is in the envelope answers for itself, as an S/MIME entity that is signed."""

    content_type = DATA
    tail_size = 0

    def layers(self) -> tuple[tuple[int, bytes], ...]:
        """Return that there are no values around the content."""
        return ()

    def tail(self, _: bytes) -> bytes:
        """Return that nothing stands behind it."""
        return b""


class Digested:
    """Integrity alone: DigestedData."""

    content_type = DIGESTED_DATA

    def __init__(self, row: DigestRow) -> None:
        """Take the digest of *row*."""
        self._row = row
        self.tail_size = len(self.tail(bytes(row.size)))

    def layers(self) -> tuple[tuple[int, bytes], ...]:
        """Return the values around the content."""
        return ((der.SEQUENCE, der.integer(0) + digest_algorithm(self._row)), *_LAYERS)

    def tail(self, digest: bytes) -> bytes:
        """Return the digest as it stands behind the content."""
        return der.octet_string(digest)


class Signed:
    """Origin and integrity: SignedData."""

    content_type = SIGNED_DATA

    def __init__(
        self, row: DigestRow, signers: Sequence[Signer], signing_time: datetime | None
    ) -> None:
        """Sign with each of *signers*.

        Args:
            row: of the digest.
            signers: at least one.
            signing_time: aware; is signed too.

        Raises:
            BadKey: a signer has no certificate, or the one of another key.
        """
        self._row, self._time = row, signing_time
        self._signers = [(signer.key, _signer_head(signer, row)) for signer in signers]
        bag = {encoded(one) for signer in signers for one in signer.certificates}
        self._certificates = der.set_of(bag, der.context(0))
        attributes = len(self._attributes(bytes(row.size)))
        infos = [_info_size(key, head, attributes) for key, head in self._signers]
        self.tail_size = len(self._certificates) + der.whole_size(sum(infos))

    def layers(self) -> tuple[tuple[int, bytes], ...]:
        """Return the values around the content."""
        return ((der.SEQUENCE, self._begin()), *_LAYERS)

    def detached(self, digest: bytes) -> bytes:
        """Return a SignedData without the content, which has *digest* (RFC 5652 5.2)."""
        absent = der.sequence(der.oid(DATA))
        return der.sequence(self._begin(), absent, self.tail(digest))

    def _begin(self) -> bytes:
        return der.integer(1) + der.set_of([digest_algorithm(self._row)])

    def tail(self, digest: bytes) -> bytes:
        """Return certificates and signatures. RSA PKCS#1 v1.5 makes the same ones each time."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        attributes = self._attributes(digest)
        # Signed as a SET OF, written as [0] (RFC 5652 5.4).
        written = bytes((der.context(0),)) + attributes[1:]
        algorithm = hash_of(self._row)
        infos = [
            der.sequence(
                head,
                written,
                _RSA,
                der.octet_string(key.sign(attributes, PKCS1v15(), algorithm)),
            )
            for key, head in self._signers
        ]
        return self._certificates + der.set_of(infos)

    def _attributes(self, digest: bytes) -> bytes:
        found = [
            _attribute(CONTENT_TYPE, der.oid(DATA)),
            _attribute(MESSAGE_DIGEST, der.octet_string(digest)),
        ]
        if self._time is not None:
            found.append(_attribute(SIGNING_TIME, _time(self._time)))
        return der.set_of(found)


def digest_algorithm(row: DigestRow) -> bytes:
    """Return the AlgorithmIdentifier of a digest, without parameters (RFC 5754 2)."""
    return der.sequence(der.oid(row.oid))


def hash_of(row: DigestRow) -> "HashAlgorithm":
    """Return what the library calls the digest of *row*."""
    from cryptography.hazmat.primitives import hashes

    algorithm: HashAlgorithm = getattr(hashes, row.name.upper())()
    return algorithm


def _signer_head(signer: Signer, row: DigestRow) -> bytes:
    """Return a SignerInfo as far as it is the same for all content."""
    if not signer.certificates or not belong_together(signer.key, signer.certificates[0]):
        raise BadKey(
            "has no certificate, or the one of another key",
            "signing key",
            "Give the certificate of the signing key before those of its issuers",
        )
    identity = identity_of(signer.certificates[0])
    return der.integer(1) + identity.encoded() + digest_algorithm(row)


def _info_size(key: "RSAPrivateKey", head: bytes, attributes: int) -> int:
    signature = der.whole_size((key.key_size + 7) // 8)
    return der.whole_size(len(head) + attributes + len(_RSA) + signature)


def _attribute(oid: str, content: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of([content]))


def _time(moment: datetime) -> bytes:
    """Return a Time: two digits of the year up to 2049, four after (RFC 5652 11.3)."""
    moment = moment.astimezone(UTC)
    if 1950 <= moment.year < 2050:
        return der.value(der.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return der.value(der.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())
