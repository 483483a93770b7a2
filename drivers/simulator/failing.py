"""What faults do to the commands of a simulated drive."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from drivers.simulator import conditions as sense
from drivers.simulator.block_commands import extent
from drivers.simulator.commands import Command
from drivers.simulator.conditions import Refused
from drivers.simulator.faults import READS, WRITES, Fault
from drivers.simulator.state import Call
from drivers.simulator.surface import BLOCK
from drivers.transport import GOOD, Answer, TransportFailed

if TYPE_CHECKING:
    from drivers.simulator.drive import SimulatedDrive

_MUCH_SLOWER: Final = 50.0
_MOVES: Final = READS | WRITES
_BEHIND: Final = frozenset(("after", "later", "short", "stale", "lost"))  # the command is done


class StatusOnly(Exception):
    """A command ended in a status that has no sense data."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Failing:
    """The faults of one drive, and how often each has happened."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = list(faults)
        self._seen: Counter[int] = Counter()  # commands that a fault looks at, by its place
        self._done: Counter[int] = Counter()
        self._after: list[Fault] = []

    def run(self, drive: "SimulatedDrive", command: Command, call: Call) -> bytes:
        """Carry out *call* with the faults that are due."""
        self._after = []
        for fault in self._due(call):
            read_wrong = fault.effect == "corrupt" and call.cdb[0] in READS
            if read_wrong or fault.effect in _BEHIND:
                self._after.append(fault)
            else:
                call = self._before(drive, command, call, fault)
        data = command.run(drive.state, call)
        for fault in self._after:
            data = self._behind(drive, fault, call, data)
        return data

    def _due(self, call: Call) -> list[Fault]:
        due = []
        for place, fault in enumerate(self._faults):
            if fault.on and call.cdb[0] not in fault.on:
                continue
            self._seen[place] += 1
            over = fault.times is not None and self._done[place] >= fault.times
            if not over and self._hits(fault, call, self._seen[place]):
                self._done[place] += 1
                due.append(fault)
        return due

    def _hits(self, fault: Fault, call: Call, seen: int) -> bool:
        if fault.lba is None:
            return seen >= fault.nth
        if call.cdb[0] not in _MOVES:
            return False
        lba, blocks = extent(call.cdb)
        return lba <= fault.lba < lba + blocks

    def _before(self, drive: "SimulatedDrive", command: Command, call: Call, fault: Fault) -> Call:
        state, condition = drive.state, fault.condition or sense.WRITE_ERROR
        match fault.effect:
            case "answer":
                raise self._part(drive, command, call, Refused(condition, information=fault.lba))
            case "status":
                raise StatusOnly(fault.status)
            case "attention":
                if condition == sense.RESET:
                    state.reset()
                    state.attentions.clear()
                    state.ready_at, state.known = drive.clock(), True
                raise Refused(condition)
            case "corrupt":
                return call._replace(data=_flipped(bytes(call.data), fault, call))
            case "slow":
                state.slow = _MUCH_SLOWER
                return call
            case "mute":
                raise drive.mute()
            case "gone":
                raise drive.gone()
            case "power":
                self._part(drive, command, call, Refused(condition, information=fault.lba))
                drive.power_off()
                raise drive.gone()
            case "taken":
                drive.open_tray()
                raise Refused(sense.TRAY_OPEN)
            case _:
                raise ValueError(fault.effect)

    def _part(
        self, drive: "SimulatedDrive", command: Command, call: Call, refused: Refused
    ) -> Refused:
        """Carry out the blocks before the one that fails, and return the refusal."""
        if refused.information is None or call.cdb[0] not in _MOVES:
            return refused
        lba, _ = extent(call.cdb)
        good = refused.information - lba
        if good > 0:
            part = call._replace(cdb=_shortened(call.cdb, good), data=call.data[: good * BLOCK])
            refused.data = command.run(drive.state, part)
        return refused

    def _behind(self, drive: "SimulatedDrive", fault: Fault, call: Call, data: bytes) -> bytes:
        if fault.effect == "after":
            again = Refused(fault.condition or sense.RECOVERED)
            again.data = data
            raise again
        if fault.effect == "later":
            at = fault.lba if fault.lba is not None else extent(call.cdb)[0]
            condition = fault.condition or sense.WRITE_ERROR
            drive.state.deferred.append(Refused(condition, information=at, deferred=True))
        if fault.effect == "lost":
            raise TransportFailed(
                "the answer of the drive did not come back",
                drive.name,
                "Check the cable of the drive",
            )
        if fault.effect == "corrupt":
            return _flipped(data, fault, call)
        return data

    def mangle(self, call: Call, data: bytes) -> Answer:
        """Return the answer, with what faults do on the way to the host."""
        data = data[: call.length]
        effects = {fault.effect for fault in self._after}
        self._after = []
        if "short" in effects and (data or call.data):
            cut = BLOCK if call.cdb[0] in _MOVES else 1
            data = data[:-cut] if data else data
            return Answer(GOOD, data, residual=cut)
        if "stale" in effects and call.cdb[0] not in _MOVES:
            return Answer(GOOD, data.ljust(call.length, b"\xa5"))
        return Answer(GOOD, data, residual=max(call.length - len(data), 0))


def _shortened(cdb: bytes, blocks: int) -> bytes:
    """Return the same command for its first *blocks*."""
    at, end = {0xA8: (6, 10), 0xAA: (6, 10), 0xBE: (6, 9)}.get(cdb[0], (7, 9))
    return cdb[:at] + blocks.to_bytes(end - at, "big") + cdb[end:]


def _flipped(data: bytes, fault: Fault, call: Call) -> bytes:
    """Return *data* with one bit of the fault's block the other way."""
    lba, _ = extent(call.cdb)
    at = ((fault.lba or lba) - lba) * BLOCK + BLOCK // 2
    changed = bytearray(data)
    if 0 <= at < len(changed):
        changed[at] ^= 0x10
    return bytes(changed)
