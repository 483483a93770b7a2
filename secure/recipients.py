"""Whom an envelope is written for: RecipientInfos (RFC 5652 6.2), their sizes known before."""

from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from secure import der
from secure.algorithms import RSA_ENCRYPTION, CipherRow
from secure.certificates import identity_of, name_of, rsa_key_of
from secure.errors import BadKey
from secure.pwri import Derivation, Wrapping, padding_size

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Random = Callable[[int], bytes]

_RSA: Final = der.sequence(der.oid(RSA_ENCRYPTION), der.NULL)


class Recipient(Protocol):
    """Somebody who shall be able to open the envelope."""

    needs_version_3: bool  # of EnvelopedData (RFC 5652 6.1)

    @property
    def size(self) -> int:
        """Return how many bytes `encoded` has."""

    def encoded(self, key: bytes) -> bytes:
        """Return the RecipientInfo by which the recipient finds the content *key*."""


class CertificateRecipient:
    """Takes the content key by RSA (KeyTransRecipientInfo)."""

    needs_version_3 = False

    def __init__(self, certificate: "Certificate") -> None:
        """Encrypt for the owner of *certificate*.

        Raises:
            BadKey: its key is not RSA.
        """
        key = rsa_key_of(certificate)
        if key is None:
            raise BadKey(
                "has no RSA key",
                name_of(certificate),
                "Give a certificate with an RSA key: PS3.15 D.1.1 knows no other",
            )
        self._key = key
        self._head = der.integer(0) + identity_of(certificate).encoded() + _RSA

    @property
    def size(self) -> int:
        """Return how many bytes `encoded` has."""
        return der.whole_size(len(self._head) + der.whole_size((self._key.key_size + 7) // 8))

    def encoded(self, key: bytes) -> bytes:
        """Return the RecipientInfo; another one at each call, as its padding is random."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        return der.sequence(self._head, der.octet_string(self._key.encrypt(key, PKCS1v15())))


class PasswordRecipient:
    """Takes the content key by a password (PasswordRecipientInfo)."""

    needs_version_3 = True

    def __init__(
        self, password: bytes, derivation: Derivation, cipher: CipherRow, random: Random
    ) -> None:
        """Encrypt for who knows *password*; it becomes a key once, when that is first needed."""
        self._password, self._derivation = password, derivation
        self._cipher, self._random = cipher, random
        self._lock = Lock()
        self._head = der.integer(0) + derivation.encoded(der.context(0))

    @property
    def size(self) -> int:
        """Return how many bytes `encoded` has."""
        wrapping = Wrapping(self._cipher, bytes(self._cipher.block_size)).encoded()
        key_size = self._cipher.key_size
        wrapped = 4 + key_size + padding_size(self._cipher, key_size)
        return der.whole_size(len(self._head) + len(wrapping) + der.whole_size(wrapped))

    def encoded(self, key: bytes) -> bytes:
        """Return the RecipientInfo; another one at each call."""
        wrapping = Wrapping(self._cipher, self._random(self._cipher.block_size))
        with self._lock:
            kek = self._kek
        wrapped = wrapping.wrap(kek, key, self._random(padding_size(self._cipher, len(key))))
        return der.value(der.context(3), self._head, wrapping.encoded(), der.octet_string(wrapped))

    @cached_property
    def _kek(self) -> bytes:
        return self._derivation.key(self._password, self._cipher.key_size)
