"""The other names that a volume has for its files: Rock Ridge, Joliet, and enhanced ones.

Whoever reads with one of them must see what all others see. What does not is told, and files
that have no plain name are read under the one that they have.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from media.entry import BlockReader, Entry
from media.finding_list import FindingList
from media.iso9660.check_sessions import Place, check_sessions, place_of
from media.iso9660.names import shown, stripped
from media.iso9660.plain_names import name_of
from media.iso9660.records import parse_record
from media.iso9660.rock_ridge import RockRidge, read_rock_ridge
from media.iso9660.views_rules import new_list
from media.iso9660.volume import Descriptor, RecordedFile, Tree, Volume, read_tree
from media.safe_names import safe_component
from media.source import Name

_SUPPLEMENTARY: Final = 2  # type of a descriptor
_JOLIET: Final = (b"%/@", b"%/C", b"%/E")
_MOST_TREES: Final = 4


class Views(NamedTuple):
    """What a volume shows besides its plain names."""

    rock_ridge: RockRidge | None
    others: list[tuple[Name, int]]  # other names, with the number of the file
    extra: list[Entry]  # files without a plain name, by ascending place
    problems: FindingList


def has_views(volume: Volume) -> bool:
    """Return whether there is anything to compare; quick where there is not."""
    return bool(volume.earlier) or any(d.type == _SUPPLEMENTARY for d in volume.descriptors)


def read_views(volume: Volume, reader: BlockReader, path: str) -> Views:
    """Read all other names of a volume and compare what they show.

    Args:
        volume: as its plain names show it.
        reader: the image.
        path: of the image, for the entries.
    """
    problems = new_list()
    views = Views(read_rock_ridge(volume, reader, problems), [], [], problems)
    by_place = {place_of(f): n for n, f in enumerate(volume.files) if f.size}
    hidden = views.rock_ridge.placeholders if views.rock_ridge else frozenset()
    for descriptor in _other_descriptors(volume):
        is_joliet = descriptor.data[88:91] in _JOLIET
        tree = read_tree(reader, descriptor, volume.block_size, _joliet if is_joliet else _latin)
        if tree is not None:
            title = "Joliet" if is_joliet else "the enhanced names"
            _Comparison(volume, by_place, hidden, tree, title, path, views).run()
    check_sessions(volume, reader, problems)
    views.extra.sort(key=lambda entry: entry.offset)
    return views


def _other_descriptors(volume: Volume) -> Iterator[Descriptor]:
    """Yield descriptors that lead to directories of their own."""
    seen = {parse_record(volume.primary.data[:190], 156, 0).extent}
    for descriptor in volume.descriptors:
        if descriptor.type == _SUPPLEMENTARY and len(seen) <= _MOST_TREES:
            root = parse_record(descriptor.data[:190], 156, 0).extent
            if root not in seen:
                seen.add(root)
                yield descriptor


def _latin(identifier: bytes) -> str:
    return safe_component(identifier.decode("latin-1"))


def _joliet(identifier: bytes) -> str:
    return safe_component(identifier.decode("utf-16-be", "replace"))


class _Comparison:
    """One other tree, held against the plain one."""

    def __init__(
        self,
        volume: Volume,
        by_place: dict[Place, int],
        hidden: frozenset[int],
        tree: Tree,
        title: str,
        path: str,
        views: Views,
    ) -> None:
        self._volume, self._by_place, self._hidden = volume, by_place, hidden
        self._tree, self._title, self._path, self._views = tree, title, path, views
        self._decode = _joliet if title == "Joliet" else _latin

    def run(self) -> None:
        add = self._views.problems.add
        for problem in self._tree.problems.findings():
            add("ISO-VIEW-DAMAGED", problem.where, f"{self._title}: {problem.message}")
        plain = {_folded(name_of(self._volume, file)): file for file in self._volume.files}
        seen: set[int] = set()
        names: set[Name] = set()
        for file in self._tree.files:
            name = self._name(file)
            if name in names:
                add("ISO-VIEW-NAME", "/" + shown(name), f"{self._title}: the name is there twice")
            names.add(name)
            number = self._by_place.get(place_of(file))
            if number is not None:
                seen.add(number)
                self._views.others.append((name, number))
            namesake = plain.get(_folded(name))
            if namesake is not None and namesake.size and place_of(namesake) != place_of(file):
                add("ISO-VIEW-DIFFERS", "/" + shown(name), f"in {self._title} and in plain names")
            if number is None and file.size:
                add("ISO-VIEW-ONLY", "/" + shown(name), f"only in {self._title}")
                self._views.extra.append(self._entry(name, file))
        self._tell_unseen(seen)

    def _tell_unseen(self, seen: set[int]) -> None:
        places = {place_of(self._volume.files[number]) for number in seen}
        for number, file in enumerate(self._volume.files):
            if file.size and number not in self._hidden and place_of(file) not in places:
                where = "/" + shown(name_of(self._volume, file))
                self._views.problems.add("ISO-VIEW-HIDES", where, f"not in {self._title}")

    def _name(self, file: RecordedFile) -> Name:
        folder = self._tree.directories[file.directory].name
        return (*folder, stripped(self._decode(file.identifier)))

    def _entry(self, name: Name, file: RecordedFile) -> Entry:
        recorded = self._decode(file.identifier)
        return Entry(name, recorded, file.size, self._path, file.at, file.extents)


def _folded(name: Name) -> Name:
    return tuple(part.upper() for part in name)
