"""The digest of content that passes by, taken beside whatever else is done with it."""

from hashlib import new
from queue import SimpleQueue
from threading import Thread
from typing import Final

_SMALL: Final = 2 << 20  # bytes; below, a thread costs more than it saves
_GROUP: Final = 16  # pieces that are handed over at once: each time wakes somebody up
_WAITING: Final = 4  # groups that may wait for the thread

Piece = bytes | memoryview


class PassingDigest:
    """Hashes pieces in another thread where there are many; a context that ends the thread."""

    def __init__(self, name: str, size: int) -> None:
        """Take the digest *name* of `hashlib` of about *size* bytes."""
        self._digest = new(name)
        self._group: list[Piece] = []
        self._groups: SimpleQueue[list[Piece]] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()  # as a semaphore, at a tenth of its cost
        self._thread: Thread | None = None
        if size >= _SMALL:
            self._thread = Thread(target=self._run, name="digest", daemon=True)
            for _ in range(_WAITING):
                self._room.put(None)

    def __enter__(self) -> "PassingDigest":
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def update(self, piece: Piece) -> None:
        """Hash *piece*, which nobody may change any more."""
        if self._thread is None:
            self._digest.update(piece)
            return
        self._group.append(piece)
        if len(self._group) == _GROUP:
            self._hand_over()

    def digest(self) -> bytes:
        """Return the digest of all that has passed; nothing more may follow."""
        self._end()
        return self._digest.digest()

    def _hand_over(self) -> None:
        self._room.get()
        self._groups.put(self._group)
        self._group = []

    def _end(self) -> None:
        if self._thread is not None:
            if self._group:
                self._hand_over()
            self._groups.put([])
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while group := self._groups.get():
            for piece in group:
                self._digest.update(piece)
            self._room.put(None)
