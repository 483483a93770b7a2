"""Lays out discs with two file systems over the same files: ISO 9660 and UDF 1.02."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from media.iso9660.encode import FIRST_DESCRIPTOR, Tables
from media.iso9660.folders import BLOCK
from media.iso9660.layout import fixed, placed, refuse_unsuited
from media.udf.layout import UdfLayout, aligned, refuse_label
from media.volume_plan import PlannedFile, VolumePlan
from reporting.uncollected import uncollected

_RECOGNITION: Final = FIRST_DESCRIPTOR + 2  # sector, after the descriptors of ISO 9660
_TABLES: Final = 257  # sector after the first anchor


def lay_out_bridge(
    files: Sequence[PlannedFile], *, label: str, recorded: datetime, level: int = 1
) -> VolumePlan:
    """Give every file its place on a volume that is ISO 9660 and UDF 1.02 at once.

    Pure: the same input gives the same bytes.

    Args:
        files: what goes on the volume, in the order in which it is to lie there.
        label: up to 30 of ``A-Z 0-9 _`` and space; "" for none.
        recorded: when the volume was made; aware.
        level: of interchange of ISO 9660: 1 for DICOM's own files, 2 for longer names, 3 also
            for files of 4 GiB and more.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded in both.
        CannotWrite: a file or all of them are too large.
    """
    refuse_label(label)
    refuse_unsuited(files, label, level)
    with uncollected():
        tables = Tables(files, level)
        end = _TABLES + tables.blocks
        udf = UdfLayout(files, label, recorded, "1.02", first=aligned(end))
        descriptors, content = tables.encode(
            placed(files, [offset // BLOCK for offset in udf.offsets]),
            label=label,
            recorded=recorded,
            start=_TABLES,
            blocks=udf.sectors,
        )
    structures = [
        fixed(FIRST_DESCRIPTOR, descriptors),
        fixed(_TABLES, content),
        *udf.structures(recognition_at=_RECOGNITION),
    ]
    structures.sort(key=lambda structure: structure.offset)
    return VolumePlan("iso9660+udf", udf.sectors * BLOCK, tuple(structures), udf.offsets)
