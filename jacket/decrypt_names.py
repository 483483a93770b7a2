"""Which files of a medium can have their names in a folder of this machine."""

import os
from collections.abc import Sequence
from unicodedata import normalize

from dicomdir.instance import NotIndexed
from media import Entry
from media.fat.names import DEVICES
from media.source import Name

_LONGEST = 255  # bytes of a component, on all usual file systems
_NOT_NAMES = frozenset(("", ".", ".."))
_SEPARATORS = frozenset("/\\\0:")
_NOT_ON_WINDOWS = frozenset('<>"|?*') | frozenset(map(chr, range(32)))
NO_NAME = "its name cannot be that of a file here"


def placed(entries: Sequence[Entry]) -> tuple[list[Entry], list[NotIndexed]]:
    """Return the files that get a place, and why the others get none.

    Names that differ only in case, or in how accents are put together, are one on many systems; a
    name that is a file cannot be a folder as well.
    """
    folders = {
        folded[:n] for e in entries for folded in [_folded(e.name)] for n in range(1, len(folded))
    }
    taken: set[Name] = set()
    found: list[Entry] = []
    left_out: list[NotIndexed] = []
    for entry in entries:
        folded = _folded(entry.name)
        if not all(map(_is_safe, entry.name)):
            left_out.append(_not_placed(entry, NO_NAME))
        elif folded in taken:
            left_out.append(_not_placed(entry, "another file has this name"))
        elif folded in folders:
            left_out.append(_not_placed(entry, "a folder has this name"))
        else:
            taken.add(folded)
            found.append(entry)
    return found, left_out


def _folded(name: Name) -> Name:
    return tuple(
        component.casefold() if component.isascii() else normalize("NFC", component.casefold())
        for component in name
    )


def _is_safe(component: str) -> bool:
    if component in _NOT_NAMES or not _SEPARATORS.isdisjoint(component):
        return False
    if os.name == "nt" and not is_name_on_windows(component):
        return False
    return len(component.encode("utf-8", "surrogateescape")) <= _LONGEST


def is_name_on_windows(component: str) -> bool:
    """Return whether Windows makes a file of just this name: no device, and nothing cut off it."""
    is_device = component.partition(".")[0].rstrip().upper() in DEVICES
    return not is_device and component[-1] not in ". " and _NOT_ON_WINDOWS.isdisjoint(component)


def _not_placed(entry: Entry, why: str) -> NotIndexed:
    return NotIndexed("/".join(entry.name), why, "not-allowed")
