"""One optical disc from the first block to the verdict: write, read back, look at as a reader."""

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import WriteFailed
from drivers.mmc.recording_facts import Ending, WrittenDisc
from jacket.burning.ahead import Ahead, depth_for
from jacket.burning.defects import name_defects
from jacket.burning.digests import BLOCK, CHUNK, ChunkDigests
from jacket.burning.far_end import FarEnd, OnDisc
from jacket.burning.image import DriveImage
from jacket.burning.kept_map import keep_map
from jacket.burning.read_back import read_back
from jacket.burning.result import DiscFailed, DiscResult, Verdict, defect_words
from jacket.job_record import JobRecord
from jacket.verification import verify_open
from jacket.writing import Volume
from media.medium import medium_on
from media.source import Written
from media.volume_stream import VolumeStream
from reporting import CannotRead, FilmjacketError, Progress, silent

_PIECE: Final = 1 << 20  # bytes that are handed on at once
_SHORT_VOLUME: Final = (
    "the volume ends before the disc does: readers that look for UDF's second anchor at the end of "
    "the disc find the first one alone (ECMA-167 3/8.4.2.1)"
)
_DESTROY: Final = "Destroy this disc or mark it as bad, then burn another one"


class Engine(Protocol):
    """What records a disc; `drivers.mmc.recorder.Recorder.write` is one."""

    def __call__(
        self,
        blocks: int,
        pieces: Iterable[memoryview],
        *,
        speed: int | None,
        close: Ending,
        start: int | None,
        progress: Progress,
    ) -> WrittenDisc: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How discs are burned and looked at."""

    speed: int | None = None  # kB/s at most; None: as fast as the drive goes
    close: Ending = "finalize"
    clock: Callable[[], float] = time.monotonic


def burn_disc(
    recorder: Recorder,
    engine: Engine,
    on_disc: OnDisc,
    result: DiscResult,
    settings: Settings,
    record: JobRecord,
    progress: Progress,
) -> Written:
    """Write a volume on the blank disc that is in, and prove that it is there.

    Everything that becomes known goes into *result*, also where this raises.

    Raises:
        DiscFailed: the disc is no good.
        FilmjacketError, KeyboardInterrupt: the source failed, or the operator stopped it.
    """
    volume, far_end = on_disc
    plan = volume.measured.plan
    if plan is None:
        raise ValueError("measured as another form")
    result.size = plan.size + (len(far_end.data) if far_end else 0)
    stream = VolumeStream(plan, volume.named, digest_list=volume.digest_list)
    digests = ChunkDigests()
    work = _Disc(
        recorder, engine, volume, far_end, result, settings, record, progress, stream, digests
    )
    work.write()
    written = stream.written(recorder.name)
    result.sha256, result.beginning = written.sha256, digests.beginning
    result.stage = "written"
    work.read_back()
    work.look()
    return written


@dataclass(frozen=True, slots=True)
class _Disc:
    recorder: Recorder
    engine: Engine
    volume: Volume
    far_end: FarEnd | None
    result: DiscResult
    settings: Settings
    record: JobRecord
    progress: Progress
    stream: VolumeStream
    digests: ChunkDigests

    @property
    def blocks(self) -> int:
        return -(-self.stream.size // BLOCK)

    def write(self) -> None:
        pieces = self.digests.of(self.stream.pieces(0, _PIECE))
        with Ahead(pieces, depth_for(self._speed())) as ahead:
            try:
                # A source that fails at once costs no disc: what a drive puts before the data, it
                # writes before it asks for them.
                ahead.wait_until_full()
                if self.far_end is not None:
                    start, data = self.far_end
                    self._record(len(data) // BLOCK, (memoryview(data),), start, silent)
                    self.result.stage = "writing"
                self.result.written = self._record(self.blocks, ahead, 0, self.progress)
            except WriteFailed as error:
                self.result.take_left(error.disc)
                destroy = "Destroy the disc. " if self.result.is_begun else ""
                raise self._no_good("failed", error.what, f"{destroy}{error.remedy}") from error
            finally:
                self.result.source_waits = ahead.waits

    def _record(
        self, blocks: int, pieces: Iterable[memoryview], start: int, progress: Progress
    ) -> WrittenDisc:
        return self.engine(
            blocks,
            pieces,
            speed=self.settings.speed,
            close=self.settings.close,
            start=start,
            progress=progress,
        )

    def _speed(self) -> int | None:
        return self.settings.speed or next(iter(self.recorder.drive().write_speeds), None)

    def read_back(self) -> None:
        self.record.tell(state="reading back")
        done = self.result.read_back = read_back(
            self.recorder,
            self.blocks,
            self.digests,
            self._expected,
            self.progress,
            self.settings.clock,
        )
        if done.is_good:
            self._read_far_end()
            return
        bad = done.map.of("-", "*", "?")
        self.result.defects = tuple(name_defects(self.volume, bad))
        what = f"{sum(run.blocks for run in bad):,} of {self.blocks:,} blocks do not read back"
        if done.broken_off:
            what = f"{what} ({done.broken_off})"
        if self.result.defects:
            what = f"{what}; damaged: {defect_words(self.result.defects)}"
        failed = self._no_good("bad", what, _DESTROY)
        keep_map(done.map, self.result, self.record)
        raise failed

    def _read_far_end(self) -> None:
        if self.far_end is None:
            return
        start, data = self.far_end
        try:
            # The drive was made to forget what it knows, and what came first it knows no more.
            same = b"".join(self.recorder.read(start, len(data) // BLOCK, fresh=False)) == data
        except FilmjacketError as error:
            raise self._no_good("bad", f"the end of the disc: {error.what}", _DESTROY) from error
        if not same:
            raise self._no_good("bad", "the end of the disc does not read back", _DESTROY)

    def _expected(self, offset: int, length: int) -> bytes:
        with closing(self.stream.pieces(offset, length)) as pieces:
            return bytes(next(pieces))

    def look(self) -> None:
        """Look at the disc as somebody does who has nothing but it."""
        result = self.result
        result.stage = "verifying"
        self.record.tell(state="verifying")
        try:
            medium = medium_on(DriveImage(self.recorder, self.recorder.name, self._readable()))
            verdict = verify_open(
                medium,
                self.recorder.name,
                self.volume.row,
                keys=self.volume.keys,
                processes=1,
                progress=self.progress,
            )
        except CannotRead as error:
            raise self._no_good("bad", f"a reader cannot open it: {error}", _DESTROY) from error
        result.take_verification(verdict)
        if any(finding.rule == "UDF-ANCHOR-WITHIN" for finding in verdict.findings) or (
            "udf" in verdict.kind and self.recorder.readable() > self._readable() + CHUNK
        ):
            result.remarks += (_SHORT_VOLUME,)

    def _readable(self) -> int:
        """Return how many blocks a reader finds: all that is formatted, if that is more."""
        whole = self.recorder.medium().state == "overwritable"
        return max(self.blocks, self.recorder.readable() if whole else 0)

    def _no_good(self, verdict: Verdict, what: str, remedy: str) -> DiscFailed:
        self.result.verdict = verdict
        self.result.why = what
        return DiscFailed(what, self.recorder.name, remedy)
