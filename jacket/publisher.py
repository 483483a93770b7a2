"""Jobs for disc robots: a folder with the image, what to print on it, and what to do with it.

Robots watch a folder for job files. Ours appears last, by its name, so that nothing is begun that
is not whole. Until then it lies hidden in the job's own folder, with the number of our process in
its name: so the next job knows what a killed one has left.
"""

import json
import os
import platform
import shutil
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Final

from jacket.burning.fate import without_sources
from jacket.burning.result import DiscResult, result_for
from jacket.burning.target import How
from jacket.job_record import JobRecord, write_durably
from jacket.writing import ON_MEDIUM, FileSystem, Volume
from media import write_volume
from media.aside import aside_path, not_written, remove_leftovers, sync_folder
from media.source import Written
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import FilmjacketError, Progress, WrongUsage

_DISCS: Final = (Medium.CD_R, Medium.DVD, Medium.BD)
# The medium as robots call it.
_KINDS: Final = {Medium.CD_R: "CDR", Medium.DVD: "DVDR", Medium.BD: "BDR"}
VERSION: Final = 1  # of the keys of the description
_FOR_ROBOT: Final = 0o666  # less the umask: the robot is another user
_REMOVED: Final = "what a job that was killed had left in the folder of the robot was removed"


def open_folder(folder: Path, how: How, *, engine: str = "own") -> "FolderTarget":
    """Return *folder* as what volumes are put on.

    Raises:
        WrongUsage: it is no folder, or something is asked of a drive, which the robot has.
    """
    asked = {
        "--speed": how.speed is not None,
        "--erase": how.erase,
        "--wipe": how.wipe,
        "--no-eject": not how.eject,
        "--engine": engine != "own",
    }
    for word, is_asked in asked.items():
        if is_asked:
            raise WrongUsage(
                "means nothing to a disc robot, which has its own drives and takes blank discs",
                word,
                "Leave it out with --publish",
            )
    return FolderTarget(folder, copies=how.copies)


class FolderTarget:
    """A folder that a robot watches; what comes of the jobs there the robot alone knows."""

    def __init__(self, folder: Path, *, copies: int = 1) -> None:
        """Hand jobs over in *folder*.

        Raises:
            WrongUsage: it is no folder, or its path cannot be told to a robot.
        """
        if not folder.is_dir():
            raise WrongUsage("is not a folder", str(folder), "Name the folder of the robot")
        if not str(folder.absolute()).isprintable():  # Its name is in lines of words and values.
            raise WrongUsage(
                "has a control character in its path, of which a robot makes another job",
                repr(str(folder)),
                "Give the folder another name",
            )
        # The robot works in another folder than we do.
        self._folder, self._copies = folder.absolute(), copies
        self._medium = Medium.CD_R
        self.results: list[DiscResult] = []

    @property
    def name(self) -> str:
        return str(self._folder)

    def room(self, wanted: int | None, *, split: bool) -> int | None:
        """Return what the operator says: the robot alone knows which discs it has."""
        return wanted

    @property
    def usual(self) -> tuple[str, str]:
        return "STD-GEN-CD", "cd"

    def plain(self) -> dict[str, object]:
        return {"folder": self.name, "copies": self._copies}

    def file_system(self, medium: Medium) -> FileSystem:
        self._medium = medium
        return ON_MEDIUM[medium]

    def refuse(self, row: ApplicationProfile | None) -> None:
        if row is not None and row.medium not in _DISCS:
            raise WrongUsage(
                f"{row.identifier} is not for discs that a robot makes",
                self.name,
                "Choose a profile for CD, DVD or BD",
            )

    def check(self, size: int) -> None:
        """The robot says whether it has such discs."""

    def put(self, volume: Volume, record: JobRecord, progress: Progress) -> Written:
        result = result_for(volume, 1, _KINDS[self._medium])
        result.copies = self._copies
        result.why = "the job did not come to its end"
        self.results.append(result)
        record.tell(state="writing")
        try:
            return self._put(volume, result, record, progress)
        except FilmjacketError as error:
            result.why = without_sources(error, self.name)
            raise

    def _put(
        self, volume: Volume, result: DiscResult, record: JobRecord, progress: Progress
    ) -> Written:
        name = f"{record.identifier}-volume{result.volume}"
        plan = volume.measured.plan
        if plan is None:
            raise ValueError("measured as another form")
        if _remove_leftovers(self._folder):
            result.remarks += (_REMOVED,)
        job, request = self._folder / name, self._folder / f"{name}.jrq"
        aside = aside_path(job / _request_name())
        _make(job)
        try:
            write_durably(aside, self._request(name, job, result), mode=_FOR_ROBOT)
            written = write_volume(
                plan,
                volume.named,
                job / "image.iso",
                progress=progress,
                digest_list=volume.digest_list,
            )
            result.sha256 = written.sha256
            write_durably(job / "label.txt", self._label(volume, result), mode=_FOR_ROBOT)
            write_durably(job / "job.json", self._description(job, volume, result), mode=_FOR_ROBOT)
            _hand_over(aside, request)
        except BaseException:
            is_handed_over = (job / "job.json").exists() and not aside.exists()
            if is_handed_over:  # An interruption came just behind that.
                _note_handed_over(result, request)
            else:
                shutil.rmtree(job, ignore_errors=True)
            raise
        record.medium_begun()
        _note_handed_over(result, request)
        return written

    def _label(self, volume: Volume, result: DiscResult) -> str:
        """Return what is printed on the disc, a field on each line; nothing of a patient."""
        date = volume.job.recorded.astimezone(UTC)
        return f"{volume.job.label}\n{date:%Y-%m-%d}\nvolume {result.volume} of {result.of}\n"

    def _description(self, job: Path, volume: Volume, result: DiscResult) -> str:
        told = {
            "version": VERSION,
            "image": str(job / "image.iso"),
            "bytes": result.size,
            "sha256": result.sha256,
            "label_file": str(job / "label.txt"),
            "volume_name": volume.job.label,
            "medium": result.medium,
            "copies": self._copies,
            "close": True,
            "verify": True,
        }
        return json.dumps(told, indent=2) + "\n"

    def _request(self, name: str, job: Path, result: DiscResult) -> str:
        """Return the job as lines of words and values, as robots take it."""
        lines = {
            "JobID": name,
            "ClientID": "filmjacket",
            "DiscType": result.medium,
            "Copies": self._copies,
            "ImageFile": job / "image.iso",
            "VolumeName": result.label,
            "PrintLabel": job / "label.txt",
            "CloseDisc": "YES",
            "VerifyDisc": "YES",
            "RejectIfNotBlank": "YES",
        }
        return "".join(f"{word}={value}\n" for word, value in lines.items())

    def finish(self) -> None:
        """There is nothing to let out."""

    def close(self) -> None:
        """There is nothing to let go."""


def _note_handed_over(result: DiscResult, request: Path) -> None:
    result.verdict = "handed over"
    result.why = "a robot makes it: whether it reads back is for the robot to say"
    result.facts["job_file"] = str(request)


def _make(job: Path) -> None:
    try:
        job.mkdir()  # with the permissions of the umask, as the robot has to read it
    except OSError as error:
        raise not_written(error, str(job)) from error


def _hand_over(aside: Path, request: Path) -> None:
    """Give the request its name, which is what the robot waits for."""
    try:
        aside.rename(request)
    except OSError as error:
        raise not_written(error, str(request)) from error
    with suppress(OSError):  # The robot may have it already.
        sync_folder(request.parent)


def _request_name() -> str:
    # Numbers of processes mean nothing on another computer that shares the folder.
    return f"request-{platform.node().replace(os.sep, '-')}"


def _remove_leftovers(folder: Path) -> int:
    """Remove what killed jobs of this computer have left in *folder*; return how many there were.

    A job is one of them while its own folder still has the request in it, and its process is gone.
    """
    removed = 0
    for begun in sorted(folder.glob("*/.request-*")):
        request = begun.with_name(_request_name())
        if begun == aside_path(request):
            continue  # Another job of this very process.
        remove_leftovers(request)
        if not begun.exists():
            shutil.rmtree(begun.parent, ignore_errors=True)
            removed += 1
    return removed
