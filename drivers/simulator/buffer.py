"""A drive's own memory: it takes data fast, and the medium takes them slowly."""

from collections import deque
from typing import Final

from drivers.simulator.surface import BLOCK

SIZE: Final = 2 << 20  # bytes, as drives of today have it


class Buffer:
    """Blocks that wait to be recorded."""

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self.filled = 0  # bytes
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._credit = 0.0  # bytes that the medium could have taken beyond whole pieces

    @property
    def room(self) -> int:
        return self.size - self.filled

    def put(self, lba: int, data: bytes) -> None:
        self._waiting.append((lba, data))
        self.filled += len(data)

    def drain(self, bytes_: float) -> list[tuple[int, bytes]]:
        """Return what the medium took of *bytes_* that it could take."""
        self._credit += bytes_
        done: list[tuple[int, bytes]] = []
        while self._waiting and self._credit >= BLOCK:
            lba, data = self._waiting.popleft()
            whole = min(len(data), int(self._credit) // BLOCK * BLOCK)
            done.append((lba, data[:whole]))
            if whole < len(data):
                self._waiting.appendleft((lba + whole // BLOCK, data[whole:]))
            self._credit -= whole
            self.filled -= whole
        if not self._waiting:
            self._credit = 0.0
        return done

    def drop(self) -> list[tuple[int, int]]:
        """Forget everything; return address and blocks of each piece, the oldest first."""
        lost = [(lba, len(data) // BLOCK) for lba, data in self._waiting]
        self._waiting.clear()
        self.filled, self._credit = 0, 0.0
        return lost
