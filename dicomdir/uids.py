"""UIDs as such: how they are formed (PS3.5 9.1), and the transfer syntaxes there are (PS3.6 A)."""

import re
from typing import Final

LONGEST: Final = 64  # characters (PS3.5 9.1)
_FORM: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+").fullmatch

_ROOT: Final = "1.2.840.10008.1.2"
_MPEG: Final = tuple(f".4.{number}{part}" for number in range(100, 107) for part in ("", ".1"))
TRANSFER_SYNTAXES: Final = frozenset(
    _ROOT + suffix
    for suffix in (
        *("", ".1", ".1.98", ".1.99", ".2", ".5", ".6.1", ".6.2", ".7.1", ".7.2", ".7.3", ".8.1"),
        *(f".4.{number}" for number in range(50, 67)),  # JPEG, most of them retired
        *(".4.70", ".4.80", ".4.81"),
        *(f".4.{number}" for number in range(90, 96)),  # JPEG 2000 and JPIP
        *_MPEG,
        *(".4.107", ".4.108"),  # HEVC
        *(f".4.{number}" for number in range(201, 206)),  # HTJ2K
        *(".4.110", ".4.111", ".4.112"),  # JPEG XL
    )
)


def is_uid(text: str) -> bool:
    """Return whether *text* is formed as a UID is: 64 characters, no leading zeros."""
    return len(text) <= LONGEST and _FORM(text) is not None
