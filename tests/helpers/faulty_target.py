"""A stick in memory that fails the way sticks do, and an image to put on it."""

import random
from collections.abc import Callable, Generator

from drivers.block_device import ReadFailed
from drivers.transport import DeviceGone
from reporting import CannotWrite

MIB = 1 << 20


class FaultyTarget:
    """A `drivers.block_device.BlockTarget`. What was written is kept at once, or not at all."""

    name = "/dev/sdx"

    def __init__(self, size: int = 8 * MIB, block: int = 512, *, really: int = 0) -> None:
        self.size, self.block, self.read_only = size, block, False
        self._really = really or size  # bytes; behind these it begins again
        self.content = bytearray(random.Random(7).randbytes(self._really))  # noqa: S311 (test data)
        self.log: list[str] = []
        self.bad: list[range] = []  # bytes that are not read
        self.dull: list[range] = []  # bytes that take nothing
        self.crossed: dict[int, int] = {}  # blocks that lead to another one
        self.full_at = size
        self.at_write: Callable[[int, int], None] = lambda number, offset: None
        self.writes = 0

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        assert not offset % self.block
        assert not len(data) % self.block
        assert offset >= 0
        assert offset + len(data) <= self.size
        self.writes += 1
        self.at_write(self.writes, offset)
        if offset + len(data) > self.full_at:
            raise CannotWrite("takes no more", self.name, "Use another stick")
        self.log.append(f"write {offset}+{len(data)}")
        for at in range(0, len(data), self.block):
            here = offset + at
            if not any(here in span for span in self.dull):
                where = self.crossed.get(here, here % self._really)
                self.content[where : where + self.block] = data[at : at + self.block]

    def pread(self, length: int, offset: int) -> bytes:
        if any(offset < bad.stop and offset + length > bad.start for bad in self.bad):
            raise ReadFailed("damaged", self.name, "Use another stick", offset, length)
        self.log.append(f"read {offset}+{length}")
        if any(offset <= at < offset + length for at in self.crossed):
            return self._pieced(length, offset)
        where = [at % self._really for at in range(offset, offset + length, self._really)]
        if len(where) == 1 and where[0] + length <= self._really:
            return bytes(self.content[where[0] : where[0] + length])
        return bytes(self.content[at % self._really] for at in range(offset, offset + length))

    def _pieced(self, length: int, offset: int) -> bytes:
        blocks = range(offset - offset % self.block, offset + length, self.block)
        starts = [self.crossed.get(at, at) for at in blocks]
        data = b"".join(self.content[at : at + self.block] for at in starts)
        return data[offset % self.block :][:length]

    def flush(self) -> None:
        self.log.append("flush")

    def close(self) -> None:
        self.log.append("close")


def unplugged(name: str = "/dev/sdx") -> DeviceGone:
    return DeviceGone("the device is not there any more", name, "Plug it in again")


class Image:
    """A stream of noise, the same each time, whose beginning looks like a boot sector."""

    def __init__(self, size: int, seed: int = 1) -> None:
        self.size = size
        data = bytearray(random.Random(seed).randbytes(size))  # noqa: S311 (test data)
        data[510:512] = b"\x55\xaa"
        self.data = bytes(data[:size])

    def pieces(self, start: int = 0, length: int = MIB) -> Generator[memoryview, None, None]:
        view = memoryview(self.data)
        for at in range(start, self.size, length):
            yield view[at : at + length]
