"""Reads so far ahead of a drive that a source which stalls for seconds does not run it dry."""

from collections.abc import Generator, Iterator
from typing import Final

from media.read_ahead import Shelf

_STALL: Final = 3.0  # seconds that a source may stall: two, and what the drive takes meanwhile
_LEAST: Final = 16 << 20  # bytes
_MOST: Final = 256 << 20  # bytes

Pieces = Generator[memoryview, None, None]


def depth_for(speed: int | None) -> int:
    """Return the bytes to have ready for a drive that writes *speed* kB/s (of 1,000 bytes)."""
    return int(min(max((speed or 0) * 1000 * _STALL, _LEAST), _MOST))


class Ahead(Shelf[memoryview]):
    """Pieces that another thread has ready; a context in which that thread is at work.

    The first piece is handed out when as many bytes as possible are ready: what a drive has begun
    it does not like to wait for.
    """

    def __init__(self, pieces: Pieces, depth: int) -> None:
        """Take *pieces*, of which up to *depth* bytes are ready."""
        super().__init__(pieces, depth, len)
        self.waits = 0  # times that nothing was ready
        self.lowest = depth  # bytes that were ready at worst before the source came to its end

    def __iter__(self) -> Iterator[memoryview]:
        """Yield the pieces; what their source raises is raised after those before.

        What it raises before the first piece is handed out comes at once: nothing is begun then.
        """
        self.wait_until_full()
        yield from self.taken()

    def _note(self, *, was_dry: bool) -> None:
        """Remember how near it was to running dry; at the end of the source it may."""
        self.waits += was_dry
        if not self._is_over:
            self.lowest = 0 if was_dry else min(self.lowest, self._weight)
