"""Where the files of a medium stand in a folder, found without following a link."""

import os
import stat
from errno import EACCES
from pathlib import Path
from typing import NamedTuple

from media.aside import not_written
from media.iso9660.names import NameDoesNotFit, shown, stripped
from media.source import Name
from reporting import CannotWrite


class Target(NamedTuple):
    """Where a file is to be put."""

    path: Path
    is_new: bool  # whether nothing is there


class FolderPlaces:
    """Finds the places of what a change names, each once.

    Upper and lower case are the same where they are to the file system.
    """

    def __init__(self, root: Path) -> None:
        """Look below *root*, whose own path has no links.

        Raises:
            CannotWrite: it is gone, or cannot be written to.
        """
        status = _status(root)
        if status is None:
            raise CannotWrite("is gone", str(root), "Insert the medium again")
        _refuse_protected(root)
        self._device = status.st_dev
        self._taken: set[tuple[Name, int]] = set()
        self._folders: dict[Name, Path] = {(): root}
        self._names: dict[Path, dict[str, str]] = {}

    def target(self, name: Name) -> Target:
        """Return where a file of a safe *name* is to be put.

        Raises:
            NameDoesNotFit: something else is in the way, or the same file was named before.
            CannotWrite: the way leads over a link, to another drive, or cannot be written to.
        """
        path = self._path(name)
        status = _status(path)
        if status is None:
            return Target(path, is_new=True)
        if stat.S_ISDIR(status.st_mode):
            raise NameDoesNotFit("is a folder there", shown(name), "Choose another name")
        # A link is replaced itself; what it leads to stays.
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode):
            raise NameDoesNotFit("is there and is no file", shown(name), "Choose another name")
        self._take(name, status)
        return Target(path, is_new=False)

    def standing(self, name: Name) -> Path:
        """Return where the file is that is to be removed.

        Raises:
            NameDoesNotFit: the same file was named before.
            CannotWrite: there is no such file, or the way leads over a link.
        """
        if not name or any(c in ("", ".", "..") or os.sep in c or "\0" in c for c in name):
            raise NameDoesNotFit("is not a name for a file", shown(name), "Choose another name")
        path = self._path(name)
        status = _status(path)
        if status is None or not stat.S_ISREG(status.st_mode):
            raise CannotWrite("is no file on the medium", shown(name), "Name one that is there")
        self._take(name, status)
        return path

    def _take(self, name: Name, status: os.stat_result) -> None:
        # Names that differ in case only may be one to the file system, but a file may have two.
        taken = (tuple(component.casefold() for component in name), status.st_ino)
        if taken in self._taken:
            raise NameDoesNotFit("is there twice", shown(name), "Give every file its own name")
        self._taken.add(taken)

    def _path(self, name: Name) -> Path:
        folder = self._folder(name[:-1])
        path = folder / name[-1]
        if _status(path) is None:
            # Some systems show what is recorded on a disc: a dot, and a version.
            path = folder / self._recorded(folder).get(name[-1], name[-1])
        return path

    def _recorded(self, folder: Path) -> dict[str, str]:
        """Return the names in a folder that are shown with more than they have."""
        names = self._names.get(folder)
        if names is None:
            try:
                there = [path.name for path in folder.iterdir()] if _status(folder) else []
            except OSError as error:
                raise not_written(error, str(folder)) from error
            names = {stripped(each): each for each in sorted(there) if stripped(each) != each}
            self._names[folder] = names
        return names

    def _folder(self, name: Name) -> Path:
        """Return a folder that is there and can be written to, or that can be made."""
        known = self._folders.get(name)
        if known is None:
            known = self._folder(name[:-1]) / name[-1]
            status = _status(known)
            if status is not None:
                self._refuse_unsuited(name, status)
                _refuse_protected(known)
            self._folders[name] = known
        return known

    def _refuse_unsuited(self, name: Name, status: os.stat_result) -> None:
        if stat.S_ISLNK(status.st_mode):
            raise CannotWrite(
                "is a link, which is not followed", shown(name), "Put a folder in its place"
            )
        if not stat.S_ISDIR(status.st_mode):
            raise NameDoesNotFit("is a file and a folder", shown(name), "Rename one of them")
        if status.st_dev != self._device:
            raise CannotWrite(
                "is on another drive", shown(name), "Name the folder of that drive itself"
            )


def _refuse_protected(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise not_written(PermissionError(EACCES, os.strerror(EACCES)), str(folder))


def _status(path: Path) -> os.stat_result | None:
    """Return what a name itself is, not what it may lead to; None where there is none."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise not_written(error, str(path)) from error
