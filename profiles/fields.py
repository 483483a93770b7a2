"""One level of a data set in any native encoding, as places in the bytes: nothing is decoded.

The transcoder walks sources with this and copies what it can byte for byte, so that values,
character sets and private elements come through as they are (PS3.5 7.1).
"""

from functools import cache
from mmap import mmap
from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, name_of

Buffer = bytes | mmap

DEEPEST: Final = 64  # levels of sequences; real reports have about ten


class CannotTranscode(Exception):
    """The data set cannot be brought to the target; the message is for the operator."""


class Encoding(NamedTuple):
    """How elements are laid out."""

    implicit: bool
    big: bool


EXPLICIT: Final = Encoding(implicit=False, big=False)
IMPLICIT: Final = Encoding(implicit=True, big=False)
BIG: Final = Encoding(implicit=False, big=True)

_LITTLE_NUMBERS: Final = (Struct("<HH2sH").unpack_from, Struct("<I").unpack_from)
_BIG_NUMBERS: Final = (Struct(">HH2sH").unpack_from, Struct(">I").unpack_from)


class Field(NamedTuple):
    """One element: its tag, the VR it has or shall have, and where it is in the source."""

    tag: int
    vr: bytes
    header: int  # offset of the tag
    start: int  # offset of the value
    stop: int  # offset just past the element, its delimiter included
    undefined: bool  # the value has undefined length: items, or fragments of pixel data


def read_level(data: Buffer, start: int, stop: int, encoding: Encoding) -> list[Field]:
    """Return the elements from *start* to *stop*, or to the delimiter that ends an Item.

    The VR of implicit elements is not settled: see `settle_vrs`. Zeros that pad the end of a
    file are left out.

    Raises:
        CannotTranscode: an element does not fit.
    """
    fields: list[Field] = []
    position = start
    while position < stop:
        field = _read_field(data, position, stop, encoding)
        if field is None:
            break
        fields.append(field)
        position = field.stop
    return fields


def _read_field(data: Buffer, position: int, stop: int, encoding: Encoding) -> Field | None:
    short, long = _BIG_NUMBERS if encoding.big else _LITTLE_NUMBERS
    if position + 8 > stop:
        if any(data[position:stop]):
            raise CannotTranscode(f"the data set is cut off at byte {position}")
        return None
    group, element, vr, length = short(data, position)
    tag = group << 16 | element
    start = position + 8
    if tag == 0xFFFEE00D or (tag == 0 and not any(data[position : min(stop, position + 4096)])):
        return None
    if encoding.implicit:
        (length,) = long(data, position + 4)
        vr = b""
    elif vr in LONG_VRS:
        if start + 4 > stop:
            raise CannotTranscode(f"the data set is cut off at byte {position}")
        (length,) = long(data, start)
        start += 4
    elif vr not in SHORT_VRS:
        raise CannotTranscode(f"{name_of(tag)} at byte {position} has no valid VR")
    undefined = length == UNDEFINED_LENGTH
    after = _end(data, start, stop, encoding, vr) if undefined else start + length
    if after > stop:
        raise CannotTranscode(f"{name_of(tag)} at byte {position} runs past the end of the file")
    return Field(tag, vr, position, start, after, undefined)


def _end(data: Buffer, start: int, stop: int, encoding: Encoding, vr: bytes) -> int:
    """Return the offset just past the delimiter of a value of undefined length."""
    position = start
    # What is open, innermost last: (is it an Item?, encoding of what is in it).
    stack = [(False, IMPLICIT if vr == b"UN" else encoding)]
    while stack:
        if len(stack) > 2 * DEEPEST:
            raise CannotTranscode(f"sequences are nested more than {DEEPEST} levels deep")
        in_item, coding = stack[-1]
        group, element, nested_vr, length, position = _header(data, position, stop, coding)
        if group == 0xFFFE and element == (0xE00D if in_item else 0xE0DD):
            stack.pop()
        elif in_item == (group == 0xFFFE) or (not in_item and element != 0xE000):
            raise CannotTranscode(f"an Item or an element is out of place at byte {position}")
        elif length != UNDEFINED_LENGTH:
            position += length
        elif group == 0xFFFE:
            stack.append((True, coding))
        else:
            stack.append((False, IMPLICIT if nested_vr == b"UN" else coding))
    return position


def _header(
    data: Buffer, position: int, stop: int, encoding: Encoding
) -> tuple[int, int, bytes, int, int]:
    """Return group, element, VR, length and the offset of the value of one header."""
    short, long = _BIG_NUMBERS if encoding.big else _LITTLE_NUMBERS
    if position + 8 > stop:
        raise CannotTranscode(f"a sequence has no end before byte {stop}")
    group, element, vr, length = short(data, position)
    if group == 0xFFFE or encoding.implicit:
        return group, element, b"", long(data, position + 4)[0], position + 8
    if vr in LONG_VRS and position + 12 <= stop:
        return group, element, vr, long(data, position + 8)[0], position + 12
    if vr not in SHORT_VRS:
        raise CannotTranscode(f"no valid VR at byte {position}")
    return group, element, vr, length, position + 8


def read_items(data: Buffer, field: Field, encoding: Encoding) -> list[tuple[int, int]]:
    """Return (start, stop) of the content of each Item of a sequence, delimiters left out."""
    items = []
    _, long = _BIG_NUMBERS if encoding.big else _LITTLE_NUMBERS
    short = (_BIG_NUMBERS if encoding.big else _LITTLE_NUMBERS)[0]
    position = field.start
    while position + 8 <= field.stop:
        group, element, _, _ = short(data, position)
        (length,) = long(data, position + 4)
        position += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            break
        if (group, element) != (0xFFFE, 0xE000):
            raise CannotTranscode(f"an element where an Item belongs at byte {position - 8}")
        if length == UNDEFINED_LENGTH:
            content = read_level(data, position, field.stop, encoding)
            end = content[-1].stop if content else position
            items.append((position, end))
            position = end + 8
        else:
            if position + length > field.stop:
                raise CannotTranscode(f"an Item at byte {position - 8} runs past its sequence")
            items.append((position, position + length))
            position += length
    return items


def value_of(data: Buffer, fields: list[Field], tag: int) -> bytes | None:
    """Return the value of a short element of a level; None when it is absent."""
    for field in fields:
        if field.tag == tag and not field.undefined:
            return bytes(data[field.start : min(field.stop, field.start + 4096)])
    return None


def number_of(
    data: Buffer, fields: list[Field], tag: int, encoding: Encoding = EXPLICIT
) -> int | None:
    """Return the first value of an element of VR US, None when it is absent or empty."""
    value = value_of(data, fields, tag)
    if not value or len(value) < 2:
        return None
    return int.from_bytes(value[:2], "big" if encoding.big else "little")


_ANY_WORDS: Final = frozenset(("OB or OW", "US or OW", "US or SS or OW"))
_LUT_DATA: Final = 0x00283006


def settle_vrs(data: Buffer, fields: list[Field], *, signed: bool) -> list[Field]:
    """Return implicit elements with the VR they have in the dictionary (PS3.5 6.2.2, A.1).

    Args:
        data: the source.
        fields: one level of it.
        signed: Pixel Representation (0028,0103) of this level or the nearest above it: settles
            "US or SS".
    """
    creators = {
        field.tag: bytes(data[field.start : field.stop])
        for field in fields
        if field.tag >> 16 & 1 and 0x10 <= field.tag & 0xFFFF <= 0xFF
    }
    return [field._replace(vr=_vr_for(field, creators, signed)) for field in fields]


def _vr_for(field: Field, creators: dict[int, bytes], signed: bool) -> bytes:
    if field.undefined:
        return b"SQ"  # nothing else has undefined length in a native data set
    length = field.stop - field.start
    vr = _private_vr(field.tag, creators) if field.tag >> 16 & 1 else _standard_vr(field.tag)
    if vr == "US or SS":
        vr = "SS" if signed else "US"
    elif vr == "US or OW" and field.tag == _LUT_DATA:
        vr = "US" if length == 2 else "OW"
    elif vr in _ANY_WORDS:
        vr = "OW"  # in implicit encoding these are words (PS3.5 A.1)
    code = vr.encode()
    width = _WIDTHS.get(code, 1)
    if length % width or (code in SHORT_VRS and length > 0xFFFE):
        return b"UN"  # the value is not what the dictionary says (PS3.5 6.2.2)
    return code


_WIDTHS: Final = {
    **dict.fromkeys((b"US", b"SS", b"OW"), 2),
    **dict.fromkeys((b"UL", b"SL", b"FL", b"OF", b"OL", b"AT"), 4),
    **dict.fromkeys((b"FD", b"OD", b"SV", b"UV", b"OV"), 8),
}
# Bytes of one number, for values that change their byte order; AT is two numbers.
SWAPPED: Final = {**_WIDTHS, b"AT": 2}


@cache
def _standard_vr(tag: int) -> str:
    from pydicom.datadict import dictionary_VR

    if tag & 0xFFFF == 0:
        return "UL"
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return "UN"
    return "UN" if vr == "NONE" else vr


def _private_vr(tag: int, creators: dict[int, bytes]) -> str:
    element = tag & 0xFFFF
    if element == 0:
        return "UL"
    if 0x10 <= element <= 0xFF:
        return "LO"
    creator = creators.get(tag & 0xFFFF0000 | element >> 8, b"")
    return _vr_by_creator(tag, creator.decode("ascii", "replace").strip(" \0"))


@cache
def _vr_by_creator(tag: int, creator: str) -> str:
    from pydicom.datadict import private_dictionary_VR

    try:
        vr = private_dictionary_VR(tag, creator)
    except KeyError:
        return "UN"
    # A private sequence of defined length stays as it is: UN holds implicit items (PS3.5 6.2.2).
    return "UN" if vr == "SQ" or " " in vr else vr
