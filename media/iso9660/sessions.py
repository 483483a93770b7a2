"""Finds the sessions of a disc in its image: the last one's descriptors describe the whole disc.

A drive tells where its sessions begin; an image does not, so that descriptors are looked for
behind what the session before them takes (PS3.12 F.2.1.2, ECMA-119 6.2.1).
"""

from collections.abc import Iterator
from typing import Final

from media.entry import BlockReader
from media.iso9660.records import SECTOR, Iso9660Record, parse_numbers, parse_record
from media.iso9660.volume import FIRST_DESCRIPTOR
from reporting import CannotRead

MOST_SESSIONS: Final = 99  # tracks of a disc
# What lies between two sessions of a CD are at most 11,400 sectors of lead-out and lead-in; the
# end of a track and what its writer left empty come on top.
LARGEST_GAP: Final = 32_768  # sectors
_BATCH: Final = 512  # sectors read at once
_PRIMARY: Final = b"\x01CD001\x01"
_BLOCK_SIZES: Final = (512, 1024, 2048)


def session_starts(reader: BlockReader) -> tuple[int, ...]:
    """Return the first sectors of the descriptors of all sessions; of none: where they belong."""
    starts = [FIRST_DESCRIPTOR]
    while len(starts) < MOST_SESSIONS:
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


def broken_session(reader: BlockReader, first: int) -> int | None:
    """Return where a session begins that has no directory; None: nothing like that is there.

    Args:
        reader: the image.
        first: sector of the descriptors of the last session that can be read.
    """
    after = _end_of_session(reader, first)
    for sector, descriptor in () if after is None else _descriptors(reader, after):
        if _counts_from_the_start(sector, descriptor):
            return sector
    return None


def _next(reader: BlockReader, after: int) -> int | None:
    for sector, descriptor in _descriptors(reader, after):
        if _begins_a_session(reader, sector, descriptor):
            return sector
    return None


def _descriptors(reader: BlockReader, after: int) -> Iterator[tuple[int, bytes]]:
    """Yield what may be primary descriptors in the sectors from *after* on."""
    end = min(after + FIRST_DESCRIPTOR + LARGEST_GAP, reader.size // SECTOR)
    for base in range(after, end, _BATCH):
        data = _sectors(reader, base, min(_BATCH, end - base))
        at = data.find(_PRIMARY)
        while at >= 0:
            sector = base + at // SECTOR
            if not at % SECTOR:
                yield sector, data[at : at + SECTOR]
            at = data.find(_PRIMARY, at + 1)


def _counts_from_the_start(sector: int, descriptor: bytes) -> bool:
    """Return whether a descriptor has its root behind it, if anywhere."""
    if len(descriptor) < SECTOR or not descriptor[156]:
        return False
    return _root(descriptor)[1] > sector * SECTOR


def _root(descriptor: bytes) -> tuple[Iso9660Record, int]:
    """Return the record of the root, and the byte at which that lies."""
    numbers = parse_numbers(descriptor)[0]
    size = numbers.block_size if numbers.block_size in _BLOCK_SIZES else SECTOR
    root = parse_record(descriptor[:190], 156, 0)
    return root, root.extent * size


def _begins_a_session(reader: BlockReader, sector: int, descriptor: bytes) -> bool:
    """Return whether a descriptor has its root behind it and counts from the start of the disc.

    One in the image of another disc, which is a file here, counts from the start of that file.
    """
    if not _counts_from_the_start(sector, descriptor):
        return False
    root, at = _root(descriptor)
    if at + SECTOR > reader.size:
        return False
    try:
        data = reader.pread(SECTOR, at)
    except CannotRead:
        return False
    own = parse_record(data, 0, at) if data[0] >= 34 else None
    return own is not None and own.identifier == b"\x00" and own.extent == root.extent
