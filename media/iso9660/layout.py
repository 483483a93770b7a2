"""Lays an ISO 9660 volume out for a disc that is written at once (PS3.12 Annex F)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from media.iso9660.encode import (
    FIRST_DESCRIPTOR,
    LARGEST_EXTENT,
    Extents,
    Tables,
    extents_of,
)
from media.iso9660.folders import BLOCK, blocks_of
from media.iso9660.names import refuse_clashes, refuse_long_paths, shown, volume_identifier_field
from media.volume_plan import PlannedFile, Structure, VolumePlan
from reporting import CannotWrite
from reporting.uncollected import uncollected

# Sector; the one before it is left empty, as most other programs do.
_TABLES: Final = 19
# Drives that read ahead run into the two unreadable run-out blocks at the end of a track that was
# written at once, and then report an error for good blocks before them. 300 KiB of zeros keep
# the last file out of their reach; other mastering tools pad by the same length.
PADDING_BLOCKS: Final = 150
LARGEST_VOLUME: Final = 0xFFFFFFFF  # blocks


def lay_out_iso9660(
    files: Sequence[PlannedFile], *, label: str, recorded: datetime, level: int = 1
) -> VolumePlan:
    """Give every file its blocks, one after the other in the order of *files*.

    Pure: the same input gives the same bytes.

    Args:
        files: what goes on the volume, in the order in which it is to lie there.
        label: up to 32 of ``A-Z 0-9 _`` and space; "" for none.
        recorded: when the volume was made; aware.
        level: of interchange: 2 allows longer names, 3 also files of 4 GiB and more.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotWrite: a file or all of them are too large (ECMA-119 10.1, 10.2).
    """
    refuse_unsuited(files, label, level)
    with uncollected():
        tables = Tables(files, level)
        starts, end = _in_a_row(files, _TABLES + tables.blocks)
        blocks = end + PADDING_BLOCKS
        if blocks > LARGEST_VOLUME:
            raise CannotWrite("is larger than any volume can be", "volume", "Split it")
        descriptors, content = tables.encode(
            placed(files, starts), label=label, recorded=recorded, start=_TABLES, blocks=blocks
        )
    structures = (fixed(FIRST_DESCRIPTOR, descriptors), fixed(_TABLES, content))
    return VolumePlan("iso9660", blocks * BLOCK, structures, tuple(n * BLOCK for n in starts))


def refuse_unsuited(files: Sequence[PlannedFile], label: str, level: int) -> None:
    """Check that *files* can stand on a volume of this *level* of interchange together.

    Raises:
        NameDoesNotFit: the label cannot be recorded, or names stand in each other's way.
        CannotWrite: a file has 4 GiB or more below level 3.
    """
    volume_identifier_field(label)
    names = [file.name for file in files]
    refuse_clashes(names)
    refuse_long_paths(names)
    for file in files:
        if file.size > LARGEST_EXTENT and level < 3:
            raise CannotWrite(
                f"has 4 GiB or more, which ISO 9660 level {level} cannot hold in one file",
                shown(file.name),
                "Choose a profile for another kind of medium",
            )


def placed(files: Sequence[PlannedFile], starts: Iterable[int]) -> list[Extents]:
    """Return the extents of *files*, each in one run from its block on."""
    return [extents_of(file.size, start) for file, start in zip(files, starts, strict=True)]


def fixed(block: int, data: bytes) -> Structure:
    """Return *data* as a structure that lies from *block* on."""
    return Structure(block * BLOCK, len(data), lambda: iter((data,)))


def _in_a_row(files: Sequence[PlannedFile], block: int) -> tuple[list[int], int]:
    starts = []
    for file in files:
        starts.append(block)
        block += blocks_of(file.size)
    return starts, block
