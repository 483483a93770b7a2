"""Names on a FAT volume: the 8.3 name that every system reads, and the long one beside it.

A DICOM File ID ``DICOM/I0000001`` is recorded as the short names ``DICOM`` and ``I0000001`` with
an empty extension, in upper case (PS3.12 Annex A and R). Long names are VFAT's; no annex mentions
them, so they are made for other files only, such as those of a viewer.
"""

import re
from collections.abc import Container
from functools import lru_cache
from itertools import count
from struct import Struct
from typing import Final

from media.iso9660.names import NameDoesNotFit, printable

# Every character that a short name may have (Microsoft's FAT specification, 6). What is above
# 127 depends on the code page of whoever looks, so it is read but not written.
_LEGAL: Final = r"A-Z0-9$%'\-_@~`!(){}^#&"
_SHORT: Final = re.compile(rf"([{_LEGAL}]{{1,8}})(?:\.([{_LEGAL}]{{1,3}}))?", re.ASCII)
_NOT_LEGAL: Final = re.compile(rf"[^{_LEGAL}]", re.ASCII)
_LABEL: Final = re.compile(r"[A-Z0-9_ ]{0,32}", re.ASCII)
_NOT_IN_LONG: Final = re.compile(r'[\x00-\x1f"*/:<>?\\|]')
_LONGEST: Final = 255  # UTF-16 units of a long name
LONG_NAME_UNITS: Final = 13  # UTF-16 units in one record of a long name

# Names that Windows takes for a device, with any extension: such a file cannot be opened there.
DEVICES: Final = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)))
)

_LONG_RECORD: Final = Struct("<B10sBBB12sH4s")
_LONG_NAME: Final = 0x0F  # attributes that mark a record of a long name
_LAST: Final = 0x40  # in the number of the record that holds the end of a long name


def is_short(component: str) -> bool:
    """Return whether *component* is a legal 8.3 name as it stands."""
    return _SHORT.fullmatch(component) is not None


@lru_cache(maxsize=1 << 14)  # Most folders have files of the same names.
def short_field(component: str) -> bytes:
    """Return a legal 8.3 name as the 11 bytes of its field, padded with spaces.

    Raises:
        NameDoesNotFit: it is none, or is a device under Windows.
    """
    match = _SHORT.fullmatch(component)
    if match is None:
        raise NameDoesNotFit(
            "is not an 8.3 name",
            printable(component),
            "Use up to 8 of A-Z, 0-9 and _, and an extension of up to 3 where there is one",
        )
    if match[1] in DEVICES:
        raise NameDoesNotFit(
            "is the name of a device under Windows", printable(component), "Choose another name"
        )
    return f"{match[1]:8}{match[2] or '':3}".encode()


def label_field(label: str) -> bytes:
    """Return as much of a label as has room in its 11 bytes; 11 spaces for "".

    Raises:
        NameDoesNotFit: it has other characters than a File-set ID may have.
    """
    if not _LABEL.fullmatch(label):
        raise NameDoesNotFit(
            "is not a label of a FAT volume",
            printable(label),
            "Use A-Z, 0-9, _ and space; the first 11 characters are recorded",
        )
    return label.strip()[:11].encode().ljust(11)


def refuse_unsuited_long_name(component: str) -> None:
    """Raise NameDoesNotFit unless *component* can be a long name."""
    units = len(component.encode("utf-16-le", "replace")) // 2
    if (
        not 1 <= units <= _LONGEST
        or _NOT_IN_LONG.search(component)
        or component[-1] in ". "
        or component.partition(".")[0].upper().rstrip() in DEVICES
        or not component.isprintable()
    ):
        raise NameDoesNotFit(
            "is not a long name of a FAT volume",
            printable(component),
            'Use up to 255 characters without any of " * / : < > ? \\ |, and no dot at the end',
        )


def alias(component: str, taken: Container[bytes], numbers: dict[str, int]) -> bytes:
    """Return the field of a short name for a long one that none of *taken* is.

    Args:
        component: the long name.
        taken: fields of the short names in the same folder.
        numbers: the last number given to each stem; kept by the caller from call to call.
    """
    whole = component.upper()
    if is_short(whole) and short_field(whole) not in taken:
        return short_field(whole)
    stem, dot, extension = whole.lstrip(". ").replace(" ", "").rpartition(".")
    stem, extension = (stem, extension) if dot and stem else (extension, "")
    stem, extension = (_NOT_LEGAL.sub("_", part) for part in (stem.replace(".", ""), extension))
    for number in count(numbers.get(stem[:6], 0) + 1):
        tail = f"~{number}"
        field = f"{stem[: 8 - len(tail)] + tail:8}{extension[:3]:3}".encode()
        numbers[stem[:6]] = number
        if field not in taken:
            return field
    raise AssertionError("numbers do not end")


def shown_field(field: bytes) -> str:
    """Return the name that the 11 bytes of a short name stand for: ``README.TXT``, ``DICOMDIR``."""
    if field[0] == 0x05:  # stands for a first byte that would mean "deleted"
        field = b"\xe5" + field[1:]
    # Every byte is a character of this code page, so that foreign names survive and differ.
    stem, extension = (part.decode("cp437").rstrip(" ") for part in (field[:8], field[8:]))
    return f"{stem}.{extension}" if extension else stem


def checksum(field: bytes) -> int:
    """Return the number that ties the records of a long name to the short name after them."""
    total = 0
    for byte in field:
        total = (((total & 1) << 7) + (total >> 1) + byte) & 0xFF
    return total


def long_record_count(component: str) -> int:
    """Return how many records a long name takes before the one of the file."""
    return -(-len(component.encode("utf-16-le")) // (2 * LONG_NAME_UNITS))


def long_records(component: str, field: bytes) -> bytes:
    """Return the records of a long name whose file has the short name of *field*."""
    records, tied = long_record_count(component), checksum(field)
    units = component.encode("utf-16-le")
    size = 2 * LONG_NAME_UNITS
    if len(units) < records * size:  # ended by one zero, then filled up
        units = (units + b"\0\0").ljust(records * size, b"\xff")
    return b"".join(
        _LONG_RECORD.pack(
            number | (_LAST if number == records else 0),
            units[at : at + 10],
            _LONG_NAME,
            0,
            tied,
            units[at + 10 : at + 22],
            0,
            units[at + 22 : at + 26],
        )
        for number, at in zip(
            range(records, 0, -1), range(size * (records - 1), -1, -size), strict=True
        )
    )


def parse_long_name(records: list[bytes], field: bytes) -> str | None:
    """Return the name in the *records* before that of *field*; None where it is not its name."""
    units = []
    for number, record in zip(range(len(records), 0, -1), records, strict=True):
        order, first, _, _, tied, second, _, third = _LONG_RECORD.unpack(record)
        last = _LAST if number == len(records) else 0
        if order != number | last or tied != checksum(field):
            return None
        units.append(first + second + third)
    text = b"".join(reversed(units)).decode("utf-16-le", "replace").partition("\0")[0]
    return text or None
