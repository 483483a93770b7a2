"""SHA-256 of an image while it is being written: a thread follows the copier and reads back.

It reads the image itself, so the digests are those of what is there. Each byte is read once for
the digest of the image and for that of the file which it is in.
"""

from collections.abc import Sequence
from itertools import cycle
from mmap import mmap
from pathlib import Path
from threading import Condition, Thread
from typing import Final

from media.passing_digest import IN_USE, PassingDigests
from media.source import Name
from media.volume_plan import Span
from reporting import CannotRead

_CHUNK: Final = 1 << 20  # bytes; stays in the processor's cache between reading and hashing
_STRIDE: Final = 4 << 20  # bytes the copier goes on before it wakes the others


class _Stopped(Exception):
    """Whoever moves the watermark has failed: there will be no more."""


class Watermark:
    """How far something has come. One moves it, others wait for it."""

    def __init__(self) -> None:
        self._moved = Condition()
        self._told = 0
        self._stopped = False

    def advance(self, position: int) -> None:
        """Say that *position* is reached; seldom wakes anyone."""
        if position - self._told >= _STRIDE:
            self.tell(position)

    def tell(self, position: int) -> None:
        """Say that *position* is reached, and wake whoever waits."""
        with self._moved:
            self._told = position
            self._moved.notify_all()

    def stop(self) -> None:
        with self._moved:
            self._stopped = True
            self._moved.notify_all()

    def wait_beyond(self, position: int) -> int:
        """Return how far it has come, once that is beyond *position*."""
        with self._moved:
            while self._told <= position:
                if self._stopped:
                    raise _Stopped
                self._moved.wait()
            return self._told


class TrailingDigests:
    """Hashes an image and the files in it while it is written; a context that ends its threads.

    The copier tells `watermark` how far the image is written.
    """

    def __init__(self, path: Path, size: int, spans: Sequence[Span]) -> None:
        """Follow the image at *path*.

        Args:
            path: the image, which is there when the context is entered.
            size: bytes of the image; 0: the digest of all of it is not wanted.
            spans: where the files are, in ascending order, those without size too.
        """
        self.watermark = Watermark()
        self._path, self._size = path, size
        self._end_of_files = max((span.start + span.size for span in spans), default=0)
        self._digests = PassingDigests(spans, image=size > 0)
        self._read = Watermark()
        self._error: BaseException | None = None
        self._reader = Thread(target=self._run, name="read back", daemon=True)

    def __enter__(self) -> "TrailingDigests":
        self._digests.__enter__()
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.watermark.stop()
        self._reader.join()
        self._digests.__exit__()

    def of_files(self) -> dict[Name, str]:
        """Return the digests of the files once the image is written up to the last of them."""
        try:
            self._read.wait_beyond(self._end_of_files - 1)
        except _Stopped:
            self._raise_error()
        return self._digests.of_files()

    def of_image(self) -> str:
        """Return the image's digest once it is written to its end."""
        self._reader.join()
        self._raise_error()
        digest = self._digests.of_image(self._size)
        if digest is None:
            raise AssertionError("read to its end and not hashed to its end")
        return digest

    def _raise_error(self) -> None:
        if isinstance(self._error, OSError):
            raise CannotRead(
                f"does not read back ({self._error.strerror})",
                str(self._path),
                "Check the disk, then start again",
            ) from self._error
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._read_back(max(self._size, self._end_of_files))
        except BaseException as error:
            self._error = error
        finally:
            self._read.stop()

    def _read_back(self, end: int) -> None:
        buffers = cycle(_buffers(IN_USE + 1))
        position = 0
        with self._path.open("rb", buffering=0) as image:
            while position < end:
                written = min(self.watermark.wait_beyond(position), end)
                buffer = next(buffers)[: written - position]
                image.seek(position)
                count = image.readinto(buffer)
                if not count:
                    raise CannotRead(
                        f"ends at byte {position} while it is being written",
                        str(self._path),
                        "Leave the target alone, then start again",
                    )
                self._digests.feed(position, buffer[:count])
                position += count
                self._read.tell(position)


def _buffers(number: int) -> list[memoryview]:
    # Whole pages: the kernel takes four times as long to copy to where none begins.
    pages = memoryview(mmap(-1, number * _CHUNK))
    return [pages[at : at + _CHUNK] for at in range(0, len(pages), _CHUNK)]
