"""A FAT image or device that is written to in place."""

import os
from collections.abc import Sequence
from contextlib import suppress
from errno import EBUSY
from pathlib import Path
from typing import Protocol

from drivers.closing import ClosesItself
from media.aside import not_written
from media.copying import Copier, Step, runs
from media.extents import Extent
from media.source import NamedSource
from reporting import CannotWrite


class Target(Protocol):
    """All that an update does to a medium."""

    def copy(self, source: NamedSource, extents: Sequence[Extent], step: Step) -> None:
        """Write the content of *source*, as long as *extents* together, to where these lie."""

    def write(self, data: bytes, position: int) -> None:
        """Write *data* from byte *position* on."""

    def barrier(self) -> None:
        """Make everything durable that was written, before anything is written after it."""


class ImageTarget(ClosesItself):
    """An image file or a block device; a context that closes it.

    Who makes one keeps other updates away meanwhile, by `media.update_lock`.
    """

    def __init__(self, path: Path) -> None:
        """Open *path*; a device for us alone.

        Raises:
            CannotWrite: it is write protected, mounted, or in use by another program.
        """
        self._where = str(path)
        try:
            self._descriptor = _opened(path)
        except OSError as error:
            raise _not_opened(error, self._where) from error
        self._copier = Copier(self._descriptor, self._where)

    def copy(self, source: NamedSource, extents: Sequence[Extent], step: Step) -> None:
        """Write the content of *source*; a step is told in bytes of it.

        Raises:
            CannotRead: the source does not open, or changed.
            CannotWrite: the medium takes no more.
        """
        if len(extents) == 1:  # in one piece: the kernel can do it
            start = extents[0].offset
            self._copier.copy(source, start, lambda position: step(position - start))
            return
        done, waiting = 0, list(reversed(extents))
        for run in runs(source):
            left = memoryview(run)
            while left:
                at, size = waiting.pop()
                piece, left = left[:size], left[size:]
                self._copier.write(bytes(piece), at)
                if len(piece) < size:
                    waiting.append(Extent(at + len(piece), size - len(piece)))
            done += len(run)
            step(done)

    def write(self, data: bytes, position: int) -> None:
        """Write *data* from byte *position* on.

        Raises:
            CannotWrite: the medium takes no more.
        """
        self._copier.write(data, position)

    def barrier(self) -> None:
        """Make everything durable that was written.

        Raises:
            CannotWrite: the medium has failed.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise not_written(error, self._where) from error

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)


def _opened(path: Path) -> int:
    # Linux opens a device that is mounted for nobody who wants it for himself.
    alone = os.O_EXCL if path.is_block_device() else 0
    return os.open(path, os.O_RDWR | alone | getattr(os, "O_BINARY", 0))


def _not_opened(error: OSError, where: str) -> CannotWrite:
    if error.errno == EBUSY:
        return CannotWrite(
            "is in use by another program, or is mounted",
            where,
            "Unmount it, or wait until the other program is done",
        )
    return CannotWrite(
        f"cannot be written to ({error.strerror})",
        where,
        "Take off its write protection, or check your permission",
    )
