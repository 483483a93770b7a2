"""What a drive tells about the disc that is in it. Pure; as MMC-6 lays it out."""

from typing import Final, NamedTuple

from drivers.mmc.fields import Fields, stated_length

_MOST: Final = 256  # rows of any one list
BLANK, APPENDABLE, COMPLETE, OTHER = range(4)  # states of a disc
SESSION_EMPTY, SESSION_OPEN, SESSION_DAMAGED, SESSION_CLOSED = range(4)  # of its last session
NOT_FORMATTED, FORMAT_STOPPED, FORMAT_GOES_ON, FORMATTED = range(4)  # DVD+RW
_FRAMES: Final = 75  # in a second of a CD
_PREGAP: Final = 150  # block 0 of a CD is two seconds after its beginning


class DiscInformation(NamedTuple):
    """READ DISC INFORMATION, standard disc information."""

    status: int
    last_session: int  # its state
    erasable: bool
    sessions: int
    last_track: int
    background_format: int
    identifier: int | None  # of this one disc, where it has one
    last_lead_out: int | None  # block at which the lead-out begins at the latest (CD)


def parse_disc_information(data: bytes) -> DiscInformation:
    answer = Fields(data, stated_length(data, 2))
    return DiscInformation(
        answer.bits(2, 0x03),
        answer.bits(2, 0x0C),
        bool(answer.bits(2, 0x10)),
        answer.number(4) | answer.number(9) << 8,
        answer.number(6) | answer.number(11) << 8,
        answer.bits(7, 0x03),
        answer.number(12, 4) if answer.bits(7, 0x80) else None,
        _msf(answer, 21),
    )


def _msf(answer: Fields, at: int) -> int | None:
    minutes, seconds, frames = (answer.number(at + i) for i in range(3))
    if seconds >= 60 or frames >= _FRAMES or not minutes | seconds | frames:
        return None  # all bits set: there is none
    return (minutes * 60 + seconds) * _FRAMES + frames - _PREGAP


class TrackInformation(NamedTuple):
    """One track, or the place where the next one will be (READ TRACK INFORMATION)."""

    number: int
    session: int
    damaged: bool  # its recording was broken off
    reserved: bool
    blank: bool
    start: int  # block
    next_writable: int | None  # block; None where the drive does not know one
    free: int  # blocks
    size: int  # blocks


def parse_track_information(data: bytes) -> TrackInformation:
    answer = Fields(data, stated_length(data, 2))
    return TrackInformation(
        answer.number(2) | answer.number(32) << 8,
        answer.number(3) | answer.number(33) << 8,
        bool(answer.bits(5, 0x20)),
        bool(answer.bits(6, 0x80)),
        bool(answer.bits(6, 0x40)),
        answer.signed(8),
        answer.signed(12) if answer.bits(7, 0x01) else None,
        answer.number(16, 4),
        answer.number(24, 4),
    )


class TocEntry(NamedTuple):
    """One track of READ TOC, format 0; the lead-out is track AAh."""

    track: int
    data: bool
    start: int  # block


def parse_toc(data: bytes) -> tuple[TocEntry, ...]:
    answer = Fields(data, stated_length(data, 2))
    starts = range(4, min(len(answer) - 7, 4 + 8 * _MOST), 8)
    return tuple(
        TocEntry(answer.number(at + 2), bool(answer.bits(at + 1, 0x04)), answer.signed(at + 4))
        for at in starts
    )


class LastSession(NamedTuple):
    """READ TOC, format 1: what was closed last."""

    session: int
    track: int  # its first
    start: int  # block


def parse_last_session(data: bytes) -> LastSession | None:
    answer = Fields(data, stated_length(data, 2))
    if len(answer) < 12:
        return None
    return LastSession(answer.number(3), answer.number(6), answer.signed(8))


def parse_last_lead_out(data: bytes) -> int | None:
    """Read READ TOC, format 4 (ATIP): the blocks of a CD that was never written, by its groove."""
    return _msf(Fields(data, stated_length(data, 2)), 12)


def parse_capacity(data: bytes) -> tuple[int, int] | None:
    """Read READ CAPACITY: blocks and bytes of a block; None where nothing is told."""
    answer = Fields(data)
    if len(answer) < 8:
        return None
    return answer.number(0, 4) + 1, answer.number(4, 4)


class FormatDescriptor(NamedTuple):
    """One way in which the medium can be formatted."""

    kind: int  # format type
    blocks: int
    parameter: int

    def encode(self) -> bytes:
        """Return it as FORMAT UNIT takes it."""
        return (
            self.blocks.to_bytes(4, "big")
            + bytes((self.kind << 2,))
            + self.parameter.to_bytes(3, "big")
        )


class FormatCapacities(NamedTuple):
    """What the medium is formatted to, and can be (READ FORMAT CAPACITIES)."""

    formatted: bool
    blocks: int  # formatted to; or at most, where it is not formatted
    choices: tuple[FormatDescriptor, ...]


_UNFORMATTED, _FORMATTED = 1, 2  # kinds of the first descriptor; 3: no medium


def parse_format_capacities(data: bytes) -> FormatCapacities | None:
    """Return them; None where the drive does not tell about a medium."""
    answer = Fields(data, 4 + data[3] if len(data) > 3 else 0)
    state = answer.bits(8, 0x03)
    if len(answer) < 12 or state not in (_UNFORMATTED, _FORMATTED):
        return None
    choices = tuple(
        FormatDescriptor(answer.bits(at + 4, 0xFC), answer.number(at, 4), answer.number(at + 5, 3))
        for at in range(12, len(answer) - 7, 8)
    )
    return FormatCapacities(state == _FORMATTED, answer.number(4, 4), choices)
