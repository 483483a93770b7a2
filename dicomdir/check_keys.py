"""The keys of Directory Records against the rows of ``record_types`` (PS3.3 F.5, F.7)."""

from collections.abc import Iterator, Mapping
from struct import error
from typing import Final

from dicomdir.elements import (
    LONG_LENGTH,
    LONG_VRS,
    SHORT_VRS,
    TAG_VR_LENGTH,
    BadEncoding,
    iterate_elements,
    name_of,
)
from dicomdir.record import DirectoryRecord
from dicomdir.record_types import RECORD_TYPES, Key, When
from dicomdir.sequences import nested_elements
from dicomdir.value_forms import SIZES, is_formed

Element = tuple[bytes, bytes]  # VR, value
Elements = Mapping[int, Element]
Broken = tuple[str, str]  # rule, message

CHARACTER_SET: Final = 0x00080005
IMAGE_TYPE: Final = 0x00080008
ICON: Final = 0x00880200
VERIFICATION_FLAG: Final = 0x0040A493

_HEADER: Final = TAG_VR_LENGTH.unpack_from
_LENGTH: Final = LONG_LENGTH.unpack_from
_TEXT_VRS: Final = frozenset((b"LO", b"LT", b"PN", b"SH", b"ST", b"UC", b"UT"))
_ICON_RECORDS: Final = frozenset(("SERIES", "IMAGE", "RT DOSE", "SPECTROSCOPY", "RAW DATA"))


def elements_of(keys: bytes) -> Elements:
    """Return the keys of a record by tag, as far as they parse."""
    found: dict[int, Element] = {}
    try:
        for tag, vr, _, value, after in iterate_elements(keys):
            found.setdefault(tag, (vr, keys[value:after]))
    except BadEncoding:
        pass  # the reader has said so
    return found


def absent_where_the_rest_is_equal(stated: bytes, own: bytes) -> list[int] | None:
    """Return the tags of *own* that *stated* lacks; None where the others are not all equal.

    None as well when in doubt; then elements are to be compared one by one. It is for thousands
    of records that are as they should be, so it looks at no value.
    """
    there, here = _whole_elements(stated), _whole_elements(own)
    if there is None or here is None:
        return None
    absent = []
    for tag, element in here.items():
        other = there.get(tag)
        if other is None:
            absent.append(tag)
        elif other != element:
            return None
    return absent


def _whole_elements(keys: bytes) -> dict[int, bytes] | None:
    """Return the elements with their headers by tag; None unless all are plain and single."""
    found: dict[int, bytes] = {}
    position = number = 0
    try:
        while position < len(keys):
            group, element, vr, length = _HEADER(keys, position)
            after = position + 8 + length
            if vr not in SHORT_VRS:
                if vr not in LONG_VRS:
                    return None
                after = position + 12 + _LENGTH(keys, position + 8)[0]
            found[group << 16 | element] = keys[position:after]
            position = after
            number += 1
    except error:
        return None  # cut off in a header
    return found if position == len(keys) and number == len(found) else None


def value_of(elements: Elements, tag: int) -> bytes:
    """Return a value without its padding, b"" when the key is absent or empty."""
    return elements.get(tag, (b"", b""))[1].strip(b" \0")


def check_keys(record: DirectoryRecord, elements: Elements) -> Iterator[Broken]:
    """Yield what is wrong with the keys of one record, as far as the record alone tells."""
    row = RECORD_TYPES.get(record.record_type)
    for key in row.keys if row else ():
        if key.when is not When.EXTENDED_CHARACTERS:
            yield from _check_key(key, elements)
    if not (record.keys.isascii() and b"\x1b" not in record.keys):
        yield from _check_character_set(elements)
    if ICON in elements:
        yield from _check_icon(record.record_type, elements[ICON][1])


def _check_key(key: Key, elements: Elements) -> Iterator[Broken]:
    element = elements.get(key.tag)
    if element is None:
        if key.type in ("1", "2"):
            yield "DIR-KEY-MISSING", f"{name_of(key.tag)}, type {key.type}, is missing"
        elif key.when is When.VERIFIED and value_of(elements, VERIFICATION_FLAG) == b"VERIFIED":
            message = f"{name_of(key.tag)} is missing though the document is VERIFIED"
            yield "DIR-KEY-CONDITION", message
        return
    vr, value = element
    if vr != key.vr:
        stated, wanted = vr.decode("latin-1"), key.vr.decode()
        yield "DIR-KEY-VR", f"{name_of(key.tag)} has VR {stated}, not {wanted}"
    elif _is_empty(vr, value):
        if key.type in ("1", "1C"):
            yield "DIR-KEY-EMPTY", f"{name_of(key.tag)}, type {key.type}, is empty"
    elif not is_formed(key.tag, vr, value):
        yield "DIR-KEY-VALUE", f"{name_of(key.tag)} is not formed as {vr.decode()} is"


def _is_empty(vr: bytes, value: bytes) -> bool:
    if vr in SIZES:
        return not value
    # A sequence of undefined length without Items is nothing but its delimiter.
    return not value.strip(b" \0") or value.startswith(b"\xfe\xff\xdd\xe0")


def _check_character_set(elements: Elements) -> Iterator[Broken]:
    if value_of(elements, CHARACTER_SET):
        return
    for tag, (vr, value) in elements.items():
        if any(not v.isascii() or b"\x1b" in v for v in _texts(vr, value)):
            yield "DIR-CHARACTER-SET", f"{name_of(tag)} uses characters outside ASCII"
            return


def _texts(vr: bytes, value: bytes) -> Iterator[bytes]:
    if vr in _TEXT_VRS:
        yield value
    elif vr == b"SQ":
        try:
            yield from [n.value for n in nested_elements(value) if n.vr in _TEXT_VRS]
        except BadEncoding:
            return


def _check_icon(record_type: str, value: bytes) -> Iterator[Broken]:
    """Check an Icon Image Sequence (PS3.3 F.7)."""
    if record_type not in _ICON_RECORDS:
        yield "DIR-ICON", f"A {record_type} record has no icon"
        return
    try:
        nested = list(nested_elements(value))
    except BadEncoding:
        yield "DIR-ICON", "The icon does not parse"
        return
    items = sum(n.depth == 1 and not n.vr for n in nested)
    if items != 1:
        yield "DIR-ICON", f"There are {items} icons"
        return
    fault = _icon_fault({n.tag: n.value for n in nested if n.depth == 1})
    if fault:
        yield "DIR-ICON", f"The icon has {fault}"


def _icon_fault(icon: Mapping[int, bytes]) -> str:
    def number(tag: int) -> int:
        return int.from_bytes(icon.get(tag, b"\xff\xff"), "little")

    colour = icon.get(0x00280004, b"").strip(b" \0")
    allocated, stored = number(0x00280100), number(0x00280101)
    pixels = number(0x00280010) * number(0x00280011) * allocated
    faults = {
        "more than one sample per pixel": number(0x00280002) != 1,
        "a Planar Configuration": 0x00280006 in icon,
        "true colour": colour not in (b"MONOCHROME1", b"MONOCHROME2", b"PALETTE COLOR"),
        "neither 1 nor 8 bits allocated and stored": (allocated, stored) not in ((1, 1), (8, 8)),
        "a palette with other than 8 bits": colour == b"PALETTE COLOR" and allocated != 8,
        "a wrong High Bit": number(0x00280102) != stored - 1,
        "signed pixels": number(0x00280103) != 0,
        "pixels that are not square": _ratio(icon) not in (b"", b"1\\1"),
        "too few or too many pixels": not 0
        <= len(icon.get(0x7FE00010, b"")) - (pixels + 7) // 8
        < 2,
    }
    return next((fault for fault, is_so in faults.items() if is_so), "")


def _ratio(icon: Mapping[int, bytes]) -> bytes:
    return icon.get(0x00280034, b"").replace(b" ", b"").strip(b"\0")
