"""Bytes read straight into a mapping of the file that is written.

Alone that is slower than a copy in the kernel. But the kernel lets in one writer of a file at a
time, and a mapping does not ask it: with another process that writes the same file it is quicker.
"""

import mmap
import os
from typing import Final

# Bytes mapped at once: more than one call moves, and little beside what a process needs anyway.
_WINDOW: Final = 16 << 20


class MappedTarget:
    """A window through which one open file is written, wherever that is wanted next."""

    def __init__(self) -> None:
        """Map nothing yet."""
        self._view, self._start = memoryview(b""), 0

    def move(self, source: int, target: int, length: int, offset: int, position: int) -> int:
        """Move bytes as os.copy_file_range() does: not more than there are, and not all of many.

        Raises:
            OSError: the file cannot be mapped, or the source not be read. EFAULT: the file system
                of the target has no space left.
        """
        first = position - self._start
        if first < 0 or first + length > len(self._view):
            self._map(target, position)
            first = position - self._start
        return os.preadv(source, [self._view[first : first + length]], offset)

    def _map(self, target: int, position: int) -> None:
        self._view.release()
        self._view = memoryview(b"")  # in case that the next line fails
        start = position - position % mmap.ALLOCATIONGRANULARITY
        length = min(_WINDOW, os.fstat(target).st_size - start)
        self._view, self._start = memoryview(mmap.mmap(target, length, offset=start)), start
