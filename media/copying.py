"""Bytes from sources into an open file, moved by the kernel where it can, checked for change."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, NoReturn

from media.aside import NO_SPACE, not_written
from media.source import FileRange, NamedSource
from reporting import CannotRead

BATCH: Final = 4 << 20  # bytes moved by one call; progress and interruptions come between
_PLAIN_BATCH: Final = 1 << 20  # bytes that pass through this process when the kernel cannot

Mover = Callable[[int, int, int, int, int], int]
Step = Callable[[int], None]  # told the position up to which the target is written


class Copier:
    """Copies sources into one open file. Remembers which of the kernel's ways work there."""

    def __init__(self, target: int, where: str) -> None:
        self._target, self._where = target, where  # descriptor; what errors call it
        self._movers = list(_MOVERS)

    def copy(self, source: NamedSource, position: int, step: Step) -> None:
        """Write the content of *source* from byte *position* of the target on.

        Raises:
            CannotRead: a file of the source is shorter or longer than planned, or was changed
                while it was read, or does not open.
            CannotWrite: the target takes no more.
        """
        opened: dict[str, _WatchedFile] = {}
        try:
            for part in source.parts:
                if isinstance(part, bytes):
                    self.write(part, position)
                    position += len(part)
                else:
                    file = opened.get(part.path)
                    if file is None:
                        file = opened[part.path] = _WatchedFile(part.path, source)
                    position = self._copy_range(file, part, position, step)
            for file in opened.values():
                file.refuse_changed()
        finally:
            for file in opened.values():
                file.close()
        step(position)

    def write(self, data: bytes, position: int) -> None:
        """Write *data* at byte *position* of the target.

        Raises:
            CannotWrite: the target takes no more.
        """
        try:
            os.lseek(self._target, position, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(self._target, left) :]
        except OSError as error:
            raise not_written(error, self._where) from error

    def read(self, length: int, position: int) -> bytes:
        """Return what stands at byte *position* of the target.

        Raises:
            CannotRead: it does not read back.
        """
        try:
            os.lseek(self._target, position, os.SEEK_SET)
            return os.read(self._target, length)
        except OSError as error:
            raise _not_read(self._where, error) from error

    def _copy_range(self, file: "_WatchedFile", part: FileRange, position: int, step: Step) -> int:
        offset, left = part.offset, part.length
        while left:
            moved = self._move(file, offset, position, min(left, BATCH))
            offset += moved
            position += moved
            left -= moved
            if left:
                step(position)
        return position

    def _move(self, file: "_WatchedFile", offset: int, position: int, length: int) -> int:
        while self._movers:
            try:
                moved = self._movers[0](file.fd, offset, self._target, position, length)
            except OSError as error:
                if error.errno in NO_SPACE:
                    raise not_written(error, self._where) from error
                # Not between these two file systems, not for such a file, or a bad sector: the
                # plain way works or tells which side failed.
                del self._movers[0]
            else:
                if moved:
                    return moved
                break  # The end of the file, or a file system that lies about it.
        data = file.read(offset, min(length, _PLAIN_BATCH))
        self.write(data, position)
        return len(data)


class _WatchedFile:
    """A source that must stay as it was planned until it is copied."""

    __slots__ = ("_before", "fd", "path")

    def __init__(self, path: str, source: NamedSource) -> None:
        self.path = path
        try:
            # Not blocking: a pipe in a file's place would wait for its other end for ever.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            self.fd = os.open(path, flags)
        except OSError as error:
            raise _not_read(path, error) from error
        try:
            self._before = os.fstat(self.fd)
            self._refuse_unlike_plan(source)
        except BaseException:
            self.close()
            raise

    def read(self, offset: int, length: int) -> bytes:
        try:
            os.lseek(self.fd, offset, os.SEEK_SET)
            data = os.read(self.fd, length)
        except OSError as error:
            raise _not_read(self.path, error) from error
        return data or _refuse_change(self.path)

    def refuse_changed(self) -> None:
        now, before = os.fstat(self.fd), self._before
        if now.st_size != before.st_size or now.st_mtime_ns != before.st_mtime_ns:
            _refuse_change(self.path)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self.fd)

    def _refuse_unlike_plan(self, source: NamedSource) -> None:
        if stat.S_ISBLK(self._before.st_mode):
            return  # Its size is not in its status, and it cannot grow.
        if not stat.S_ISREG(self._before.st_mode):
            raise CannotRead("is not a file", self.path, "Take it out of the sources")
        for part in source.parts:
            if not isinstance(part, bytes) and part.path == self.path:
                self._refuse_other_size(part, alone=len(source.parts) == 1)

    def _refuse_other_size(self, part: FileRange, *, alone: bool) -> None:
        if part.stamp is not None and part.stamp != (self._before.st_mtime_ns, self._before.st_ino):
            _refuse_change(self.path)
        size = self._before.st_size
        planned = part.file_size
        if planned is None and alone and part.offset == 0:
            planned = part.length  # A file that is taken from its start and on its own: all of it.
        if size < part.offset + part.length or (planned is not None and size != planned):
            _refuse_change(self.path)


def _refuse_change(path: str) -> NoReturn:
    raise CannotRead(
        "changed while it was being read", path, "Leave the sources alone, then start again"
    )


def _not_read(path: str, error: OSError) -> CannotRead:
    return CannotRead(
        f"cannot be read ({error.strerror})", path, "Check the file, the medium and your permission"
    )


def _copy_file_range(source: int, offset: int, target: int, position: int, length: int) -> int:
    return os.copy_file_range(source, target, length, offset, position)


def _sendfile(source: int, offset: int, target: int, position: int, length: int) -> int:
    os.lseek(target, position, os.SEEK_SET)
    return os.sendfile(target, source, offset, length)


_MOVERS: Final[tuple[Mover, ...]] = (
    *((_copy_file_range,) if hasattr(os, "copy_file_range") else ()),
    # Elsewhere than on Linux sendfile() writes to sockets only.
    *((_sendfile,) if sys.platform == "linux" else ()),
)


def contents(source: NamedSource, length: int) -> Iterator[bytes]:
    """Yield the content of *source* in pieces of *length* bytes, the last one shorter.

    Raises:
        CannotRead: as `Copier.copy` does.
    """
    opened: dict[str, _WatchedFile] = {}
    waiting = bytearray()
    try:
        for piece in _pieces(source, opened, length):
            waiting += piece
            while len(waiting) >= length:
                yield bytes(waiting[:length])
                del waiting[:length]
        for file in opened.values():
            file.refuse_changed()
        if waiting:
            yield bytes(waiting)
    finally:
        for file in opened.values():
            file.close()


def _pieces(source: NamedSource, opened: dict[str, _WatchedFile], length: int) -> Iterator[bytes]:
    for part in source.parts:
        if isinstance(part, bytes):
            yield part
            continue
        if part.path not in opened:
            opened[part.path] = _WatchedFile(part.path, source)
        position, end = part.offset, part.offset + part.length
        while position < end:
            piece = opened[part.path].read(position, min(length, end - position))
            yield piece
            position += len(piece)
