"""How a mail is protected: signed and encrypted as a whole (S/MIME, PS3.15 B.8; PS3.11 L.3.4)."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from jacket.protection_wish import WITH_KEY, Wish, recipients_of, signers_of
from profiles.application_profiles import ApplicationProfile, Security
from reporting import WrongUsage

if TYPE_CHECKING:
    from secure import MailSealer


class MailSeal(NamedTuple):
    """What signs and encrypts the mails of one job."""

    sealer: "MailSealer"
    remarks: tuple[str, ...]  # on the certificates

    @property
    def opened_with(self) -> tuple[str, ...]:
        """Return the words by which a command opens the mail."""
        return WITH_KEY


def mail_seal_of(row: ApplicationProfile, wish: Wish, clock: datetime) -> MailSeal | None:
    """Return what protects a mail of a profile; None: the profile is not for encrypted mail.

    Args:
        row: the profile.
        wish: what the operator said.
        clock: the job's; is signed as the time of signing.

    Raises:
        WrongUsage: there is no recipient or nobody signs, or a password is to open it.
        FilmjacketError: a key or a certificate is not to be used.
    """
    if row.security is not Security.SMIME:
        return None
    _refuse_other_wish(row.identifier, wish)
    from secure import prepare_mail

    certificates, told = recipients_of(wish.encrypt_to, clock)
    signers, doubted = signers_of(wish, clock)
    sealer = prepare_mail(certificates, signers, signing_time=clock)
    return MailSeal(sealer, (*told, *doubted))


def _refuse_other_wish(profile: str, wish: Wish) -> None:
    if wish.password is not None or wish.slip is not None:
        raise WrongUsage(
            f"{profile} means S/MIME, and no mail program opens that with a password",
            "--password-file" if wish.password is not None else "--password-slip",
            "Say --encrypt-to with the certificate of every recipient; a disc, stick or folder of "
            "a profile with SEC in its name can have a password",
        )
    if not wish.encrypt_to:
        raise WrongUsage(
            f"{profile} means an encrypted mail, and nobody is named who can open it",
            "--encrypt-to",
            "Name the certificate of the recipient (PEM or DER): --encrypt-to CERT",
        )
    if not wish.signing_keys:
        raise WrongUsage(
            f"{profile} means that the sender signs the mail (PS3.15 B.8)",
            "--sign",
            "Name the private key of the sender, and its certificate if that is in another file: "
            "--sign KEY --sign-cert CERT",
        )
