"""Media that are written from their beginning to their end: CD, DVD-R, DVD+R, BD-R (MMC-6 4.3-4.5).

The tracks and sessions, where the next block may go, and what closing does. Nothing here knows
commands; a rule that is broken raises `Refused` with what MMC-6 lets a drive answer.
"""

import copy
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Refused
from drivers.simulator.kinds import Kind
from drivers.simulator.surface import Nowhere, Surface

INCREMENTAL, TRACK_AT_ONCE, AT_ONCE = range(3)  # write types of mode page 05h (7.5.4)
RUN_OUT: Final = 2  # blocks behind a CD's track at once that nobody can read (4.3)
SHORTEST: Final = 300  # blocks of a CD's track: four seconds (4.3)
PREGAP: Final = 150  # blocks of two seconds (IEC 60908)
_LINK: Final = 16  # blocks that a DVD-R loses from one packet to the next (4.4)
_EMPTY, _OPEN, _DAMAGED, _CLOSED = range(4)  # states of the last session (6.22)
_BLANK, _APPENDABLE, _COMPLETE = range(3)  # states of a disc (6.22)


@dataclass(slots=True)
class Track:
    """One track; the last one of an open session has no end yet ("invisible" on CD and DVD-R)."""

    number: int
    session: int
    start: int
    end: int  # the block after the last that was recorded
    limit: int | None = None  # the block after its reservation
    closed: bool = False
    damaged: bool = False
    linked: bool = False  # the next packet begins behind a linking loss
    run_out: int = 0

    @property
    def blank(self) -> bool:
        return self.end == self.start


class Cue(NamedTuple):
    """A session that is written at once (6.35)."""

    begin: int  # first block, with the pre-gap
    starts: tuple[int, ...]  # of its tracks, at index 1
    lead_out: int


@dataclass(slots=True)
class Sequential:
    """The recording on one medium."""

    kind: Kind
    surface: Surface
    capacity: int
    tracks: list[Track] = field(default_factory=lambda: [Track(1, 1, 0, 0)])
    lead_outs: list[int] = field(default_factory=list)  # of the closed sessions
    final: bool = False
    cue: Cue | None = None
    at: int | None = None  # next block of the session at once
    incremental: bool = True  # not after a quick blanking: at once only (4.4)
    formatted: bool = False  # BD-R with defect management
    scars: list[tuple[int, int]] = field(default_factory=list)  # half-recorded units

    @property
    def status(self) -> int:
        if self.final:
            return _COMPLETE
        used = self.lead_outs or any(not t.blank or t.limit for t in self.tracks)
        return _APPENDABLE if used or self.at is not None else _BLANK

    @property
    def last_session(self) -> int:
        if self.final:
            return _CLOSED
        own = [t for t in self.tracks if t.session == self.sessions]
        if self.at is None and all(t.blank and not t.limit for t in own):
            return _EMPTY
        return _DAMAGED if self.kind.family == "cd" and any(t.damaged for t in own) else _OPEN

    @property
    def sessions(self) -> int:
        return len(self.lead_outs) + (not self.final)

    @property
    def open_track(self) -> Track | None:
        return None if self.final else self.tracks[-1]

    @property
    def last_block(self) -> int:
        """Return what READ CAPACITY tells: the block before the last lead-out (6.19)."""
        if self.lead_outs:
            return self.lead_outs[-1] - 1
        return max((t.end for t in self.tracks), default=0) - 1

    @property
    def is_whole(self) -> bool:
        """Return whether all blocks of a session at once have come."""
        return self.cue is not None and self.at == self.cue.lead_out

    def track_at(self, lba: int) -> Track | None:
        """Return the track that has *lba* in it, its pre-gap and its free blocks too."""
        first = -PREGAP if self.kind.family == "cd" else 0
        begun = [t for t in self.tracks if lba >= (t.start if t.number > 1 else first)]
        if not begun or lba >= self.capacity or (self.final and lba > self.last_block):
            return None
        return begun[-1]

    def next_writable(self, track: Track, write_type: int) -> int | None:
        """Return the only block where *track* can go on; None: nowhere."""
        if track.closed or self.final or not self.kind.closing or track.damaged:
            return None
        if self.kind.family == "cd" and write_type == AT_ONCE:
            if self.at is not None:
                return self.at
            return track.start - PREGAP if track.blank else None
        return track.end + (_LINK if track.linked else 0)

    def free(self, track: Track, write_type: int) -> int:
        place = self.next_writable(track, write_type)
        if place is None:
            return 0
        return max((track.limit or self.capacity) - max(place, track.start), 0)

    def size(self, track: Track) -> int:
        end = track.end if track.closed else track.limit or self.capacity
        return max(end - track.start, 0)

    def place(self, lba: int, blocks: int, write_type: int) -> Track:
        """Return the track that *blocks* at *lba* belong to.

        Raises:
            Refused: the disc is closed, it is not the next address, or the track ends before.
        """
        if self.final or not self.kind.closing:
            raise Refused(sense.MEDIUM_CLOSED)
        self._check_type(write_type)
        for track in self.tracks:
            if self.next_writable(track, write_type) == lba:
                break
        else:
            raise Refused(sense.WRONG_PLACE, information=lba)
        if lba + blocks > self._end(track):
            raise Refused(sense.TRACK_ENDS, information=lba)
        return track

    def _check_type(self, write_type: int) -> None:
        """Refuse what mode page 05h, or what was sent before, does not go with (7.5.4)."""
        family = self.kind.family
        at_once = write_type == AT_ONCE
        if family == "cd" and write_type == INCREMENTAL:
            raise Refused(sense.WRONG_MODE)  # No packets on CD: see the reference's exceptions.
        if family == "cd" and at_once and self.cue is None:
            raise Refused(sense.WRONG_SEQUENCE)
        if family == "minus":
            reserved = any(t.limit for t in self.tracks)
            if write_type == TRACK_AT_ONCE or (not at_once and not self.incremental):
                raise Refused(sense.WRONG_MODE)
            if at_once and not reserved:
                raise Refused(sense.WRONG_SEQUENCE)

    def _end(self, track: Track) -> int:
        if self.cue is not None and self.at is not None:
            return self.cue.lead_out
        return track.limit or self.capacity

    def took(self, track: Track, lba: int, blocks: int) -> None:
        """Note that blocks were recorded."""
        if self.at is not None:
            self.at = lba + blocks
        else:
            track.end, track.linked = lba + blocks, False

    def expect(self, cue: Cue) -> None:
        """Take a cue sheet for the next session.

        Raises:
            Refused: there is data in this session, or the addresses do not fit.
        """
        track = self.open_track
        if track is None:
            raise Refused(sense.MEDIUM_CLOSED)
        if self.last_session != _EMPTY or cue.begin != track.start - PREGAP:
            raise Refused(sense.INVALID_PARAMETER)
        if cue.lead_out > self.capacity:
            raise Refused(sense.INVALID_PARAMETER)
        self.cue, self.at = cue, cue.begin

    def reserve(self, blocks: int, write_type: int) -> None:
        """Reserve a track (6.31).

        Raises:
            Refused: the disc is closed, or there is no room.
        """
        track = self.open_track
        if track is None or not track.blank:
            raise Refused(sense.MEDIUM_CLOSED if track is None else sense.WRONG_SEQUENCE)
        limit = track.start + blocks + -blocks % self.kind.unit
        if limit > self.capacity:
            raise Refused(sense.TRACK_ENDS)
        track.limit = limit
        if self.kind.family != "minus" or write_type != AT_ONCE:
            self._begin_track(limit)

    def _begin_track(self, start: int) -> None:
        last = self.tracks[-1]
        place = start + -start % self.kind.unit
        self.tracks.append(Track(last.number + 1, self.sessions, place, place))

    def flush(self, write_type: int, *, stays_open: bool) -> None:
        """End what SYNCHRONIZE CACHE ends: packet, track at once, session at once."""
        if self.cue is not None:
            self._end_session_at_once(self.cue, stays_open=stays_open)
            return
        for track in self.tracks:
            if not track.closed and not track.blank:
                self._end_packet(track, write_type, stays_open=stays_open)

    def _end_packet(self, track: Track, write_type: int, *, stays_open: bool) -> None:
        self._pad(track, track.end + -track.end % self.kind.unit)
        if self.kind.family == "cd":
            self._end_track(track)
        elif self.kind.family == "minus" and write_type == AT_ONCE:
            if track.limit is not None and track.end >= track.limit:
                self.close_session(stays_open=stays_open)
        elif self.kind.family == "minus":
            track.linked = True

    def _pad(self, track: Track, end: int) -> None:
        # Blocks of a track that were not written read as zeros: nothing has to be stored.
        track.end = max(track.end, end)

    def _end_track(self, track: Track) -> None:
        """Close a track as CLOSE TRACK does, or as the end of a CD's track at once does."""
        if self.kind.family == "cd":
            self._pad(track, track.start + SHORTEST)
            track.run_out = RUN_OUT
            track.end += RUN_OUT
        self._pad(track, track.limit or track.end + -track.end % self.kind.unit)
        track.closed, track.linked, track.damaged = True, False, False
        if track is self.tracks[-1]:
            self._begin_track(track.end + self.kind.track_gap)

    def _end_session_at_once(self, cue: Cue, *, stays_open: bool) -> None:
        if self.at == cue.begin:
            return  # Nothing was written yet.
        broken = self.at != cue.lead_out
        number, session = self.tracks[-1].number, self.sessions
        ends = (*(start - PREGAP for start in cue.starts[1:]), cue.lead_out)
        made = [
            Track(number + i, session, start, end, closed=True)
            for i, (start, end) in enumerate(zip(cue.starts, ends, strict=True))
        ]
        last = made[-1]
        if broken:
            last.closed, last.damaged = False, True
            last.end = max(self.at or last.start, last.start)
        self.tracks[-1:] = made
        self.cue = self.at = None
        if not broken:
            self._begin_track(cue.lead_out)
            self.close_session(stays_open=stays_open)

    def close_track(self, number: int) -> None:
        """Close one track; what lacks of a reservation is filled up (6.3).

        Raises:
            Refused: there is no such track.
        """
        track = next((t for t in self.tracks if t.number == number), None)
        if track is None or self.final:
            raise Refused(sense.INVALID_FIELD)
        if not track.closed and not (track.blank and track.limit is None):
            self._end_track(track)

    def close_session(self, *, stays_open: bool) -> None:
        """Close the session, and the disc too unless it *stays_open* (6.3).

        Raises:
            Refused: a reservation is not full, or there is nothing to close.
        """
        self.cue = self.at = None
        if self.final:
            return
        if any(t.limit and not t.closed and t.end < t.limit for t in self.tracks):
            raise Refused(sense.INCOMPLETE_TRACK)
        for track in [t for t in self.tracks if not t.closed and not t.blank]:
            self._end_track(track)
        if not any(t.session == self.sessions and not t.blank for t in self.tracks):
            if stays_open or not self.lead_outs:
                raise Refused(sense.EMPTY_SESSION)
            self.final = True
            del self.tracks[-1:]
            return
        self._end_session(stays_open=stays_open)

    def _end_session(self, *, stays_open: bool) -> None:
        if self.tracks[-1].blank:
            del self.tracks[-1:]
        lead_out = self.tracks[-1].end
        gap = self.kind.gaps[len(self.lead_outs) > 0]
        self.lead_outs.append(lead_out)
        self.final = not stays_open or lead_out + gap >= self.capacity
        if not self.final:
            self._begin_track(lead_out + gap)

    def unreadable(self, lba: int, blocks: int) -> Refused | None:
        """Return why not all of these blocks can be read; its information says where it begins."""
        scar = next((s for s in self.scars if s[0] < lba + blocks and lba < s[1]), None)
        if scar is not None and scar[0] <= lba:
            return Refused(sense.UNCORRECTABLE, information=lba)
        at, blocks = lba, blocks if scar is None else scar[0] - lba
        while at < lba + blocks:
            track = self.track_at(at)
            if track is None or at < track.start or at >= track.end:
                beyond = at > self.last_block
                return Refused(sense.OUT_OF_RANGE if beyond else sense.WRONG_MODE, information=at)
            if at >= track.end - track.run_out:
                return Refused(sense.UNCORRECTABLE, information=at)
            at = track.end - track.run_out
        return None if scar is None else Refused(sense.UNCORRECTABLE, information=scar[0])

    def lose(self, lba: int, blocks: int) -> None:
        """Take back blocks that were in the drive's memory when the power went."""
        for track in self.tracks:
            if track.start < lba + blocks <= track.end + self.kind.unit and not track.closed:
                track.end = max(min(track.end, lba), track.start)
        if self.at is not None:
            self.at = min(self.at, lba)

    def break_off(self, *, at_once: bool = False) -> None:
        """End what was being written when the flow of data, or *at_once* the power, went."""
        if self.cue is not None:
            self._end_session_at_once(self.cue, stays_open=True)
            return
        for track in self.tracks:
            if not track.closed and not track.blank:
                end = track.end + -track.end % self.kind.unit
                if at_once and end > track.end:  # Half a unit cannot be corrected.
                    self.scars.append((end - self.kind.unit, end))
                self._pad(track, end)
                # DVD+R and BD-R are mended by the drive and go on; others have to be closed.
                track.damaged = self.kind.family in ("cd", "minus")

    def blank(self, *, full: bool) -> None:
        """Make the medium as new (6.2)."""
        self.surface.clear()
        self.tracks, self.lead_outs, self.final = [Track(1, 1, 0, 0)], [], False
        self.cue = self.at = None
        self.scars, self.incremental = [], full

    def rehearsal(self) -> "Sequential":
        """Return a copy to try a recording on; its blocks go nowhere."""
        other = copy.copy(self)
        other.tracks, other.lead_outs = copy.deepcopy(self.tracks), list(self.lead_outs)
        other.surface = Nowhere()
        return other
