"""Jobs for disc robots: a folder with the image, what to print on it, and what to do with it.

Robots watch a folder for job files. Ours appears last, by its name, so that nothing is begun that
is not whole.
"""

import json
from datetime import UTC
from pathlib import Path
from typing import Final

from jacket.burning.fate import without_sources
from jacket.burning.result import DiscResult, result_for
from jacket.job_record import JobRecord, make_folder, write_durably
from jacket.writing import ON_MEDIUM, FileSystem, Volume
from media import write_volume
from media.source import Written
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import FilmjacketError, Progress, WrongUsage

_DISCS: Final = (Medium.CD_R, Medium.DVD, Medium.BD)
# The medium as robots call it.
_KINDS: Final = {Medium.CD_R: "CDR", Medium.DVD: "DVDR", Medium.BD: "BDR"}
VERSION: Final = 1  # of the keys of the description


class FolderTarget:
    """A folder that a robot watches; what comes of the jobs there the robot alone knows."""

    def __init__(self, folder: Path, *, copies: int = 1) -> None:
        """Hand jobs over in *folder*.

        Raises:
            WrongUsage: it is no folder.
        """
        if not folder.is_dir():
            raise WrongUsage("is not a folder", str(folder), "Name the folder of the robot")
        self._folder, self._copies = folder, copies
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
        result = result_for(volume, self._copies, _KINDS[self._medium])
        result.why = "the job did not come to its end"
        self.results.append(result)
        record.tell(state="writing")
        try:
            return self._put(f"{record.identifier}-volume{result.volume}", volume, result, progress)
        except FilmjacketError as error:
            result.why = without_sources(error, self.name)
            raise

    def _put(self, name: str, volume: Volume, result: DiscResult, progress: Progress) -> Written:
        plan = volume.measured.plan
        if plan is None:
            raise ValueError("measured as another form")
        job = self._folder / name
        make_folder(job)
        written = write_volume(
            plan,
            volume.named,
            job / "image.iso",
            progress=progress,
            digest_list=volume.digest_list,
        )
        result.sha256 = written.sha256
        write_durably(job / "label.txt", self._label(volume, result))
        write_durably(job / "job.json", self._description(job, volume, result))
        write_durably(self._folder / f"{name}.jrq", self._request(name, job, result))
        result.verdict = "handed over"
        result.why = "a robot makes it: whether it reads back is for the robot to say"
        result.facts["job_file"] = str(self._folder / f"{name}.jrq")
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
