"""Finds the sessions of a disc in its image: the last one's descriptors describe the whole disc.

A drive tells where its sessions begin; an image does not, so that descriptors are looked for
behind what the session before them takes (PS3.12 F.2.1.2, ECMA-119 6.2.1).
"""

from typing import Final

from media.entry import BlockReader
from media.iso9660_records import SECTOR, parse_numbers, parse_record
from media.iso9660_volume import FIRST_DESCRIPTOR
from reporting import CannotRead

_MOST_SESSIONS: Final = 99  # tracks of a disc
# What lies between two sessions of a CD are at most 11,400 sectors of lead-out and lead-in; the
# end of a track and what its writer left empty come on top.
_LARGEST_GAP: Final = 32_768  # sectors
_BATCH: Final = 512  # sectors read at once
_PRIMARY: Final = b"\x01CD001\x01"
_BLOCK_SIZES: Final = (512, 1024, 2048)


def session_starts(reader: BlockReader) -> tuple[int, ...]:
    """Return the first sectors of the descriptors of all sessions; of none: where they belong."""
    starts = [FIRST_DESCRIPTOR]
    while len(starts) < _MOST_SESSIONS:
        after = _end_of_session(reader, starts[-1])
        found = None if after is None else _next(reader, after)
        if found is None:
            break
        starts.append(found)
    return tuple(starts)


def _sectors(reader: BlockReader, sector: int, number: int) -> bytes:
    try:
        return reader.pread(min(number * SECTOR, reader.size - sector * SECTOR), sector * SECTOR)
    except CannotRead:
        return b""


def _end_of_session(reader: BlockReader, first: int) -> int | None:
    """Return the sector after the session whose primary descriptor is *first*."""
    if (first + 1) * SECTOR > reader.size:
        return None
    descriptor = _sectors(reader, first, 1)
    if descriptor[1:6] != b"CD001":
        return None
    numbers = parse_numbers(descriptor)[0]
    size = numbers.block_size if numbers.block_size in _BLOCK_SIZES else SECTOR
    # The size of a later session counts from its own start.
    return max(first - FIRST_DESCRIPTOR + numbers.blocks * size // SECTOR, first + 1)


def _next(reader: BlockReader, after: int) -> int | None:
    end = min(after + FIRST_DESCRIPTOR + _LARGEST_GAP, reader.size // SECTOR)
    for base in range(after, end, _BATCH):
        data = _sectors(reader, base, min(_BATCH, end - base))
        at = data.find(_PRIMARY)
        while at >= 0:
            sector = base + at // SECTOR
            if not at % SECTOR and _begins_a_session(reader, sector, data[at : at + SECTOR]):
                return sector
            at = data.find(_PRIMARY, at + 1)
    return None


def _begins_a_session(reader: BlockReader, sector: int, descriptor: bytes) -> bool:
    """Return whether a descriptor has its root behind it and counts from the start of the disc.

    One in the image of another disc, which is a file here, counts from the start of that file.
    """
    if len(descriptor) < SECTOR or not descriptor[156]:
        return False
    numbers = parse_numbers(descriptor)[0]
    size = numbers.block_size if numbers.block_size in _BLOCK_SIZES else SECTOR
    root = parse_record(descriptor[:190], 156, 0)
    at = root.extent * size
    if at <= sector * SECTOR or at + SECTOR > reader.size:
        return False
    try:
        data = reader.pread(SECTOR, at)
    except CannotRead:
        return False
    own = parse_record(data, 0, at) if data[0] >= 34 else None
    return own is not None and own.identifier == b"\x00" and own.extent == root.extent
