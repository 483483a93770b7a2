"""A stick at the end of three pipes: USB Mass Storage Class, Bulk-Only Transport 1.0.

It keeps to the standard as strictly as a compliance tester, and departs from it where a fault
says so: hosts must live with both. Clauses are those of that standard.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from drivers.simulator.conditions import NEW_MEDIUM
from drivers.simulator.disk import SimulatedDisk
from drivers.transport import GOOD, Answer, DeviceGone, TimedOut, TransportFailed
from drivers.usb.bulk_only import Stalled, stalled

_CBW: Final = struct.Struct("<4sIIBBB16s")  # 5.1
_CSW: Final = struct.Struct("<4sIIB")  # 5.2
_PACKET: Final = 512  # bytes of a bulk packet at high speed (USB 2.0 5.8.3)
_PASSED, _FAILED, _PHASE_ERROR = 0, 1, 2  # table 5.3

Phase = Literal["command", "data", "status"]
Trouble = Literal[
    "stall",  # the pipe of this phase halts once
    "unplug",
    "mute",  # nothing comes, nothing is taken
    "phase error",
    "wrong tag",
    "wrong residue",
    "bad signature",
    "short status",
    "too much",  # more data than were asked for
]


class StickFault(NamedTuple):
    """One thing that goes wrong on the wire."""

    phase: Phase
    trouble: Trouble
    nth: int = 1  # from 1, counted in phases of this kind
    times: int | None = 1  # None: every time from then on
    opcode: int | None = None  # only of this command


class _Command(NamedTuple):
    tag: int
    length: int
    incoming: bool
    lun: int
    cdb: bytes


class SimulatedStick:
    """The pipes of one stick, as `drivers.usb.bulk_only.Pipes` wants them."""

    def __init__(
        self,
        units: Sequence[SimulatedDisk] | None = None,
        *,
        faults: Iterable[StickFault] = (),
        stalls: bool = True,
        tells_units: bool = True,
    ) -> None:
        """Plug a stick in.

        Args:
            units: its logical units; None: one disk of 32 MiB.
            faults: what goes wrong on the wire.
            stalls: it halts a pipe where data are short; else it ends them with a short packet,
                as many do (6.7.2, 6.7.3).
            tells_units: False: GET MAX LUN halts, which means one unit (3.2).
        """
        self.units = tuple(units or (SimulatedDisk(),))
        self._faults, self._stalls, self._tells_units = list(faults), stalls, tells_units
        self._seen = [0] * len(self._faults)
        self._hits = [0] * len(self._faults)
        self._address = 1
        self._there = True
        self._begin()

    def _begin(self) -> None:
        self._phase: Phase = "command"
        self._command = _Command(0, 0, False, 0, b"")
        self._incoming: bytes = b""  # data that wait for the host
        self._taken = bytearray()  # data that came from it
        self._room = 0  # bytes that it may still send
        self._status: bytes | None = None
        self._halts_when_empty = False
        self._halted = {True: False, False: False}  # the pipes to the host, and from it
        self._wedged = False  # an invalid CBW: nothing helps but a reset (6.6.1)

    @property
    def name(self) -> str:
        return f"usb simulator-{self._address}"

    @property
    def disk(self) -> SimulatedDisk:
        return self.units[0]

    def unplug(self) -> None:
        self._there = False

    def plug_in(self) -> None:
        """Plug it in again; it has another address then, and tells of a new medium."""
        self._there, self._address = True, self._address + 1
        self._begin()
        for unit in self.units:
            unit.attend(NEW_MEDIUM)

    def close(self) -> None:
        """Nothing is held open."""

    def send(self, data: bytes | memoryview, timeout: float) -> int:
        """As `drivers.usb.bulk_only.Pipes` says, as do the others."""
        self._check(timeout)
        if self._halted[False] or self._wedged:
            raise self._halt(incoming=False)
        if self._phase == "command":
            self._strike("command", timeout, incoming=False)
            self._take_command(bytes(data))
            return len(data)
        if self._phase == "data" and not self._command.incoming:
            self._strike("data", timeout, incoming=False)
            return self._take_data(bytes(data))
        raise self._nothing(timeout)

    def receive(self, length: int, timeout: float) -> bytes:
        self._check(timeout)
        if self._halted[True] or self._wedged:
            raise self._halt(incoming=True)
        if self._phase == "data" and self._command.incoming:
            return self._give_data(length, timeout)
        if self._phase == "command" or self._status is None:
            raise self._nothing(timeout)
        return self._give_status(length, timeout)

    def clear_halt(self, *, incoming: bool) -> None:
        self._check()
        if not self._wedged:
            self._halted[incoming] = False

    def reset(self) -> None:
        """Make the device ready for the next CBW; its pipes stay halted (3.1)."""
        self._check()
        halted = dict(self._halted)
        self._begin()
        self._halted = halted

    def max_lun(self) -> int:
        self._check()
        if not self._tells_units:
            return 0
        return len(self.units) - 1

    def _check(self, timeout: float = 0.0) -> None:
        if not self._there:
            raise DeviceGone(
                "the device is not there any more", self.name, "Plug it in again, then start again"
            )

    def _halt(self, *, incoming: bool, received: bytes = b"") -> Stalled:
        self._halted[incoming] = True
        return stalled(self.name, received)

    def _nothing(self, timeout: float) -> TimedOut:
        self.disk.clock.sleep(timeout)
        return TimedOut("the device does not answer", self.name, "Unplug the device")

    def _due(self, phase: Phase) -> Trouble | None:
        for place, fault in enumerate(self._faults):
            other = fault.opcode is not None and self._command.cdb[:1] != bytes((fault.opcode,))
            if fault.phase != phase or other:
                continue
            self._seen[place] += 1
            over = fault.times is not None and self._hits[place] >= fault.times
            if self._seen[place] >= fault.nth and not over:
                self._hits[place] += 1
                return fault.trouble
        return None

    def _strike(self, phase: Phase, timeout: float, *, incoming: bool) -> Trouble | None:
        """Let the faults of a phase happen that end it; return another one."""
        trouble = self._due(phase)
        if trouble == "unplug":
            self.unplug()
            self._check()
        if trouble == "mute":
            raise self._nothing(timeout)
        if trouble == "stall":
            if phase == "data":  # It gives the command up, and tells so with the status.
                self._end(_FAILED, self._command.length)
            raise self._halt(incoming=incoming)
        return trouble

    def _take_command(self, data: bytes) -> None:
        """Take a CBW; one that is not valid halts both pipes until a reset (6.2, 6.6.1)."""
        if len(data) != _CBW.size or data[:4] != b"USBC":
            self._wedge()
            return
        _, tag, length, flags, lun, size, cdb = _CBW.unpack(data)
        if flags & 0x7F or lun & 0xF0 or not 1 <= size <= 16:
            self._wedge()
            return
        self._command = _Command(tag, length, bool(flags & 0x80), lun, cdb[:size])
        self._taken.clear()
        self._start()

    def _wedge(self) -> None:
        self._wedged = True
        self._halted = {True: True, False: True}

    def _start(self) -> None:
        """Choose among the thirteen cases of 6.7."""
        command = self._command
        if command.lun >= len(self.units):
            self._end(_FAILED, command.length)  # valid, not meaningful (6.2.2)
            self._skip_data()
            return
        _, takes = self.units[command.lun].wants(command.cdb)
        if takes:
            self._start_taking(takes)
        elif command.incoming or not command.length:
            self._start_giving()
        elif self.units[command.lun].wants(command.cdb)[0]:
            self._end(_PHASE_ERROR, command.length)  # case 10: Ho <> Di
            self._skip_data()
        else:
            self._run(b"")  # case 9: Ho > Dn
            self._skip_data()

    def _start_taking(self, takes: int) -> None:
        command = self._command
        if not command.length or command.incoming or command.length < takes:
            self._end(_PHASE_ERROR, command.length)  # cases 3, 8 and 13
            self._skip_data()
            return
        self._phase, self._room = "data", takes  # cases 11 and 12

    def _start_giving(self) -> None:
        command = self._command
        answer = self._execute(b"")
        most = command.length
        promised, _ = self.units[command.lun].wants(command.cdb)
        if len(answer.data) > most or (promised > most and answer.status == GOOD):
            self._incoming = answer.data[:most]  # cases 2 and 7
            self._end(_PHASE_ERROR, 0)
        else:
            self._incoming = answer.data  # cases 1, 4, 5 and 6
            status = _PASSED if answer.status == GOOD else _FAILED
            self._end(status, most - len(answer.data))
        if most:
            self._phase = "data"
            self._halts_when_empty = len(self._incoming) < most and self._stalls

    def _execute(self, data: bytes) -> Answer:
        command = self._command
        length = 1 << 20 if command.incoming or not command.length else 0
        if not command.length:
            length = 1 << 20  # Whether it has data for a host that wants none is case 2.
        return self.units[command.lun].execute(command.cdb, data_out=data, length=length)

    def _run(self, data: bytes) -> None:
        answer = self._execute(data)
        status = _PASSED if answer.status == GOOD else _FAILED
        self._end(status, self._command.length - len(data))

    def _skip_data(self) -> None:
        """Halt the pipe of data that are not wanted, or that are not there (6.7)."""
        if self._command.length:
            if self._command.incoming and not self._stalls:
                self._phase = "data"
                self._incoming = b""
                return
            self._halted[self._command.incoming] = True

    def _end(self, status: int, residue: int) -> None:
        self._status = _CSW.pack(b"USBS", self._command.tag, residue, status)
        self._phase = "status"

    def _take_data(self, data: bytes) -> int:
        wanted = data[: self._room]
        self._taken += wanted
        self._room -= len(wanted)
        short = len(data) % _PACKET != 0 or not data
        all_came = len(self._taken) >= min(self._command.length, len(self._taken) + self._room)
        if not self._room or (short and not all_came):
            self._run(bytes(self._taken))
            if len(wanted) < len(data) or self._command.length > len(self._taken):
                raise self._halt(incoming=False)  # case 11: Ho > Do
        return len(data)

    def _give_data(self, length: int, timeout: float) -> bytes:
        trouble = self._strike("data", timeout, incoming=True)
        if trouble == "too much":  # The host's controller drops what it has no room for.
            raise TransportFailed(
                "the device sent more than was asked for", self.name, "Unplug the device"
            )
        data, self._incoming = self._incoming[:length], self._incoming[length:]
        if self._incoming or (len(data) == length and not self._halts_when_empty):
            if not self._incoming:
                self._phase = "status"
            return data
        self._phase = "status"
        if self._halts_when_empty:
            self._halts_when_empty = False
            if len(data) % _PACKET == 0 and len(data) < length:
                # No short packet has ended the transfer: the host sees the halt at once.
                raise self._halt(incoming=True, received=data)
            self._halted[True] = True
        return data

    def _give_status(self, length: int, timeout: float) -> bytes:
        trouble = self._strike("status", timeout, incoming=True)
        status = bytearray(self._status or b"")
        if trouble == "phase error":
            status[12] = _PHASE_ERROR
        elif trouble == "wrong tag":
            status[4:8] = ((self._command.tag + 1) & 0xFFFFFFFF).to_bytes(4, "little")
        elif trouble == "wrong residue":
            status[8:12] = max(self._command.length, 1).to_bytes(4, "little")
        elif trouble == "bad signature":
            status[0:4] = b"SBSU"
        elif trouble == "short status":
            del status[5:]
        self._phase, self._status = "command", None
        return bytes(status[:length])
