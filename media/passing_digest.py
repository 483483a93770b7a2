"""SHA-256 of an image and of the files in it, computed on another core while its bytes pass.

hashlib frees the interpreter while it works. One thread hashes the image, another the files, both
from the same pieces; they stop whoever brings these only when they are a few pieces behind.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from queue import Queue
from threading import Thread
from typing import Final, Self

from media.source import Name
from media.volume_plan import Span

_WAITING: Final = 4  # pieces that may wait for a thread
# Pieces that may be in use after `feed`, the last one included: another is in the thread's hands.
IN_USE: Final = _WAITING + 1

Buffer = bytes | memoryview
Piece = tuple[int, Buffer]  # the byte of the image at which it begins, what is there


class PassingDigests:
    """Hashes what it is given of an image; a context in which its threads are at work.

    What passes a second time is not hashed again, so that an image whose writing goes on somewhat
    before where it stopped is hashed as if nothing had happened.
    """

    def __init__(self, spans: Sequence[Span], *, image: bool) -> None:
        """Look for files at *spans*, in ascending order, those without size too."""
        self._spans, self._wants_image = spans, image
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing has passed."""
        self._image = _ImageHash()
        self._files = _FileHashes(self._spans)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        self._workers = [
            _Worker(hashing)
            for hashing, is_wanted in (
                (self._image.take, self._wants_image),
                (self._files.take, bool(self._spans)),
            )
            if is_wanted
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers = []

    def feed(self, position: int, data: Buffer) -> None:
        """Say that *data* is what stands at byte *position* of the image.

        It must not change until it has been followed by as many as `IN_USE` says.
        """
        for worker in self._workers:
            worker.queue.put((position, data))

    def of_files(self) -> dict[Name, str]:
        """Return the digests of those files that have passed whole, in their order."""
        self._catch_up()
        done = self._files.done
        return {span.name: done[span.name] for span in self._spans if span.name in done}

    def of_image(self, size: int) -> str | None:
        """Return the digest of an image of *size* bytes; None unless all of them have passed."""
        self._catch_up()
        return self._image.digest.hexdigest() if self._image.at == size else None

    def _catch_up(self) -> None:
        for worker in self._workers:
            worker.catch_up()


class _Worker:
    """One thread that does one thing with every piece."""

    def __init__(self, take: Callable[[int, Buffer], None]) -> None:
        self.queue: Queue[Piece | None] = Queue(_WAITING)
        self._take = take
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def catch_up(self) -> None:
        """Wait until everything is done that it was given."""
        self.queue.join()
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """End it when everything is done that it was given."""
        self.queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (piece := self.queue.get()) is not None:
            try:
                self._take(*piece)
            except BaseException as error:  # Who brings pieces must not wait for ever.
                self._error = error
            self.queue.task_done()


class _ImageHash:
    def __init__(self) -> None:
        self.at = 0  # byte up to which it is hashed
        self.digest = sha256()

    def take(self, position: int, data: Buffer) -> None:
        # What lies behind a gap is of no use any more.
        if position <= self.at < position + len(data):
            self.digest.update(memoryview(data)[self.at - position :])
            self.at = position + len(data)


class _FileHashes:
    def __init__(self, spans: Sequence[Span]) -> None:
        self.done = {span.name: sha256().hexdigest() for span in spans if not span.size}
        self._spans = [span for span in spans if span.size]
        self._number = 0  # of the span that is hashed
        self._digest = sha256()
        self._hashed = 0  # bytes of that span

    def take(self, position: int, data: Buffer) -> None:
        view, end = memoryview(data), position + len(data)
        while self._number < len(self._spans):
            span = self._spans[self._number]
            begin = span.start + self._hashed
            if begin >= end:
                return
            if begin < position:  # Some of it has not passed.
                self._next()
                continue
            piece = view[begin - position : span.start + span.size - position]
            self._digest.update(piece)
            self._hashed += len(piece)
            if self._hashed < span.size:
                return
            self.done[span.name] = self._digest.hexdigest()
            self._next()

    def _next(self) -> None:
        self._number += 1
        self._digest, self._hashed = sha256(), 0
