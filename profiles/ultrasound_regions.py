"""Sequence of Ultrasound Regions: is it enough to measure with (PS3.3 C.8.5.5, PS3.11 C.4, C.5)."""

from typing import Final

from dicomdir.elements import BadEncoding, values_by_tag
from dicomdir.sequences import items_of
from dicomdir.tag_names import NAMES

_MOST: Final = 1000  # items that are looked at; real images have a handful
_SPATIAL: Final = (  # type 1 in every item
    *(0x00186018, 0x0018601A, 0x0018601C, 0x0018601E),  # location
    *(0x00186024, 0x00186026, 0x0018602C, 0x0018602E),  # units and deltas
    *(0x00186012, 0x00186014, 0x00186016),  # spatial format, data type, flags
)
_ORGANIZATION: Final = 0x00186044  # Pixel Component Organization
_UNITS: Final = (0x0018604C, 0x0018604E)  # whenever there is an organization
_BREAK_POINTS: Final = (0x00186050, 0x00186052, 0x00186054)
_TABLE_ENTRIES: Final = 0x00186056
# Pixel Component Organization → what else it asks for (PS3.3 table C.8-17).
_DEPENDENT: Final[dict[bytes, tuple[int, ...]]] = {
    b"\x00\x00": (*_UNITS, 0x00186046, *_BREAK_POINTS),  # bit aligned positions: a mask
    b"\x01\x00": (*_UNITS, 0x00186048, 0x0018604A, *_BREAK_POINTS),  # ranges: start, stop
    b"\x02\x00": (*_UNITS, _TABLE_ENTRIES, 0x00186058, 0x0018605A),  # table look up
    b"\x03\x00": (*_UNITS, _TABLE_ENTRIES, 0x00409098),  # code sequence look up
}


def fault_of_regions(sequence: bytes, *, calibrated: bool) -> str:
    """Return what keeps the regions of an image from being measured in, or "".

    Args:
        sequence: value of (0018,6011).
        calibrated: ask for pixel component calibration in each region too.
    """
    if not sequence:
        return "Sequence of Ultrasound Regions is not there or empty"
    number = 0
    try:
        for number, item in enumerate(items_of(sequence), 1):
            if number > _MOST:
                break
            fault = _fault_of_item(item, calibrated)
            if fault:
                return f"region {number} of Sequence of Ultrasound Regions {fault}"
    except (BadEncoding, StopIteration):
        return "Sequence of Ultrasound Regions cannot be read"
    return "" if number else "Sequence of Ultrasound Regions has no region"


def _fault_of_item(item: bytes, calibrated: bool) -> str:
    values = values_by_tag(item)
    missing = _missing(values, _SPATIAL)
    if missing or not calibrated:
        return missing
    organization = values.get(_ORGANIZATION, b"")
    if not organization:
        return f"has no {NAMES[_ORGANIZATION]}"
    dependent = _DEPENDENT.get(organization)
    if dependent is None:
        return f"has an unknown {NAMES[_ORGANIZATION]}"
    return _missing(values, dependent)


def _missing(values: dict[int, bytes], tags: tuple[int, ...]) -> str:
    for tag in tags:
        if not values.get(tag):
            return f"has no {NAMES[tag]}"
    return ""
