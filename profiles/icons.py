"""Makes the icons of Directory Records, side by side, in processes that may die of their work.

Decoders of compressed pixels are the most attacked code of any imaging system: whatever they
do costs one icon, and never an image. See PS3.3 F.7 for what an icon is.
"""

import os
import queue
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicomdir.instance import Instance
from profiles.application_profiles import IconRule
from profiles.icon_element import encode_icon, neutral_cells, with_icon
from profiles.icon_process import Broken, IconProcess, Limits
from reporting import NotSupported, Progress, silent

__all__ = ["DEFAULT_ICON", "IconJob", "Limits", "MadeIcon", "make_icons", "with_icon"]

STAGE = "icons"

DEFAULT_ICON: Final = IconRule(
    record_types=frozenset(("IMAGE",)),
    required=False,
    rows=64,
    columns=64,
    bits_allocated=8,
    bits_stored=8,
    photometric_interpretations=frozenset(("MONOCHROME2",)),
    source="PS3.3 F.7",
)
"""What is made where the profile has no rule and icons are asked for: what every reader takes."""

_BATCH_FILES: Final = 32  # of one message: one file a message would cost more than its icon
_BATCH_BYTES: Final = 24 << 20  # of files in one message, so that no worker is left with the rest

_Batch = list[int]  # positions of jobs


@dataclass(frozen=True, slots=True)
class IconJob:
    """One icon to make: of ``instance.source``, as *rule* asks for it."""

    instance: Instance
    rule: IconRule


@dataclass(frozen=True, slots=True)
class MadeIcon:
    """What became of a job."""

    job: IconJob
    icon: bytes  # the element (0088,0200) in Explicit VR Little Endian
    remark: str  # why it is a neutral icon and no picture; "" when it is a picture


def make_icons(
    jobs: Sequence[IconJob],
    *,
    workers: int | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> tuple[MadeIcon, ...]:
    """Make icons side by side and return them in the order of *jobs*.

    An image whose pixels cannot be used gets a neutral icon and a remark that says why.

    Args:
        jobs: what to make icons of.
        workers: processes; as many as there are processors by default.
        progress: told now and then, from the calling thread.
        limits: what the icons of one message of files may take.

    Raises:
        NotSupported: the worker process cannot be started at all.
    """
    if not jobs:
        return ()
    made: dict[int, MadeIcon] = {}
    progress(STAGE, 0, len(jobs))
    with _Pool(jobs, workers or os.cpu_count() or 1, limits or Limits()) as pool:
        while len(made) < len(jobs):
            for position, (cells, remark) in pool.next_answers():
                made[position] = _made(jobs[position], cells, remark)
            progress(STAGE, len(made), len(jobs))
    return tuple(made[position] for position in range(len(jobs)))


def _made(job: IconJob, cells: bytes, remark: str) -> MadeIcon:
    rows, columns = job.rule.rows, job.rule.columns
    if len(cells) == rows * columns:
        return MadeIcon(job, encode_icon(rows, columns, cells), "")
    return MadeIcon(job, encode_icon(rows, columns, neutral_cells(rows, columns)), remark)


def _batches(jobs: Sequence[IconJob]) -> deque[_Batch]:
    batches: deque[_Batch] = deque()
    size = 0
    for position, job in enumerate(jobs):
        if not batches or len(batches[-1]) >= _BATCH_FILES or size >= _BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(position)
        size += job.instance.size
    return batches


_Answers = list[tuple[int, tuple[bytes, str]]]


class _Pool:
    """Threads that each drive one worker process; closing it ends all of them at once."""

    def __init__(self, jobs: Sequence[IconJob], number: int, limits: Limits) -> None:
        self._jobs = jobs
        self._waiting = _batches(jobs)
        self._limits = limits
        self._answers: queue.SimpleQueue[_Answers | NotSupported] = queue.SimpleQueue()
        number = max(1, min(number, len(self._waiting)))
        self._processes = [IconProcess() for _ in range(number)]
        self._threads = [
            threading.Thread(target=self._drive, args=(process,), daemon=True)
            for process in self._processes
        ]

    def __enter__(self) -> "_Pool":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()
        for process in self._processes:
            process.close()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.bury()

    def next_answers(self) -> _Answers:
        answers = self._answers.get()
        if isinstance(answers, NotSupported):
            raise answers
        return answers

    def _drive(self, process: IconProcess) -> None:
        while True:
            try:
                batch = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._answers.put(self._work(process, batch))
            except NotSupported as problem:
                self._answers.put(problem)
                return
            except Exception as problem:  # no thread may end without an answer
                reason = f"its icon failed ({type(problem).__name__})"
                self._answers.put([(position, (b"", reason)) for position in batch])

    def _work(self, process: IconProcess, batch: _Batch) -> _Answers:
        """Return the answers to a batch; when the worker dies of it, file by file."""
        orders = [_order(self._jobs[position]) for position in batch]
        largest = max(self._jobs[position].instance.size for position in batch)
        try:
            answers = process.ask(orders, self._limits, largest)
        except Broken as problem:
            if len(batch) == 1:
                return [(batch[0], (b"", str(problem)))]
            return [answer for position in batch for answer in self._work(process, [position])]
        return list(zip(batch, answers, strict=True))


def _order(job: IconJob) -> tuple[str, int, str, str, int, int]:
    instance = job.instance
    return (
        str(Path(instance.source).absolute()),
        instance.dataset_offset,
        instance.transfer_syntax_uid,
        instance.sop_class_uid,
        job.rule.rows,
        job.rule.columns,
    )
