"""Written aside, then renamed: a target has its name only when it is complete and durable."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Final

from reporting import CannotWrite

NO_SPACE: Final = (ENOSPC, EDQUOT)


def not_written(error: OSError, where: str) -> CannotWrite:
    """Return the error to raise where the operating system refused to write *where*."""
    if error.errno in NO_SPACE:
        return CannotWrite("there is no space left", where, "Make room there, then try again")
    return CannotWrite(
        f"cannot be written ({error.strerror})", where, "Check the folder and your permission there"
    )


def refuse_without_space(target: Path, needed: int) -> None:
    """Look before hours of copying whether *needed* bytes have room where *target* will be.

    Raises:
        CannotWrite: there is no such folder, or not enough room in it.
    """
    try:
        free = shutil.disk_usage(target.parent).free
    except OSError as error:
        raise not_written(error, str(target.parent)) from error
    if needed > free:
        raise CannotWrite(
            f"needs {needed} bytes, and {free} are free",
            str(target),
            "Make room there or choose another folder",
        )


def aside_path(target: Path) -> Path:
    """Return the hidden name under which *target* is made.

    It is in the target's folder, so that it can be renamed, and bears this process's id, so that
    two jobs do not meet.
    """
    return target.with_name(f".{target.name}.partial-{os.getpid()}")


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
    try:
        if target.exists() and not target.is_file():
            raise CannotWrite("is there and is not a file", str(target), "Choose another name")
        aside.unlink(missing_ok=True)  # of a process of the same id that was killed
        descriptor = _create(aside)
        yield descriptor
        os.fsync(descriptor)
        os.close(descriptor)
        descriptor = -1
        aside.replace(target)
        sync_folder(target.parent)
    except BaseException as error:
        _give_up(descriptor, aside)
        if isinstance(error, OSError):
            raise not_written(error, str(target)) from error
        raise


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
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        yield aside
        sync_tree(aside)
        if os.name == "nt" and target.exists():
            target.rmdir()  # POSIX renames over an empty folder, Windows does not.
        aside.rename(target)
        sync_folder(target.parent)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, OSError):
            raise not_written(error, str(target)) from error
        raise


def refuse_occupied(target: Path) -> None:
    """Raise CannotWrite unless *target* is free or an empty folder."""
    try:
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise CannotWrite("is there and is not a folder", str(target), "Choose another name")
        if target.is_mount():
            # What is made aside would be on another drive, and cannot be renamed over this one.
            raise CannotWrite("is a drive", str(target), "Choose a new folder on it")
        if target.exists() and any(target.iterdir()):
            raise CannotWrite("is not empty", str(target), "Choose a new or an empty folder")
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
