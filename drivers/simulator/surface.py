"""The recorded blocks of a simulated medium; memory goes with what was written, not with size."""

from typing import Final

BLOCK: Final = 2048  # bytes (MMC-6 4.2.4)
_CHUNK: Final = 32  # blocks kept together


class Surface:
    """Blocks by address, which may be below zero (the pre-gap of a CD). Unwritten ones are zero."""

    def __init__(self, block: int = BLOCK) -> None:
        self.block = block
        self._chunks: dict[int, bytearray] = {}
        self.top = 0  # the block after the highest that was ever written

    def write(self, lba: int, data: bytes | bytearray | memoryview) -> None:
        view, blocks, done = memoryview(data), len(data) // self.block, 0
        zeros = bytes(_CHUNK * self.block)
        while done < blocks:
            number, at = divmod(lba + done, _CHUNK)
            count = min(_CHUNK - at, blocks - done)
            piece = view[done * self.block : (done + count) * self.block]
            done += count
            chunk = self._chunks.get(number)
            if chunk is None:
                if piece == zeros[: len(piece)]:
                    continue  # They are there already.
                chunk = self._chunks[number] = bytearray(_CHUNK * self.block)
            chunk[at * self.block : (at + count) * self.block] = piece
        self.top = max(self.top, lba + blocks)

    def read(self, lba: int, blocks: int) -> bytes:
        pieces: list[bytes] = []
        while blocks > 0:
            number, at = divmod(lba, _CHUNK)
            count = min(_CHUNK - at, blocks)
            chunk = self._chunks.get(number)
            piece = bytes(count * self.block)
            if chunk is not None:
                piece = bytes(chunk[at * self.block : (at + count) * self.block])
            pieces.append(piece)
            lba, blocks = lba + count, blocks - count
        return b"".join(pieces)

    def clear(self) -> None:
        self._chunks.clear()
        self.top = 0


class Nowhere(Surface):
    """What a test recording writes to: nothing stays."""

    def write(self, lba: int, data: bytes | bytearray | memoryview) -> None:
        """Take the data and forget them."""
