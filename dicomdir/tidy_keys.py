"""Values that a directory must not have though a file has them: malformed dates, times, UIDs.

Old files write dates with dots and times with colons (ACR-NEMA, PS3.5 6.2 notes). A directory in
which a reader trips over a date is worse than one that says the same date as it should be said.
The file itself is not touched.
"""

import re
from typing import Final

from dicomdir.elements import BadEncoding, encode_element, iterate_elements, name_of
from dicomdir.uids import is_uid

_DATE: Final = re.compile(rb"\d{8}").fullmatch
_OLD_DATE: Final = re.compile(rb"(\d{4})[./-](\d\d)[./-](\d\d)").fullmatch
_TIME: Final = re.compile(rb"\d\d(\d\d(\d\d(\.\d{1,6})?)?)?").fullmatch
_OLD_TIME: Final = re.compile(rb"(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?").fullmatch

# Ends the remark on a UID that is none: a medium with it is not compliant.
MALFORMED_UID: Final = "is not formed as UIDs are; readers may refuse it"
DATED: Final = frozenset((b"DA", b"TM"))


def tidy(keys: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a block of keys with dates and times as PS3.5 6.2 has them, and what was odd.

    What can be read in the old form is rewritten; what cannot be read is left empty, as if the
    file had none. UIDs are never changed, only remarked upon.
    """
    parts: list[bytes] = []
    odd: list[str] = []
    try:
        for tag, vr, start, value_start, end in iterate_elements(keys):
            value = keys[value_start:end].strip(b" \0")
            if vr in DATED and value:
                good = _well_formed(vr, value)
                if good != value:
                    what = "rewritten" if good else "left empty"
                    odd.append(
                        f"{name_of(tag)} is malformed in the file and {what} in the directory"
                    )
                    parts.append(encode_element(tag, vr, good))
                    continue
            elif vr == b"UI" and value and not is_uid(value.decode("ascii", "replace")):
                odd.append(f"{name_of(tag)} {MALFORMED_UID}")
            parts.append(keys[start:end])
    except BadEncoding:
        return keys, ()
    return (b"".join(parts), tuple(odd)) if odd else (keys, ())


def _well_formed(vr: bytes, value: bytes) -> bytes:
    """Return *value* in its standard form, b"" when it has none."""
    if vr == b"DA":
        if _DATE(value):
            return value
        old = _OLD_DATE(value)
        return b"".join(old.groups()) if old else b""
    if _TIME(value):
        return value
    old = _OLD_TIME(value)
    return b"".join(group or b"" for group in old.groups()) if old else b""
