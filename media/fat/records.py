"""Records of FAT folders: 32 bytes that name a file and say where it begins."""

from datetime import date, datetime
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

RECORD: Final = Struct("<11sBBBHHHHHHHI")
RECORD_SIZE: Final = RECORD.size  # 32 bytes
READ_ONLY, HIDDEN, SYSTEM, LABEL, FOLDER, ARCHIVE = 1, 2, 4, 8, 16, 32
LONG_NAME: Final = READ_ONLY | HIDDEN | SYSTEM | LABEL
DELETED: Final = 0xE5  # first byte of a record that is free
END: Final = 0  # first byte of a record that is free, as are all after it
ITSELF, ABOVE = b".".ljust(11), b"..".ljust(11)
LARGEST_FILE: Final = 0xFFFFFFFF  # bytes
MOST_RECORDS: Final = 65_536  # of one folder (Microsoft's FAT specification, 6: 2 MiB)

_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107  # seven bits hold the years


class FatRecord(NamedTuple):
    """One record as it stands: names are made of it, and checks want to see it."""

    field: bytes  # the short name
    attributes: int
    case: int  # bits of Windows NT that a name is to be shown in lower case
    cluster: int  # first one; 0: none
    size: int  # bytes
    date: int
    time: int

    @property
    def is_folder(self) -> bool:
        return bool(self.attributes & FOLDER)


class Moment(NamedTuple):
    """A date and a time as a record holds them: local, without a zone."""

    date: int
    time: int
    hundredths: int  # up to 199: what the even seconds of the time leave


@lru_cache(maxsize=4096)
def moment_of(when: datetime) -> Moment:
    """Return the wall clock of *when*, or the nearest that can be recorded."""
    if when.year < _FIRST_YEAR:
        return Moment(1 << 5 | 1, 0, 0)
    if when.year > _LAST_YEAR:
        when = datetime(_LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=when.tzinfo)
    return Moment(
        (when.year - _FIRST_YEAR) << 9 | when.month << 5 | when.day,
        when.hour << 11 | when.minute << 5 | when.second // 2,
        when.second % 2 * 100 + when.microsecond // 10_000,
    )


@lru_cache(maxsize=4096)
def is_moment(day: int, time: int) -> bool:
    """Return whether the two numbers of a record are a date and a time."""
    try:
        date(_FIRST_YEAR + (day >> 9), day >> 5 & 15, day & 31)
    except ValueError:
        return False
    return time >> 11 < 24 and time >> 5 & 63 < 60 and time & 31 < 30


def encode_record(field: bytes, attributes: int, cluster: int, size: int, when: Moment) -> bytes:
    """Return one record; it was created, changed and last looked at at the same time."""
    return RECORD.pack(
        field,
        attributes,
        0,
        when.hundredths,
        when.time,
        when.date,
        when.date,
        cluster >> 16,
        when.time,
        when.date,
        cluster & 0xFFFF,
        size,
    )
