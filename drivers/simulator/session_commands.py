"""Commands that shape a disc: reserve, cue sheet, close, blank, format, calibrate (MMC-6 6)."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.block_commands import rehearse, write_type
from drivers.simulator.conditions import Refused
from drivers.simulator.kinds import QUICK_FORMAT, FormatRow
from drivers.simulator.medium import SimulatedMedium
from drivers.simulator.overwritable import GOES_ON, STOPPED, Overwritable
from drivers.simulator.sequential import AT_ONCE, PREGAP, Cue, Sequential
from drivers.simulator.state import Call, State

_FRAMES: Final = 75
_LEAD_OUT: Final = 0xAA
_MODE_1: Final = frozenset((0x10, 0x11, 0x14))  # data forms with 2,048 bytes, or none (6.35)
_FULL, _MINIMAL = 0, 1  # blanking types (6.2)


def reserve_track(state: State, call: Call) -> bytes:
    layout = _sequential(state)
    if layout.kind.family == "cd":
        raise Refused(sense.WRONG_MODE)  # Reserved tracks of CDs are for packets.
    layout.reserve(call.number(5, 4), write_type(state))
    return b""


def _sequential(state: State) -> Sequential:
    """Return the recording that the next commands shape, which may be a test one."""
    rehearse(state)
    layout = state.layout
    if not isinstance(layout, Sequential) or not layout.kind.closing:
        raise Refused(sense.WRONG_MEDIUM)
    if state.disc.protected:
        raise Refused(sense.PROTECTED)
    return layout


def send_cue_sheet(state: State, call: Call) -> bytes:
    layout = _sequential(state)
    if layout.kind.family != "cd":
        raise Refused(sense.WRONG_MEDIUM)
    if state.pages.write_type != AT_ONCE:
        raise Refused(sense.WRONG_SEQUENCE)
    layout.expect(_cue(bytes(call.data[: call.number(6, 3)])))
    return b""


def _cue(data: bytes) -> Cue:
    """Read a cue sheet (6.35): lead-in first, lead-out last, addresses rising, data tracks.

    Raises:
        Refused: it is no such sheet.
    """
    rows = [data[at : at + 8] for at in range(0, len(data) - 7, 8)]
    places = [(row[5] * 60 + row[6]) * _FRAMES + row[7] - PREGAP for row in rows]
    starts = tuple(
        place
        for row, place in zip(rows, places, strict=True)
        if row[2] == 1 and 0 < row[1] < _LEAD_OUT
    )
    in_order = all(a < b for a, b in pairwise(places[1:]))
    if not (rows and starts and in_order and rows[0][1] == 0 and rows[-1][1] == _LEAD_OUT):
        raise Refused(sense.INVALID_PARAMETER)
    if any(row[3] & 0x3F not in _MODE_1 or not row[0] & 0x40 for row in rows[1:-1]):
        raise Refused(sense.INVALID_PARAMETER)
    begin = places[1] if rows[1][2] == 0 else starts[0] - PREGAP
    return Cue(begin, starts, places[-1])


def close(state: State, call: Call) -> bytes:
    """Close a track, a session or the disc (6.3)."""
    medium, function, number = state.disc, call.cdb[2] & 7, call.number(4, 2)
    how = medium.kind.closing.get(function)
    if how is None:
        raise Refused(sense.INVALID_FIELD)
    if medium.protected:
        raise Refused(sense.PROTECTED)
    if state.dry is not None or state.pages.test:
        return b""  # A test leaves nothing to close.
    layout = medium.layout
    if isinstance(layout, Overwritable):
        _close_overwritable(state, layout)
        return b""
    open_after = how == "session" and (
        state.pages.stays_open or medium.kind.family in ("plus", "bd")
    )

    def act(on: Sequential) -> None:
        if how == "track":
            on.close_track(number)
        else:
            on.close_session(stays_open=open_after)

    act(layout.rehearsal())  # It refuses at once what cannot be done.
    durations = medium.kind.durations
    seconds = durations.track if how == "track" else durations.session
    _begin(state, seconds, lambda: act(layout))
    return b""


def _close_overwritable(state: State, layout: Overwritable) -> None:
    def finish() -> None:
        if layout.background == GOES_ON:
            layout.background = STOPPED  # It can be taken up again (6.4).
        layout.close()

    _begin(state, state.kind.durations.session, finish)


def _begin(state: State, seconds: float, act: Callable[[], None]) -> None:
    def finish() -> None:
        state.settle()
        state.recording = False
        act()

    state.start(seconds + state.buffer.filled / state.rate, sense.OPERATING, finish)


def blank(state: State, call: Call) -> bytes:
    """Erase a CD-RW or DVD-RW (6.2)."""
    medium, type_ = state.disc, call.cdb[1] & 7
    if not medium.kind.erasable or medium.kind.family not in ("cd", "minus"):
        raise Refused(sense.WRONG_MEDIUM)
    if type_ not in (_FULL, _MINIMAL):
        raise Refused(sense.INVALID_FIELD)
    if medium.protected:
        raise Refused(sense.PROTECTED)
    durations = medium.kind.durations
    seconds = durations.full if type_ == _FULL else durations.quick
    state.buffer.drop()
    state.start(
        seconds,
        sense.OPERATING,
        lambda: medium.blank(full=type_ == _FULL),
        medium.surface.clear,
    )
    return b""


def format_unit(state: State, call: Call) -> bytes:
    """Format (6.4)."""
    medium, data = state.disc, bytes(call.data)
    if not medium.kind.formats:
        raise Refused(sense.CANNOT_FORMAT)
    if medium.protected:
        raise Refused(sense.PROTECTED)
    if call.cdb[1] & 0x1F != 0x11 or len(data) < 12 or data[3] != 8:
        raise Refused(sense.INVALID_FIELD)
    row = _format_row(medium, data[8] >> 2)
    blocks = _format_size(medium, row, int.from_bytes(data[4:8], "big"))
    if row.background and data[11] & 1 and _resume(state, medium):
        return b""
    _format(state, medium, row, blocks)
    return b""


def _format_row(medium: SimulatedMedium, type_: int) -> FormatRow:
    row = next((row for row in medium.kind.formats if row.type == type_), None)
    if row is None:
        raise Refused(sense.INVALID_PARAMETER)
    if row.fresh and medium.layout.status != 0:
        raise Refused(sense.CANNOT_FORMAT)
    return row


def _format_size(medium: SimulatedMedium, row: FormatRow, blocks: int) -> int:
    most = medium.capacity - row.spare
    if blocks in (0, 0xFFFFFFFF):
        return most
    if blocks > most:
        raise Refused(sense.INVALID_PARAMETER)
    # A DVD+RW is told how much is formatted at least, and has all of it in the end.
    return most if row.background else blocks


def _resume(state: State, medium: SimulatedMedium) -> bool:
    """Go on with a format that was stopped half-way; return whether there was one."""
    layout = medium.layout
    if not isinstance(layout, Overwritable) or layout.background != STOPPED:
        return False
    layout.background = GOES_ON
    state.background_until = state.clock() + medium.kind.durations.full
    state.start(medium.kind.durations.flush, sense.FORMATTING)
    return True


def _format(state: State, medium: SimulatedMedium, row: FormatRow, blocks: int) -> None:
    durations = medium.kind.durations
    slow = row.restricted and row.type != QUICK_FORMAT
    seconds = durations.full if slow else durations.quick
    state.buffer.drop()

    def broken() -> None:
        medium.format(row, blocks)
        if isinstance(medium.layout, Overwritable):
            medium.layout.formatted = False

    state.start(seconds, sense.FORMATTING, lambda: medium.format(row, blocks), broken)
    state.background_until = state.clock() + seconds + durations.full


def send_opc(state: State, call: Call) -> bytes:
    """Calibrate the laser; it takes a few seconds, and the host waits."""
    layout = state.disc.layout
    if isinstance(layout, Sequential) and (layout.final or not layout.kind.closing):
        raise Refused(sense.MEDIUM_CLOSED)
    state.clock.sleep(2.0)
    return b""
