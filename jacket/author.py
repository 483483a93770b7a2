"""The job "make a medium": scan, select, plan, convert, lay out, write."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Final

from dicomdir.index import Indexer
from dicomdir.instance import NotIndexed
from dicomdir.scan import scan
from jacket.about_patients import about_patients, refuse_doubts
from jacket.author_job import AuthorJob, refuse_early, refuse_too_much
from jacket.author_remarks import remarks_on
from jacket.author_request import (
    now,
    policy_of,
    refuse_numbers,
    refuse_other_kinds,
    volume_capacity,
    wants_icons,
)
from jacket.authored import Authored, AuthoredVolume, Selection
from jacket.capacities import CAPACITIES
from jacket.drafting import Draft, is_volume_of
from jacket.labels import checked_label
from jacket.layout import Icons, with_icons
from jacket.mail_seal import mail_seal_of
from jacket.protection import NO_WISH, Wish, protection_of, secure_profile
from jacket.settle import Candidates, NothingToWrite, settled
from jacket.source_directories import missing_sources
from jacket.split import (
    missing,
    picked,
    refuse_other_set,
    refuse_strangers,
    set_id,
    stale,
)
from jacket.target import (
    default_profile,
    next_step,
    refuse_inside,
    refuse_other_medium,
    refuse_unfit,
    refuse_unwritable,
    replacements,
)
from jacket.writing import Form, form_of
from profiles.application_profiles import ApplicationProfile
from profiles.identity_doubts import doubts_on
from profiles.order import HeadCount, head_count
from profiles.plan import DEFAULT_QUALITY, Plan, Policy
from profiles.profile_table import profile
from profiles.selection import select
from reporting import FilmjacketError, Progress, interruption, silent

__all__ = [
    "AUTO_PROFILE",
    "CAPACITIES",
    "Authored",
    "AuthoredVolume",
    "NothingToWrite",
    "Selection",
    "author",
]

AUTO_PROFILE: Final = "auto"


def author(
    sources: Iterable[str | Path],
    output: str | Path,
    *,
    profile_id: str | ApplicationProfile | None = None,
    selection: Selection | None = None,
    label: str | None = None,
    capacity: int | None = None,
    medium: str | None = None,
    split: bool = False,
    volumes: Collection[int] = (),
    transcode: str = "auto",
    quality: int = DEFAULT_QUALITY,
    icons: bool | None = None,
    dry_run: bool = False,
    jobs: int | None = None,
    recorded: datetime | None = None,
    progress: Progress = silent,
    form: Form | None = None,
    wish: Wish = NO_WISH,
    of_set: str = "",
    refuse_doubtful: bool = False,
    announce: Callable[[Authored], None] | None = None,
) -> Authored:
    """Make the medium *output* from the DICOM files in *sources*.

    Args:
        sources: files and folders.
        output: its suffix says what is made: ``.iso`` an image of a disc, ``.img`` an image of
            any medium, ``.zip`` an archive, ``.eml`` a mail, anything else a folder.
        profile_id: application profile, as PS3.11 spells it, or a row of one; "auto": the one
            that suits the objects and the medium best; None: the general one that is usual for
            *medium*, or for *output* when that is None.
        selection: what of the sources is wanted; everything when None.
        label: File-set ID and volume label; made of the date when None.
        capacity: bytes of the medium; more is refused before anything is written.
        medium: for "auto", one of `jacket.target.MEDIA`, told from *output* when None; with
            another profile the kind of its medium, such as "bd-r".
        split: make several volumes, ``output-1.iso`` and so on, where one does not hold all;
            *capacity* is that of each, and what the profile's medium usually has when None.
        volumes: with *split*: make those of these numbers alone, counted from 1; with the same
            sources, words and clock they are what they were.
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
        form: how it is made, where that is not by its suffix: a device. What is converted on the
            way lies beside *output* all the same.
        wish: who can read what a secure profile encrypts; without one a password is made, and
            the sheet that tells it lies beside *output*. A mail takes no password.
        of_set: `Authored.set_id` of the set that *volumes* are of: another is refused.
        refuse_doubtful: write nothing where files disagree about whose the images are.
        announce: told before the first byte is written what will be, as after a dry run.

    Raises:
        NothingToWrite: no instance is left; it carries the reasons.
        DoubtfulPatient: files disagree about whose the images are.
        FilmjacketError: what else can go wrong, said with what to do.
    """
    target = Path(output)
    clock = recorded or now()
    checked_label(label)
    policy = policy_of(transcode, quality)
    given = list(sources)
    refuse_inside(target, given)
    refuse_unwritable(target)
    refuse_other_kinds(target)
    refuse_numbers(volumes, split=split)
    wanted = selection or Selection()
    if profile_id is None and not wish.is_empty:
        profile_id = secure_profile(default_profile(target, medium))
    row, why = _row(
        given, wanted, target, profile_id, capacity, medium, policy, jobs, progress, split=split
    )
    refuse_unfit(row, target)
    beside = target if form is None else None
    protection = protection_of(row, wish, beside, clock, again=bool(volumes))
    seal = mail_seal_of(row, wish, clock)
    maker = Icons(row.icon, jobs=jobs, progress=progress) if wants_icons(row, icons) else None
    job = AuthorJob(
        row,
        form or form_of(target, row.medium, medium, None if seal is None else seal.sealer),
        target,
        _label(clock) if label is None else label,
        clock,
        policy,
        maker,
        icons is False,
        volume_capacity(row, capacity) if split else capacity,
        split,
        volumes,
        jobs,
        progress,
        why,
        medium,
        protection,
        seal,
        form is not None,
        announce,
        label or "",
        of_set,
    )
    job, candidates, indexer = _found(job, given, wanted)
    if dry_run:
        return _planned_only(job, candidates.plan())
    if refuse_doubtful:
        refuse_doubts(job.doubts, str(target))
    with settled(
        candidates, target, indexer, jobs, progress, lambda decided: refuse_early(job, decided)
    ) as (ready, files):
        return _made(job, ready, files)


def _row(
    sources: Sequence[str | Path],
    wanted: Selection,
    target: Path,
    profile_id: str | ApplicationProfile | None,
    capacity: int | None,
    medium: str | None,
    policy: Policy,
    jobs: int | None,
    progress: Progress,
    *,
    split: bool,
) -> tuple[ApplicationProfile, str]:
    """Return the profile, and why it was chosen when that was left to us."""
    if profile_id != AUTO_PROFILE:
        chosen = default_profile(target, medium) if profile_id is None else profile_id
        row = profile(chosen) if isinstance(chosen, str) else chosen
        refuse_other_medium(row, medium)
        return row, ""
    from jacket.auto_profile import best_profile

    return best_profile(
        sources,
        lambda found: select(
            found,
            wanted.patients,
            wanted.studies,
            wanted.series,
            wanted.accessions,
            where=_where(sources),
        ),
        target,
        capacity=capacity,
        split=split,
        medium=medium,
        policy=policy,
        jobs=jobs,
        progress=progress,
    )


def _found(
    job: AuthorJob, sources: Sequence[str | Path], wanted: Selection
) -> tuple[AuthorJob, Candidates, Indexer]:
    """Scan the sources and pick what is wanted; the job knows then what was not."""
    indexer = job.indexer
    scanned = scan(sources, indexer, jobs=job.jobs, progress=job.progress)
    instances = select(
        scanned.instances,
        wanted.patients,
        wanted.studies,
        wanted.series,
        wanted.accessions,
        where=_where(sources),
    )
    not_indexed = [_unless_target(item, job.target) for item in scanned.not_indexed]
    not_indexed += missing_sources(scanned, wanted)
    job = replace(
        job,
        not_selected=len(scanned.instances) - len(instances),
        doubts=doubts_on(scanned.instances, instances, by_accession=bool(wanted.accessions)),
    )
    return job, Candidates(instances, not_indexed, job.row, job.policy), indexer


def _where(sources: Sequence[str | Path]) -> str:
    """Return what to name in a command that lists the sources."""
    if len(sources) != 1:
        return "FOLDER"
    only = Path(sources[0])
    return quote(str(only if only.is_dir() else only.parent))  # A file alone is no medium.


def _planned_only(job: AuthorJob, decided: Plan) -> Authored:
    pending = any(item.rewritten for item in decided.instances) or job.icons is not None
    drafts = job.drafts(job.drafter({}, icons_to_come=True), decided)
    refuse_too_much(job, drafts, "about " if pending else "")
    refuse_other_set(drafts, job.of_set)
    wanted = picked(drafts, job.numbers)
    told = replacements([draft.volume.target for draft in wanted], dry_run=True)
    decided = decided._replace(remarks=(*decided.remarks, *told))
    exact = not pending and all(draft.volume.measured.exact for draft in drafts)
    icons = job.icons
    number = 0 if icons is None else sum(icons.wanted_for(i.instance) for i in decided.instances)
    return _result(job, decided, drafts, _planned(wanted), number, dry_run=True, exact=exact)


def _planned(drafts: Sequence[Draft]) -> tuple[AuthoredVolume, ...]:
    return tuple(
        AuthoredVolume(
            draft.number,
            str(draft.volume.target),
            draft.volume.measured.size,
            draft.label,
            len(draft.instances),
            on_medium=_on_medium(draft),
            heads=_heads(draft),
        )
        for draft in drafts
    )


def _made(job: AuthorJob, ready: Plan, files: Mapping[str, str]) -> Authored:
    """Write the volumes, one after the other."""
    with_all, number, told = with_icons(ready, job.icons, files)
    drafts = job.drafts(job.drafter(files), with_all)
    refuse_too_much(job, drafts)
    refuse_other_set(drafts, job.of_set)
    wanted = picked(drafts, job.numbers)
    refuse_strangers(drafts, wanted)
    told += replacements([draft.volume.target for draft in wanted], dry_run=False)
    made: list[AuthoredVolume] = []
    ready = ready._replace(remarks=(*ready.remarks, *told))
    if job.announce is not None:
        job.announce(_result(job, ready, drafts, _planned(wanted), number, dry_run=True))
    _hand_over_password(job, ready, drafts)
    for position, draft in enumerate(wanted):
        try:
            interruption.go_on()  # The volume before is whole; this one can be given up.
            made.append(_written(job, draft))
        except (FilmjacketError, KeyboardInterrupt) as error:
            left = wanted[position:]
            if job.protection is not None and not made and not job.is_device:
                job.protection.take_back()
            clock = int(job.clock.timestamp())
            raise missing(error, made, left, clock, set_id(drafts)) from error
    return _result(job, ready, drafts, tuple(made), number)


def _label(clock: datetime) -> str:
    """Return the label of a medium for which nobody chose one; it must not name the patient.

    Media of one day have each their own: by it they are told apart, and so are the sheets with
    their passwords. It has the 11 characters that a FAT volume takes; in the label of a volume of a
    set, which is cut to make room for its number, the time comes first and stays.
    """
    return f"{clock:%H%M%S_%m%d}"


def _hand_over_password(job: AuthorJob, ready: Plan, drafts: Sequence[Draft]) -> None:
    if job.protection is not None:
        job.protection.refuse_telling(ready.instances)
        ends = dict.fromkeys((drafts[0].label, drafts[-1].label))
        job.protection.hand_over(" to ".join(ends), job.clock, job.target)


def _written(job: AuthorJob, draft: Draft) -> AuthoredVolume:
    written = job.form.write(draft.volume, job.progress, job.capacity)
    return AuthoredVolume(
        draft.number,
        written.path,
        written.size,
        draft.label,
        len(draft.instances),
        written.sha256,
        draft.layout.uid,
        _on_medium(draft),
        _heads(draft),
    )


def _heads(draft: Draft) -> HeadCount:
    return head_count(item.instance for item in draft.instances)


def _on_medium(draft: Draft) -> int | None:
    measured = draft.volume.measured
    return measured.on_medium if measured.in_folder else None


def _result(
    job: AuthorJob,
    decided: Plan,
    drafts: Sequence[Draft],
    volumes: tuple[AuthoredVolume, ...],
    icons: int,
    *,
    dry_run: bool = False,
    exact: bool = True,
) -> Authored:
    told = dict.fromkeys(remark for draft in drafts for remark in draft.layout.remarks)
    remarks = remarks_on(
        decided,
        job.row,
        max(draft.volume.measured.on_medium for draft in drafts),
        job.policy,
        no_icons=job.no_icons,
        target=job.target if dry_run else None,
        to_write=sum(volume.size for volume in volumes),
    )
    protection = job.protection
    guard = job.seal or protection
    more = (
        *(() if guard is None else guard.remarks),
        *(stale(drafts, job.target) if job.split else ()),
    )
    return Authored(
        decided.profile,
        volumes,
        dry_run,
        job.label,
        exact,
        decided.instances,
        decided.left_out,
        (*decided.remarks, *told, *remarks, *more),
        job.clock,
        of=len(drafts),
        medium=job.row.medium.value,
        why_profile=job.why_profile,
        not_selected=job.not_selected,
        icons=icons,
        next_step=next_step(job.row, job.target, job.medium),
        opened_with=() if guard is None else guard.opened_with,
        password_slip="" if protection is None else protection.slip,
        password=None if protection is None or dry_run else protection.told,
        set_id=set_id(drafts),
        doubts=job.doubts,
        about_patients=about_patients(decided, drafts, job.own_label),
    )


def _unless_target(item: NotIndexed, target: Path) -> NotIndexed:
    """Return *item*; an older target, or a volume of one, among the sources is no loss."""
    source = Path(item.source)
    ours = source.name == target.name or is_volume_of(source, target)
    if item.kind == "not-dicom" and ours and target.parent.samefile(source.parent):
        return item._replace(reason="a target of this job", kind="litter")
    return item
