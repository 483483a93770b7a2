"""How large things will be before they are made: for plans and proposals, never for writing."""

from typing import Final

from dicomdir.elements import BadEncoding, iterate_elements
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, TRANSFER_SYNTAXES, Kind

_NUMBERS: Final = {
    0x00280002: "samples",
    0x00280010: "rows",
    0x00280011: "columns",
    0x00280100: "allocated",
}
_NUMBER_OF_FRAMES: Final = 0x00280008
_HEAD: Final = 4096  # bytes of a data set without its pixels, roughly
_MOST_FRAMES: Final = 1_000_000  # beyond that a number is nonsense
# What is left of native cells after compression, roughly.
_WITHOUT_LOSS: Final = 0.4
_WITH_LOSS: Final = 0.2


def size_after(size: int, syntax: str, facts: bytes, target: str, *, lossy: bool = False) -> int:
    """Return about how many bytes a file will have once it is in *target*.

    Args:
        size: bytes of the file as it is.
        syntax: transfer syntax that it has.
        facts: `Instance.facts`, for the size of the image.
        target: transfer syntax that it will have; "" or its own: it stays as large as it is.
        lossy: it will be compressed with loss.
    """
    row = TRANSFER_SYNTAXES.get(syntax)
    if not target or target == syntax or row is None:
        return size
    cells = native_bytes(facts)
    # The data set around the pixels is as large as before; of compressed ones nobody knows it.
    head = size - cells if row.kind is not Kind.FRAMES and cells <= size else _HEAD
    if target != EXPLICIT_LITTLE:
        return int(cells * (_WITH_LOSS if lossy else _WITHOUT_LOSS)) + head
    return max(size, cells + head) if row.kind is Kind.FRAMES else size


def native_bytes(facts: bytes) -> int:
    """Return the bytes of an image's pixels when they are not compressed; 0 when unknown."""
    values = {"samples": 1, "rows": 0, "columns": 0, "allocated": 0}
    frames = 1
    try:
        for tag, _, _, value, after in iterate_elements(facts):
            if tag in _NUMBERS and after - value == 2:
                values[_NUMBERS[tag]] = int.from_bytes(facts[value:after], "little")
            elif tag == _NUMBER_OF_FRAMES:
                frames = _whole(facts[value:after])
    except BadEncoding:
        return 0
    bits = values["rows"] * values["columns"] * values["samples"] * values["allocated"]
    return bits // 8 * frames


def _whole(value: bytes) -> int:
    try:
        return min(max(1, int(value.strip(b" \0")[:12])), _MOST_FRAMES)
    except ValueError:
        return 1
