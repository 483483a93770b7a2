"""Follows the partition maps of a logical volume (ECMA-167 3/10.7, UDF 2.2.8 to 2.2.13)."""

from array import array
from typing import Final

from media.finding_list import FindingList
from media.udf.blocks import Blocks
from media.udf.fields import (
    METADATA,
    METADATA_MIRROR,
    UNSPECIFIED,
    VIRTUAL_TABLE,
    parse_identifier,
    parse_tag,
    parse_u16,
    parse_u32,
    tag_fault,
)
from media.udf.partitions import (
    MetadataPartition,
    Partition,
    PhysicalPartition,
    Run,
    SparablePartition,
    VirtualPartition,
)
from media.udf.sequence import VolumeStructure
from media.udf.space import Content, Found, Space, numbers, whole_runs

_VIRTUAL: Final = b"*UDF Virtual Partition"
_SPARABLE: Final = b"*UDF Sparable Partition"
_METADATA: Final = b"*UDF Metadata Partition"
_MOST_MAPS: Final = 16
_TABLE_150: Final = b"*UDF Virtual Alloc Tbl"  # at the end of a table of UDF 1.50
_TRAILER_150: Final = 36  # bytes
_LARGEST_TABLE: Final = 32 << 20  # bytes
_LARGEST_SPARING: Final = 1 << 20  # bytes
_SPARING: Final = b"*UDF Sparing Table"
_FREE: Final = 0xFFFFFFF0  # from here on an entry of a sparing table moves nothing
_LAST_BLOCKS: Final = 512  # in which a virtual table is looked for
_BLANK: Final = 256 << 20  # bytes of zeros that are passed over at the end of an image
_CHUNK: Final = 1 << 20  # bytes


def build_space(blocks: Blocks, structure: VolumeStructure, problems: FindingList) -> Space:
    """Return the space of the logical volume; maps that cannot be followed are left out."""
    logical = structure.logical.data
    space = Space(blocks, structure.sector_size)
    later: list[tuple[int, bytes]] = []
    for number, entry in enumerate(_maps(logical, problems)):
        name = parse_identifier(entry[4:36]) if entry[0] == 2 else b""
        physical = _physical(structure, parse_u16(entry, 38 if entry[0] == 2 else 4))
        if entry[0] == 1 and physical is not None:
            space.partitions[number] = physical
        elif name == _SPARABLE and physical is not None:
            space.partitions[number] = _sparable(blocks, structure, physical, entry, problems)
        elif name in (_VIRTUAL, _METADATA) and physical is not None:
            later.append((number, entry))
        else:
            problems.add("UDF-MAP", f"partition map {number}")
    for number, entry in later:  # They lie in one of the others.
        partition = _dependent(space, structure, entry, problems)
        if partition is not None:
            space.partitions[number] = partition
    return space


def _maps(logical: bytes, problems: FindingList) -> list[bytes]:
    end = min(440 + parse_u32(logical, 264), len(logical))
    count = parse_u32(logical, 268)
    at = 440
    maps: list[bytes] = []
    while at + 2 <= end and len(maps) < min(count, _MOST_MAPS):
        kind, length = logical[at], logical[at + 1]
        if (kind, length) not in ((1, 6), (2, 64)) or at + length > end:
            break
        maps.append(logical[at : at + length])
        at += length
    if len(maps) != count or not maps:
        problems.add("UDF-MAP", f"partition map {len(maps)}", f"{len(maps)} of {count} are legible")
    return maps


def _physical(structure: VolumeStructure, number: int) -> PhysicalPartition | None:
    for descriptor in structure.partitions:
        data = descriptor.data
        if parse_u16(data, 22) == number:
            return PhysicalPartition(parse_u32(data, 188), parse_u32(data, 192))
    return None


def _sparable(
    blocks: Blocks,
    structure: VolumeStructure,
    physical: PhysicalPartition,
    entry: bytes,
    problems: FindingList,
) -> SparablePartition:
    packet = parse_u16(entry, 40) or 32
    size = min(parse_u32(entry, 44), _LARGEST_SPARING)
    moved: dict[int, int] | None = None
    for number in range(min(entry[42], 4)):
        sector = parse_u32(entry, 48 + 4 * number)
        table = _sparing_table(blocks, sector, size, structure.sector_size)
        if table is None:
            problems.add("UDF-SPARING-TABLE", f"sector {sector}")
        elif moved is None:
            moved = table
    return SparablePartition(physical.start, physical.blocks, packet, moved or {})


def _sparing_table(
    blocks: Blocks, sector: int, size: int, sector_size: int
) -> dict[int, int] | None:
    data = blocks.read(sector * sector_size, max(size, sector_size))
    tag = parse_tag(data) if data else None
    if data is None or tag is None or parse_identifier(data[16:48]) != _SPARING:
        return None
    if tag_fault(data, tag, sector):
        return None
    entries = numbers(data[56 : 56 + 8 * parse_u16(data, 48)])
    pairs = zip(entries[::2], entries[1::2], strict=False)
    return {origin: sector for origin, sector in pairs if origin < _FREE}


def _dependent(
    space: Space, structure: VolumeStructure, entry: bytes, problems: FindingList
) -> Partition | None:
    wanted = parse_u16(entry, 38)
    physical = _physical(structure, wanted)
    # The number of the map of the partition it lies in, which may be a sparable one.
    base = next(
        (
            number
            for number, partition in space.partitions.items()
            if physical is not None and getattr(partition, "start", None) == physical.start
        ),
        None,
    )
    if physical is None or base is None:
        # UDF wants a map for the partition below, too; without one, it is taken all the same.
        if physical is None:
            return None
        base = -1
        space.partitions[base] = physical
    if parse_identifier(entry[4:36]) == _VIRTUAL:
        return _virtual(space, base, physical, problems)
    return _metadata(space, base, entry, problems)


# Metadata


def _metadata(
    space: Space, base: int, entry: bytes, problems: FindingList
) -> MetadataPartition | None:
    files = [
        _metadata_file(space, base, parse_u32(entry, at), kind)
        for at, kind in ((40, METADATA), (44, METADATA_MIRROR))
    ]
    for content, rule, at in zip(
        files, ("UDF-METADATA", "UDF-METADATA-MIRROR"), (40, 44), strict=True
    ):
        if content is None or content.fault:
            fault = "" if content is None else content.fault
            problems.add(rule, f"block {parse_u32(entry, at)} of partition {base}", fault)
    usable = [c for c in files if c is not None and c.extents]
    best = next((c for c in usable if not c.fault), usable[0] if usable else None)
    if best is None:
        return None
    runs = [Run(*run) for run in whole_runs(space, best)]
    main, mirror = files
    if main is best and mirror is not None and not mirror.fault and not _same(space, main, mirror):
        problems.add("UDF-METADATA-MIRROR", f"block {parse_u32(entry, 44)} of partition {base}")
    return MetadataPartition(runs)


def _metadata_file(space: Space, base: int, block: int, kind: int) -> Content | None:
    found = space.entry(base, block)
    if found is None or found.entry.type != kind or found.fault:
        return None
    return space.content(found, base)


def _same(space: Space, one: Content, other: Content) -> bool:
    """Whether both begin alike: to compare all would be to read all."""
    if one.extents == other.extents:
        return True
    length = 16 * space.block_size
    return space.read(one, length)[0] == space.read(other, length)[0]


# Virtual allocation table


def _virtual(
    space: Space, base: int, physical: PhysicalPartition, problems: FindingList
) -> VirtualPartition | None:
    for sector in _last_sectors(space):
        found = _table_entry(space, base, sector - physical.start)
        table = None if found is None else _table(space, base, found)
        if table is not None:
            return VirtualPartition(physical, table)
    problems.add("UDF-VIRTUAL-TABLE", f"block {space.blocks.size // space.block_size - 1}")
    return None


def _last_sectors(space: Space) -> range:
    """Return the last sectors that were written, backwards."""
    end = space.blocks.size
    stop = max(end - _BLANK, 0)
    while end > stop:
        start = max(end - _CHUNK, 0)
        data, _ = space.blocks.read_tolerant(start, end - start, 64 << 10)
        used = len(data.rstrip(b"\0"))
        if used:
            end = start + used
            break
        end = start
    last = -(-end // space.block_size)
    return range(last, max(last - _LAST_BLOCKS, -1), -1)


def _table_entry(space: Space, base: int, block: int) -> Found | None:
    if block < 0:
        return None
    found = space.entry(base, block)
    if found is None or found.fault or found.entry.type not in (UNSPECIFIED, VIRTUAL_TABLE):
        return None
    return found


def _table(space: Space, base: int, found: Found) -> "array[int] | None":
    content = space.content(found, base)
    data, whole = space.read(content, _LARGEST_TABLE)
    if not whole:
        return None
    if found.entry.type == VIRTUAL_TABLE:
        # UDF 2.00 and later: a header that says its own length.
        header = parse_u16(data, 0)
        return numbers(data[header:]) if 152 <= header <= len(data) else None
    if parse_identifier(data[-_TRAILER_150:-4]) != _TABLE_150:
        return None
    return numbers(data[:-_TRAILER_150])
