"""Encapsulated pixel data taken apart into frames (PS3.5 A.4)."""

from itertools import pairwise
from struct import Struct
from typing import Final

from profiles.fields import Buffer, CannotTranscode, Field

Part = tuple[int, int]  # offset and length of a fragment in the source

_ITEM: Final = Struct("<HHI").unpack_from
# How a frame begins, where a syntax says so: SOI of JPEG and JPEG-LS, SOC of JPEG 2000.
END: Final = b"\xff\xd9"  # EOI, EOC
_STARTS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")


def read_fragments(data: Buffer, field: Field) -> tuple[tuple[int, ...], list[Part]]:
    """Return the Basic Offset Table and the fragments of encapsulated pixel data.

    Raises:
        CannotTranscode: the items do not parse.
    """
    parts: list[Part] = []
    position = field.start
    while position + 8 <= field.stop:
        group, element, length = _ITEM(data, position)
        position += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            break
        if (group, element) != (0xFFFE, 0xE000) or position + length > field.stop:
            raise CannotTranscode(f"the fragments of the pixel data break off at byte {position}")
        parts.append((position, length))
        position += length
    if not parts:
        raise CannotTranscode("the pixel data has no fragments")
    start, length = parts[0]
    table = Struct(f"<{length // 4}I").unpack_from(data, start) if length else ()
    return table, parts[1:]


def split_into_frames(
    data: Buffer, field: Field, number: int, extended: bytes = b""
) -> list[list[Part]]:
    """Return the fragments of each of *number* frames.

    Args:
        data: the source.
        field: the pixel data.
        number: Number of Frames (0028,0008).
        extended: value of Extended Offset Table (7FE0,0001), when there is one.

    Raises:
        CannotTranscode: it cannot be told which fragments make a frame.
    """
    table, parts = read_fragments(data, field)
    if number == 1:
        _refuse_more_than_one(data, parts)
        return [parts]
    if len(parts) == number:
        return [[part] for part in parts]
    if len(table) != number and len(extended) == 8 * number:
        table = Struct(f"<{number}Q").unpack(extended)
    frames = _by_offsets(parts, table) if len(table) == number else None
    if frames is None:
        frames = _by_start(data, parts)
    if len(frames) != number:
        raise CannotTranscode(
            f"{number} frames are announced, but the pixel data holds {len(frames)}"
        )
    return frames


def _refuse_more_than_one(data: Buffer, parts: list[Part]) -> None:
    """Raise when fragments that are said to be one frame are streams of their own.

    A fragment may begin by chance like a stream (a thumbnail); one that does so right after the
    end of a stream is another frame, and a decoder would not say that it left it out.
    """
    number = 1
    for (before, length), part in pairwise(parts):
        tail = bytes(data[max(before, before + length - 4) : before + length]).rstrip(b"\0")
        if tail.endswith(END) and bytes(data[part[0] : part[0] + 8]).startswith(_STARTS):
            number += 1
    if number > 1:
        raise CannotTranscode(f"one frame is announced, but the pixel data holds {number}")


def holds_another_stream(frame: bytes) -> bool:
    """Tell whether behind the end of a compressed stream another one begins."""
    return any(frame.find(END + gap + start) >= 0 for gap in (b"", b"\0") for start in _STARTS)


def _by_offsets(parts: list[Part], table: tuple[int, ...]) -> list[list[Part]] | None:
    """Group fragments by where frames begin; None when the table points between fragments."""
    first = parts[0][0] - 8  # offsets count from the first byte after the table (PS3.5 A.4)
    starts = {first + offset for offset in table}
    if len(starts) != len(table) or not starts <= {offset - 8 for offset, _ in parts}:
        return None
    frames: list[list[Part]] = []
    for part in parts:
        if part[0] - 8 in starts:
            frames.append([])
        if not frames:
            return None
        frames[-1].append(part)
    return frames


def _by_start(data: Buffer, parts: list[Part]) -> list[list[Part]]:
    frames: list[list[Part]] = []
    for offset, length in parts:
        if not frames or bytes(data[offset : offset + min(length, 8)]).startswith(_STARTS):
            frames.append([])
        frames[-1].append((offset, length))
    return frames


def join(data: Buffer, parts: list[Part]) -> bytes:
    """Return the bytes of one frame."""
    return b"".join(data[offset : offset + length] for offset, length in parts)
