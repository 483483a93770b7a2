"""One tree of names on a disc, for the session that is to come: kept, taken from, and added to.

A disc may have several: the plain names, Joliet, enhanced ones. Each has its own directories over
the same content.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from media.iso9660.names import NameDoesNotFit, shown
from media.iso9660.records import ASSOCIATED, Iso9660Record, Malformed, parse_directory
from media.iso9660.session_folders import ABOVE, ROOT, Place, SessionFile, SessionFolder
from media.iso9660.session_records import file_records, folder_record
from media.iso9660.volume import Directory
from media.source import Name
from media.volume_plan import PlannedFile


class Spelling(NamedTuple):
    """How a tree records names."""

    title: str  # what people call it
    decode: Callable[[bytes], str]  # a name without its version
    file: Callable[[str], bytes]
    folder: Callable[[str], bytes]


class FolderFields(NamedTuple):
    """What the records of a new folder say beside its name and place."""

    date: bytes
    # System Use: in the folder above, in itself, and in itself of the folder above.
    system_uses: tuple[bytes, bytes, bytes] = (b"", b"", b"")


class SessionTree:
    """The names of a disc in one of its spellings."""

    def __init__(self, directories: Sequence[Directory], spelling: Spelling) -> None:
        """Take over everything that *directories*, the root first, say."""
        self.spelling = spelling
        self._named: defaultdict[Name, list[SessionFile]] = defaultdict(list)
        self._placed: defaultdict[Place, list[SessionFile]] = defaultdict(list)
        self._folders: dict[Name, SessionFolder] = {}
        self._emptied: list[SessionFolder] = []
        self.root = self._take_over(directories)

    def find(self, name: Name) -> list[SessionFile]:
        """Return the files of exactly this name, or else those that differ in case alone."""
        found = self._named.get(folded(name), [])
        return [file for file in found if file.path == name] or list(found)

    def at(self, place: Place) -> list[SessionFile]:
        """Return the files whose content lies at *place*."""
        return list(self._placed.get(place, ()))

    def files(self) -> Iterator[SessionFile]:
        for found in self._named.values():
            yield from found

    def remove(self, file: SessionFile) -> None:
        del file.folder.files[file.identifier]
        self._named[folded(file.path)].remove(file)
        if file.place is not None:
            self._placed[file.place].remove(file)
        self._emptied.append(file.folder)

    def add(
        self,
        file: PlannedFile,
        folder: SessionFolder,
        identifier: bytes,
        first: int,
        system_use: bytes = b"",
    ) -> None:
        """Add a file.

        Args:
            file: its size and its time.
            folder: where it is to be.
            identifier: its name as it is recorded.
            first: its block, counted from where the session's content begins.
            system_use: of its records.

        Raises:
            NameDoesNotFit: something else has that name.
        """
        records = file_records(identifier, file.size, first, file.modified, system_use)
        added = SessionFile(folder, self.spelling.decode(identifier), identifier, records)
        key = folded(added.path)
        if self._named.get(key) or key in self._folders:
            raise NameDoesNotFit(
                "is the name of something else on the disc",
                shown(added.path),
                "Choose another name, or make a new medium",
            )
        folder.files[identifier] = added
        self._named[key].append(added)

    def folder(self, name: Name, fields_of: Callable[[str], FolderFields]) -> SessionFolder:
        """Return a folder, made where there is none.

        Args:
            name: of the folder.
            fields_of: tells by the last part of its name what is recorded of a new one.

        Raises:
            NameDoesNotFit: a file has that name.
        """
        known = self._folders.get(folded(name))
        if known is not None:
            return known
        if self._named.get(folded(name)):
            raise NameDoesNotFit("is a file and a folder", shown(name), "Rename one of them")
        above = self.folder(name[:-1], fields_of)
        identifier = self.spelling.folder(name[-1])
        fields = fields_of(name[-1])
        record, own, up = (
            folder_record(called, fields.date, use)
            for called, use in zip((identifier, ROOT, ABOVE), fields.system_uses, strict=True)
        )
        made = SessionFolder(above, name[-1], identifier, record, own, up)
        above.folders.append(made)
        self._folders[folded(name)] = made
        return made

    def drop_emptied(self) -> None:
        """Remove the folders from which the last file was taken; others may be empty."""
        gone: set[int] = set()
        for folder in self._emptied:
            while folder.above is not None and not folder.files and not folder.folders:
                if id(folder) not in gone:
                    gone.add(id(folder))
                    folder.above.folders.remove(folder)
                folder = folder.above

    def _take_over(self, directories: Sequence[Directory]) -> SessionFolder:
        numbers = {(d.parent, d.identifier, d.extent): n for n, d in enumerate(directories)}
        in_above: dict[int, bytes] = {}  # the record of a directory in the one above
        folders: list[SessionFolder] = []
        for number, directory in enumerate(directories):
            records = list(_records(directory))
            above = folders[directory.parent] if folders else None
            folder = self._kept(directory, above, in_above.get(number, b""), records)
            folder.number = number
            folders.append(folder)
            for record in records:
                if record.is_directory and not record.is_special:
                    child = numbers[number, record.identifier, record.extent]
                    in_above[child] = _bytes_of(record, directory)
                elif not record.is_special:
                    self._take_file(folder, record, _bytes_of(record, directory))
        for file in self.files():
            assert file.place is not None  # noqa: S101 (nothing is new yet)
            self._placed[file.place].append(file)
        return folders[0]

    def _kept(
        self,
        directory: Directory,
        above: SessionFolder | None,
        record: bytes,
        records: Iterable[Iso9660Record],
    ) -> SessionFolder:
        special = {r.identifier: _bytes_of(r, directory) for r in records if r.is_special}
        date = record[18:25] or bytes(7)
        itself, up = (special.get(n) or folder_record(n, date) for n in (ROOT, ABOVE))
        name = self.spelling.decode(directory.identifier) if above is not None else ""
        folder = SessionFolder(above, name, directory.identifier, record, itself, up)
        if above is not None:
            above.folders.append(folder)
        self._folders.setdefault(folded(folder.path), folder)
        return folder

    def _take_file(self, folder: SessionFolder, record: Iso9660Record, data: bytes) -> None:
        file = folder.files.get(record.identifier)
        if file is None:
            name = self.spelling.decode(record.identifier)
            file = SessionFile(folder, name, record.identifier, [], ())
            folder.files[record.identifier] = file
            self._named[folded(file.path)].append(file)
        file.records.append(data)
        if not record.flags & ASSOCIATED:
            file.place = (*(file.place or ()), (record.extent, record.size))


def folded(name: Name) -> Name:
    """Return what names that differ in case alone have in common."""
    return tuple(part.upper() for part in name)


def _records(directory: Directory) -> Iterator[Iso9660Record]:
    for record in parse_directory(directory.data, directory.at):
        if not isinstance(record, Malformed):
            yield record


def _bytes_of(record: Iso9660Record, directory: Directory) -> bytes:
    start = record.at - directory.at
    return directory.data[start : start + directory.data[start]]
