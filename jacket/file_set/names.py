"""Names of files that no directory may hold: which part is guilty, and of what."""

from typing import Final

from dicomdir.file_ids import CHARACTERS, COMPONENTS

_BEGINNING: Final = "no record may have this name"
_FOLDER: Final = "the folder"
_LEGAL: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def why_illegal(file_id: tuple[str, ...]) -> str:
    """Return an operator's sentence on a name that may not stand in a record (PS3.10 8.2, 8.5)."""
    return f"{_BEGINNING}: {_fault_of(file_id)}; `jacket author` gives legal names"


def alike(reason: str) -> str:
    """Return what reasons have in common: files are illegal each in its own way, folders not."""
    of_a_file = reason.startswith(_BEGINNING) and not reason.startswith(f"{_BEGINNING}: {_FOLDER}")
    return _BEGINNING if of_a_file else reason


def _fault_of(file_id: tuple[str, ...]) -> str:
    """Return which part of a name keeps it from standing in a record (PS3.10 8.2, 8.5)."""
    for number, part in enumerate(file_id, start=1):
        name = part if number == len(file_id) else f"{_FOLDER} {part}"
        if not _LEGAL.issuperset(part):
            odd = next(character for character in part if character not in _LEGAL)
            what = "small letters" if odd.islower() else repr(odd)
            return f"{name} has {what}, and only A-Z 0-9 _ may be"
        if len(part) > CHARACTERS:
            return f"{name} has {len(part)} characters, and {CHARACTERS} are the most"
    return f"it lies {len(file_id) - 1} folders deep, and {COMPONENTS - 1} are the most"
