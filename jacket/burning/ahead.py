"""Reads so far ahead of a drive that a source which stalls for seconds does not run it dry."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Condition, Thread
from typing import Final, Self

_STALL: Final = 3.0  # seconds that a source may stall: two, and what the drive takes meanwhile
_LEAST: Final = 16 << 20  # bytes
_MOST: Final = 256 << 20  # bytes

Pieces = Generator[memoryview, None, None]


def depth_for(speed: int | None) -> int:
    """Return the bytes to have ready for a drive that writes *speed* kB/s (of 1,000 bytes)."""
    return int(min(max((speed or 0) * 1000 * _STALL, _LEAST), _MOST))


class Ahead:
    """Pieces that another thread has ready; a context in which that thread is at work.

    The first piece is handed out when as many bytes as possible are ready: what a drive has begun
    it does not like to wait for.
    """

    def __init__(self, pieces: Pieces, depth: int) -> None:
        """Take *pieces*, of which up to *depth* bytes are ready."""
        self._pieces, self._depth = pieces, depth
        self._moved = Condition()
        self._ready: deque[memoryview] = deque()
        self._bytes = 0  # that are ready
        self._is_left = self._is_over = self._is_begun = False
        self._error: BaseException | None = None
        self._thread = Thread(target=self._fill, name="burn ahead", daemon=True)
        self.waits = 0  # times that nothing was ready
        self.lowest = depth  # bytes that were ready at worst before the source came to its end

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._moved:
            self._is_left = True
            self._moved.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[memoryview]:
        """Yield the pieces; what their source raises is raised after those before.

        What it raises before the first piece is handed out comes at once: nothing is begun then.
        """
        with self._moved:
            self._moved.wait_for(lambda: self._is_over or self._bytes >= self._depth)
        while self._error is None or self._is_begun:
            with self._moved:
                was_dry = not self._ready
                self._moved.wait_for(lambda: self._is_over or self._ready)
                if not self._ready:
                    break
                self._note(was_dry=was_dry)
                piece = self._ready.popleft()
                self._bytes -= len(piece)
                self._moved.notify_all()
            self._is_begun = True
            yield piece
        if self._error is not None:
            raise self._error

    def _note(self, *, was_dry: bool) -> None:
        """Remember how near it was to running dry; at the end of the source it may."""
        self.waits += was_dry
        if not self._is_over:
            self.lowest = 0 if was_dry else min(self.lowest, self._bytes)

    def _fill(self) -> None:
        try:
            with closing(self._pieces):
                for piece in self._pieces:
                    if not self._put(piece):
                        break
        except BaseException as error:
            self._error = error
        with self._moved:
            self._is_over = True
            self._moved.notify_all()

    def _put(self, piece: memoryview) -> bool:
        with self._moved:
            self._moved.wait_for(lambda: self._is_left or self._bytes < self._depth)
            self._ready.append(piece)
            self._bytes += len(piece)
            self._moved.notify_all()
            return not self._is_left
