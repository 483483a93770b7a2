"""How a medium is protected: every DICOM File of it in an envelope of its own (PS3.15 D.1)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jacket.known_words import known_words
from jacket.protection_wish import NO_WISH, WITH_KEY, Wish, recipients_of, signers_of
from jacket.writing import suffix_of
from media.copying import contents
from media.source import NamedSource, Streamed
from media.volume_plan import PlannedFile
from profiles.application_profiles import ApplicationProfile, Medium, Security
from profiles.plan import PlannedInstance
from profiles.profile_table import PROFILES
from reporting import WrongUsage

if TYPE_CHECKING:
    from secure import Keys, SealedFile, Sealer

__all__ = [
    "NO_WISH",
    "STANDARD_OUTPUT",
    "Protection",
    "Wish",
    "protection_of",
    "secure_profile",
    "secure_sibling",
]

STANDARD_OUTPUT: Final = "-"
_RUN: Final = 1 << 20  # bytes that are encrypted at a time
_CARDS: Final = frozenset((Medium.MMC, Medium.CF, Medium.SD))
_FILES: Final = frozenset((Medium.ZIP_MAIL, Medium.MIME))


class Protection:
    """What seals the files of one job, and tells how they are opened."""

    def __init__(
        self,
        sealer: "Sealer",
        password: str | None,
        slip: Path | None,
        *,
        is_told: bool,
        certificates: Sequence[str],
        signers: Sequence[str],
        kind: str,
        is_simulated: bool,
        remarks: Sequence[str],
    ) -> None:
        """Be what `protection_of` makes."""
        self._sealer, self._password, self._slip = sealer, password, slip
        self._is_told = is_told
        self._certificates, self._signers = tuple(certificates), tuple(signers)
        self._kind, self._is_simulated = kind, is_simulated
        self.remarks = tuple(remarks)

    @property
    def slip(self) -> str:
        """Where the sheet with the password goes; "" where there is none."""
        return "" if self._slip is None else str(self._slip)

    @property
    def told(self) -> str | None:
        """Return the password where the operator asked to be told."""
        return self._password if self._is_told else None

    @property
    def opened_with(self) -> tuple[str, ...]:
        """Return the words by which a command opens the medium; a password is asked for."""
        return () if self._password is not None else WITH_KEY

    @property
    def keys(self) -> "Keys | None":
        """Return what opens the medium; None: certificates, whose private keys others have."""
        from secure import Keys

        return None if self._password is None else Keys([self._password])

    def sealed(self, source: NamedSource) -> NamedSource:
        """Return what stands on the medium in place of a DICOM File."""
        length = self._sealer.enveloped_size(source.size)
        return source._replace(parts=(Streamed(length, _Envelope(self._sealer, source).pieces),))

    def planned(self, file: PlannedFile) -> PlannedFile:
        """Return a DICOM File as large as it will be."""
        return file._replace(size=self._sealer.enveloped_size(file.size))

    def readme(self, label: str, index: bytes, clock: datetime) -> NamedSource:
        """Return the README.TXT that tells how the medium is opened; it names no patient.

        Args:
            label: of the volume.
            index: tells which volume of a set this is; b"": it is the only one.
            clock: the job's.
        """
        from jacket.secure_readme import NAME, SecureMedium, render_readme

        medium = SecureMedium(
            label=label,
            has_password=self._password is not None,
            certificates=self._certificates,
            signers=self._signers,
            kind=self._kind,
        )
        return NamedSource(NAME, (index + render_readme(medium),), clock)

    def refuse_telling(self, planned: Iterable[PlannedInstance]) -> None:
        """See that the operator's own password is not made of what the patient is known by.

        Raises:
            WrongUsage: it has a Patient ID, a part of a name, or a date of birth in it.
        """
        if self._password is None:
            return
        password = self._password.casefold()
        for keys in {item.instance.patient for item in planned}:
            if any(word in password for word in known_words(keys)):
                raise WrongUsage(
                    "has the name, the number or the date of birth of a patient in it",
                    "password",
                    "Choose another one, or leave --password-file out to have one made",
                )

    def hand_over(self, label: str, clock: datetime, medium: Path | None) -> None:
        """Write the sheet with the password, before anything needs it.

        Args:
            label: of the medium; of a set the first and the last.
            clock: the job's.
            medium: where it is made; the sheet must not lie there.

        Raises:
            FilmjacketError: it is there already, or cannot be written.
        """
        if self._slip is None or self._password is None:
            return
        from jacket.password_slip import PasswordSlip, write_slip

        slip = PasswordSlip(
            self._password, label, clock.date(), self._kind, is_simulated=self._is_simulated
        )
        write_slip(slip, self._slip, medium)

    def take_back(self) -> None:
        """Remove the sheet: nothing was made."""
        if self._slip is not None:
            self._slip.unlink(missing_ok=True)


class _Envelope:
    """One file's envelope, drawn when it is first wanted and the same from then on."""

    def __init__(self, sealer: "Sealer", source: NamedSource) -> None:
        self._sealer, self._source = sealer, source
        self._sealed: SealedFile | None = None

    def pieces(self) -> Iterator[bytes]:
        if self._sealed is None:
            where = "/".join(self._source.name)
            self._sealed = self._sealer.seal(self._source.size, where)
        return self._sealed.pieces(contents(self._source, _RUN))


def secure_sibling(row: ApplicationProfile) -> ApplicationProfile | None:
    """Return the profile that is *row* with every file encrypted; None: there is none."""
    if row.security is not Security.NONE:
        return row
    for general in ("STD-GEN-", "STD-DVD-"):
        if row.identifier.startswith(general):
            return PROFILES.get(f"{general}SEC-{row.identifier.removeprefix(general)}")
    return None


def secure_profile(identifier: str) -> str:
    """Return the profile that is as the one named, with every file encrypted.

    Raises:
        WrongUsage: there is none.
    """
    row = secure_sibling(PROFILES[identifier])
    if row is None:
        raise WrongUsage(
            f"{identifier} has no form in which everything is encrypted",
            "--profile",
            "Choose a profile with SEC in its name (jacket profiles)",
        )
    return row.identifier


def protection_of(
    row: ApplicationProfile,
    wish: Wish,
    target: Path | None,
    clock: datetime,
    *,
    again: bool = False,
) -> Protection | None:
    """Return what protects the files of a medium; None: the profile has nothing of the kind.

    Args:
        row: the profile.
        wish: what the operator said.
        target: of the job, beside which the sheet with a password goes; None: a device.
        clock: the job's.
        again: volumes of a set are made again alone; the others have their password.

    Raises:
        WrongUsage: the wish does not go with the profile, or not together.
        FilmjacketError: a key or a certificate is not to be used.
    """
    if row.security is not Security.CMS:
        if row.security is Security.NONE:
            _refuse_wish(row, wish)
        return None
    from secure import generate_password, name_of, prepare

    password, remarks = wish.password, list[str]()
    if password is not None:
        remarks += _refuse_weak(password)
    elif wish.slip is not None or not wish.encrypt_to:  # a sheet that is asked for tells one
        _refuse_another(again=again)
        password = generate_password()
    slip = None if password is None else _slip_path(wish, target, is_own=wish.password is not None)
    if not again and target is not None:
        remarks += _of_another(_beside(target), slip)
    certificates, told = recipients_of(wish.encrypt_to, clock)
    signers, doubted = signers_of(wish, clock)
    sealer = prepare(certificates, password, signers=signers)
    return Protection(
        sealer,
        password,
        slip,
        is_told=wish.slip == STANDARD_OUTPUT,
        certificates=[name_of(one) for one in certificates],
        signers=[name_of(one.certificates[0]) for one in signers],
        kind=_kind(row.medium),
        is_simulated=wish.is_simulated,
        remarks=[*remarks, *told, *doubted],
    )


def _refuse_wish(row: ApplicationProfile, wish: Wish) -> None:
    if wish.is_empty:
        return
    sibling = secure_sibling(row)
    other = "whose name has SEC in it" if sibling is None else sibling.identifier
    raise WrongUsage(
        f"{row.identifier} means that nothing is encrypted or signed",
        "--profile",
        f"Say --profile {other}" if sibling else f"Choose a profile {other}",
    )


def _refuse_weak(password: str) -> list[str]:
    """Return what is to be told of the operator's own password.

    Raises:
        WrongUsage: it is guessed too easily.
    """
    from secure import judge_password
    from secure.strength import WEAK

    ends = {password[:1], password[-1:]}
    counts = ["the password: a space at its beginning or end counts"] if " " in ends else []
    strength = judge_password(password)
    if strength.level == "weak":
        why = "".join(f"; {_continued(remark)}" for remark in strength.remarks)
        raise WrongUsage(
            f"is guessed too easily (some {strength.bits:.0f} bits of {WEAK}{why})",
            "password",
            "Take more words that do not belong together, or leave --password-file out to have "
            "one made",
        )
    return [*counts, *(f"the password: {_continued(remark)}" for remark in strength.remarks)]


def _continued(remark: str) -> str:
    return remark[0].lower() + remark[1:]


def _refuse_another(*, again: bool) -> None:
    if again:
        raise WrongUsage(
            "would have another password than the other volumes of its set",
            "--volume",
            "Give the password of the set with --password-file",
        )


def _slip_path(wish: Wish, target: Path | None, *, is_own: bool) -> Path | None:
    """Return where the sheet goes; none where the operator knows the password, or is told."""
    if wish.slip == STANDARD_OUTPUT:
        return None
    if wish.slip is not None:
        return Path(wish.slip)
    if is_own:
        return None
    if target is None:
        raise WrongUsage(
            "where the sheet with the new password goes is not known",
            "--password-slip",
            "Name a file for it (- tells the password on standard output), or give a password of "
            "your own with --password-file",
        )
    return _beside(target)


def _beside(target: Path) -> Path:
    """Return where the sheet with a password that was made goes, if nobody says where."""
    stem = target.stem if suffix_of(target) else target.name
    return target.with_name(f"{stem}-password.pdf")


def _of_another(sheet: Path, ours: Path | None) -> list[str]:
    """Return what is to be told of a sheet that lies where one of this medium would."""
    if sheet == ours or not sheet.is_file():
        return []
    return [f"{sheet} is of a medium that was made before: do not hand it out with this one"]


def _kind(medium: Medium) -> str:
    """Return what people call a medium."""
    if medium in _FILES:
        return "file"
    if medium in _CARDS:
        return "card"
    return "stick" if medium is Medium.USB else "disc"
