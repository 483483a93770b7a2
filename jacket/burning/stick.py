"""Sticks and cards: FAT as the profile has it, as large as the stick, its first block last."""

import os
from typing import Final

from drivers import ImageFile
from drivers.block_device import BlockTarget
from drivers.wipe_stick import wipe_stick
from drivers.write_stick import ReadBackFailed, spoil_stick, write_stick
from jacket.burning.defects import name_defects
from jacket.burning.digests import BLOCK
from jacket.burning.fate import spoilt, without_sources
from jacket.burning.kept_map import keep_map
from jacket.burning.left_over import not_overwritten
from jacket.burning.rescue_map import RescueMap
from jacket.burning.result import DiscFailed, DiscResult, Stage, defect_words, result_for
from jacket.burning.target import How, refuse_second_job
from jacket.job_record import JobRecord
from jacket.verification import verify_open
from jacket.writing import FAT, FileSystem, Volume, fat_on
from media.medium import medium_on
from media.source import Written
from media.volume_plan import VolumePlan
from media.volume_stream import VolumeStream
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import CannotRead, CannotWrite, FilmjacketError, NotSupported, Progress, WrongUsage

_SECTOR: Final = 512  # bytes
_SMALLEST: Final = 8 << 20  # bytes; in less FAT16 does not find room for its least clusters
_DESTROY: Final = "Use another stick; destroy this one"


class TargetImage(ImageFile):
    """A stick that is read as an image is. It does not close the stick."""

    __slots__ = ("_target",)

    def __init__(self, target: BlockTarget) -> None:
        # Who asks the descriptor what it is hears what a stick would say: not a file.
        super().__init__(os.open(os.devnull, os.O_RDONLY), target.name, target.size)
        self._target = target

    def _read_some(self, length: int, offset: int) -> bytes:
        return self._target.pread(length, offset)


class _Watched:
    """A stick of which is noted that something is written on it."""

    def __init__(self, target: BlockTarget, result: DiscResult, stage: Stage) -> None:
        self._target, self._result, self._stage = target, result, stage
        self.name, self.size, self.block = target.name, target.size, target.block
        self.read_only = target.read_only
        self.pread, self.flush, self.close = target.pread, target.flush, target.close

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        self._result.stage = self._stage  # Before: part of it may be there when this fails.
        self._target.pwrite(data, offset)


class StickTarget:
    """One stick or card. A copy goes on another one, with another job."""

    def __init__(self, target: BlockTarget, how: How, *, simulated: bool = False) -> None:
        """Take *target*, which is opened for writing and which nothing speaks against.

        *simulated*: there is no stick, and nothing is written.

        Raises:
            WrongUsage: more than one copy is wanted.
        """
        if how.copies > 1:
            raise WrongUsage(
                "a stick holds one copy", "--copies", "Run the command once for each stick"
            )
        self._target, self._how, self._simulated = target, how, simulated
        self.results: list[DiscResult] = []

    @property
    def name(self) -> str:
        return self._target.name

    def room(self, wanted: int | None, *, split: bool) -> int:
        if wanted is not None:
            raise WrongUsage("a stick is used as a whole", "--capacity", "Leave it out")
        if split:
            raise WrongUsage(
                "a stick holds one volume",
                "--split",
                "Leave it out and use a larger stick, or select fewer studies for each",
            )
        return self._target.size

    @property
    def usual(self) -> tuple[str, str]:
        return "STD-GEN-USB-JPEG", "usb"

    def plain(self) -> dict[str, object]:
        return {
            "device": self.name,
            "simulated": self._simulated,
            "bytes": self._target.size,
            "block": self._target.block,
        }

    def file_system(self, medium: Medium) -> FileSystem:
        """Return that of the profile, as large as the stick."""
        return fat_on(medium, self._target.size)

    def refuse(self, row: ApplicationProfile | None) -> None:
        refuse_second_job(self.results)
        if row is not None and row.medium not in FAT:
            raise WrongUsage(
                f"{row.identifier} is not for sticks or cards",
                self.name,
                "Choose a profile for what the device is (jacket profiles)",
            )
        if self._target.size < _SMALLEST:
            raise CannotWrite(
                f"has {self._target.size:,} bytes, and the smallest that will do has {_SMALLEST:,}",
                self.name,
                "Use a larger stick",
            )
        if self._target.block > _SECTOR:
            raise NotSupported(
                f"its blocks have {self._target.block} bytes, and our FAT is made for {_SECTOR}",
                self.name,
                "Use another stick",
            )

    def check(self, size: int) -> None:
        """The layout has seen that it fits."""

    def put(self, volume: Volume, record: JobRecord, progress: Progress) -> Written:
        result = result_for(volume, 1, "stick")
        result.why, result.simulated = "the job did not come to its end", self._simulated
        self.results.append(result)
        try:
            return self._put(volume, result, record, progress)
        except KeyboardInterrupt:
            result.verdict, result.why = "interrupted", "the operator stopped the job"
            raise
        except DiscFailed:
            raise
        except FilmjacketError as error:
            result.why = without_sources(error, self.name)
            if result.is_begun:
                raise spoilt(result, error) from error
            raise
        finally:
            record.tell(discs=[each.plain() for each in self.results])

    def _put(
        self, volume: Volume, result: DiscResult, record: JobRecord, progress: Progress
    ) -> Written:
        plan = volume.measured.plan
        if plan is None:
            raise ValueError("measured as another form")
        record.tell(state="writing", discs=[result.plain()])
        record.medium_begun()
        # What lies behind the last file is free, and stays as it was unless all is wiped.
        stream = VolumeStream(_used(volume, plan), volume.named, digest_list=volume.digest_list)
        if self._how.wipe:
            wipe_stick(_Watched(self._target, result, "wiping"), progress)
        else:
            result.remarks += not_overwritten("stick", self._target.size - stream.size)
        try:
            write_stick(_Watched(self._target, result, "writing"), stream, progress)
        except ReadBackFailed as error:
            raise self._bad(volume, result, record, error, stream.size) from error
        written = stream.written(self.name)
        result.sha256, result.stage = written.sha256, "verifying"
        record.tell(state="verifying")
        try:
            self._look(volume, result, progress)
        except BaseException:
            spoil_stick(self._target)  # It is whole, and nobody has seen that it is good.
            raise
        return written

    def _bad(
        self,
        volume: Volume,
        result: DiscResult,
        record: JobRecord,
        error: ReadBackFailed,
        size: int,
    ) -> DiscFailed:
        found = RescueMap(-(-size // BLOCK))
        found.put(0, -(-size // BLOCK), "+")
        for defect in error.defects:
            first = defect.start // BLOCK
            found.put(first, -(-(defect.start + defect.length) // BLOCK) - first, "-")
        result.verdict = "bad"
        result.defects = tuple(name_defects(volume, found.of("-")))
        result.why = f"{error.what}; damaged: {defect_words(result.defects)}"
        keep_map(found, result, record)
        return DiscFailed(result.why, self.name, _DESTROY)

    def _look(self, volume: Volume, result: DiscResult, progress: Progress) -> None:
        try:
            verdict = verify_open(
                medium_on(TargetImage(self._target)),
                self.name,
                volume.row,
                keys=volume.keys,
                processes=1,
                progress=progress,
            )
        except CannotRead as error:
            result.verdict, result.why = "bad", f"a reader cannot open it: {error}"
            raise DiscFailed(result.why, self.name, _DESTROY) from error
        result.take_verification(verdict)

    def finish(self) -> None:
        """A stick needs nothing: everything is on it when it is written."""

    def close(self) -> None:
        self._target.close()


def _used(volume: Volume, plan: VolumePlan) -> VolumePlan:
    """Return *plan* without what is free behind its last file."""
    sizes = [*(source.size for source in volume.named), volume.digest_list.size]
    ends = [offset + size for offset, size in zip(plan.offsets, sizes, strict=True)]
    return plan._replace(size=max(ends + [s.offset + s.length for s in plan.structures]))
