"""Records of a ZIP archive as they are written: the same for the same files, whenever it is.

Nothing is in them that varies with the machine: the attributes are fixed, the dates are given,
and there are no extra fields but those of Zip64 where a number needs them (APPNOTE 4.5.3).
"""

from datetime import datetime
from struct import pack
from typing import Final, NamedTuple

from media.source import Name
from media.zip.records import (
    CENTRAL,
    DEFLATE,
    END,
    END64,
    FULL16,
    FULL32,
    LOCAL,
    LOCATOR64,
)

_PLAIN, _LARGE = 20, 45  # versions needed to extract: Deflate, Zip64 (4.4.3)
_MADE: Final = 3 << 8 | _LARGE  # on Unix, so that the attributes say that they are files
_ATTRIBUTES: Final = 0o100644 << 16
_FIRST, _LAST = datetime(1980, 1, 1), datetime(2107, 12, 31, 23, 59, 58)  # noqa: DTZ001 (no zone)
# What Deflate may add to what does not shrink, with room to spare.
_MARGIN: Final = 1 << 16

DosTime = tuple[int, int]  # date and time


class Packed(NamedTuple):
    """One file as it lies in the archive."""

    name: Name
    at: int  # byte of its local header
    method: int
    crc: int
    packed: int  # bytes
    size: int  # bytes
    is_large: bool  # whether its local header has room for numbers of Zip64


def needs_zip64(size: int) -> bool:
    """Return whether a file may come to need larger numbers than the plain ones."""
    return size + (size >> 10) + _MARGIN >= FULL32


def dos_time(moment: datetime) -> DosTime:
    """Return date and time as a ZIP archive has them: local, in steps of two seconds (4.4.6)."""
    local = min(max(moment.replace(tzinfo=None), _FIRST), _LAST)
    date = (local.year - 1980) << 9 | local.month << 5 | local.day
    return date, local.hour << 11 | local.minute << 5 | local.second >> 1


def local_header(file: Packed, when: DosTime) -> bytes:
    """Return what stands in front of a file (4.3.7)."""
    date, time = when
    name = "/".join(file.name).encode()
    extra = b""
    packed, size, version = file.packed, file.size, _version(file)
    if file.is_large:
        extra = pack("<HHQQ", 1, 16, size, packed)
        packed = size = FULL32
    return (
        pack("<4s5H", LOCAL, version, 0, file.method, time, date)
        + pack("<3I2H", file.crc, packed, size, len(name), len(extra))
        + name
        + extra
    )


def _version(file: Packed) -> int:
    if file.is_large or file.at >= FULL32:
        return _LARGE
    return _PLAIN if file.method == DEFLATE or len(file.name) > 1 else 10


def central_header(file: Packed, when: DosTime) -> bytes:
    """Return the entry of a file in the central directory (4.3.12)."""
    date, time = when
    name = "/".join(file.name).encode()
    large = [n for n in (file.size, file.packed, file.at) if n >= FULL32]
    extra = pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    return (
        pack("<4s6H", CENTRAL, _MADE, _version(file), 0, file.method, time, date)
        + pack("<3I", file.crc, min(file.packed, FULL32), min(file.size, FULL32))
        + pack("<5H", len(name), len(extra), 0, 0, 0)
        + pack("<2I", _ATTRIBUTES, min(file.at, FULL32))
        + name
        + extra
    )


def end_records(files: int, start: int, length: int) -> bytes:
    """Return what ends an archive whose central directory is at byte *start* (4.3.14 to 16)."""
    records = b""
    if files >= FULL16 or start >= FULL32 or length >= FULL32:
        records = pack("<4sQ2H2I4Q", END64, 44, _MADE, _LARGE, 0, 0, files, files, length, start)
        records += pack("<4sIQI", LOCATOR64, 0, start + length, 1)
    count = min(files, FULL16)
    plain = pack("<4s4H", END, 0, 0, count, count)
    return records + plain + pack("<2IH", min(length, FULL32), min(start, FULL32), 0)
