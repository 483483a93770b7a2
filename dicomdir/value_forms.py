"""How the value of a selection key is written (PS3.5 6.2)."""

import re
from collections.abc import Callable
from typing import Final

from dicomdir.uids import is_uid


def _matches(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


# How one value of a VR is written (PS3.5 table 6.2-1).
FORMS: Final[dict[bytes, Callable[[str], object]]] = {
    b"CS": _matches(r"[A-Z0-9 _]{1,16}"),
    b"DA": _matches(r"\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"),
    b"DT": _matches(r"\d{4}(?:\d\d){0,5}(?:\.\d{1,6})?(?:[+-]\d{4})? *"),
    b"IS": _matches(r" *[+-]?\d{1,12} *"),
    b"TM": _matches(r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)? *"),
    b"UI": is_uid,
}
SIZES: Final = {b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"UV": 8}  # bytes of one value
# Specific Character Set and Image Type have several values, the other keys one.
_SEVERAL_VALUES: Final = frozenset((0x00080005, 0x00080008))


def is_formed(tag: int, vr: bytes, value: bytes) -> bool:
    """Tell whether *value* is written as its VR asks; empty components are no matter of form."""
    size = SIZES.get(vr)
    if size:
        return len(value) == size
    form = FORMS.get(vr)
    if form is None:
        return True
    text = value.decode("latin-1").rstrip(" \0")
    values = text.split("\\") if tag in _SEVERAL_VALUES else [text]
    return all(form(v.strip(" ") if vr == b"CS" else v) or not v for v in values)
