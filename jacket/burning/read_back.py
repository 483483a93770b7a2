"""Reads back every block that was written, from the medium itself, and finds what differs."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from drivers.mmc.recording_errors import UnreadableBlocks
from jacket.burning.digests import BLOCK, CHUNK, CHUNK_BYTES, ChunkDigests
from jacket.burning.rescue_map import RescueMap
from reporting import FilmjacketError, Progress

# A medium that fails so often is a failed one, and every failure takes a drive many seconds.
_MOST_FAILURES: Final = 64  # runs that are skipped before the rest is not tried any more
_MOST_RETRIES: Final = 512  # blocks that are tried alone
_LONGEST_RETRIES: Final = 600.0  # seconds

Expected = Callable[[int, int], bytes]  # byte, length → what was to be written there


class Reader(Protocol):
    """What blocks are read from; a `drivers.mmc.recorder.Recorder` is one."""

    def read(self, start: int, blocks: int, *, fresh: bool = True) -> Iterator[bytes]:
        """Yield blocks in rising order, or raise UnreadableBlocks."""


class ReadBack(NamedTuple):
    """What came of reading back."""

    map: RescueMap
    unreadable: int  # blocks
    differing: int  # blocks that read, and are not what was written
    retried: int  # blocks that could be read only when they were asked for alone
    seconds: float
    broken_off: str = ""  # why not all was read, where that was the drive's doing

    @property
    def is_good(self) -> bool:
        """Whether every block is on the medium as it was written."""
        return self.map.is_good and not self.broken_off


def read_back(
    reader: Reader,
    blocks: int,
    digests: ChunkDigests,
    expected: Expected,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> ReadBack:
    """Compare *blocks* from block 0 on with what was written.

    What cannot be read is skipped, and asked for block by block at the end. It never takes
    for ever: a medium that fails again and again is left with blocks that were not tried.

    Args:
        reader: of the medium.
        blocks: that were written.
        digests: of what was written.
        expected: gives what was to be written; asked only where something is wrong.
        progress: told of "read back" in bytes.
        clock: in seconds.
    """
    work = _ReadBack(reader, blocks, digests, expected, progress, clock)
    begun = clock()
    broken_off = ""
    try:
        work.all()
        work.single_blocks()
    except FilmjacketError as error:  # The drive, not a block: nothing more can be read.
        broken_off = str(error)
    unreadable = work.map.count("-", "*") - work.differing
    return ReadBack(work.map, unreadable, work.differing, work.retried, clock() - begun, broken_off)


class _ReadBack:
    """One medium that is being read back."""

    def __init__(
        self,
        reader: Reader,
        blocks: int,
        digests: ChunkDigests,
        expected: Expected,
        progress: Progress,
        clock: Callable[[], float],
    ) -> None:
        self._reader, self._blocks = reader, blocks
        self._digests, self._expected = digests, expected
        self._progress, self._clock = progress, clock
        self.map = RescueMap(blocks)
        self.differing = self.retried = 0

    def all(self) -> None:
        """Read everything once, in rising order."""
        at, failures = 0, 0
        while at < self._blocks and failures <= _MOST_FAILURES:
            try:
                at = self._run(at, fresh=not at)
            except UnreadableBlocks as error:
                failures += 1
                first = error.start // CHUNK * CHUNK
                at = min(-(-(error.start + max(error.blocks, 1)) // CHUNK) * CHUNK, self._blocks)
                self.map.put(first, at - first, "*")

    def _run(self, start: int, *, fresh: bool) -> int:
        """Read from the beginning of a chunk on to the end, or to what is not readable."""
        chunk = bytearray()
        at = start
        for data in self._reader.read(start, self._blocks - start, fresh=fresh):
            chunk += data
            while len(chunk) >= CHUNK_BYTES:
                self._compare(at, bytes(chunk[:CHUNK_BYTES]))
                del chunk[:CHUNK_BYTES]
                at += CHUNK
        if chunk:
            self._compare(at, bytes(chunk))
        return self._blocks

    def _compare(self, start: int, data: bytes) -> None:
        count = len(data) // BLOCK
        if self._digests.is_same(start // CHUNK, data):
            self.map.put(start, count, "+")
        else:
            self._find_differing(start, data)
        self._progress("read back", (start + count) * BLOCK, self._blocks * BLOCK)

    def _find_differing(self, start: int, data: bytes) -> None:
        """Note which blocks of a chunk that was read are not as they should be."""
        count = len(data) // BLOCK
        wanted = self._expected(start * BLOCK, len(data))
        wrong = [n for n in range(count) if _block(data, n) != _block(wanted, n)]
        self.map.put(start, count, "+")
        for number in wrong or range(count):  # Where none is found all are under suspicion.
            self.map.put(start + number, 1, "-")
        self.differing += len(wrong) or count

    def single_blocks(self) -> None:
        """Ask once more, and one by one, for what was skipped."""
        deadline = self._clock() + _LONGEST_RETRIES
        failures = 0
        for run in self.map.of("*"):
            for start in range(run.start, run.end, CHUNK):
                count = min(CHUNK, run.end - start)
                wanted = self._expected(start * BLOCK, count * BLOCK)
                for number in range(count):
                    if failures > _MOST_RETRIES or self._clock() > deadline:
                        return
                    failures += not self._single(start + number, _block(wanted, number))

    def _single(self, block: int, wanted: bytes) -> bool:
        """Read one block; return whether that went."""
        data = self._try(block) or self._try(block)
        if data is None:
            self.map.put(block, 1, "-")
            return False
        self.retried += 1
        self.differing += data != wanted
        self.map.put(block, 1, "+" if data == wanted else "-")
        return True

    def _try(self, block: int) -> bytes | None:
        with suppress(UnreadableBlocks):
            return b"".join(self._reader.read(block, 1, fresh=False))
        return None


def _block(data: bytes, number: int) -> bytes:
    return data[number * BLOCK : (number + 1) * BLOCK]
