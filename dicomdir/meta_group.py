"""Group 0002 of one file as it stands, well-formed or not (PS3.10 7.1).

The reader of a DICOMDIR takes what is there; the checker says what is wrong with it.
"""

from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import LONG_LENGTH, LONG_VRS, SHORT_VRS, TAG_VR_LENGTH

PREAMBLE: Final = 128  # bytes before the prefix (PS3.10 7.1)
PREFIX: Final = b"DICM"
LARGEST_VALUE: Final = 1 << 20  # bytes; nothing in group 0002 is larger, whatever it says

SOP_CLASS: Final = 0x00020002
SOP_INSTANCE: Final = 0x00020003
TRANSFER_SYNTAX: Final = 0x00020010

_IMPLICIT: Final = Struct("<HHI")


class MetaElement(NamedTuple):
    """One element of group 0002; ``vr`` is empty where it is encoded without one."""

    tag: int
    vr: bytes
    value: bytes


class MetaGroup(NamedTuple):
    """Group 0002 and where it ends."""

    elements: tuple[MetaElement, ...]
    start: int  # offset of the first element
    end: int  # offset just past the last one: the data set begins here
    fault: str  # why the walk ended early, "" when it ended at another group

    @property
    def explicit(self) -> bool:
        """Whether it is in Explicit VR, as it must be whatever the data set is in."""
        return all(element.vr for element in self.elements)

    def value(self, tag: int) -> bytes | None:
        """Return the value of the first element with *tag*, None when there is none."""
        return next((e.value for e in self.elements if e.tag == tag), None)

    def uid(self, tag: int) -> str:
        """Return a UID without its padding, "" when there is none."""
        value = self.value(tag) or b""
        return value.decode("ascii", "backslashreplace").strip(" \0")


def find_meta(data: bytes) -> int | None:
    """Return where group 0002, or a data set without one, begins; None when nothing does.

    Files without a preamble, or with the prefix alone, exist and are read (they do not conform).
    """
    if data[PREAMBLE : PREAMBLE + 4] == PREFIX:
        return PREAMBLE + 4
    if data[:4] == PREFIX:
        return 4
    if data[:2] in (b"\x02\0", b"\x04\0", b"\0\x04"):
        return 0
    return None


def read_meta(data: bytes, start: int) -> MetaGroup:
    """Walk group 0002 from *start*, in Explicit or, where a writer erred, Implicit VR."""
    implicit = data[start + 4 : start + 6] not in LONG_VRS | SHORT_VRS
    elements: list[MetaElement] = []
    position, fault = start, ""
    while data[position : position + 2] == b"\x02\0":
        step = (_next_implicit if implicit else _next_explicit)(data, position)
        if isinstance(step, str):
            fault = step
            break
        element, position = step
        elements.append(element)
    return MetaGroup(tuple(elements), start, position, fault)


def _next_explicit(data: bytes, position: int) -> tuple[MetaElement, int] | str:
    if position + 12 > len(data):
        return f"cut off at byte {position}"
    group, element, vr, length = TAG_VR_LENGTH.unpack_from(data, position)
    value = position + 8
    if vr in LONG_VRS:
        (length,) = LONG_LENGTH.unpack_from(data, value)
        value += 4
    elif vr not in SHORT_VRS:
        return f"no VR at byte {position + 4}"
    return _element(data, group << 16 | element, vr, value, length)


def _next_implicit(data: bytes, position: int) -> tuple[MetaElement, int] | str:
    if position + 8 > len(data):
        return f"cut off at byte {position}"
    group, element, length = _IMPLICIT.unpack_from(data, position)
    return _element(data, group << 16 | element, b"", position + 8, length)


def _element(
    data: bytes, tag: int, vr: bytes, value: int, length: int
) -> tuple[MetaElement, int] | str:
    if length > LARGEST_VALUE:
        return f"a value of {length} bytes at byte {value}"
    if value + length > len(data):
        return f"cut off at byte {value}"
    return MetaElement(tag, vr, data[value : value + length]), value + length
