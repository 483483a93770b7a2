"""The job "make a medium": scan, select, plan, convert, lay out, write."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dicomdir.index import Indexer
from dicomdir.instance import KINDS, NotIndexed
from dicomdir.scan import scan
from dicomdir.tidy_keys import MALFORMED_UID
from jacket.author_remarks import remarks_on
from jacket.labels import checked_label
from jacket.layout import BLOCK, Icons, Layout, estimated, lay_out
from jacket.manifest import manifest_of
from jacket.settle import Candidates, NothingToWrite, settled
from jacket.target import (
    CAPACITIES,
    is_image,
    next_step,
    refuse_inside,
    refuse_unfit,
    refuse_unwritable,
    why_never,
)
from media.source import DigestList, NamedSource, Written
from profiles.application_profiles import ApplicationProfile
from profiles.choose_syntax import LOSSY_COMPRESSION
from profiles.judge import broken_frames
from profiles.plan import DEFAULT_QUALITY, Action, Plan, PlannedInstance, Policy, Transcode
from profiles.profile_table import profile
from profiles.selection import select
from profiles.values import facts_for
from reporting import CannotWrite, Progress, WrongUsage, silent

__all__ = [
    "AUTO_PROFILE",
    "CAPACITIES",
    "DEFAULT_PROFILE",
    "Authored",
    "NothingToWrite",
    "Selection",
    "author",
]

DEFAULT_PROFILE: Final = "STD-GEN-CD"
AUTO_PROFILE: Final = "auto"


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
    medium: str = ""  # what the profile is for, as PS3.11 calls it
    why_profile: str = ""  # why "auto" chose it
    icons: int = 0  # records that have, or would get, an icon
    next_step: str = ""  # what is left to do until it is a medium of the profile
    cannot: str = ""  # why such a medium was planned and cannot be made

    @property
    def lost(self) -> tuple[NotIndexed, ...]:
        """What was left out though it may matter to the patient (duplicates do not)."""
        return tuple(item for item in self.left_out if KINDS[item.kind])

    @property
    def flaws(self) -> tuple[str, ...]:
        """What keeps the medium from being compliant though everything was done right."""
        uids = [remark for remark in self.remarks if MALFORMED_UID in remark]
        frames: dict[str, list[str]] = {}
        for item in self.planned:
            what = "" if item.rewritten else broken_frames(item.instance)
            if what:
                frames.setdefault(what, []).append(item.instance.source)
        streams = [
            f"{len(where):,} copied as they are, {where[0]} among them: {what}"
            for what, where in frames.items()
        ]
        return (*uids, *streams)

    @property
    def clean(self) -> bool:
        """Whether nothing that may matter was left out and the medium is as it should be."""
        return not self.lost and not self.flaws

    def count(self, action: Action) -> int:
        """Return how many instances came on the medium by *action*."""
        return sum(item.action is action for item in self.planned)

    @property
    def transcoded_to(self) -> dict[str, int]:
        """How many instances were brought to which transfer syntax, by UID."""
        counts = Counter(item.target_syntax for item in self.planned if item.target_syntax)
        return dict(counts.most_common())


@dataclass(frozen=True, slots=True)
class _Job:
    """What was asked for, checked."""

    row: ApplicationProfile
    target: Path
    label: str
    clock: datetime
    policy: Policy
    icons: Icons | None
    no_icons: bool  # the operator said that there shall be none
    capacity: int | None
    jobs: int | None
    progress: Progress
    why_profile: str

    @property
    def indexer(self) -> Indexer:
        return Indexer(self.row.additional_keys, (*facts_for([self.row]), LOSSY_COMPRESSION))


def author(
    sources: Iterable[str | Path],
    output: str | Path,
    *,
    profile_id: str | ApplicationProfile = DEFAULT_PROFILE,
    selection: Selection | None = None,
    label: str | None = None,
    capacity: int | None = None,
    medium: str | None = None,
    transcode: str = "auto",
    quality: int = DEFAULT_QUALITY,
    icons: bool | None = None,
    dry_run: bool = False,
    jobs: int | None = None,
    recorded: datetime | None = None,
    progress: Progress = silent,
) -> Authored:
    """Make the medium *output* from the DICOM files in *sources*.

    Args:
        sources: files and folders.
        output: ``….iso`` for an image, anything else for a folder.
        profile_id: application profile, as PS3.11 spells it, or a row of one; "auto": the one
            that suits the objects and the medium best.
        selection: what of the sources is wanted; everything when None.
        label: File-set ID and volume label; made of the date when None.
        capacity: bytes of the medium; more is refused before anything is written.
        medium: for "auto", one of `jacket.target.MEDIA`; told from *output* when None.
        transcode: "auto" changes only what the profile demands, "lossless" also compresses native
            images without loss where the profile allows it, "lossy" with loss (into new objects
            with new UIDs), "never" leaves out what would have to be changed.
        quality: of lossy compression, 1 to 100.
        icons: give images an icon in the directory; None: where the profile requires them. Those
            that it requires are made in any case.
        dry_run: plan only; nothing is written, but the target is checked as if it were.
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
    policy = _policy(transcode, quality)
    given = list(sources)
    refuse_inside(target, given)
    refuse_unwritable(target)
    wanted = selection or Selection()
    row, why = _row(given, wanted, target, profile_id, capacity, medium, policy, jobs, progress)
    refuse_unfit(row, target, dry_run=dry_run)
    maker = Icons(row.icon, jobs=jobs, progress=progress) if _wants_icons(row, icons) else None
    job = _Job(
        row,
        target,
        f"DICOM_{clock:%Y%m%d}" if label is None else label,
        clock,
        policy,
        maker,
        icons is False,
        capacity,
        jobs,
        progress,
        why,
    )
    candidates, indexer = _found(job, given, wanted)
    if dry_run:
        return _planned_only(job, candidates)
    with settled(candidates, target, indexer, jobs, progress) as (ready, files):
        layout = lay_out(ready, files, clock, job.label, row, maker)
        digest_list = manifest_of([(s.name, s.size) for s in layout.named], clock)
        written = _write(job, layout.named, digest_list)
    return _result(job, ready, layout, written, written.size)


def _policy(transcode: str, quality: int) -> Policy:
    if transcode not in tuple(Transcode):
        raise WrongUsage(
            f"{transcode[:32]!r} is not a way to convert",
            "--transcode",
            f"Say one of {', '.join(Transcode)}",
        )
    if not 1 <= quality <= 100:
        raise WrongUsage(f"{quality} is not a quality", "--quality", "Say a number from 1 to 100")
    return Policy(Transcode(transcode), quality)


def _row(
    sources: Sequence[str | Path],
    wanted: Selection,
    target: Path,
    profile_id: str | ApplicationProfile,
    capacity: int | None,
    medium: str | None,
    policy: Policy,
    jobs: int | None,
    progress: Progress,
) -> tuple[ApplicationProfile, str]:
    """Return the profile, and why it was chosen when that was left to us."""
    if isinstance(profile_id, ApplicationProfile):
        return profile_id, ""
    if profile_id != AUTO_PROFILE:
        return profile(profile_id), ""
    from jacket.auto_profile import best_profile

    return best_profile(
        sources,
        lambda found: select(
            found, wanted.patients, wanted.studies, wanted.series, wanted.accessions
        ),
        target,
        capacity=capacity,
        medium=medium,
        policy=policy,
        jobs=jobs,
        progress=progress,
    )


def _wants_icons(row: ApplicationProfile, asked: bool | None) -> bool:
    return bool(asked) or (row.icon is not None and row.icon.required)


def _found(
    job: _Job, sources: Sequence[str | Path], wanted: Selection
) -> tuple[Candidates, Indexer]:
    """Scan the sources and pick what is wanted."""
    indexer = job.indexer
    scanned = scan(sources, indexer, jobs=job.jobs, progress=job.progress)
    instances = select(
        scanned.instances, wanted.patients, wanted.studies, wanted.series, wanted.accessions
    )
    not_indexed = [_unless_target(item, job.target) for item in scanned.not_indexed]
    return Candidates(instances, not_indexed, job.row, job.policy), indexer


def _planned_only(job: _Job, candidates: Candidates) -> Authored:
    decided = candidates.plan()
    layout = lay_out(decided, {}, job.clock, job.label, job.row)
    as_image = is_image(job.target)
    size = estimated(layout, decided, job.icons, as_image=as_image)
    on_medium = size if as_image else estimated(layout, decided, job.icons, block=BLOCK)
    if job.capacity is not None and on_medium > job.capacity:
        raise CannotWrite(
            f"would need about {on_medium:,} bytes where the medium has {job.capacity:,}",
            str(job.target),
            "Select fewer studies for one medium",
        )
    return _result(job, decided, layout, None, size)


def _result(
    job: _Job, decided: Plan, layout: Layout, written: Written | None, size: int
) -> Authored:
    icons = layout.icons
    if written is None and job.icons is not None:
        icons = sum(job.icons.wanted_for(item.instance) for item in decided.instances)
    return Authored(
        decided.profile,
        written,
        layout.uid if written is not None else "",
        job.label,
        size,
        decided.instances,
        decided.left_out,
        (
            *decided.remarks,
            *layout.remarks,
            *remarks_on(
                decided,
                job.row,
                size,
                job.policy,
                no_icons=job.no_icons,
                target=job.target if written is None else None,
            ),
        ),
        medium=job.row.medium.value,
        why_profile=job.why_profile,
        icons=icons,
        next_step=next_step(job.row, as_image=is_image(job.target)),
        cannot=why_never(job.row),
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


def _unless_target(item: NotIndexed, target: Path) -> NotIndexed:
    """Return *item*; an older target lying among the sources is no loss."""
    if item.kind == "not-dicom" and target.exists() and target.samefile(item.source):
        return item._replace(reason="the target of this job", kind="litter")
    return item


def _write(job: _Job, named: Sequence[NamedSource], digest_list: DigestList) -> Written:
    from media import write_folder, write_iso9660

    if is_image(job.target):
        return write_iso9660(
            named,
            job.target,
            volume_identifier=job.label,
            recorded=job.clock,
            progress=job.progress,
            digest_list=digest_list,
            capacity=job.capacity,
        )
    return write_folder(
        named,
        job.target,
        progress=job.progress,
        digest_list=digest_list,
        capacity=job.capacity,
    )
