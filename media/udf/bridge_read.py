"""Reads discs with two file systems over the same files: ISO 9660 for some readers, UDF for others.

What one of them does not show would go unseen by whoever reads with the other, so that both are
read and compared (PS3.12 P.2: readers must know both).
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from drivers import ImageFile
from drivers.closing import ClosesItself
from media.entry import Entry
from media.extents import ExtentFile, open_entry
from media.finding_list import FindingList
from media.iso9660.names import printable, shown
from media.iso9660.read import Iso9660Medium
from media.source import Name
from media.tolerant_names import TolerantNames
from media.udf.read import UdfMedium
from media.udf.rules import new_list
from media.udf.volume import read_udf
from reporting import FilmjacketError, Finding

Place = tuple[int, tuple[tuple[int, int], ...]]  # bytes of a file, and of each of its runs


class BridgeViews(NamedTuple):
    """Both views of a disc as one."""

    entries: list[Entry]  # by ascending place; what both show is there once
    problems: FindingList


def compare_views(iso9660: Iterable[Entry], udf: Iterable[Entry]) -> BridgeViews:
    """Compare what readers of ISO 9660 and of UDF see of one disc."""
    problems = new_list()
    by_name: dict[Name, Entry] = {}
    by_place: dict[Place, Entry] = {}
    entries = list(iso9660)
    for entry in entries:
        by_name.setdefault(_folded(entry.name), entry)
        if entry.size:
            by_place.setdefault(_place(entry), entry)
    unseen = {_folded(entry.name): entry for entry in entries}
    for entry in udf:
        namesake = by_name.get(_folded(entry.name))
        twin = by_place.get(_place(entry)) if entry.size else None
        unseen.pop(_folded(entry.name), None)
        if twin is not None:
            unseen.pop(_folded(twin.name), None)
        if namesake is not None and (_same(namesake, entry) or twin is not None):
            if not _same(namesake, entry):
                problems.add("UDF-BRIDGE-DIFFERS", _where(entry))
            continue
        if namesake is not None:
            problems.add("UDF-BRIDGE-DIFFERS", _where(entry))
        elif twin is not None:
            problems.add("UDF-BRIDGE-NAME", _where(entry), f"in ISO 9660 it is {_where(twin)}")
            continue
        else:
            problems.add("UDF-BRIDGE-UDF-ONLY", _where(entry))
        entries.append(entry)
    for entry in unseen.values():
        problems.add("UDF-BRIDGE-ISO-ONLY", _where(entry))
    entries.sort(key=lambda entry: entry.offset)
    return BridgeViews(entries, problems)


def _folded(name: Name) -> Name:
    return tuple(part.upper() for part in name)


def _where(entry: Entry) -> str:
    return "/" + shown(entry.name)


def _place(entry: Entry) -> Place:
    """Return size and runs of a content, with runs put together that follow one another."""
    runs: list[tuple[int, int]] = []
    for at, length in entry.extents or ((entry.offset, entry.size),):
        if runs and at >= 0 and sum(runs[-1]) == at:
            runs[-1] = runs[-1][0], runs[-1][1] + length
        else:
            runs.append((at, length))
    return entry.size, tuple(runs)


def _same(one: Entry, other: Entry) -> bool:
    return _place(one) == _place(other) if one.size or other.size else True


class BridgeMedium(ClosesItself):
    """A disc that is read by both of its file systems; closes the image in the end."""

    kind: Final = "iso9660+udf"

    def __init__(self, image: ImageFile, iso9660: Iso9660Medium) -> None:
        self._image, self.iso9660 = image, iso9660
        self.udf: UdfMedium | None = None  # where it can be read
        self._lost = "no anchor can be read"
        try:
            volume = read_udf(image)
        except FilmjacketError as error:
            self._lost = error.what
        else:
            self.udf = None if volume is None else UdfMedium(image, volume)

    @property
    def label(self) -> str:
        return self.iso9660.label

    def entries(self) -> Iterator[Entry]:
        return iter(self._views.entries)

    def find(self, name: Name) -> Entry | None:
        found = self._numbered(self._names.find(name))
        return found if found or self.udf is None else self.udf.find(name)

    def find_tolerant(self, name: Name) -> Entry | None:
        found = self.find(name) or self._numbered(self._names.find_tolerant(name))
        return found if found or self.udf is None else self.udf.find_tolerant(name)

    def open(self, entry: Entry) -> ExtentFile:
        """Open a file of this medium.

        Raises:
            CannotRead: it is not whole on the medium.
        """
        return open_entry(self._image, entry)

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return every departure of both file systems, and where they differ."""
        found = new_list()
        if self.udf is None:
            found.add("UDF-BRIDGE-UNREADABLE", "volume", printable(self._lost))
            return self.iso9660.findings(demands) + found.findings()
        if self.iso9660.label != self.udf.label:
            found.add("UDF-BRIDGE-LABEL", "volume")
        return (
            self.iso9660.findings(demands)
            + self.udf.findings(demands)
            + self._views.problems.findings()
            + found.findings()
        )

    def close(self) -> None:
        self._image.close()

    @cached_property
    def _views(self) -> BridgeViews:
        udf = () if self.udf is None else self.udf.entries()
        return compare_views(self.iso9660.entries(), udf)

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(entry.name for entry in self._views.entries)

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self._views.entries[number]
