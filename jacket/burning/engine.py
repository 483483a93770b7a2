"""Another program as a second way of recording: what it wrote is read back by us all the same."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from select import select
from subprocess import PIPE, Popen, TimeoutExpired
from tempfile import TemporaryFile
from typing import Final, NamedTuple, Protocol

from drivers.mmc.recording_errors import WriteFailed
from drivers.mmc.recording_facts import Ending, Medium, WrittenDisc
from drivers.transport import printable
from jacket.burning.digests import BLOCK
from reporting import CannotWrite, Progress

# Seconds that a program may do nothing that we see: it formats a disc, or closes it.
_PATIENCE: Final = 2 * 3600.0
_SETTLING: Final = 60.0  # seconds for one to go that was ended


class _Program(NamedTuple):
    """How a program is called; blocks and device are filled in."""

    package: str  # of Debian
    words: tuple[str, ...]


_COMMON: Final = ("-v", "dev={device}", "fs=64m", "tsize={blocks}s", "{speed}", "{multi}", "-")
PROGRAMS: Final = {
    "cdrskin": _Program("cdrskin", ("cdrskin", "-sao", *_COMMON)),
    "xorriso": _Program("xorriso", ("xorriso", "-as", "cdrecord", *_COMMON)),
}


def command(name: str, device: str, blocks: int, speed: int | None, close: Ending) -> list[str]:
    """Return the words by which a program records *blocks* from its standard input."""
    told = {
        "device": device,
        "blocks": blocks,
        # Both take a number with a unit of kB/s (1,000 bytes) for every kind of disc.
        "speed": "" if speed is None else f"speed={speed}kB",
        "multi": "-multi" if close == "open" else "",
    }
    words = (word.format(**told) for word in PROGRAMS[name].words)
    return [word for word in words if word]


class Lent(Protocol):
    """A drive that can be lent; `drivers.mmc.lent_drive.DeviceRecorder` is one."""

    @property
    def name(self) -> str: ...
    def medium(self) -> Medium: ...
    def lent(self) -> AbstractContextManager[str]:
        """Hand out the path of the drive, which nobody has open meanwhile."""


class OtherProgram:
    """Records discs with a program of this machine."""

    def __init__(self, name: str, drive: Lent) -> None:
        """Use the program *name*, one of `PROGRAMS`, on *drive*."""
        self._name, self._drive = name, drive

    def __call__(
        self,
        blocks: int,
        pieces: Iterable[memoryview],
        *,
        speed: int | None,
        close: Ending,
        start: int | None,
        progress: Progress,
    ) -> WrittenDisc:
        """As `drivers.mmc.recorder.Recorder.write`.

        Raises:
            CannotWrite: there is no such program.
            WriteFailed: it ended with an error.
        """
        kind = self._drive.medium().kind
        with self._drive.lent() as device:
            words = command(self._name, device, blocks, speed, close)
            done, code, said = _fed(words, pieces, blocks, self._name, progress)
        complete = code == 0 and done >= blocks * BLOCK
        disc = WrittenDisc(kind, self._name, 0, done // BLOCK, 0, complete, None, "close")
        if not complete:
            ended = f"ended with code {code}" if code is not None else "did not come to its end"
            raise WriteFailed(
                f"{self._name} {ended}: {_last_line(said)}",
                self._drive.name,
                "Try another one, or without --engine",
                disc,
            )
        return disc


def _fed(
    words: list[str], pieces: Iterable[memoryview], blocks: int, name: str, progress: Progress
) -> tuple[int, int | None, str]:
    """Run a program with *pieces* as its input; return bytes taken, exit code, what it said.

    Without an exit code it was ended by us, as it did nothing any more.
    """
    with TemporaryFile() as talk:
        try:
            program = Popen(words, stdin=PIPE, stdout=talk, stderr=talk)  # noqa: S603 (a table)
        except OSError as error:
            raise CannotWrite(
                f"cannot be started ({error.strerror})",
                name,
                f"Install the package {PROGRAMS[name].package}, or leave out --engine",
            ) from error
        input_ = _Input(program)
        code = None
        try:
            with suppress(TimeoutExpired):
                _hand_over(input_, pieces, blocks, progress)
                code = program.wait(_PATIENCE)
        finally:
            if code is None:
                _end(program)  # It must not close a disc that is not whole.
        talk.seek(0)
        return input_.taken, code, talk.read().decode("utf-8", "replace")


def _end(program: "Popen[bytes]") -> None:
    program.kill()
    if program.stdin is not None:
        program.stdin.close()
    with suppress(TimeoutExpired):  # One that hangs in the drive ends when the drive lets it go.
        program.wait(_SETTLING)


class _Input:
    """The input of a program, which may stop taking it."""

    def __init__(self, program: "Popen[bytes]") -> None:
        self._program = program
        self.taken = 0  # bytes

    def write(self, piece: memoryview) -> None:
        """Hand over a piece.

        Raises:
            BrokenPipeError: it takes no more. TimeoutExpired: it has done nothing for too long.
        """
        descriptor = self._program.stdin.fileno() if self._program.stdin else -1
        os.set_blocking(descriptor, False)
        while piece:
            if not select((), (descriptor,), (), _PATIENCE)[1]:
                raise TimeoutExpired(self._program.args, _PATIENCE)
            count = os.write(descriptor, piece)
            piece = piece[count:]
            self.taken += count

    def close(self) -> None:
        if self._program.stdin is not None:
            self._program.stdin.close()


def _hand_over(
    input_: _Input, pieces: Iterable[memoryview], blocks: int, progress: Progress
) -> None:
    # What is left in the buffer of a pipe that nobody reads is told by the exit code.
    with suppress(BrokenPipeError):
        for piece in pieces:
            input_.write(piece)
            progress("write", input_.taken, blocks * BLOCK)
    input_.close()


def _last_line(said: str) -> str:
    lines = [line for line in said.replace("\r", "\n").splitlines() if line.strip()]
    return printable(lines[-1]) if lines else "it said nothing"
