"""Two processes write one file.

Only where nothing is hashed on the way. Of many small sources each lets the kernel copy, as opening
and looking take longer than that. Of large ones the second reads into a mapping of the file: the
kernel lets in one writer of a file at a time, and the other would wait at a core's expense. A batch
that the other process began and did not end is written again by this one, which so meets the error
itself.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from media.copying import Mover
from media.volume_steps import Step
from reporting import Progress
from reporting.file_system import kind_of_file_system
from reporting.forked import in_processes

_BATCH: Final = 4 << 20  # bytes of a batch
_PER_STEP: Final = 1 << 15  # bytes of content that would take as long as all else of a file
_WORTH_IT: Final = 8  # batches; below, the second process costs more than it brings
_SMALL: Final = 1 << 17  # bytes of a step, on average, up to which both let the kernel copy
# File systems whose files are the same bytes, whether written by a call or through a mapping.
_ONE_CACHE: Final = ("ext2", "ext3", "ext4", "tmpfs")


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
    return not _are_large(steps) or _may_be_mapped(descriptor)


def _are_large(steps: Sequence[Step]) -> bool:
    return sum(step.length for step in steps) > len(steps) * _SMALL


def _may_be_mapped(descriptor: int) -> bool:
    """Tell whether a mapping of the file is safe, and worth the second process.

    Elsewhere calls may go around what is mapped, as some file systems of a network do, and a page
    of which either wrote a part would lose one; or files can share blocks, so that the kernel
    copies for nothing (Btrfs, XFS).
    """
    return kind_of_file_system(os.fstat(descriptor).st_dev) in _ONE_CACHE


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
