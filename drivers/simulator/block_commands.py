"""Commands that move blocks: READ, WRITE, VERIFY, SYNCHRONIZE CACHE (MMC-6 6)."""

from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Refused
from drivers.simulator.overwritable import Overwritable
from drivers.simulator.sequential import AT_ONCE, Sequential
from drivers.simulator.state import Call, State
from drivers.simulator.surface import BLOCK

_USER_DATA: Final = 0x10  # all that READ CD gives here
_ANY, _MODE_1 = 0, 2  # expected sector types


def extent(cdb: bytes) -> tuple[int, int]:
    """Return the first block and the number of blocks that a command moves."""
    start = int.from_bytes(cdb[2:6], "big", signed=True)
    length = {0xA8: (6, 10), 0xAA: (6, 10), 0xBE: (6, 9)}.get(cdb[0], (7, 9))
    return start, int.from_bytes(cdb[slice(*length)], "big")


def read(state: State, call: Call) -> bytes:
    lba, blocks = extent(call.cdb)
    return _read(state, lba, blocks)


def _read(state: State, lba: int, blocks: int) -> bytes:
    medium = state.disc
    if state.buffer.filled:
        state.clock.sleep(state.settle())
    refused = medium.layout.unreadable(lba, blocks) if blocks else None
    if refused is not None:
        good = max((refused.information or lba) - lba, 0) if refused.information is not None else 0
        refused.data = medium.surface.read(lba, good)
        raise refused
    return medium.surface.read(lba, blocks)


def read_cd(state: State, call: Call) -> bytes:
    """Read a CD's blocks without their headers."""
    if state.kind.family != "cd" or call.cdb[1] >> 2 & 7 not in (_ANY, _MODE_1):
        raise Refused(sense.WRONG_MODE)
    if call.cdb[9] != _USER_DATA:
        raise Refused(sense.INVALID_FIELD)
    lba, blocks = extent(call.cdb)
    return _read(state, lba, blocks)


def verify(state: State, call: Call) -> bytes:
    lba, blocks = extent(call.cdb)
    _read(state, lba, blocks)
    return b""


def seek(state: State, call: Call) -> bytes:
    state.disc  # noqa: B018 (it refuses where none is ready)
    return b""


def write(state: State, call: Call) -> bytes:
    """Take blocks into the memory of the drive."""
    medium = state.disc
    lba, blocks = extent(call.cdb)
    if medium.protected:
        raise Refused(sense.PROTECTED)
    if len(call.data) != blocks * BLOCK:
        raise Refused(sense.ABORTED)
    if not blocks:
        return b""
    rehearse(state)
    if not medium.kind.speeds:
        raise Refused(sense.MEDIUM_CLOSED)
    _take(state, lba, blocks, call)
    return b""


def rehearse(state: State) -> None:
    """Go on with a copy of the disc where mode page 05h asks for a test (7.5.4)."""
    layout = state.disc.layout
    tests = isinstance(layout, Sequential) and layout.kind.family in ("cd", "minus")
    if state.dry is None and state.pages.test and tests and isinstance(layout, Sequential):
        state.dry = layout.rehearsal()


def write_type(state: State) -> int:
    """Return how the next blocks are written; DVD+R and BD-R know one way (7.5.4)."""
    return state.pages.write_type if state.kind.family in ("cd", "minus") else 0


def _take(state: State, lba: int, blocks: int, call: Call) -> None:
    layout, way = state.layout, write_type(state)
    if isinstance(layout, Overwritable):
        layout.place(lba, blocks)
        _make_room(state, blocks)
        layout.took(lba, blocks)
    else:
        if layout.kind.family == "cd" and way != AT_ONCE and not state.pages.is_data:
            raise Refused(sense.WRONG_MODE)
        track = layout.place(lba, blocks, way)
        _make_room(state, blocks)
        layout.took(track, lba, blocks)
        state.stream()
    state.buffer.put(lba, bytes(call.data))


def _make_room(state: State, blocks: int) -> None:
    lacking = min(blocks * BLOCK, state.buffer.size) - state.buffer.room
    if lacking <= 0:
        return
    if not state.waits:
        raise Refused(sense.LONG_WRITE)
    state.clock.sleep(lacking / state.rate)
    state.catch_up()


def synchronize_cache(state: State, call: Call) -> bytes:
    """Record what waits, and end what ends with it: packet, track or session at once."""
    medium = state.disc
    seconds = state.buffer.filled / state.rate + medium.kind.durations.flush
    layout = state.layout
    if isinstance(layout, Sequential) and layout.is_whole:
        seconds += medium.kind.durations.session

    def finish() -> None:
        state.settle()
        state.recording = False
        if isinstance(state.layout, Sequential):
            state.layout.flush(write_type(state), stays_open=state.pages.stays_open)
        state.dry = None

    state.start(seconds, sense.LONG_WRITE, finish)
    return b""
