"""What the operator says of the protection of a medium, and the keys that are named in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reporting import WrongUsage

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from secure import Signer


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator says of the protection; paths are as they were given."""

    encrypt_to: Sequence[str] = ()  # certificates of those who may open it
    password: str | None = None  # the operator's own; None: one is made where it is needed
    slip: str | None = None  # where the sheet with the password goes; "-": it is told
    signing_keys: Sequence[str] = ()
    signing_certificates: Sequence[str] = ()  # one for each of the keys
    key_password: str | None = None  # of the signing keys
    is_simulated: bool = False  # the drive is, which the sheet has to say

    def __repr__(self) -> str:
        return f"<Wish for {len(self.encrypt_to)} certificates>"  # never a password

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        given = (self.encrypt_to, self.password, self.slip, self.signing_keys)
        return not any(given) and not self.signing_certificates

    def simulated(self) -> "Wish":
        """Return the same for a simulated drive."""
        return replace(self, is_simulated=True)


NO_WISH: Final = Wish()
# The words by which a command opens what was encrypted for certificates, whose keys others have.
WITH_KEY: Final = ("--key", "KEY", "(KEY: file with a recipient's private key)")


def recipients_of(paths: Iterable[str], clock: datetime) -> "tuple[list[Certificate], list[str]]":
    """Return the certificates to encrypt to, and what is to be told of them."""
    from secure import Standing, TrustStore, Use, judge, load_certificates

    found, told = list["Certificate"](), list[str]()
    for path in paths:
        certificate = load_certificates(path)[0]
        # Whom the operator names is trusted; what is looked at is what the certificate is good for.
        judgement = judge(certificate, clock, Use.RECEIVE, TrustStore([certificate]))
        remedies = {
            Standing.WRONG_USAGE: "Ask the recipient for a certificate with key encipherment",
            Standing.WEAK_KEY: "Ask the recipient for a certificate with an RSA key of 2,048 bits "
            "or more",
            # Its key may have been given up or stolen: nobody vouches for it any more.
            Standing.EXPIRED: "Ask the recipient for a new certificate",
            Standing.NOT_YET_VALID: "Ask the recipient for a certificate that is valid today, and "
            "look at the clock of this computer",
        }
        if judgement.standing in remedies:
            raise WrongUsage(
                f"is not for encrypting ({'; '.join(judgement.reasons)})",
                path,
                remedies[judgement.standing],
            )
        told += [f"{path}: {reason}" for reason in judgement.reasons]
        found.append(certificate)
    return found, told


def signers_of(wish: Wish, clock: datetime) -> "tuple[list[Signer], list[str]]":
    """Return the keys that sign, with their certificates, and what is to be told of these."""
    from secure import Signer, load_private_key

    if wish.signing_certificates and len(wish.signing_certificates) != len(wish.signing_keys):
        raise WrongUsage(
            f"{len(wish.signing_keys)} keys and {len(wish.signing_certificates)} certificates",
            "--sign-cert",
            "Give one --sign-cert for each --sign, in the same order",
        )
    found, told = list["Signer"](), list[str]()
    for number, path in enumerate(wish.signing_keys):
        own = wish.signing_certificates[number] if wish.signing_certificates else None
        key = load_private_key(path, wish.key_password, own)
        if key.certificate is None:
            raise WrongUsage(
                "has no certificate beside it", path, "Name its certificate with --sign-cert"
            )
        told += _against_signer(key.certificate, own or path, clock)
        found.append(Signer(key.key, (key.certificate, *key.others)))
    return found, told


def _against_signer(certificate: "Certificate", path: str, clock: datetime) -> Iterator[str]:
    """Yield why readers will doubt who signed, whomever they trust."""
    from secure import TrustStore, Use, judge

    for reason in judge(certificate, clock, Use.SIGN, TrustStore([certificate])).reasons:
        yield f"{path}: the certificate that signs: {reason}; readers will not trust it"
