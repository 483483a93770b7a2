"""Writes Secure DICOM Files (PS3.15 D.1): prepared once for a medium, then one file after another.

The bytes of a file are, from the outside: ContentInfo, EnvelopedData, and encrypted in it
SignedData or DigestedData, whose content is the DICOM File. All lengths are definite (DER).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from reporting import CannotRead, WrongUsage
from secure import der
from secure.algorithms import (
    CIPHER_OF_NAME,
    DIGEST_OF_NAME,
    ENVELOPED_DATA,
    PRF_OF_DIGEST,
    CipherRow,
    DigestRow,
)
from secure.block_cipher import Piece, batches, encryptor, padding_of
from secure.passing_digest import PassingDigest
from secure.password import octets_of
from secure.pwri import ITERATIONS, SALT_SIZE, Derivation
from secure.recipients import CertificateRecipient, PasswordRecipient, Random, Recipient
from secure.signers import Digested, Inner, Signed, Signer

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Layers = tuple[tuple[int, bytes], ...]  # tag and what stands before the next one, from outside
Row = TypeVar("Row", CipherRow, DigestRow)

_VERSION_0, _VERSION_3 = der.integer(0), der.integer(3)
_LEFT_ALONE: Final = "Leave the sources alone, then start again"


def prepare(
    recipients: "Sequence[Certificate]" = (),
    password: str | None = None,
    *,
    cipher: str = "aes-256-cbc",
    digest: str = "sha256",
    signers: Sequence[Signer] = (),
    signing_time: datetime | None = None,
    iterations: int = ITERATIONS,
    random: Random = os.urandom,
) -> "Sealer":
    """Prepare to write the Secure DICOM Files of one medium. Cheap: nothing is derived yet.

    Args:
        recipients: certificates of those who can open them, with RSA keys.
        password: for everybody who knows it.
        cipher: "aes-128-cbc", "aes-192-cbc" or "aes-256-cbc".
        digest: "sha256", "sha384" or "sha512".
        signers: who answers for the files; without any, changes show but not who made the files.
        signing_time: aware; told and signed. None: no time is told.
        iterations: of PBKDF2 with HMAC-SHA256.
        random: gives so many random bytes. Another one than the default is for tests alone:
            all secrecy hangs on it.

    Raises:
        BadPassword: the password has other characters than ISO IR 6, or none.
        BadKey: a key is not RSA, or not that of its certificate.
        WrongUsage: there is nobody to write for, or the algorithm is not one to write with.
    """
    cipher_row = algorithm_to_write(CIPHER_OF_NAME, cipher)
    digest_row = algorithm_to_write(DIGEST_OF_NAME, digest)
    found: list[Recipient] = [CertificateRecipient(certificate) for certificate in recipients]
    if password is not None:
        derivation = Derivation(random(SALT_SIZE), iterations, PRF_OF_DIGEST["sha256"])
        found.append(PasswordRecipient(octets_of(password), derivation, cipher_row, random))
    if not found:
        raise WrongUsage(
            "is for nobody",
            "Secure DICOM File",
            "Give a password or the certificate of a recipient",
        )
    inner = Signed(digest_row, signers, signing_time) if signers else Digested(digest_row)
    return Sealer(found, cipher_row, digest_row, inner, random)


def algorithm_to_write(rows: Mapping[str, Row], name: str) -> Row:
    """Return the row of an algorithm; raise WrongUsage where new files must not have it."""
    row = rows.get(name)
    if row is None or not row.is_written:
        known = ", ".join(row.name for row in rows.values() if row.is_written)
        raise WrongUsage("is not an algorithm to write with", name, f"Take one of {known}")
    return row


class Sealer:
    """Recipients, signers and algorithms of one medium. May be used by several threads."""

    def __init__(
        self,
        recipients: Sequence[Recipient],
        cipher: CipherRow,
        digest: DigestRow,
        inner: Inner,
        random: Random,
    ) -> None:
        """Be what `prepare` prepares."""
        self._recipients, self._cipher, self._digest = recipients, cipher, digest
        self._inner, self._random = inner, random
        needs_3 = any(one.needs_version_3 for one in recipients)
        self._version = _VERSION_3 if needs_3 else _VERSION_0
        self._inner_type = der.oid(inner.content_type)
        nobody = der.head(der.SET, sum(one.size for one in recipients))
        self._recipients_size = len(nobody) + sum(one.size for one in recipients)

    def enveloped_size(self, size: int) -> int:
        """Return how many bytes the Secure DICOM File of *size* bytes has.

        Nothing is derived or encrypted for it.
        """
        placeholder = bytes(self._recipients_size)
        algorithm = self._algorithm(bytes(self._cipher.block_size))
        return _enclosing(self._layers(placeholder, algorithm), self._plain(size).size)[1]

    def seal(self, size: int, where: str = "Secure DICOM File") -> "SealedFile":
        """Draw a new content key and IV for one file, and make the beginning of it.

        With a password the first call takes some tenths of a second.

        Args:
            size: of the DICOM File, in bytes.
            where: what errors call it.
        """
        key = self._random(self._cipher.key_size)
        iv = self._random(self._cipher.block_size)
        recipients = der.set_of(one.encoded(key) for one in self._recipients)
        plain = self._plain(size)
        layers = self._layers(recipients, self._algorithm(iv))
        begin, whole = _enclosing(layers, plain.size)
        return SealedFile(
            whole, begin, plain, _Means(self._cipher, key, iv, self._digest, self._inner), where
        )

    def _layers(self, recipients: bytes, algorithm: bytes) -> Layers:
        return (
            (der.SEQUENCE, der.oid(ENVELOPED_DATA)),
            (der.context(0), b""),
            (der.SEQUENCE, self._version + recipients),
            (der.SEQUENCE, self._inner_type + algorithm),
            (der.context(0, is_constructed=False), b""),
        )

    def _algorithm(self, iv: bytes) -> bytes:
        return der.sequence(der.oid(self._cipher.oid), der.octet_string(iv))

    def _plain(self, size: int) -> "_Plain":
        begin, whole = _enclosing(self._inner.layers(), size, self._inner.tail_size)
        padding = padding_of(self._cipher, whole)
        return _Plain(begin, size, padding, whole + len(padding))


class _Plain(NamedTuple):
    """What is encrypted: *begin*, the content, what answers for it, *padding*."""

    begin: bytes
    content_size: int
    padding: bytes
    size: int  # bytes, of all of it


class _Means(NamedTuple):
    """By what one file is encrypted and answered for."""

    cipher: CipherRow
    key: bytes
    iv: bytes
    digest: DigestRow
    inner: Inner


class SealedFile:
    """One Secure DICOM File that can be made again and again, with the same bytes.

    Its key and IV are in memory alone, and go with it.
    """

    def __init__(self, size: int, begin: bytes, plain: _Plain, means: _Means, where: str) -> None:
        """Be what `Sealer.seal` makes."""
        self.size = size  # bytes
        self._begin, self._plain, self._means, self._where = begin, plain, means, where
        self._digest: bytes | None = None  # of the content, once that has passed

    def __repr__(self) -> str:
        return f"<SealedFile of {self.size} bytes>"  # never a key

    def pieces(self, content: Iterable[Piece]) -> Iterator[bytes]:
        """Yield the Secure DICOM File around *content*, in order, together `size` bytes.

        Args:
            content: the DICOM File in pieces, which nobody changes after they are given.

        Raises:
            CannotRead: the content has another size than was told, or is not the same as the
                last time: two contents under one key would tell of each other.
        """
        means, plain = self._means, self._plain
        update = encryptor(means.cipher, means.key, means.iv).update
        yield self._begin + update(plain.begin)
        with PassingDigest(means.digest.name, plain.content_size) as passing:
            for piece in batches(self._measured(content)):
                passing.update(piece)
                yield update(piece)
            digest = passing.digest()
        if self._digest not in (None, digest):
            raise CannotRead("was changed since it was first sealed", self._where, _LEFT_ALONE)
        self._digest = digest
        yield update(means.inner.tail(digest) + plain.padding)

    def _measured(self, content: Iterable[Piece]) -> Iterator[Piece]:
        left = self._plain.content_size
        for piece in content:
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise CannotRead(
                f"was planned with {self._plain.content_size:,} bytes and has other ones now",
                self._where,
                _LEFT_ALONE,
            )


def _enclosing(layers: Layers, size: int, behind: int = 0) -> tuple[bytes, int]:
    """Return the beginning of *layers* around *size* bytes, and the size of it all.

    What ends the outermost layer, *behind* bytes, stands behind the others.
    """
    begin, whole = b"", size
    for number, (tag, before) in reversed(tuple(enumerate(layers))):
        content = len(before) + whole + (0 if number else behind)
        begin = der.head(tag, content) + before + begin
        whole = der.whole_size(content)
    return begin, whole
