"""Changes a medium in place: a folder, a FAT stick or card, or the image of an open CD-R.

Whatever kills an update, the medium stays readable: with the old files or the new ones under each
name, whole, and never a new directory before everything that it names.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from media.medium import open_medium
from media.source import Name, NamedSource
from reporting import NotSupported, Progress, silent


class Change(NamedTuple):
    """What is to become of the files of a medium."""

    add: tuple[NamedSource, ...] = ()  # a file that is there under this name is replaced
    remove: tuple[Name, ...] = ()
    # The DICOMDIR and the like: put in place only when everything in `add` is durable, and before
    # anything of `remove` goes; each replaced at once.
    last: tuple[NamedSource, ...] = ()


class Updated(NamedTuple):
    """A medium that was changed and is durable."""

    kind: str  # as `Medium.kind` has it
    added: int  # files, those that were replaced and those of `Change.last` too
    removed: int  # files
    size: int  # bytes of the image; 0 for a folder
    digests: Mapping[Name, str]  # SHA-256 of everything in `add` and `last`, read back


_FAT: Final = ("fat12", "fat16", "fat32")


def update_medium(
    path: Path,
    change: Change,
    *,
    recorded: datetime,
    capacity: int | None = None,
    progress: Progress = silent,
) -> Updated:
    """Add files to a medium, replace and remove some of its files, and leave all others alone.

    Args:
        path: what `open_medium` opens: a folder or its DICOMDIR, an image, a block device.
        change: what is to become of the files.
        recorded: when the change was made; aware.
        capacity: bytes of the medium; None: as many as its file system has.
        progress: told of the stage "write" in bytes.

    Raises:
        NotSupported: a medium of this kind cannot be changed in place.
        NameDoesNotFit: a name cannot be recorded, or is in the way of another one.
        CannotRead: a source or the medium does not open, or a source changed meanwhile.
        CannotWrite: no room, no permission, a file to remove that is not there, or a file system
            that is too damaged to be written to.
    """
    with open_medium(path) as medium:
        kind = medium.kind
    if kind == "folder":
        from media.folder.update import update_folder

        folder = path if path.is_dir() else path.parent
        return update_folder(folder, change, capacity=capacity, progress=progress)
    if kind in _FAT:
        from media.fat.update import update_fat

        return update_fat(path, change, recorded=recorded, capacity=capacity, progress=progress)
    if kind == "iso9660":
        from media.iso9660.append import append_session

        return append_session(path, change, recorded=recorded, capacity=capacity, progress=progress)
    raise NotSupported(
        f"is a medium of the kind {kind}, which cannot be changed in place",
        str(path),
        "Write a new medium with all files that it is to have",
    )


def finish_medium(path: Path, kind: str, *, dry_run: bool = False) -> bool:
    """Finish what an update that was stopped near its end has left to do.

    Args:
        path: a medium that was opened.
        kind: as `Medium.kind` has it.
        dry_run: only look.

    Returns:
        whether there was anything.

    Raises:
        CannotRead: the medium does not open.
        CannotWrite: it cannot be written to, or somebody else is changing it.
    """
    if kind in _FAT:
        from media.fat.update import finish_update

        return finish_update(path, dry_run=dry_run)
    if kind == "iso9660":
        from media.iso9660.append import finish_session

        return finish_session(path, dry_run=dry_run)
    return False  # In a folder nothing is left that is not taken away when it is opened.
