"""Reading and writing past the system's cache: what is read back comes from the device itself."""

import mmap
import os
from threading import Lock
from typing import Final

_PIECE: Final = 1 << 20  # bytes in one request; the kernel cuts it as the device likes
_UNSEEN: Final = 16 << 20  # bytes that may wait in a cache that cannot be avoided
_DIRECT: Final = getattr(os, "O_DIRECT", 0)


class DirectFile:
    """A descriptor of a block device, or of a file, for transfers of whole blocks.

    Data pass through one buffer of whole pages, as direct transfers require. Where the system has
    no direct transfers, its cache is emptied before every read.
    All methods raise OSError.
    """

    def __init__(self, fd: int, block: int) -> None:
        """Take over *fd*; *block* is the length of a block in bytes."""
        self._fd, self._block = fd, block
        self._direct = _make_direct(fd)
        self._buffer = mmap.mmap(-1, _PIECE)
        self._view = memoryview(self._buffer)
        self._waiting = 0  # bytes that were written to a cache
        self._lock = Lock()  # there is one buffer

    def fileno(self) -> int:
        return self._fd

    def read(self, length: int, offset: int) -> bytes:
        """Return *length* bytes from byte *offset* on; fewer only at the end."""
        skipped = offset % self._block
        at, end = offset - skipped, offset + length
        pieces = []
        with self._lock:
            if not self._direct:
                self._forget()
            while at < end:
                whole = -(-(end - at) // self._block) * self._block
                count = os.preadv(self._fd, [self._view[: min(whole, _PIECE)]], at)
                pieces.append(bytes(self._view[skipped : min(count, end - at)]))
                skipped = 0
                if not count:
                    break
                at += count
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, data: bytes | memoryview, offset: int) -> None:
        """Write whole blocks from byte *offset* on."""
        view = memoryview(data)
        with self._lock:
            while view:
                length = min(len(view), _PIECE)
                self._view[:length] = view[:length]
                count = os.pwritev(self._fd, [self._view[:length]], offset)
                if not count:  # A device writes something or says why not.
                    raise OSError(0, "nothing was written")
                view, offset = view[count:], offset + count
                self._note(count)

    def flush(self) -> None:
        """Return when all that was written is on the device."""
        os.fsync(self._fd)
        self._waiting = 0

    def close(self) -> None:
        """Close the descriptor. Closing twice does no harm."""
        if self._fd >= 0:
            self._view.release()
            self._buffer.close()
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _note(self, count: int) -> None:
        """Let no more wait in a cache than the progress that is told can hide."""
        self._waiting += 0 if self._direct else count
        if self._waiting >= _UNSEEN:
            self.flush()

    def _forget(self) -> None:
        if self._waiting:
            self.flush()
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)


def _make_direct(fd: int) -> bool:
    """Switch direct transfers on; some file systems have none."""
    try:
        import fcntl

        if _DIRECT:
            fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | _DIRECT)
            return True
        fcntl.fcntl(fd, getattr(fcntl, "F_NOCACHE"), 1)  # noqa: B009 (macOS has it alone)
    except (ImportError, AttributeError, OSError):
        return False
    return True
