"""Two processes write one file.

Only where nothing is hashed on the way. Of many small sources each lets the kernel copy, as opening
and looking take longer than that. Of large ones the second reads into a mapping of the file: the
kernel lets in one writer of a file at a time, and the other would wait at a core's expense. A batch
that the other process began and did not end is written again by this one, which so meets the error
itself.
"""

import os
import struct
import sys
from collections.abc import Sequence
from errno import EINVAL
from pathlib import Path
from typing import Final, Protocol

from media.copying import Mover
from media.volume_steps import Step
from reporting import Progress
from reporting.forked import in_processes

_BATCH: Final = 8 << 20  # bytes of a batch
_PER_STEP: Final = 1 << 15  # bytes of content that would take as long as all else of a file
_WORTH_IT: Final = 4  # batches; below, the second process costs more than it brings
_SMALL: Final = 1 << 17  # bytes of a step, on average, up to which both let the kernel copy
_FICLONERANGE: Final = 0x4020940D  # Linux, <linux/fs.h>: shares blocks of one file with another


class Write(Protocol):
    """Writes steps into the file of a descriptor, and tells how far it is."""

    def __call__(
        self,
        descriptor: int,
        batch: Sequence[Step],
        progress: Progress,
        mover: Mover | None = None,
        /,
    ) -> None: ...


def batches(steps: Sequence[Step]) -> list[Sequence[Step]]:
    """Return *steps* in runs that take about equally long."""
    found: list[Sequence[Step]] = []
    start = cost = 0
    for end, (_, length, _) in enumerate(steps, 1):
        cost += length + _PER_STEP
        # With twice as long ones after each thousand there are always few enough of them.
        if cost >= _BATCH << len(found) // 1000:
            found.append(steps[start:end])
            start, cost = end, 0
    return [*found, steps[start:]] if start < len(steps) else found


def is_worth_it(descriptor: int, steps: Sequence[Step], parts: Sequence[Sequence[Step]]) -> bool:
    """Tell whether a second process may and should help to write *steps*, cut into *parts*.

    Args:
        descriptor: of the file that is written.
        steps: all of them.
        parts: the same, of `batches`.
    """
    if len(parts) < _WORTH_IT or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        return False
    threading = sys.modules.get("threading")  # Who has threads may hold locks that a fork keeps.
    if threading is not None and threading.active_count() > 1:
        return False
    return not _are_large(steps) or not _shares_blocks(descriptor)


def _are_large(steps: Sequence[Step]) -> bool:
    return sum(step.length for step in steps) > len(steps) * _SMALL


def _shares_blocks(descriptor: int) -> bool:
    """Tell whether the file system lets files share blocks: then the kernel copies for nothing."""
    if sys.platform != "linux":
        return False
    from fcntl import ioctl

    try:
        # A file's start onto itself: who knows how to share refuses only that.
        ioctl(descriptor, _FICLONERANGE, struct.pack("<qQQQ", descriptor, 0, 4096, 0))
    except OSError as error:
        return error.errno == EINVAL
    return True


class Together:
    """The writing of one file by this process and a second one."""

    def __init__(
        self,
        path: Path,
        descriptor: int,
        parts: Sequence[Sequence[Step]],
        write: Write,
        progress: Progress,
    ) -> None:
        """Write into the file *path*.

        Args:
            path: of the file; the other process opens it for itself, as two that have one
                descriptor have one position.
            descriptor: of the same file, for this process.
            parts: of `batches`.
            write: writes one batch; what fails in the other process is done again by this one.
            progress: of what this process writes.
        """
        self._path, self._parts, self._write = path, parts, write
        self._descriptor, self._progress = descriptor, progress
        self._process, self._second = os.getpid(), -1
        self._mover: Mover | None = None

    def all(self) -> None:
        """Write all batches."""
        in_processes(self, len(self._parts), 2, begin=lambda _number: None)

    def piece(self, number: int) -> bool:
        """Write one batch, in whichever process."""
        if self._process == os.getpid():
            self._write(self._descriptor, self._parts[number], self._progress)
        else:
            if self._second < 0:
                self._begin_second()
            self._write(self._second, self._parts[number], self._unless_alone, self._mover)
        return True

    def _begin_second(self) -> None:
        self._second = os.open(self._path, os.O_RDWR)
        if _are_large([step for part in self._parts for step in part]):
            from media.mapped_target import MappedTarget

            self._mover = MappedTarget().move

    def _unless_alone(self, stage: str, done: int, total: int) -> None:
        """End the other process when this one was killed: one source may take it hours."""
        if os.getppid() != self._process:
            raise SystemExit

    def state(self) -> None:
        """Nothing is gathered."""

    def absorb(self, state: object) -> None:
        """Nothing is gathered."""
