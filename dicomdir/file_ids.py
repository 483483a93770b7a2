"""File IDs: which are legal, and which file on a medium an illegal one means (PS3.10 8.2, 8.5)."""

import re
from typing import Final

DICOMDIR: Final = ("DICOMDIR",)
COMPONENTS: Final = 8  # at most
CHARACTERS: Final = 8  # at most, in each component

# The value of (0004,1500) when all is well: components are the values of one attribute.
LEGAL_VALUE: Final = re.compile(r"[A-Z0-9_]{1,8}(?:\\[A-Z0-9_]{1,8}){0,7}").fullmatch
_CHARACTERS: Final = re.compile(r"[A-Z0-9_]+").fullmatch
_VERSION: Final = re.compile(r";[0-9]{1,5}$")  # of an ISO 9660 file identifier


def is_legal_file_id(file_id: tuple[str, ...]) -> bool:
    """Return whether *file_id* may stand in a File-set: 1 to 8 components of A-Z 0-9 _."""
    return LEGAL_VALUE("\\".join(file_id)) is not None


def departure_of(file_id: tuple[str, ...]) -> str:
    """Return what keeps *file_id* from being legal, worst first.

    Returns:
        "outside", "depth", "characters" or "length" (the rules' names), "" for a legal one.
    """
    if located(file_id) is None:
        return "outside"
    if len(file_id) > COMPONENTS:
        return "depth"
    if not all(map(_CHARACTERS, file_id)):
        return "characters"
    if any(len(component) > CHARACTERS for component in file_id):
        return "length"
    return ""


def located(file_id: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the name that finds the file on a medium, whatever case and suffix it was given.

    Slashes within one value separate components, ``;1`` and a trailing dot are the file
    system's, and letters count as upper case. Apply it to both sides of a comparison.

    Returns:
        None when the name leads out of the File-set (``..``, a drive, a control character) or
        is empty: such a name is never followed.
    """
    if LEGAL_VALUE("\\".join(file_id)):
        return file_id  # nearly always
    parts = "/".join(file_id).replace("\\", "/").upper().split("/")
    parts = [part for part in parts if part not in ("", ".")]
    if not parts or any(part == ".." or ":" in part or min(part) < " " for part in parts):
        return None
    parts[-1] = _VERSION.sub("", parts[-1])
    parts = [part.rstrip(". ") for part in parts]
    return tuple(parts) if all(parts) else None


def shown(file_id: tuple[str, ...]) -> str:
    """Return a File ID for people; control characters of a hostile one show as escapes."""
    return "/".join(file_id).encode("unicode_escape").decode("ascii")
