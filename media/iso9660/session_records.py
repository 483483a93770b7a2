"""Directory records and path tables as bytes, for a session that goes on where others stopped.

Records of earlier sessions are carried over as they stand, so that nothing that another program
said of a file is lost: only where a folder lies changes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from struct import Struct
from typing import Final, NamedTuple

from media.iso9660.encode import extents_of
from media.iso9660.fields import both_16, both_32, record_date
from media.iso9660.records import DIRECTORY, MULTI_EXTENT, SECTOR

_EXTENT: Final = Struct("<2xI")
_PATH_LITTLE: Final = Struct("<BBIH")
_PATH_BIG: Final = Struct(">BBIH")


def new_record(identifier: bytes, date: bytes, flags: int = 0, system_use: bytes = b"") -> bytes:
    """Return the record of something that has no place yet (ECMA-119 9.1)."""
    named = bytes((len(identifier),)) + identifier + b"\0" * (1 - len(identifier) % 2)
    after = b"".join((date, bytes((flags, 0, 0)), both_16(1), named, system_use))
    after += b"\0" * (len(after) % 2)  # 18 bytes are in front: records have an even length.
    return b"".join((bytes((18 + len(after), 0)), both_32(0), both_32(0), after))


def folder_record(identifier: bytes, date: bytes, system_use: bytes = b"") -> bytes:
    """Return the record of a directory that has no place yet."""
    return new_record(identifier, date, DIRECTORY, system_use)


def file_records(
    identifier: bytes, size: int, first: int, modified: datetime, system_use: bytes = b""
) -> list[bytes]:
    """Return the records of a file from block *first* on: one, but from 4 GiB on several."""
    extents = extents_of(size, first)
    last, date = len(extents) - 1, record_date(modified)
    return [
        placed(new_record(identifier, date, MULTI_EXTENT if n < last else 0, system_use), *extent)
        for n, extent in enumerate(extents)
    ]


def placed(record: bytes, extent: int, size: int) -> bytes:
    """Return a record with another place, where no extended attribute record is."""
    return b"".join((record[:1], b"\0", both_32(extent), both_32(size), record[18:]))


def moved(record: bytes, blocks: int) -> bytes:
    """Return a record with a place so many *blocks* further on."""
    (extent,) = _EXTENT.unpack_from(record)
    return b"".join((record[:2], both_32(extent + blocks), record[10:]))


def directory_size(records: Iterable[bytes]) -> int:
    """Return the bytes of a directory: whole sectors, and no record crosses one."""
    end = 0
    for record in records:
        room = SECTOR - end % SECTOR
        end += len(record) if len(record) <= room else room + len(record)
    return -(-end // SECTOR) * SECTOR


def directory_content(records: Iterable[bytes]) -> bytes:
    content = bytearray()
    for record in records:
        room = SECTOR - len(content) % SECTOR
        if len(record) > room:
            content += bytes(room)
        content += record
    return bytes(content) + bytes(-len(content) % SECTOR)


class PathEntry(NamedTuple):
    """One folder as path tables have it."""

    identifier: bytes
    extent: int  # block
    parent: int  # number of the entry of the folder above, from 1 on


def path_table(entries: Sequence[PathEntry], *, big_endian: bool) -> bytes:
    """Return a path table (ECMA-119 9.4)."""
    layout = _PATH_BIG if big_endian else _PATH_LITTLE
    return b"".join(
        layout.pack(len(identifier), 0, extent, parent) + identifier + b"\0" * (len(identifier) % 2)
        for identifier, extent, parent in entries
    )
