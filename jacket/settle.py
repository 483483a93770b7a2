"""From candidates to what can be written: plan, convert, and plan again where that fails."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from profiles.application_profiles import ApplicationProfile
from profiles.check_streams import needs_streams, short_fault, stream_faults
from profiles.judge import BROKEN_FRAMES
from profiles.plan import Plan, Policy
from profiles.planner import plan
from profiles.transfer_syntaxes import DECODABLE
from profiles.wishes import not_compressed
from reporting import CannotRead, Progress, Severity

# Kinds of what is left out because another object was there first.
_BECAUSE_OF_ANOTHER: Final = frozenset(("patient-conflict", "contradiction", "duplicate"))


class NothingToWrite(CannotRead):
    """None of the sources holds an instance that can be put on the medium."""

    left_out: tuple[NotIndexed, ...] = ()


class Candidates:
    """What could be on the medium, less what turned out to be impossible.

    Of several objects with one UID the planner takes one. Where that one cannot be brought onto
    the medium, another takes its place: so it is planned again without it.
    """

    def __init__(
        self,
        instances: Iterable[Instance],
        not_indexed: Iterable[NotIndexed],
        row: ApplicationProfile,
        policy: Policy,
    ) -> None:
        """Begin with everything that was found and selected."""
        self._left = list(map(_with_frames_looked_at, instances))
        self._not_indexed = list(not_indexed)
        self.row = row
        self.policy = policy

    def plan(self) -> Plan:
        """Return the plan.

        Raises:
            NothingToWrite: there is nothing in it; it carries the reasons.
        """
        decided = plan(
            self._left,
            self._not_indexed,
            self.row,
            decoders=DECODABLE,
            same_bytes=same_bytes,
            policy=self.policy,
        )
        refuse_empty(decided)
        return decided

    def drop(self, reasons: Mapping[str, NotIndexed], decided: Plan) -> None:
        """Leave out what was planned in *decided* from the sources in *reasons*."""
        # By identity: one file may be there twice, and each is named.
        planned = {id(i.instance) for i in decided.instances if i.instance.source in reasons}
        self._left = [instance for instance in self._left if id(instance) not in planned]
        self._not_indexed += reasons.values()

    def have_twins_of(self, failed: Collection[str]) -> bool:
        """Return whether another object bears the UID of one from the sources in *failed*."""
        numbers = Counter(instance.sop_instance_uid for instance in self._left)
        return any(i.source in failed and numbers[i.sop_instance_uid] > 1 for i in self._left)


@contextmanager
def settled(
    candidates: Candidates,
    target: Path,
    indexer: Indexer,
    jobs: int | None,
    progress: Progress,
    look: Callable[[Plan], None],
) -> Iterator[tuple[Plan, Mapping[str, str]]]:
    """Plan and convert until nothing stands back for an object that fails.

    Args:
        candidates: what could be on the medium.
        target: beside which the files are made.
        indexer: reads the results.
        jobs: processes to use; all cores when None.
        progress: told about files.
        look: sees each plan before anything is converted for it, and may raise.

    Yields:
        The plan with what came of it, and the file to take for each converted source. The files
        lie beside the target and are gone afterwards.

    Raises:
        NothingToWrite: no instance is left; it carries the reasons.
    """
    while True:
        decided = candidates.plan()
        if any(item.rewritten for item in decided.instances):
            look(decided)
        with _converted(candidates, decided, target, indexer, jobs, progress) as (ready, files):
            failed = {item.source: item for item in ready.left_out[len(decided.left_out) :]}
            # What was left out because of an object that is not there after all may come in.
            waiting = any(item.kind in _BECAUSE_OF_ANOTHER for item in decided.left_out)
            if not failed or not (waiting or candidates.have_twins_of(failed)):
                refuse_empty(ready)
                yield ready, files
                return
        candidates.drop(failed, decided)


def refuse_empty(decided: Plan) -> None:
    """Raise NothingToWrite, with the reasons, when no instance is left."""
    if decided.instances:
        return
    error = NothingToWrite(
        "no instance was found that can be put on the medium",
        "sources",
        "Look at the reasons why the files that were found are none"
        if decided.left_out
        else "Check the folder: it holds no file",
    )
    error.left_out = decided.left_out
    raise error


@contextmanager
def _converted(
    candidates: Candidates,
    decided: Plan,
    target: Path,
    indexer: Indexer,
    jobs: int | None,
    progress: Progress,
) -> Iterator[tuple[Plan, Mapping[str, str]]]:
    """Carry out the conversions of a plan; what fails is left out with its reason."""
    todo = [item for item in decided.instances if item.rewritten]
    if not todo:
        yield decided, {}
        return
    from jacket.conversion import convert

    with convert(
        todo, target, candidates.row, candidates.policy, indexer, jobs, progress
    ) as converted:
        instances = tuple(
            converted.planned.get(item.instance.source, item)
            for item in decided.instances
            if not item.rewritten or item.instance.source in converted.planned
        )
        left_out = (*decided.left_out, *converted.failed)
        remarks = (
            *decided.remarks,
            *(not_compressed(number, why) for why, number in converted.remarks.items()),
        )
        ready = decided._replace(instances=instances, left_out=left_out, remarks=remarks)
        yield ready, converted.files


def _with_frames_looked_at(instance: Instance) -> Instance:
    """Return *instance*, with a departure where its compressed frames break their own rules."""
    short = short_fault(instance)
    if short is not None:
        what = f"{short.rule.meaning}: viewers show nothing, or part of it"
        return instance._replace(remarks=(*instance.remarks, what))
    if not instance.pixel_data or not needs_streams(instance.transfer_syntax_uid):
        return instance
    try:
        with Path(instance.source).open("rb", buffering=0) as file:
            found = list(stream_faults(instance, _reader(file)))
    except OSError:
        return instance  # met again, and told, when it is copied
    wrong = [f.message or f.rule.meaning for f in found if f.rule.severity is Severity.ERROR]
    if not wrong:
        return instance
    departure = f"{BROKEN_FRAMES}: {'; '.join(wrong)}"
    return instance._replace(departures=(*instance.departures, departure))


def _reader(file: FileIO) -> Callable[[int, int], bytes]:
    def pread(length: int, offset: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    return pread


def same_bytes(one: str, other: str) -> bool:
    """Return whether two files hold the same bytes; one that cannot be read is no twin."""
    from filecmp import cmp

    try:
        return cmp(one, other, shallow=False)
    except OSError:
        return False
