"""Values that a directory must not have though a file has them.

Old files write dates with dots and times with colons (ACR-NEMA, PS3.5 6.2 notes), careless ones
numbers with a point and codes in small letters. A directory in which a reader trips over a value
is worse than one that says the same as it should be said. The file itself is not touched.
"""

import re
from typing import Final

from dicomdir.elements import BadEncoding, encode_element, iterate_elements, name_of
from dicomdir.value_forms import FORMS, is_formed

_OLD_DATE: Final = re.compile(rb"(\d{4})[./-](\d\d)[./-](\d\d)").fullmatch
_OLD_TIME: Final = re.compile(rb"(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?").fullmatch
_NO_CODE: Final = re.compile(rb"[^A-Z0-9 _]").sub
_WHOLE: Final = re.compile(rb"([+-]?\d{1,12})\.0*").fullmatch

# Ends the remark on a UID that is none: a medium with it is not compliant.
MALFORMED_UID: Final = "is not formed as UIDs are; readers may refuse it"


def tidy(keys: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a block of keys with values as PS3.5 6.2 has them, and what was odd.

    What can be read in another form is rewritten; what cannot be read is left empty, as if the
    file had none. UIDs are never changed, only remarked upon.
    """
    parts: list[bytes] = []
    odd: list[str] = []
    try:
        for tag, vr, start, value_start, end in iterate_elements(keys):
            value = keys[value_start:end].strip(b" \0")
            if value and vr in FORMS and tag != 0x00080005 and not is_formed(tag, vr, value):
                if vr == b"UI":
                    odd.append(f"{name_of(tag)} {MALFORMED_UID}")
                else:
                    good = _well_formed(tag, vr, value)
                    how = "rewritten" if good else "left empty"
                    odd.append(
                        f"{name_of(tag)} is malformed in the file and {how} in the directory"
                    )
                    parts.append(encode_element(tag, vr, good))
                    continue
            parts.append(keys[start:end])
    except BadEncoding:
        return keys, ()
    return (b"".join(parts), tuple(odd)) if odd else (keys, ())


def _well_formed(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return *value* in its standard form, b"" when it has none."""
    good = b""
    if vr in (b"DA", b"TM"):
        old = (_OLD_DATE if vr == b"DA" else _OLD_TIME)(value)
        good = b"".join(group or b"" for group in old.groups()) if old else b""
    elif vr == b"CS":
        good = b"\\".join(
            _NO_CODE(b"_", part.strip(b" ").upper())[:16] for part in value.split(b"\\")
        )
    elif vr == b"IS":
        first = value.split(b"\\")[0].strip(b" ")
        whole = _WHOLE(first)
        good = whole.group(1) if whole else first
    return good if is_formed(tag, vr, good) else b""
