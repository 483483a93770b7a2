"""Digests of every 64 KiB that went to a medium, so that reading back finds what differs."""

from collections.abc import Generator
from hashlib import sha256
from typing import Final

BLOCK: Final = 2048  # bytes
CHUNK: Final = 32  # blocks with one digest; two DVD units of error correction, one of BD
CHUNK_BYTES: Final = CHUNK * BLOCK
BEGINNING: Final = 2 * CHUNK  # blocks: the descriptors of a volume, with its label and its clock
_LENGTH: Final = 16  # bytes of a digest that are kept: half of SHA-256, chance has no say in it

Pieces = Generator[memoryview, None, None]


class ChunkDigests:
    """Filled while the bytes pass for the first time; then compared with what reads back."""

    def __init__(self) -> None:
        self._digests = bytearray()

    def of(self, pieces: Pieces) -> Pieces:
        """Yield *pieces*, whose length is a multiple of a chunk's but for the last; note them."""
        self._digests.clear()
        for piece in pieces:
            for at in range(0, len(piece), CHUNK_BYTES):
                self._digests += _digest(piece[at : at + CHUNK_BYTES])
            yield piece

    @property
    def beginning(self) -> bytes:
        """Return what a volume is known by: the digests of its first `BEGINNING` blocks."""
        return bytes(self._digests[: BEGINNING // CHUNK * _LENGTH])

    def is_same(self, number: int, data: bytes | memoryview) -> bool:
        """Tell whether *data* is what passed as the chunk of this *number*, counted from 0."""
        at = number * _LENGTH
        return bytes(self._digests[at : at + _LENGTH]) == _digest(data)


def beginning_of(data: bytes) -> bytes:
    """Return what `ChunkDigests.beginning` is of a volume that begins with these blocks."""
    return b"".join(
        _digest(data[at : at + CHUNK_BYTES]) for at in range(0, BEGINNING * BLOCK, CHUNK_BYTES)
    )


def _digest(data: bytes | memoryview) -> bytes:
    return sha256(data).digest()[:_LENGTH]
