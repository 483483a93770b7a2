"""A source that must stay as it was planned until it is copied."""

import os
import stat
import sys
from collections.abc import Iterator
from errno import ENXIO
from typing import Final, NoReturn

from media.source import FileRange, NamedSource
from reporting import CannotRead

# Not blocking: a pipe in a file's place would wait for its other end for ever.
OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_STATUS_BLOCK: Final = 512  # bytes that a file's status counts as one
_PREAD: Final = hasattr(os, "pread")


class WatchedFile:
    """One file of a source, open."""

    __slots__ = ("_before", "fd", "is_sparse", "path")

    def __init__(self, path: str, source: NamedSource) -> None:
        """Open *path* of *source*.

        Raises:
            CannotRead: it does not open, is no file, or is not what was planned.
        """
        self.path = path
        try:
            self.fd = os.open(path, OPEN_FLAGS)
        except OSError as error:
            raise not_read(path, error) from error
        try:
            self._before = os.fstat(self.fd)
            self._refuse_unlike_plan(source)
            self.is_sparse = is_sparse(self._before)
        except BaseException:
            self.close()
            raise

    def read(self, offset: int, length: int) -> bytes:
        """Return at least one and at most *length* bytes from byte *offset* on.

        Raises:
            CannotRead: the file ends there by now, or is damaged.
        """
        try:
            data = read_at(self.fd, length, offset)
        except OSError as error:
            raise not_read(self.path, error) from error
        return data or _refuse_change(self.path)

    def stored(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield first byte and end of what is stored from *start* to *end*; the rest is zeros."""
        if not self.is_sparse:
            yield start, end
            return
        while start < end:
            try:
                first = os.lseek(self.fd, start, os.SEEK_DATA)
                after = os.lseek(self.fd, first, os.SEEK_HOLE)
            except OSError as error:
                if error.errno != ENXIO:  # which says that there is no more than a hole
                    yield start, end
                return
            if first >= end:
                return
            if after <= first:  # a file system that knows no holes after all
                after = end
            yield first, min(after, end)
            start = after

    def refuse_changed(self) -> None:
        """Raise CannotRead where the file is another than it was when it was opened."""
        now, before = os.fstat(self.fd), self._before
        if now.st_size != before.st_size or now.st_mtime_ns != before.st_mtime_ns:
            _refuse_change(self.path)

    def close(self) -> None:
        try:  # noqa: SIM105 (suppress() takes as long as the call, thousands of times)
            os.close(self.fd)
        except OSError:
            pass

    def _refuse_unlike_plan(self, source: NamedSource) -> None:
        if stat.S_ISBLK(self._before.st_mode):
            return  # Its size is not in its status, and it cannot grow.
        if not stat.S_ISREG(self._before.st_mode):
            raise CannotRead("is not a file", self.path, "Take it out of the sources")
        for part in source.parts:
            if isinstance(part, FileRange) and part.path == self.path:
                self._refuse_other_size(part, alone=len(source.parts) == 1)

    def _refuse_other_size(self, part: FileRange, *, alone: bool) -> None:
        before = self._before
        if part.stamp is not None and part.stamp != (before.st_mtime_ns, before.st_ino):
            _refuse_change(self.path)
        size = before.st_size
        planned = part.file_size
        if planned is None and alone and part.offset == 0:
            planned = part.length  # A file that is taken from its start and on its own: all of it.
        if size < part.offset + part.length or (planned is not None and size != planned):
            _refuse_change(self.path)


def is_sparse(status: os.stat_result) -> bool:
    # Other systems have the calls, but have not always told the truth.
    return sys.platform == "linux" and status.st_blocks * _STATUS_BLOCK < status.st_size


def hole_bytes(path: str) -> int:
    """Return how many bytes of a file are holes; 0 where that cannot be told."""
    try:
        status = os.stat(path)  # noqa: PTH116 (no object per file)
    except OSError:
        return 0  # Whoever opens it tells why not.
    return status.st_size - status.st_blocks * _STATUS_BLOCK if is_sparse(status) else 0


def read_at(descriptor: int, length: int, offset: int) -> bytes:
    """Return up to *length* bytes from byte *offset* of an open file on."""
    if _PREAD:
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, length)


def not_read(path: str, error: OSError) -> CannotRead:
    """Return the error to raise where the operating system refused to read *path*."""
    return CannotRead(
        f"cannot be read ({error.strerror})", path, "Check the file, the medium and your permission"
    )


def _refuse_change(path: str) -> NoReturn:
    raise CannotRead(
        "changed while it was being read", path, "Leave the sources alone, then start again"
    )
