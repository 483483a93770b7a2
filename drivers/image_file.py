"""Image files and block devices, read only: a drive that needs no drive."""

import os
import stat
from pathlib import Path
from threading import Lock

from drivers.closing import ClosesItself
from reporting import CannotRead


class ImageFile(ClosesItself):
    """A regular file or a block device as one run of bytes; close it or use it as a context."""

    __slots__ = ("_fd", "_seek_lock", "path", "size")

    def __init__(self, fd: int, path: str, size: int) -> None:
        self._fd, self.path, self.size = fd, path, size  # size in bytes
        self._seek_lock = Lock()

    def fileno(self) -> int:
        return self._fd

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on.

        Raises:
            CannotRead: the image ends before, or the medium is damaged there.
        """
        if length < 0 or offset < 0 or offset + length > self.size:
            raise CannotRead(
                f"{length} bytes at byte {offset} are beyond its end at {self.size}",
                self.path,
                "The image is cut off or damaged; make a new copy of the medium",
            )
        pieces = []
        while length:
            piece = self._read_some(length, offset)
            pieces.append(piece)
            length -= len(piece)
            offset += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read_some(self, length: int, offset: int) -> bytes:
        try:
            piece = self._pread(length, offset)
        except OSError as error:
            raise CannotRead(
                f"cannot be read at byte {offset} ({error.strerror})",
                self.path,
                "Clean the medium or try another drive",
            ) from error
        if not piece:
            raise CannotRead(
                f"ends at byte {offset} though it was {self.size} bytes long when it was opened",
                self.path,
                "Leave the file alone while it is read, then try again",
            )
        return piece

    def _pread(self, length: int, offset: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._fd, length, offset)
        with self._seek_lock:  # Windows has no positioned reads.
            os.lseek(self._fd, offset, os.SEEK_SET)
            return os.read(self._fd, length)


def open_image(path: str | Path) -> ImageFile:
    """Open a regular file or a block device for reading.

    Raises:
        CannotRead: there is nothing of that name, no permission, or it is neither of the two.
    """
    where = str(path)
    try:
        # Looked at before it is opened: opening a pipe would wait for its other end.
        if not _is_readable_kind(os.stat(where).st_mode):  # noqa: PTH116 (one stat, no object)
            raise CannotRead(
                "is neither a file nor a block device", where, "Name an image file or a drive"
            )
        fd = os.open(where, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _not_opened(where, error) from error
    try:
        return ImageFile(fd, where, os.lseek(fd, 0, os.SEEK_END))
    except OSError as error:
        os.close(fd)
        raise _not_opened(where, error) from error


def _is_readable_kind(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def _not_opened(where: str, error: OSError | ValueError) -> CannotRead:
    why = error.strerror if isinstance(error, OSError) else error
    return CannotRead(
        f"cannot be opened ({why})",
        where,
        "Check the name, that a medium is inserted, and that you may read it",
    )
