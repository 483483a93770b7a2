"""What is nested in a sequence, without regard to how its lengths are written.

Two sequences with one content can differ in defined and undefined lengths (PS3.5 7.5); a
comparison must not see that.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from dicomdir.elements import (
    ITEM_HEADER,
    LONG_LENGTH,
    LONG_VRS,
    SHORT_VRS,
    TAG_VR_LENGTH,
    UNDEFINED_LENGTH,
    BadEncoding,
    end_of_undefined,
    iterate_elements,
)

_ITEM_GROUP: Final = 0xFFFE
_ITEM: Final = 0xE000
_ITEM_START: Final = (1, 0xFFFEE000, b"")


class Nested(NamedTuple):
    """One element, or the beginning of an Item (``vr`` is empty)."""

    depth: int  # 1 in the Items of the sequence itself
    tag: int
    vr: bytes
    value: bytes  # b"" for a sequence: its content follows


def nested_elements(content: bytes) -> Iterator[Nested]:
    """Yield all that is in a sequence, in order.

    Args:
        content: the value of an SQ element in Explicit VR Little Endian, with or without its
            delimiter.

    Raises:
        BadEncoding: it does not parse. Iterative, so that depth costs no stack.
    """
    ends: list[tuple[int, bool]] = []  # of what is open: offset, and whether it is an Item
    position, stop = 0, len(content)
    while position < stop:
        while ends and position >= ends[-1][0]:
            ends.pop()
        limit = ends[-1][0] if ends else stop
        if position + 8 > limit:
            raise BadEncoding(f"element header cut off at byte {position}")
        group, element, length = ITEM_HEADER.unpack_from(content, position)
        position += 8
        if group == _ITEM_GROUP:
            if element != _ITEM:
                if not ends:
                    return
                ends.pop()
                continue
            yield Nested(len(ends) // 2 + 1, 0xFFFEE000, b"", b"")
            ends.append((_end(position, length, limit), True))
            continue
        if not ends or not ends[-1][1]:
            raise BadEncoding(f"an element where an Item belongs at byte {position - 8}")
        depth = len(ends) // 2 + 1
        vr, value, after = _element(content, position, limit)
        if vr == b"SQ":
            ends.append((after, False))
            yield Nested(depth, group << 16 | element, vr, b"")
            position = value
        else:
            yield Nested(depth, group << 16 | element, vr, content[value:after])
            position = after


def _end(position: int, length: int, limit: int) -> int:
    if length == UNDEFINED_LENGTH:
        return limit
    if position + length > limit:
        raise BadEncoding(f"value runs past its end at byte {position}")
    return position + length


def _element(content: bytes, position: int, limit: int) -> tuple[bytes, int, int]:
    """Return VR, offset of the value and offset after it; *position* is behind tag and VR."""
    _, _, vr, length = TAG_VR_LENGTH.unpack_from(content, position - 8)
    if vr in LONG_VRS:
        if position + 4 > limit:
            raise BadEncoding(f"element header cut off at byte {position - 8}")
        (length,) = LONG_LENGTH.unpack_from(content, position)
        position += 4
    elif vr not in SHORT_VRS:
        raise BadEncoding(f"{vr.hex()} is not a VR at byte {position - 8}")
    if length == UNDEFINED_LENGTH and vr != b"SQ":
        return vr, position, end_of_undefined(content, position, limit, implicit=vr == b"UN")
    return vr, position, _end(position, length, limit)


def says_no_more(vr: bytes, part: bytes, whole: bytes) -> bool:
    """Return whether *part* agrees with *whole*, two values of one VR.

    Padding and the form of lengths do not count. A sequence agrees when it has the same Items
    and nothing in them that is not in *whole*, in the same order.
    """
    if vr != b"SQ":
        return part.rstrip(b" \0") == whole.rstrip(b" \0")
    try:
        smaller, larger = _plain(part), _plain(whole)
    except BadEncoding:
        return part == whole
    remaining = iter(larger)
    items = smaller.count(_ITEM_START) == larger.count(_ITEM_START)
    return items and all(any(own == other for other in remaining) for own in smaller)


def _plain(content: bytes) -> list[tuple[int, int, bytes]]:
    return [(n.depth, n.tag, n.value.rstrip(b" \0")) for n in nested_elements(content)]


def items_of(value: bytes) -> Iterator[bytes]:
    """Yield the content of each Item of a sequence value, without delimiters.

    Raises:
        BadEncoding: an Item does not fit.
    """
    position = 0
    while position + 8 <= len(value):
        group, element, length = ITEM_HEADER.unpack_from(value, position)
        if (group, element) != (0xFFFE, 0xE000):
            return
        start = position + 8
        if length == UNDEFINED_LENGTH:
            # One Item of undefined length ends like a sequence that holds nothing else: walk
            # its elements until the delimiter.
            end = _end_of_item(value, start)
            yield value[start : end - 8]
        else:
            end = start + length
            yield value[start:end]
        position = end


def _end_of_item(value: bytes, start: int) -> int:
    position = start
    while value[position : position + 4] != b"\xfe\xff\x0d\xe0":
        _, _, _, _, position = next(iterate_elements(value, position))
    return position + 8
