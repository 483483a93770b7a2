"""Carries out the conversions that a plan asks for, in a folder beside the target."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.scan import index_file
from media import working_folder
from profiles.application_profiles import ApplicationProfile
from profiles.judge import Judge, as_it_is, broken_frames
from profiles.plan import PlannedInstance, Policy, Transcode
from profiles.transcode import DECODABLE, Transcoded, TranscodeJob, transcode
from reporting import Progress


@dataclass(slots=True)
class Converted:
    """What came of the conversion, all by the path of the original."""

    planned: dict[str, PlannedInstance] = field(default_factory=dict)  # as they are now
    files: dict[str, str] = field(default_factory=dict)  # where they lie now
    failed: list[NotIndexed] = field(default_factory=list)
    # Why images go as they must and are not compressed as was wished.
    remarks: Counter[str] = field(default_factory=Counter)


@contextmanager
def convert(
    planned: Sequence[PlannedInstance],
    target: Path,
    profile: ApplicationProfile,
    policy: Policy,
    indexer: Indexer,
    jobs: int | None,
    progress: Progress,
) -> Iterator[Converted]:
    """Convert *planned*; the files are there until the block ends.

    Every converted file is indexed as if it had come from outside: its keys stand in the
    directory, and a file that we cannot read back, or that the profile would not take as it now
    is, is not put on a medium. What was only wished for (to save room) and fails is done as the
    profile demands instead, so that no wish costs an instance.

    Raises:
        CannotWrite: no folder can be made beside *target*.
    """
    judge = Judge(profile, DECODABLE)
    with working_folder(target) as folder:
        work = _Work(folder, indexer, judge, jobs, progress)
        converted = Converted()
        failed = work.carry_out(planned, policy, converted)
        instead: dict[str, tuple[PlannedInstance, str]] = {}  # and why the wish failed
        for item, reason in failed:
            kept = not judge.verdict(item.instance).target  # the profile allows its syntax
            if kept and broken_frames(item.instance):  # readers may still make something of it
                converted.planned[item.instance.source] = as_it_is(item.instance)
                continue
            plain = judge.planned(item.instance)
            wished = policy.transcode in (Transcode.LOSSLESS, Transcode.LOSSY)
            if not wished or plain == item or judge.why_not(item.instance) is not None:
                converted.failed.append(_failure(item, reason))
                continue
            if plain.rewritten:
                instead[item.instance.source] = (plain, reason)
            else:
                converted.remarks[reason] += 1
                converted.planned[item.instance.source] = plain
        again = [plain for plain, _ in instead.values()]
        for item, reason in work.carry_out(again, policy, converted):
            del instead[item.instance.source]  # told once, as left out
            converted.failed.append(_failure(item, reason))
        converted.remarks.update(reason for _, reason in instead.values())
        yield converted


def _failure(item: PlannedInstance, reason: str) -> NotIndexed:
    return NotIndexed(item.instance.source, f"cannot be converted: {reason}", "not-convertible")


class _Work:
    """A folder, and what is needed to fill it."""

    def __init__(
        self,
        folder: Path,
        indexer: Indexer,
        judge: Judge,
        jobs: int | None,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._indexer = indexer
        self._judge = judge
        self._jobs = jobs
        self._progress = progress
        self._number = 0

    def carry_out(
        self, planned: Sequence[PlannedInstance], policy: Policy, converted: Converted
    ) -> list[tuple[PlannedInstance, str]]:
        """Convert *planned* into *converted*; return what failed, and why."""
        failed = []
        work = [_job(item, self._next_path(), policy.quality) for item in planned]
        results = transcode(work, workers=self._jobs, progress=self._progress)
        for item, result in zip(planned, results, strict=True):
            source = item.instance.source
            now = _read_back(result, self._indexer, self._judge)
            if isinstance(now, str):
                failed.append((item, now))
                continue
            converted.files[source] = result.job.target
            converted.planned[source] = item._replace(
                instance=now._replace(source=source),
                source_syntax=item.instance.transfer_syntax_uid,
                source_size=item.instance.size,
            )
        return failed

    def _next_path(self) -> str:
        self._number += 1
        return os.path.join(self._folder, f"{self._number}.dcm")  # noqa: PTH118 (text)


def _job(item: PlannedInstance, target: str, quality: int) -> TranscodeJob:
    """Return the work; an instance that only gets attributes keeps its syntax."""
    syntax = item.target_syntax or item.instance.transfer_syntax_uid
    return TranscodeJob(
        item.instance,
        target,
        syntax,
        added=item.added,
        quality=quality if item.lossy else 0,
    )


def _read_back(result: Transcoded, indexer: Indexer, judge: Judge) -> Instance | str:
    """Return the instance as it was written, or why it is of no use."""
    if result.instance is None:
        return result.reason
    again = index_file(result.job.target, indexer)
    if isinstance(again, NotIndexed):
        return f"the result reads back as {again.reason}"
    now = Instance._make(again)
    if _who(now) != _who(result.job.instance, result.instance.sop_instance_uid):
        return "it changed while it was being read"
    verdict = judge.verdict(now)
    if verdict.why_not is not None:
        return f"once converted, {verdict.why_not[0]}"
    if verdict.reason:
        return f"once converted, it would have to be converted again: {verdict.reason}"
    return now


def _who(instance: Instance, uid: str = "") -> tuple[str, bytes, bytes, bytes]:
    """Return whose an object is and which: what no conversion changes but a lossy one its UID."""
    uid = uid or instance.sop_instance_uid
    return uid, instance.patient, instance.study, instance.series
