"""What the reader may open Secure DICOM Files with, kept for a whole medium.

Every file may name a salt of its own and so ask for a derivation of its own. What all files of a
medium ask for together is bounded: counted in steps, not timed, so that each run finds the same.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

from secure.certificates import Identity, PrivateKey, identity_of
from secure.errors import Overdrawn
from secure.password import octets_of
from secure.pwri import Derivation
from secure.trust import TrustStore

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

# Steps of PBKDF2 for all files of a medium together, three to six minutes: enough for 1,600 files
# that each have a salt of their own and as many steps as we write, or 100,000 as OpenSSL does.
MOST_STEPS: Final = 1_000_000_000
# Steps that a derivation counts as at least: this bounds how many keys are remembered. A private
# key that is tried takes as long: RSA of 2,048 to 4,096 bits takes 1 to 5 ms.
_LEAST: Final = 10_000


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
        most_steps: int = MOST_STEPS,
    ) -> None:
        """Take what there is.

        Args:
            passwords: are tried one after the other.
            private_keys: with their certificates; one without is tried on every recipient.
            trust: whom to believe; None: every signer is untrusted.
            certificates: of signers and their issuers, for files that have none in them.
            at: the time to judge certificates for, aware; None: now.
            most_steps: of PBKDF2, for all files of a medium together.

        Raises:
            BadPassword: a password has other characters than ISO IR 6.
        """
        self.passwords = tuple(octets_of(password) for password in passwords)
        self.private_keys = tuple(private_keys)
        self.trust = trust or TrustStore()
        self.certificates = (*certificates, *self.trust.certificates)
        self.at = at or datetime.now(UTC)
        self.most_steps = most_steps
        self._forget()

    def _forget(self) -> None:
        self._lock = Lock()
        self._derived: dict[tuple[Derivation, bytes, int], _Derived] = {}
        self.steps = 0  # of PBKDF2 that were asked for so far, also those that were refused

    def fresh(self) -> "Keys":
        """Return the same for another medium: nothing is derived yet, and nothing spent."""
        other = copy(self)
        other._forget()
        return other

    @property
    def is_overdrawn(self) -> bool:
        """Whether files asked for more steps than there are."""
        return self.steps > self.most_steps

    def absorb(self, steps: int) -> None:
        """Count *steps* that another process was asked for."""
        self.steps += steps

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

    def spend_a_try(self, where: str) -> None:
        """Count a private key that is tried on one recipient more of the file *where*.

        Raises:
            Overdrawn: that is more than is left for its medium.
        """
        with self._lock:
            self._spend(_LEAST, where)

    def _spend(self, steps: int, where: str) -> None:
        self.steps += max(steps, _LEAST)
        if self.is_overdrawn:
            raise Overdrawn.of(where, self.most_steps)

    def derive(self, derivation: Derivation, password: bytes, size: int, where: str) -> bytes:
        """Return the key of *size* bytes that *password* becomes; slow at the first time.

        Raises:
            Overdrawn: the file *where* asks for more steps than are left for its medium.
        """
        wanted = derivation, password, size
        with self._lock:
            found = self._derived.get(wanted)
            if found is None:
                self._spend(derivation.iterations, where)
                found = self._derived[wanted] = _Derived(Lock())
        with found.lock:  # Who wants the same key waits for it instead of deriving it too.
            if not found.key:
                found.key = derivation.key(password, size)
        return found.key


@dataclass(slots=True)
class _Derived:
    """A key, once that was derived."""

    lock: Lock
    key: bytes = b""
