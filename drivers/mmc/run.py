"""How far a recording is: what its steps share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from drivers.mmc.pieces import Bytes
from drivers.mmc.recording import Method, Step
from drivers.mmc.recording_errors import MediumRefused
from drivers.mmc.recording_facts import WrittenDisc
from drivers.mmc.request import Prepared
from drivers.mmc.unit import Told, Unit
from reporting import Progress

_WHOLE = 100  # progress of what only the drive can measure is told in hundredths


def hundredths(progress: Progress, stage: str) -> Told:
    """Return who tells *progress* of a *stage* that the drive measures itself."""

    def told(done: float) -> None:
        progress(stage, min(int(done * _WHOLE), _WHOLE), _WHOLE)

    return told


@dataclass(slots=True)
class Run:
    """A recording under way."""

    unit: Unit
    prepared: Prepared
    pieces: Iterable[Bytes]
    progress: Progress
    method: Method
    stage: Step
    waits: int  # of the drive before this recording
    recovered: int  # errors that it had recovered from before
    start: int = 0  # block
    track: int = 1
    written: int = 0  # blocks that the drive has taken, without those of a pre-gap
    formatting: bool = False  # the disc was formatted, or that was begun
    recording: bool = False  # something was sent that may have begun the recording
    sent: bool = False  # data were sent, if only those of a pre-gap
    taken: bool = False  # and the drive took some
    seconds: float = 0.0
    lowest_buffer: float | None = None
    source_failed: bool = False  # and not the drive
    left: WrittenDisc | None = None  # on the disc, once it is at its end

    @property
    def touched(self) -> bool:
        """Whether something was sent that may have changed the disc."""
        return self.formatting or self.recording

    def disc(self, *, complete: bool, session_open: bool | None) -> WrittenDisc:
        """Return what there is to say about the disc now."""
        request = self.prepared.request
        return WrittenDisc(
            self.prepared.looked.medium.kind,
            self.method.name,
            self.start,
            min(self.written, request.blocks),
            max(self.written - request.blocks, 0),
            complete,
            session_open,
            self.stage,
            self.seconds,
            self.unit.waits - self.waits,
            self.lowest_buffer,
            request.simulate,
            self.unit.recovered - self.recovered,
            self.recording and not request.simulate,
        )

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Give up before anything is written."""
        raise MediumRefused(what, self.unit.name, remedy)
