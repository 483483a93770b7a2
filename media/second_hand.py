"""Two processes write one file of many small ones: opening and looking take longer than copying.

Only where nothing is hashed on the way. Large sources gain nothing: the kernel lets in one writer
of a file at a time, and the other would wait at a core's expense. A batch that the other process
began and did not end is written again by this one, which so meets the error itself.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from media.volume_steps import Step
from reporting import Progress
from reporting.forked import in_processes

_BATCH: Final = 8 << 20  # bytes of a batch
_PER_STEP: Final = 1 << 15  # bytes of content that would take as long as all else of a file
_WORTH_IT: Final = 4  # batches; below, the second process costs more than it brings
_SMALL: Final = 1 << 17  # bytes of a step, on average, up to which there is a gain

# Writes steps into the file of a descriptor, and tells how far it is.
Write = Callable[[int, Sequence[Step], Progress], None]


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


def is_worth_it(steps: Sequence[Step], parts: Sequence[Sequence[Step]]) -> bool:
    """Tell whether a second process may and should help to write *steps*, cut into *parts*."""
    if len(parts) < _WORTH_IT or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        return False
    if sum(step.length for step in steps) > len(steps) * _SMALL:
        return False
    threading = sys.modules.get("threading")  # Who has threads may hold locks that a fork keeps.
    return threading is None or threading.active_count() == 1


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

    def all(self) -> None:
        """Write all batches."""
        in_processes(self, len(self._parts), 2, begin=lambda _number: None)

    def piece(self, number: int) -> bool:
        """Write one batch, in whichever process."""
        if self._process == os.getpid():
            self._write(self._descriptor, self._parts[number], self._progress)
        else:
            if self._second < 0:
                self._second = os.open(self._path, os.O_RDWR)
            self._write(self._second, self._parts[number], self._unless_alone)
        return True

    def _unless_alone(self, stage: str, done: int, total: int) -> None:
        """End the other process when this one was killed: one source may take it hours."""
        if os.getppid() != self._process:
            raise SystemExit

    def state(self) -> None:
        """Nothing is gathered."""

    def absorb(self, state: object) -> None:
        """Nothing is gathered."""
