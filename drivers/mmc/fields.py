"""An answer of a drive: as long as it says itself, and never longer than what came."""


class Fields:
    """Reads numbers from an answer; what is beyond its end is 0.

    Drives answer with fewer bytes than the standard lists, and hosts' controllers with more than
    the drive sent: the length that stands in the answer itself is the one that counts.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes, stated: int | None = None) -> None:
        self.data = data if stated is None else data[: max(stated, 0)]

    def __len__(self) -> int:
        return len(self.data)

    def number(self, at: int, length: int = 1) -> int:
        """Return the big-endian number of *length* bytes, 0 where it is not all there."""
        piece = self.data[at : at + length]
        return int.from_bytes(piece, "big") if len(piece) == length else 0

    def signed(self, at: int) -> int:
        """Return four bytes as an address, which may be before block 0 (MMC-6: CD)."""
        value = self.number(at, 4)
        return value - (1 << 32) if value >= 1 << 31 else value

    def bits(self, at: int, mask: int) -> int:
        """Return those bits of a byte that *mask* names, as a number."""
        return (self.number(at) & mask) // (mask & -mask)


def stated_length(data: bytes, width: int) -> int:
    """Return how long an answer is that begins with the length of what follows."""
    return width + int.from_bytes(data[:width], "big") if len(data) >= width else 0
