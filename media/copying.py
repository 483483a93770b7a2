"""Bytes from sources into an open file, moved by the kernel where it can, checked for change."""

import os
import sys
from collections.abc import Callable, Iterator
from stat import S_ISREG
from typing import Final

from media.aside import NO_SPACE, not_written
from media.iso9660.names import shown
from media.pieces import cut
from media.source import FileRange, NamedSource, Streamed
from media.watched_file import OPEN_FLAGS, WatchedFile, is_sparse, not_read, read_at
from reporting import CannotRead

__all__ = ["BATCH", "Copier", "Step", "behind", "contents", "digest_of", "runs", "zeros"]

BATCH: Final = 4 << 20  # bytes moved by one call; progress and interruptions come between
_PLAIN_BATCH: Final = 1 << 20  # bytes that pass through this process when the kernel cannot
_ZEROS: Final = bytes(_PLAIN_BATCH)

# Moves bytes as os.copy_file_range() does: from a descriptor, to another one, how many, from which
# byte, to which byte; returns how many it moved.
Mover = Callable[[int, int, int, int, int], int]
Step = Callable[[int], None]  # told the position up to which the target is written


class Copier:
    """Copies sources into one open file. Remembers which of the kernel's ways work there."""

    def __init__(
        self, target: int, where: str, *, is_empty: bool = False, mover: Mover | None = None
    ) -> None:
        """Write to the open file *target*, which errors call *where*.

        Args:
            target: a descriptor.
            where: the name of the target.
            is_empty: whether all of the target reads as zeros, to its full length. Then nothing is
                written where a source has holes, and the target has them too.
            mover: a way to be tried before the kernel's.
        """
        self._target, self._where, self._is_empty = target, where, is_empty
        self._movers: list[Mover] = [*([mover] if mover else ()), *_MOVERS]
        self._at_once = self._movers[0] if mover or hasattr(os, "copy_file_range") else None

    def copy(self, source: NamedSource, position: int, step: Step) -> None:
        """Write the content of *source* from byte *position* of the target on.

        Raises:
            CannotRead: a file of the source is shorter or longer than planned, or was changed
                while it was read, or does not open.
            CannotWrite: the target takes no more.
        """
        first = source.parts[0] if len(source.parts) == 1 else None
        if isinstance(first, FileRange):
            if not self._copied_at_once(first, position):
                self._copy_alone(first, source, position, step)
            step(position + first.length)
            return
        opened: dict[str, WatchedFile] = {}
        try:
            for part in source.parts:
                if isinstance(part, bytes):
                    self.write(part, position)
                    position += len(part)
                elif isinstance(part, Streamed):
                    position = self._copy_streamed(part, source, position, step)
                else:
                    file = opened.get(part.path)
                    if file is None:
                        file = opened[part.path] = WatchedFile(part.path, source)
                    self._copy_range(file, part, position, step)
                    position += part.length
            for file in opened.values():
                file.refuse_changed()
        finally:
            for file in opened.values():
                file.close()
        step(position)

    def _copy_alone(self, part: FileRange, source: NamedSource, position: int, step: Step) -> None:
        """Copy a source that is one run of one file, as most are."""
        file = WatchedFile(part.path, source)
        try:
            self._copy_range(file, part, position, step)
            file.refuse_changed()
        finally:
            file.close()

    def _copy_streamed(self, part: Streamed, source: NamedSource, position: int, step: Step) -> int:
        for piece in streamed(part, source):
            self.write(piece, position)
            position += len(piece)
            step(position)
        return position

    def _copied_at_once(self, part: FileRange, position: int) -> bool:
        """Copy a small file of which everything is as planned; False: nothing is to be trusted.

        With no more than the five calls that it takes: for a file of a few thousand bytes all else
        costs as much as these. Whatever is not as it should be is left to `WatchedFile`, which
        looks again and says what it is.
        """
        path, offset, length, file_size, stamp = part
        move = self._at_once
        if move is None or not 0 < length <= BATCH:
            return False
        try:
            file = os.open(path, OPEN_FLAGS)
        except OSError:
            return False
        try:
            before = os.fstat(file)
            size = before.st_size
            whole = length if file_size is None and not offset else file_size
            if (
                not S_ISREG(before.st_mode)
                or (size != whole if whole is not None else size < offset + length)
                or is_sparse(before)
                or (stamp is not None and stamp != (before.st_mtime_ns, before.st_ino))
                or move(file, self._target, length, offset, position) != length
            ):
                return False
            after = os.fstat(file)
            return after.st_size == size and after.st_mtime_ns == before.st_mtime_ns
        except OSError:
            self._at_once = None  # not on these file systems
            return False
        finally:
            os.close(file)

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
            return read_at(self._target, length, position)
        except OSError as error:
            raise not_read(self._where, error) from error

    def _copy_range(self, file: WatchedFile, part: FileRange, position: int, step: Step) -> None:
        shift = position - part.offset  # from the file to the target
        end = part.offset + part.length
        if self._is_empty and file.is_sparse:
            for start, stop in file.stored(part.offset, end):
                self._copy_run(file, start, stop, shift, step)
                step(stop + shift)
        else:
            self._copy_run(file, part.offset, end, shift, step)

    def _copy_run(self, file: WatchedFile, start: int, end: int, shift: int, step: Step) -> None:
        while start < end:
            start += self._move(file, start, start + shift, min(end - start, BATCH))
            if start < end:
                step(start + shift)

    def _move(self, file: WatchedFile, offset: int, position: int, length: int) -> int:
        while self._movers:
            try:
                moved: int = self._movers[0](file.fd, self._target, length, offset, position)
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


def _copy_file_range(source: int, target: int, length: int, offset: int, position: int) -> int:
    return os.copy_file_range(source, target, length, offset, position)


def _sendfile(source: int, target: int, length: int, offset: int, position: int) -> int:
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
    return cut(runs(source), length)


def digest_of(source: NamedSource) -> str:
    """Return the SHA-256 of *source*, in lower-case hexadecimal.

    Raises:
        CannotRead: as `Copier.copy` does.
    """
    from hashlib import sha256

    digest = sha256()
    for run in runs(source):
        digest.update(run)
    return digest.hexdigest()


def runs(source: NamedSource, start: int = 0) -> Iterator[bytes]:
    """Yield the content of *source* from its byte *start* on, in runs of up to 1 MiB.

    Raises:
        CannotRead: as `Copier.copy` does.
    """
    opened: dict[str, WatchedFile] = {}
    try:
        for part in source.parts:
            length = len(part) if isinstance(part, bytes) else part.length
            if start and start >= length:
                start -= length
                continue
            if isinstance(part, bytes):
                yield part[start:]
            elif isinstance(part, Streamed):
                yield from behind(streamed(part, source), start)
            else:
                file = opened.get(part.path)
                if file is None:
                    file = opened[part.path] = WatchedFile(part.path, source)
                yield from _runs_of(file, part.offset + start, part.offset + length)
            start = 0
        for file in opened.values():
            file.refuse_changed()
    finally:
        for file in opened.values():
            file.close()


def streamed(part: Streamed, source: NamedSource) -> Iterator[bytes]:
    """Yield what is made for *part* of *source*.

    Raises:
        CannotRead: it is not as long as was planned; what stands behind it would be displaced.
    """
    left = part.length
    for piece in part.pieces():
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise CannotRead(
            f"was planned with {part.length:,} bytes and has other ones now",
            shown(source.name),
            "Leave the sources alone, then start again",
        )


def behind(pieces: Iterator[bytes], skipped: int) -> Iterator[bytes]:
    """Yield *pieces* without the first *skipped* bytes."""
    for piece in pieces:
        if skipped < len(piece):
            yield piece[skipped:]
        skipped = max(skipped - len(piece), 0)


def _runs_of(file: WatchedFile, position: int, end: int) -> Iterator[bytes]:
    for start, stop in file.stored(position, end):
        yield from zeros(start - position)
        position = start
        while position < stop:
            run = file.read(position, min(_PLAIN_BATCH, stop - position))
            yield run
            position += len(run)
    yield from zeros(end - position)


def zeros(length: int) -> Iterator[bytes]:
    """Yield *length* zeros in runs of up to 1 MiB; none where it is negative."""
    for _ in range(length // _PLAIN_BATCH):
        yield _ZEROS
    if length > 0 and length % _PLAIN_BATCH:
        yield _ZEROS[: length % _PLAIN_BATCH]
