"""Where a job's volumes go: the seam between planning and a drive, a stick or a disc robot."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from drivers.mmc.recorder import STILL_LOCKED, Recorder
from drivers.mmc.recording_errors import MediumRefused
from drivers.mmc.recording_facts import Ending, WrittenDisc
from drivers.mmc.recording_facts import Medium as Disc
from jacket.burning.digests import BLOCK
from jacket.burning.disc import Engine, Settings, burn_disc
from jacket.burning.disc_in_drive import (
    USUAL,
    let_out,
    made_ready,
    next_disc,
    refuse_other_disc,
    refuse_ours,
    refuse_unfit,
    refuse_used,
    room_on,
)
from jacket.burning.drive_remarks import drive_remarks
from jacket.burning.far_end import OnDisc, on_whole_disc, reaches_far
from jacket.burning.fate import gone_words, spoilt, without_sources
from jacket.burning.left_over import left_over
from jacket.burning.result import DiscFailed, DiscResult, Stage, result_for
from jacket.job_record import JobRecord
from jacket.writing import BY_WORD, ON_MEDIUM, FileSystem, Volume
from media.source import Written
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import FilmjacketError, Progress, WrongUsage, silent

Ask = Callable[[str], None]  # tells the operator what to do next
MOST_COPIES: Final = 999  # each has its place in the record, which is written again with each


@dataclass(frozen=True, slots=True)
class How:
    """What is asked of the drive."""

    speed: int | None = None  # kB/s at most; None: as fast as it goes
    copies: int = 1
    eject: bool = True
    erase: bool = False  # what is on a medium that can be written again may be lost
    wipe: bool = False  # and all of it is overwritten, not only what is needed
    close: Ending = "finalize"
    patience: float = 600.0  # seconds to wait for another disc
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Refuse what would be lost without having been named, and what can only be a slip.

        Raises:
            WrongUsage: wiped, and not erased; or too many copies.
        """
        if self.copies > MOST_COPIES:
            raise WrongUsage(
                f"{self.copies:,} copies are more than one job makes",
                "--copies",
                f"Say a number up to {MOST_COPIES}",
            )
        if self.wipe and not self.erase:
            raise WrongUsage(
                "what is on a medium is lost when it is wiped", "--wipe", "Say --erase as well"
            )


class Target(Protocol):
    """What the volumes of one job are put on."""

    results: list[DiscResult]

    @property
    def name(self) -> str:
        """Return what messages call it."""

    def room(self, wanted: int | None, *, split: bool) -> int | None:
        """Return the bytes of a medium that may be used; None: any number.

        Args:
            wanted: what the operator said, in bytes.
            split: several media may be made.

        Raises:
            WrongUsage: there is no such choice here.
        """

    @property
    def usual(self) -> tuple[str, str]:
        """Return the profile that is usual for it, and the word of `jacket.target.MEDIA`."""

    def plain(self) -> dict[str, object]:
        """Return what it is, for the record of the job."""

    def file_system(self, medium: Medium) -> FileSystem:
        """Return what is laid out for a profile's medium."""

    def refuse(self, row: ApplicationProfile | None) -> None:
        """See that media of a profile can be made here, and what is there may be written.

        Raises:
            ValueError: another job has made media with it, which are not of this one.
        """

    def check(self, size: int) -> None:
        """See that a volume of *size* bytes would go, without writing it."""

    def put(self, volume: Volume, record: JobRecord, progress: Progress) -> Written:
        """Make one medium of *volume*, or several copies."""

    def finish(self) -> None:
        """End what was begun, whatever came of it."""

    def close(self) -> None:
        """Let it go."""


def refuse_second_job(results: Sequence[DiscResult]) -> None:
    """See that no other job has made media with a target: its record would have them, too."""
    if results:
        raise ValueError("a target is for one job; open it again for another one")


class DiscTarget:
    """Discs, one after the other, in one drive."""

    def __init__(
        self,
        recorder: Recorder,
        how: How,
        ask: Ask,
        *,
        engine: Engine | None = None,
        simulated: bool = False,
    ) -> None:
        """Look at the disc that is in; *simulated*: there is none, and nothing is burned.

        Raises:
            NoMedium: there is none.
        """
        self._recorder, self._how, self._ask = recorder, how, ask
        self._engine: Engine = engine or recorder.write
        self._is_own, self._simulated = engine is None, simulated
        self._settings = Settings(how.speed, how.close, how.clock)
        self._row: ApplicationProfile | None = None  # still to be chosen
        self._first = recorder.medium()
        self._disc: Disc | None = self._first  # None: it was written, and another is needed
        self.results: list[DiscResult] = []

    @property
    def name(self) -> str:
        return self._recorder.name

    def room(self, wanted: int | None, *, split: bool) -> int:
        """Return the bytes of the first disc; of one that is to be made blank all of it."""
        there = room_on(self._first) * BLOCK
        return there if wanted is None else min(wanted, there)

    @property
    def usual(self) -> tuple[str, str]:
        kind = self._first.kind
        if kind not in USUAL:
            raise MediumRefused(
                f"nothing can be written on the {kind}", self.name, "Insert a blank disc"
            )
        return USUAL[kind]

    def plain(self) -> dict[str, object]:
        drive, disc = self._recorder.drive(), self._first
        return {
            "device": self.name,
            "simulated": self._simulated,
            "vendor": drive.vendor,
            "product": drive.product,
            "revision": drive.revision,
            "serial": drive.serial,
            "medium": disc.kind,
            "state": disc.state,
            "bytes": room_on(disc) * BLOCK,
        }

    def file_system(self, medium: Medium) -> FileSystem:
        """Return that of the profile; of BD the disc decides (PS3.12 X.1)."""
        word = self.usual[1]
        return BY_WORD[word] if word in BY_WORD else ON_MEDIUM[medium]

    def refuse(self, row: ApplicationProfile | None) -> None:
        refuse_second_job(self.results)
        if row is not None:
            refuse_other_disc(row, self._first, self.name)
        self._row = row
        if not self._how.erase or not self._first.erasable:
            self._disc = self._first = self._ready(self._first, lambda: None, silent)

    def _ready(self, disc: Disc, begin: Callable[[], None], progress: Progress) -> Disc:
        erase, wipe = self._how.erase, self._how.wipe
        return made_ready(
            self._recorder, disc, erase=erase, wipe=wipe, begin=begin, progress=progress
        )

    def check(self, size: int) -> None:
        if self._first.state in ("blank", "overwritable"):
            self._recorder.write(-(-size // BLOCK), (), speed=self._how.speed, start=0,
                                 close=self._how.close, dry_run=True)  # fmt: skip

    def put(self, volume: Volume, record: JobRecord, progress: Progress) -> Written:
        written: Written | None = None
        for copy in range(1, self._how.copies + 1):
            result = result_for(volume, copy)
            result.copies, result.simulated = self._how.copies, self._simulated
            written = self._one(volume, result, record, progress)
        if written is None:
            raise ValueError("no copy is wanted")
        return written

    def _one(
        self, volume: Volume, result: DiscResult, record: JobRecord, progress: Progress
    ) -> Written:
        if self._disc is None:
            self._next(volume, result)
        result.why = "the job did not come to its end"
        before = self._recorder.left
        try:
            # Held from before it is looked at until it is proved: what is written is what was
            # looked at, and what is called good is what was written.
            with self._recorder.held():
                return self._on_held(volume, result, record, progress)
        except KeyboardInterrupt:
            self._note_left(result, before)
            if not result.is_made:  # It can be while the drive lets go what is made.
                result.verdict, result.why = "interrupted", "the operator stopped the job"
            raise
        except DiscFailed as error:
            if gone := gone_words(error):
                result.remarks += (gone,)
                error.remedy = f"{error.remedy}. {gone}"
            raise
        except FilmjacketError as error:
            self._note_left(result, before)
            result.verdict, result.why = "failed", without_sources(error, self.name)
            if result.is_begun:
                raise spoilt(result, error) from error
            raise
        except Exception:
            self._note_left(result, before)
            raise
        finally:
            if self._recorder.locked:
                result.remarks += (STILL_LOCKED,)
            record.tell(discs=[each.plain() for each in self.results])

    def _on_held(
        self, volume: Volume, result: DiscResult, record: JobRecord, progress: Progress
    ) -> Written:
        """Make a medium of the disc that is in, which stays in meanwhile."""
        recorder = self._recorder
        # Since it was looked at somebody may have exchanged it.
        held = recorder.medium()
        self._refuse_unfit(held, volume)
        result.medium, result.identifier = held.kind, held.identifier

        def begin(stage: Stage) -> None:
            result.stage = stage
            self._begin(result, record)

        def told(stage: str, done: int, total: int) -> None:
            result.hear(stage, done)
            progress(stage, done, total)

        disc = self._ready(held, partial(begin, "blanking"), progress)
        begin("blank" if result.stage else "")
        result.identifier = disc.identifier
        on_disc = self._on_disc(volume, disc, partial(begin, "formatting"), progress)
        if not disc.formatted:
            begin("formatting")  # It comes first, however late the drive tells of it.
        written = burn_disc(recorder, self._engine, on_disc, result, self._settings, record, told)
        result.remarks += drive_remarks(result.written)
        result.remarks += left_over(held, disc, result.size, wiped=self._how.wipe)
        return written

    def _begin(self, result: DiscResult, record: JobRecord) -> None:
        """Count a medium as one of the job, now that something is done to it."""
        results = [*(each for each in self.results if each is not result), result]
        record.tell(state="writing", discs=[each.plain() for each in results])
        record.medium_begun()
        self._disc, self.results = None, results

    def _on_disc(
        self, volume: Volume, disc: Disc, begin: Callable[[], None], progress: Progress
    ) -> OnDisc:
        """Return the volume as it goes on this disc, which is formatted for that if need be."""
        wipe = self._how.wipe and disc.state == "overwritable"
        if self._is_own and reaches_far(volume, disc) and not disc.formatted:
            # Only then is it known for certain which block is its last.
            begin()
            disc = self._recorder.format(progress=progress)
        if disc.state != "overwritable" or not (self._is_own or wipe):
            return OnDisc(volume, None)  # Other programs write from one place on.
        return on_whole_disc(volume, disc, wipe=wipe)

    def _note_left(self, result: DiscResult, before: WrittenDisc | None) -> None:
        """Note what the drive has left, unless that was *before*, on another disc."""
        if self._recorder.left is not before:
            result.take_left(self._recorder.left)

    def _refuse_unfit(self, disc: Disc, volume: Volume) -> None:
        refuse_unfit(disc, self._first, self._row, -(-volume.measured.size // BLOCK), self.name)

    def _next(self, volume: Volume, result: DiscResult) -> None:
        """Have the operator insert the disc for a volume."""
        how, recorder = self._how, self._recorder

        def ask(wrong: str) -> None:
            no = f"not this one ({wrong}): " if wrong else ""
            what = f"volume {result.volume} of {result.of}, copy {result.copy}"
            # It is in the operator's hand now, and has to be laid on the right pile.
            made = self.results[-1]
            last = f"{made.which} is {made.verdict.upper()}; " if not wrong else ""
            self._ask(f"{self.name}: {last}{no}insert a blank {self._first.kind} for {what}")

        def refuse(disc: Disc) -> None:
            self._refuse_unfit(disc, volume)
            refuse_used(recorder, disc, erase=how.erase, wipe=how.wipe)
            refuse_ours(recorder, disc, [each.beginning for each in self.results if each.is_made])

        next_disc(recorder, ask, refuse, patience=how.patience, clock=how.clock, sleep=how.sleep)

    def finish(self) -> None:
        if self._how.eject and self.results:
            let_out(self._recorder)

    def close(self) -> None:
        self._recorder.close()
