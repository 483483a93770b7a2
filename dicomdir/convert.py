"""Values of other encodings brought to Explicit VR Little Endian, for selection keys only."""

from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Final

from dicomdir.elements import (
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    encode_element,
    encode_item,
)

_DEEPEST: Final = 24  # levels inside a key; the standard's own need four
_SWAPPED_WIDTH: Final = {
    **dict.fromkeys((b"US", b"SS", b"OW", b"AT"), 2),
    **dict.fromkeys((b"UL", b"SL", b"FL", b"OF", b"OL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"SV", b"UV", b"OV"), 8),
}

# The elements that stand inside the sequences that are keys: references and codes. Others are
# looked up in pydicom's dictionary, whose import costs as much as reading thousands of headers.
NESTED_VRS: Final[dict[int, bytes]] = {
    0x00080005: b"CS",
    0x00080100: b"SH",
    0x00080102: b"SH",
    0x00080103: b"SH",
    0x00080104: b"LO",
    0x00080105: b"CS",
    0x00080106: b"DT",
    0x00080107: b"DT",
    0x0008010B: b"CS",
    0x0008010C: b"UI",
    0x0008010D: b"UI",
    0x0008010F: b"CS",
    0x00080117: b"UI",
    0x00080118: b"UI",
    0x00080119: b"UC",
    0x00080120: b"UR",
    0x00080121: b"SQ",
    0x00080122: b"LO",
    0x00081115: b"SQ",
    0x00081140: b"SQ",
    0x00081150: b"UI",
    0x00081155: b"UI",
    0x00081160: b"IS",
    0x00081199: b"SQ",
    0x0020000D: b"UI",
    0x0020000E: b"UI",
    0x0040A010: b"CS",
    0x0040A040: b"CS",
    0x0040A043: b"SQ",
    0x0040A160: b"UT",
    0x0040A168: b"SQ",
    0x0040A170: b"SQ",
    0x0040A730: b"SQ",
}


class CannotConvert(ValueError):
    """The bytes do not hold what the encoding says."""


@cache
def _dictionary() -> Callable[[int], str]:
    from pydicom.datadict import dictionary_VR

    return dictionary_VR


def vr_of(tag: int) -> bytes:
    """Return the VR of a tag that stands inside a key; UN for private and unknown ones."""
    vr = NESTED_VRS.get(tag)
    if vr is not None:
        return vr
    if tag >> 16 & 1 or tag & 0xFFFF == 0:
        return b"UL" if tag & 0xFFFF == 0 else (b"LO" if 0x10 <= tag & 0xFFFF <= 0xFF else b"UN")
    try:
        # "US or SS" and the like: the first is how toolkits read them without context.
        return _dictionary()(tag)[:2].encode()
    except KeyError:
        return b"UN"


def explicit_little(tag: int, vr: bytes, value: bytes, *, implicit: bool, big: bool) -> bytes:
    """Return one element in Explicit VR Little Endian.

    Args:
        tag: 0xggggeeee.
        vr: that the element shall have.
        value: as it stands in the source; a sequence as its items, with or without delimiter.
        implicit: nested elements have no VR.
        big: numbers are big endian.

    Raises:
        CannotConvert: a nested element does not parse.
    """
    return encode_element(tag, vr, _value(vr, value, implicit, big, 0))


def _value(vr: bytes, value: bytes, implicit: bool, big: bool, depth: int) -> bytes:
    if vr == b"SQ":
        if depth > _DEEPEST:
            raise CannotConvert("sequences are nested too deeply in a key")
        return b"".join(_items(value, implicit, big, depth))
    if not big:
        return value
    width = _SWAPPED_WIDTH.get(vr, 1)
    if width == 1 or len(value) % width:
        return value
    return b"".join(value[i : i + width][::-1] for i in range(0, len(value), width))


def _items(value: bytes, implicit: bool, big: bool, depth: int) -> list[bytes]:
    number = Struct(">HHI" if big else "<HHI").unpack_from
    items = []
    position = 0
    while position + 8 <= len(value):
        group, element, length = number(value, position)
        position += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            break
        if (group, element) != (0xFFFE, 0xE000):
            raise CannotConvert("an element where an Item belongs")
        if length == UNDEFINED_LENGTH:
            content, position = _elements(value, position, len(value), implicit, big, depth)
        elif position + length > len(value):
            raise CannotConvert("an Item runs past its sequence")
        else:
            content, _ = _elements(value, position, position + length, implicit, big, depth)
            position += length
        items.append(encode_item(content))
    return items


def _elements(
    data: bytes, start: int, stop: int, implicit: bool, big: bool, depth: int
) -> tuple[bytes, int]:
    """Return the elements of one Item, converted, and the offset just past them."""
    order = ">" if big else "<"
    number = Struct(order + "HH2sH").unpack_from
    long_length = Struct(order + "I").unpack_from
    converted: list[bytes] = []
    position = start
    while position + 8 <= stop:
        group, element, vr, length = number(data, position)
        if (group, element) == (0xFFFE, 0xE00D):
            return b"".join(converted), position + 8
        tag = group << 16 | element
        value = position + 8
        if implicit:
            (length,) = long_length(data, position + 4)
            vr = vr_of(tag)
        elif vr in LONG_VRS and value + 4 <= stop:
            (length,) = long_length(data, value)
            value += 4
        elif vr not in SHORT_VRS:
            raise CannotConvert(f"{vr.hex()} is not a VR")
        if length == UNDEFINED_LENGTH:
            after = _undefined_end(data, value, stop, implicit or vr == b"UN", big)
            if vr == b"UN":
                vr = b"SQ"
        else:
            after = value + length
        if after > stop:
            raise CannotConvert("a nested value runs past its Item")
        if element != 0:  # group lengths would be wrong now, and are retired
            converted.append(
                encode_element(
                    tag, vr, _value(vr, data[value:after], implicit or vr == b"UN", big, depth + 1)
                )
            )
        position = after
    if position != stop:
        raise CannotConvert("bytes are left over in an Item")
    return b"".join(converted), position


def _undefined_end(data: bytes, start: int, stop: int, implicit: bool, big: bool) -> int:
    from dicomdir.walk import Malformed, Truncated, Window, end_of_value

    def within(length: int, offset: int) -> bytes:
        return data[offset : min(offset + length, stop)]

    try:
        return end_of_value(
            Window(within, stop, data[:stop]), start, 0, b"SQ", implicit=implicit, big=big
        )
    except (Malformed, Truncated) as problem:
        raise CannotConvert(str(problem)) from problem
