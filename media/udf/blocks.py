"""Reads blocks of an image in larger pieces: structures lie side by side, and are tiny."""

from typing import Final

from media.entry import BlockReader
from reporting import CannotRead

_WINDOW: Final = 64 << 10  # bytes read at once
_WINDOWS: Final = 16  # kept


class Blocks:
    """An image whose last pieces are kept, because walking a tree goes to and fro between them."""

    def __init__(self, image: BlockReader) -> None:
        self._image = image
        self.size = image.size  # bytes
        self._windows: dict[int, bytes] = {}

    def read(self, at: int, length: int) -> bytes | None:
        """Return the *length* bytes at byte *at*; None where they cannot be read."""
        if at < 0 or length < 0 or at + length > self.size:
            return None
        start = at - at % _WINDOW
        if at + length > start + _WINDOW:
            return self._straight(at, length)
        window = self._windows.get(start)
        if window is None:
            window = self._straight(start, min(_WINDOW, self.size - start))
            if window is None:  # One bad block takes no others along.
                return self._straight(at, length)
            while len(self._windows) >= _WINDOWS:
                del self._windows[next(iter(self._windows))]
            self._windows[start] = window
        return window[at - start : at - start + length]

    def read_tolerant(self, at: int, length: int, block: int) -> tuple[bytes, bool]:
        """Return *length* bytes with zeros for what cannot be read, and whether all could be."""
        data = self.read(at, length)
        if data is not None:
            return data, True
        pieces = []
        for start in range(at, at + length, block):
            step = min(block, at + length - start)
            piece = self.read(start, step)
            pieces.append(bytes(step) if piece is None else piece)
        return b"".join(pieces), False

    def _straight(self, at: int, length: int) -> bytes | None:
        try:
            return self._image.pread(length, at)
        except CannotRead:
            return None
