"""A folder as a medium: a mounted stick or disc, or what was copied from one."""

import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from drivers import ImageFile, open_image
from drivers.closing import ClosesItself
from media.entry import Entry
from media.finding_list import FindingList
from media.iso9660.names import printable, stripped
from media.source import Name
from media.tolerant_names import TolerantNames
from reporting import CannotRead, Finding, Rule, Severity

RULES: Final = (
    Rule(
        "MED-LINK-LEAVES",
        Severity.ERROR,
        "a link leads out of the folder or to nothing; it was not followed",
        "Put the file itself in its place",
        "Filmjacket",
    ),
    Rule(
        "MED-LINK-FOLDER",
        Severity.WARNING,
        "a link to another folder; it was not followed",
        "Put the folder itself in its place",
        "Filmjacket",
    ),
    Rule(
        "MED-SPECIAL",
        Severity.ERROR,
        "neither a file nor a folder; it was not opened",
        "Take it away",
        "Filmjacket",
    ),
    Rule(
        "MED-UNREADABLE",
        Severity.ERROR,
        "cannot be opened",
        "Check your permission and the medium",
        "Filmjacket",
    ),
    Rule(
        "MED-TOO-MANY",
        Severity.ERROR,
        "there is more in the folder than on any medium; the rest was not read",
        "Name the folder of one medium",
        "Filmjacket",
    ),
)

_MOST_FILES: Final = 1_000_000
_DEEPEST: Final = 64  # levels


class _Found(NamedTuple):
    name: Name
    recorded: str
    size: int
    path: str


class FolderMedium(ClosesItself):
    """The files below a folder, as the operating system shows them."""

    kind: Final = "folder"
    label: Final = ""

    def __init__(self, folder: Path) -> None:
        """List everything below *folder*.

        Raises:
            CannotRead: the folder itself cannot be listed.
        """
        self._walk = _Walk(folder)

    def entries(self) -> Iterator[Entry]:
        return map(_entry, self._walk.files)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find_tolerant(name))

    def open(self, entry: Entry) -> ImageFile:
        """Open a file of this medium.

        Raises:
            CannotRead: it cannot be opened, or is no file any more.
        """
        return open_image(entry.path)

    def findings(self, demands: str | None = None) -> list[Finding]:
        return self._walk.found.findings()

    def close(self) -> None:
        """Have nothing to close."""

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(file.name for file in self._walk.files)

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else _entry(self._walk.files[number])


def _entry(file: _Found) -> Entry:
    return Entry(file.name, file.recorded, file.size, file.path, 0)


class _Walk:
    """Lists a folder; what it does not take in becomes a finding."""

    def __init__(self, folder: Path) -> None:
        self.files: list[_Found] = []
        self.found = FindingList(RULES)
        self._root = os.path.realpath(folder)
        self._folders: list[tuple[Name, str]] = [((), self._root)]
        while self._folders and len(self.files) <= _MOST_FILES:
            self._list(*self._folders.pop())
        if self._folders:
            self.found.add("MED-TOO-MANY", "folder")
        self.files.sort()

    def _list(self, name: Name, path: str) -> None:
        try:
            with os.scandir(path) as children:
                for child in children:
                    self._take(child, name)
        except OSError as error:
            if not name:
                raise CannotRead(
                    f"cannot be listed ({error.strerror})", path, "Check your permission"
                ) from error
            self._add("MED-UNREADABLE", name)

    def _take(self, child: os.DirEntry[str], folder: Name) -> None:
        name = (*folder, child.name)
        try:
            if child.is_symlink():
                self._take_link(child, name)
            elif child.is_dir(follow_symlinks=False):
                self._take_folder(child, name)
            elif child.is_file(follow_symlinks=False):
                self._take_file(name, child.stat(follow_symlinks=False).st_size, child.path)
            else:
                self._add("MED-SPECIAL", name)
        except OSError:
            self._add("MED-UNREADABLE", name)

    def _take_folder(self, child: os.DirEntry[str], name: Name) -> None:
        if len(name) > _DEEPEST:
            self._add("MED-TOO-MANY", name)
        else:
            self._folders.append((name, child.path))

    def _take_link(self, child: os.DirEntry[str], name: Name) -> None:
        target = os.path.realpath(child.path)
        inside = target == self._root or target.startswith(self._root.rstrip(os.sep) + os.sep)
        if not inside or not os.path.exists(target):  # noqa: PTH110 (no object per file)
            self._add("MED-LINK-LEAVES", name)
            return
        status = os.stat(target)  # noqa: PTH116 (no object per file)
        if stat.S_ISDIR(status.st_mode):
            self._add("MED-LINK-FOLDER", name)
        elif stat.S_ISREG(status.st_mode):
            self._take_file(name, status.st_size, target)
        else:
            self._add("MED-SPECIAL", name)

    def _take_file(self, name: Name, size: int, path: str) -> None:
        if not os.access(path, os.R_OK):
            self._add("MED-UNREADABLE", name)
            return
        self.files.append(_Found((*name[:-1], stripped(name[-1])), name[-1], size, path))

    def _add(self, rule: str, name: Name) -> None:
        self.found.add(rule, printable("/".join(name)))
