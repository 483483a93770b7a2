"""Another program as a second way of recording: what it wrote is read back by us all the same."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import Final, NamedTuple, Protocol

from drivers.mmc.recording_errors import WriteFailed
from drivers.mmc.recording_facts import Ending, Medium, WrittenDisc
from drivers.transport import printable
from jacket.burning.digests import BLOCK
from reporting import CannotWrite, Progress

_PATIENCE: Final = 3600.0  # seconds that closing a disc may take


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
        disc = WrittenDisc(kind, self._name, 0, done // BLOCK, 0, not code, None, "close")
        if code or done < blocks * BLOCK:
            raise WriteFailed(
                f"{self._name} ended with code {code}: {_last_line(said)}",
                self._drive.name,
                "Try another one, or without --engine",
                disc._replace(complete=False),
            )
        return disc


def _fed(
    words: list[str], pieces: Iterable[memoryview], blocks: int, name: str, progress: Progress
) -> tuple[int, int, str]:
    """Run a program with *pieces* as its input; return bytes taken, exit code, what it said."""
    with TemporaryFile() as talk:
        try:
            program = Popen(words, stdin=PIPE, stdout=talk, stderr=talk)  # noqa: S603 (a table)
        except OSError as error:
            raise CannotWrite(
                f"cannot be started ({error.strerror})",
                name,
                f"Install the package {PROGRAMS[name].package}, or leave out --engine",
            ) from error
        try:
            done = _hand_over(program, pieces, blocks, progress)
            code = program.wait(_PATIENCE)
        except BaseException:
            program.kill()  # It must not close a disc that is not whole.
            program.wait()
            raise
        talk.seek(0)
        return done, code, talk.read().decode("utf-8", "replace")


def _hand_over(
    program: "Popen[bytes]", pieces: Iterable[memoryview], blocks: int, progress: Progress
) -> int:
    done = 0
    # What is left in the buffer of a pipe that nobody reads is told by the exit code.
    with suppress(BrokenPipeError):
        if program.stdin is not None:
            with program.stdin as pipe:
                for piece in pieces:
                    pipe.write(piece)
                    done += len(piece)
                    progress("write", done, blocks * BLOCK)
    return done


def _last_line(said: str) -> str:
    lines = [line for line in said.replace("\r", "\n").splitlines() if line.strip()]
    return printable(lines[-1]) if lines else "it said nothing"
