"""Packs files with as many cores as there are: in blocks that are packed apart from each other.

A block knows the 32 KiB before it, so that little is lost, and ends at a whole byte: one after
the other they are one stream that every program unpacks (RFC 1951 3.2.4). Which core did what
makes no difference to the bytes.
"""

import os
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

from media.copying import contents
from media.source import NamedSource
from media.zip_records import DEFLATE, STORED

_BLOCK: Final = 1 << 20  # bytes that are packed at once
_WINDOW: Final = 32 << 10  # bytes that Deflate looks back
_SAMPLE: Final = 64 << 10  # bytes by which it is decided whether packing is worth it
_WORTH: Final = 0.97  # of its size is what the sample must shrink to, at the most
_LEVEL: Final = 6


class Block(NamedTuple):
    """One block of one file, packed."""

    number: int  # of the file
    method: int
    data: bytes
    crc: int  # of the file up to here
    size: int  # bytes of the file in this block
    is_first: bool
    is_last: bool


class _Job(NamedTuple):
    block: Block  # without its data
    packing: "Future[tuple[int, bytes]]"  # method and data


def packed_blocks(sources: Sequence[NamedSource]) -> Iterator[Block]:
    """Yield the blocks of all *sources* in their order.

    Raises:
        CannotRead: a source does not open, or changed while it was being read.
    """
    workers = min(os.cpu_count() or 1, 8)
    waiting: deque[_Job] = deque()
    with ThreadPoolExecutor(workers, "deflate") as pool:
        try:
            for number, source in enumerate(sources):
                for job in _jobs(pool, number, source):
                    waiting.append(job)
                    # Enough for every core, and no more than fits in memory.
                    while len(waiting) > 2 * workers:
                        yield _done(waiting.popleft())
            while waiting:
                yield _done(waiting.popleft())
        finally:
            for job in waiting:
                job.packing.cancel()


def _done(job: _Job) -> Block:
    method, data = job.packing.result()
    return job.block._replace(method=method, data=data)


def _jobs(pool: ThreadPoolExecutor, number: int, source: NamedSource) -> Iterator[_Job]:
    method, crc, before, done = STORED, 0, b"", 0
    for data in contents(source, _BLOCK):
        is_first, is_last = not done, done + len(data) == source.size
        done += len(data)
        crc = zlib.crc32(data, crc)
        block = Block(number, method, b"", crc, len(data), is_first, is_last)
        if is_first and is_last and len(data) <= _SAMPLE:
            yield _Job(block, pool.submit(_try, data))
            continue
        if is_first:
            method = _try(data[:_SAMPLE])[0]
        yield _Job(block, pool.submit(_pack, method, data, before, is_last))
        before = data[-_WINDOW:]
    if not done:
        nothing = Block(number, STORED, b"", 0, 0, is_first=True, is_last=True)
        yield _Job(nothing, pool.submit(_pack, STORED, b"", b"", True))


def _try(data: bytes) -> tuple[int, bytes]:
    """Pack what is small, and keep it as it is where that is not worth it."""
    method, packed = _pack(DEFLATE, data, b"", True)
    return (method, packed) if len(packed) < len(data) * _WORTH else (STORED, data)


def _pack(method: int, data: bytes, before: bytes, is_last: bool) -> tuple[int, bytes]:
    if method == STORED:
        return method, data
    if before:
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=before)
    else:
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(data)
    return method, packed + packer.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)
