"""Data elements as bytes: the one place that knows how Explicit VR Little Endian is laid out.

Records, headers and the DICOMDIR itself are handled as encoded bytes and never as objects, so
that nothing is decoded and encoded again and every character set survives (PS3.5 7.1).
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

# VRs whose length field takes four bytes after two reserved ones (PS3.5 table 7.1-1).
LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT_VRS: Final = frozenset(
    (
        *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT"),
        *(b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"),
    )
)
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD

TAG_VR_LENGTH: Final = Struct("<HH2sH")
LONG_LENGTH: Final = Struct("<I")
ITEM_HEADER: Final = Struct("<HHI")


class BadEncoding(ValueError):
    """The bytes are not a well-formed run of elements; the message says at which offset."""


def encode_element(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return one element in Explicit VR Little Endian, padded to even length (PS3.5 7.1.2).

    Args:
        tag: group and element as one number, 0x00100010.
        vr: two bytes, ``b"PN"``.
        value: as it stands on the wire; an odd one gets a NUL (UI, OB, UN) or a space.
    """
    if len(value) & 1:
        value += b"\0" if vr in (b"UI", b"OB", b"UN") else b" "
    if vr in LONG_VRS:
        return (
            TAG_VR_LENGTH.pack(tag >> 16, tag & 0xFFFF, vr, 0)
            + LONG_LENGTH.pack(len(value))
            + value
        )
    if len(value) > 0xFFFE:
        raise BadEncoding(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is too long for {vr.decode()}")
    return TAG_VR_LENGTH.pack(tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def encode_item(content: bytes) -> bytes:
    """Return *content* as an Item of defined length (PS3.5 7.5)."""
    return ITEM_HEADER.pack(0xFFFE, 0xE000, len(content)) + content


def iterate_elements(
    data: bytes, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, bytes, int, int, int]]:
    """Walk one level of Explicit VR Little Endian elements.

    Yields:
        (tag, VR, offset of the element, offset of its value, offset just past the element).
        A value of undefined length includes its delimiter; nested content is not yielded.

    Raises:
        BadEncoding: an element does not fit, or a VR is none.
    """
    stop = len(data) if end is None else end
    position = start
    while position < stop:
        if position + 8 > stop:
            raise BadEncoding(f"element header cut off at byte {position}")
        group, element, vr, length = TAG_VR_LENGTH.unpack_from(data, position)
        value = position + 8
        if vr in LONG_VRS:
            if position + 12 > stop:
                raise BadEncoding(f"element header cut off at byte {position}")
            (length,) = LONG_LENGTH.unpack_from(data, value)
            value += 4
        elif vr not in SHORT_VRS:
            raise BadEncoding(f"{vr.hex()} is not a VR at byte {position}")
        if length == UNDEFINED_LENGTH:
            after = end_of_undefined(data, value, stop, implicit=vr == b"UN")
        else:
            after = value + length
        if after > stop:
            raise BadEncoding(f"value runs past its end at byte {position}")
        yield group << 16 | element, vr, position, value, after
        position = after


def end_of_undefined(  # noqa: C901 (one state machine: its branches share everything)
    data: bytes, start: int, stop: int, *, implicit: bool = False
) -> int:
    """Return the offset just past the Sequence Delimitation Item that ends what *start* begins.

    Iterative, so that depth costs no stack: hostile files nest thousands of levels.

    Args:
        data: the bytes.
        start: offset of the first Item.
        stop: offset at which *data* counts as ended.
        implicit: the items hold Implicit VR elements (UN of undefined length, PS3.5 6.2.2 note).

    Raises:
        BadEncoding: the delimiter is missing.
    """
    # A stack of what is open: True inside an Item of undefined length, False inside a sequence.
    # Implicitness is inherited: everything within a UN is implicit.
    stack: list[tuple[bool, bool]] = [(False, implicit)]
    position = start
    while stack:
        if position + 8 > stop:
            raise BadEncoding(f"no delimiter before byte {stop}")
        in_item, is_implicit = stack[-1]
        group, element, vr, short = TAG_VR_LENGTH.unpack_from(data, position)
        (length,) = LONG_LENGTH.unpack_from(data, position + 4)
        position += 8
        if group == 0xFFFE:
            if element == 0xE000 and not in_item:
                if length == UNDEFINED_LENGTH:
                    stack.append((True, is_implicit))
                else:
                    position += length
            elif element == (0xE00D if in_item else 0xE0DD):
                stack.pop()
            else:
                raise BadEncoding(f"unexpected delimiter at byte {position - 8}")
            continue
        if not in_item:
            raise BadEncoding(f"an element where an Item belongs at byte {position - 8}")
        if not is_implicit:
            if vr in LONG_VRS:
                if position + 4 > stop:
                    raise BadEncoding(f"element header cut off at byte {position - 8}")
                (length,) = LONG_LENGTH.unpack_from(data, position)
                position += 4
            elif vr in SHORT_VRS:
                length = short
            else:
                raise BadEncoding(f"{vr.hex()} is not a VR at byte {position - 8}")
        if length == UNDEFINED_LENGTH:
            stack.append((False, is_implicit or vr == b"UN"))
        else:
            position += length
    return position


def values_by_tag(data: bytes) -> dict[int, bytes]:
    """Return the values of one level of elements, without their headers."""
    return {tag: data[value:after] for tag, _, _, value, after in iterate_elements(data)}


def text(value: bytes) -> str:
    """Return a value of the default repertoire unpadded; other bytes show as escapes."""
    return value.decode("ascii", "backslashreplace").strip(" \0")


def name_of(tag: int) -> str:
    """Return a tag as people read it: "Patient ID (0010,0020)"; unknown ones by number alone."""
    from dicomdir.tag_names import NAMES  # only messages need it

    name = NAMES.get(tag)
    return f"{name} {number_of(tag)}" if name else number_of(tag)


def number_of(tag: int) -> str:
    """Return a tag as a place: (0010,0020)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
