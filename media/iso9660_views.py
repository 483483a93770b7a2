"""The other names that a volume has for its files: Rock Ridge, Joliet, and enhanced ones.

Whoever reads with one of them must see what all others see. What does not is told, and files
that have no plain name are read under the one that they have.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from media.entry import BlockReader, Entry
from media.finding_list import FindingList
from media.iso9660_names import printable, shown, stripped
from media.iso9660_records import parse_record
from media.iso9660_views_rules import new_list
from media.iso9660_volume import Descriptor, RecordedFile, Tree, Volume, read_tree, read_volume
from media.rock_ridge import RockRidge, read_rock_ridge
from media.source import Name
from reporting import FilmjacketError

_SUPPLEMENTARY: Final = 2  # type of a descriptor
_JOLIET: Final = (b"%/@", b"%/C", b"%/E")
_MOST_TREES: Final = 4
_MOST_SESSIONS: Final = 4  # that are compared with the last one
_NOT_NAMES: Final = frozenset(("", ".", ".."))

_Place = tuple[int, int, tuple[tuple[int, int], ...]]


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
    by_place = {_place(f): n for n, f in enumerate(volume.files) if f.size}
    hidden = views.rock_ridge.placeholders if views.rock_ridge else frozenset()
    for descriptor in _other_descriptors(volume):
        is_joliet = descriptor.data[88:91] in _JOLIET
        tree = read_tree(reader, descriptor, volume.block_size, _joliet if is_joliet else _latin)
        if tree is not None:
            title = "Joliet" if is_joliet else "the enhanced names"
            _Comparison(volume, by_place, hidden, tree, title, path, views).run()
    _compare_sessions(volume, reader, by_place, problems)
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


def _place(file: RecordedFile) -> _Place:
    return file.at, file.size, file.extents


def _latin(identifier: bytes) -> str:
    return safe_component(identifier.decode("latin-1"))


def _joliet(identifier: bytes) -> str:
    return safe_component(identifier.decode("utf-16-be", "replace"))


def safe_component(text: str) -> str:
    """Return a part of a name that leads nowhere else."""
    if stripped(text) in _NOT_NAMES:
        return "_"
    return text.replace("/", "_").replace("\\", "_").replace("\0", "_")


class _Comparison:
    """One other tree, held against the plain one."""

    def __init__(
        self,
        volume: Volume,
        by_place: dict[_Place, int],
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
            number = self._by_place.get(_place(file))
            if number is not None:
                seen.add(number)
                self._views.others.append((name, number))
            namesake = plain.get(_folded(name))
            if namesake is not None and namesake.size and _place(namesake) != _place(file):
                add("ISO-VIEW-DIFFERS", "/" + shown(name), f"in {self._title} and in plain names")
            if number is None and file.size:
                add("ISO-VIEW-ONLY", "/" + shown(name), f"only in {self._title}")
                self._views.extra.append(self._entry(name, file))
        self._tell_unseen(seen)

    def _tell_unseen(self, seen: set[int]) -> None:
        places = {_place(self._volume.files[number]) for number in seen}
        for number, file in enumerate(self._volume.files):
            if file.size and number not in self._hidden and _place(file) not in places:
                where = "/" + shown(name_of(self._volume, file))
                self._views.problems.add("ISO-VIEW-HIDES", where, f"not in {self._title}")

    def _name(self, file: RecordedFile) -> Name:
        folder = self._tree.directories[file.directory].name
        return (*folder, stripped(self._decode(file.identifier)))

    def _entry(self, name: Name, file: RecordedFile) -> Entry:
        recorded = self._decode(file.identifier)
        return Entry(name, recorded, file.size, self._path, file.at, file.extents)


def name_of(volume: Volume, file: RecordedFile) -> Name:
    """Return the plain name of a file, which leads nowhere else whatever is recorded."""
    folder = volume.directories[file.directory].name
    name = (*folder, stripped(file.identifier.decode("latin-1")))
    if any("/" in part or "\0" in part or part in _NOT_NAMES for part in name):
        return tuple(safe_component(part) for part in name)
    return name


def _folded(name: Name) -> Name:
    return tuple(part.upper() for part in name)


def _compare_sessions(
    volume: Volume, reader: BlockReader, by_place: dict[_Place, int], problems: FindingList
) -> None:
    """Tell which files of earlier sessions the last one does not show."""
    if not volume.earlier:
        return
    problems.add("ISO-SESSIONS", f"sector {volume.first}", _sessions(volume))
    told: set[_Place] = set()
    for first in volume.earlier[-_MOST_SESSIONS:]:
        try:
            before = read_volume(reader, first=first)
        except FilmjacketError as error:
            problems.add("ISO-SESSION-HIDES", f"sector {first}", printable(error.what))
            continue
        for file in before.files if before is not None else ():
            if file.size and _place(file) not in by_place and _place(file) not in told:
                told.add(_place(file))
                assert before is not None  # noqa: S101 (there is a file in it)
                problems.add("ISO-SESSION-HIDES", "/" + shown(name_of(before, file)))


def _sessions(volume: Volume) -> str:
    number = len(volume.earlier) + 1
    return f"the disc has {number} sessions; the last one was read, which describes all of it"
