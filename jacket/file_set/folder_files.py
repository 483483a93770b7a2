"""A folder whose files are to be indexed: the root of a File-set, or a mounted medium."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.replace_file import remove_leftover
from dicomdir.scan import Scanned, scan
from dicomdir.walk import PRead
from jacket.file_set.files import CHUNK, DICOMDIR, FileID, refuse_another_directory
from reporting import CannotRead, Progress

_UNPLACED: Final = (
    ".filmjacket-update."  # begins the name of what `media.folder.update` makes aside
)


class FolderFiles:
    """A folder; its files are scanned by their paths, by several processes where that pays."""

    kind: Final = "folder"
    label: Final = ""

    def __init__(self, root: Path) -> None:
        """Take what a killed run left beside the DICOMDIR away."""
        self.path = root
        self._base = len(str(root)) + (0 if str(root).endswith("/") else 1)
        self._names: list[FileID] = []
        refuse_another_directory(_spelled_otherwise(root), root)
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
        path = self.path.joinpath(*name)
        # A run that was stopped may have made folders, and nothing yet in them.
        return os.path.lexists(path) and not _is_bare(path)

    def content(self, name: FileID, largest: int) -> bytes | None:
        path = self.path.joinpath(*name)
        return _content(path, largest) if os.path.lexists(path) else None

    def pieces(self, name: FileID, offset: int = 0) -> Iterator[bytes]:
        with self.path.joinpath(*name).open("rb", buffering=0) as file:
            file.seek(offset)
            while piece := file.read(CHUNK):
                yield piece

    @contextmanager
    def opened(self, name: FileID) -> Iterator[tuple[PRead, int]]:
        with self.path.joinpath(*name).open("rb", buffering=0) as file:
            yield partial(os.pread, file.fileno()), os.fstat(file.fileno()).st_size

    @contextmanager
    def on_disk(self, instances: Iterable[Instance]) -> Iterator[dict[str, str]]:
        yield {}

    def flaws(self) -> tuple[str, ...]:
        return ()  # a folder has no end before which it could end

    def remnants(self) -> tuple[str, ...]:
        return ()  # whatever is in a folder is a file

    def close(self) -> None:
        """Have nothing to close."""


def _spelled_otherwise(root: Path) -> list[str]:
    """Return the names in a folder that are not those of its DICOMDIR in any spelling."""
    directory = root / DICOMDIR[0]
    with suppress(OSError):
        names = os.listdir(root)  # noqa: PTH208 (names only)
        if DICOMDIR[0] in names or not directory.exists():
            return names
        # Upper and lower case are the same here: any spelling is found.
        return [name for name in names if not directory.samefile(root / name)]
    return []


def _remove_unplaced(root: Path) -> None:
    """Remove what a killed run was about to add, so that it is not found among the files."""
    with suppress(OSError):
        if not any(name.startswith(_UNPLACED) for name in os.listdir(root)):  # noqa: PTH208 (names only)
            return
        from media.folder.update import update_folder
        from media.update import Change

        update_folder(root, Change())  # tidies up before it does nothing


def _is_bare(folder: Path, levels: int = 3) -> bool:
    """Return whether it is a folder, of no more *levels* than we make, and no file is in it."""
    try:
        with os.scandir(folder) as entries:
            return not folder.is_symlink() and all(
                levels > 1
                and entry.is_dir(follow_symlinks=False)
                and _is_bare(Path(entry), levels - 1)
                for entry in entries
            )
    except OSError:  # no folder, or one that nobody may look into
        return False


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
