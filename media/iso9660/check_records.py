"""Checks every directory record of an ISO 9660 volume, and that nothing lies on top of another."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import pairwise, zip_longest

from media.entry import BlockReader
from media.finding_list import FindingList
from media.iso9660.names import MAXIMUM_LEVELS, MAXIMUM_PATH, order_key, stripped
from media.iso9660.records import (
    ASSOCIATED,
    HIDDEN,
    MULTI_EXTENT,
    PROTECTION,
    RECORD_FORMAT,
    SECTOR,
    Iso9660Record,
    Malformed,
    parse_directory,
    parse_numbers,
)
from media.iso9660.volume import FIRST_DESCRIPTOR, Directory, Volume, path_of
from reporting import CannotRead

_NOT_READ = 0x1110  # bits for the owner, the group and all others (ECMA-119 9.5.3)
_D_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")  # ECMA-119 7.4.1
# How fields of System Use begin that make a volume a Rock Ridge one.
_ROCK_RIDGE = frozenset((b"SP", b"RR", b"CE", b"PX", b"NM", b"TF", b"ER", b"SL", b"CL", b"RE"))
_FLAGS = (
    (HIDDEN, "ISO-HIDDEN"),
    (ASSOCIATED, "ISO-ASSOCIATED"),
    (RECORD_FORMAT, "ISO-RECORD-FORMAT"),
    (PROTECTION, "ISO-PROTECTION"),
    (MULTI_EXTENT, "ISO-MULTI-EXTENT"),
)

Run = tuple[int, int, str]  # first byte, byte after the last, what it is


def check_directories(volume: Volume, reader: BlockReader, found: FindingList) -> None:
    """Check all records of *volume*, and where their content lies in the image."""
    runs: list[Run] = []
    rock_ridge = False
    for directory in volume.directories:
        records = [
            record
            for record in parse_directory(directory.data, directory.at)
            if not isinstance(record, Malformed)
        ]
        _check_directory(volume, directory, records, found)
        for record in records:
            where = path_of(directory, b"" if record.is_special else record.identifier)
            rock_ridge = rock_ridge or record.system_use[:2] in _ROCK_RIDGE
            _check_record(record, where, found)
            if not record.is_directory and not record.is_special:
                _check_file(record, where, found)
                if record.extended and record.flags & PROTECTION:
                    _check_permissions(volume, record, reader, where, found)
                runs.append(_run(volume, record, where))
    if rock_ridge:
        found.add("ISO-ROCK-RIDGE", "/")
    _check_runs([*runs, *_structures(volume)], reader.size, volume.end, found)


def _check_directory(
    volume: Volume, directory: Directory, records: list[Iso9660Record], found: FindingList
) -> None:
    where = path_of(directory)
    if directory.size % SECTOR:
        found.add("ISO-DIRECTORY-SIZE", where)
    if len(directory.name) >= MAXIMUM_LEVELS:
        found.add("ISO-DEPTH", where)
    above = volume.directories[directory.parent]
    expected = [
        (b"\x00", directory.extent, directory.size),
        (b"\x01", above.extent, above.size),
    ]
    first = [(r.identifier, r.extent, r.size) for r in records[:2]]
    if directory.whole and first != expected:
        found.add("ISO-SELF-RECORDS", where)
    _check_order([r for r in records if not r.is_special], directory, found)


def _check_order(records: list[Iso9660Record], directory: Directory, found: FindingList) -> None:
    for record, after in zip_longest(records, records[1:]):
        goes_on = after is not None and after.identifier == record.identifier
        if record.flags & MULTI_EXTENT and not goes_on:
            found.add("ISO-EXTENT-MISSING", path_of(directory, record.identifier))
    seen: set[str] = set()
    for before, record in pairwise([None, *records]):
        assert record is not None  # noqa: S101 (only the first of the list is none)
        where = path_of(directory, record.identifier)
        if before is not None:
            if order_key(record.identifier) < order_key(before.identifier):
                found.add("ISO-ORDER", where)
            # Further extents of one file repeat its name, and so does an associated file.
            if (before.flags & MULTI_EXTENT or (before.flags ^ record.flags) & ASSOCIATED) and (
                before.identifier == record.identifier
            ):
                continue
        name = stripped(record.identifier.decode("latin-1"))
        if name in seen:
            found.add("ISO-NAME-DUPLICATE", where)
        seen.add(name)


def _check_record(record: Iso9660Record, where: str, found: FindingList) -> None:
    if record.big != (record.extent, record.size, record.sequence):
        found.add("ISO-BOTH-ORDERS", where, f"directory record at byte {record.at}")
    if record.is_directory and not record.is_special:
        _check_folder_name(record.identifier, where, found)
        if record.flags & HIDDEN:
            found.add("ISO-HIDDEN", where)


def _check_file(record: Iso9660Record, where: str, found: FindingList) -> None:
    _check_file_name(record.identifier, where, found)
    if len(where) > MAXIMUM_PATH:
        found.add("ISO-PATH-LENGTH", where)
    if record.extended:
        found.add("ISO-EXTENDED-ATTRIBUTES", where)
    if record.unit or record.gap:
        found.add("ISO-INTERLEAVE", where)
    if not any(record.date):
        found.add("ISO-DATE-MISSING", where)
    elif not _is_date(record.date):
        found.add("ISO-DATE", where)
    if record.flags & (HIDDEN | ASSOCIATED | RECORD_FORMAT | PROTECTION | MULTI_EXTENT):
        for flag, rule in _FLAGS:
            if record.flags & flag:
                found.add(rule, where)


def _check_file_name(identifier: bytes, where: str, found: FindingList) -> None:
    name, semicolon, version = identifier.partition(b";")
    if not semicolon or version != b"1":
        found.add("ISO-NAME-VERSION", where)
    stem, dot, extension = name.partition(b".")
    if not dot:
        found.add("ISO-NAME-DOT", where)
    if not stem + extension or len(stem + extension) > 30 or not _is_plain(stem + extension):
        found.add("ISO-NAME", where)
    elif len(stem) > 8 or len(extension) > 3:
        found.add("ISO-NAME-LEVEL", where)


def _check_folder_name(identifier: bytes, where: str, found: FindingList) -> None:
    if not 1 <= len(identifier) <= 31 or not _is_plain(identifier):
        found.add("ISO-NAME", where)
    elif len(identifier) > 8:
        found.add("ISO-NAME-LEVEL", where)


def _is_plain(name: bytes) -> bool:
    return _D_CHARACTERS.issuperset(name)


def _check_permissions(
    volume: Volume, record: Iso9660Record, reader: BlockReader, where: str, found: FindingList
) -> None:
    """Check that owner, group and all others may read a file whose permissions count."""
    at = record.extent * volume.block_size
    try:
        attributes = reader.pread(10, at) if at + 10 <= reader.size else b""
    except CannotRead:
        return  # told where the file is read
    if int.from_bytes(attributes[8:10], "big") & _NOT_READ:
        found.add("ISO-PERMISSIONS", where)


@lru_cache(maxsize=1024)
def _is_date(field: bytes) -> bool:
    """Whether a Recording Date and Time is one (ECMA-119 9.1.5)."""
    year, month, day, hour, minute, second, offset = field
    try:
        date(1900 + year, month, day)
    except ValueError:
        return False
    quarters = offset - 256 if offset > 127 else offset
    return hour < 24 and minute < 60 and second < 60 and -48 <= quarters <= 52


def _run(volume: Volume, record: Iso9660Record, where: str) -> Run:
    start = record.extent * volume.block_size
    extended = record.extended * volume.block_size
    return start, start + extended + record.size, where


def _structures(volume: Volume) -> Iterator[Run]:
    end = volume.descriptors[-1].sector + 1 + volume.terminated
    start = (volume.first - FIRST_DESCRIPTOR) * SECTOR  # of the system area in front of them
    yield start, end * SECTOR, "volume descriptors"
    little, big = parse_numbers(volume.primary.data)
    for numbers, name in ((little, "path table L"), (big, "path table M")):
        start = numbers.path_table * volume.block_size
        yield start, start + little.path_table_size, name
    for directory in volume.directories:
        yield directory.at, directory.at + len(directory.data), path_of(directory)


def _check_runs(runs: list[Run], image_size: int, volume_end: int, found: FindingList) -> None:
    reached, holder = 0, ""
    before: Run = (-1, -1, "")
    for run in sorted(runs):
        start, end, what = run
        if start == end:
            continue  # Nothing of a file without content lies anywhere.
        if end > image_size:
            found.add("ISO-OUTSIDE", what)
        elif end > volume_end:
            found.add("ISO-OUTSIDE-VOLUME", what)
        if (start, end) == before[:2] and start:
            found.add("ISO-SHARED", what, f"has the content of {before[2]}")
        elif start < reached:
            found.add("ISO-OVERLAP", what, f"lies in the same blocks as {holder}")
        if end > reached:
            reached, holder = end, what
        before = run
