"""Mails that are signed and encrypted as a whole: opened, and judged by what protected them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from jacket import mail_rules as rules
from jacket.locked_medium import is_locked, nothing_opens
from jacket.secure_rules import about_algorithms, about_signers
from jacket.signed_by import SignedBy, signers_of
from jacket.verdict import Verification
from media import Locked, MailMedium, Medium, SealedMail
from profiles.application_profiles import ApplicationProfile, Security
from reporting import Finding

if TYPE_CHECKING:
    from media.mime.unsealed import MailProtection
    from secure import Keys

_AES: Final = "aes-"
_MOST_NAMES: Final = 6  # of signers, in a sentence


def opened_with(medium: Medium, keys: "Keys | None", *, accept_unprotected: bool = False) -> Medium:
    """Return *medium*, or the same mail opened with *keys*; what was handed in is used up.

    Args:
        medium: any that is open.
        keys: None: nothing is done.
        accept_unprotected: also open a mail that is encrypted and not signed.

    Raises:
        CannotRead: there is no File-set in the mail.
        CannotWrite: there is no room for what was decrypted.
    """
    if keys is None or not isinstance(medium, MailMedium | SealedMail):
        return medium
    try:
        return medium.opened_with(keys, accept_unprotected=accept_unprotected)
    except BaseException:
        medium.close()
        raise


def refuse_sealed(medium: Medium, path: str) -> None:
    """Raise why a mail stays closed.

    Raises:
        NothingOpens: the keys are not those it was encrypted for.
        FilmjacketError: there are none, or the mail was changed.
    """
    if isinstance(medium, SealedMail):
        raise nothing_opens(medium.why, path) if is_locked(medium.why) else medium.why


def protection_of_mail(medium: Medium) -> "MailProtection | None":
    """Return what protected a mail as a whole; None: nothing did, or it is no mail."""
    protection = medium.protection if isinstance(medium, MailMedium) else None
    return protection if protection and any(protection) else None


def was_encrypted(medium: Medium) -> bool:
    """Return whether everything that is read from *medium* was in an encrypted mail."""
    protection = protection_of_mail(medium)
    return protection is not None and bool(protection.ciphers)


def signed_by_mail(medium: Medium, files: int) -> tuple[SignedBy, ...]:
    """Return who signed the content of a mail, and with it so many *files*."""
    protection = protection_of_mail(medium)
    signers = () if protection is None else signers_of(protection.signers)
    return tuple(SignedBy(signer, files, is_mail=True) for signer in dict.fromkeys(signers))


def mail_in_words(medium: Medium) -> str:
    """Return how a mail was protected; "" where it was not, or is none."""
    found = protection_of_mail(medium)
    if found is None:
        return ""
    encrypted = [f"encrypted ({', '.join(found.ciphers)})"] if found.ciphers else []
    signed = "not signed by anybody who can be checked"
    if found.is_signed:
        signed = "signed"
    elif found.is_signed_around:
        signed = "signed around the envelope only"
    return " and ".join([*encrypted, signed])


def around_in_words(medium: Medium, *, judged: bool) -> str:
    """Return who signed the envelope alone of a mail; "": nobody, or the content is signed."""
    found = protection_of_mail(medium)
    if found is None or found.is_signed or not found.is_signed_around:
        return ""
    names = dict.fromkeys(
        SignedBy(signer, 1, is_mail=True).judged(judged=judged)
        for signer in signers_of(found.senders[:_MOST_NAMES])
    )
    return (
        f"signed around the envelope, by {', '.join(names)}: that says nothing of who wrote the "
        "content"
    )


class MailJudgement:
    """What is said of a mail that is open, by what protected it."""

    def __init__(
        self,
        medium: Medium,
        rows: Sequence[ApplicationProfile],
        claimed: ApplicationProfile | None,
        keys: "Keys | None",
    ) -> None:
        """Judge *medium*, of which the profile *claimed* is told, by *rows* where none is."""
        self._medium = medium
        self.is_mail = isinstance(medium, MailMedium)
        self._protection = protection_of_mail(medium)
        self._claimed = None if claimed is None else claimed.security
        self._security = {row.identifier: row.security for row in rows}
        self._judges = keys is not None and bool(keys.trust.certificates)

    @property
    def words(self) -> str:
        """Return how the mail was protected; "" where it was not."""
        return mail_in_words(self._medium)

    def findings(self) -> Iterator[Finding]:
        """Yield what speaks against the protection, or against the claim."""
        found = self._protection
        is_claimed = self._claimed is Security.SMIME and self.is_mail
        is_encrypted = found is not None and bool(found.ciphers)
        if is_claimed and not is_encrypted:
            yield rules.PLAIN.at(rules.MAIL)
        if self._claimed not in (None, Security.SMIME) and is_encrypted:
            yield rules.UNCLAIMED.at(rules.MAIL)
        if is_claimed or is_encrypted:
            yield from self._against_signatures()
        if found is not None:
            if is_claimed and is_encrypted and not self._is_aes:
                yield rules.CIPHER.at(rules.MAIL, f"It is encrypted with {found.ciphers[0]}")
            yield from about_algorithms((*found.ciphers, *found.digests), rules.MAIL)
            signers = signers_of(found.signers)
            yield from about_signers(signers, rules.MAIL, judges=self._judges)

    def _against_signatures(self) -> Iterator[Finding]:
        found = self._protection
        if around := around_in_words(self._medium, judged=self._judges):
            yield rules.AROUND.at(rules.MAIL, f"The mail is {around}")
        elif found is None or not found.is_signed:
            why = "; ".join(found.doubts) if found else ""
            yield rules.UNSIGNED.at(rules.MAIL, f"The mail {why}" if why else "")

    @property
    def _is_aes(self) -> bool:
        found = self._protection
        return found is not None and all(name.startswith(_AES) for name in found.ciphers)

    def satisfied(
        self, found: tuple[str, ...], unseen: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the profiles that are satisfied, and those whose protection was not seen.

        Args:
            found: those that are satisfied by what is in the mail.
            unseen: those that are if it is protected as a whole.
        """
        if self._protection is None or not self._protection.ciphers:
            return found, unseen
        # Who cannot open it cannot read it by a profile that knows no encryption.
        secure = [one for one in found if self._security[one] is not Security.NONE]
        return (*secure, *(unseen if self._is_aes else ())), ()

    def signed_by(self, files: int) -> tuple[SignedBy, ...]:
        """Return who signed the mail, and with it so many *files*."""
        return signed_by_mail(self._medium, files)


def verdict_on_sealed(
    mail: SealedMail,
    path: str,
    claimed: ApplicationProfile | None,
    *,
    pdi: bool,
    with_keys: bool,
) -> Verification:
    """Return the verdict on a mail that stays closed.

    Raises:
        NothingOpens: the keys are not those it was encrypted for.
    """
    if isinstance(mail.why, Locked):
        finding = rules.CLOSED.at(rules.MAIL)
    else:
        if is_locked(mail.why):
            raise nothing_opens(mail.why, path)
        finding = rules.why_sealed(mail.why)
    return Verification(
        path,
        mail.kind,
        mail.label,
        "",
        "",
        None if claimed is None else claimed.identifier,
        (),
        0,
        0,
        0,
        (finding,),
        pdi,
        with_keys=with_keys,
    )
