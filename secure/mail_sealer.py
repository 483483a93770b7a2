"""What a mail is signed and encrypted with: S/MIME (PS3.15 B.8, RFC 8551), CMS in, CMS out.

The MIME around it is the business of who makes the mail.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reporting import WrongUsage
from secure import der
from secure.algorithms import CIPHER_OF_NAME, DIGEST_OF_NAME, SIGNED_DATA, DigestRow
from secure.recipients import CertificateRecipient, Random
from secure.sealer import SealedFile, Sealer, algorithm_to_write
from secure.signers import Bare, Signed, Signer

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_WHERE: Final = "mail"


def prepare_mail(
    recipients: "Sequence[Certificate]",
    signers: Sequence[Signer],
    *,
    cipher: str = "aes-256-cbc",
    digest: str = "sha256",
    signing_time: datetime | None = None,
    random: Random = os.urandom,
) -> "MailSealer":
    """Prepare to sign and encrypt mails. Cheap: nothing is drawn or signed yet.

    Args:
        recipients: certificates of those who can open them, with RSA keys.
        signers: who answers for the mails.
        cipher: "aes-128-cbc", "aes-192-cbc" or "aes-256-cbc".
        digest: "sha256", "sha384" or "sha512".
        signing_time: aware; told and signed. None: no time is told.
        random: gives so many random bytes. Another one than the default is for tests alone.

    Raises:
        BadKey: a key is not RSA, or not that of its certificate.
        WrongUsage: nobody can open it or nobody signs, or the algorithm is not one to write with.
    """
    cipher_row = algorithm_to_write(CIPHER_OF_NAME, cipher)
    digest_row = algorithm_to_write(DIGEST_OF_NAME, digest)
    if not recipients or not signers:
        raise WrongUsage(
            "is signed and encrypted, both (PS3.15 B.8)",
            _WHERE,
            "Give the certificate of a recipient and a key that signs",
        )
    people = [CertificateRecipient(certificate) for certificate in recipients]
    signed = Signed(digest_row, signers, signing_time)
    return MailSealer(Sealer(people, cipher_row, digest_row, Bare(), random), signed, digest_row)


class MailSealer:
    """Signs and encrypts the mails of one job, each with a content key of its own."""

    def __init__(self, sealer: Sealer, signed: Signed, digest: DigestRow) -> None:
        """Be what `prepare_mail` prepares."""
        self._sealer, self._signed, self._row = sealer, signed, digest
        self.digest = digest.name  # as hashlib calls it
        self.signature_size = len(self._enclosed(bytes(digest.size)))  # bytes

    def signature(self, digest: bytes) -> bytes:
        """Return a detached signature over what has *digest*: ContentInfo in DER."""
        return self._enclosed(digest)

    def _enclosed(self, digest: bytes) -> bytes:
        inside = self._signed.detached(digest)
        return der.sequence(der.oid(SIGNED_DATA), der.value(der.context(0), inside))

    def enveloped_size(self, size: int) -> int:
        """Return how many bytes the envelope around *size* bytes has."""
        return self._sealer.enveloped_size(size)

    def enveloped(self, size: int) -> SealedFile:
        """Draw a new content key for *size* bytes: ContentInfo with EnvelopedData in DER."""
        return self._sealer.seal(size, _WHERE)
