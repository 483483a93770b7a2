"""A medium in a drive, read at any place as an image is: all that a reader has of it."""

import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Protocol

from drivers import ImageFile
from jacket.burning.digests import BLOCK, CHUNK, CHUNK_BYTES

_KEPT: Final = 256  # chunks that stay in memory: 16 MiB


class Reader(Protocol):
    """What blocks are read from; a `drivers.mmc.recorder.Recorder` is one."""

    def read(self, start: int, blocks: int, *, fresh: bool = True) -> Iterator[bytes]:
        """Yield blocks in rising order, or raise CannotRead."""


class DriveImage(ImageFile):
    """Blocks of a drive as one run of bytes. It does not close the drive."""

    __slots__ = ("_chunks", "_is_first", "_reader")

    def __init__(self, reader: Reader, name: str, blocks: int) -> None:
        """Read from *reader*, which errors call *name*, its first *blocks*."""
        # Who asks the descriptor what it is hears what a drive would say: not a file.
        super().__init__(os.open(os.devnull, os.O_RDONLY), name, blocks * BLOCK)
        self._reader = reader
        self._chunks: OrderedDict[int, bytes] = OrderedDict()
        self._is_first = True

    def _read_some(self, length: int, offset: int) -> bytes:
        number, skipped = divmod(offset, CHUNK_BYTES)
        return self._chunk(number)[skipped : skipped + length]

    def _chunk(self, number: int) -> bytes:
        found = self._chunks.get(number)
        if found is not None:
            self._chunks.move_to_end(number)
            return found
        start = number * CHUNK
        count = min(CHUNK, self.size // BLOCK - start)
        data = b"".join(self._reader.read(start, count, fresh=self._is_first))
        self._is_first = False
        self._chunks[number] = data
        if len(self._chunks) > _KEPT:
            self._chunks.popitem(last=False)
        return data
