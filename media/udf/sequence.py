"""Finds the descriptors of a UDF volume: recognition, anchors, main and reserve sequence.

Both sequences are read. Each descriptor is taken from the main one unless it is damaged there
and whole in the reserve (ECMA-167 3/8.4).
"""

from typing import Final, NamedTuple

from media.finding_list import FindingList
from media.udf.blocks import Blocks
from media.udf.fields import (
    ANCHOR,
    INTEGRITY,
    LOGICAL,
    PARTITION,
    POINTER,
    PRIMARY,
    TERMINATING,
    UNALLOCATED,
    VolumeExtent,
    parse_extent,
    parse_tag,
    parse_u16,
    parse_u32,
    tag_fault,
)

_RECOGNITION: Final = 32768  # byte at which the recognition sequence begins (ECMA-167 2/8.3)
_STEP: Final = 2048  # bytes of one of its descriptors, or of several where sectors are larger
_MOST_STRUCTURES: Final = 64
_KNOWN: Final = (b"BEA01", b"BOOT2", b"NSR02", b"NSR03", b"TEA01", b"CD001", b"CDW02")
_SECTOR_SIZES: Final = (2048, 512, 4096, 1024)
_MOST_SECTORS: Final = 256  # of one sequence; 16 are usual
_MOST_POINTERS: Final = 8
_MOST_INTEGRITY: Final = 4096
_NAMES: Final = {
    PRIMARY: "Primary Volume Descriptor",
    PARTITION: "Partition Descriptor",
    LOGICAL: "Logical Volume Descriptor",
}


class VolumeDescriptor(NamedTuple):
    """One descriptor of a sequence."""

    identifier: int  # of its tag
    sector: int
    data: bytes
    fault: str  # what is wrong with it, in words; "" if nothing


class Sequence(NamedTuple):
    """One of the two sequences, as far as it can be read."""

    descriptors: tuple[VolumeDescriptor, ...]
    fault: str  # why it is not whole; "" if it is

    def latest(self, identifier: int) -> VolumeDescriptor | None:
        """Return the descriptor of this kind that prevails (ECMA-167 3/8.4.3)."""
        found = [d for d in self.descriptors if d.identifier == identifier]
        # A whole one before a damaged one, then the higher Volume Descriptor Sequence Number.
        return max(found, key=lambda d: (not d.fault, parse_u32(d.data, 16)), default=None)


class VolumeStructure(NamedTuple):
    """What a volume says of itself before any partition is looked into."""

    sector_size: int  # bytes
    anchors: tuple[int, ...]  # sectors of the good ones
    primary: VolumeDescriptor | None
    logical: VolumeDescriptor
    partitions: tuple[VolumeDescriptor, ...]  # one for each number
    logical_volumes: int
    integrity: bytes | None  # the last Logical Volume Integrity Descriptor
    main: VolumeExtent
    reserve: VolumeExtent


def recognised(blocks: Blocks) -> list[bytes]:
    """Return the identifiers of the volume recognition sequence, without those of ISO 9660."""
    found: list[bytes] = []
    missed = 0
    for number in range(_MOST_STRUCTURES):
        data = blocks.read(_RECOGNITION + number * _STEP, 6)
        if data is None or missed > 1:  # One is missed in sectors of 4096 bytes.
            break
        if data[1:6] in _KNOWN:
            found.append(data[1:6])
            missed = 0
        else:
            missed += 1
    return [i for i in found if i not in (b"CD001", b"CDW02")]


def read_structure(blocks: Blocks, problems: FindingList) -> VolumeStructure | None:
    """Return the descriptors of the volume; None where no anchor or no logical volume is found."""
    for size in _SECTOR_SIZES:
        anchors = _anchors(blocks, size)
        if anchors:
            break
    else:
        return None
    for _, data in anchors:  # A second one matters where the first was mutilated.
        structure = _from_anchor(blocks, size, data, problems)
        if structure is not None:
            return _with_anchors(blocks, structure, [sector for sector, _ in anchors], problems)
    return None


def _with_anchors(
    blocks: Blocks, structure: VolumeStructure, found: list[int], problems: FindingList
) -> VolumeStructure:
    """Return the structure with its anchors; note where there are not two that count."""
    end = blocks.size // structure.sector_size
    if len({*found} & {256, end - 1, end - 257, end - 256}) < 2:
        # What is burned of an image ends before the medium does: its last anchor lies behind all.
        last = _last_used(structure) + 1
        if last not in found and _anchor_at(blocks, structure.sector_size, last):
            problems.add("UDF-ANCHOR-WITHIN", f"sector {last}", f"the last one is {end - 1}")
            found = [*found, last]
        else:
            problems.add("UDF-ANCHOR", f"sector {found[0]}")
    return structure._replace(anchors=tuple(found))


def _last_used(structure: VolumeStructure) -> int:
    """Return the last sector that a sequence or a partition has."""
    size = structure.sector_size
    ends = [e.sector + e.length // size for e in (structure.main, structure.reserve)]
    ends += [parse_u32(d.data, 188) + parse_u32(d.data, 192) for d in structure.partitions]
    return max(ends) - 1


def _anchors(blocks: Blocks, size: int) -> list[tuple[int, bytes]]:
    end = blocks.size // size
    # 512 is where an open session of a CD-R has its only one (UDF 6.10).
    sectors = dict.fromkeys((256, end - 1, end - 257, end - 256, 512))
    found = ((sector, _anchor_at(blocks, size, sector)) for sector in sectors)
    return [(sector, data) for sector, data in found if data]


def _anchor_at(blocks: Blocks, size: int, sector: int) -> bytes | None:
    """Return the anchor in a sector; None where there is no good one."""
    data = blocks.read(sector * size, 512)
    tag = parse_tag(data) if data else None
    good = data and tag and tag.identifier == ANCHOR and not tag_fault(data, tag, sector)
    return data if good else None


def _from_anchor(
    blocks: Blocks, size: int, anchor: bytes, problems: FindingList
) -> VolumeStructure | None:
    main, reserve = parse_extent(anchor, 16), parse_extent(anchor, 24)
    both = _read_sequence(blocks, size, main), _read_sequence(blocks, size, reserve)
    for sequence, extent, name in zip(both, (main, reserve), ("main", "reserve"), strict=True):
        if sequence.fault:
            problems.add(
                "UDF-SEQUENCE", f"sector {extent.sector}", f"{name} sequence: {sequence.fault}"
            )
    logical = _better(both, LOGICAL, problems)
    if logical is None:
        return None
    primary = _better(both, PRIMARY, problems)
    partitions = _partitions(both, problems)
    for missing in [i for i, d in ((PRIMARY, primary), (PARTITION, partitions)) if not d]:
        problems.add("UDF-DESCRIPTOR-MISSING", f"sector {main.sector}", _NAMES[missing])
    _compare(both, problems)
    whole = [d for s in both for d in s.descriptors if d.identifier == LOGICAL and not d.fault]
    volumes = {d.data[84:212] for d in whole}
    integrity = _integrity(blocks, size, parse_extent(logical.data, 432))
    return VolumeStructure(
        size, (), primary, logical, partitions, len(volumes), integrity, main, reserve
    )


def _better(
    both: tuple[Sequence, Sequence], identifier: int, problems: FindingList
) -> VolumeDescriptor | None:
    found = [d for d in (s.latest(identifier) for s in both) if d is not None]
    best = next((d for d in found if not d.fault), found[0] if found else None)
    if best is not None and best.fault:
        problems.add(
            "UDF-DESCRIPTOR", f"sector {best.sector}", f"{_NAMES[identifier]}: {best.fault}"
        )
    return best


def _partitions(
    both: tuple[Sequence, Sequence], problems: FindingList
) -> tuple[VolumeDescriptor, ...]:
    best: dict[int, VolumeDescriptor] = {}
    # From the least trusted to the most, so that the last one stays.
    candidates = [d for s in reversed(both) for d in s.descriptors if d.identifier == PARTITION]
    for descriptor in sorted(candidates, key=lambda d: (not d.fault, parse_u32(d.data, 16))):
        best[parse_u16(descriptor.data, 22)] = descriptor
    whole = tuple(d for d in best.values() if not d.fault)
    if whole:
        return whole
    for descriptor in best.values():
        problems.add("UDF-DESCRIPTOR", f"sector {descriptor.sector}", descriptor.fault)
    return tuple(best.values())


def _compare(both: tuple[Sequence, Sequence], problems: FindingList) -> None:
    if any(s.fault for s in both):
        return
    for identifier, name in _NAMES.items():
        one, other = (s.latest(identifier) for s in both)
        if one and other and one.data[16:] != other.data[16:]:
            problems.add("UDF-SEQUENCES-DIFFER", f"sectors {one.sector} and {other.sector}", name)


def _read_sequence(blocks: Blocks, size: int, extent: VolumeExtent) -> Sequence:
    descriptors: list[VolumeDescriptor] = []
    faults: list[str] = []
    seen: set[VolumeExtent] = set()
    while extent not in seen and len(seen) < _MOST_POINTERS:
        seen.add(extent)
        found, fault = _read_extent(blocks, size, extent)
        descriptors += found
        if fault:
            faults.append(fault)
        pointer = found[-1] if found and found[-1].identifier == POINTER else None
        if pointer is None:
            break
        extent = parse_extent(pointer.data, 20)
    faults += [f"sector {d.sector}: {d.fault}" for d in descriptors if d.fault]
    return Sequence(tuple(descriptors), faults[0] if faults else "")


def _read_extent(
    blocks: Blocks, size: int, extent: VolumeExtent
) -> tuple[list[VolumeDescriptor], str]:
    """Return the descriptors of an extent up to the one that ends or leads on; and what is bad."""
    found: list[VolumeDescriptor] = []
    fault = ""
    for sector in range(extent.sector, extent.sector + min(extent.length // size, _MOST_SECTORS)):
        data = blocks.read(sector * size, size)
        tag = parse_tag(data) if data else None
        if data is None or tag is None:
            fault = fault or f"sector {sector} cannot be read"
        elif not any(data):
            break  # Nothing was recorded from here on (ECMA-167 3/8.4.2).
        elif not PRIMARY <= tag.identifier <= INTEGRITY or tag.identifier == ANCHOR:
            fault = fault or f"sector {sector} holds no volume descriptor"
        else:
            # Only an Unallocated Space Descriptor may be longer than a sector.
            problem = "" if tag.identifier == UNALLOCATED else tag_fault(data, tag, sector)
            found.append(VolumeDescriptor(tag.identifier, sector, data, problem))
            if tag.identifier in (TERMINATING, POINTER) and not problem:
                break
    if not found and not fault:
        fault = f"nothing is recorded at sector {extent.sector}"
    return found, fault


def _integrity(blocks: Blocks, size: int, extent: VolumeExtent) -> bytes | None:
    """Return the last integrity descriptor: later ones are appended (ECMA-167 3/10.10)."""
    last = None
    seen: set[int] = set()
    sector, end = extent.sector, extent.sector + extent.length // size
    while sector < end and sector not in seen and len(seen) < _MOST_INTEGRITY:
        seen.add(sector)
        data = blocks.read(sector * size, size)
        tag = parse_tag(data) if data else None
        if data is None or tag is None or tag.identifier != INTEGRITY:
            break
        if tag_fault(data, tag, sector):
            break
        last = data
        following = parse_extent(data, 32)
        sector += 1
        if following.length:
            sector, end = following.sector, following.sector + following.length // size
    return last
