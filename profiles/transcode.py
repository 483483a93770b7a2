"""Converts instances to a transfer syntax of the profile, each in a worker that may die of it.

Codecs of compressed pixels are the most attacked code of any imaging system. They run in
processes of their own under limits: a crash, a hang or a bomb costs one instance, not the job.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dicomdir.elements import BadEncoding, iterate_elements
from dicomdir.instance import NOT_WELL_FORMED, Instance
from profiles.encodable import ENCODABLE, LOSSLESS
from profiles.encode_lossy import derived_uid
from profiles.transfer_syntaxes import ALWAYS_CONVERTIBLE, DECODABLE, EXPLICIT_LITTLE
from reporting import CannotWrite, NotSupported, Progress, silent

__all__ = [
    "DECODABLE",
    "ENCODABLE",
    "LOSSLESS",
    "Limits",
    "TranscodeJob",
    "Transcoded",
    "transcode",
]

STAGE: Final = "transcode"
_START_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class TranscodeJob:
    """One file to convert: read from ``instance.source``, written to *target*."""

    instance: Instance
    target: str  # path; its folder exists, a file there is overwritten
    transfer_syntax: str  # UID to convert to; the source's own: its frames stay as they are
    # Type 2 attributes to add with no value where they are absent: tag and VR.
    added: tuple[tuple[int, bytes], ...] = ()
    quality: int = 0  # of a lossy target, 1 to 100; 0: lossless only


@dataclass(frozen=True, slots=True)
class Transcoded:
    """What became of a job."""

    job: TranscodeJob
    instance: Instance | None  # the file as it was written, None when it was not
    reason: str  # why not, for the operator; "" when it was


@dataclass(frozen=True, slots=True)
class Limits:
    """What one conversion may take before it is given up."""

    seconds: int = 600  # wall clock, and CPU on its own
    memory_bytes: int = 4 << 30
    output_bytes: int = (4 << 30) - 2  # a file on ISO 9660 level 1 is one extent (ECMA-119 10.1)


def transcode(
    jobs: Sequence[TranscodeJob],
    *,
    workers: int | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> tuple[Transcoded, ...]:
    """Convert files side by side and return what became of each, in the order of *jobs*.

    Args:
        jobs: what to convert.
        workers: processes; as many as there are processors by default.
        progress: told after each file, from the calling thread.
        limits: what each conversion may take.

    Raises:
        NotSupported: the worker process cannot be started at all.
        CannotWrite: the disk is full.
    """
    if not jobs:
        return ()
    number = max(1, min(workers or os.cpu_count() or 1, len(jobs)))
    with _Pool(jobs, number, limits or Limits()) as pool:
        results: dict[int, Transcoded] = {}
        progress(STAGE, 0, len(jobs))
        while len(results) < len(jobs):
            position, outcome = pool.next_outcome()
            results[position] = _result(jobs[position], outcome)
            progress(STAGE, len(results), len(jobs))
    return tuple(results[position] for position in range(len(jobs)))


def _result(job: TranscodeJob, outcome: dict[str, Any]) -> Transcoded:
    reason = outcome.get("reason")
    if reason is not None:
        with contextlib.suppress(OSError):
            Path(job.target).unlink(missing_ok=True)
        if outcome.get("no_space"):  # It is no fault of the file, and the next one fails as well.
            raise CannotWrite(
                "there is no room on this machine for the converted files",
                str(Path(job.target).parent.parent),
                "Make room there, or choose another folder (-o, with burn --jobs-folder)",
            )
        return Transcoded(job, None, str(reason))
    status = Path(job.target).stat()
    changed = {int(tag): bytes.fromhex(digits) for tag, digits in outcome["changed"].items()}
    written = job.instance._replace(
        source=job.target,
        sop_instance_uid=_uid_after(job),
        facts=_facts_after(job.instance.facts, changed),
        size=int(outcome["size"]),
        dataset_offset=int(outcome["offset"]),
        transfer_syntax_uid=job.transfer_syntax,
        departures=(),
        pixel_data=int(outcome["pixel_data"]),
        stamp=(status.st_mtime_ns, status.st_ino),
    )
    return Transcoded(job, written, "")


def _uid_after(job: TranscodeJob) -> str:
    """Return which instance the result is: lossy compression makes another one."""
    old, syntax = job.instance.sop_instance_uid, job.transfer_syntax
    if syntax in LOSSLESS or syntax not in ENCODABLE or syntax == job.instance.transfer_syntax_uid:
        return old
    return derived_uid(old, syntax, job.quality)


def _facts_after(facts: bytes, changed: dict[int, bytes]) -> bytes:
    """Return what was asked of the source as it stands in the result, as far as it was there."""
    try:
        found = [(tag, facts[start:after]) for tag, _, start, _, after in iterate_elements(facts)]
    except BadEncoding:
        return facts
    return b"".join(changed.get(tag, element) for tag, element in found)


class _Pool:
    """Threads that each drive one worker process; closing it ends all of them at once."""

    def __init__(self, jobs: Sequence[TranscodeJob], number: int, limits: Limits) -> None:
        self._waiting = deque(enumerate(jobs))
        self._outcomes: queue.SimpleQueue[tuple[int, dict[str, Any]] | NotSupported]
        self._outcomes = queue.SimpleQueue()
        self._limits = limits
        self._closed = threading.Event()
        self._workers = [_Worker(limits) for _ in range(number)]
        self._threads = [
            threading.Thread(target=self._drive, args=(worker,), daemon=True)
            for worker in self._workers
        ]

    def __enter__(self) -> "_Pool":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._waiting.clear()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.bury()

    def next_outcome(self) -> tuple[int, dict[str, Any]]:
        outcome = self._outcomes.get()
        if isinstance(outcome, NotSupported):
            raise outcome
        return outcome

    def _drive(self, worker: "_Worker") -> None:
        while not self._closed.is_set():
            try:
                position, job = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._outcomes.put((position, worker.convert(job)))
            except NotSupported as problem:
                self._outcomes.put(problem)
                return
            except Exception as problem:  # no thread may end without an answer
                self._outcomes.put((position, {"reason": f"the conversion failed: {problem}"}))


class _Worker:
    """One worker process, started when it is needed and again after it died."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[str] | None = None
        self._overdue = False
        self._closed = False

    def convert(self, job: TranscodeJob) -> dict[str, Any]:
        """Return the worker's answer, or the reason why there is none."""
        known = ALWAYS_CONVERTIBLE | DECODABLE | {EXPLICIT_LITTLE, job.transfer_syntax}
        if job.instance.transfer_syntax_uid not in known:
            return {"reason": "its transfer syntax cannot be converted"}
        process = self._process or self._start()
        answer = self._ask(process, self._question(job))
        if answer is None:
            return {"reason": self.bury()}
        return answer

    def _question(self, job: TranscodeJob) -> str:
        instance = job.instance
        request = {
            "source": str(Path(instance.source).absolute()),
            "target": str(Path(job.target).absolute()),
            "dataset_offset": instance.dataset_offset,
            "transfer_syntax": instance.transfer_syntax_uid,
            "target_syntax": job.transfer_syntax,
            "sop_class_uid": instance.sop_class_uid,
            "sop_instance_uid": instance.sop_instance_uid,
            "added": [(tag, vr.hex()) for tag, vr in job.added],
            "quality": job.quality,
            "mend": any(text.startswith(NOT_WELL_FORMED) for text in instance.departures),
        }
        return json.dumps({"request": request, "limits": asdict(self._limits)}) + "\n"

    def _start(self) -> "subprocess.Popen[str]":
        # -P: the folder the operator stands in, perhaps a foreign medium, is no place to import
        # from.
        root = str(Path(__file__).resolve().parents[1])
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "profiles.transcode_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries print values of the data set
            text=True,
            encoding="ascii",
            env={**os.environ, "PYTHONPATH": root, **_ONE_THREAD},
        )
        self._process = process
        if self._closed:
            process.kill()
        if self._read(process, _START_SECONDS) is None:
            self.bury()
            remedy = "Install Filmjacket again, with all it depends on"
            raise NotSupported("the transcoder's worker does not start", root, remedy)
        return process

    def _ask(self, process: "subprocess.Popen[str]", question: str) -> dict[str, Any] | None:
        assert process.stdin is not None  # noqa: S101 (it was started with a pipe)
        try:
            process.stdin.write(question)
            process.stdin.flush()
        except OSError:
            return None
        return self._read(process, self._limits.seconds)

    def _read(self, process: "subprocess.Popen[str]", seconds: float) -> dict[str, Any] | None:
        """Return the next answer; None when the process ends or is ended by the clock."""
        assert process.stdout is not None  # noqa: S101 (it was started with a pipe)
        self._overdue = False
        clock = threading.Timer(seconds, self._end_overdue, [process])
        clock.daemon = True
        clock.start()
        try:
            answer = json.loads(process.stdout.readline() or "null")
        except ValueError:
            return None
        finally:
            clock.cancel()
        return answer if isinstance(answer, dict) else None

    def _end_overdue(self, process: "subprocess.Popen[str]") -> None:
        self._overdue = True
        process.kill()

    def bury(self) -> str:
        """Clear the worker's process away, if there is one, and say what it died of."""
        process, self._process = self._process, None
        if process is None:
            return ""
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._overdue:
            return f"the conversion took longer than {self._limits.seconds} seconds"
        return f"the codec broke down (exit status {code})"

    def close(self) -> None:
        """End the process, whatever it is doing; the thread that drives it notices."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()


# One thread per worker: there are as many workers as processors.
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
