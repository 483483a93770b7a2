"""Checks a FAT volume against PS3.12 Annexes A and R to U and Microsoft's specification.

Which types of FAT a kind of medium may have is not checked here: `Medium.kind` tells the type.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from media.entry import BlockReader
from media.fat.boot import FEWEST_16, FEWEST_32, SECTOR, parse_fsinfo
from media.fat.names import DEVICES, is_short
from media.fat.place import TYPES
from media.fat.records import ABOVE, HIDDEN, ITSELF, SYSTEM, FatRecord, is_moment
from media.fat.rules import new_list
from media.fat.volume import FatVolume, path_of, shown_name
from media.finding_list import FindingList
from media.iso9660.names import MAXIMUM_LEVELS
from reporting import CannotRead, Finding

__all__ = ["check_fat"]

_BOOT: Final = "boot sector"
_LARGEST_CLUSTER: Final = 32_768  # bytes (Microsoft's FAT specification, 3.1)
_LOWER_CASE: Final = 0x18  # bits for the stem and for the extension
_FORBIDDEN: Final = frozenset(b'"*+,./:;<=>?[\\]|' + bytes(range(32)) + bytes(range(97, 123)))
_ROOT_RECORDS: Final = 512  # PS3.12 Table A.2-1
_NO_LABEL: Final = b"NO NAME    "


def check_fat(volume: FatVolume, reader: BlockReader) -> list[Finding]:
    """Return all departures, also those that count on some kinds of media only.

    Reads nothing but reserved sectors and the tables.
    """
    found = new_list()
    _check_partition(volume, found)
    _check_boot(volume, reader, found)
    if volume.boot.of_32:
        _check_reserved(volume, reader, found)
    _check_tables(volume, found)
    _check_labels(volume, found)
    _check_folders(volume, found)
    _check_names(volume, found)
    return volume.problems.findings() + found.findings()


def _check_partition(volume: FatVolume, found: FindingList) -> None:
    place, boot = volume.place, volume.boot
    partition = place.partition
    if partition is None:
        return
    where = f"partition {partition.number}"
    found.add("FAT-PARTITIONED", where)
    if place.before:
        found.add("FAT-PARTITION-FIRST", where, f"before it there is {', '.join(place.before)}")
    for number, what in place.others:
        message = f"there is {what} in it, which was not looked at"
        found.add("FAT-PARTITION-OTHER", f"partition {number}", message)
    if partition.in_gpt:
        found.add("FAT-GPT", where)
    elif partition.type not in TYPES[boot.bits]:
        what = f"its type is {partition.type:02X} and its volume FAT{boot.bits}"
        # What DOS takes for the larger ones is right for all of 16 bits.
        if not (boot.bits == 12 and partition.type in TYPES[16]):
            found.add("FAT-PARTITION-TYPE", where, what)
    if boot.total * boot.sector > partition.size:
        found.add("FAT-PARTITION-SIZE", where)
    if not partition.in_gpt and partition.number > 4:
        found.add("FAT-PARTITION-LOGICAL", where)


def _check_boot(volume: FatVolume, reader: BlockReader, found: FindingList) -> None:
    boot, place = volume.boot, volume.place
    if place.from_backup:
        found.add("FAT-BOOT-DAMAGED", _BOOT)
    if not boot.has_signature:
        found.add("FAT-BOOT-SIGNATURE", _BOOT)
    for what in _odd_numbers(volume):
        found.add("FAT-GEOMETRY", _BOOT, what)
    for what in _unlike_annex_a(volume):
        found.add("FAT-BOOT-LAYOUT", _BOOT, what)
    _check_type(volume, found)
    entries = boot.table_sectors * boot.sector * 8 // boot.bits
    if entries < boot.clusters + 2:
        found.add("FAT-TABLE-SHORT", _BOOT, f"{entries} entries for {boot.clusters} clusters")
    if place.offset + boot.total * boot.sector > reader.size:
        found.add("FAT-TRUNCATED", _BOOT)


def _odd_numbers(volume: FatVolume) -> Iterator[str]:
    boot = volume.boot
    if boot.tables != 2:
        yield f"{boot.tables} tables instead of 2"
    if boot.sector != SECTOR:
        yield f"sectors of {boot.sector} bytes instead of {SECTOR}"
    if boot.cluster > _LARGEST_CLUSTER:
        yield f"clusters of {boot.cluster} bytes, and {_LARGEST_CLUSTER} are the most"
    if boot.of_32 and boot.root_records:
        yield f"{boot.root_records} records in a root apart from the clusters"
    if boot.root_records * 32 % boot.sector:
        yield f"{boot.root_records} records in the root, which fill no whole sectors"
    if boot.of_32 and not volume.table.has(boot.root_cluster):
        yield f"a root in cluster {boot.root_cluster}, which there is not"


def _unlike_annex_a(volume: FatVolume) -> Iterator[str]:
    """Yield in words what a boot sector has otherwise than PS3.12 Table A.2-1."""
    boot = volume.boot
    if boot.of_32:
        return  # That table is of FAT12 and FAT16.
    if boot.reserved != 1:
        yield f"{boot.reserved} reserved sectors instead of 1"
    if boot.root_records != _ROOT_RECORDS:
        yield f"{boot.root_records} records in the root instead of {_ROOT_RECORDS}"
    if not boot.type_label:
        yield "no mark 29 in front of serial number, label and type"


def _check_type(volume: FatVolume, found: FindingList) -> None:
    boot = volume.boot
    by_count = 12 if boot.clusters < FEWEST_16 else 16 if boot.clusters < FEWEST_32 else 32
    said = boot.type_label.rstrip()
    if boot.bits != by_count:
        what = f"{boot.clusters} clusters make it FAT{by_count}, it is laid out as FAT{boot.bits}"
        found.add("FAT-TYPE", _BOOT, what)
    elif said in (b"FAT12", b"FAT16", b"FAT32") and said != b"FAT%d" % by_count:
        what = f"{boot.clusters} clusters make it FAT{by_count}, it calls itself {said.decode()}"
        found.add("FAT-TYPE", _BOOT, what)
    if boot.bits == 12:
        found.add("FAT-12", _BOOT)


def _check_reserved(volume: FatVolume, reader: BlockReader, found: FindingList) -> None:
    """Check the copy of the boot sector and the count of what is free."""
    boot, start = volume.boot, volume.place.offset
    if 0 < boot.backup < boot.reserved:
        first, copy = (_sector(reader, start + n * boot.sector) for n in (0, boot.backup))
        # The byte in which a system notes that it uses the volume is kept in the first alone.
        if first[:65] + first[66:90] != copy[:65] + copy[66:90]:
            found.add("FAT-BOOT-COPY", f"sector {boot.backup}")
    else:
        found.add("FAT-BOOT-COPY", _BOOT)
    if boot.fsinfo in (0, 0xFFFF):
        return
    info = parse_fsinfo(_sector(reader, start + boot.fsinfo * boot.sector))
    # All bits set: nobody counted.
    if info is None or (info[0] > boot.clusters and info[0] != 0xFFFFFFFF):
        found.add("FAT-FSINFO", f"sector {boot.fsinfo}")


def _sector(reader: BlockReader, at: int) -> bytes:
    try:
        return reader.pread(SECTOR, at) if at + SECTOR <= reader.size else bytes(SECTOR)
    except CannotRead:
        return bytes(SECTOR)


def _check_tables(volume: FatVolume, found: FindingList) -> None:
    boot, table = volume.boot, volume.table
    first, second = table.entry(0), table.entry(1)
    if first & 0xFF != boot.media:
        found.add("FAT-MEDIA", "table 1")
    if table.bits > 12:
        # The topmost bit: taken out in order; the one below: nothing went wrong.
        clean, sound = 1 << min(table.bits, 28) - 1, 1 << min(table.bits, 28) - 2
        if not second & clean or boot.state & 1:
            found.add("FAT-DIRTY", "table 1")
        if not second & sound or boot.state & 2:
            found.add("FAT-HARDWARE", "table 1")
    if boot.flags & 0x80 == 0:  # otherwise they are not kept equal
        for number in table.differences():
            found.add("FAT-COPIES", f"table {number + 1}")
    usage = table.usage()
    if usage.bad:
        found.add("FAT-BAD-CLUSTERS", "table 1", f"{usage.bad} clusters are marked as bad")
    if usage.taken > volume.used:
        lost = usage.taken - volume.used
        what = f"{lost} clusters are marked as in use and belong to no file"
        found.add("FAT-LOST", "table 1", what)
    if table.unreadable:
        found.add("FAT-TABLE-UNREADABLE", "table 1")


def _check_labels(volume: FatVolume, found: FindingList) -> None:
    labels = volume.labels
    # A label that is given later is often written to the root alone: no harm, no need to say.
    if len(labels) > 1 or (labels and volume.boot.label not in (labels[0], _NO_LABEL)):
        found.add("FAT-LABEL", "/")
    if any(not _FORBIDDEN.isdisjoint(label) for label in (*labels, volume.boot.label)):
        found.add("FAT-LABEL-CHARACTERS", "/")


def _check_folders(volume: FatVolume, found: FindingList) -> None:
    for folder in volume.folders[1:]:
        where = path_of(folder)
        if len(folder.name) >= MAXIMUM_LEVELS:
            found.add("FAT-DEPTH", where)
        parent = volume.folders[folder.parent]
        above = parent.cluster if folder.parent else 0  # the root, wherever it lies
        expected = [(ITSELF, folder.cluster), (ABOVE, above)]
        if [(dot.field, dot.cluster) for dot in folder.dots] != expected:
            found.add("FAT-FOLDER-DOTS", where)
        if folder.record is not None and folder.record.size:
            found.add("FAT-FOLDER-SIZE", where)


def _check_names(volume: FatVolume, found: FindingList) -> None:
    seen: set[tuple[int, bytes]] = set()
    for parent, record, long_name in _records(volume):
        where = path_of(volume.folders[parent], record)
        if (parent, record.field) in seen:
            found.add("FAT-NAME-DUPLICATE", where)
        seen.add((parent, record.field))
        _check_name(record, long_name, where, found)
        if record.attributes & (HIDDEN | SYSTEM):
            found.add("FAT-HIDDEN", where)
        if not is_moment(record.date, record.time):
            found.add("FAT-DATE", where)


def _records(volume: FatVolume) -> Iterator[tuple[int, FatRecord, str]]:
    folders = (
        (folder.parent, folder.record, folder.long_name)
        for folder in volume.folders
        if folder.record is not None
    )
    files = ((file.folder, file.record, file.long_name) for file in volume.files)
    return chain(folders, files)


def _check_name(record: FatRecord, long_name: str, where: str, found: FindingList) -> None:
    field = record.field
    if not _is_legal(field):
        found.add("FAT-NAME", where)
    if not field.isascii():
        found.add("FAT-NAME-CODE-PAGE", where)
    if record.case & _LOWER_CASE:
        found.add("FAT-NAME-CASE", where)
    if field[:8].rstrip().decode("cp437") in DEVICES:
        found.add("FAT-NAME-DEVICE", where)
    if long_name and is_short(shown_name(record)) and long_name.upper() == shown_name(record):
        found.add("FAT-LONG-NAME", where)


def _is_legal(field: bytes) -> bool:
    first = b"\xe5" if field[0] == 0x05 else field[:1]
    return first != b" " and _FORBIDDEN.isdisjoint(first + field[1:])
