"""One recording from its first step to its last, and the truth about the disc where it fails."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from drivers.mmc import commands
from drivers.mmc.disc_answers import BLANK, DiscInformation
from drivers.mmc.pieces import Bytes
from drivers.mmc.recording import Step
from drivers.mmc.recording_errors import NoMedium, StillOpen, WriteFailed
from drivers.mmc.recording_facts import WrittenDisc
from drivers.mmc.request import Prepared
from drivers.mmc.run import Run
from drivers.mmc.steps import STEPS, disc_information, is_open
from drivers.mmc.unit import Unit
from drivers.sense import DATA_PROTECT, ILLEGAL_REQUEST, NOT_READY, CommandFailed
from drivers.transport import CHECK_CONDITION, DeviceGone, TimedOut, TransportFailed
from reporting import FilmjacketError, Progress

# From here to there another medium, or a reset of the drive, is the end of the recording.
_BOUND: Final[frozenset[Step]] = frozenset(("cue sheet", "reserve", "data", "flush"))
_SETTLING: Final = 60.0  # seconds that a failed recording may take to come to rest
_OF_THE_DRIVE: Final = (CommandFailed, TransportFailed, NoMedium, StillOpen)
_NO_MEDIUM: Final = 0x3A
_LEFT: Final = {
    True: "the disc is not closed, and readers do not open it",
    False: "what is on the disc is not complete",
    None: "what is on the disc now is not known",
}


def begin(unit: Unit, prepared: Prepared, pieces: Iterable[Bytes], progress: Progress) -> Run:
    """Return a recording that has not begun."""
    method = prepared.methods[0]
    step = method.steps[0]
    return Run(unit, prepared, pieces, progress, method, step, unit.waits, unit.recovered)


def finish(run: Run) -> WrittenDisc:
    """Go through all steps.

    Raises:
        WriteFailed: the drive or the medium failed; it says what is on the disc.
        MediumRefused: it turned out that the medium will not do; nothing was written.
        Whatever the pieces raise, and KeyboardInterrupt: an error of ours then has the disc in
            its details.
    """
    try:
        _go(run)
    except BaseException as error:
        run.left = run.disc(complete=False, session_open=None)  # should settling be broken off
        disc = run.left = _settle(run, error)
        if isinstance(error, _OF_THE_DRIVE) and not run.source_failed:
            raise _failure(run, error, disc) from error
        if isinstance(error, FilmjacketError):
            error.details["disc"] = disc._asdict()
        raise
    finally:
        run.unit.writing = False
    run.left = run.disc(complete=True, session_open=_stays_open(run))
    return run.left


def _go(run: Run) -> None:
    # By number: the step "parameters" may change to another method that begins in the same way.
    position = 0
    while position < len(run.method.steps):
        run.stage = run.method.steps[position]
        run.unit.writing = run.stage in _BOUND
        run.recording = run.recording or run.unit.writing
        STEPS[run.stage](run)
        position += 1


def _stays_open(run: Run) -> bool:
    request = run.prepared.request
    return run.method.in_order and (request.ending == "open" or request.simulate)


def _settle(run: Run, error: BaseException) -> WrittenDisc:
    """Bring a recording that failed to rest, and return what is on the disc.

    The session is left as it is: a recording that ended early must not look like a finished one.
    """
    run.unit.writing = False
    if not run.touched:
        was_open = run.prepared.looked.medium.state in ("blank", "appendable")
        return run.disc(complete=False, session_open=was_open)
    if _is_out_of_reach(error):
        return run.disc(complete=False, session_open=None)
    with suppress(FilmjacketError):  # It has failed already; why is told.
        flush = commands.synchronize_cache()
        run.unit.run_long(flush._replace(timeout=_SETTLING, patience=_SETTLING))
    opened: bool | None = None
    with suppress(FilmjacketError):
        disc = disc_information(run.unit) if run.method.in_order else None
        opened = disc is not None and is_open(disc)
        run.recording = run.recording and _is_begun(run, error, disc)
    return run.disc(complete=False, session_open=opened)


def _is_begun(run: Run, error: BaseException, disc: DiscInformation | None) -> bool:
    """Return whether something of the recording may be on the disc, whatever was taken of it."""
    if run.taken or (disc is not None and disc.status != BLANK):
        return True
    # What a drive refuses it does not begin; of what it failed at, something may be there.
    return run.sent and not (isinstance(error, CommandFailed) and _is_refusal(error))


def _is_refusal(error: CommandFailed) -> bool:
    sense = error.sense
    if sense is None:
        return error.status != CHECK_CONDITION
    return not sense.deferred and sense.key in (ILLEGAL_REQUEST, DATA_PROTECT)


def _is_out_of_reach(error: BaseException) -> bool:
    """Return whether nothing would come of asking the drive any more."""
    if isinstance(error, CommandFailed) and error.sense:
        return (error.sense.key, error.sense.asc) == (NOT_READY, _NO_MEDIUM)
    return isinstance(error, DeviceGone | TimedOut | NoMedium)


def _failure(run: Run, error: FilmjacketError, disc: WrittenDisc) -> WriteFailed:
    wanted = run.prepared.request.blocks
    state = _LEFT[disc.session_open] if run.touched else "the disc is as it was"
    return WriteFailed(
        f"{error.what}; {disc.blocks} of {wanted} blocks were written, {state}",
        error.where,
        error.remedy,
        disc,
    )
