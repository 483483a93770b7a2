"""The steps of recordings; which of them a disc needs stands in `drivers.mmc.recording`."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from drivers.mmc import commands
from drivers.mmc.answers import mode_page, parse_buffer_capacity
from drivers.mmc.commands import BLOCK
from drivers.mmc.disc_answers import (
    APPENDABLE,
    FORMAT_STOPPED,
    SESSION_OPEN,
    DiscInformation,
    parse_disc_information,
)
from drivers.mmc.erase import format_medium, resume_format
from drivers.mmc.medium import next_track, write_speeds
from drivers.mmc.parameters import cue_sheet, write_parameters
from drivers.mmc.pieces import Bytes, writes
from drivers.mmc.recording import Close, Method, Step
from drivers.mmc.recording_errors import StillOpen
from drivers.mmc.run import Run, hundredths
from drivers.mmc.unit import Unit, is_refused, is_unknown
from drivers.sense import CommandFailed

_MOST: Final = 64 << 10  # bytes of one write; more of them some bridges do not carry
_LOOKS: Final = 64  # writes from one look at the drive's buffer to the next
_HEAD: Final = 512  # blocks: descriptors and anchor of a volume, and more (ECMA-167 3/8.4.2.1)
_FASTEST: Final = 0xFFFF


def _format(run: Run) -> None:
    looked, told = run.prepared.looked, hundredths(run.progress, "format")
    has = looked.formats.blocks if looked.formats else run.prepared.total
    short = looked.strategy.grows and run.prepared.total > has
    if short or not looked.medium.formatted:
        run.formatting = True
        format_medium(run.unit, looked, told)
    elif looked.disc.background_format == FORMAT_STOPPED:
        resume_format(run.unit, looked, told)


def _set_speed(run: Run) -> None:
    """Ask for a speed; a drive that does not take it writes at its own."""
    wanted = run.prepared.request.speed
    if wanted:
        known = [speed for speed in write_speeds(run.unit) if speed <= wanted]
        wanted = max(known, default=wanted)
    if run.prepared.looked.strategy.streams:
        end = max(run.prepared.looked.medium.capacity - 1, 0)
        run.unit.try_run(commands.set_streaming(end, wanted or 0, wanted or 0))
    else:
        run.unit.try_run(commands.set_cd_speed(wanted or _FASTEST))


def _calibrate(run: Run) -> None:
    if not run.prepared.request.simulate:
        run.unit.try_run(commands.send_opc())


def _set_parameters(run: Run) -> None:
    """Set mode page 05h for the first method that the drive takes.

    All that may be chosen from begin with the same steps, so the run goes on with the next one.
    """
    page = mode_page(run.unit.try_run(commands.mode_sense(0x05)) or b"", 0x05)
    request, refused = run.prepared.request, None
    for method, pauses in _ways(run):
        parameters = write_parameters(
            page, method, request.ending, pauses=pauses, test=request.simulate
        )
        try:
            run.unit.run(commands.mode_select(parameters))
        except CommandFailed as error:
            if not is_refused(error):
                raise
            refused = error
        else:
            run.method = method
            return
    raise refused or AssertionError("a recording without a method")


def _ways(run: Run) -> Iterator[tuple[Method, bool]]:
    """Yield each method with protection from an empty buffer, then without."""
    features = run.prepared.looked.configuration.features
    for method in run.prepared.methods:
        feature = features.get(method.feature)
        if feature is None or feature.has(*method.pauses):
            yield method, True
        yield method, False


def _find_place(run: Run) -> None:
    looked, request = run.prepared.looked, run.prepared.request
    if not run.method.in_order:
        run.start = request.start or 0
        return
    if run.method.pregap:
        return  # It is block 0.
    track = next_track(run.unit, looked.disc)
    if track is None or track.next_writable is None:
        run.refuse("the drive does not say where it would write", "Use another disc")
    run.start, run.track = track.next_writable, track.number
    if request.start is not None and request.start != run.start:
        run.refuse(
            f"the data are made for block {request.start}, and it goes on at {run.start}",
            "Insert the disc that they were made for, or make them anew",
        )


def _send_cue_sheet(run: Run) -> None:
    run.unit.run(commands.send_cue_sheet(cue_sheet(run.prepared.total)))


def _reserve(run: Run) -> None:
    run.unit.run(commands.reserve_track(run.prepared.total))


def write_length(unit: Unit, unit_blocks: int) -> int:
    """Return how many bytes one write has: whole units, where the way to the drive carries one."""
    most = min(unit.transport.largest, _MOST) // BLOCK
    return max(most - most % unit_blocks or most, 1) * BLOCK


def _write_data(run: Run) -> None:
    unit, total = run.unit, run.prepared.total * BLOCK
    length = write_length(unit, run.prepared.looked.strategy.unit)
    began = unit.clock()
    try:
        _write_pregap(run, length)
        # The last block may be cut short in the source: what lacks of it are zeros.
        wanted = run.prepared.request.blocks * BLOCK
        data = writes(_watched(run), length, (wanted - BLOCK, wanted), total)
        if run.method.in_order or run.start:
            _write_on(run, run.start, data)
        else:
            _write_beginning_last(run, data, length)
    finally:
        run.seconds = unit.clock() - began


def _write_beginning_last(run: Run, data: Iterator[Bytes], length: int) -> None:
    """Overwrite a disc so that it begins with zeros until all else is on it.

    Of what was there before a reader finds nothing any more, and of what comes nothing until it is
    whole: a directory that leads to another one's blocks would be taken for a good one. *data* come
    in pieces of *length* bytes.
    """
    head: list[Bytes] = []
    at = 0
    while at < _HEAD and (piece := next(data, b"")):
        head.append(bytes(piece))
        _send(run, at, bytes(len(piece)))
        at += len(piece) // BLOCK
    _write_on(run, at, data)
    run.unit.run_long(commands.synchronize_cache())
    for number in reversed(range(len(head))):
        _write_on(run, number * length // BLOCK, iter(head[number : number + 1]))


def _write_on(run: Run, at: int, data: Iterator[Bytes]) -> None:
    """Write *data* from block *at* on."""
    total = run.prepared.total * BLOCK
    for number, piece in enumerate(data):
        _send(run, at, piece)
        at += len(piece) // BLOCK
        run.written += len(piece) // BLOCK
        run.progress("write", min(run.written * BLOCK, total), total)
        if number % _LOOKS == _LOOKS - 1:
            _look_at_buffer(run)


def _send(run: Run, at: int, piece: Bytes) -> None:
    run.sent = True
    run.unit.run(commands.write(at, piece), whole=True)
    run.taken = True


def _watched(run: Run) -> Iterator[Bytes]:
    """Yield the pieces, and remember when it was they that failed."""
    run.source_failed = True
    for piece in run.pieces:
        run.source_failed = False
        yield piece
        run.source_failed = True
    run.source_failed = False


def _write_pregap(run: Run, length: int) -> None:
    at, most = -run.method.pregap, length // BLOCK
    while at < 0:
        blocks = min(most, -at)
        _send(run, at, bytes(blocks * BLOCK))
        at += blocks


def _look_at_buffer(run: Run) -> None:
    buffer = parse_buffer_capacity(run.unit.try_run(commands.read_buffer_capacity()) or b"")
    if buffer:
        filled = 1 - buffer.empty / buffer.size
        run.lowest_buffer = min(filled, filled if run.lowest_buffer is None else run.lowest_buffer)


def _flush(run: Run) -> None:
    began = run.unit.clock()
    run.unit.run_long(commands.synchronize_cache(), hundredths(run.progress, "flush"))
    run.seconds += run.unit.clock() - began


def _close(run: Run) -> None:
    if run.prepared.request.simulate:
        return  # Nothing was written that could be closed.
    for row in run.method.closing:
        if _applies(run, row):
            _close_one(run, row)


def _applies(run: Run, row: Close) -> bool:
    if row.when == "incomplete":
        return disc_information(run.unit).last_session == SESSION_OPEN
    return row.when in ("always", run.prepared.request.ending)


def _close_one(run: Run, row: Close) -> None:
    told = hundredths(run.progress, "close")
    *before, last = row.functions
    for function in before:
        try:
            run.unit.run_long(commands.close(function, run.track * row.track), told)
        except CommandFailed as error:
            if not is_unknown(error):
                raise
        else:
            return
    run.unit.run_long(commands.close(last, run.track * row.track), told)


def _confirm(run: Run) -> None:
    """Ask the drive whether the disc is as it was to be."""
    if run.prepared.request.simulate or not run.method.in_order:
        return
    disc = disc_information(run.unit)
    if is_open(disc) and run.prepared.request.ending == "finalize":
        raise StillOpen(
            "the drive has written all, and the disc is not closed for all that",
            run.unit.name,
            "Write to a new disc; use another drive if it happens again",
        )


def disc_information(unit: Unit) -> DiscInformation:
    """Ask how the disc is now."""
    return parse_disc_information(unit.run(commands.read_disc_information()))


def is_open(disc: DiscInformation) -> bool:
    """Return whether more can be, or still has to be, written to the disc."""
    return disc.status <= APPENDABLE or disc.last_session == SESSION_OPEN


STEPS: Final[Mapping[Step, Callable[[Run], None]]] = MappingProxyType(
    {
        "format": _format,
        "speed": _set_speed,
        "calibrate": _calibrate,
        "parameters": _set_parameters,
        "place": _find_place,
        "cue sheet": _send_cue_sheet,
        "reserve": _reserve,
        "data": _write_data,
        "flush": _flush,
        "close": _close,
        "confirm": _confirm,
    }
)
