"""Whether the icons of a directory are those that a profile asks for (PS3.11 A.3.3.2, B, E).

What every icon must be (PS3.3 F.7) is a rule of the directory, whatever the profile.
"""

from collections.abc import Iterator
from typing import Final

from dicomdir.elements import BadEncoding, number_of, text
from dicomdir.sequences import nested_elements
from profiles import rules
from profiles.application_profiles import IconRule
from profiles.check_content import Fault
from profiles.check_record_keys import ICON

_PHOTOMETRIC: Final = 0x00280004
_ROWS: Final = 0x00280010
_COLUMNS: Final = 0x00280011
_ALLOCATED: Final = 0x00280100
_STORED: Final = 0x00280101
_PIXEL_DATA: Final = 0x7FE00010
_PLACE: Final = number_of(ICON)


def icon_faults(rule: IconRule, record_type: str, icon: bytes) -> Iterator[Fault]:
    """Yield what is wrong with the icon of one record.

    Args:
        rule: of the profile.
        record_type: of the record.
        icon: value of its Icon Image Sequence; empty when it has none.
    """
    if record_type not in rule.record_types:
        return
    first = _first_item(icon) if icon else None
    if not first:
        if rule.required:
            message = f"{record_type} has no icon; {rule.source} asks for one"
            yield Fault(rules.ICON_MISSING, _PLACE, message)
        return
    size = _number(first, _ROWS), _number(first, _COLUMNS)
    if size != (rule.rows, rule.columns):
        message = f"the icon is {size[0]}x{size[1]}, {rule.source} wants {rule.rows}x{rule.columns}"
        yield Fault(rules.ICON_SIZE, _PLACE, message)
    allocated, stored = _number(first, _ALLOCATED), _number(first, _STORED)
    if allocated != rule.bits_allocated or (rule.bits_stored and stored != rule.bits_stored):
        message = f"the icon has {allocated} bits allocated and {stored} stored"
        yield Fault(rules.ICON_BITS, _PLACE, f"{message}, {rule.source} wants {_bits(rule)}")
    colour = text(first.get(_PHOTOMETRIC, b""))
    if colour not in rule.photometric_interpretations:
        wanted = " or ".join(sorted(rule.photometric_interpretations))
        message = f"the icon is {colour[:16] or 'of no colour model'}, {rule.source} wants {wanted}"
        yield Fault(rules.ICON_PHOTOMETRIC, _PLACE, message)


def attributes_of(icon: bytes) -> bytes:
    """Return the part of an icon's value that `icon_faults` depends on: all before its pixels."""
    end = icon.find(b"\xe0\x7f\x10\0")
    return icon[:end] if end >= 0 else icon


def _bits(rule: IconRule) -> str:
    stored = f" and {rule.bits_stored} stored" if rule.bits_stored else ""
    return f"{rule.bits_allocated} allocated{stored}"


def _first_item(icon: bytes) -> dict[int, bytes] | None:
    """Return the elements of the first Item; None when there is none that can be read."""
    found: dict[int, bytes] | None = None
    try:
        for depth, tag, vr, value in nested_elements(icon):
            if depth == 1 and not vr:
                if found is not None:
                    break
                found = {}
            elif depth == 1 and found is not None:
                if tag == _PIXEL_DATA:
                    break  # what is asked for stands before it
                found.setdefault(tag, value)
    except BadEncoding:
        pass  # the directory's own rules say so; what came before it counts
    return found


def _number(icon: dict[int, bytes], tag: int) -> int:
    return int.from_bytes(icon.get(tag, b"")[:2], "little")
