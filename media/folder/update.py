"""Changes the files of a plain folder in place: a mounted stick, or what was copied from one."""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from media.aside import (
    not_written,
    refuse_too_much,
    refuse_without_space,
    sync_folder,
    sync_tree,
    working_folder,
)
from media.folder.places import FolderPlaces, Target
from media.folder.read import FolderMedium
from media.folder.write import digest_of, refuse_unsafe_names, write_file
from media.source import NamedSource
from media.update import Change, Updated
from media.update_lock import alone
from reporting import Progress, interruption, silent

# New files are made in a hidden folder of a name made from this one. What a killed update left
# there is known by that name, and goes with the next one.
_ASIDE: Final = "filmjacket-update"
_BLOCK: Final = 2048  # bytes; files take whole ones of whatever medium


def update_folder(
    folder: Path, change: Change, *, capacity: int | None = None, progress: Progress = silent
) -> Updated:
    """Add, replace and remove files below *folder*.

    New files are written aside and made durable, then renamed into place: first those to be
    added, then one by one those that come last; removals follow. Folders above a removed file go
    with it when nothing else is in them. Links are never followed.

    Args:
        folder: the root of the medium.
        change: what is to become of the files.
        capacity: bytes of the medium; files that take more of it together are not begun.
        progress: told of the stage "write" in bytes of what is added.

    Raises:
        NameDoesNotFit: a name leads out of the folder, is there twice, or is in the way.
        CannotRead: a source does not open, or changed meanwhile.
        CannotWrite: more than *capacity*, no space, no permission, a file to remove that is not
            there, or another update at work.
    """
    sources = (*change.add, *change.last)
    root = Path(os.path.realpath(folder))
    with alone(root) as is_alone:
        if is_alone:
            _remove_leftovers(root)
        targets, removals = places_for(root, change, capacity)
        with working_folder(root / _ASIDE) as aside:
            ready = _write_aside(sources, aside, progress)
            digests = {s.name: digest_of(path) for s, path in zip(sources, ready, strict=True)}
            moves = list(zip(ready, targets, strict=True))
            adding = len(change.add)
            _Placement(root).run(moves[:adding], moves[adding:], removals)
    return Updated("folder", len(sources), len(removals), 0, digests)


def places_for(root: Path, change: Change, capacity: int | None) -> tuple[list[Target], list[Path]]:
    """Return where files are to be put and which are to go; nothing is written.

    Raises:
        FilmjacketError: what `update_folder` would raise before it begins.
    """
    sources = (*change.add, *change.last)
    refuse_unsafe_names([source.name for source in sources])
    places = FolderPlaces(root)
    targets = [places.target(source.name) for source in sources]
    removals = [places.standing(name) for name in change.remove]
    if capacity is not None:
        _refuse_too_much(root, sources, {*(t.path for t in targets), *removals}, capacity)
    refuse_without_space(root / _ASIDE, sum(source.size for source in sources))
    return targets, removals


def _remove_leftovers(root: Path) -> None:
    # Nobody else is at work, so they are nobody's, whatever number of a process they bear: it may
    # be of another machine.
    for entry in root.glob(f".{_ASIDE}.partial-*"):
        shutil.rmtree(entry, ignore_errors=True)


def _refuse_too_much(
    root: Path, sources: Sequence[NamedSource], replaced: set[Path], capacity: int
) -> None:
    paths = {str(path) for path in replaced}
    kept = [entry.size for entry in FolderMedium(root).entries() if entry.path not in paths]
    sizes = [*kept, *(source.size for source in sources)]
    refuse_too_much(root, sum(-(-size // _BLOCK) for size in sizes) * _BLOCK, capacity)


def _write_aside(sources: Sequence[NamedSource], aside: Path, progress: Progress) -> list[Path]:
    """Write all *sources* under numbers, make them durable, and return where they are."""
    ready = []
    done, total = 0, sum(source.size for source in sources)

    def step(position: int) -> None:
        progress("write", done + position, total)

    for number, source in enumerate(sources):
        ready.append(write_file(source._replace(name=(str(number),)), aside, step))
        done += source.size
    progress("write", total, total)
    try:
        sync_tree(aside)
    except OSError as error:
        raise not_written(error, str(aside)) from error
    return ready


_Move = tuple[Path, Target]


class _Placement:
    """What is ready, on its way to its place."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: list[Path] = []  # files and folders that were not there before
        self._changed: set[Path] = set()  # folders that are not durable

    def run(self, add: Sequence[_Move], last: Sequence[_Move], remove: Sequence[Path]) -> None:
        """Make the change; undone where something new cannot be put in place.

        Raises:
            CannotWrite: a file cannot be put in place or removed.
        """
        # What was begun is finished: a file that was replaced does not come back.
        interruption.commit()
        try:
            self._place(add, last)
            self._remove(remove)
        except BaseException as error:
            interruption.take_back()
            if isinstance(error, OSError):
                raise not_written(error, str(error.filename or self._root)) from error
            raise

    def _place(self, add: Sequence[_Move], last: Sequence[_Move]) -> None:
        try:
            for move in add:
                self._rename(*move)
            self._sync()
        except OSError:
            self._undo()
            raise
        for move in last:
            self._rename(*move)
            self._sync()

    def _rename(self, ready: Path, target: Target) -> None:
        self._make_folder(target.path.parent)
        if target.is_new:
            self._made.append(target.path)
        os.replace(ready, target.path)  # noqa: PTH105 (the error names both paths)
        self._changed.add(target.path.parent)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir()
            self._made.append(folder)
            self._changed.update((folder, folder.parent))

    def _remove(self, remove: Iterable[Path]) -> None:
        for path in remove:
            path.unlink()
            self._changed.add(path.parent)
            self._remove_if_empty(path.parent)
        self._sync()

    def _remove_if_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return  # Something else is in it.
            self._changed.discard(folder)
            folder = folder.parent
            self._changed.add(folder)

    def _sync(self) -> None:
        for folder in sorted(self._changed):
            sync_folder(folder)
        self._changed.clear()

    def _undo(self) -> None:
        for path in reversed(self._made):
            with suppress(OSError):
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink()
