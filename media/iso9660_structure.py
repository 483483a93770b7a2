"""The structures of an ISO 9660 volume, made by pycdlib without touching any file.

pycdlib makes volume descriptors, path tables and directory records. It is given no content:
its own layout would follow the directories, while the content is to lie in the order the caller
asked for, because that is the order in which viewers read it. Nor is it left to its clock: every
date it wrote is replaced, so that the same input gives the same bytes.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from media.iso9660_names import (
    file_identifier,
    refuse_unsuited_names,
    shown,
    volume_identifier_field,
)
from media.source import Name
from media.uncollected import uncollected
from media.volume_plan import PlannedFile
from reporting import CannotWrite

if TYPE_CHECKING:
    from pycdlib.dates import DirectoryRecordDate
    from pycdlib.dr import DirectoryRecord
    from pycdlib.pycdlib import PyCdlib

__all__ = ["SECTOR", "Arrangement", "PlannedFile", "VolumeLayout", "lay_out"]

SECTOR: Final = 2048  # bytes; logical sectors and logical blocks alike (ECMA-119 6.1.2, 6.2.2)
# Drives that read ahead run into the two unreadable run-out blocks at the end of a track that was
# written at once, and then report an error for good blocks before them. 300 KiB of zeros keep
# the last file out of their reach; other mastering tools pad by the same length.
PADDING_BLOCKS: Final = 150
LARGEST_FILE: Final = 0xFFFFF800  # bytes in one extent: whole blocks within 32 bits
LARGEST_VOLUME: Final = 0xFFFFFFFF  # blocks

_FIRST_DESCRIPTOR: Final = 16 * SECTOR
_MODIFIED: Final = _FIRST_DESCRIPTOR + 830  # ECMA-119 8.4.27


@dataclass(frozen=True, slots=True)
class VolumeLayout:
    """Where everything goes, and the structures that say so."""

    structure: bytes  # from block 0 up to the end of the last directory
    extents: tuple[int, ...]  # first block of every file, in the order of the files
    blocks: int  # of the whole volume, padding included


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where things go on a volume that is shared with another file system."""

    tables: int  # block at which path tables and directories begin
    # Given the block after them: the first block of every file, and the blocks of the volume.
    place: Callable[[int], tuple[Sequence[int], int]]


def lay_out(
    files: Sequence[PlannedFile],
    volume_identifier: str,
    recorded: datetime,
    *,
    level: int = 1,
    arrangement: Arrangement | None = None,
) -> VolumeLayout:
    """Give every file its blocks, one after the other in the order of *files*.

    Pure: the same input gives the same layout.

    Args:
        files: what goes on the volume.
        volume_identifier: up to 32 characters.
        recorded: when the volume was made; aware.
        level: of interchange: 2 allows longer names, 3 also files of 4 GiB and more.
        arrangement: where everything goes, if not one after the other from the start; there is
            nothing behind the volume descriptors then.

    Raises:
        CannotWrite: a name does not fit, or a file has 4 GiB or more below level 3
            (ECMA-119 10.1, 10.2).
    """
    label = volume_identifier_field(volume_identifier).decode()
    refuse_unsuited_names((f.name for f in files), level)
    for file in files:
        if level < 3:
            _refuse_size(file)
    from pycdlib.pycdlibexception import PyCdlibException

    try:
        with uncollected():
            return _lay_out(files, label, recorded, level, arrangement)
    except PyCdlibException as error:
        raise CannotWrite(
            f"cannot be laid out ({error})", "volume", "Split it, or use fewer folders"
        ) from error


def _lay_out(
    files: Sequence[PlannedFile],
    label: str,
    recorded: datetime,
    level: int,
    arrangement: Arrangement | None,
) -> VolumeLayout:
    volume = _new_volume(label, level)
    if arrangement is not None:
        volume.version_vd = None  # Its block belongs to the other file system.
    folders = _add_folders(volume, files)
    records = _add_records(volume, folders, files, level)
    volume.force_consistency()
    if arrangement is not None:
        _move_tables(volume, folders, arrangement.tables)
    layout = _place(volume, folders, records, recorded, arrangement)
    for folder in folders.values():
        folder.children.clear()  # Opens the cycles, so that all of it is freed here and now.
    volume.close()
    return layout


def _refuse_size(file: PlannedFile) -> None:
    if file.size > LARGEST_FILE:
        raise CannotWrite(
            "has 4 GiB or more, which ISO 9660 level 1 cannot hold in one file",
            shown(file.name),
            "Choose a profile for another kind of medium",
        )


def _new_volume(label: str, level: int) -> "PyCdlib":
    from pycdlib.pycdlib import PyCdlib

    volume = PyCdlib()
    volume.new(
        interchange_level=level,
        sys_ident="",  # becomes spaces, as Annex F of PS3.12 wants them
        vol_ident=label,
        app_ident_str="FILMJACKET",
    )
    return volume


def _add_folders(volume: "PyCdlib", files: Sequence[PlannedFile]) -> dict[Name, "DirectoryRecord"]:
    from pycdlib.dr import DirectoryRecord

    names = {file.name[:depth] for file in files for depth in range(1, len(file.name))}
    folders: dict[Name, DirectoryRecord] = {(): volume.pvd.root_directory_record()}
    for name in sorted(names):
        path = "/" + "/".join(name)
        volume.add_directory(path)
        record = volume.get_record(iso_path=path)
        assert isinstance(record, DirectoryRecord)  # noqa: S101 (for mypy: no UDF path was asked)
        folders[name] = record
    return folders


def _add_records(
    volume: "PyCdlib",
    folders: dict[Name, "DirectoryRecord"],
    files: Sequence[PlannedFile],
    level: int,
) -> list[list["DirectoryRecord"]]:
    # In name order, because adding in front of others makes pycdlib count all of them again.
    records = {
        file.name: [
            _add_record(volume, folders[file.name[:-1]], file, size, level)
            for size in _extents(file.size)
        ]
        for file in sorted(files, key=lambda file: file.name)
    }
    return [records[file.name] for file in files]


def _extents(size: int) -> Iterator[int]:
    """Yield the lengths of the extents of a file: one, but from 4 GiB on several."""
    while size > LARGEST_FILE:
        yield LARGEST_FILE
        size -= LARGEST_FILE
    yield size


def _add_record(
    volume: "PyCdlib", folder: "DirectoryRecord", file: PlannedFile, size: int, level: int
) -> "DirectoryRecord":
    # Records are hung into their folders directly: add_fp() would resolve the whole path for
    # each, and refuses a file in the eighth level, which the standard allows.
    from pycdlib.dr import DirectoryRecord

    identifier = file_identifier(file.name[-1], level)
    record = DirectoryRecord()
    record.new_file(volume.pvd, size, identifier, folder, 1, "", b"", False, 0, 0.0)
    record.date = _record_date(file.modified)
    record._sort_key = _sort_key(file.name[-1])
    # A further extent of a file repeats its name.
    if folder.add_child(record, SECTOR, allow_duplicate=file.size > LARGEST_FILE):
        volume.pvd.add_to_space_size(SECTOR)
    return record


def _sort_key(component: str) -> bytes:
    # pycdlib compares plain bytes below a first byte of 0xFF; padding both parts with spaces
    # turns that comparison into the order of ECMA-119 9.3, which differs from that of the
    # recorded bytes: "A.;1" comes before "A.1;1" though ";" is above "1".
    stem, _, extension = component.partition(".")
    return b"\xff" + f"{stem:31}{extension}".encode()


def _move_tables(volume: "PyCdlib", folders: dict[Name, "DirectoryRecord"], first: int) -> None:
    """Move path tables and directories, which lie side by side, to block *first*."""
    distance = first - volume.pvd.path_table_location_le
    volume.pvd.path_table_location_le += distance
    volume.pvd.path_table_location_be += distance
    for folder in folders.values():
        folder.set_data_location(folder.extent_location() + distance, 0)
    for name, folder in folders.items():
        itself, above = folder.children[:2]
        itself.set_data_location(folder.extent_location(), 0)
        above.set_data_location(folders[name[:-1]].extent_location(), 0)


def _place(
    volume: "PyCdlib",
    folders: dict[Name, "DirectoryRecord"],
    records: Sequence[Sequence["DirectoryRecord"]],
    recorded: datetime,
    arrangement: Arrangement | None,
) -> VolumeLayout:
    first = max(f.extent_location() + f.get_data_length() // SECTOR for f in folders.values())
    extents: Sequence[int]
    if arrangement is None:
        extents, blocks = _in_a_row(records, first)
    else:
        extents, blocks = arrangement.place(first)
    for parts, position in zip(records, extents, strict=True):
        for record in parts:
            record.set_data_location(position, 0)
            position += -(-record.get_data_length() // SECTOR)
    if blocks > LARGEST_VOLUME:
        raise CannotWrite("is larger than any volume can be", "volume", "Split it")
    volume.pvd.space_size = blocks
    _finish_folders(folders, _record_date(recorded))
    _set_dates(volume, recorded)
    structure = _write_structure(volume, first * SECTOR, recorded)
    return VolumeLayout(structure, tuple(extents), blocks)


def _in_a_row(
    records: Sequence[Sequence["DirectoryRecord"]], position: int
) -> tuple[list[int], int]:
    extents = []
    for parts in records:
        extents.append(position)
        position += sum(-(-record.get_data_length() // SECTOR) for record in parts)
    return extents, position + PADDING_BLOCKS


def _finish_folders(folders: dict[Name, "DirectoryRecord"], date: "DirectoryRecordDate") -> None:
    for name, folder in folders.items():
        itself, above = folder.children[:2]
        folder.date = itself.date = above.date = date
        # A folder added after the one above it had grown was given that one's first size.
        above.set_data_length(folders[name[:-1]].get_data_length())


def _set_dates(volume: "PyCdlib", recorded: datetime) -> None:
    from pycdlib.dates import VolumeDescriptorDate

    made = VolumeDescriptorDate()
    made.parse(_descriptor_date(recorded))
    volume.pvd.volume_creation_date = volume.pvd.volume_effective_date = made


class _StructureSink(io.BytesIO):
    """Keeps what is written before *limit*, lets the filling of the volume's end go by."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def write(self, data: bytes) -> int:  # type: ignore[override]  # pycdlib hands bytes only
        return super().write(data) if self.tell() < self.limit else len(data)


def _write_structure(volume: "PyCdlib", length: int, recorded: datetime) -> bytes:
    sink = _StructureSink(length)
    volume.write_fp(sink)
    structure = bytearray(sink.getvalue().ljust(length, b"\0"))
    # The one date that pycdlib takes from its clock at the moment of writing.
    structure[_MODIFIED : _MODIFIED + 17] = _descriptor_date(recorded)
    return bytes(structure)


def _clock(moment: datetime) -> tuple[datetime, int]:
    """Return the local time and its offset from UTC in quarters of an hour (ECMA-119 9.1.5)."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a time without its offset from UTC has no place in the standard")
    quarters, rest = divmod(offset, timedelta(minutes=15))
    if rest or not -48 <= quarters <= 52:
        return moment.astimezone(UTC), 0
    return moment, quarters


@lru_cache(maxsize=4096)
def _record_date(moment: datetime) -> "DirectoryRecordDate":
    from pycdlib.dates import DirectoryRecordDate

    local, quarters = _clock(moment)
    # One byte holds the years from 1900 on; a file from outside is dated as near as can be.
    year = min(max(local.year - 1900, 0), 255)
    date = DirectoryRecordDate()
    date.parse(
        bytes((year, local.month, local.day, local.hour, local.minute, local.second))
        + quarters.to_bytes(1, "little", signed=True)
    )
    return date


def _descriptor_date(moment: datetime) -> bytes:
    local, quarters = _clock(moment)
    return local.strftime("%Y%m%d%H%M%S00").encode() + quarters.to_bytes(1, "little", signed=True)
