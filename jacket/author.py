"""The job "make a medium": scan, select, plan, transcode, lay out, write."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from dicomdir.build import Built, build_directory
from dicomdir.elements import name_of
from dicomdir.encode import encode_dicomdir
from dicomdir.index import Indexer
from dicomdir.instance import KINDS, Instance, NotIndexed
from dicomdir.scan import scan
from dicomdir.tidy_keys import MALFORMED_UID
from jacket.labels import checked_label
from jacket.manifest import manifest_of
from media.source import DigestList, FileRange, NamedSource, Written
from profiles.application_profiles import ApplicationProfile
from profiles.file_ids import assign_file_ids
from profiles.plan import Action, Plan, PlannedInstance
from profiles.planner import plan
from profiles.profile_table import profile
from profiles.rehead import rehead
from profiles.selection import select
from profiles.transfer_syntaxes import DECODABLE
from reporting import CannotRead, CannotWrite, NotSupported, Progress, WrongUsage, silent

DEFAULT_PROFILE: Final = "STD-GEN-CD"
_LATER: Final = {".img": "FAT images", ".zip": "ZIP files", ".eml": "e-mail"}
# Kinds of what is left out because another object was there first.
_BECAUSE_OF_ANOTHER: Final = frozenset(("patient-conflict", "contradiction", "duplicate"))
_BLOCK: Final = 2048  # bytes
_STRUCTURES: Final = 200  # blocks before the files and after them
# What a blank medium holds, in bytes: 360,000 and 333,000 blocks of 2,048 (PS3.12 F.1 note).
CAPACITIES: Final = {"cd": 737_280_000, "cd74": 681_984_000}


@dataclass(frozen=True, slots=True)
class Selection:
    """What of the sources goes on the medium; empty filters let everything through."""

    patients: Collection[str] = ()
    studies: Collection[str] = ()
    series: Collection[str] = ()
    accessions: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Authored:
    """What a job made, and every source that is not on the medium with its reason."""

    profile: str
    volume: Written | None  # None after a dry run
    file_set_uid: str
    label: str
    size: int  # bytes of the volume; after a dry run as far as it can be told
    planned: tuple[PlannedInstance, ...]
    left_out: tuple[NotIndexed, ...]
    remarks: tuple[str, ...]

    @property
    def lost(self) -> tuple[NotIndexed, ...]:
        """What was left out though it may matter to the patient (duplicates do not)."""
        return tuple(item for item in self.left_out if KINDS[item.kind])

    @property
    def flaws(self) -> tuple[str, ...]:
        """What keeps the medium from being compliant though everything was done right."""
        return tuple(remark for remark in self.remarks if MALFORMED_UID in remark)

    @property
    def clean(self) -> bool:
        """Whether nothing that may matter was left out and the medium is as it should be."""
        return not self.lost and not self.flaws

    def count(self, action: Action) -> int:
        """Return how many instances came on the medium by *action*."""
        return sum(item.action is action for item in self.planned)


class NothingToWrite(CannotRead):
    """None of the sources holds an instance that can be put on the medium."""

    left_out: tuple[NotIndexed, ...] = ()


def author(
    sources: Iterable[str | Path],
    output: str | Path,
    *,
    profile_id: str = DEFAULT_PROFILE,
    selection: Selection | None = None,
    label: str | None = None,
    capacity: int | None = None,
    transcode: str = "auto",
    dry_run: bool = False,
    jobs: int | None = None,
    recorded: datetime | None = None,
    progress: Progress = silent,
) -> Authored:
    """Make the medium *output* from the DICOM files in *sources*.

    Args:
        sources: files and folders.
        output: ``….iso`` for an image, anything else for a folder.
        profile_id: application profile, as PS3.11 spells it.
        selection: what of the sources is wanted; everything when None.
        label: File-set ID and volume label; made of the date when None.
        capacity: bytes of the medium; more is refused before anything is written.
        transcode: "auto" brings instances to a transfer syntax of the profile, "lossless" does so
            where no information is lost, "never" leaves them out.
        dry_run: plan only; nothing is written.
        jobs: processes to use; all cores when None.
        recorded: the job's clock; now (or SOURCE_DATE_EPOCH) when None.
        progress: told about files and bytes.

    Raises:
        NothingToWrite: no instance is left; it carries the reasons.
        FilmjacketError: what else can go wrong, said with what to do.
    """
    target = Path(output)
    clock = recorded or _now()
    checked_label(label)
    if label is None:
        label = f"DICOM_{clock:%Y%m%d}"
    row = profile(profile_id)
    as_image = _is_image(target)
    _refuse_unwritable(target)
    scanned = scan(sources, Indexer(row.additional_keys), jobs=jobs, progress=progress)
    wanted = selection or Selection()
    instances = select(
        scanned.instances, wanted.patients, wanted.studies, wanted.series, wanted.accessions
    )
    not_indexed = [_unless_target(item, target) for item in scanned.not_indexed]
    candidates = _Candidates(instances, not_indexed, row, transcode)
    if dry_run:
        decided = candidates.plan()
        _refuse_empty(decided)
        layout = _lay_out(decided, {}, clock, label)
        size = _estimated(layout.named)
        if capacity is not None and size > capacity:
            raise CannotWrite(
                f"would need about {size:,} bytes where the medium has {capacity:,}",
                str(target),
                "Select fewer studies for one medium",
            )
        return _result(decided, layout, None, size, label)
    with _settled(candidates, target, row, jobs, progress) as (ready, files):
        _refuse_empty(ready)
        layout = _lay_out(ready, files, clock, label)
        digest_list = manifest_of([(s.name, s.size) for s in layout.named], clock)
        written = _write(
            layout.named, target, as_image, label, clock, digest_list, capacity, progress
        )
    return _result(ready, layout, written, written.size, label)


class _Layout(NamedTuple):
    """What goes where on the medium."""

    uid: str
    built: Built
    named: list[NamedSource]


def _lay_out(ready: Plan, files: Mapping[str, str], clock: datetime, label: str) -> _Layout:
    file_ids = assign_file_ids(ready.instances)
    uid = _file_set_uid(clock, ready, file_ids)
    pairs = [(item.instance, id_) for item, id_ in zip(ready.instances, file_ids, strict=True)]
    built = build_directory(pairs, file_set_uid=uid, file_set_id=label)
    return _Layout(uid, built, _named_sources(built, ready, file_ids, files, clock))


def _estimated(named: Sequence[NamedSource]) -> int:
    """Return the bytes of an image: files in whole blocks, and something for the structures.

    What is yet to be converted counts as it is now: a compressed file will need more.
    """
    blocks = sum(-(-source.size // _BLOCK) for source in named)
    return (blocks + _STRUCTURES + len(named) // 16) * _BLOCK


def _result(
    decided: Plan, layout: _Layout, written: Written | None, size: int, label: str
) -> Authored:
    return Authored(
        decided.profile,
        written,
        layout.uid if written is not None else "",
        label,
        size,
        decided.instances,
        decided.left_out,
        (*decided.remarks, *_remarks(layout.built), *_room(size)),
    )


def _now() -> datetime:
    """Return the time, or the one that reproducible builds ask for."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is not None:
        try:
            return datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise WrongUsage(
                "SOURCE_DATE_EPOCH is not a number of seconds", "environment", "Mend or unset it"
            ) from error
    return datetime.now(UTC).replace(microsecond=0)


def _is_image(target: Path) -> bool:
    suffix = target.suffix.lower() or (target.name if target.name.startswith(".") else "")
    if suffix in _LATER:
        raise NotSupported(
            f"{_LATER[suffix]} are not made by this version",
            str(target),
            "Use NAME.iso or a folder",
        )
    return suffix == ".iso"


def _refuse_unwritable(target: Path) -> None:
    """Find out before the scan, not after it, that the target cannot be made."""
    folder = target.parent
    try:
        there = folder.is_dir()
    except OSError as error:
        raise CannotWrite(
            f"the folder cannot be reached ({error.strerror})", str(folder), "Choose another folder"
        ) from error
    if not there:
        raise CannotWrite("there is no such folder", str(folder), "Make it, or choose another")
    if not os.access(folder, os.W_OK):
        raise CannotWrite("the folder may not be written", str(folder), "Choose another folder")


def _unless_target(item: NotIndexed, target: Path) -> NotIndexed:
    """Return *item*; an older target lying among the sources is no loss."""
    if item.kind == "not-dicom" and target.exists() and target.samefile(item.source):
        return item._replace(reason="the target of this job", kind="litter")
    return item


class _Candidates:
    """What could be on the medium, less what turned out to be impossible.

    Of several objects with one UID the planner takes one. Where that one cannot be brought onto
    the medium, another takes its place: so it is planned again without it.
    """

    def __init__(
        self,
        instances: Iterable[Instance],
        not_indexed: Iterable[NotIndexed],
        row: ApplicationProfile,
        transcode: str,
    ) -> None:
        self._left = list(instances)
        self._not_indexed = list(not_indexed)
        self._row = row
        self._may_transcode = transcode != "never"

    def plan(self) -> Plan:
        """Return the plan; it transcodes nothing when that is forbidden."""
        while True:
            decided = plan(
                self._left,
                self._not_indexed,
                self._row,
                decoders=DECODABLE,
                same_bytes=_same_bytes,
            )
            refused = {} if self._may_transcode else dict(_refused(decided))
            if not refused:
                return decided
            self.drop(refused, decided)

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


def _refused(decided: Plan) -> Iterator[tuple[str, NotIndexed]]:
    for item in decided.instances:
        if item.action is Action.TRANSCODE:
            reason = f"{item.reason}, and --transcode never forbids to change it"
            source = item.instance.source
            yield source, NotIndexed(source, reason, "not-convertible")


@contextmanager
def _settled(
    candidates: _Candidates,
    target: Path,
    row: ApplicationProfile,
    jobs: int | None,
    progress: Progress,
) -> Iterator[tuple[Plan, Mapping[str, str]]]:
    """Plan and transcode until nothing stands back for an object that fails; see _converted."""
    while True:
        decided = candidates.plan()
        _refuse_empty(decided)
        with _converted(decided, target, row, jobs, progress) as (ready, files):
            failed = {item.source: item for item in ready.left_out[len(decided.left_out) :]}
            # What was left out because of an object that is not there after all may come in.
            waiting = any(item.kind in _BECAUSE_OF_ANOTHER for item in decided.left_out)
            if not failed or not (waiting or candidates.have_twins_of(failed)):
                yield ready, files
                return
        candidates.drop(failed, decided)


def _refuse_empty(decided: Plan) -> None:
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


def _room(needed: int) -> tuple[str, ...]:
    """Return a word of warning when one CD cannot hold it; the image is made all the same."""
    if needed <= CAPACITIES["cd"]:
        return ()
    return (f"{needed:,} bytes are more than an 80 minute CD-R holds ({CAPACITIES['cd']:,})",)


def _same_bytes(one: str, other: str) -> bool:
    from filecmp import cmp

    try:
        return cmp(one, other, shallow=False)
    except OSError:
        return False


@contextmanager
def _converted(
    decided: Plan, target: Path, row: ApplicationProfile, jobs: int | None, progress: Progress
) -> Iterator[tuple[Plan, Mapping[str, str]]]:
    """Carry out the transcoding of a plan; what fails is left out with its reason.

    Yields:
        The plan with what came of it, and the file to take for each transcoded source. The files
        lie beside the target and are gone afterwards.
    """
    todo = [item for item in decided.instances if item.action is Action.TRANSCODE]
    if not todo:
        yield decided, {}
        return
    from jacket.conversion import convert

    with convert(todo, target, row, jobs, progress) as converted:
        instances = tuple(
            replace(item, instance=converted.instances.get(item.instance.source, item.instance))
            for item in decided.instances
            if item.action is not Action.TRANSCODE or item.instance.source in converted.files
        )
        left_out = (*decided.left_out, *converted.failed)
        yield replace(decided, instances=instances, left_out=left_out), converted.files


def _file_set_uid(clock: datetime, decided: Plan, file_ids: Sequence[tuple[str, ...]]) -> str:
    """Return a UID that the same objects at the same time get again (PS3.5 B.2, a UUID)."""
    digest = sha256(clock.isoformat().encode())
    for item, file_id in zip(decided.instances, file_ids, strict=True):
        digest.update(f"{item.instance.sop_instance_uid} {'/'.join(file_id)}\n".encode())
    number = int.from_bytes(digest.digest()[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76  # UUID version 8: made by a rule of our own
    number = number & ~(0b11 << 62) | 0b10 << 62  # the variant of RFC 9562
    return f"2.25.{number}"


def _named_sources(
    built: Built,
    decided: Plan,
    file_ids: Sequence[tuple[str, ...]],
    files: Mapping[str, str],
    clock: datetime,
) -> list[NamedSource]:
    """Return what goes on the medium; the directory first, as it is read first."""
    sources = [NamedSource(("DICOMDIR",), (encode_dicomdir(built.directory),), clock)]
    for item, file_id in zip(decided.instances, file_ids, strict=True):
        sources.append(NamedSource(file_id, _parts(item, files), clock))
    return sources


def _parts(item: PlannedInstance, files: Mapping[str, str]) -> tuple[FileRange | bytes, ...]:
    instance = item.instance
    path = files.get(instance.source, instance.source)
    stamp = instance.stamp if instance.stamp != (0, 0) else None
    if item.action is Action.REHEAD:
        head, offset, length = rehead(instance)
        return (head, FileRange(path, offset, length, instance.size, stamp))
    return (FileRange(path, 0, instance.size, instance.size, stamp),)


def _write(
    named: Sequence[NamedSource],
    target: Path,
    as_image: bool,
    label: str,
    clock: datetime,
    digest_list: DigestList,
    capacity: int | None,
    progress: Progress,
) -> Written:
    from media import write_folder, write_iso9660

    if as_image:
        return write_iso9660(
            named,
            target,
            volume_identifier=label,
            recorded=clock,
            progress=progress,
            digest_list=digest_list,
            capacity=capacity,
        )
    return write_folder(
        named, target, progress=progress, digest_list=digest_list, capacity=capacity
    )


def _remarks(built: Built) -> tuple[str, ...]:
    """Return what the directory builder had to decide, for the operator; alike ones together."""
    generated = Counter((key.record_type, key.tag, key.why) for key in built.generated)
    made = (
        f"{name_of(tag)} generated in {number:,} {record_type} record{'s' * (number > 1)}: {why}"
        for (record_type, tag, why), number in generated.items()
    )
    return (*made, *map(str, built.conflicts))
