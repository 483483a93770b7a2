"""What was asked of the job "make a medium", checked before anything is read."""

import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jacket.capacities import FAT16_ONLY, HOLDS, USUAL
from profiles.application_profiles import ApplicationProfile
from profiles.plan import Policy, Transcode
from reporting import WrongUsage

# Endings of images, archives and documents that somebody may expect.
_NOT_MADE: Final = frozenset(
    (
        *(".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"),
        *(".dmg", ".bin", ".cue", ".nrg", ".mds", ".udf", ".vhd"),
        *(".pdf", ".msg", ".mbox", ".dcm"),
    )
)


def policy_of(transcode: str, quality: int) -> Policy:
    """Return how far objects may be changed.

    Raises:
        WrongUsage: there is no such way to convert, or no such quality.
    """
    if transcode not in tuple(Transcode):
        raise WrongUsage(
            f"{transcode[:32]!r} is not a way to convert",
            "--transcode",
            f"Say one of {', '.join(Transcode)}",
        )
    if not 1 <= quality <= 100:
        raise WrongUsage(f"{quality} is not a quality", "--quality", "Say a number from 1 to 100")
    return Policy(Transcode(transcode), quality)


def refuse_other_kinds(target: Path) -> None:
    """See that the target's name is not that of a kind of file that is not made here.

    Raises:
        WrongUsage: it is; a folder of that name would be taken for what it is not.
    """
    if target.suffix.lower() in _NOT_MADE and not target.is_dir():
        raise WrongUsage(
            f"a file {target.suffix} is none of the media that are made",
            str(target),
            "Name it .iso, .img, .zip or .eml; a name without such an ending makes a folder",
        )


def refuse_numbers(numbers: Collection[int], *, split: bool) -> None:
    """See that *numbers* of volumes are some.

    Raises:
        WrongUsage: they are not, or there are not several volumes.
    """
    if numbers and not split:
        raise WrongUsage("there is one volume", "--volume", "Say --split as well, or leave it out")
    if any(number < 1 for number in numbers):
        raise WrongUsage("volumes count from 1", "--volume", "Say 1 or more")


def volume_capacity(row: ApplicationProfile, told: int | None) -> int:
    """Return the bytes that a volume of a set may have.

    Args:
        row: profile of the medium.
        told: by the operator.

    Raises:
        WrongUsage: nobody told, and media of the profile have no usual size.
    """
    size = told or USUAL.get(row.medium)
    if size is not None and row.medium in FAT16_ONLY:
        size = min(size, HOLDS[row.medium])
    if size is None:
        raise WrongUsage(
            f"how much fits on a medium of {row.identifier} is not known",
            "--split",
            "Say --capacity as well: 16GB for a stick, 20MB for a mail",
        )
    return size


def wants_icons(row: ApplicationProfile, asked: bool | None) -> bool:
    """Tell whether the records get icons: they are asked for, or the profile requires them."""
    return bool(asked) or (row.icon is not None and row.icon.required)


def now() -> datetime:
    """Return the time, or the one that reproducible builds ask for.

    Raises:
        WrongUsage: SOURCE_DATE_EPOCH in the environment is no time.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is not None:
        try:
            return datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise WrongUsage(
                "SOURCE_DATE_EPOCH is not a number of seconds", "environment", "Mend or unset it"
            ) from error
    return datetime.now(UTC).replace(microsecond=0)
