"""Encapsulated pixel data read through a file's reader: where it is, its fragments, its frames.

For the verifier, which never holds a whole file: every read is small, and how many there are is
bounded by the number of fragments (PS3.5 A.4).
"""

from collections.abc import Callable
from itertools import pairwise
from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH
from dicomdir.walk import JUMP, Malformed, Truncated, Window, end_of_value

PRead = Callable[[int, int], bytes]  # (length, offset) -> bytes of one file
Part = tuple[int, int]  # offset and length of a fragment in the file

MOST_FRAGMENTS: Final = 100_000  # of one file that are looked at
_LARGEST_TABLE: Final = 4 * MOST_FRAGMENTS  # bytes of a Basic Offset Table that are looked at
_PIXEL_DATA: Final = 0x00107FE0  # (7FE0,0010), swapped
_HEADER: Final = Struct("<I2sH").unpack_from
_LENGTH: Final = Struct("<I").unpack_from
_ITEM: Final = Struct("<HHI").unpack_from
_END_OF_STREAM: Final = b"\xff\xd9"  # EOI, EOC
_MOST_SEAMS: Final = 64


class NoFragments(ValueError):
    """The items of encapsulated pixel data do not parse; the message says where."""


class PixelData(NamedTuple):
    """Where Pixel Data (7FE0,0010) of an Explicit VR Little Endian file is."""

    start: int  # offset of the value
    encapsulated: bool


def find_pixel_data(pread: PRead, size: int, start: int) -> PixelData | None:
    """Return where the pixel data is; None when there is none, or the elements do not parse.

    Args:
        pread: reads the file.
        size: bytes of the file.
        start: offset of the data set.
    """
    try:
        window = Window(pread, size, pread(min(JUMP, size - start), start), start)
        return _find(window, start)
    except (Truncated, Malformed):
        return None  # told elsewhere


def _find(window: Window, start: int) -> PixelData | None:
    data, base = window.data, window.base
    position, limit = 0, len(data) - 12
    while True:
        while 0 <= position <= limit:
            tag, vr, length = _HEADER(data, position)
            value = position + 8
            if vr in LONG_VRS:
                (length,) = _LENGTH(data, value)
                value += 4
            elif vr not in SHORT_VRS:
                return None
            if tag == _PIXEL_DATA:
                return PixelData(base + value, length == UNDEFINED_LENGTH)
            if length == UNDEFINED_LENGTH:
                end = end_of_value(window, base + value, tag, vr)
                data, base = window.data, window.base
                limit = len(data) - 12
                position = end - base
            else:
                position = value + length
        offset = base + position
        if offset + 12 > window.size:
            return None
        window.move(offset)
        data, base = window.data, window.base
        position, limit = 0, len(data) - 12


class Fragments(NamedTuple):
    """The items of encapsulated pixel data."""

    table: bytes  # the Basic Offset Table as it stands
    parts: tuple[Part, ...]
    complete: bool  # False when there are more than are looked at


def read_fragments(pread: PRead, size: int, start: int) -> Fragments:
    """Return the fragments of the encapsulated value that begins at *start*.

    Raises:
        NoFragments: the items break off.
    """
    parts: list[Part] = []
    position = start
    while len(parts) <= MOST_FRAGMENTS:
        header = pread(8, position) if position + 8 <= size else b""
        if len(header) < 8:
            raise NoFragments(f"the fragments of the pixel data break off at byte {position}")
        group, element, length = _ITEM(header)
        position += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            break
        if (group, element) != (0xFFFE, 0xE000) or position + length > size:
            raise NoFragments(f"the fragments of the pixel data break off at byte {position - 8}")
        parts.append((position, length))
        position += length
    if not parts:
        raise NoFragments("the pixel data has no Basic Offset Table, not even an empty one")
    offset, length = parts[0]
    table = pread(min(length, _LARGEST_TABLE), offset) if length else b""
    return Fragments(table, tuple(parts[1:]), len(parts) <= MOST_FRAGMENTS)


def table_fault(fragments: Fragments, frames: int) -> str:
    """Return what is wrong with the Basic Offset Table; "" when it is right or empty."""
    table, parts = fragments.table, fragments.parts
    if not table or not fragments.complete or not parts:
        return ""
    if len(table) != 4 * frames:
        return f"it has {len(table)} bytes for {frames} frames, not {4 * frames}"
    offsets = Struct(f"<{frames}I").unpack(table)
    first = parts[0][0]
    starts = [offset - first for offset, _ in parts]
    if starts[-1] > 0xFFFFFFFF:
        return ""  # offsets of four bytes cannot say it; an Extended Offset Table does
    if offsets[0] != 0:
        return "its first entry is not 0"
    if any(a >= b for a, b in pairwise(offsets)):
        return "its entries do not ascend"
    if not set(offsets) <= set(starts):
        return "an entry does not point to the beginning of a fragment"
    if len(parts) == frames and list(offsets) != starts:
        return "its entries are not the beginnings of the frames"
    return ""


def split_into_frames(
    pread: PRead, fragments: Fragments, frames: int, starts: tuple[bytes, ...]
) -> list[tuple[Part, ...]] | None:
    """Return the fragments of each frame; None when they do not make so many frames.

    Args:
        pread: reads the file.
        fragments: of the file.
        frames: Number of Frames (0028,0008).
        starts: how a frame of this syntax begins; needed where the table does not tell.
    """
    parts = fragments.parts
    if frames == 1:
        return [parts] if parts and not _is_more_than_one(pread, parts, starts) else None
    if len(parts) == frames:
        return [(part,) for part in parts]
    if len(parts) < frames or frames < 1:
        return None
    if fragments.table and not table_fault(fragments, frames):
        first = parts[0][0]
        begins = {first + offset for offset in Struct(f"<{frames}I").unpack(fragments.table)}
        return _grouped(parts, [offset in begins for offset, _ in parts])
    longest = max(map(len, starts), default=0)
    opens = [pread(min(longest, length), offset).startswith(starts) for offset, length in parts]
    grouped = _grouped(parts, opens)
    return grouped if len(grouped) == frames else None


def _is_more_than_one(pread: PRead, parts: tuple[Part, ...], starts: tuple[bytes, ...]) -> bool:
    """Tell whether a fragment begins like a frame right after one that ends like a frame.

    Looks at the first `_MOST_SEAMS` places where fragments meet.
    """
    longest = max(map(len, starts), default=0)
    for (before, length), (offset, size) in pairwise(parts[: _MOST_SEAMS + 1]):
        if pread(min(longest, size), offset).startswith(starts) and longest:
            short = min(4, length)
            if pread(short, before + length - short).rstrip(b"\0").endswith(_END_OF_STREAM):
                return True
    return False


def _grouped(parts: tuple[Part, ...], opens: list[bool]) -> list[tuple[Part, ...]]:
    frames: list[list[Part]] = []
    for part, begins in zip(parts, opens, strict=True):
        if begins or not frames:
            frames.append([])
        frames[-1].append(part)
    return [tuple(frame) for frame in frames]


def head_of(pread: PRead, frame: tuple[Part, ...], length: int) -> bytes:
    """Return the first *length* bytes of a frame, or all that it has."""
    pieces: list[bytes] = []
    for offset, size in frame:
        if length <= 0:
            break
        pieces.append(pread(min(size, length), offset))
        length -= size
    return b"".join(pieces)


def tail_of(pread: PRead, frame: tuple[Part, ...], length: int) -> bytes:
    """Return the last *length* bytes of a frame, or all that it has."""
    pieces: list[bytes] = []
    for offset, size in reversed(frame):
        if length <= 0:
            break
        take = min(size, length)
        pieces.append(pread(take, offset + size - take))
        length -= take
    return b"".join(reversed(pieces))


def length_of(frame: tuple[Part, ...]) -> int:
    """Return the bytes of a frame."""
    return sum(size for _, size in frame)
