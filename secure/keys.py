"""What the reader may open Secure DICOM Files with, kept for a whole medium."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

from secure.certificates import Identity, PrivateKey, identity_of
from secure.password import octets_of
from secure.pwri import Derivation
from secure.trust import TrustStore

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_REMEMBERED: Final = 1000  # derived keys; a medium has one, or one for each of its authors


class Keys:
    """Passwords and private keys to open with, and whom to believe. May be used by threads.

    A password is derived once for all files that were written with the same salt.
    """

    def __init__(
        self,
        passwords: Sequence[str] = (),
        private_keys: Sequence[PrivateKey] = (),
        *,
        trust: TrustStore | None = None,
        certificates: "Sequence[Certificate]" = (),
        at: datetime | None = None,
    ) -> None:
        """Take what there is.

        Args:
            passwords: are tried one after the other.
            private_keys: with their certificates; one without is tried on every recipient.
            trust: whom to believe; None: every signer is untrusted.
            certificates: of signers and their issuers, for files that have none in them.
            at: the time to judge certificates for, aware; None: now.

        Raises:
            BadPassword: a password has other characters than ISO IR 6.
        """
        self.passwords = tuple(octets_of(password) for password in passwords)
        self.private_keys = tuple(private_keys)
        self.trust = trust or TrustStore()
        self.certificates = (*certificates, *self.trust.certificates)
        self.at = at or datetime.now(UTC)
        self._lock = Lock()
        self._derived: dict[tuple[Derivation, bytes, int], _Derived] = {}

    @cached_property
    def owners(self) -> list[tuple[PrivateKey, Identity | None]]:
        """Return the private keys with what recipients are named by; None where nobody knows."""
        return [
            (one, None if one.certificate is None else identity_of(one.certificate))
            for one in self.private_keys
        ]

    def knows(self, derivation: Derivation, password: bytes, size: int) -> bool:
        """Return whether `derive` has the answer already, or is about to."""
        return (derivation, password, size) in self._derived

    def derive(self, derivation: Derivation, password: bytes, size: int) -> bytes:
        """Return the key of *size* bytes that *password* becomes; slow at the first time."""
        wanted = derivation, password, size
        with self._lock:
            if wanted not in self._derived and len(self._derived) >= _REMEMBERED:
                del self._derived[next(iter(self._derived))]
            found = self._derived.setdefault(wanted, _Derived(Lock()))
        with found.lock:  # Who wants the same key waits for it instead of deriving it too.
            if not found.key:
                found.key = derivation.key(password, size)
        return found.key


@dataclass(slots=True)
class _Derived:
    """A key, once that was derived."""

    lock: Lock
    key: bytes = b""
