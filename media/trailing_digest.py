"""SHA-256 of an image while it is being written: threads that follow the copier and read back.

hashlib frees the interpreter while it works, so two threads hash on the other core what the
kernel has just moved. They read the image itself, so the digests are those of what is there.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Condition, Thread
from typing import Final, NamedTuple

from media.source import Name
from reporting import CannotRead

_CHUNK: Final = 1 << 20  # bytes; stays in the processor's cache between reading and hashing
_STRIDE: Final = 4 << 20  # bytes the copier goes on before it wakes the others


class Span(NamedTuple):
    """Where a file's content is in the image."""

    name: Name
    start: int  # byte
    size: int  # bytes


class _Stopped(Exception):
    """The copier has failed: there will be no more."""


class Watermark:
    """How far the image is written. The copier moves it, the hashing threads wait for it."""

    def __init__(self) -> None:
        self._moved = Condition()
        self._told = 0
        self._stopped = False

    def advance(self, position: int) -> None:
        """Say that the image is written up to *position*; seldom wakes anyone."""
        if position - self._told >= _STRIDE:
            self.tell(position)

    def tell(self, position: int) -> None:
        """Say that the image is written up to *position*, and wake whoever waits."""
        with self._moved:
            self._told = position
            self._moved.notify_all()

    def stop(self) -> None:
        with self._moved:
            self._stopped = True
            self._moved.notify_all()

    def wait_beyond(self, position: int) -> int:
        """Return how far the image is written, once that is beyond *position*."""
        with self._moved:
            while self._told <= position:
                if self._stopped:
                    raise _Stopped
                self._moved.wait()
            return self._told


class TrailingDigests:
    """Hashes an image and the files in it while it is written; a context that ends its threads."""

    def __init__(self, path: Path, size: int, spans: Sequence[Span]) -> None:
        """Follow the image at *path*; *spans* in ascending order, those without size too."""
        self.watermark = Watermark()
        self._image = _Follower(path, self.watermark, lambda f: _hash_image(f, size))
        self._digests: dict[Name, str] = {}
        self._files = _Follower(path, self.watermark, lambda f: self._hash_files(f, spans))

    def __enter__(self) -> "TrailingDigests":
        self._image.thread.start()
        self._files.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.watermark.stop()
        self._image.thread.join()
        self._files.thread.join()

    def of_files(self) -> dict[Name, str]:
        """Return the digests of the files once the image is written up to the last of them."""
        self._files.result()
        return self._digests

    def of_image(self) -> str:
        """Return the image's digest once it is written to its end."""
        return self._image.result()

    def _hash_files(self, window: "_Window", spans: Sequence[Span]) -> str:
        for name, start, size in spans:
            digest = sha256()
            while size:
                piece = window.at(start, size)
                digest.update(piece)
                start += len(piece)
                size -= len(piece)
            self._digests[name] = digest.hexdigest()
        return ""


class _Follower:
    """One thread over its own view of the image."""

    def __init__(self, path: Path, watermark: Watermark, work: "Callable[[_Window], str]") -> None:
        self._path, self._watermark, self._work = path, watermark, work
        self._result = ""
        self._error: BaseException | None = None
        self.thread = Thread(target=self._run, name="digest", daemon=True)

    def result(self) -> str:
        self.thread.join()
        if isinstance(self._error, OSError):
            raise CannotRead(
                f"does not read back ({self._error.strerror})",
                str(self._path),
                "Check the disk, then start again",
            ) from self._error
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            with _Window(self._path, self._watermark) as window:
                self._result = self._work(window)
        except BaseException as error:
            self._error = error


class _Window:
    """A stretch of the image in memory that slides forward."""

    def __init__(self, path: Path, watermark: Watermark) -> None:
        self._file = path.open("rb", buffering=0)
        self._watermark = watermark
        self._buffer = memoryview(bytearray(_CHUNK))
        self._start = self._end = 0

    def __enter__(self) -> "_Window":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def at(self, position: int, length: int) -> memoryview:
        """Return what is at *position*: at least one byte, at most *length*; valid until next."""
        if not self._start <= position < self._end:
            self._slide(position)
        offset = position - self._start
        return self._buffer[offset : min(offset + length, self._end - self._start)]

    def _slide(self, position: int) -> None:
        written = self._watermark.wait_beyond(position)
        self._file.seek(position)
        count = self._file.readinto(self._buffer[: written - position])
        if not count:
            raise CannotRead(
                f"ends at byte {position} while it is being written",
                str(self._file.name),
                "Leave the target alone, then start again",
            )
        self._start, self._end = position, position + count


def _hash_image(window: _Window, size: int) -> str:
    digest = sha256()
    position = 0
    while position < size:
        piece = window.at(position, size - position)
        digest.update(piece)
        position += len(piece)
    return digest.hexdigest()
