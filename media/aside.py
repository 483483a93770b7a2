"""Written aside, then renamed: a target has its name only when it is complete and durable."""

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENAMETOOLONG, ENOSPC
from itertools import count
from pathlib import Path
from typing import Final

from reporting import CannotWrite, interruption

NO_SPACE: Final = (ENOSPC, EDQUOT)

# What this process makes aside just now. An interruption may come between any two steps, so the
# names are noted before the files are made, and what is left of them goes when the process ends.
_ours: set[Path] = set()


def not_written(error: OSError, where: str) -> CannotWrite:
    """Return the error to raise where the operating system refused to write *where*."""
    if error.errno in NO_SPACE:
        return CannotWrite("there is no space left", where, "Make room there, then try again")
    remedy = "Check the folder and your permission there"
    if error.errno == ENAMETOOLONG:
        remedy = "Choose a name of fewer characters"
    return CannotWrite(f"cannot be written ({error.strerror})", where, remedy)


def refuse_without_space(target: Path, needed: int, less: Callable[[], int] | None = None) -> None:
    """Look before hours of copying whether *needed* bytes have room where *target* will be.

    Args:
        target: what is to be made.
        needed: bytes, as is quickly known.
        less: tells how many bytes it really takes; asked only where *needed* has no room.

    Where there is none, what killed jobs left there is removed first.

    Raises:
        CannotWrite: there is no such folder, or not enough room in it.
    """
    try:
        free = _free_bytes(target.parent)
    except OSError as error:
        raise not_written(error, str(target.parent)) from error
    if needed > free and less is not None:
        needed = less()
    if needed > free:
        remove_leftovers(target)
        free = _free_bytes(target.parent)
    if needed > free:
        raise CannotWrite(
            f"needs {needed} bytes, and {free} are free",
            str(target),
            "Make room there or choose another folder",
        )


def _free_bytes(folder: Path) -> int:
    if hasattr(os, "statvfs"):
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize
    import shutil  # not at the top, as it takes longer than a small image

    return shutil.disk_usage(folder).free


def _remove_tree(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def refuse_too_much(target: Path, needed: int, capacity: int) -> None:
    """Raise CannotWrite when *needed* bytes are more than the *capacity* of a medium."""
    if needed > capacity:
        raise CannotWrite(
            f"needs {needed:,} bytes where the medium has {capacity:,}",
            str(target),
            "Select fewer studies for one medium",
        )


def aside_path(target: Path) -> Path:
    """Return the hidden name under which *target* is made.

    It is in the target's folder, so that it can be renamed, and bears this process's id, so that
    two jobs do not meet.
    """
    return target.with_name(f".{target.name}.partial-{os.getpid()}")


def remove_leftovers(target: Path) -> None:
    """Remove what killed jobs left beside *target*: those whose process is gone."""
    start = f".{target.name}.partial-"
    try:
        with os.scandir(target.parent) as beside:
            names = [entry.name for entry in beside if entry.name.startswith(start)]
    except OSError:
        return  # whoever writes there next is told why not
    for name in names:
        path = target.with_name(name)
        number, _, _ = name.removeprefix(start).partition("-")
        if path not in _ours and number.isdecimal() and _is_gone(int(number)):
            _remove(path)


def _is_gone(process: int) -> bool:
    if process == os.getpid():
        return True  # An earlier one of our number: our own names are noted.
    if os.name == "nt":
        return False  # Windows has no way to ask that does no harm.
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False  # there, and somebody else's
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            _remove_tree(path)
        else:
            path.unlink(missing_ok=True)


@atexit.register
def _tidy_up() -> None:
    for path in tuple(_ours):
        _remove(path)


@contextmanager
def working_folder(target: Path) -> Iterator[Path]:
    """Hand out an empty folder beside *target* that nobody else reads and that is gone afterwards.

    One job may have several at a time.

    Raises:
        CannotWrite: it cannot be made.
    """
    remove_leftovers(target)
    aside = aside_path(target)
    names = (aside.with_name(f"{aside.name}-work{number or ''}") for number in count())
    folder = next(name for name in names if name not in _ours)
    _ours.add(folder)
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise not_written(error, str(target.parent)) from error
        yield folder
    except CannotWrite as error:
        _name_target(error, folder, str(target), with_rest=False)
        raise
    finally:
        _remove_tree(folder)
        _ours.discard(folder)


@contextmanager
def file_aside(target: Path) -> Iterator[int]:
    """Hand out the descriptor of a new file that becomes *target* when all went well.

    It is open for reading and writing. Whatever was under the name before stays until then; it
    is gone without a trace when the body raises anything, an interruption included.

    Raises:
        CannotWrite: the target is there and is no regular file, or it cannot be written.
    """
    aside = aside_path(target)
    descriptor = -1
    remove_leftovers(target)
    _ours.add(aside)
    try:
        if target.exists() and not target.is_file():
            raise CannotWrite("is there and is not a file", str(target), "Choose another name")
        descriptor = _create(aside)
        yield descriptor
        os.fsync(descriptor)
        os.close(descriptor)
        descriptor = -1
        interruption.commit()
        aside.replace(target)
        sync_folder(target.parent)
    except BaseException as error:
        interruption.take_back()
        _give_up(descriptor, aside)
        if isinstance(error, OSError):
            raise not_written(error, str(target)) from error
        raise
    finally:
        _ours.discard(aside)


def _create(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666)


def _give_up(descriptor: int, aside: Path) -> None:
    with suppress(OSError):
        if descriptor >= 0:
            os.close(descriptor)
    with suppress(OSError):
        aside.unlink(missing_ok=True)


@contextmanager
def folder_aside(target: Path) -> Iterator[Path]:
    """Hand out a new folder that becomes *target* when all went well.

    Raises:
        CannotWrite: the target is there and not an empty folder, or it cannot be written.
    """
    refuse_occupied(target)
    aside = aside_path(target)
    remove_leftovers(target)
    _ours.add(aside)
    try:
        aside.mkdir()
        yield aside
        sync_tree(aside)
        interruption.commit()
        if os.name == "nt" and target.exists():
            target.rmdir()  # POSIX renames over an empty folder, Windows does not.
        aside.rename(target)
        sync_folder(target.parent)
    except BaseException as error:
        interruption.take_back()
        _remove_tree(aside)
        if isinstance(error, OSError):
            raise not_written(error, str(target)) from error
        if isinstance(error, CannotWrite):
            _name_target(error, aside, str(target), with_rest=True)
        raise
    finally:
        _ours.discard(aside)


def _name_target(error: CannotWrite, aside: Path, target: str, *, with_rest: bool) -> None:
    """Let *error* name the target where it names what is made aside: nobody knows that name.

    With *with_rest* a file in it keeps its place, as it will have it in the target.
    """
    start, hidden, rest = error.where.partition(str(aside))
    if not start and hidden:
        error.where = target + rest * with_rest


def refuse_occupied(target: Path) -> None:
    """Raise CannotWrite unless *target* is free or an empty folder."""
    try:
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise CannotWrite("is there and is not a folder", str(target), "Choose another name")
        if os.path.ismount(target):  # Path.is_mount takes "." for one
            # What is made aside would be on another drive, and cannot be renamed over this one.
            raise CannotWrite("is a drive", str(target), "Choose a new folder on it")
        if target.exists() and any(target.iterdir()):
            raise CannotWrite("is not empty", str(target), "Choose a new or an empty folder")
        if target.exists() and target.samefile(Path.cwd()):
            # It would be replaced, and whoever works in it would stand in a folder that is gone.
            raise CannotWrite(
                "is the folder that you are in", str(target), "Choose a new folder in it"
            )
    except OSError as error:
        raise not_written(error, str(target)) from error


def sync_tree(folder: Path) -> None:
    """Make everything below *folder* durable."""
    if hasattr(os, "sync"):
        # One flush for all; the many that follow find nothing to wait for but tell of errors.
        os.sync()
    for parent, _, files in os.walk(folder):
        for name in files:
            _sync(os.path.join(parent, name), os.O_RDWR)  # noqa: PTH118 (no object per file)
        sync_folder(Path(parent))


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable, where the system can do that to a folder."""
    if os.name != "nt":
        _sync(str(folder), os.O_RDONLY)


def _sync(path: str, flags: int) -> None:
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
