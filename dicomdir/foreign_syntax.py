"""Data sets that should be Explicit VR Little Endian and are not, brought into that form.

A DICOMDIR in Implicit VR or in Big Endian breaks PS3.10 8.6, yet such discs are in drawers and
their images are wanted. Values are only swapped to little endian, never decoded.
"""

from struct import Struct
from typing import Final, NamedTuple

from dicomdir.convert import CannotConvert, explicit_little
from dicomdir.convert import vr_of as nested_vr_of
from dicomdir.elements import ITEM_END, LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, BadEncoding
from dicomdir.walk import Malformed, Truncated, Window, end_of_value

# Group 0004 (PS3.6) and what stands in most directories, so that pydicom's dictionary is
# loaded for rare keys only.
_VRS: Final = {
    **dict.fromkeys((0x00041130, 0x00041141, 0x00041142, 0x00041430, 0x00041500), b"CS"),
    **dict.fromkeys((0x00041200, 0x00041202, 0x00041400, 0x00041420, 0x00041504), b"UL"),
    **dict.fromkeys((0x00041432, 0x00041510, 0x00041511, 0x00041512, 0x0004151A), b"UI"),
    **dict.fromkeys((0x00041212, 0x00041410), b"US"),
    0x00041220: b"SQ",
    0x00041600: b"UL",
    **dict.fromkeys((0x00080005, 0x00080008, 0x00080060), b"CS"),
    **dict.fromkeys((0x00080020, 0x00080021, 0x00080022, 0x00080023), b"DA"),
    **dict.fromkeys((0x00080030, 0x00080031, 0x00080032, 0x00080033), b"TM"),
    **dict.fromkeys((0x00080050, 0x00200010), b"SH"),
    **dict.fromkeys((0x00080080, 0x00081030, 0x0008103E, 0x00100020), b"LO"),
    0x00100010: b"PN",
    0x00100030: b"DA",
    0x00100040: b"CS",
    **dict.fromkeys((0x0020000D, 0x0020000E, 0x00081150, 0x00081155), b"UI"),
    **dict.fromkeys((0x00200011, 0x00200013, 0x00280008), b"IS"),
    **dict.fromkeys((0x00280010, 0x00280011), b"US"),
}


class Syntax(NamedTuple):
    """How elements are laid out."""

    uid: str
    big: bool
    implicit: bool


EXPLICIT_LITTLE: Final = Syntax("1.2.840.10008.1.2.1", big=False, implicit=False)
IMPLICIT_LITTLE: Final = Syntax("1.2.840.10008.1.2", big=False, implicit=True)
EXPLICIT_BIG: Final = Syntax("1.2.840.10008.1.2.2", big=True, implicit=False)

_TAG: Final = (Struct("<HH"), Struct(">HH"))
_LENGTH: Final = (Struct("<I"), Struct(">I"))
_SHORT: Final = (Struct("<H"), Struct(">H"))


class Header(NamedTuple):
    """The header of one element."""

    tag: int
    vr: bytes
    value: int  # offset
    length: int  # bytes, or UNDEFINED_LENGTH


def recognise(data: bytes, position: int) -> Syntax | None:
    """Return how the data set at *position* is laid out; it begins with group 0004."""
    has_vr = data[position + 4 : position + 6] in SHORT_VRS | LONG_VRS
    if data[position : position + 2] == b"\x04\0":
        return EXPLICIT_LITTLE if has_vr else IMPLICIT_LITTLE
    if data[position : position + 2] == b"\0\x04" and has_vr:
        return EXPLICIT_BIG
    return None


def header_at(data: bytes, position: int, stop: int, syntax: Syntax) -> Header:
    """Read one element header.

    Raises:
        BadEncoding: it does not fit before *stop*, or the VR is none.
    """
    if position + 8 > stop:
        raise BadEncoding(f"element header cut off at byte {position}")
    group, element = _TAG[syntax.big].unpack_from(data, position)
    tag = group << 16 | element
    length = _LENGTH[syntax.big].unpack_from(data, position + 4)[0]
    if group == 0xFFFE:
        return Header(tag, b"", position + 8, length)
    if syntax.implicit:
        return Header(tag, vr_of(tag), position + 8, length)
    vr = data[position + 4 : position + 6]
    if vr in SHORT_VRS:
        return Header(tag, vr, position + 8, _SHORT[syntax.big].unpack_from(data, position + 6)[0])
    if vr not in LONG_VRS or position + 12 > stop:
        raise BadEncoding(f"{vr.hex()} is not a VR at byte {position}")
    return Header(tag, vr, position + 12, _LENGTH[syntax.big].unpack_from(data, position + 8)[0])


def reencode(
    data: bytes, start: int, stop: int, syntax: Syntax, *, open_ended: bool = False
) -> tuple[bytes, int, str]:
    """Bring the elements from *start* to Explicit VR Little Endian, as far as they are good.

    They end at *stop*, or, *open_ended*, at an Item Delimitation Item before it, which is
    passed too.

    Returns:
        The elements, the offset just past what was understood, and what was wrong there.
    """
    parts: list[bytes] = []
    position = start
    while position < stop:
        try:
            header = header_at(data, position, stop, syntax)
            if header.tag >> 16 == 0xFFFE:
                if header.tag == ITEM_END and open_ended:
                    return b"".join(parts), header.value, ""
                return b"".join(parts), position, "swallowed"
            after = value_end(data, header, stop, syntax)
            parts.append(_explicit(header, data[header.value : after], syntax))
        except (BadEncoding, CannotConvert) as problem:
            return b"".join(parts), position, str(problem)
        position = after
    return b"".join(parts), position, "no delimiter" if open_ended else ""


def value_end(data: bytes, header: Header, stop: int, syntax: Syntax) -> int:
    """Return the offset just past a value; raises BadEncoding where it does not fit."""
    if header.length != UNDEFINED_LENGTH:
        after = header.value + header.length
        if after > stop:
            raise BadEncoding(f"value runs past its end at byte {header.value}")
        return after

    def within(length: int, offset: int) -> bytes:
        return data[offset : min(offset + length, stop)]

    window = Window(within, stop, data)
    tag, vr, value, _ = header
    try:
        return end_of_value(window, value, tag, vr, implicit=syntax.implicit, big=syntax.big)
    except (Malformed, Truncated) as problem:
        raise BadEncoding(str(problem)) from problem


def _explicit(header: Header, value: bytes, syntax: Syntax) -> bytes:
    tag, vr, _, length = header
    implicit, big = syntax.implicit, syntax.big
    if length == UNDEFINED_LENGTH and vr != b"SQ":
        # UN of undefined length holds Implicit VR Little Endian (PS3.5 6.2.2 note).
        vr, implicit, big = b"SQ", True, False
    if vr not in LONG_VRS and len(value) > 0xFFFE:
        vr = b"UN"  # a value that long can stand in Implicit VR alone (PS3.5 6.2.2)
    return explicit_little(tag, vr, value, implicit=implicit, big=big)


def vr_of(tag: int) -> bytes:
    """Return the VR of a standard element, UN for any other (PS3.5 6.2.2)."""
    return _VRS.get(tag) or nested_vr_of(tag)
