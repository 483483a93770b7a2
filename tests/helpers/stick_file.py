"""A stick in a file, for the tests of what is written on sticks."""

from pathlib import Path
from typing import Final

from drivers.block_device import ReadFailed

_USED: Final = 1 << 20  # bytes that hold something before it is written


class Stick:
    """A file that is written as a stick is; one place may fail, or keep something else."""

    read_only = False

    def __init__(self, path: Path, size: int, *, block: int = 512) -> None:
        self.name, self.size, self.block = "/dev/stick", size, block
        self.path, self.bad, self.lies = path, -1, -1
        path.write_bytes(b"\xa5" * _USED)
        with path.open("r+b") as file:
            file.truncate(size)

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        assert not offset % self.block
        assert not len(data) % self.block
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(data)
            if offset <= self.lies < offset + len(data):
                file.seek(self.lies)
                file.write(b"\x17")

    def pread(self, length: int, offset: int) -> bytes:
        if offset <= self.bad < offset + length:
            raise ReadFailed("is damaged", self.name, "Use another", offset, length)
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def flush(self) -> None: ...
    def close(self) -> None: ...
