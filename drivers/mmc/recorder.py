"""An optical drive as the house uses it: look, write, read, erase, move the tray."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

from drivers.closing import ClosesItself
from drivers.mmc import commands
from drivers.mmc.answers import parse_media_event
from drivers.mmc.burn import begin, finish
from drivers.mmc.commands import BLOCK
from drivers.mmc.disc_answers import TocEntry, parse_last_session, parse_toc
from drivers.mmc.erase import blank, format_medium
from drivers.mmc.medium import Looked, describe, look, readable_blocks, wait_for_medium
from drivers.mmc.pieces import Bytes
from drivers.mmc.read import read
from drivers.mmc.recording import STRATEGIES
from drivers.mmc.recording_errors import (
    MediumRefused,
    NoMedium,
    StillOpen,
    TookTooLong,
    UnreadableBlocks,
    WriteFailed,
)
from drivers.mmc.recording_facts import Drive, Ending, Medium, WrittenDisc
from drivers.mmc.request import Request, prepare
from drivers.mmc.run import hundredths
from drivers.mmc.unit import Unit
from drivers.sense import CommandFailed
from drivers.transport import DeviceGone, Transport
from reporting import FilmjacketError, Progress, silent

Tray = Literal["open", "empty", "loaded"]
_PATIENCE: Final = 30.0  # seconds that a drive may look at a new medium
_SHORT: Final = 10.0  # seconds for the last attempt to have a medium let out
STILL_LOCKED: Final = (
    "The drive still holds the disc: switch it off and on (or take out its cable), then eject"
)


class Recorder(ClosesItself):
    """A drive. Close it, or use it as a context; it is not locked when it is left.

    All methods raise CommandFailed (the drive refused or failed), NoMedium and TransportFailed
    (the drive is gone or does not answer), with what the operator can do.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._unit = Unit(transport, clock, sleep)
        self._locked = self._is_held = False
        self.left: WrittenDisc | None = None  # what the last recording left, even a failed one

    @property
    def name(self) -> str:
        return self._unit.name

    def close(self) -> None:
        """Unlock the drive if it is locked, and let it go."""
        try:
            if self._locked:
                self._unlock_if_there()
        finally:
            self._unit.transport.close()

    @property
    def locked(self) -> bool:
        """Whether the drive was told to hold its medium, and could not be told to let it go."""
        return self._locked

    def drive(self) -> Drive:
        """Say what the drive is and can do; no medium is needed."""
        return describe(self._unit)

    def tray(self) -> Tray:
        """Say whether there is a medium, without waiting for it to become ready."""
        event = parse_media_event(self._unit.try_run(commands.get_event_status()) or b"")
        if event:
            # Some see the disc that lies in an open tray; it can be used no more than none.
            return "open" if event.tray_open else "loaded" if event.present else "empty"
        try:
            self._unit.run(commands.test_unit_ready()._replace(patience=0))
        except NoMedium as error:
            return "open" if "open" in error.what else "empty"
        except TookTooLong:
            return "loaded"
        return "loaded"

    def medium(self, *, patience: float = _PATIENCE) -> Medium:
        """Wait until the medium is ready, and say what it is.

        Raises:
            NoMedium: there is none.
            TookTooLong: it is not ready after *patience* seconds.
        """
        return self._look(patience).medium

    def readable(self) -> int:
        """Return behind which block a reader finds the end of the medium; 0: the drive is silent.

        What was formatted quickly ends where the data do, however much more could be written.
        """
        return readable_blocks(self._unit)

    def _look(self, patience: float = _PATIENCE) -> Looked:
        wait_for_medium(self._unit, patience)
        return look(self._unit)

    def write(
        self,
        blocks: int,
        pieces: Iterable[Bytes],
        *,
        speed: int | None = None,
        close: Ending = "finalize",
        start: int | None = None,
        dry_run: bool = False,
        simulate: bool = False,
        progress: Progress = silent,
    ) -> WrittenDisc:
        """Record *blocks* on the medium that is in; it is locked meanwhile.

        Args:
            blocks: of 2,048 bytes; the last may be cut short.
            pieces: their bytes in order, in pieces of any length; 64 KiB and its multiples are
                passed on without being copied.
            speed: kB/s (1,000 bytes) at most; None: as fast as the drive goes.
            close: "finalize": nothing can be added afterwards; "open": another session can.
                What can be overwritten is complete either way.
            start: the block for which the data were made; None: wherever the medium goes on. On
                what can be overwritten any beginning of a unit of error correction will do.
            dry_run: only look whether it would go; no piece is taken.
            simulate: go through it without writing (CD-R, CD-RW, DVD-R, DVD-RW, if the drive can).
            progress: of "write" in bytes, of "format", "flush" and "close" in hundredths.

        Raises:
            MediumRefused: the medium is closed, too small, or goes on elsewhere.
            NotSupported: the drive cannot do this with this medium.
            WriteFailed: it ended early; what is on the disc stands in its *disc*.
            Whatever *pieces* raise; what is on the disc then stands in `left`.
        """
        self.left = None
        looked = self._look()
        request = Request(blocks, close, start, speed, simulate)
        prepared = prepare(looked, request, self.name)
        run = begin(self._unit, prepared, pieces, progress)
        if dry_run:
            return run.disc(complete=False, session_open=looked.medium.state != "complete")
        with self.held():
            try:
                return finish(run)
            finally:
                self.left = run.left

    def read(self, start: int, blocks: int, *, fresh: bool = True) -> Iterator[bytes]:
        """Yield blocks in rising order, each read once.

        Args:
            start: the first block.
            blocks: how many.
            fresh: from the medium, past the memories of drive and host.

        Raises:
            UnreadableBlocks: says which; go on behind them with another call, and ask for them
                again one by one at the end.
        """
        return read(self._unit, start, blocks, fresh=fresh)

    def tracks(self) -> tuple[TocEntry, ...]:
        """Return the tracks of a disc that was written; the lead-out is track AAh."""
        return parse_toc(self._unit.try_run(commands.read_toc()) or b"")

    def last_session(self) -> int:
        """Return the first block of the last session that can be read; 0 where there is one."""
        told = parse_last_session(self._unit.try_run(commands.read_toc(1)) or b"")
        return told.start if told else 0

    def blank(self, *, full: bool = False, progress: Progress = silent) -> Medium:
        """Make a CD-RW or DVD-RW blank, which takes minutes, or an hour where *full*.

        Raises:
            MediumRefused: the medium is of another kind.
        """
        looked = self._look()
        with self.held():
            blank(self._unit, looked, full=full, told=hundredths(progress, "blank"))
        return self.medium()

    def format(self, *, progress: Progress = silent) -> Medium:
        """Format the medium; what is on it is lost. Writing does this by itself where needed.

        Raises:
            MediumRefused: the medium is of a kind that has no format.
        """
        looked = self._look()
        with self.held():
            format_medium(self._unit, looked, hundredths(progress, "format"))
        return self.medium()

    def lock(self) -> None:
        """Keep the medium in the drive until `unlock`."""
        self._locked = True  # Before it is true: what comes between still unlocks it.
        self._unit.try_run(commands.prevent_removal(prevent=True))

    def unlock(self) -> None:
        """Let the medium out."""
        self._unit.try_run(commands.prevent_removal(prevent=False))
        self._locked = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the medium in the drive as long as this lasts, whatever else holds it meanwhile.

        The drive is unlocked at the end of the outermost, whatever happens, if it is still there.
        """
        if self._is_held:
            yield
            return
        failure: FilmjacketError | None = None
        try:
            self._is_held = True
            self.lock()
            yield
        except FilmjacketError as error:
            failure = error
            raise
        finally:
            self._is_held = False
            self._unlock_if_there()
            if self._locked and failure is not None:
                failure.remedy = f"{failure.remedy}. {STILL_LOCKED}"

    def _unlock_if_there(self) -> None:
        """Let the medium out; `locked` tells whether that went."""
        allow = commands.prevent_removal(prevent=False)
        try:
            self._try_to_unlock(allow)
        finally:
            # An impatient operator still gets the disc out, and the first one may have brought
            # no more than the late error of a command before.
            if self._locked:
                self._try_to_unlock(allow._replace(timeout=_SHORT, patience=_SHORT))

    def _try_to_unlock(self, allow: commands.Command) -> None:
        with suppress(FilmjacketError):
            with suppress(DeviceGone):  # It holds nothing any more.
                self._unit.try_run(allow)
            self._locked = False

    def eject(self, *, wait: bool = True) -> None:
        """Move the tray out, or the disc where there is no tray.

        Without *wait* the drive is asked to answer before it is done: nobody learns how that went,
        and nobody is held up by a tray that hangs.
        """
        self.unlock()
        self._unit.run(commands.start_stop(start=False, move=True, wait=wait))

    def load(self, *, patience: float = _PATIENCE) -> None:
        """Move the tray in and wait until the medium is ready."""
        self._unit.run(commands.start_stop(start=True, move=True))
        wait_for_medium(self._unit, patience)


__all__ = [
    "BLOCK",
    "STILL_LOCKED",
    "STRATEGIES",
    "CommandFailed",
    "Drive",
    "Medium",
    "MediumRefused",
    "NoMedium",
    "Recorder",
    "StillOpen",
    "TookTooLong",
    "UnreadableBlocks",
    "WriteFailed",
    "WrittenDisc",
]
