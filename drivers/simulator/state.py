"""What a simulated drive is doing at a moment, and how that changes as time passes."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from drivers.simulator import conditions as sense
from drivers.simulator.buffer import Buffer
from drivers.simulator.clock import Clock
from drivers.simulator.conditions import Condition, Refused
from drivers.simulator.kinds import Kind
from drivers.simulator.medium import SimulatedMedium
from drivers.simulator.mode_pages import ModePages
from drivers.simulator.overwritable import DONE, GOES_ON, STOPPED, Overwritable
from drivers.simulator.sequential import AT_ONCE, Sequential
from drivers.simulator.surface import BLOCK

NO_CHANGE, EJECT_REQUEST, ARRIVED, REMOVED, CHANGED = range(5)  # media events (6.6)
_SPIN_UP: Final = 4.0  # seconds until a new medium is known


class Call(NamedTuple):
    """One command as it came."""

    cdb: bytes
    data: bytes | memoryview
    length: int  # bytes that the host takes

    def number(self, at: int, length: int = 1) -> int:
        return int.from_bytes(self.cdb[at : at + length], "big")

    def address(self, at: int) -> int:
        return int.from_bytes(self.cdb[at : at + 4], "big", signed=True)


class Busy(NamedTuple):
    """An operation that goes on after, or until, the answer to its command."""

    began: float
    until: float
    condition: Condition  # what it answers meanwhile
    finish: Callable[[], None]
    broken: Callable[[], None]  # instead, when the power goes

    def progress(self, now: float) -> float:
        length = self.until - self.began
        return min(max((now - self.began) / length, 0.0), 1.0) if length else 1.0


def nothing() -> None:
    """Leave it as it is."""


@dataclass(slots=True)
class State:
    """All that changes in a drive."""

    clock: Clock
    buffer: Buffer
    pages: ModePages
    medium: SimulatedMedium | None = None
    tray_open: bool = False
    prevented: bool = False
    ready_at: float = 0.0
    known: bool = True  # the medium has been looked at, and its arrival told
    attentions: deque[Condition] = field(default_factory=deque)
    event: int = NO_CHANGE
    busy: Busy | None = None
    speed: int | None = None  # kB/s that the host asked for
    slow: float = 1.0  # times slower than it says
    waits: bool = False  # a WRITE that finds no room is held, not refused with 2/04/08
    recording: bool = False  # data flow to a medium that must not pause
    dry: Sequential | None = None  # a test recording: a copy of what is on the disc
    deferred: deque[Refused] = field(default_factory=deque)
    pending: Refused | None = None  # for REQUEST SENSE
    looked: float = 0.0
    background_until: float = 0.0
    attend: Callable[[], None] = nothing  # what somebody does when the host has opened the tray
    bad_blocks: set[int] = field(default_factory=set)  # found when the medium takes them

    @property
    def kind(self) -> Kind:
        return self.disc.kind

    @property
    def disc(self) -> SimulatedMedium:
        """Return the medium that is in and ready.

        Raises:
            Refused: there is none, or it is not ready.
        """
        if self.tray_open:
            raise Refused(sense.TRAY_OPEN)
        if self.medium is None:
            raise Refused(sense.TRAY_CLOSED)
        if self.clock() < self.ready_at:
            raise Refused(sense.BECOMING_READY)
        return self.medium

    @property
    def present(self) -> SimulatedMedium | None:
        """Return the medium if the drive knows it, without complaint if not."""
        return None if self.tray_open or self.clock() < self.ready_at else self.medium

    @property
    def layout(self) -> Sequential | Overwritable:
        """Return what the next command works on: the disc, or the copy of a test recording."""
        return self.dry if self.dry is not None else self.disc.layout

    @property
    def rate(self) -> float:
        """Return how many bytes a second the medium takes."""
        speeds = self.kind.speeds or (1385,)
        allowed = [s for s in speeds if not self.speed or s <= self.speed]
        return max(allowed, default=speeds[-1]) * 1000 / self.slow

    def catch_up(self) -> None:
        """Let happen what has happened since the last command."""
        now, before = self.clock(), self.looked
        self.looked = now
        if not self.known and now >= self.ready_at:
            self.known = True
            self.attentions.append(sense.NEW_MEDIUM)
        if self.present is not None:
            self._record(max(now - before, 0.0))
            self._format_on(now)
        if self.busy is not None and now >= self.busy.until:
            done, self.busy = self.busy, None
            done.finish()

    def _record(self, seconds: float) -> None:
        waiting = self.buffer.filled
        self.store(self.buffer.drain(seconds * self.rate))
        if self.recording and seconds * self.rate > waiting and not self.pages.pauses:
            self._underrun()

    def store(self, pieces: list[tuple[int, bytes]]) -> None:
        """Record *pieces*; what a bad block does not take is told with the next command."""
        surface = self.layout.surface
        for lba, data in pieces:
            bad = self.bad_blocks.intersection(range(lba, lba + len(data) // BLOCK))
            for block in sorted(bad):
                self.deferred.append(Refused(sense.WRITE_ERROR, information=block, deferred=True))
            surface.write(lba, data)

    def _underrun(self) -> None:
        """End a recording at once that may not pause and had nothing to record (7.5.4)."""
        layout = self.layout
        if isinstance(layout, Sequential) and layout.kind.family in ("cd", "minus"):
            layout.break_off()
            self.deferred.append(Refused(sense.LOST_STREAMING, deferred=True))
        self.recording = False

    def _format_on(self, now: float) -> None:
        layout = self.disc.layout
        going = isinstance(layout, Overwritable) and layout.background == GOES_ON
        if going and now >= self.background_until and isinstance(layout, Overwritable):
            layout.background = DONE

    def settle(self) -> float:
        """Record what waits; return the seconds that it takes."""
        filled = self.buffer.filled
        if filled:
            self.store(self.buffer.drain(filled))
        return filled / self.rate if filled else 0.0

    def start(
        self,
        seconds: float,
        condition: Condition,
        finish: Callable[[], None] = nothing,
        broken: Callable[[], None] = nothing,
    ) -> None:
        """Begin what takes long."""
        now = self.clock()
        self.busy = Busy(now, now + seconds * self.slow, condition, finish, broken)

    def insert(self, medium: SimulatedMedium | None) -> None:
        """Close the tray with *medium* in it."""
        self.medium, self.tray_open, self.known = medium, False, medium is None
        self.ready_at = self.clock() + _SPIN_UP
        self.event = ARRIVED if medium else NO_CHANGE
        self.speed = None

    def remove(self) -> SimulatedMedium | None:
        """Take the medium out, whatever is being done with it."""
        self._lose()
        medium, self.medium = self.medium, None
        self.event, self.known = REMOVED, True
        return medium

    def reset(self) -> None:
        """Be as after the power came back; what was in the memory is lost."""
        self._lose()
        self.pages.reset()
        self.prevented, self.pending, self.speed = False, None, None
        self.attentions = deque((sense.RESET,))
        self.deferred.clear()
        self.ready_at = self.clock() + _SPIN_UP
        self.known = self.medium is None

    def _lose(self) -> None:
        lost, self.recording = self.buffer.drop(), False
        busy, self.busy = self.busy, None
        self.dry = None
        layout = self.medium.layout if self.medium is not None else None
        if isinstance(layout, Sequential):
            for lba, blocks in lost:
                layout.lose(lba, blocks)
            if lost:
                layout.break_off(at_once=True)
        if isinstance(layout, Overwritable) and layout.background == GOES_ON:
            layout.background = STOPPED  # FORMAT UNIT can take it up again (6.4)
        if busy is not None:
            busy.broken()

    def stream(self) -> None:
        """Note that data flow; whether they may pause is asked as time passes."""
        at_once = self.pages.write_type == AT_ONCE or self.kind.family == "cd"
        self.recording = at_once and self.kind.family in ("cd", "minus")
