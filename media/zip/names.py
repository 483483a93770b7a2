"""Names in a ZIP archive: none may lead out of it, whatever is recorded."""

import re
from typing import Final, NamedTuple

from media.iso9660.names import stripped
from media.source import Name

# A drive of Windows at the start of a component, alone or with what follows it.
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_FILE: Final = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{1,3})?", re.ASCII)
_FOLDER: Final = re.compile(r"[A-Z0-9_]{1,8}", re.ASCII)
_NOWHERE: Final = frozenset(("", ".", ".."))
_LONGEST: Final = 4096  # characters of a name
_DEEPEST: Final = 64  # levels; archives of eight are legal, what is deeper is only an attack


class SafeName(NamedTuple):
    """A recorded name and what can be used of it."""

    name: Name  # () where nothing is left
    recorded: str  # last component as recorded
    is_folder: bool
    is_unsafe: bool  # something was left out that leads elsewhere
    has_backslash: bool


def safe_name(recorded: str) -> SafeName:
    """Return what can be used of a *recorded* name."""
    text, nul, _ = recorded.partition("\0")  # Programs in C do not see what follows.
    has_backslash = "\\" in text
    text = text.replace("\\", "/")
    is_folder = text.endswith("/")
    parts = (text[:-1] if is_folder else text).split("/")
    kept = [_without_drive(part) for part in parts]
    clean = [part for part in kept if part not in _NOWHERE]
    unsafe = bool(nul) or clean != parts
    if not clean or len(recorded) > _LONGEST or len(clean) > _DEEPEST:
        return SafeName((), "", is_folder, True, has_backslash)
    last = stripped(clean[-1])
    name = (*clean[:-1], clean[-1] if last in _NOWHERE else last)
    return SafeName(name, clean[-1], is_folder, unsafe, has_backslash)


def _without_drive(part: str) -> str:
    return part[2:] if _DRIVE.match(part) else part


def is_plain(name: Name) -> bool:
    """Return whether a name is what a DICOM medium can have: 8 and 3 of ``A-Z 0-9 _``."""
    return bool(_FILE.fullmatch(name[-1])) and all(_FOLDER.fullmatch(part) for part in name[:-1])
