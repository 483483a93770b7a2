"""One drive and its patience: commands are sent, repeated while it is busy, polled to the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from drivers.mmc import commands
from drivers.mmc.commands import Command
from drivers.mmc.reactions import Reaction, reaction_to
from drivers.mmc.recording_errors import NoMedium, TookTooLong
from drivers.sense import (
    ILLEGAL_REQUEST,
    NOT_READY,
    RECOVERED,
    CommandFailed,
    Device,
    Sense,
    parse_sense,
)
from drivers.transport import (
    BUSY,
    CHECK_CONDITION,
    GOOD,
    TASK_SET_FULL,
    Answer,
    Transport,
    TransportFailed,
)

Told = Callable[[float], None]  # how far a long operation is, 0 to 1

_TRIES: Final = 6  # of one command that a unit attention or an abortion came in the way of
_SHORTEST: Final = 0.01  # seconds before a command is repeated; more from time to time
_LONGEST: Final = 1.0
_WRITING: Final = 0.05  # the longest while writing: a drive's buffer is full for moments only
_GROWTH: Final = 1.5
_UNKNOWN: Final = frozenset((0x20, 0x24, 0x26))  # command, field of the command, field of its data


def unheard(done: float) -> None:
    """Tell nobody how far it is."""


class Unit:
    """A drive that is spoken to. Every wait ends by the *patience* of the command's row."""

    def __init__(
        self,
        transport: Transport,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        device: Device = "drive",
    ) -> None:
        self.transport, self.clock, self.sleep, self._device = transport, clock, sleep, device
        self.name = transport.name
        self.writing = False  # a recording is under way: another medium is a failure
        self.waits = 0  # times that the drive was not ready for a command
        self.recovered = 0  # times that it succeeded only after an error of its own

    def run(self, command: Command, told: Told = unheard, *, whole: bool = False) -> bytes:
        """Carry *command* out and return what came in.

        Args:
            command: is repeated, just as it is, while the drive is busy.
            told: how far the drive is with what keeps it busy.
            whole: all bytes have to be transferred, in either direction.

        Raises:
            CommandFailed: the drive refused it or failed; TookTooLong: it stayed busy.
            NoMedium: there is none in it.
            TransportFailed: the drive is gone or does not answer.
        """
        answer = self._send(command)
        if answer.status != GOOD:
            answer = self._persist(command, answer, told)
        if whole and answer.residual:
            raise TransportFailed(
                f"{answer.residual} bytes of a {command.name} were not transferred",
                self.name,
                "Check the cable of the drive, then start again",
            )
        return answer.data

    def _send(self, command: Command) -> Answer:
        return self.transport.execute(
            command.cdb,
            data_out=command.data_out,
            length=command.length,
            timeout=command.timeout,
        )

    def _persist(self, command: Command, answer: Answer, told: Told) -> Answer:
        """Repeat *command* until it is done, or hopeless, or late."""
        deadline, tries = self.clock() + command.patience, 0
        pause, longest = _SHORTEST, _WRITING if command.data_out else _LONGEST
        while answer.status != GOOD:
            sense = self._sense(answer)
            reaction = self._reaction(answer, sense)
            recovered = sense is not None and sense.key == RECOVERED
            self.recovered += recovered
            if reaction is Reaction.DONE:
                # All that a recovered command was given was taken (SPC-4, sense key 1).
                whole = recovered and command.data_out
                return answer._replace(residual=0) if whole else answer
            tries += reaction is Reaction.AGAIN
            if reaction is Reaction.FAIL or tries >= _TRIES:
                raise self._failure(command, answer, sense)
            if reaction is Reaction.WAIT:
                if self.clock() >= deadline:
                    raise TookTooLong(command.name, self.name, sense, answer.status, self._device)
                self.waits += 1
                if sense and sense.progress is not None:
                    told(sense.progress)
                self.sleep(pause)
                pause = min(pause * _GROWTH, longest)
            answer = self._send(command)
        return answer

    def _sense(self, answer: Answer) -> Sense | None:
        if answer.status != CHECK_CONDITION:
            return None
        # Controllers that do not fetch sense data by themselves leave it to be asked for.
        data = answer.sense or self._send(commands.request_sense()).data
        return parse_sense(data, self._device)

    def _reaction(self, answer: Answer, sense: Sense | None) -> Reaction:
        if sense:
            return reaction_to(sense, writing=self.writing)
        return Reaction.WAIT if answer.status in (BUSY, TASK_SET_FULL) else Reaction.FAIL

    def _failure(
        self, command: Command, answer: Answer, sense: Sense | None
    ) -> CommandFailed | NoMedium:
        failure = CommandFailed(command.name, self.name, sense, answer.status, self._device)
        if sense and (sense.key, sense.asc) == (NOT_READY, 0x3A) and not self.writing:
            return NoMedium(failure.what, failure.where, failure.remedy)
        return failure

    def run_long(self, command: Command, told: Told = unheard) -> None:
        """Carry out *command*, which goes on after its answer, and wait for its end.

        Raises:
            As `run`; TookTooLong where the row of the command says so.
        """
        try:
            self.run(command, told)
        except CommandFailed as error:
            blocking = commands.blocking(command)
            if not is_unknown(error) or blocking is None:
                raise
            self.run(blocking, told)
        self.wait_ready(command.patience, told)

    def wait_ready(self, patience: float, told: Told = unheard) -> None:
        """Wait until the drive is ready for the next command.

        Raises:
            As `run`.
        """
        self.run(commands.test_unit_ready()._replace(patience=patience), told)

    def try_run(self, command: Command) -> bytes | None:
        """Carry out what not every drive knows; None where it is refused."""
        try:
            return self.run(command)
        except CommandFailed as error:
            if is_refused(error):
                return None
            raise

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Take another medium or a reset for a failure, as long as this lasts."""
        self.writing = True
        try:
            yield
        finally:
            self.writing = False


def is_refused(error: CommandFailed) -> bool:
    """Return whether the drive does not do a thing at all, or not with what is in it."""
    sense = error.sense
    return (
        sense is not None
        and not sense.deferred
        and (sense.key == ILLEGAL_REQUEST or is_unknown(error))
    )


def is_unknown(error: CommandFailed) -> bool:
    """Return whether the drive does not know a command, or not with such fields.

    Some emulated drives tell a wrong field as "not ready" (2/24/00).
    """
    sense = error.sense
    return (
        sense is not None
        and not sense.deferred
        and (sense.key in (ILLEGAL_REQUEST, NOT_READY) and sense.asc in _UNKNOWN)
    )
