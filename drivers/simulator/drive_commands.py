"""Commands about the drive itself: identity, features, mode pages, tray, speed (SPC-4, MMC-6)."""

from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Refused, pack
from drivers.simulator.features import configuration
from drivers.simulator.overwritable import GOES_ON, Overwritable
from drivers.simulator.state import EJECT_REQUEST, NO_CHANGE, Call, State

SERIAL: Final = b"SIMULATED001"
_INQUIRY: Final = (
    # Optical, removable, SPC-3, response format 2, 31 bytes follow (SPC-4 6.4.2).
    bytes((0x05, 0x80, 0x05, 0x02, 31, 0, 0, 0)) + b"FILMJKT SIMULATED DRIVE 1.0 "
)
_READ_SPEED: Final = 8467  # kB/s of a CD at 48 times
_MEDIA, _BUSY_CLASS = 4, 6  # classes of GET EVENT STATUS (6.6)
_MEDIA_BIT, _BUSY_BIT = 1 << _MEDIA, 1 << _BUSY_CLASS


def test_unit_ready(state: State, call: Call) -> bytes:
    state.disc  # noqa: B018 (it refuses where none is ready)
    return b""


def request_sense(state: State, call: Call) -> bytes:
    """Tell the error before, or how far a long operation is (SPC-4, REQUEST SENSE)."""
    told, state.pending = state.pending, None
    if told is None and state.attentions:
        told = Refused(state.attentions.popleft())
    if told is None and state.busy is not None:
        told = Refused(state.busy.condition, progress=state.busy.progress(state.clock()))
    told = told or _background(state) or Refused(sense.NOTHING)
    return pack(told, descriptors=bool(call.cdb[1] & 1))[: call.number(4)]


def _background(state: State) -> Refused | None:
    """Return how far a format in the background is (6.4)."""
    medium = state.present
    if medium is None or not isinstance(medium.layout, Overwritable):
        return None
    if medium.layout.background != GOES_ON:
        return None
    left = max(state.background_until - state.clock(), 0.0)
    whole = medium.kind.durations.full
    return Refused(sense.Condition(0, 0x04, 0x04), progress=1 - min(left / whole, 1.0))


def inquiry(state: State, call: Call) -> bytes:
    if not call.cdb[1] & 1:
        if call.cdb[2]:
            raise Refused(sense.INVALID_FIELD)
        return _INQUIRY[: call.number(3, 2)]
    pages = {0x00: b"\x00\x80", 0x80: SERIAL}
    page = pages.get(call.cdb[2])
    if page is None:
        raise Refused(sense.INVALID_FIELD)
    return (bytes((0x05, call.cdb[2], 0, len(page))) + page)[: call.number(3, 2)]


def get_configuration(state: State, call: Call) -> bytes:
    answer = configuration(state.present, call.cdb[1] & 3, call.number(2, 2))
    return answer[: call.number(7, 2)]


def get_event_status(state: State, call: Call) -> bytes:
    """Tell one event by polling (6.6); waiting for one is not offered."""
    if not call.cdb[1] & 1:
        raise Refused(sense.INVALID_FIELD)
    wanted = call.cdb[4]
    if wanted & _MEDIA_BIT:
        event, state.event = state.event, NO_CHANGE
        inside = state.medium is not None and not state.tray_open
        status = state.tray_open | inside << 1
        head, body = _MEDIA, bytes((event, status, 0, 0))
    elif wanted & _BUSY_BIT:
        left = 0
        if state.busy is not None:
            left = min(int((state.busy.until - state.clock()) * 10), 0xFFFF)  # tenths of a second
        head, body = _BUSY_CLASS, bytes((left > 0, left > 0)) + left.to_bytes(2, "big")
    else:
        head, body = 0x80, b""  # NEA: none of these classes is known here
    answer = (len(body) + 2).to_bytes(2, "big") + bytes((head, _MEDIA_BIT | _BUSY_BIT)) + body
    return answer[: call.number(7, 2)]


def mode_sense(state: State, call: Call) -> bytes:
    pages = state.pages.get(call.cdb[2] & 0x3F, call.cdb[2] >> 6, capabilities(state))
    medium = state.present
    protected = 0x80 if medium is not None and medium.protected else 0
    header = (len(pages) + 6).to_bytes(2, "big") + bytes((0, protected, 0, 0, 0, 0))
    return (header + pages)[: call.number(7, 2)]


def mode_select(state: State, call: Call) -> bytes:
    data = bytes(call.data[: call.number(7, 2)])
    if len(data) < 8:
        raise Refused(sense.INVALID_PARAMETER)
    state.pages.set(data[8 + int.from_bytes(data[6:8], "big") :])
    state.dry = None  # Other parameters begin another recording.
    return b""


def capabilities(state: State) -> bytes:
    """Return page 2Ah (MMC-3 annex E.3), which drives and hosts still speak by."""
    medium = state.present
    speeds = medium.kind.speeds if medium else ()
    now = next((s for s in speeds if not state.speed or s <= state.speed), 0)
    head = bytes((0x3F, 0x3F, 0xF1, 0x73, 0x29 | state.prevented << 1, 0x23))
    body = head + _words(_READ_SPEED, 0, state.buffer.size >> 10, _READ_SPEED)
    body += b"\0\0" + _words(max(speeds, default=0), now, 1, 0, 1, now, len(speeds))
    body += b"".join(_words(0, speed) for speed in speeds)
    return bytes((0x2A, len(body))) + body


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def get_performance(state: State, call: Call) -> bytes:
    """Tell speeds: type 0 as a range of the medium, type 3 as what writing can be set to (6.8)."""
    most, type_ = call.number(8, 2), call.cdb[10]
    medium = state.present
    if type_ == 0x03:
        rows = _write_speeds(state)
    elif type_ == 0x00:
        rows = _nominal(state) if medium else []
    else:
        raise Refused(sense.INVALID_FIELD)
    # The length tells of all there is; as many rows come as the host has room for (6.8).
    head = (4 + sum(map(len, rows))).to_bytes(4, "big") + bytes(4)
    return head + b"".join(rows[:most])


def _write_speeds(state: State) -> list[bytes]:
    medium = state.present
    if medium is None:
        return []
    end = medium.capacity
    return [_longs(0, end, speed, speed) for speed in medium.kind.speeds]


def _nominal(state: State) -> list[bytes]:
    speed = int(state.rate / 1000)
    return [_longs(0, speed, state.disc.capacity, speed)]


def _longs(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def set_cd_speed(state: State, call: Call) -> bytes:
    speed = call.number(4, 2)
    state.speed = None if speed in (0, 0xFFFF) else speed
    return b""


def set_streaming(state: State, call: Call) -> bytes:
    """Take a speed (SET STREAMING, the performance descriptor): kB in a time in milliseconds."""
    row = bytes(call.data)
    if len(row) < 28:
        raise Refused(sense.INVALID_PARAMETER)
    if row[0] & 0x04:  # RDD: back to the drive's own
        state.speed = None
        return b""
    size, time = int.from_bytes(row[20:24], "big"), int.from_bytes(row[24:28], "big")
    if not time:
        raise Refused(sense.INVALID_PARAMETER)
    state.speed = size * 1000 // time or None
    return b""


def start_stop(state: State, call: Call) -> bytes:
    """Start, stop, load or eject."""
    move, start = call.cdb[4] & 2, call.cdb[4] & 1
    if not move:
        return b""
    if start:
        if state.tray_open:
            state.insert(state.medium)
        return b""
    if state.prevented:
        raise Refused(sense.REMOVAL_PREVENTED)
    _open_tray(state)
    state.attend()
    return b""


def _open_tray(state: State) -> None:
    state.settle()  # What the drive has taken is on the disc before that comes out.
    state.tray_open = True


def prevent_removal(state: State, call: Call) -> bytes:
    state.prevented = bool(call.cdb[4] & 1)
    return b""


def mechanism_status(state: State, call: Call) -> bytes:
    """Tell the tray, and no slots."""
    answer = bytes((0, 0x10 if state.tray_open else 0, 0, 0, 0, 0, 0, 0))
    return answer[: call.number(8, 2)]


def read_buffer_capacity(state: State, call: Call) -> bytes:
    state.disc  # noqa: B018 (it refuses where none is ready)
    answer = b"\x00\x0a\x00\x00" + _longs(state.buffer.size, state.buffer.room)
    return answer[: call.number(7, 2)]


def report_luns(state: State, call: Call) -> bytes:
    return (b"\x00\x00\x00\x08" + bytes(12))[: call.number(6, 4)]


def press_button(state: State) -> bool:
    """Do what the eject button does; a locked drive only tells the host (6.6)."""
    if state.prevented:
        state.event = EJECT_REQUEST
        return False
    _open_tray(state)
    return True
