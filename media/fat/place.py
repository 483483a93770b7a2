"""Finds the FAT volume of a stick, a card or an image: alone, behind an MBR, or in a GPT."""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.fat.boot import SECTOR, SIGNATURE, Boot, parse_boot
from reporting import CannotRead

_ENTRY: Final = Struct("<B3xB3xII")
_ENTRIES_AT: Final = 446
_EXTENDED: Final = (0x05, 0x0F, 0x85)
_PROTECTIVE: Final = 0xEE  # of a GPT
_HIDDEN: Final = 0x10  # in the type of a partition that some systems are not to show
TYPES: Final = {
    12: (0x01,),
    16: (0x04, 0x06, 0x0E),
    32: (0x0B, 0x0C),
}
_OF_FAT: Final = frozenset(number for numbers in TYPES.values() for number in numbers)
_GPT_HEADER: Final = Struct("<72xQII")
_GPT_ENTRY: Final = Struct("<16s16xQQ")
# Starts a computer, and is made unasked by some systems before the one with the data.
_SYSTEM_PARTITION: Final = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")
_MOST_PARTITIONS: Final = 128
_SECTORS: Final = (SECTOR, 4096)  # bytes; partitions are counted in those of the drive
_BACKUP: Final = 6  # sector in which FAT32 keeps its boot sector once more
_NOT_FAT: Final = (
    (3, b"EXFAT   ", "an exFAT file system"),
    (3, b"NTFS    ", "an NTFS file system"),
    (1080, b"\x53\xef", "an ext file system"),
    (1024, b"H+", "an HFS+ file system"),
)
_FAT: Final = "a FAT file system"
_NO_FAT: Final = "no FAT file system"


class Partition(NamedTuple):
    """One entry of a partition table."""

    number: int  # from 1 on, as systems count them: logical ones from 5 on
    offset: int  # byte
    size: int  # bytes
    type: int  # of an MBR; 0 in a GPT
    in_gpt: bool = False
    is_system: bool = False


class Place(NamedTuple):
    """Where the volume is, and how it was found."""

    boot: Boot
    offset: int  # byte
    from_backup: bool  # whether the first boot sector is none
    partition: Partition | None = None
    before: tuple[str, ...] = ()  # what is in the partitions before it
    others: tuple[tuple[int, str], ...] = ()  # numbers of others with a file system, and which

    @property
    def is_certain(self) -> bool:
        """Return whether every system takes the medium for a FAT one, whatever else is on it."""
        if self.from_backup or self.before:
            return False
        return self.partition is None or self.partition.type in _OF_FAT


def find_volume(image: BlockReader) -> Place | None:
    """Return the place of the first FAT volume; None where there is none."""
    first = _sector(image, 0)
    boot = parse_boot(first)
    if boot is not None:
        return Place(boot, 0, from_backup=False)
    found = _find_partition(image, first)
    if found is None:
        boot = _backup(image, 0)
        found = None if boot is None else Place(boot, 0, from_backup=True)
    return found


def partitioned_with(image: BlockReader) -> str:
    """Return in words what is in the first partition of a medium; "" where it has none."""
    first = _sector(image, 0)
    for sector in _SECTORS:
        for partition in _partitions(image, first, sector):
            if not partition.is_system:
                return _contents(image, partition)
    return ""


def _find_partition(image: BlockReader, first: bytes) -> Place | None:
    for sector in _SECTORS:
        partitions = list(_partitions(image, first, sector))
        places = [(each, _volume_in(image, each)) for each in partitions]
        found = [place for _, place in places if place is not None]
        # What only starts computers is taken if there is nothing else.
        found.sort(key=lambda place: place.partition is not None and place.partition.is_system)
        if found:
            return _with_others(image, found[0], places)
    return None


def _with_others(
    image: BlockReader, chosen: Place, places: Sequence[tuple[Partition, Place | None]]
) -> Place:
    """Return a place with what is in the other partitions."""
    before: list[str] = []
    others: dict[int, tuple[int, str]] = {}  # by byte: a GPT and an MBR may list the same
    is_before = not (chosen.partition and chosen.partition.is_system)
    for partition, place in places:
        if place is chosen:
            is_before = False
        elif is_before:
            before.append("a system partition" if place else _contents(image, partition))
        elif partition.offset != chosen.offset:
            what = _FAT if place else _contents(image, partition)
            if what != _NO_FAT:
                others[partition.offset] = partition.number, what
    return chosen._replace(before=tuple(before), others=tuple(others.values()))


def _volume_in(image: BlockReader, partition: Partition) -> Place | None:
    boot = parse_boot(_sector(image, partition.offset))
    if boot is not None:
        return Place(boot, partition.offset, False, partition)
    if partition.in_gpt or partition.type & ~_HIDDEN in _OF_FAT:
        boot = _backup(image, partition.offset)
        if boot is not None:
            return Place(boot, partition.offset, True, partition)
    return None


def _backup(image: BlockReader, offset: int) -> Boot | None:
    boot = parse_boot(_sector(image, offset + _BACKUP * SECTOR))
    known = boot is not None and boot.of_32 and boot.has_signature and boot.backup == _BACKUP
    return boot if known else None


def _contents(image: BlockReader, partition: Partition) -> str:
    for at, magic, what in _NOT_FAT:
        if _bytes(image, partition.offset + at, len(magic)) == magic:
            return what
    return _NO_FAT


def _sector(image: BlockReader, offset: int) -> bytes:
    """Return the sector at byte *offset*, or zeros where it cannot be read."""
    return _bytes(image, offset, SECTOR)


def _partitions(image: BlockReader, first: bytes, sector: int) -> Iterator[Partition]:
    """Yield what a partition table lists, in its order; nothing where there is none."""
    entries = list(_entries(first))
    if any(kind == _PROTECTIVE for _, kind, _, _ in entries):
        yield from _gpt(image, sector)
    for number, kind, start, sectors in entries:
        if kind in _EXTENDED:
            yield from _logical(image, start, sector)
        elif kind != _PROTECTIVE:
            yield Partition(number, start * sector, sectors * sector, kind)


def _entries(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, type, first sector and sectors of what a boot record lists."""
    if data[510:512] != SIGNATURE:
        return
    for number in range(4):
        active, kind, start, sectors = _ENTRY.unpack_from(data, _ENTRIES_AT + 16 * number)
        if active in (0, 0x80) and kind and start and sectors:
            yield number + 1, kind, start, sectors


def _logical(image: BlockReader, base: int, sector: int) -> Iterator[Partition]:
    """Yield the partitions in an extended one: a chain of records with one each."""
    at, seen = base, set[int]()
    number = 5
    while at not in seen and len(seen) < _MOST_PARTITIONS:
        seen.add(at)
        following = 0
        for _, kind, start, sectors in _entries(_sector(image, at * sector)):
            if kind in _EXTENDED:
                following = base + start
            else:
                yield Partition(number, (at + start) * sector, sectors * sector, kind)
                number += 1
        if not following:
            return
        at = following


def _gpt(image: BlockReader, sector: int) -> Iterator[Partition]:
    # The header stands in the second sector, and once more in the last.
    for at in (sector, image.size // sector * sector - sector):
        header = _sector(image, at)
        if header[:8] == b"EFI PART":
            yield from _gpt_entries(image, header, sector)
            return


def _gpt_entries(image: BlockReader, header: bytes, sector: int) -> Iterator[Partition]:
    start, count, size = _GPT_HEADER.unpack_from(header)
    if not 128 <= size <= SECTOR:
        return
    for number in range(min(count, _MOST_PARTITIONS)):
        at = start * sector + number * size
        entry = _bytes(image, at, _GPT_ENTRY.size)
        kind, first, last = _GPT_ENTRY.unpack(entry)
        if any(kind) and 0 < first <= last:
            yield Partition(
                number + 1,
                first * sector,
                (last - first + 1) * sector,
                0,
                in_gpt=True,
                is_system=kind == _SYSTEM_PARTITION,
            )


def _bytes(image: BlockReader, at: int, size: int) -> bytes:
    try:
        return image.pread(size, at) if 0 <= at <= image.size - size else bytes(size)
    except CannotRead:
        return bytes(size)
