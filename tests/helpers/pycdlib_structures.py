"""The structures of an ISO 9660 volume as pycdlib makes them, to compare ours with.

pycdlib makes volume descriptors, path tables and directory records. It is given no content:
its own layout would follow the directories, while the content is to lie in the order the caller
asks for. Nor is it left to its clock: every date it writes is replaced.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pycdlib.dates import DirectoryRecordDate, VolumeDescriptorDate
from pycdlib.dr import DirectoryRecord
from pycdlib.pycdlib import PyCdlib

SECTOR = 2048  # bytes
PADDING = 150  # blocks
WHOLE_EXTENT = 0xFFFFF800  # bytes
MODIFIED = 16 * SECTOR + 830  # byte at which the volume's time of modification lies

Name = tuple[str, ...]
File = tuple[Name, int, datetime]  # its size in bytes, its time
# Given the block after the directories: the first block of every file, blocks of the volume.
Place = Callable[[int], tuple[Sequence[int], int]]


class Structures(NamedTuple):
    """What pycdlib made."""

    image: bytes  # from block 0 up to the end of the last directory
    extents: tuple[int, ...]  # first block of every file, in the order of the files
    blocks: int  # of the whole volume


def structures(
    files: Sequence[File],
    label: str,
    recorded: datetime,
    level: int,
    *,
    tables: int | None = None,
    place: Place | None = None,
) -> Structures:
    """Return the structures of a volume with *files* one after the other in their order.

    With *tables* and *place* the path tables begin at that block, and the files lie where they
    are told to.
    """
    volume = PyCdlib()
    volume.new(
        interchange_level=level, sys_ident="", vol_ident=label.ljust(32), app_ident_str="FILMJACKET"
    )
    if tables is not None:
        volume.version_vd = None  # Its block belongs to another file system.
    folders = _add_folders(volume, files)
    records = _add_files(volume, folders, files)
    volume.force_consistency()
    if tables is not None:
        _move_tables(volume, folders, tables)
    first = max(f.extent_location() + f.get_data_length() // SECTOR for f in folders.values())
    extents, volume.pvd.space_size = (place or _in_a_row(files))(first)
    for parts, position in zip(records, extents, strict=True):
        for record in parts:
            record.set_data_location(position, 0)
            position += -(-record.get_data_length() // SECTOR)
    _date(volume, folders, recorded)
    image = _written(volume, first * SECTOR, recorded)
    return Structures(image, tuple(extents), volume.pvd.space_size)


def _add_folders(volume: PyCdlib, files: Sequence[File]) -> dict[Name, DirectoryRecord]:
    names = {name[:depth] for name, _, _ in files for depth in range(1, len(name))}
    folders = {(): volume.pvd.root_directory_record()}
    for name in sorted(names):
        path = "/" + "/".join(name)
        volume.add_directory(path)
        folders[name] = volume.get_record(iso_path=path)
    return folders


def _add_files(
    volume: PyCdlib, folders: dict[Name, DirectoryRecord], files: Sequence[File]
) -> list[list[DirectoryRecord]]:
    # In name order, because adding in front of others makes pycdlib count all of them again.
    records = {
        file[0]: [_add_record(volume, folders[file[0][:-1]], file, n) for n in _sizes(file[1])]
        for file in sorted(files, key=lambda file: file[0])
    }
    return [records[name] for name, _, _ in files]


def _sizes(size: int) -> Iterator[int]:
    while size > 0xFFFFFFFF:
        yield WHOLE_EXTENT
        size -= WHOLE_EXTENT
    yield size


def _add_record(volume: PyCdlib, folder: DirectoryRecord, file: File, size: int) -> DirectoryRecord:
    # Records are hung into their folders directly: add_fp() would want contents, and refuses a
    # file in the eighth level, which the standard allows.
    name, whole, modified = file
    stem, _, extension = name[-1].partition(".")
    record = DirectoryRecord()
    identifier = f"{stem}.{extension};1".encode()
    record.new_file(volume.pvd, size, identifier, folder, 1, "", b"", False, 0, 0.0)
    record.date = _record_date(modified)
    # pycdlib compares plain bytes below a first byte of 0xFF; padding both parts with spaces
    # turns that into the order of ECMA-119 9.3: "A.;1" comes before "A.1;1".
    record._sort_key = b"\xff" + f"{stem:31}{extension}".encode()
    if folder.add_child(record, SECTOR, allow_duplicate=whole > 0xFFFFFFFF):
        volume.pvd.add_to_space_size(SECTOR)
    return record


def _move_tables(volume: PyCdlib, folders: dict[Name, DirectoryRecord], first: int) -> None:
    distance = first - volume.pvd.path_table_location_le
    volume.pvd.path_table_location_le += distance
    volume.pvd.path_table_location_be += distance
    for folder in folders.values():
        folder.set_data_location(folder.extent_location() + distance, 0)
    for name, folder in folders.items():
        itself, above = folder.children[:2]
        itself.set_data_location(folder.extent_location(), 0)
        above.set_data_location(folders[name[:-1]].extent_location(), 0)


def _in_a_row(files: Sequence[File]) -> Place:
    def place(position: int) -> tuple[Sequence[int], int]:
        extents = []
        for _, size, _ in files:
            extents.append(position)
            position += -(-size // SECTOR)
        return extents, position + PADDING

    return place


def _date(volume: PyCdlib, folders: dict[Name, DirectoryRecord], recorded: datetime) -> None:
    for name, folder in folders.items():
        itself, above = folder.children[:2]
        folder.date = itself.date = above.date = _record_date(recorded)
        # A folder added after the one above it had grown was given that one's first size.
        above.set_data_length(folders[name[:-1]].get_data_length())
    made = VolumeDescriptorDate()
    made.parse(_descriptor_date(recorded))
    volume.pvd.volume_creation_date = volume.pvd.volume_effective_date = made


def _written(volume: PyCdlib, length: int, recorded: datetime) -> bytes:
    sink = _Head(length)
    volume.write_fp(sink)
    image = bytearray(sink.getvalue().ljust(length, b"\0"))
    # The one date that pycdlib takes from its clock at the moment of writing.
    image[MODIFIED : MODIFIED + 17] = _descriptor_date(recorded)
    volume.close()
    return bytes(image)


class _Head(io.BytesIO):
    """Keeps what is written before *limit*, lets the filling of the volume's end go by."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def write(self, data: bytes) -> int:
        return super().write(data) if self.tell() < self.limit else len(data)


def _quarters(moment: datetime) -> bytes:
    return (moment.utcoffset() // timedelta(minutes=15)).to_bytes(1, "little", signed=True)


def _record_date(moment: datetime) -> DirectoryRecordDate:
    date = DirectoryRecordDate()
    date.parse(bytes((moment.year - 1900, *moment.timetuple()[1:6])) + _quarters(moment))
    return date


def _descriptor_date(moment: datetime) -> bytes:
    return moment.strftime("%Y%m%d%H%M%S00").encode() + _quarters(moment)
