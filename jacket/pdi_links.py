"""Where the links of pages on a medium lead, without following one."""

from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from media.source import Name

_OUTSIDE: Final = frozenset(("http", "https", "ftp"))
_HARMLESS: Final = frozenset(("mailto", "tel", "javascript", "data", "about"))


class Place(NamedTuple):
    """What a link leads to."""

    rule: str  # that it breaks, "" for none
    name: Name = ()  # on the medium, as recorded


class Places:
    """The files and folders of a medium, to look links up."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._by_folded: dict[Name, Name] = {}
        self._exact: set[Name] = set()
        for name in names:
            for length in range(1, len(name) + 1):
                part = name[:length]
                if part not in self._exact:
                    self._exact.add(part)
                    self._by_folded.setdefault(_folded(part), part)

    def resolve(self, page: Name, link: str, *, fetched: bool) -> Place:
        """Return where *link* leads that stands on *page*.

        Args:
            page: name of the page on the medium.
            link: as it stands there.
            fetched: a browser gets it by itself; else the reader has to want it.
        """
        try:
            parts = urlsplit(link.strip())
        except ValueError:
            return Place("PDI-LINK")
        if parts.scheme in _HARMLESS:
            return Place("")
        if parts.scheme in _OUTSIDE or (parts.netloc and not parts.scheme):
            return Place("PDI-LINK-LEAVES" if fetched else "")
        if parts.scheme or parts.path.startswith(("/", "\\")):
            return Place("PDI-LINK-LEAVES")  # "file:", a drive's letter, a path from the root
        return self._on_medium(page, unquote(parts.path))

    def _on_medium(self, page: Name, path: str) -> Place:
        name = list(page[:-1])
        for part in path.split("/"):
            if part == "..":
                if not name:
                    return Place("PDI-LINK-LEAVES")
                name.pop()
            elif part not in ("", "."):
                name.append(part)
        if not path or not name:
            return Place("", page)
        wanted = tuple(name)
        if wanted in self._exact:
            return Place("", wanted)
        found = self._by_folded.get(_folded(wanted))
        if found is None:
            return Place("PDI-LINK")
        # Systems show the names of a plain ISO 9660 volume in capitals or in small letters.
        return Place("" if path == path.lower() else "PDI-LINK-CASE", found)


def _folded(name: Name) -> Name:
    return tuple(part.upper() for part in name)
