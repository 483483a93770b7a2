"""The job "burn": what `author` plans, straight onto media, read back to the last block."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

from jacket.author import AUTO_PROFILE, author
from jacket.author_request import now
from jacket.authored import Authored, Selection
from jacket.burning.again import Order, order_of
from jacket.burning.ended import end, note_lost
from jacket.burning.result import Burned, worst
from jacket.burning.sheet import Sheet
from jacket.burning.target import Target
from jacket.job_record import JobRecord, default_folder, make_folder
from jacket.labels import checked_label
from jacket.protection import NO_WISH, Wish, secure_sibling
from jacket.split import VolumesMissing
from jacket.target import MEDIA
from jacket.writing import Image, Volume
from media import working_folder
from media.source import Written
from profiles.application_profiles import ApplicationProfile, Medium
from profiles.profile_table import profile
from reporting import CannotWrite, FilmjacketError, Progress, interruption, silent


class Planning(TypedDict, total=False):
    """What of `jacket.author.author` is the same here."""

    selection: Selection | None
    label: str | None
    split: bool
    volumes: Collection[int]
    of_set: str
    transcode: str
    quality: int
    icons: bool | None
    jobs: int | None
    wish: Wish


def burn(
    sources: Iterable[str | Path],
    target: Target,
    *,
    profile_id: str | ApplicationProfile | None = None,
    capacity: int | None = None,
    dry_run: bool = False,
    recorded: datetime | None = None,
    jobs_folder: Path | None = None,
    refuse_doubtful: bool = True,
    announce: Callable[[Authored], None] | None = None,
    progress: Progress = silent,
    **planning: Unpack[Planning],
) -> Burned:
    """Put the DICOM files in *sources* on media.

    Args:
        sources: files and folders.
        target: of `jacket.burning.open.open_target`; it is not closed.
        profile_id: as of `author`; None: the general one for the medium that is in.
        capacity: bytes of a medium that may be used; None: all.
        dry_run: plan only, and see whether the medium would take it.
        recorded: the job's clock; now (or SOURCE_DATE_EPOCH) when None.
        jobs_folder: where the job's record is kept; None: where all are.
        refuse_doubtful: write nothing where files disagree about whose the images are: what is
            burned cannot be taken back.
        announce: told before the first byte is written what will be.
        progress: told of scan, transcode, write, read back and verify.
        planning: as of `author`.

    Raises:
        DoubtfulPatient: files disagree about whose the images are.
        DiscFailed: a medium was begun and is no good; the record and the details tell why.
        BurnInterrupted: the operator stopped it.
        FilmjacketError: what else can go wrong; no medium was written then.
    """
    interruption.take_back()  # What a job before this one has put off is not about this one.
    checked_label(planning.get("label"))  # Before the record, which has it from the words.
    clock = recorded or now()
    wish = planning.get("wish", NO_WISH)
    chosen, word = _chosen(target, profile_id, wish)
    row = None if isinstance(chosen, str) else chosen
    target.refuse(row)
    medium = MEDIA[word][0] if row is None else row.medium
    folder = jobs_folder or default_folder()
    room = target.room(capacity, split=planning.get("split", False))
    _refuse_smaller(room, capacity, planning.get("volumes", ()), target.name)
    given = list(sources)
    place = target.plain()
    simulated = bool(place.get("simulated"))
    planning["wish"] = wish.simulated() if simulated else wish
    job = partial(
        author,
        given,
        profile_id=chosen,
        capacity=room,
        medium=word if row is None else None,
        recorded=clock,
        dry_run=dry_run,
        refuse_doubtful=refuse_doubtful,
        progress=progress,
        **planning,
    )
    sheet = Sheet(wish)
    form = _OnTarget(target, medium, sheet, announce)
    if dry_run:
        planned = _authored(job, folder, target, form)
        target.check(max(volume.size for volume in planned.volumes))
        return Burned(planned, target.name, (), "", place)
    order = order_of(
        planning,
        clock=int(clock.timestamp()),
        profile=chosen if isinstance(chosen, str) else chosen.identifier,
        capacity=room,
        sources=len(given),
    )
    begun = datetime.now(UTC).replace(microsecond=0)
    record = JobRecord.begin(
        folder, "burn", begun, **order.plain(), simulated=simulated, target=place, discs=[]
    )
    try:
        form.record = record
        authored = _authored(job, folder, target, form)
        return _burned(authored, target, record, order.of_set(form.set_id))
    except BaseException as error:
        interruption.commit()  # Another one shall not hide what has become of the media.
        end(error, target, record, order.of_set(form.set_id), sheet)
    finally:
        target.finish()


def _refuse_smaller(
    room: int | None, wanted: int | None, volumes: Collection[int], where: str
) -> None:
    """See that volumes that are made again are shared out as they were."""
    if volumes and room is not None and wanted is not None and room < wanted:
        raise CannotWrite(
            f"the disc has {room:,} bytes, where the volumes of the set are made for {wanted:,}: "
            "they would hold something else",
            where,
            "Insert a disc that is as large as the others",
        )


def _chosen(
    target: Target, wanted: str | ApplicationProfile | None, wish: Wish
) -> tuple[str | ApplicationProfile, str]:
    """Return the profile, or "auto"; and the word for the medium that is there."""
    usual, word = target.usual
    if wanted == AUTO_PROFILE:
        return AUTO_PROFILE, word
    if wanted is None:
        row = profile(usual)
        return (row if wish.is_empty else secure_sibling(row) or row), word
    chosen = wanted
    return (profile(chosen) if isinstance(chosen, str) else chosen), word


class _OnTarget(Image):
    """The image of a medium that no file ever holds: it goes straight to a target."""

    def __init__(
        self,
        target: Target,
        medium: Medium,
        sheet: Sheet,
        announce: Callable[[Authored], None] | None,
    ) -> None:
        super().__init__(target.file_system(medium))
        self._target, self._sheet, self._announce = target, sheet, announce
        self.record: JobRecord | None = None  # of the job; a dry run has none
        self.set_id = ""  # of what is planned, if it is a set

    def hear(self, planned: Authored) -> None:
        """Take in what is about to be written."""
        self.set_id = planned.set_id
        if self._announce is not None:
            self._announce(planned)

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        if self.record is None:
            raise ValueError("a dry run writes nothing")
        self._sheet.hear(volume)
        return self._target.put(volume, self.record, progress)


def _authored(
    job: Callable[..., Authored], folder: Path, target: Target, form: _OnTarget
) -> Authored:
    """Plan and write; what is converted lies in *folder* meanwhile.

    Messages name the target and not the folder, of which an operator knows nothing.
    """
    make_folder(folder)
    with working_folder(folder / "burn") as work:
        work.chmod(0o700)  # Patients' images; the folder of the records may be open to others.
        try:
            done = job(work / "volume.img", form=form, announce=form.hear)
        except FilmjacketError as error:
            cause = _cause(error)
            if cause.where.startswith(str(work)):
                cause.where = target.name
            if cause is error:
                raise
            raise cause from cause.__cause__
    volumes = tuple(replace(volume, path=target.name) for volume in done.volumes)
    return replace(done, volumes=volumes, next_step="")


def _cause(error: FilmjacketError) -> FilmjacketError:
    """Return of a set what has ended it, with what is known of the whole set."""
    cause = error.__cause__ if isinstance(error, VolumesMissing) else None
    if not isinstance(cause, FilmjacketError):
        return error
    cause.details = cause.details | error.details
    return cause


def _burned(authored: Authored, target: Target, record: JobRecord, order: Order) -> Burned:
    """Write down what was made, and return it."""
    interruption.commit()  # All is made: letting the disc out takes seconds, and changes nothing.
    record.medium_begun()
    discs = tuple(target.results)
    record.tell(
        state=worst(discs),
        profile=authored.profile,
        label=authored.label,
        instances=len(authored.planned),
        patients=authored.belongs_to.patients,
        studies=authored.belongs_to.studies,
        doubts=len(authored.doubts),
        left_out=len(authored.left_out),
        flaws=len(authored.flaws),
        discs=[disc.plain() for disc in discs],
    )
    note_lost(discs, record)
    again = order.command() if authored.of > 1 else ""
    # Not asked of the drive again: it may be gone, and what it has made is good for all that.
    place = record.content["target"]
    return Burned(authored, target.name, discs, str(record.path), place, again)
