"""The job "make a medium": scan, select, plan, convert, lay out, write."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Final

from dicomdir.index import Indexer
from dicomdir.instance import NotIndexed
from dicomdir.scan import scan
from jacket.about_patients import about_patients, refuse_doubts
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
from jacket.drafting import Draft, Drafter, is_volume_of
from jacket.labels import checked_label
from jacket.layout import Icons, with_icons
from jacket.mail_seal import MailSeal, mail_seal_of
from jacket.protection import NO_WISH, Protection, Wish, protection_of, secure_profile
from jacket.settle import Candidates, NothingToWrite, settled
from jacket.split import drafts_of, missing, picked, refuse_strangers, stale
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
from profiles.choose_syntax import LOSSY_COMPRESSION
from profiles.identity_doubts import IDENTITY_FACTS, Doubt, doubts_on
from profiles.order import HeadCount, head_count
from profiles.plan import DEFAULT_QUALITY, Plan, Policy
from profiles.profile_table import profile
from profiles.selection import select
from profiles.values import facts_for
from reporting import CannotWrite, FilmjacketError, Progress, interruption, silent

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


@dataclass(frozen=True, slots=True)
class _Job:
    """What was asked for, checked."""

    row: ApplicationProfile
    form: Form
    target: Path
    label: str
    clock: datetime
    policy: Policy
    icons: Icons | None
    no_icons: bool  # the operator said that there shall be none
    capacity: int | None  # bytes of a medium
    split: bool
    numbers: Collection[int]  # of the volumes to make; empty: all
    jobs: int | None
    progress: Progress
    why_profile: str
    medium: str | None  # as the operator said it
    protection: Protection | None  # of the files; None: everybody can read them
    seal: MailSeal | None  # of the mail that carries them
    is_device: bool  # what was begun there cannot be taken back
    announce: Callable[[Authored], None] | None
    own_label: str  # that the operator chose; "": none
    not_selected: int = 0  # instances that were found and not asked for
    doubts: tuple[Doubt, ...] = ()  # whose the selected ones are

    @property
    def indexer(self) -> Indexer:
        facts = dict((*facts_for([self.row]), *IDENTITY_FACTS, LOSSY_COMPRESSION))
        if self.split:
            from jacket.volume_index import FACTS

            facts |= dict(FACTS)
        return Indexer(self.row.additional_keys, facts.items())

    def drafter(self, files: Mapping[str, str], *, icons_to_come: bool = False) -> Drafter:
        return Drafter(
            self.form,
            self.row,
            self.target,
            self.label,
            self.clock,
            files,
            self.protection,
            self.icons if icons_to_come else None,
        )

    def drafts(self, drafter: Drafter, decided: Plan) -> list[Draft]:
        if not self.split or self.capacity is None:
            return [drafter.one(decided)]
        return drafts_of(drafter, decided, self.capacity)


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
    job = _Job(
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
    )
    job, candidates, indexer = _found(job, given, wanted)
    if dry_run:
        return _planned_only(job, candidates.plan())
    if refuse_doubtful:
        refuse_doubts(job.doubts, str(target))
    with settled(
        candidates, target, indexer, jobs, progress, lambda decided: _refuse_early(job, decided)
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
    job: _Job, sources: Sequence[str | Path], wanted: Selection
) -> tuple[_Job, Candidates, Indexer]:
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


def _refuse_early(job: _Job, decided: Plan) -> None:
    """See before hours of converting that what is copied alone is not too much already."""
    copied = tuple(item for item in decided.instances if not item.rewritten)
    if not copied:
        return
    drafts = job.drafts(job.drafter({}), decided._replace(instances=copied))
    too_much = _too_much(job, drafts)
    if too_much is not None:
        whole = job.drafter({}, icons_to_come=True).one(decided).volume.measured.on_medium
        words = f"at least {too_much:,} bytes, about {whole:,} after conversion,"
        raise _does_not_fit(job, whole, words)


def _refuse_too_much(job: _Job, drafts: Sequence[Draft], about: str = "") -> None:
    too_much = _too_much(job, drafts)
    if too_much is not None:
        raise _does_not_fit(job, too_much, f"{about}{too_much:,} bytes")


def _too_much(job: _Job, drafts: Sequence[Draft]) -> int | None:
    """Return what the first volume takes that is larger than a medium; None when all fit."""
    for draft in drafts:
        measured = draft.volume.measured
        # What is no image and not measured exactly may become smaller; it is refused as it grows.
        if job.capacity is not None and measured.on_medium > job.capacity and measured.exact:
            return measured.on_medium
    return None


def _does_not_fit(job: _Job, needed: int, words: str) -> CannotWrite:
    error = CannotWrite(
        f"would need {words} where the medium has {job.capacity:,}",
        str(job.target),
        "Select fewer studies for one medium, or say --split",
    )
    error.details = {"needed_bytes": needed, "capacity_bytes": job.capacity}
    return error


def _planned_only(job: _Job, decided: Plan) -> Authored:
    pending = any(item.rewritten for item in decided.instances) or job.icons is not None
    drafts = job.drafts(job.drafter({}, icons_to_come=True), decided)
    _refuse_too_much(job, drafts, "about " if pending else "")
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


def _made(job: _Job, ready: Plan, files: Mapping[str, str]) -> Authored:
    """Write the volumes, one after the other."""
    with_all, number, told = with_icons(ready, job.icons, files)
    drafts = job.drafts(job.drafter(files), with_all)
    _refuse_too_much(job, drafts)
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
            raise missing(error, made, left, int(job.clock.timestamp())) from error
    return _result(job, ready, drafts, tuple(made), number)


def _label(clock: datetime) -> str:
    """Return the label of a medium for which nobody chose one; it must not name the patient.

    Media of one day have each their own: by it they are told apart, and so are the sheets with
    their passwords. It has the 11 characters that a FAT volume takes; in the label of a volume of a
    set, which is cut to make room for its number, the time comes first and stays.
    """
    return f"{clock:%H%M%S_%m%d}"


def _hand_over_password(job: _Job, ready: Plan, drafts: Sequence[Draft]) -> None:
    if job.protection is not None:
        job.protection.refuse_telling(ready.instances)
        ends = dict.fromkeys((drafts[0].label, drafts[-1].label))
        job.protection.hand_over(" to ".join(ends), job.clock, job.target)


def _written(job: _Job, draft: Draft) -> AuthoredVolume:
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
    job: _Job,
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
