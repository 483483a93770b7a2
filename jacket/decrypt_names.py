"""Which files of a medium can have their names in a folder of this machine."""

from collections.abc import Sequence

from dicomdir.instance import NotIndexed
from media import Entry
from media.source import Name

_LONGEST = 255  # bytes of a component, on all usual file systems
_NOT_NAMES = frozenset(("", ".", ".."))
_SEPARATORS = frozenset("/\\\0:")


def placed(entries: Sequence[Entry]) -> tuple[list[Entry], list[NotIndexed]]:
    """Return the files that get a place, and why the others get none.

    Names that differ only in case are one on many systems; a name that is a file cannot be a
    folder as well.
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
            left_out.append(_not_placed(entry, "its name cannot be that of a file here"))
        elif folded in taken:
            left_out.append(_not_placed(entry, "another file has this name"))
        elif folded in folders:
            left_out.append(_not_placed(entry, "a folder has this name"))
        else:
            taken.add(folded)
            found.append(entry)
    return found, left_out


def _folded(name: Name) -> Name:
    return tuple(component.casefold() for component in name)


def _is_safe(component: str) -> bool:
    if component in _NOT_NAMES or not _SEPARATORS.isdisjoint(component):
        return False
    return len(component.encode("utf-8", "surrogateescape")) <= _LONGEST


def _not_placed(entry: Entry, why: str) -> NotIndexed:
    return NotIndexed("/".join(entry.name), why, "not-allowed")
