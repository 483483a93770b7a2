"""The job "burn": what `author` plans, straight onto media, read back to the last block."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypedDict, Unpack

from jacket.author import AUTO_PROFILE, author
from jacket.author_request import now
from jacket.authored import Authored, Selection
from jacket.burning.fate import interrupted_words, mistake, without_sources
from jacket.burning.result import Burned, BurnInterrupted, held_against, state_of, worst
from jacket.burning.target import Target
from jacket.job_record import JobRecord, default_folder, make_folder
from jacket.protection import NO_WISH, Wish, secure_sibling
from jacket.target import MEDIA
from jacket.writing import Form, Image, Volume
from media import working_folder
from media.source import Written
from profiles.application_profiles import ApplicationProfile, Medium
from profiles.profile_table import profile
from reporting import FilmjacketError, Interrupted, Progress, silent


class Planning(TypedDict, total=False):
    """What of `jacket.author.author` is the same here."""

    selection: Selection | None
    label: str | None
    split: bool
    volumes: Collection[int]
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
        progress: told of scan, transcode, write, read back and verify.
        planning: as of `author`.

    Raises:
        DiscFailed: a medium was begun and is no good; the record and the details tell why.
        BurnInterrupted: the operator stopped it.
        FilmjacketError: what else can go wrong; no medium was written then.
    """
    clock = recorded or now()
    chosen, word = _chosen(target, profile_id, planning.get("wish", NO_WISH))
    row = None if isinstance(chosen, str) else chosen
    target.refuse(row)
    medium = MEDIA[word][0] if row is None else row.medium
    folder = jobs_folder or default_folder()
    job = partial(
        author,
        sources,
        profile_id=chosen,
        capacity=target.room(capacity, split=planning.get("split", False)),
        medium=word if row is None else None,
        recorded=clock,
        dry_run=dry_run,
        progress=progress,
        **planning,
    )
    if dry_run:
        planned = _authored(job, folder, target, _OnTarget(target, medium, None))
        target.check(max(volume.size for volume in planned.volumes))
        return Burned(planned, target.name, (), "")
    record = JobRecord.begin(folder, "burn", clock, target=target.plain(), discs=[])
    try:
        authored = _authored(job, folder, target, _OnTarget(target, medium, record))
        return _burned(authored, target, record)
    except BaseException as error:
        _failed(error, target, record)
    finally:
        target.finish()


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

    def __init__(self, target: Target, medium: Medium, record: JobRecord | None) -> None:
        super().__init__(target.file_system(medium))
        self._target, self._record = target, record

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        if self._record is None:
            raise ValueError("a dry run writes nothing")
        return self._target.put(volume, self._record, progress)


def _authored(job: Callable[..., Authored], folder: Path, target: Target, form: Form) -> Authored:
    """Plan and write; what is converted lies in *folder* meanwhile.

    Messages name the target and not the folder, of which an operator knows nothing.
    """
    make_folder(folder)
    with working_folder(folder / "burn") as work:
        image = work / "volume.img"
        try:
            done = job(image, form=form)
        except FilmjacketError as error:
            if error.where.startswith(str(work)):
                error.where = target.name
            raise
    volumes = tuple(replace(volume, path=target.name) for volume in done.volumes)
    return replace(done, volumes=volumes, next_step="", cannot="")


def _burned(authored: Authored, target: Target, record: JobRecord) -> Burned:
    """Write down what was made, and return it."""
    for disc in target.results:
        held_against(disc, authored.profile)
    discs = tuple(target.results)
    done = Burned(authored, target.name, discs, str(record.path))
    record.tell(
        state=worst(discs),
        profile=authored.profile,
        label=authored.label,
        instances=len(authored.planned),
        left_out=len(authored.left_out),
        flaws=len(authored.flaws),
        discs=[disc.plain() for disc in discs],
    )
    return done


def _failed(error: BaseException, target: Target, record: JobRecord) -> NoReturn:
    """Write down the truth about what was begun, and raise what the operator is told."""
    discs = [disc.plain() for disc in target.results]
    interrupted = isinstance(error, KeyboardInterrupt | Interrupted)
    what = type(error).__name__
    if isinstance(error, FilmjacketError):
        what = without_sources(error, target.name)
    state = "interrupted" if interrupted else state_of(target.results)
    record.tell(state=state, error="interrupted" if interrupted else what, discs=discs)
    details: dict[str, Any] = {"discs": discs, "record": str(record.path)}
    if isinstance(error, FilmjacketError):
        details = error.details | details
    if interrupted:
        what, remedy = interrupted_words(target.results[-1] if target.results else None)
        if isinstance(error, Interrupted):  # of a set: it tells what is complete
            remedy = f"{remedy}. {error.remedy}"
        told = BurnInterrupted(what, target.name, remedy)
        told.details = details
        raise told from error
    if isinstance(error, Exception) and not isinstance(error, FilmjacketError) and target.results:
        failed = mistake(error, target.results[-1], target.name)
        failed.details = details
        raise failed from error
    if isinstance(error, FilmjacketError):
        error.details = details
    raise error
