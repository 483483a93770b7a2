"""Fields of an ISO 9660 volume as bytes: numbers, dates, descriptors (ECMA-119 7, 8 and 9)."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Final

from media.iso9660.names import volume_identifier_field

ROOT: Final = b"\0"  # identifier of the root, and of every directory in itself (ECMA-119 7.6.2)
ABOVE: Final = b"\x01"  # of the directory above
FOLDER, MULTI_EXTENT = 2, 0x80  # File Flags (ECMA-119 9.1.6)
_RECORD: Final = Struct("<BBI4sI4s7sB6sB")
_RECORD_HEAD: Final = _RECORD.size  # bytes before the identifier
_UNIT_GAP_VOLUME: Final = b"\0\0\x01\0\0\x01"  # not interleaved, on volume 1
_APPLICATION: Final = b"FILMJACKET"
_NEVER: Final = b"0" * 16 + b"\0"  # a date that is not told (ECMA-119 8.4.26.1)


def both_16(number: int) -> bytes:
    """Return a number in both orders of bytes (ECMA-119 7.2.3)."""
    return number.to_bytes(2, "little") + number.to_bytes(2, "big")


def both_32(number: int) -> bytes:
    """Return a number in both orders of bytes (ECMA-119 7.3.3)."""
    return number.to_bytes(4, "little") + number.to_bytes(4, "big")


def record_date(moment: datetime) -> bytes:
    """Return the date of a directory record (ECMA-119 9.1.5); *moment* is aware."""
    quarters = 0 if moment.tzinfo is UTC else _quarters(moment.utcoffset())
    if quarters is None:
        moment, quarters = moment.astimezone(UTC), 0
    year = moment.year - 1900
    if not 0 <= year <= 255:  # A file from outside is dated as near as can be.
        year = 0 if year < 0 else 255
    fields = (year, moment.month, moment.day, moment.hour, moment.minute, moment.second, quarters)
    return bytes(fields)


def descriptor_date(moment: datetime) -> bytes:
    """Return the date of a volume descriptor (ECMA-119 8.4.26.1); *moment* is aware."""
    quarters = _quarters(moment.utcoffset())
    if quarters is None:
        moment, quarters = moment.astimezone(UTC), 0
    # The year by itself: not every system's strftime() fills it up to four digits.
    return f"{moment.year:04}{moment:%m%d%H%M%S}00".encode() + bytes((quarters,))


@lru_cache(maxsize=64)
def _quarters(offset: timedelta | None) -> int | None:
    """Return an offset from UTC in quarters of an hour, as an unsigned byte; None: it is none."""
    if offset is None:
        raise ValueError("a time without its offset from UTC has no place in the standard")
    quarters, rest = divmod(offset, timedelta(minutes=15))
    return None if rest or not -48 <= quarters <= 52 else quarters & 0xFF


def record_length(identifier: int) -> int:
    """Return the bytes of a directory record for those of its *identifier* (ECMA-119 9.1.12)."""
    return _RECORD_HEAD + identifier + 1 & ~1


def directory_record(
    identifier: bytes, block: int, size: int, date: bytes, flags: int = 0
) -> bytes:
    """Return a directory record (ECMA-119 9.1); *size* is in bytes, *date* from `record_date`."""
    length = len(identifier)
    head = _RECORD.pack(
        record_length(length),
        0,  # no Extended Attribute Record
        block,
        block.to_bytes(4, "big"),
        size,
        size.to_bytes(4, "big"),
        date,
        flags,
        _UNIT_GAP_VOLUME,
        length,
    )
    return head + identifier if length % 2 else head + identifier + b"\0"


def primary_descriptor(
    *,
    label: str,
    recorded: datetime,
    blocks: int,
    path_table_bytes: int,
    path_tables: tuple[int, int],
    root: bytes,
) -> bytes:
    """Return a Primary Volume Descriptor (ECMA-119 8.4).

    Args:
        label: Volume Identifier.
        recorded: when the volume was made.
        blocks: Volume Space Size.
        path_table_bytes: of one path table.
        path_tables: blocks of the little-endian and of the big-endian one.
        root: the record of the root directory.

    Raises:
        NameDoesNotFit: *label* cannot be recorded.
    """
    little, big = path_tables
    date = descriptor_date(recorded)
    return b"".join(
        (
            b"\x01CD001\x01\0",
            b" " * 32,  # System Identifier: Annex F of PS3.12 wants spaces.
            volume_identifier_field(label),
            bytes(8),
            both_32(blocks),
            bytes(32),
            both_16(1),  # volume 1
            both_16(1),  # of 1
            both_16(2048),  # bytes of a block
            both_32(path_table_bytes),
            little.to_bytes(4, "little") + bytes(4),
            big.to_bytes(4, "big") + bytes(4),
            root,
            b" " * (3 * 128),  # identifiers of volume set, publisher and data preparer
            _APPLICATION.ljust(128),
            b" " * (3 * 37),  # names of the files of copyright, abstract and bibliography
            date,  # created
            date,  # modified
            _NEVER,  # expires
            date,  # effective
            b"\x01\0",  # File Structure Version
            b" " * 512,  # Application Use
        )
    ).ljust(2048, b"\0")


def terminator() -> bytes:
    """Return the Volume Descriptor Set Terminator (ECMA-119 8.3)."""
    return b"\xffCD001\x01".ljust(2048, b"\0")
