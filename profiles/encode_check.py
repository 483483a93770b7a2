"""Reads an encoded file back and compares it with its source: every element, every cell.

Elements must stand in it byte for byte; frames are decoded again, and those of a lossless syntax
must be the cells of the source bit for bit. Runs in the transcoder's worker.
"""

import mmap
from pathlib import Path
from typing import Final

from dicomdir.elements import encode_element, name_of
from profiles.decode import decode_frame
from profiles.encodable import LOSSLESS
from profiles.encode import Coder, NativeFrames
from profiles.encode_image import Written
from profiles.fields import EXPLICIT, Buffer, CannotTranscode, Field, read_level
from profiles.frames import join, read_fragments, split_into_frames
from profiles.pixel_plan import PIXEL_DATA, read_pixels

_STEP: Final = 1 << 20
# A lossy frame whose mean error is beyond this part of the range is another image.
_WORST: Final = 1 / 4


def check_encoded(data: Buffer, start: int, target: Path, written: Written, syntax: str) -> int:
    """Compare a file with the data set it was made from.

    Returns:
        The offset of the value of its encapsulated pixel data; 0 when it has none.

    Args:
        data: the source, in Explicit VR Little Endian, native where frames were coded.
        start: offset of the data set in it.
        target: the file.
        written: what `encode_image` or `copy_image` says of it.
        syntax: transfer syntax of the file.

    Raises:
        CannotTranscode: something came through changed, or is missing or new.
    """
    with target.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as copy:
        fields = read_level(data, start, len(data), EXPLICIT)
        others = read_level(copy, written.head, len(copy), EXPLICIT)
        _compare_elements(data, fields, copy, others, written)
        if written.coder is not None:
            _compare_frames(data, fields, copy, others, written.coder, syntax)
        places = [other.start for other in others if other.tag == PIXEL_DATA and other.undefined]
    return places[0] if places else 0


def _compare_elements(
    data: Buffer, fields: list[Field], copy: Buffer, others: list[Field], written: Written
) -> None:
    changed = written.changed
    kept = [field for field in fields if field.tag & 0xFFFF and field.tag not in changed]
    expected = {field.tag for field in kept} | {tag for tag, element in changed.items() if element}
    found = [field.tag for field in others]
    if sorted(found) != sorted(expected):
        odd = min(set(found) ^ expected, default=PIXEL_DATA)
        raise CannotTranscode(f"{name_of(odd)} did not come through")
    by_tag = {field.tag: field for field in kept}
    for other in others:
        field = by_tag.get(other.tag)
        if field is None:
            same = copy[other.header : other.stop] == changed[other.tag]
        elif other.tag == PIXEL_DATA and written.coder is not None:
            same = other.undefined and other.vr == b"OB"
        else:
            same = _is_copy(data, field, copy, other)
        if not same:
            raise CannotTranscode(f"{name_of(other.tag)} came through changed")


def _is_copy(data: Buffer, field: Field, copy: Buffer, other: Field) -> bool:
    if (field.stop - field.start) % 2:
        value = data[field.start : field.stop]
        return copy[other.header : other.stop] == encode_element(field.tag, field.vr, value)
    length = field.stop - field.header
    return other.stop - other.header == length and all(
        data[field.header + done : field.header + min(done + _STEP, length)]
        == copy[other.header + done : other.header + min(done + _STEP, length)]
        for done in range(0, length, _STEP)
    )


def _compare_frames(
    data: Buffer, fields: list[Field], copy: Buffer, others: list[Field], coder: Coder, syntax: str
) -> None:
    source = next(field for field in fields if field.tag == PIXEL_DATA)
    encapsulated = next(field for field in others if field.tag == PIXEL_DATA)
    table, parts = read_fragments(copy, encapsulated)
    if len(parts) != coder.pixels.frames or table != tuple(
        offset - parts[0][0] for offset, _ in parts
    ):
        raise CannotTranscode("the Basic Offset Table that was written does not point to frames")
    pixels = read_pixels(copy, others)
    frames = NativeFrames(data, source.start, coder.pixels)
    for number, place in enumerate(split_into_frames(copy, encapsulated, len(parts))):
        decoded = decode_frame(join(copy, place), syntax, pixels)
        if syntax in LOSSLESS:
            same = decoded.cells == frames.frame(number).tobytes() and not decoded.lossy
            if not same:
                raise CannotTranscode(f"frame {number + 1} does not decode to what was encoded")
        elif decoded.photometric == coder.pixels.photometric:
            _compare_roughly(frames, number, decoded.cells, coder)


def _compare_roughly(frames: NativeFrames, number: int, cells: bytes, coder: Coder) -> None:
    import numpy as np

    kind = f"<{'i' if coder.pixels.signed else 'u'}{coder.pixels.allocated // 8}"
    before = frames.frame(number).reshape(-1).view(kind).astype(np.int32)
    error = np.abs(np.frombuffer(cells, kind).astype(np.int32) - before).mean()
    if error > _WORST * (1 << coder.pixels.stored):
        raise CannotTranscode(f"frame {number + 1} does not look like what was encoded")
