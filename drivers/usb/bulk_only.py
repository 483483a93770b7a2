"""SCSI commands over USB: the Bulk-Only Transport (USB Mass Storage Class BOT, revision 1.0).

A command goes out in a wrapper (CBW), data follow in one direction or none, a status (CSW) comes
back. What leaves host and device out of step is put right before the next command.
"""

import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from drivers.transport import CHECK_CONDITION, GOOD, Answer, TransportFailed, printable

Bytes = bytes | memoryview

_COMMAND: Final = struct.Struct("<4sIIBBB16s")  # BOT 5.1
_STATUS: Final = struct.Struct("<4sIIB")  # BOT 5.2
_TO_HOST: Final = 0x80
_PASSED, _FAILED, _PHASE_ERROR = 0, 1, 2  # BOT table 5.3
_LARGEST: Final = 64 << 10  # bytes; more makes old controllers stumble
_REQUEST_SENSE: Final = bytes((0x03, 0, 0, 0, 18, 0))  # SPC-4 6.29; what every device has
_LAST_TAG: Final = 0xFFFFFFFF
_SHORTEST: Final = 1.0  # seconds that even the last phase of a late command may take
# Answers of known length; a device that sends all of one and tells a residue cannot count.
_OF_KNOWN_LENGTH: Final = frozenset(((0x12, 36), (0x25, 8)))  # INQUIRY, READ CAPACITY(10)
_OUT_OF_STEP: Final = "Start again; use another port or another device if it happens again"


class Stalled(TransportFailed):
    """The device has halted a pipe. What had come before may stand in *received*."""

    def __init__(self, what: str, where: str, remedy: str, received: bytes = b"") -> None:
        super().__init__(what, where, remedy)
        self.received = received  # as long as what was asked for where the length is not known


def stalled(name: str, received: bytes = b"") -> Stalled:
    """Return the error that a pipe of the device *name* is halted."""
    return Stalled("the device has halted the transfer", name, _OUT_OF_STEP, received)


class Pipes(Protocol):
    """The three pipes of one USB device.

    All methods but the last raise DeviceGone, TimedOut and TransportFailed.
    """

    @property
    def name(self) -> str:
        """Return what messages call the device, such as "usb 1-4"; printable."""

    def send(self, data: Bytes, timeout: float) -> int:
        """Send *data* within *timeout* seconds; return how many bytes the device took.

        Raises:
            Stalled: it halted the pipe.
        """

    def receive(self, length: int, timeout: float) -> bytes:
        """Return what the device sends: *length* bytes, or fewer where it ends before.

        Raises:
            Stalled: it halted the pipe.
        """

    def clear_halt(self, *, incoming: bool) -> None:
        """Take the halt from the pipe to us, or from the one to the device."""

    def reset(self) -> None:
        """Make the Bulk-Only Mass Storage Reset (BOT 3.1)."""

    def max_lun(self) -> int:
        """Return the highest number of a logical unit, 0 to 15 (BOT 3.2)."""

    def close(self) -> None: ...


class _Status(NamedTuple):
    residue: int
    status: int


class BulkOnly:
    """One logical unit of a USB device, as a `drivers.transport.Transport`."""

    largest: Final = _LARGEST

    def __init__(
        self, pipes: Pipes, lun: int = 0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = printable(f"{pipes.name} unit {lun}" if lun else pipes.name)
        self._pipes, self._lun, self._clock = pipes, lun, clock
        self._tag = 0
        self._in_step = True  # not: the device may still wait for data, or hold a status back
        self._counts = True  # not: what it tells as residue means nothing

    def execute(
        self, cdb: bytes, *, data_out: Bytes = b"", length: int = 0, timeout: float = 30.0
    ) -> Answer:
        """Carry out one command; as `drivers.transport.Transport` says.

        *timeout* is for the command; asking for its sense data has as much again.
        """
        if not 6 <= len(cdb) <= 16 or max(len(data_out), length) > self.largest:
            raise ValueError(f"a command of {len(cdb)} bytes with {len(data_out) or length} more")
        answer = self._run(cdb, data_out, length, timeout)
        if answer.status == CHECK_CONDITION and cdb[0] != _REQUEST_SENSE[0]:
            sense = self._run(_REQUEST_SENSE, b"", _REQUEST_SENSE[4], timeout)
            answer = answer._replace(sense=sense.data if sense.status == GOOD else b"")
        return answer

    def close(self) -> None:
        """Leave the device ready for whoever comes next, if it is there, and let it go."""
        try:
            if not self._in_step:
                with suppress(TransportFailed):
                    self._recover()
        finally:
            self._pipes.close()

    def _run(self, cdb: bytes, data_out: Bytes, length: int, timeout: float) -> Answer:
        if not self._in_step:
            self._recover()
        # Whatever ends this before its status is there, even a key press, leaves us out of step.
        self._in_step = False
        deadline = self._clock() + timeout
        self._send_command(cdb, len(data_out) or length, length > 0, timeout)
        sent = self._send_data(data_out, self._left(deadline)) if data_out else 0
        received = self._receive_data(length, self._left(deadline)) if length else b""
        status = self._misplaced_status(received, length)
        if status:
            received = b""
        else:
            status = self._receive_status(deadline)
        if status.status == _PHASE_ERROR:
            raise self._lost("reports a phase error")
        self._in_step = True
        return self._answer(cdb, status, received, length, len(data_out) - sent)

    def _left(self, deadline: float) -> float:
        return max(deadline - self._clock(), _SHORTEST)

    def _send_command(self, cdb: bytes, length: int, to_host: bool, timeout: float) -> None:
        self._tag = self._tag % _LAST_TAG + 1
        flags = _TO_HOST if to_host else 0
        wrapper = _COMMAND.pack(b"USBC", self._tag, length, flags, self._lun, len(cdb), cdb)
        if self._pipes.send(wrapper, timeout) != len(wrapper):
            raise self._lost("does not take a command")

    def _send_data(self, data: Bytes, timeout: float) -> int:
        try:
            return self._pipes.send(data, timeout)
        except Stalled:  # It takes no more, and its status says why (BOT 6.7.3).
            self._pipes.clear_halt(incoming=False)
            return len(data)  # How much it took, the residue tells.

    def _receive_data(self, length: int, timeout: float) -> bytes:
        try:
            return self._pipes.receive(length, timeout)[:length]
        except Stalled as end:  # It has no more (BOT 6.7.2); what there was is good.
            self._pipes.clear_halt(incoming=True)
            return end.received[:length]

    def _misplaced_status(self, received: bytes, length: int) -> _Status | None:
        """Return the status of a device that leaves out the data without halting the pipe."""
        return self._parsed(received) if length != _STATUS.size else None

    def _parsed(self, received: bytes) -> _Status | None:
        if len(received) != _STATUS.size:
            return None
        signature, tag, residue, status = _STATUS.unpack(received)
        if signature != b"USBS" or tag != self._tag or status > _PHASE_ERROR:
            return None
        return _Status(residue, status)

    def _receive_status(self, deadline: float) -> _Status:
        """Return the status; one that does not come at once is asked for once more (BOT 5.3.3)."""
        try:
            received = self._pipes.receive(_STATUS.size, self._left(deadline))
        except Stalled:
            self._pipes.clear_halt(incoming=True)
            received = b""
        if not received:  # Some end their data with an empty packet of its own.
            received = self._pipes.receive(_STATUS.size, self._left(deadline))
        status = self._parsed(received)
        if not status:
            raise self._lost("answers with something that is no status")
        return status

    def _answer(
        self, cdb: bytes, status: _Status, received: bytes, length: int, unsent: int
    ) -> Answer:
        passed = status.status == _PASSED
        if passed and status.residue and len(received) == length:
            self._counts = self._counts and (cdb[0], length) not in _OF_KNOWN_LENGTH
        missing = length - len(received) if length else unsent
        if self._counts:
            missing = max(missing, status.residue)
        if length:
            missing = min(missing, length)
            received = received[: length - missing]
        return Answer(GOOD if passed else CHECK_CONDITION, received, b"", missing)

    def _recover(self) -> None:
        """Bring the device back to where it waits for a command (BOT 5.3.4)."""
        self._pipes.reset()
        self._pipes.clear_halt(incoming=True)
        self._pipes.clear_halt(incoming=False)
        self._in_step = True

    def _lost(self, what: str) -> TransportFailed:
        return TransportFailed(f"the device {what}", self.name, _OUT_OF_STEP)
