"""Pieces of any length, made into writes of one length: whole blocks, padded at the end. Pure."""

from collections.abc import Iterable, Iterator

Bytes = bytes | memoryview


def writes(
    pieces: Iterable[Bytes], length: int, between: tuple[int, int], padded: int
) -> Iterator[Bytes]:
    """Yield what is to be written, *length* bytes at a time; the last may be shorter.

    A piece that is as long as a write, or a multiple of it, is handed on without being copied.

    Args:
        pieces: bytes; more or fewer than there should be are an error of whoever makes them.
        length: bytes of one write.
        between: bytes in all: more than the first number, at most the second.
        padded: bytes with the zeros that follow.

    Raises:
        ValueError: the pieces are not as many bytes.
    """
    rest, came = bytearray(), 0
    low, high = between
    for piece in pieces:
        came += len(piece)
        if came > high:
            raise ValueError(f"more than the {high} bytes that were to come")
        view = memoryview(piece)
        if rest:
            cut = min(length - len(rest), len(view))
            rest += view[:cut]
            view = view[cut:]
            if len(rest) == length:
                yield bytes(rest)
                rest.clear()
        whole = len(view) - len(view) % length
        for at in range(0, whole, length):
            yield view[at : at + length]
        rest += view[whole:]
    if came <= low:
        raise ValueError(f"{came} bytes of the {high} that were to come")
    yield from _zeros_after(rest, padded - came, length)


def _zeros_after(rest: bytearray, zeros: int, length: int) -> Iterator[bytes]:
    if rest:
        fill = min(zeros, length - len(rest))
        yield bytes(rest) + bytes(fill)
        zeros -= fill
    while zeros > 0:
        yield bytes(min(zeros, length))
        zeros -= length
