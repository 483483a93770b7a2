"""Bytes that come in runs of any length, cut into pieces of one length."""

from collections.abc import Iterator


class Cutter:
    """Makes pieces of what it is given; keeps less than one of them."""

    def __init__(self, length: int) -> None:
        self._length = length  # bytes of a piece
        self._waiting: list[bytes | memoryview] = []
        self._filled = 0

    def put(self, run: bytes) -> Iterator[bytes]:
        """Yield the pieces that *run* completes."""
        if len(run) == self._length and not self._waiting:
            yield run
            return
        view = memoryview(run)
        while self._filled + len(view) >= self._length:
            cut = self._length - self._filled
            self._waiting.append(view[:cut])
            view = view[cut:]
            piece = self.rest()
            self._waiting, self._filled = [], 0
            yield piece
        if view:
            self._waiting.append(view)
            self._filled += len(view)

    def rest(self) -> bytes:
        """Return what is no whole piece yet; it stays."""
        return b"".join(self._waiting)


def cut(runs: Iterator[bytes], length: int) -> Iterator[bytes]:
    """Yield the bytes of all *runs* in pieces of *length* bytes, the last one shorter."""
    cutter = Cutter(length)
    for run in runs:
        yield from cutter.put(run)
    if rest := cutter.rest():
        yield rest
