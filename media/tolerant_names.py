"""Looking files up by name on media that do not keep to the rules for names."""

from collections.abc import Iterable

from media.iso9660.names import stripped
from media.source import Name


class TolerantNames:
    """Numbers of files by name; for exact and for tolerant look-up."""

    def __init__(self, names: Iterable[Name]) -> None:
        """Take the *names* in; the number of a file is its place among them."""
        self._exact: dict[Name, int] = {}
        self._folded: dict[Name, int] = {}
        # Several files may differ in the extension alone.
        self._bare: dict[Name, list[tuple[str, int]]] = {}
        for number, name in enumerate(names):
            self._take(name, number)

    def find(self, name: Name) -> int | None:
        return self._exact.get(name)

    def find_tolerant(self, name: Name) -> int | None:
        found = self._exact.get(name)
        if found is None and name:
            found = self._folded.get(_fold(name))
            if found is None:
                found = self._by_extension(_fold(name))
        return found

    def _take(self, name: Name, number: int) -> None:
        self._exact.setdefault(name, number)
        folded = _fold(name)
        self._folded.setdefault(folded, number)
        stem, dot, extension = folded[-1].rpartition(".")
        if dot:
            self._bare.setdefault((*folded[:-1], stem), []).append((extension, number))

    def _by_extension(self, folded: Name) -> int | None:
        candidates = self._bare.get(folded, [])
        if len(candidates) == 1:
            return candidates[0][1]
        return next((n for extension, n in candidates if extension == "DCM"), None)


def _fold(name: Name) -> Name:
    return tuple(_plain(component) for component in name)


def _plain(component: str) -> str:
    # Twice, because there are discs on which ";1" was appended to what had it already.
    return stripped(stripped(component.strip())).upper()
