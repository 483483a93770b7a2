"""The files of a File-set that is to be updated: in a folder, or on a medium in an image."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.replace_file import remove_leftover
from dicomdir.scan import Scanned, scan
from reporting import CannotRead, NotSupported, Progress

if TYPE_CHECKING:
    from media import Entry, Medium

FileID = tuple[str, ...]

DICOMDIR: Final = ("DICOMDIR",)
_CHUNK: Final = 1 << 20  # bytes
_UNPLACED: Final = (
    ".filmjacket-update."  # begins the name of what `media.folder.update` makes aside
)
# Kinds of media in which nothing is changed in place, as an operator calls them.
_MADE_ANEW: Final = {
    "zip": "a ZIP archive",
    "mime": "a mail",
    "udf": "a disc or disk with UDF",
    "iso9660+udf": "a disc with ISO 9660 and UDF",
}


class FileSetFiles(Protocol):
    """What an update asks of the place where the files are; a context that closes it."""

    @property
    def path(self) -> Path:
        """Return what the operator named, of a DICOMDIR its folder."""

    @property
    def kind(self) -> str:
        """Return "folder", or the file system as `media.Medium.kind` has it."""

    @property
    def label(self) -> str:
        """Return the name of the volume, "" for a folder."""

    def scan(self, indexer: Indexer, jobs: int | None, progress: Progress) -> Scanned:
        """Read the header of every file, each once."""

    def name_of(self, source: str) -> FileID:
        """Return the name that a scanned file has on the medium."""

    def own_name(self, source: str) -> FileID | None:
        """Return the name of a file that is to be read from the medium; None: by its path."""

    def shown_as(self, name: FileID) -> FileID:
        """Return how people see the name of a file: of one with a long name, that."""

    def names(self) -> Iterable[FileID]:
        """Return the names of all files that the scan found."""

    def is_taken(self, name: FileID) -> bool:
        """Return whether anything bears *name*."""

    def content(self, name: FileID, largest: int) -> bytes | None:
        """Return the bytes of a file; None where there is none of that name.

        Raises:
            CannotRead: it is no regular file, larger than *largest* bytes, or unreadable.
        """

    def pieces(self, name: FileID, offset: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a file from byte *offset* on; raises CannotRead or OSError."""

    def on_disk(self, instances: Iterable[Instance]) -> AbstractContextManager[dict[str, str]]:
        """Hand out the path of each instance's file where that is not its source."""

    def close(self) -> None: ...


def open_file_set(path: Path) -> FileSetFiles:
    """Open what an update was asked for.

    Raises:
        CannotRead: it is neither a folder nor a medium.
        NotSupported: a medium on which nothing can be changed in place.
    """
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where it may not look)
        return FolderFiles(path)
    if not os.path.lexists(path):
        raise CannotRead("is not there", str(path), "Name a folder, an image or a drive")
    from media import open_medium
    from media.nested_image import NestedMedium

    medium = open_medium(path)
    kind = "zip" if isinstance(medium, NestedMedium) else medium.kind
    if kind == "folder":
        medium.close()
        return FolderFiles(path.parent)
    if kind in _MADE_ANEW:
        medium.close()
        raise NotSupported(
            f"is {_MADE_ANEW[kind]}, in which nothing is changed in place",
            str(path),
            "Unpack or copy it to a folder, and make it anew with `jacket author`",
        )
    return MediumFiles(path, medium)


class FolderFiles:
    """A folder; its files are scanned by their paths, by several processes where that pays."""

    kind: Final = "folder"
    label: Final = ""

    def __init__(self, root: Path) -> None:
        """Take what a killed run left beside the DICOMDIR away."""
        self.path = root
        self._base = len(str(root)) + (0 if str(root).endswith("/") else 1)
        self._names: list[FileID] = []
        remove_leftover(root / DICOMDIR[0])
        _remove_unplaced(root)

    def scan(self, indexer: Indexer, jobs: int | None, progress: Progress) -> Scanned:
        scanned = scan([self.path], indexer, jobs=jobs, progress=progress)
        self._names = [self.name_of(item.source) for item in scanned.instances]
        self._names += [self.name_of(item.source) for item in scanned.not_indexed]
        return scanned

    def name_of(self, source: str) -> FileID:
        return tuple(source[self._base :].split("/"))

    def own_name(self, source: str) -> FileID | None:
        return None  # its path will do

    def shown_as(self, name: FileID) -> FileID:
        return name

    def names(self) -> Iterable[FileID]:
        return self._names

    def is_taken(self, name: FileID) -> bool:
        return os.path.lexists(self.path.joinpath(*name))

    def content(self, name: FileID, largest: int) -> bytes | None:
        path = self.path.joinpath(*name)
        return _content(path, largest) if os.path.lexists(path) else None

    def pieces(self, name: FileID, offset: int = 0) -> Iterator[bytes]:
        with self.path.joinpath(*name).open("rb", buffering=0) as file:
            file.seek(offset)
            while piece := file.read(_CHUNK):
                yield piece

    @contextmanager
    def on_disk(self, instances: Iterable[Instance]) -> Iterator[dict[str, str]]:
        yield {}

    def close(self) -> None:
        """Have nothing to close."""


def _remove_unplaced(root: Path) -> None:
    """Remove what a killed run was about to add, so that it is not found among the files."""
    with suppress(OSError):
        if not any(name.startswith(_UNPLACED) for name in os.listdir(root)):  # noqa: PTH208 (names only)
            return
        from media.folder.update import update_folder
        from media.update import Change

        update_folder(root, Change())  # tidies up before it does nothing


def _content(path: Path, largest: int) -> bytes:
    """Return the bytes of a file; never waits at a pipe, never follows a link elsewhere."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
                raise CannotRead(
                    "is not a file, or larger than any such file", str(path), "Take it away"
                )
            return file.read()
    except OSError as error:
        raise CannotRead(
            f"cannot be read ({error.strerror})",
            str(path),
            "Check the permissions; a link in its place is not followed",
        ) from error


class MediumFiles:
    """A medium in an image or on a drive; its files count as below the path of the image."""

    def __init__(self, path: Path, medium: "Medium") -> None:
        """Take over *medium*, to be closed with this."""
        self.path = path
        self._medium = medium
        self._entries: dict[FileID, Entry] = {}
        self._names: dict[str, FileID] = {}  # by source

    @property
    def kind(self) -> str:
        return self._medium.kind

    @property
    def label(self) -> str:
        return self._medium.label

    def scan(self, indexer: Indexer, jobs: int | None, progress: Progress) -> Scanned:
        from jacket.file_set.entries import index_entry

        scanned = Scanned([], [])
        self._entries = {entry.name: entry for entry in self._medium.entries()}
        for done, entry in enumerate(self._entries.values()):
            progress("scan", done, len(self._entries))
            source = self._source_of(entry.name)
            found = index_entry(self._medium, entry, indexer)
            if isinstance(found, Instance):
                scanned.instances.append(found._replace(source=source))
            else:
                scanned.not_indexed.append(found._replace(source=source))
        scanned.instances.sort(key=lambda item: item.source)
        return scanned

    def name_of(self, source: str) -> FileID:
        return self._names[source]

    def own_name(self, source: str) -> FileID | None:
        return self._names.get(source)

    def shown_as(self, name: FileID) -> FileID:
        entry = self._entries.get(name)
        if entry is None or not self.kind.startswith("fat"):
            return name
        return (*name[:-1], entry.recorded)

    def names(self) -> Iterable[FileID]:
        return self._entries

    def is_taken(self, name: FileID) -> bool:
        return name in self._entries

    def content(self, name: FileID, largest: int) -> bytes | None:
        entry = self._medium.find(name)
        if entry is None:
            return None
        if entry.size > largest:
            raise CannotRead("is larger than any such file", "/".join(name), "Take it away")
        return b"".join(self.pieces(name))

    def pieces(self, name: FileID, offset: int = 0) -> Iterator[bytes]:
        entry = self._entries.get(name) or self._medium.find(name)
        if entry is None:
            raise CannotRead("is not there", "/".join(name), "Look at the medium again")
        with self._medium.open(entry) as file:
            while offset < file.size:
                piece = file.pread(min(_CHUNK, file.size - offset), offset)
                yield piece
                offset += len(piece)

    @contextmanager
    def on_disk(self, instances: Iterable[Instance]) -> Iterator[dict[str, str]]:
        """Copy files out of the medium; the copies are gone afterwards."""
        from tempfile import TemporaryDirectory

        with ExitStack() as stack:
            files: dict[str, str] = {}
            for instance in instances:
                name = self.own_name(instance.source)
                if name is None:
                    continue  # one that is to be added
                if not files:
                    folder = stack.enter_context(TemporaryDirectory())
                path = Path(folder, str(len(files)))
                with path.open("wb") as copy:
                    copy.writelines(self.pieces(name))
                files[instance.source] = str(path)
            yield files

    def close(self) -> None:
        self._medium.close()

    def _source_of(self, name: FileID) -> str:
        """Return a path for *name* that no other file has; a hostile name may hold a slash."""
        source = f"{self.path}/" + "/".join(part.replace("/", "\\") for part in name)
        while source in self._names:
            source += "'"
        self._names[source] = name
        return source


def is_the_directory(item: NotIndexed, files: FileSetFiles) -> bool:
    """Return whether a file that is no instance is the DICOMDIR in the root."""
    return item.kind == "directory" and files.name_of(item.source) == DICOMDIR
