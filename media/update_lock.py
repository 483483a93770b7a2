"""Keeps every other update away from a medium, from the look at it to the last byte."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident
from typing import Final

from reporting import CannotWrite

_Own = tuple[int, int, int]  # device and inode of what is locked, and the thread that did it
_held: Final[dict[_Own, int]] = {}  # with the descriptors that lock


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Be the only one that changes the folder, image or device *path*.

    Who has it already has it again. Yields whether others are kept away: not where the system
    knows no such locks, nor from what cannot be opened for writing, which whoever opens it tells.

    Raises:
        CannotWrite: another program, or another thread, is changing it.
    """
    try:
        descriptor = _opened(path)
    except OSError:
        yield False
        return
    status = os.fstat(descriptor)
    own = status.st_dev, status.st_ino, get_ident()
    if own in _held or not _locked(descriptor, path):
        os.close(descriptor)
        yield own in _held
        return
    _held[own] = descriptor
    try:
        yield True
    finally:
        if own in _held:  # a forked worker has left it to its parent
            os.close(_held.pop(own))


def _opened(path: Path) -> int:
    # Over a network a file is locked by those only who may write to it; a folder is by everybody.
    access = os.O_RDONLY if path.is_dir() else os.O_RDWR
    never_wait = getattr(os, "O_NONBLOCK", 0)
    return os.open(path, access | never_wait | getattr(os, "O_CLOEXEC", 0))


def _locked(descriptor: int, path: Path) -> bool:
    """Lock what is open until it is closed; return False where there are no such locks.

    Raises:
        CannotWrite: somebody else has it; *descriptor* is closed.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover (Windows)
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise CannotWrite(
            "is being changed by another program", str(path), "Wait until that is done"
        ) from error
    except OSError:
        return False
    return True


def _forget() -> None:
    """Leave the locks to the parent: a worker that outlives it must not keep others away."""
    for descriptor in _held.values():
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
