"""Commands that tell about the disc: information, tracks, tables, capacities, structures."""

from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Refused
from drivers.simulator.kinds import Kind
from drivers.simulator.medium import SimulatedMedium
from drivers.simulator.overwritable import Overwritable
from drivers.simulator.sequential import AT_ONCE, INCREMENTAL, PREGAP, Sequential, Track
from drivers.simulator.state import Call, State
from drivers.simulator.surface import BLOCK

_FRAMES: Final = 75
_LEAD_IN: Final = bytes((0x61, 0x22, 0x17))  # ATIP start of lead-in: 97:34:23
_DATA, _LEAD_OUT_TRACK = 0x14, 0xAA  # ADR 1 and CONTROL of an uninterrupted data track
_IDENTIFIER: Final = 0x46494C4D
_UNFORMATTED, _FORMATTED = 1, 2  # descriptor types (6.24)


def msf(lba: int) -> bytes:
    """Return minute, second and frame of a CD's address (MMC-6 4.3)."""
    minutes, rest = divmod(lba + PREGAP, 60 * _FRAMES)
    return bytes((minutes & 0xFF, rest // _FRAMES, rest % _FRAMES))


def read_disc_information(state: State, call: Call) -> bytes:
    """Tell the state of the disc (6.22)."""
    if call.cdb[1] & 7:
        raise Refused(sense.INVALID_FIELD)
    medium = state.disc
    layout = state.layout
    answer = bytearray(34)
    answer[1] = 32
    answer[2] = _erasable(medium) << 4 | layout.last_session << 2 | layout.status
    answer[3] = answer[4] = answer[5] = answer[6] = 1
    if isinstance(layout, Sequential):
        _tell_sessions(answer, layout)
    else:
        answer[7] = layout.background
    _tell_ends(answer, medium, layout)
    return bytes(answer)[: call.number(7, 2)]


def _erasable(medium: SimulatedMedium) -> bool:
    return medium.kind.erasable and bool(medium.kind.closing or medium.kind.formats)


def _tell_sessions(answer: bytearray, layout: Sequential) -> None:
    last = layout.sessions
    numbers = [t.number for t in layout.tracks if t.session == last] or [1]
    answer[4], answer[9] = last & 0xFF, last >> 8
    answer[5], answer[10] = numbers[0] & 0xFF, numbers[0] >> 8
    answer[6], answer[11] = numbers[-1] & 0xFF, numbers[-1] >> 8


def _tell_ends(
    answer: bytearray, medium: SimulatedMedium, layout: Sequential | Overwritable
) -> None:
    """Tell type of disc and, on CD, where the next lead-in and the last lead-out can be."""
    blank = layout.status == 0
    answer[8] = 0xFF if blank and isinstance(layout, Sequential) else 0x00
    answer[16:24] = b"\xff" * 8
    if medium.kind.family == "cd" and isinstance(layout, Sequential) and not layout.final:
        start = layout.tracks[-1].start - PREGAP - 4_500
        answer[16:20] = b"\0" + (_LEAD_IN if not layout.lead_outs else msf(start))
        answer[20:24] = b"\0" + msf(layout.capacity)
    elif medium.kind.family != "cd":
        answer[16:24] = bytes(8)
    if medium.kind.family == "minus" and not blank:
        answer[7] |= 0x80
        answer[12:16] = _IDENTIFIER.to_bytes(4, "big")


def read_track_information(state: State, call: Call) -> bytes:
    """Tell one track, by address, number or session (6.27)."""
    kind, number = call.cdb[1] & 3, call.number(2, 4)
    layout, medium = state.layout, state.disc
    if isinstance(layout, Overwritable):
        if number > 1 and kind:
            raise Refused(sense.INVALID_FIELD)
        return _fixed_track(layout)[: call.number(7, 2)]
    track = _find(layout, kind, number, call.address(2))
    if track is None:
        raise Refused(sense.INVALID_FIELD)
    at_once = AT_ONCE if medium.kind.family != "cd" else state.pages.write_type
    write_type = state.pages.write_type if medium.kind.family == "minus" else at_once
    return _track(layout, track, write_type)[: call.number(7, 2)]


def _find(layout: Sequential, kind: int, number: int, address: int) -> Track | None:
    if kind == 0:
        return layout.track_at(address)
    if kind == 1 and number == 0xFF:
        return layout.open_track  # "invisible" or incomplete (6.27)
    if kind == 1:
        return next((t for t in layout.tracks if t.number == number), None)
    if kind == 2:
        return next((t for t in layout.tracks if t.session == number), None)
    return None


def _track(layout: Sequential, track: Track, write_type: int) -> bytes:
    answer = bytearray(48)
    answer[1] = 46
    answer[2], answer[32] = track.number & 0xFF, track.number >> 8
    answer[3], answer[33] = track.session & 0xFF, track.session >> 8
    blank = track.blank and not track.closed
    packets = layout.kind.family == "minus" and write_type == INCREMENTAL
    mode = 7 if blank and not packets else 5 if packets else 4
    answer[5] = track.damaged << 5 | mode
    answer[6] = (track.limit is not None) << 7 | blank << 6 | packets << 5 | 1
    place = layout.next_writable(track, write_type)
    answer[7] = (place is not None) | (not blank) << 1
    answer[8:12] = _signed(track.start)
    answer[12:16] = _signed(place or 0)
    answer[16:20] = _signed(layout.free(track, write_type))
    answer[20:24] = _signed(16 if packets else 0)
    answer[24:28] = _signed(layout.size(track))
    answer[28:32] = _signed(0 if blank else track.end - 1)
    return bytes(answer)


def _fixed_track(layout: Overwritable) -> bytes:
    """Return the one track that a disc without tracks is told to have (6.27)."""
    answer = bytearray(48)
    answer[1], answer[2], answer[3] = 46, 1, 1
    answer[5], answer[6] = 4, 1 | (not layout.formatted) << 6
    answer[24:28] = _signed(max(layout.last_block + 1, 0))
    if layout.edge is not None:
        answer[7] = 1
        answer[12:16], answer[16:20] = _signed(layout.edge), _signed(layout.blocks - layout.edge)
    return bytes(answer)


def _signed(number: int) -> bytes:
    return number.to_bytes(4, "big", signed=True)


def read_toc(state: State, call: Call) -> bytes:
    """Tell tables of contents (6.26)."""
    format_ = call.cdb[2] & 0x0F or call.cdb[9] >> 6  # older hosts put it there (SFF-8020i)
    formats = {0: _toc, 1: _sessions, 2: _full_toc, 3: _memory, 4: _atip, 5: _cd_text}
    if format_ not in formats:
        raise Refused(sense.INVALID_FIELD)
    body = formats[format_](state, call)
    return ((len(body)).to_bytes(2, "big") + body)[: call.number(7, 2)]


def _closed_tracks(state: State) -> tuple[list[Track], int]:
    """Return the tracks that a reader sees, and the lead-out behind them."""
    layout = state.layout
    if isinstance(layout, Overwritable):
        if not layout.formatted:
            raise Refused(sense.INVALID_FIELD)
        return [layout.track], layout.blocks
    if not layout.lead_outs:
        raise Refused(sense.INVALID_FIELD)
    tracks = [t for t in layout.tracks if t.session <= len(layout.lead_outs)]
    return tracks, layout.lead_outs[-1]


def _toc(state: State, call: Call) -> bytes:
    tracks, lead_out = _closed_tracks(state)
    first = call.cdb[6]
    rows = [(t.number, t.start) for t in tracks if t.number >= first]
    if first > tracks[-1].number and first != _LEAD_OUT_TRACK:
        raise Refused(sense.INVALID_FIELD)
    as_msf = bool(call.cdb[1] & 2)
    body = b"".join(
        bytes((0, _DATA, number & 0xFF, 0)) + (b"\0" + msf(at) if as_msf else _signed(at))
        for number, at in [*rows, (_LEAD_OUT_TRACK, lead_out)]
    )
    return bytes((tracks[0].number & 0xFF, tracks[-1].number & 0xFF)) + body


def _sessions(state: State, call: Call) -> bytes:
    tracks, _ = _closed_tracks(state)
    last = tracks[-1].session
    first = next(t for t in tracks if t.session == last)
    at = b"\0" + msf(first.start) if call.cdb[1] & 2 else _signed(first.start)
    return bytes((1, last & 0xFF, 0, _DATA, first.number & 0xFF, 0)) + at


def _full_toc(state: State, call: Call) -> bytes:
    """Return what is in the lead-ins (6.26), or what a drive makes of it on DVD and BD."""
    tracks, _ = _closed_tracks(state)
    layout, rows = state.layout, []
    ends = layout.lead_outs if isinstance(layout, Sequential) else [layout.blocks]
    for session, lead_out in enumerate(ends, 1):
        own = [t for t in tracks if t.session == session]
        rows += [
            _row(session, 0xA0, bytes((own[0].number & 0xFF, 0, 0))),
            _row(session, 0xA1, bytes((own[-1].number & 0xFF, 0, 0))),
            _row(session, 0xA2, msf(lead_out)),
            *(_row(session, t.number & 0xFF, msf(t.start)) for t in own),
        ]
    return bytes((1, len(ends) & 0xFF)) + b"".join(rows)


def _row(session: int, point: int, address: bytes) -> bytes:
    return bytes((session & 0xFF, _DATA, 0, point, 0, 0, 0, 0)) + address


def _memory(state: State, call: Call) -> bytes:
    """Return the program memory area of a CD (6.26): the tracks of the open session."""
    layout = state.layout
    if state.kind.family != "cd" or not isinstance(layout, Sequential):
        raise Refused(sense.INVALID_FIELD)
    done = [t for t in layout.tracks if t.closed]
    return b"\0\0" + b"".join(
        bytes((0, _DATA, 0, t.number)) + msf(t.end) + b"\0" + msf(t.start) for t in done
    )


def _atip(state: State, call: Call) -> bytes:
    """Return what is pressed into the groove of a recordable CD (6.26)."""
    kind = state.kind
    if kind.family != "cd" or not kind.closing:
        raise Refused(sense.INVALID_FIELD)
    # CD-RW of the "high speed" kind; a writer refuses the faster kinds where it is too old.
    type_ = 0xC8 if kind.erasable else 0x98
    head = bytes((0, 0, 0xC0, 0, type_, 0))
    return head + _LEAD_IN + b"\0" + msf(state.disc.capacity) + bytes(13)


def _cd_text(state: State, call: Call) -> bytes:
    if state.kind.family != "cd":
        raise Refused(sense.INVALID_FIELD)
    _closed_tracks(state)
    return b"\0\0"  # there is none


def read_capacity(state: State, call: Call) -> bytes:
    state.disc  # noqa: B018 (it refuses where none is ready)
    return max(state.layout.last_block, 0).to_bytes(4, "big") + BLOCK.to_bytes(4, "big")


def read_format_capacities(state: State, call: Call) -> bytes:
    """Tell what the medium is formatted to, and can be (6.24)."""
    medium = state.disc
    layout = medium.layout
    if isinstance(layout, Overwritable):
        blocks, ready = layout.blocks, layout.formatted
    else:
        blocks, ready = layout.capacity, layout.status != 0 or layout.formatted
    rows = (blocks if ready else medium.capacity).to_bytes(4, "big")
    rows += bytes((_FORMATTED if ready else _UNFORMATTED,)) + BLOCK.to_bytes(3, "big")
    untouched = isinstance(layout, Sequential) and layout.status == 0
    for row in medium.kind.formats:
        if untouched or not row.fresh:
            most = medium.capacity - row.spare
            rows += most.to_bytes(4, "big") + bytes((row.type << 2,))
            rows += row.parameter.to_bytes(3, "big")
    return (bytes((0, 0, 0, len(rows))) + rows)[: call.number(7, 2)]


def read_disc_structure(state: State, call: Call) -> bytes:
    """Tell what is recorded in the control area (6.23): physical format, media identifier."""
    kind, format_, blu_ray = state.kind, call.cdb[7], call.cdb[1] & 0x0F == 1
    is_bd = kind.family == "bd" or kind.profile == 0x43
    if kind.family == "cd":
        raise Refused(sense.WRONG_MEDIUM)
    if format_ == 0xFF:
        body = b"\x00\x40" + (4 if is_bd else 2052).to_bytes(2, "big")
    elif format_ != 0x00 or blu_ray != is_bd:
        raise Refused(sense.INVALID_FIELD)
    else:
        body = _disc_information(kind) if is_bd else _physical(kind, state)
    return ((len(body) + 2).to_bytes(2, "big") + b"\0\0" + body)[: call.number(8, 2)]


def _physical(kind: Kind, state: State) -> bytes:
    """Return physical format information of a DVD (6.23)."""
    start = 0x031000 if kind.name == "dvd-ram" else 0x030000  # (ECMA-330; others)
    end = start + state.disc.capacity - 1
    row = bytearray(2048)
    row[0] = (kind.book & 0xF0) | (kind.book & 0x0F)
    row[1] = 0x0F  # 120 mm, no rate stated
    row[2] = (kind.layers - 1) << 5 | (0x04 if kind.erasable else 0x02)
    row[4:8], row[8:12] = start.to_bytes(4, "big"), end.to_bytes(4, "big")
    if kind.layers > 1:
        middle = start + state.disc.capacity // kind.layers - 1
        row[12:16] = middle.to_bytes(4, "big")
    return bytes(row)


def _disc_information(kind: Kind) -> bytes:
    """Return one unit of BD disc information (6.23)."""
    row = bytearray(4096)
    row[0:2], row[2] = b"DI", 1
    row[8:11] = b"BDW" if kind.erasable else b"BDR"
    row[12] = kind.layers << 4
    row[100:106] = b"SIMULA"
    return bytes(row)
