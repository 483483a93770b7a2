"""Entries of files and folders, and the allocation descriptors that say where content lies.

A File Entry and an Extended File Entry hold the same facts at other places (ECMA-167 4/14.9,
4/14.17).
"""

from struct import Struct
from typing import Final, NamedTuple

from media.udf.fields import EXTENDED_FILE_ENTRY, FILE_ENTRY, Tag, parse_long, parse_u32

STRATEGY: Final = 4  # the only one for a medium that is not written again and again (UDF 2.3.5.1)
SHORT, LONG, EXTENDED, EMBEDDED = range(4)  # forms of allocation descriptors
_SIZES: Final = {SHORT: 8, LONG: 16, EXTENDED: 20}  # bytes of one
RECORDED, ALLOCATED, UNALLOCATED, CONTINUED = range(4)  # kinds of extents (ECMA-167 4/14.14.1.1)

_COMMON: Final = Struct("<IH2sHxB6xHIIIH6xQ")  # from byte 16 to byte 64


class FileEntry(NamedTuple):
    """What an entry says of a file, a folder or a part of the file system."""

    strategy: int
    type: int
    form: int  # of the allocation descriptors
    permissions: int
    links: int
    size: int  # bytes
    recorded_blocks: int
    times: tuple[bytes, ...]  # access, modification, creation where there is one, attributes
    streams: bool  # whether named streams hang on it
    unique_id: int
    allocation: bytes  # the descriptors, or the content itself
    embedded_at: int  # byte of the entry where *allocation* begins
    fault: str  # in words; "" if its lengths make sense


class _Places(NamedTuple):
    """Where the fields stand from byte 64 on."""

    recorded_blocks: int
    times: tuple[int, ...]
    streams: int  # 0: there is no such field
    unique_id: int
    lengths: int


_PLACES: Final = {
    FILE_ENTRY: _Places(64, (72, 84, 96), 0, 160, 168),
    EXTENDED_FILE_ENTRY: _Places(72, (80, 92, 104, 116), 152, 200, 208),
}
_U64: Final = Struct("<Q")


def parse_entry(data: bytes, tag: Tag) -> FileEntry | None:
    """Take the entry in the block *data* apart; None where it is none."""
    places = _PLACES.get(tag.identifier)
    if places is None or len(data) < places.lengths + 8:
        return None
    # The prior number of direct entries, the parameter of the strategy, ids of owner and group.
    _, strategy, _, _, kind, flags, _, _, permissions, links, size = _COMMON.unpack_from(data, 16)
    attributes, allocated = parse_u32(data, places.lengths), parse_u32(data, places.lengths + 4)
    start = places.lengths + 8 + attributes
    fault = ""
    if start + allocated > len(data):
        fault = f"{attributes} and {allocated} bytes are more than its block holds"
        start = min(start, len(data))
    return FileEntry(
        strategy,
        kind,
        flags & 7,
        permissions,
        links,
        size,
        _U64.unpack_from(data, places.recorded_blocks)[0],
        tuple(data[at : at + 12] for at in places.times),
        bool(places.streams and parse_long(data, places.streams).length),
        _U64.unpack_from(data, places.unique_id)[0],
        data[start : start + allocated],
        start,
        fault,
    )


class Allocation(NamedTuple):
    """One allocation descriptor."""

    kind: int
    length: int  # bytes
    block: int
    partition: int  # number of the partition map


def parse_allocations(data: bytes, form: int, partition: int) -> list[Allocation]:
    """Take allocation descriptors apart, up to the one of no length that ends them.

    Short ones lie in the *partition* of the entry they belong to.
    """
    step = _SIZES[form]
    found = []
    for at in range(0, len(data) - step + 1, step):
        length = parse_u32(data, at)
        if not length & 0x3FFFFFFF:
            break
        block, number = parse_u32(data, at + 4), partition
        if form == LONG:
            number = data[at + 8] | data[at + 9] << 8
        elif form == EXTENDED:
            block, number = parse_u32(data, at + 12), data[at + 16] | data[at + 17] << 8
        found.append(Allocation(length >> 30, length & 0x3FFFFFFF, block, number))
    return found
