"""Lays out discs with two file systems over the same files: ISO 9660 and UDF 1.02."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from media.iso9660_structure import Arrangement, lay_out
from media.udf_layout import UdfLayout, aligned, refuse_label
from media.volume_plan import PlannedFile, Structure, VolumePlan

_DESCRIPTORS: Final = range(16, 18)  # sectors: Primary Volume Descriptor and terminator
_TABLES: Final = 257  # sector after the first anchor
_SECTOR: Final = 2048  # bytes


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
    layouts: list[UdfLayout] = []

    def place(tables_end: int) -> tuple[Sequence[int], int]:
        udf = UdfLayout(files, label, recorded, "1.02", first=aligned(tables_end))
        layouts.append(udf)
        return [offset // _SECTOR for offset in udf.offsets], udf.sectors

    iso = lay_out(files, label, recorded, level=level, arrangement=Arrangement(_TABLES, place))
    udf = layouts[0]
    structures = [
        _fixed(iso.structure, _DESCRIPTORS.start, _DESCRIPTORS.stop),
        _fixed(iso.structure, _TABLES, len(iso.structure) // _SECTOR),
        *udf.structures(recognition_at=_DESCRIPTORS.stop),
    ]
    structures.sort(key=lambda structure: structure.offset)
    return VolumePlan("iso9660+udf", udf.sectors * _SECTOR, tuple(structures), udf.offsets)


def _fixed(structure: bytes, start: int, stop: int) -> Structure:
    data = structure[start * _SECTOR : stop * _SECTOR]
    return Structure(start * _SECTOR, len(data), lambda: iter((data,)))
