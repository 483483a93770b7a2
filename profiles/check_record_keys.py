"""Whether a Directory Record has the keys that a profile adds (PS3.11 A.3-2 to I.3-2, H.3-2)."""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import (
    LONG_VRS,
    UNDEFINED_LENGTH,
    BadEncoding,
    end_of_undefined,
    name_of,
    number_of,
)
from dicomdir.record_types import AdditionalKey, When
from dicomdir.sequences import nested_elements
from dicomdir.value_forms import SIZES
from profiles import rules
from profiles.check_content import Fault

REFERENCED_IMAGES: Final = 0x00081140
ICON: Final = 0x00880200
IMAGE_TYPE: Final = 0x00080008
_X_RAY_ANGIOGRAPHIC: Final = "1.2.840.10008.5.1.4.1.1.12.1"
_BIPLANE: Final = frozenset((b"BIPLANE A", b"BIPLANE B"))
_REFERENCE: Final = (0x00081150, 0x00081155)  # Referenced SOP Class and Instance UID
_HEADER: Final = Struct("<HH2sH").unpack_from
_LENGTH: Final = Struct("<I").unpack_from
_ITEM: Final = b"\xfe\xff\x00\xe0"
_BLANKS: Final = b" \0"
_MOST_ITEMS: Final = 20  # of one sequence that are told one by one


class Shape(NamedTuple):
    """Which keys a block of them has: what decides about presence, small enough to remember."""

    tags: tuple[int, ...]  # in the block's order; inverted (~tag) where there is no value
    references: bytes  # value of Referenced Image Sequence
    icon: bytes  # value of Icon Image Sequence

    def presence(self) -> dict[int, bool]:
        """Return tag → whether it has a value."""
        return {tag if tag >= 0 else ~tag: tag >= 0 for tag in self.tags}


def shape_of(keys: bytes) -> Shape:
    """Return the shape of encoded keys: one pass, nothing decoded.

    Raises:
        BadEncoding: they do not parse.
    """
    tags: list[int] = []
    references = icon = b""
    position, stop = 0, len(keys)
    while position < stop:
        if position + 8 > stop:
            raise BadEncoding(f"element header cut off at byte {position}")
        group, element, vr, length = _HEADER(keys, position)
        position += 8
        if vr in LONG_VRS:
            if position + 4 > stop:
                raise BadEncoding(f"element header cut off at byte {position}")
            (length,) = _LENGTH(keys, position)
            position += 4
        after = position + length
        if length == UNDEFINED_LENGTH:
            after = end_of_undefined(keys, position, stop, implicit=vr == b"UN")
        if after > stop:
            raise BadEncoding(f"value runs past its end at byte {position}")
        tag = group << 16 | element
        if vr == b"SQ":
            filled = keys.startswith(_ITEM, position)
            if tag == REFERENCED_IMAGES:
                references = keys[position:after]
            elif tag == ICON:
                icon = keys[position:after]
        else:
            filled = length > 0 and (vr in SIZES or bool(keys[position:after].strip(_BLANKS)))
        tags.append(tag if filled else ~tag)
        position = after
    return Shape(tuple(tags), references, icon)


class Own(NamedTuple):
    """What the conditions of type 1C keys ask about an instance."""

    sop_class: str
    image_type: bytes
    keys: Mapping[int, bool]  # of the same level: tag → whether it has a value
    # As `keys`, but of the instance's top level alone and None where it lacks the tag: for tags
    # that other profiles of the same check also take from the Shared Functional Groups.
    at_top: Mapping[int, bool | None]


def key_faults(
    rows: tuple[AdditionalKey, ...], record_type: str, present: Mapping[int, bool], own: Own
) -> Iterator[Fault]:
    """Yield which of a profile's additional keys a record lacks. Icons are judged elsewhere."""
    for row in rows:
        tag = row.key.tag
        if record_type not in row.record_types or tag == ICON:
            continue
        must_be_there, must_have_value = _demand(row, own)
        if must_be_there and tag not in present:
            message = f"{record_type} lacks {name_of(tag)}, type {row.key.type} in {row.source}"
            yield Fault(rules.KEY_MISSING, number_of(tag), message)
        elif must_have_value and not present[tag]:
            message = f"{name_of(tag)}, type {row.key.type} in {row.source}, is empty"
            yield Fault(rules.KEY_EMPTY, number_of(tag), f"{record_type}: {message}")


def _demand(row: AdditionalKey, own: Own) -> tuple[bool, bool]:
    """Return whether the key must be there, and whether it must have a value."""
    tag, _, type_, when = row.key
    if type_ in ("1", "2"):
        return True, type_ == "1"
    if type_ == "3":
        return False, False
    has_value = own.keys.get(tag)
    if when is When.PRESENT and tag in own.at_top:
        has_value = own.at_top[tag]
    if when is When.BIPLANE:
        wanted = own.sop_class == _X_RAY_ANGIOGRAPHIC and _is_biplane(own.image_type)
        return wanted, wanted
    if when is When.X_RAY_ANGIOGRAPHIC:
        wanted = own.sop_class == _X_RAY_ANGIOGRAPHIC
        return wanted, wanted
    if when in (When.PRESENT_WITH_VALUE, When.SHARED_TOO_WITH_ITEMS):
        return bool(has_value), bool(has_value)
    if type_ == "1C":  # a key of type 1C cannot be empty: where the instance's is, it is not due
        return bool(has_value), bool(has_value)
    return has_value is not None, False


def _is_biplane(image_type: bytes) -> bool:
    """Tell by value 3 of Image Type, which A.3-2 means although B.3-2 alone says so."""
    values = image_type.split(b"\\")
    return len(values) > 2 and values[2].strip(_BLANKS) in _BIPLANE


def reference_faults(in_record: bytes, in_instance: bytes | None) -> Iterator[Fault]:
    """Yield what is wrong with Referenced Image Sequence.

    Args:
        in_record: its value there.
        in_instance: its value in the instance, where the profile wants a full copy; else None.
    """
    place = number_of(REFERENCED_IMAGES)
    try:
        items = _references(in_record)
    except BadEncoding:
        return  # the directory's own rules say so
    odd = [n for n, item in enumerate(items, start=1) if not all(map(item.get, _REFERENCE))]
    for item_number in odd[:_MOST_ITEMS]:
        yield Fault(rules.KEY_ITEM, f"{place}[{item_number}]")
    if in_instance and in_record != in_instance and not _same(in_record, in_instance):
        yield Fault(rules.KEY_NOT_VERBATIM, place)


def _references(sequence: bytes) -> list[dict[int, bytes]]:
    """Return the elements of each Item, those of sequences within left out."""
    items: list[dict[int, bytes]] = []
    for depth, tag, vr, value in nested_elements(sequence):
        if depth == 1 and not vr:
            items.append({})
        elif depth == 1:
            items[-1][tag] = value.strip(_BLANKS)
    return items


def _same(first: bytes, second: bytes) -> bool:
    """Compare two sequences; how their lengths are written, and padding, do not count."""
    try:
        one, other = (
            [(n.depth, n.tag, n.vr, n.value.rstrip(_BLANKS)) for n in nested_elements(value)]
            for value in (first, second)
        )
    except BadEncoding:
        return False
    return one == other
