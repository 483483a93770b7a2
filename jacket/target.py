"""What a job is to make: the kind of target, what it can hold, and what is refused at once."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from jacket.profile_texts import MEDIA as NAMES
from profiles.application_profiles import (
    FILE_SYSTEMS,
    ApplicationProfile,
    Format,
    Medium,
    Security,
)
from reporting import CannotWrite, NotSupported, WrongUsage

# What a blank medium holds, in bytes: blocks of 2,048 (PS3.12 F.1 note for CD; for DVD and BD
# the smaller of the kinds on sale).
CAPACITIES: Final = {
    "cd": 360_000 * 2048,
    "cd74": 333_000 * 2048,
    "dvd": 2_295_104 * 2048,
    "dvd-dl": 4_171_712 * 2048,
    "bd": 12_219_392 * 2048,
    "bd-dl": 24_438_784 * 2048,
}
# What one medium holds at the most; a medium that is not here holds what its maker says.
HOLDS: Final[dict[Medium, int]] = {
    Medium.CD_R: CAPACITIES["cd"],
    Medium.DVD: CAPACITIES["dvd-dl"],
    Medium.DVD_RAM: 4_700_000_000,
    Medium.BD: CAPACITIES["bd-dl"],
    Medium.MOD_23: 2_300_000_000,
    Medium.MOD_41: 2_050_000_000,  # one side
    Medium.MMC: 2 << 30,  # FAT16 with clusters of 32 KiB
    Medium.SD: 2 << 30,
}
# What the operator says → media of PS3.11.
MEDIA: Final[dict[str, tuple[Medium, ...]]] = {
    "cd": (Medium.CD_R,),
    "dvd": (Medium.DVD,),
    "dvd-ram": (Medium.DVD_RAM,),
    "bd": (Medium.BD,),
    "usb": (Medium.USB,),
    "mmc": (Medium.MMC,),
    "cf": (Medium.CF,),
    "sd": (Medium.SD,),
    "mod": (Medium.MOD_41, Medium.MOD_23),
    "zip": (Medium.ZIP_MAIL,),
    "mime": (Medium.MIME,),
}
_LATER: Final = {".img": "FAT images", ".zip": "ZIP files", ".eml": "e-mail"}
# Format → where a folder must be brought to become what the profile means.
_NEXT_STEP: Final[dict[Format, str]] = {
    Format.P12_F: "write it on a CD-R as ISO 9660 level 1 (or name OUT.iso)",
    Format.P12_J: "copy it to the root of a DVD-RAM formatted as UDF 1.5",
    Format.P12_M: "copy it to the root of the disk, formatted as FAT without partitions",
    Format.P12_P: "write it on a DVD as ISO 9660 or UDF (or name OUT.iso)",
    Format.P12_Q: "copy it to the root of the disk, formatted as FAT without partitions",
    Format.P12_R: "copy it to the root of a stick whose first partition is FAT16 or FAT32",
    Format.P12_S: "copy it to the root of a card whose first partition is FAT16 or FAT32",
    Format.P12_T: "copy it to the root of a card whose first partition is FAT16",
    Format.P12_U: "copy it to the root of a card whose first partition is FAT16",
    Format.P12_X: "write it on the disc as UDF 2.5 (BD-RE) or 2.6 (BD-R)",
    Format.P12_K: "attach every file as application/dicom part of one message",
    Format.P12_VW: "pack it as DICOM.ZIP with DICOMDIR at its root, and attach that",
}


def is_image(target: Path) -> bool:
    """Return whether *target* is to be an ISO 9660 image; otherwise it is a folder.

    Raises:
        NotSupported: the name asks for a kind of file that this version does not make.
    """
    suffix = target.suffix.lower() or (target.name if target.name.startswith(".") else "")
    if suffix in _LATER:
        raise NotSupported(
            f"{_LATER[suffix]} are not made by this version",
            str(target),
            "Use NAME.iso or a folder",
        )
    return suffix == ".iso"


def may_be_iso(row: ApplicationProfile) -> bool:
    """Return whether media of a profile can be ISO 9660."""
    return any(name.startswith("iso9660") for name in FILE_SYSTEMS[row.file_system])


def refuse_unfit(row: ApplicationProfile, target: Path, *, dry_run: bool) -> None:
    """Refuse what cannot become a medium of the profile, before anything is read or written.

    Raises:
        WrongUsage: an ISO image for a profile whose media are none.
        NotSupported: a secure profile; a dry run plans it.
    """
    if is_image(target) and not may_be_iso(row):
        systems = " or ".join(sorted(FILE_SYSTEMS[row.file_system])).upper()
        raise WrongUsage(
            f"{row.identifier} is for {systems} ({NAMES[row.medium]}), and an .iso is ISO 9660",
            str(target),
            "Name a folder, or choose a profile for CD or DVD",
        )
    if row.security is not Security.NONE and not dry_run:
        how = "the mail is encrypted" if row.security is Security.SMIME else "files are encrypted"
        raise NotSupported(
            f"{row.identifier} means that {how}, which this version does not do yet",
            str(target),
            "Plan it with --dry-run, or choose the profile without SEC in its name",
        )


def why_never(row: ApplicationProfile) -> str:
    """Return a sentence when a medium of the profile can be planned and not be made."""
    if row.security is Security.NONE:
        return ""
    return "This version cannot make it: it does not encrypt"


def refuse_inside(target: Path, sources: Iterable[str | Path]) -> None:
    """Refuse a folder within a source: the next job there would find every object twice.

    An image is no DICOM file, and may be made where the sources are.

    Raises:
        WrongUsage: the target lies in one of the *sources*.
    """
    if is_image(target):
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
    if not is_image(target):
        from media.aside import refuse_occupied

        refuse_occupied(target)
    elif target.exists() and not target.is_file():
        raise CannotWrite("is there and is not a file", str(target), "Choose another name")


def little_space(target: Path, needed: int) -> tuple[str, ...]:
    """Return a word of warning when a planned medium has no room where it is to be made."""
    with suppress(OSError):
        free = shutil.disk_usage(target.parent).free
        if needed > free:
            return (f"about {needed:,} bytes are needed in {target.parent}, and {free:,} are free",)
    return ()


def next_step(row: ApplicationProfile, *, as_image: bool) -> str:
    """Return what is left to do with a folder until it is a medium of the profile."""
    if as_image:
        return ""
    return f"the folder is no {NAMES[row.medium]} yet: {_NEXT_STEP[row.file_system]}"


def room(row: ApplicationProfile, needed: int) -> tuple[str, ...]:
    """Return a word of warning when one medium cannot hold it; it is made all the same."""
    holds = HOLDS.get(row.medium)
    if holds is None or needed <= holds:
        return ()
    what = "an 80 minute CD-R" if row.medium is Medium.CD_R else f"one {NAMES[row.medium]}"
    return (f"{needed:,} bytes are more than {what} holds ({holds:,})",)


def media_for(target: Path, capacity: int | None, medium: str | None) -> tuple[Medium, ...]:
    """Return the media that come into question, the preferred one first.

    Args:
        target: an .iso is a CD or a DVD; a folder is for a stick unless that leaves things out.
        capacity: bytes of the medium, where they were told.
        medium: as the operator said it, one of `MEDIA`.

    Raises:
        WrongUsage: there is no such medium.
    """
    if medium is not None:
        if medium not in MEDIA:
            raise WrongUsage(
                f"{medium[:32]!r} is not a medium", "--medium", f"Say one of {', '.join(MEDIA)}"
            )
        return MEDIA[medium]
    if not is_image(target):
        return (Medium.USB, Medium.BD, Medium.DVD)
    if capacity is None:
        return (Medium.CD_R, Medium.DVD)
    if capacity > HOLDS[Medium.DVD]:
        return (Medium.BD,)
    return (Medium.CD_R,) if capacity <= HOLDS[Medium.CD_R] else (Medium.DVD,)
