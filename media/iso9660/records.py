"""Records of an ISO 9660 volume, taken apart as they stand: what is odd stays visible.

Unlike a mounted file system this keeps both byte orders, versions and dots, because a check
wants to see them (ECMA-119 8.4, 9.1, 9.4).
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

SECTOR: Final = 2048  # bytes; directory records and descriptors never cross one
HIDDEN, DIRECTORY, ASSOCIATED, RECORD_FORMAT, PROTECTION = 1, 2, 4, 8, 16  # ECMA-119 9.1.6
MULTI_EXTENT: Final = 128

_LITTLE: Final = Struct("<BBI4xI4x7sBBBH2xB")
_BIG: Final = Struct(">6xI4xI12xH")
_FIXED: Final = 33  # bytes before the identifier
_PATH_LITTLE: Final = Struct("<BBIH")
_PATH_BIG: Final = Struct(">BBIH")


class Iso9660Record(NamedTuple):
    """One directory record. Numbers as in the little-endian half; `big` is the other half."""

    at: int  # byte in the image
    extended: int  # blocks of the extended attribute record
    extent: int  # block
    size: int  # bytes
    date: bytes
    flags: int
    unit: int
    gap: int
    sequence: int
    identifier: bytes
    system_use: bytes
    big: tuple[int, int, int]  # extent, size, sequence

    @property
    def is_directory(self) -> bool:
        return bool(self.flags & DIRECTORY)

    @property
    def is_special(self) -> bool:
        """Whether it is the record of the directory itself or of the one above."""
        return self.identifier in (b"\x00", b"\x01")


class Malformed(NamedTuple):
    """A place in a directory where no record can be taken apart; the rest of the sector is lost."""

    at: int  # byte in the image
    why: str


def parse_record(data: bytes, position: int, at: int) -> Iso9660Record:
    """Take the record at *position* apart; the caller knows that it is whole."""
    length = data[position]
    _, extended, extent, size, date, flags, unit, gap, sequence, named = _LITTLE.unpack_from(
        data, position
    )
    start = position + _FIXED
    end = start + named
    use = end + (named + 1) % 2  # A byte of padding follows an identifier of even length.
    identifier, system_use = data[start:end], data[use : position + length]
    big = _BIG.unpack_from(data, position)
    return Iso9660Record(
        at, extended, extent, size, date, flags, unit, gap, sequence, identifier, system_use, big
    )


def parse_directory(data: bytes, base: int) -> Iterator[Iso9660Record | Malformed]:
    """Yield the records of a directory whose content *data* stands at byte *base* of the image."""
    for sector in range(0, len(data), SECTOR):
        end = min(sector + SECTOR, len(data))
        position = sector
        while position < end and (length := data[position]):
            why = _misfit(data, position, length, end)
            if why:
                yield Malformed(base + position, why)
                break
            yield parse_record(data, position, base + position)
            position += length


def _misfit(data: bytes, position: int, length: int, end: int) -> str:
    if length <= _FIXED:
        return f"a record of {length} bytes has no room for a name"
    if position + length > end:
        return "a record runs out of its sector"
    named = data[position + 32]
    if not named or _FIXED + named > length:
        return f"a name of {named} bytes in a record of {length}"
    return ""


class PathTableRecord(NamedTuple):
    """One entry of a path table."""

    identifier: bytes
    extent: int  # block
    parent: int  # number of the entry, from 1 on


def parse_path_table(data: bytes, *, big_endian: bool) -> list[PathTableRecord] | None:
    """Return the entries of a path table, or None where it cannot be taken apart."""
    layout = _PATH_BIG if big_endian else _PATH_LITTLE
    records = []
    position = 0
    while position < len(data):
        if position + 8 > len(data) or not data[position]:
            return None
        named, _, extent, parent = layout.unpack_from(data, position)
        start = position + 8
        records.append(PathTableRecord(data[start : start + named], extent, parent))
        position = start + named + named % 2
    return records


_PVD_LITTLE: Final = Struct("<80xI36xH2xH2xH2xI4xI4x")
_PVD_BIG: Final = Struct(">84xI34xH2xH2xH4xI8xI")


class VolumeNumbers(NamedTuple):
    """The numbers of a volume descriptor in one byte order."""

    blocks: int
    set_size: int
    sequence: int
    block_size: int  # bytes
    path_table_size: int  # bytes
    path_table: int  # block of the table in this byte order


def parse_numbers(descriptor: bytes) -> tuple[VolumeNumbers, VolumeNumbers]:
    """Return a descriptor's numbers as little endian and as big endian (ECMA-119 8.4)."""
    return (
        VolumeNumbers(*_PVD_LITTLE.unpack_from(descriptor)),
        VolumeNumbers(*_PVD_BIG.unpack_from(descriptor)),
    )
