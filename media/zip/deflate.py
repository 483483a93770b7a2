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
from media.zip.records import DEFLATE, STORED

_BLOCK: Final = 1 << 20  # bytes that are packed at once
_WINDOW: Final = 32 << 10  # bytes that Deflate looks back
_SAMPLE: Final = 64 << 10  # bytes by which it is decided whether packing is worth it
_WORTH: Final = 0.97  # of its size is what the sample must shrink to, at the most
_LEVEL: Final = 6
_TOGETHER: Final = 256  # small files that are packed in one go


class Block(NamedTuple):
    """One block of one file."""

    number: int  # of the file
    method: int
    data: bytes  # packed, in the end
    crc: int  # of the file up to here
    size: int  # bytes of the file in this block
    is_first: bool
    is_last: bool


def packed_blocks(sources: Sequence[NamedSource]) -> Iterator[Block]:
    """Yield the blocks of all *sources* in their order.

    Raises:
        CannotRead: a source does not open, or changed while it was being read.
    """
    workers = min(os.cpu_count() or 1, 8)
    waiting: deque[Future[list[Block]]] = deque()
    with ThreadPoolExecutor(workers, "deflate") as pool:
        try:
            for job in _jobs(pool, sources):
                waiting.append(job)
                # Enough for every core, and no more than fits in memory.
                while len(waiting) > 2 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for job in waiting:
                job.cancel()


def _jobs(
    pool: ThreadPoolExecutor, sources: Sequence[NamedSource]
) -> Iterator["Future[list[Block]]"]:
    small: list[Block] = []  # to be packed in one go: handing over costs more than packing one
    size = 0
    for number, source in enumerate(sources):
        is_small = source.size <= _SAMPLE
        if is_small:
            small.append(_whole(number, source))
            size += source.size
        if small and (not is_small or size >= _BLOCK or len(small) >= _TOGETHER):
            yield pool.submit(_try_all, small)
            small, size = [], 0
        if not is_small:
            yield from _large(pool, number, source)
    if small:
        yield pool.submit(_try_all, small)


def _whole(number: int, source: NamedSource) -> Block:
    data = b"".join(contents(source, _BLOCK))
    return Block(number, STORED, data, zlib.crc32(data), len(data), is_first=True, is_last=True)


def _large(
    pool: ThreadPoolExecutor, number: int, source: NamedSource
) -> Iterator["Future[list[Block]]"]:
    method, crc, before, done = STORED, 0, b"", 0
    for data in contents(source, _BLOCK):
        is_first, is_last = not done, done + len(data) == source.size
        if is_first:
            method = _try(data[:_SAMPLE])[0]
        done += len(data)
        crc = zlib.crc32(data, crc)
        block = Block(number, method, data, crc, len(data), is_first, is_last)
        yield pool.submit(_pack_one, block, before)
        before = data[-_WINDOW:]


def _try_all(blocks: list[Block]) -> list[Block]:
    """Pack files that are small, each as it is best."""
    packed = []
    for block in blocks:
        method, data = _try(block.data)
        packed.append(block._replace(method=method, data=data))
    return packed


def _pack_one(block: Block, before: bytes) -> list[Block]:
    _, data = _pack(block.method, block.data, before, block.is_last)
    return [block._replace(data=data)]


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
