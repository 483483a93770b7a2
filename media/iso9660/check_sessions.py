"""Checks a disc of several sessions: what earlier ones held that the last one does not show.

A session may take files away or put others in their place (PS3.12 Annex F); what it does not
name can still be read by who looks for it, and may also have been forgotten.
"""

from typing import Final

from media.entry import BlockReader
from media.finding_list import FindingList
from media.iso9660.names import printable, shown
from media.iso9660.plain_names import name_of
from media.iso9660.records import SECTOR, parse_record
from media.iso9660.volume import RecordedFile, Volume, read_volume
from media.source import Name
from reporting import CannotRead, FilmjacketError

_MOST_FILES: Final = 500_000  # of all sessions that are compared with the last one

Place = tuple[int, int, tuple[tuple[int, int], ...]]


def place_of(file: RecordedFile) -> Place:
    """Return where the content of a file lies, which tells two files apart."""
    return file.at, file.size, file.extents


def check_sessions(volume: Volume, reader: BlockReader, problems: FindingList) -> None:
    """Tell which files of earlier sessions the last one does not show.

    Args:
        volume: of the last session.
        reader: the image.
        problems: takes findings by the rules of `media.iso9660.views_rules`.
    """
    if not volume.earlier:
        return
    comparison = _Comparison(volume, problems)
    for first in reversed(volume.earlier):
        if comparison.seen > _MOST_FILES:
            break
        try:
            before = read_volume(reader, first=first)
        except FilmjacketError as error:
            problems.add("ISO-SESSION-DAMAGED", f"sector {first}", printable(error.what))
            continue
        if before is not None:
            comparison.compare(before)
    problems.add("ISO-SESSIONS", f"sector {volume.first}", comparison.summary())
    if _shows_another(volume.earlier[0], volume, reader):
        problems.add("ISO-SESSION-FRONT", f"sector {volume.earlier[0]}")


def _shows_another(front: int, volume: Volume, reader: BlockReader) -> bool:
    """Return whether the descriptor at sector *front* leads to another root."""
    try:
        descriptor = reader.pread(SECTOR, front * SECTOR)
    except CannotRead:
        return False  # That is told of the session.
    return _root(descriptor) != _root(volume.primary.data)


def _root(descriptor: bytes) -> int:
    return parse_record(descriptor[:190], 156, 0).extent


class _Comparison:
    """Goes back from session to session."""

    def __init__(self, volume: Volume, problems: FindingList) -> None:
        self._volume, self._problems = volume, problems
        self._known = {place_of(file) for file in volume.files}
        self._names = {_folded(name_of(volume, file)) for file in volume.files}
        self.seen = 0  # files of earlier sessions
        self._replaced = self._gone = 0

    def compare(self, before: Volume) -> None:
        self.seen += len(before.files)
        for file in before.files:
            if not file.size or place_of(file) in self._known:
                continue
            self._known.add(place_of(file))
            name = name_of(before, file)
            replaced = _folded(name) in self._names
            self._replaced += replaced
            self._gone += not replaced
            what = "a later session has another file of this name" if replaced else ""
            self._problems.add("ISO-SESSION-HIDES", "/" + shown(name), what)

    def summary(self) -> str:
        sessions = f"the disc has {len(self._volume.earlier) + 1} sessions; the last one was read"
        if not self._gone + self._replaced:
            return f"{sessions}, which shows all files of the others"
        counts = f"{self._replaced:,} replaced, {self._gone:,} not shown"
        return f"{sessions}; files of the others: {counts}"


def _folded(name: Name) -> Name:
    return tuple(part.upper() for part in name)
