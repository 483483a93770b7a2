"""What a job is to make: the kind of target, and what is refused before anything is read."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from shlex import quote
from stat import S_ISFIFO, S_ISREG
from typing import TYPE_CHECKING, Final

from jacket.capacities import HOLDS
from jacket.profile_texts import MEDIA as NAMES
from jacket.writing import FILES, ON_MEDIUM, suffix_of
from profiles.application_profiles import (
    ApplicationProfile,
    Format,
    Medium,
    Security,
)
from reporting import CannotWrite, WrongUsage

if TYPE_CHECKING:
    from jacket.older_target import OlderTarget

# What the operator says → media of PS3.11.
MEDIA: Final[dict[str, tuple[Medium, ...]]] = {
    "cd": (Medium.CD_R,),
    "dvd": (Medium.DVD,),
    "dvd-ram": (Medium.DVD_RAM,),
    "bd": (Medium.BD,),
    "bd-r": (Medium.BD,),
    "bd-re": (Medium.BD,),
    "usb": (Medium.USB,),
    "mmc": (Medium.MMC,),
    "cf": (Medium.CF,),
    "sd": (Medium.SD,),
    "mod": (Medium.MOD_41, Medium.MOD_23),
    "zip": (Medium.ZIP_MAIL,),
    "mime": (Medium.MIME,),
}
# Suffix → media that it may mean where nobody says, the preferred one first. A folder is for a
# stick, or for a disc where a stick's profiles leave something out.
_MEANT: Final[dict[str, tuple[Medium, ...]]] = {
    ".iso": (Medium.CD_R, Medium.DVD),
    ".img": (Medium.USB,),
    ".zip": (Medium.ZIP_MAIL,),
    ".eml": (Medium.ZIP_MAIL, Medium.MIME),
    "": (Medium.USB, Medium.BD, Medium.DVD),
}
# Suffix → profile of what it is where nobody names one: the general one that everybody reads.
DEFAULT_PROFILES: Final[dict[str, str]] = {
    ".iso": "STD-GEN-CD",
    ".img": "STD-GEN-USB-JPEG",
    ".zip": "STD-GEN-ZIP-MAIL",
    ".eml": "STD-GEN-ZIP-MAIL",
    "": "STD-GEN-CD",
}
# Word for a medium → profile of it where nobody names one. MO disks have no general profile.
_DEFAULT_BY_WORD: Final[dict[str, str]] = {
    "cd": "STD-GEN-CD",
    "dvd": "STD-GEN-DVD-JPEG",
    "dvd-ram": "STD-GEN-DVD-RAM",
    "bd": "STD-GEN-BD",
    "bd-r": "STD-GEN-BD",
    "bd-re": "STD-GEN-BD",
    "usb": "STD-GEN-USB-JPEG",
    "mmc": "STD-GEN-MMC-JPEG",
    "cf": "STD-GEN-CF-JPEG",
    "sd": "STD-GEN-SD-JPEG",
    "zip": "STD-GEN-ZIP-MAIL",
    "mime": "STD-GEN-MIME",
}
# Suffix → media that it can be, in short.
_KINDS: Final[dict[str, str]] = {
    ".iso": "a disc",
    ".img": "a disc, stick, card or MO disk",
    ".zip": "ZIP by e-mail",
    ".eml": "e-mail or ZIP by e-mail",
}
# Medium → what to name for it, where another suffix was named.
_NAME_IT: Final[dict[Medium, str]] = {
    **dict.fromkeys(ON_MEDIUM, "OUT.img"),
    **dict.fromkeys((Medium.CD_R, Medium.DVD, Medium.DVD_RAM, Medium.BD), "OUT.iso"),
    Medium.ZIP_MAIL: "OUT.zip or OUT.eml",
    Medium.MIME: "OUT.eml",
}
# Format → where a folder must be brought to become what the profile means.
_NEXT_STEP: Final[dict[Format, str]] = {
    Format.P12_F: "write it on a CD-R as ISO 9660 level 1 (or name OUT.iso)",
    Format.P12_J: "copy it to the root of a DVD-RAM formatted as UDF 1.5 (or name OUT.iso)",
    Format.P12_M: "copy it to the root of the disk, formatted as FAT without partitions (or name "
    "OUT.img)",
    Format.P12_P: "write it on a DVD as ISO 9660 or UDF (or name OUT.iso)",
    Format.P12_Q: "copy it to the root of the disk, formatted as FAT without partitions (or name "
    "OUT.img)",
    Format.P12_R: "copy it to the root of a stick whose first partition is FAT16 or FAT32 (or name "
    "OUT.img)",
    Format.P12_S: "copy it to the root of a card whose first partition is FAT16 or FAT32 (or name "
    "OUT.img)",
    Format.P12_T: "copy it to the root of a card whose first partition is FAT16 (or name OUT.img)",
    Format.P12_U: "copy it to the root of a card whose first partition is FAT16 (or name OUT.img)",
    Format.P12_X: "write it on the disc as UDF 2.5 (BD-RE) or 2.6 (BD-R) (or name OUT.iso)",
    Format.P12_K: "attach every file as application/dicom part of one message (or name OUT.eml)",
    Format.P12_VW: "pack it as DICOM.ZIP with DICOMDIR at its root, and attach that (or name "
    "OUT.zip or OUT.eml)",
}
_WRITE_IMAGE: Final = (
    "write the image onto the {name} as a whole, with a program that writes images or with dd: "
    "everything else on it is lost"
)
_CLOSE: Final = "burn the image on a {name} as it is, and close the disc"
_BURN: Final = {
    Medium.CD_R: _CLOSE,
    Medium.DVD: _CLOSE,
    Medium.BD: "burn the image on a BD-RE as it is; for a BD-R make it with --medium bd-r",
}
_ATTACH: Final = (
    "attach the file, named DICOM.ZIP, to a mail with DICOM-ZIP in its subject (or name OUT.eml)"
)
_SEND: Final = (
    "open {name} in Outlook for Windows or in Thunderbird, which take it for a draft, fill in the "
    "recipient and send it"
)
_SEND_SEALED: Final = (
    "send {name} as it is, with a program that takes finished messages and adds From and To "
    "(`sendmail ADDRESS < {quoted}`): when it is forwarded, its signature is no longer that of "
    "the mail"
)


def default_profile(target: Path, word: str | None = None) -> str:
    """Return the profile of a target where nobody names one.

    Args:
        target: its suffix says which, unless there is a *word*.
        word: by which the operator called the medium.

    Raises:
        WrongUsage: there is no such medium, or no general profile for it.
    """
    if word is None:
        return DEFAULT_PROFILES[suffix_of(target)]
    _media(word)
    if word not in _DEFAULT_BY_WORD:
        raise WrongUsage(
            f"there is no general profile for {word}",
            "--medium",
            "Say --profile auto, or --profile with one that `jacket profiles` lists",
        )
    return _DEFAULT_BY_WORD[word]


def refuse_unfit(row: ApplicationProfile, target: Path) -> None:
    """Refuse what cannot become a medium of the profile, before anything is read or written.

    Raises:
        WrongUsage: media of the profile are not of that kind.
    """
    suffix = suffix_of(target)
    if suffix and row.medium not in FILES[suffix]:
        raise WrongUsage(
            f"{row.identifier} is for {NAMES[row.medium]}, which no {suffix} can be",
            str(target),
            f"Name {_NAME_IT[row.medium]} or a folder, or choose a profile for {_KINDS[suffix]}",
        )
    if row.security is Security.SMIME and suffix != ".eml":
        raise WrongUsage(
            f"{row.identifier} means an encrypted mail, which no other file and no folder can be",
            str(target),
            "Name OUT.eml",
        )


def refuse_other_medium(row: ApplicationProfile, word: str | None) -> None:
    """See that the medium the operator names is that of the profile.

    Raises:
        WrongUsage: it is another, or none.
    """
    if word is not None and row.medium not in _media(word):
        raise WrongUsage(
            f"{row.identifier} is for {NAMES[row.medium]}, not for {word}",
            "--medium",
            "Leave it out, or --profile auto",
        )


def refuse_inside(target: Path, sources: Iterable[str | Path]) -> None:
    """Refuse a folder within a source: the next job there would find every object twice.

    A file of a medium is no DICOM file, and may be made where the sources are.

    Raises:
        WrongUsage: the target lies in one of the *sources*.
    """
    if suffix_of(target):
        return
    with suppress(OSError, RuntimeError):  # what cannot be resolved is told by the scan
        place = target.resolve()
        for source in sources:
            if place.is_relative_to(Path(source).resolve()):
                raise WrongUsage(
                    f"lies in the source {source}: the next job there would find everything twice",
                    str(target),
                    "Choose a folder beside the source",
                )


def refuse_unwritable(target: Path) -> None:
    """Find out before the scan, not after it, that the target cannot be made.

    Raises:
        CannotWrite: its folder is not there or not writable, or something is in its place.
    """
    folder = target.parent
    try:
        there = folder.is_dir()
    except OSError as error:
        raise CannotWrite(
            f"the folder cannot be reached ({error.strerror})", str(folder), "Choose another folder"
        ) from error
    if not there:
        raise CannotWrite("there is no such folder", str(folder), "Make it, or choose another")
    if not os.access(folder, os.W_OK):
        raise CannotWrite("the folder may not be written", str(folder), "Choose another folder")
    refuse_in_the_way(target)


def refuse_in_the_way(target: Path) -> "OlderTarget | None":
    """Refuse what stands where the target is to be; return a medium that will be replaced.

    Raises:
        CannotWrite: a folder that is not empty, or, for a file, what is no file, or a file that
            holds something else than such a medium.
    """
    from media.aside import not_written, refuse_occupied

    suffix = suffix_of(target)
    if not suffix:
        refuse_occupied(target)
        return None
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:  # such as a name that is too long
        raise not_written(error, str(target)) from error
    if S_ISFIFO(mode) and suffix in (".iso", ".img"):
        return None  # an image is written in order, so that another program can take it at once
    if not S_ISREG(mode):
        raise CannotWrite("is there and is not a file", str(target), "Choose another name")
    from jacket.older_target import older_target

    return older_target(target, suffix)


def replacements(targets: Iterable[Path], *, dry_run: bool) -> tuple[str, ...]:
    """Refuse what stands where one of *targets* is to be; return remarks on what is replaced.

    Raises:
        CannotWrite: as `refuse_in_the_way`.
    """
    older = ((target, refuse_in_the_way(target)) for target in targets)
    return tuple(found.told(target, dry_run=dry_run) for target, found in older if found)


def little_space(target: Path, needed: int) -> tuple[str, ...]:
    """Return a word of warning when a planned medium has no room where it is to be made."""
    with suppress(OSError):
        free = shutil.disk_usage(target.parent).free
        if needed > free:
            return (f"about {needed:,} bytes are needed in {target.parent}, and {free:,} are free",)
    return ()


def next_step(row: ApplicationProfile, target: Path, word: str | None = None) -> str:
    """Return what is left to do with a target until it is a medium of the profile.

    Args:
        row: the profile.
        target: what was made.
        word: by which the operator called the medium.
    """
    suffix, name = suffix_of(target), NAMES[row.medium]
    if not suffix:
        return f"the folder is no {name} yet: {_NEXT_STEP[row.file_system]}"
    if suffix == ".zip":
        return _ATTACH
    if suffix == ".eml":
        return _to_send(target, sealed=row.security is Security.SMIME)
    if word == "bd-r":
        return _CLOSE.format(name="BD-R")
    return _BURN.get(row.medium, _WRITE_IMAGE).format(name=name)


def _to_send(target: Path, *, sealed: bool) -> str:
    """Return how the mail *target* is sent, or each of those of a set."""
    from jacket.drafting import volume_path

    first = volume_path(target, 1)
    several = first.exists() and not target.exists()
    named = f"{first} and each of the other mails" if several else str(target)
    quoted = quote(str(first if several else target))
    return (_SEND_SEALED if sealed else _SEND).format(name=named, quoted=quoted)


def room(row: ApplicationProfile, needed: int) -> tuple[str, ...]:
    """Return a word of warning when one medium cannot hold it; it is made all the same."""
    holds = HOLDS.get(row.medium)
    if holds is None or needed <= holds:
        return ()
    what = "an 80 minute CD-R" if row.medium is Medium.CD_R else f"one {NAMES[row.medium]}"
    return (f"{needed:,} bytes are more than {what} holds ({holds:,}); --split makes several",)


def media_for(target: Path, capacity: int | None, medium: str | None) -> tuple[Medium, ...]:
    """Return the media that come into question, the preferred one first.

    Args:
        target: its suffix says which, a CD or a DVD also by *capacity*.
        capacity: bytes of the medium, where they were told.
        medium: as the operator said it, one of `MEDIA`.

    Raises:
        WrongUsage: there is no such medium, or the target cannot be one.
    """
    suffix = suffix_of(target)
    if medium is not None:
        media = tuple(m for m in _media(medium) if not suffix or m in FILES[suffix])
        if not media:
            first = _media(medium)[0]
            raise WrongUsage(
                f"no {suffix} can be a medium of the kind {NAMES[first]}",
                str(target),
                f"Name {_NAME_IT[first]} or a folder",
            )
        return media
    if suffix != ".iso" or capacity is None:
        return _MEANT[suffix]
    if capacity > HOLDS[Medium.DVD]:
        return (Medium.BD,)
    return (Medium.CD_R,) if capacity <= HOLDS[Medium.CD_R] else (Medium.DVD,)


def _media(word: str) -> tuple[Medium, ...]:
    if word not in MEDIA:
        raise WrongUsage(
            f"{word[:32]!r} is not a medium", "--medium", f"Say one of {', '.join(MEDIA)}"
        )
    return MEDIA[word]
