"""A drive in memory: for the tests, for the demonstration mode, for burners of others.

It takes SCSI commands as a real drive does and answers from a medium that remembers what was
written. Time passes on a clock of its own; faults come as rows (`drivers.simulator.faults`).
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.buffer import SIZE, Buffer
from drivers.simulator.clock import Clock, VirtualClock
from drivers.simulator.commands import COMMANDS, Command, is_immediate
from drivers.simulator.conditions import Refused, pack
from drivers.simulator.drive_commands import press_button
from drivers.simulator.failing import Failing, StatusOnly
from drivers.simulator.faults import Fault
from drivers.simulator.in_memory import InMemory
from drivers.simulator.kinds import KINDS
from drivers.simulator.medium import SimulatedMedium
from drivers.simulator.mode_pages import ModePages
from drivers.simulator.state import Call, State
from drivers.transport import CHECK_CONDITION, GOOD, Answer, DeviceGone, TimedOut

_COMMAND: Final = 0.0002  # seconds that any command takes
_MOMENT: Final = 0.04  # share of a poll's time: a full memory has room again in milliseconds
_LINK: Final = 100e6  # bytes per second between host and drive


class SimulatedDrive(InMemory):
    """A drive, and the hand that puts media in."""

    def __init__(
        self,
        kind: str | None = None,
        *,
        blank: bool = True,
        image: bytes = b"",
        capacity: int | None = None,
        faults: Iterable[Fault] = (),
        clock: Clock | None = None,
        buffer: int = SIZE,
        waits: bool = False,
        autosense: bool = True,
        attended: bool = False,
    ) -> None:
        """Switch on a drive, with a medium in it if *kind* names one.

        Args:
            kind: a name of `drivers.simulator.KINDS`, or None for an empty tray.
            blank: False: *image* is recorded on it, and the disc is closed.
            image: bytes that are recorded from block 0.
            capacity: blocks, to make a small medium; None: as the kind has it.
            faults: what goes wrong.
            clock: None: a `VirtualClock`; give its `sleep` to the Recorder too.
            buffer: bytes of the drive's memory.
            waits: a WRITE that finds it full is held, as many drives do; else 2/04/08.
            autosense: False: sense data have to be asked for.
            attended: somebody takes a disc that the host lets out, and puts in a blank one like it.

        Raises:
            KeyError: there is no such kind.
        """
        self.clock: Clock = clock or VirtualClock()
        self.state = State(self.clock, Buffer(buffer), ModePages(), waits=waits)
        self.state.attentions.append(sense.RESET)
        self._failing = Failing(faults)
        self._autosense = autosense
        self._there = True
        if attended:
            self.state.attend = self._another
        self.counts: Counter[str] = Counter()  # commands by name
        self.log: list[tuple[bytes, int, bytes]] = []  # each with its status and sense data
        if kind is not None:
            self.load(kind, blank=blank and not image, image=image, capacity=capacity)
        self._name = f"simulator {kind or 'empty'}"

    @property
    def name(self) -> str:
        return self._name

    @property
    def medium(self) -> SimulatedMedium | None:
        return self.state.medium

    @property
    def locked(self) -> bool:
        return self.state.prevented

    @property
    def tray_open(self) -> bool:
        return self.state.tray_open

    def load(
        self, kind: str, *, blank: bool = True, image: bytes = b"", capacity: int | None = None
    ) -> SimulatedMedium:
        """Put a new medium of *kind* in, as a hand does; it is ready some seconds later."""
        medium = SimulatedMedium(KINDS[kind], capacity)
        if image or not blank:
            medium.fill(image)
        self.state.insert(medium)
        return medium

    def _another(self) -> None:
        """Put a blank disc in, like the one that is in the open tray."""
        if self.medium is not None:
            self.insert(SimulatedMedium(self.medium.kind, self.medium.capacity))

    def insert(self, medium: SimulatedMedium | None) -> None:
        """Close the tray with a medium that was in a drive before, or with none."""
        self.state.insert(medium)

    def remove(self) -> SimulatedMedium | None:
        """Take the medium out whatever the drive is doing."""
        return self.state.remove()

    def open_tray(self) -> None:
        """Open the tray as a paper clip does."""
        self.state.remove()
        self.state.tray_open = True

    def press_button(self) -> bool:
        """Press the eject button; return whether the tray opened."""
        return press_button(self.state)

    def settle(self) -> None:
        """Let the drive become ready, with nothing left to tell."""
        self.clock.sleep(max(self.state.ready_at - self.clock(), 0.0))
        self.state.catch_up()
        self.state.attentions.clear()
        self.state.event = 0

    def power_off(self) -> None:
        """Cut the power: what was in the drive's memory never reaches the medium."""
        self.state.catch_up()
        self.state.reset()
        self._there = False

    def power_on(self) -> None:
        self._there = True
        self.state.reset()

    def _carry_out(self, call: Call, timeout: float) -> Answer:
        """Carry out one command.

        Raises:
            DeviceGone, TimedOut, TransportFailed: as a fault wants it, or the command takes longer
                than *timeout* on the drive's clock; it is carried out in the end all the same.
        """
        if not self._there:
            raise self.gone()
        cdb, call = call.cdb, call._replace(cdb=call.cdb.ljust(10, b"\0"))
        command = COMMANDS.get(call.cdb[0])
        self.counts[command.name if command else f"{call.cdb[0]:02X}h"] += 1
        started = self.clock()
        try:
            answer = self._answer(command, call, timeout)
        except TimedOut:
            self.clock.sleep(max(timeout - (self.clock() - started), 0.0))
            raise
        self.log.append((cdb, answer.status, answer.sense))
        self.clock.sleep(_COMMAND + (len(call.data) + len(answer.data)) / _LINK)
        if answer.status == CHECK_CONDITION and answer.sense[2:3] == b"\x02":
            full = self.state.busy is None and self.state.buffer.filled > 0
            self.clock.polled(_MOMENT if full else 1.0)
        elif self.clock() - started > timeout:
            raise self.mute()
        return answer

    def _answer(self, command: Command | None, call: Call, timeout: float) -> Answer:
        try:
            self.state.catch_up()
            if command is None:
                raise Refused(sense.UNKNOWN_COMMAND)
            self._admit(command)
            data = self._failing.run(self, command, call)
            self._wait(command, call, timeout)
        except Refused as refused:
            return self._refusal(refused, call)
        except StatusOnly as only:
            return Answer(only.status, residual=max(call.length, len(call.data)))
        return self._failing.mangle(call, data)

    def _admit(self, command: Command) -> None:
        """Refuse a command that the drive cannot take now."""
        state = self.state
        if command.name == "REQUEST SENSE":
            return
        state.pending = None
        if state.attentions and not command.exempt:
            raise Refused(state.attentions.popleft())
        if state.deferred and not command.exempt:
            raise state.deferred.popleft()
        if state.busy is not None and not command.busy:
            raise Refused(state.busy.condition, progress=state.busy.progress(self.clock()))

    def _wait(self, command: Command, call: Call, timeout: float) -> None:
        """Hold the answer until the operation has ended, where the host wants that."""
        busy = self.state.busy
        if busy is None or command.immediate is None or is_immediate(command, call):
            return
        left = busy.until - self.clock()
        self.clock.sleep(min(left, timeout))
        if left > timeout:
            raise self.mute()
        self.state.catch_up()
        if self.state.deferred:
            raise self.state.deferred.popleft()

    def _refusal(self, refused: Refused, call: Call) -> Answer:
        data = refused.data[: call.length]
        residual = (call.length or len(call.data)) - len(data)
        if call.data and refused.condition.key == sense.RECOVERED.key:
            residual = 0  # It has taken all of them.
        if not self._autosense:
            self.state.pending = refused
            return Answer(CHECK_CONDITION, data, residual=residual)
        return Answer(CHECK_CONDITION, data, pack(refused), residual)

    def gone(self) -> DeviceGone:
        self._there = False
        return DeviceGone(
            "the drive is not there any more",
            self.name,
            "Check the cable and the power of the drive",
        )

    def mute(self) -> TimedOut:
        return TimedOut("the drive does not answer", self.name, "Switch the drive off and on")


__all__ = ["GOOD", "SimulatedDrive"]
