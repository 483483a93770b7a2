"""Checks an ISO 9660 volume against what ECMA-119 and PS3.12 Annexes F and P ask for.

That the label is the File-set ID is not checked here: what a File-set ID is, this room does not
know.
"""

from collections.abc import Iterator
from datetime import datetime

from media.entry import BlockReader
from media.finding_list import FindingList
from media.iso9660.check_records import check_directories
from media.iso9660.records import (
    SECTOR,
    PathTableRecord,
    parse_numbers,
    parse_path_table,
    parse_record,
)
from media.iso9660.rules import RULES, new_list
from media.iso9660.sessions import broken_session
from media.iso9660.volume import Directory, Volume
from reporting import CannotRead, Finding

__all__ = ["RULES", "check_volume"]

_PRIMARY = "Primary Volume Descriptor"
_SYSTEM_IDENTIFIERS = (b"", b"CD-RTOS CD-BRIDGE")
_LABEL_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ")
_JOLIET_ESCAPES = (b"%/@", b"%/C", b"%/E")
_UDF_IDENTIFIERS = (b"BEA01", b"BOOT2", b"NSR02", b"NSR03", b"TEA01")
_DATES_AT, _DATE_SIZE = 813, 17  # creation, modification, expiration, effective (8.4.26 to 8.4.29)
_LARGEST_PATH_TABLE = 8 << 20  # bytes


def check_volume(volume: Volume, reader: BlockReader) -> list[Finding]:
    """Return all departures, also those that count on some kinds of media only.

    Reads nothing but path tables, what follows the descriptors, and extended attributes.
    """
    found = new_list()
    _check_primary(volume, found)
    _check_size(volume, reader, found)
    _check_others(volume, reader, found)
    _check_path_tables(volume, reader, found)
    check_directories(volume, reader, found)
    return volume.problems.findings() + found.findings()


def _check_primary(volume: Volume, found: FindingList) -> None:
    data = volume.primary.data
    if data[6] != 1 or data[881] != 1:
        found.add("ISO-DESCRIPTOR-VERSION", _PRIMARY)
    if not volume.terminated:
        found.add("ISO-TERMINATOR", f"sector {volume.descriptors[-1].sector + 1}")
    little, big = parse_numbers(data)
    for field, one, other in zip(little._fields, little, big, strict=True):
        # The two path tables are two things, and lie in two places.
        if field != "path_table" and one != other:
            found.add("ISO-BOTH-ORDERS", _PRIMARY, f"{field}: {one} and {other}")
    root = parse_record(data[:190], 156, 0)
    if root.big != (root.extent, root.size, root.sequence):
        found.add("ISO-BOTH-ORDERS", f"{_PRIMARY}, root directory")
    if data[8:40].rstrip(b" ") not in _SYSTEM_IDENTIFIERS:
        found.add("ISO-SYSTEM-IDENTIFIER", f"{_PRIMARY}, bytes 9 to 40")
    if not _LABEL_CHARACTERS.issuperset(data[40:72]):
        found.add("ISO-VOLUME-IDENTIFIER", f"{_PRIMARY}, bytes 41 to 72")
    for at in range(_DATES_AT, _DATES_AT + 4 * _DATE_SIZE, _DATE_SIZE):
        if not _is_date(data[at : at + _DATE_SIZE]):
            where = f"{_PRIMARY}, bytes {at + 1} to {at + _DATE_SIZE}"
            found.add("ISO-VOLUME-DATE", where)


def _is_date(field: bytes) -> bool:
    """Whether a date of the volume is one, or says that it is not specified (8.4.26.1)."""
    digits, offset = field[:16], field[16]
    if digits == b"0" * 16:
        return offset == 0
    try:
        datetime.strptime(digits[:14].decode("ascii"), "%Y%m%d%H%M%S")  # noqa: DTZ007 (zone apart)
    except ValueError:
        return False
    quarters = offset - 256 if offset > 127 else offset
    return digits.isdigit() and -48 <= quarters <= 52


def _check_size(volume: Volume, reader: BlockReader, found: FindingList) -> None:
    size = volume.end
    where = f"byte {min(size, reader.size)}"
    if size > reader.size:
        found.add("ISO-TRUNCATED", where, f"the image ends {size - reader.size} bytes too early")
    elif size < reader.size:
        found.add("ISO-LONGER", where)
        broken = broken_session(reader, volume.first)
        if broken is not None:
            found.add("ISO-SESSION-BROKEN", f"sector {broken}")


def _check_others(volume: Volume, reader: BlockReader, found: FindingList) -> None:
    for descriptor in volume.descriptors:
        where = f"sector {descriptor.sector}"
        if descriptor.type == 0:
            found.add("ISO-BOOT", where)
        elif descriptor.type == 2 and descriptor.data[88:91] in _JOLIET_ESCAPES:
            found.add("ISO-JOLIET", where)
    sector = volume.descriptors[-1].sector + 1 + volume.terminated
    if _identifiers(reader, sector) & {b"NSR02", b"NSR03"}:
        found.add("ISO-UDF", f"sector {sector}")


def _identifiers(reader: BlockReader, sector: int) -> set[bytes]:
    """Return the identifiers of the volume recognition sequence from *sector* on."""
    identifiers: set[bytes] = set()
    for at in range(sector * SECTOR, min((sector + 8) * SECTOR, reader.size - SECTOR), SECTOR):
        try:
            identifier = reader.pread(SECTOR, at)[1:6]
        except CannotRead:
            break
        if identifier not in _UDF_IDENTIFIERS:
            break
        identifiers.add(identifier)
    return identifiers


def _check_path_tables(volume: Volume, reader: BlockReader, found: FindingList) -> None:
    little, big = parse_numbers(volume.primary.data)
    tables = ((False, little, "ISO-PATH-TABLE-L"), (True, big, "ISO-PATH-TABLE-M"))
    for big_endian, numbers, rule in tables:
        where = f"block {numbers.path_table}"
        data = _read_table(reader, numbers.path_table * volume.block_size, little.path_table_size)
        table = None if data is None else parse_path_table(data, big_endian=big_endian)
        if table is None:
            found.add(rule, where, "the path table cannot be read")
            continue
        why = _disagreement(table, volume.directories)
        if why:
            found.add(rule, where, why)


def _read_table(reader: BlockReader, at: int, size: int) -> bytes | None:
    if not 0 < size <= _LARGEST_PATH_TABLE or at + size > reader.size:
        return None
    try:
        return reader.pread(size, at)
    except CannotRead:
        return None


def _disagreement(table: list[PathTableRecord], directories: list[Directory]) -> str:
    """Return in words how a path table differs from the directories; "" where it does not."""
    if any(not 1 <= r.parent <= max(n, 1) for n, r in enumerate(table)):
        return "an entry stands before that of the directory above it"
    listed = {(r.identifier, r.extent, table[r.parent - 1].extent) for r in table}
    there = {(i.identifier, i.extent, directories[i.parent].extent) for i in directories}
    if listed != there or len(table) != len(directories):
        return (
            f"{len(listed - there)} of its {len(table)} entries name no directory there is, "
            f"and {len(there - listed)} directories are not in it"
        )
    order = list(_order_keys(table))
    if order != sorted(order):
        return "its entries are not sorted by level, directory above and name"
    return ""


def _order_keys(table: list[PathTableRecord]) -> Iterator[tuple[int, int, bytes]]:
    levels: list[int] = []
    for number, record in enumerate(table):
        levels.append(levels[record.parent - 1] + 1 if number else 1)
        yield levels[-1], record.parent, record.identifier.rstrip(b" ")
