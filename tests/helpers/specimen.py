"""An image file that is injured in place and healed again: large sparse ones cost little."""

import os
from pathlib import Path

from drivers.closing import ClosesItself


class Specimen(ClosesItself):
    """An image; what is written to it lasts until it is healed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("r+b", buffering=0)
        self.whole = self.size = path.stat().st_size  # bytes: of the good one, and now
        self.runs = list(self._data())  # (first byte, content) of what is not a hole
        self._wounds: list[tuple[int, bytes]] = []
        self._is_cut = False

    def read(self, at: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, at)

    def write(self, at: int, data: bytes) -> None:
        data = data[: max(self.size - at, 0)]
        self._wounds.append((at, self.read(at, len(data))))
        os.pwrite(self._file.fileno(), data, at)

    def cut(self, size: int) -> None:
        os.ftruncate(self._file.fileno(), size)
        self.size, self._is_cut = size, True

    def shift(self, at: int, remove: int, insert: bytes) -> None:
        """Take bytes out and put others in, so that what follows moves."""
        tail = self.read(at + remove, self.size)
        self.cut(at)
        os.pwrite(self._file.fileno(), insert + tail, at)
        self.size = at + len(insert) + len(tail)

    def heal(self) -> None:
        if self._is_cut:
            os.ftruncate(self._file.fileno(), 0)
            os.ftruncate(self._file.fileno(), self.whole)
            self._wounds = self.runs
        for at, data in reversed(self._wounds):
            os.pwrite(self._file.fileno(), data, at)
        self.size, self._is_cut, self._wounds = self.whole, False, []

    def find_all(self, mark: bytes, step: int = 1) -> list[int]:
        """Return where *mark* begins, at multiples of *step* of the image."""
        found = []
        for start, data in self.runs:
            at = data.find(mark)
            while at >= 0:
                if (start + at) % step == 0:
                    found.append(start + at)
                at = data.find(mark, at + 1)
        return found

    def _data(self) -> list[tuple[int, bytes]]:
        runs, at, descriptor = [], 0, self._file.fileno()
        while at < self.whole:
            try:
                start = os.lseek(descriptor, at, os.SEEK_DATA)
            except OSError:  # Only a hole is left.
                break
            at = os.lseek(descriptor, start, os.SEEK_HOLE)
            runs.append((start, self.read(start, at - start)))
        return runs

    def close(self) -> None:
        self._file.close()
