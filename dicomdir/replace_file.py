"""Putting new bytes in a file's place so that it is whole at every instant, old or new."""

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from reporting import CannotWrite, interruption
from reporting.worker_life import undisturbed

_FLAGS: Final = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)  # a hostile medium may hold a link of that name
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

_TRIES: Final = 100  # to open it before another run renames it


def partial_of(path: Path) -> Path:
    """Return the name beside *path* under which new content is written first.

    One fixed name: what a killed run left there is overwritten by the next.
    """
    return path.with_name(f".{path.name}.partial")


def replace_atomically(path: Path, data: bytes) -> None:
    """Make *data* the content of the file *path*, or change nothing.

    The bytes are written beside it, brought to the disk, and renamed over it; the file keeps
    its mode, and its owner where that is allowed.

    Raises:
        CannotWrite: no space, no permission, or another run is at it.
    """
    # Held back for these milliseconds: an interruption comes before it or after it.
    with undisturbed():
        _replace(path, data)


def _replace(path: Path, data: bytes) -> None:
    aside = partial_of(path)
    try:
        descriptor = _open_alone(aside)
        try:
            _write(descriptor, data)
            _keep_owner_and_mode(descriptor, path)
            os.fsync(descriptor)
            if os.name == "nt":  # pragma: no cover
                os.close(descriptor)  # an open file cannot be renamed there
                descriptor = -1
            interruption.commit()
            os.replace(aside, path)  # noqa: PTH105 (Path.replace would hide that it is atomic)
        except BaseException:
            interruption.take_back()
            with contextlib.suppress(OSError):
                aside.unlink()
            raise
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        _sync_folder(path.parent)
    except OSError as error:
        raise CannotWrite(
            f"it could not be replaced ({error.strerror}); it is as it was",
            str(path),
            "Make room or give write permission, then try again",
        ) from error


def remove_leftover(path: Path) -> None:
    """Remove what a killed run left beside the file *path*, unless another run is at it."""
    aside = partial_of(path)
    if not os.path.lexists(aside):
        return
    with contextlib.suppress(OSError, CannotWrite):
        descriptor = _open_alone(aside)
        try:
            aside.unlink()
        finally:
            os.close(descriptor)


def _open_alone(aside: Path) -> int:
    """Open the file beside, empty and locked against other runs."""
    for _ in range(_TRIES):
        descriptor = os.open(aside, _FLAGS, 0o666)
        try:
            _lock(descriptor, aside)
            # Another run may have renamed it into place between our opening and our lock.
            here, there = os.fstat(descriptor), os.stat(aside, follow_symlinks=False)  # noqa: PTH116 (the twin of fstat)
            if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                os.ftruncate(descriptor, 0)
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise CannotWrite(
        "something else keeps being put in its place", str(aside), "Remove it and try again"
    )


def _lock(descriptor: int, aside: Path) -> None:
    try:
        import fcntl
    except ImportError:  # pragma: no cover (Windows refuses a second writer by itself)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotWrite(
            "another run is writing it", str(aside), "Wait for the other run to end"
        ) from error


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _keep_owner_and_mode(descriptor: int, path: Path) -> None:
    try:
        old = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(old.st_mode) or not hasattr(os, "fchmod"):
        return
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    with contextlib.suppress(PermissionError):  # FAT has no modes to set
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    """Bring the renaming itself to the disk, where the system lets a folder be opened."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
