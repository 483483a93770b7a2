"""Pipes to a device that behaves, at each command, as badly as a test wants it to."""

import struct
from typing import NamedTuple

from drivers.transport import TimedOut, TransportFailed
from drivers.usb.bulk_only import stalled

SENSE = bytes((0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0))


class Play(NamedTuple):
    """What the device does at one command."""

    data: bytes = b""  # that it sends
    halts_in: bool = False  # it halts the incoming pipe instead of sending the rest
    takes: int | None = None  # bytes of data before it halts the outgoing pipe; None: all
    refuses: bool = False  # it halts both pipes at the command
    mute: str = ""  # "data" or "status": that never comes
    floods: bool = False  # it sends more than it was asked for
    status: int = 0
    residue: int | None = None  # None: the true one
    tag: int = 0  # this much is added to the tag
    signature: bytes = b"USBS"
    cut: int = 13  # bytes of the status that come
    status_halts: int = 0  # times that the status is answered by a halt
    status_empty: int = 0  # empty packets before the status


class ScriptedPipes:
    """One device. It waits for a reset when it was not understood or has told a phase error."""

    name = "usb 1-9"

    def __init__(self, *plays: Play) -> None:
        self.plays = list(plays)
        self.log: list[str] = []
        self.commands: list[bytes] = []
        self.outgoing = b""
        self.closed = False
        self._halted: set[str] = set()
        self._stuck = False
        self._phase = "command"
        self._play = Play()
        self._halts = self._empties = self._length = self._tag = self._moved = 0

    def send(self, data: bytes | memoryview, timeout: float) -> int:
        if self._stuck or "out" in self._halted:
            self._halted.add("out")
            raise stalled(self.name)
        return self._command(bytes(data)) if self._phase == "command" else self._data(bytes(data))

    def _command(self, data: bytes) -> int:
        signature, self._tag, self._length, flags, _, length, cdb = struct.unpack(
            "<4sIIBBB16s", data
        )
        assert signature == b"USBC"
        assert 1 <= length <= 16
        self.commands.append(cdb[:length])
        sense = cdb[0] == 0x03
        self._play = Play(SENSE) if sense else self.plays.pop(0) if self.plays else Play()
        if self._play.refuses:
            self._stuck = True
            self._halted |= {"in", "out"}
            raise stalled(self.name)
        self._halts, self._empties = self._play.status_halts, self._play.status_empty
        self._moved = 0
        self._phase = "status" if not self._length else "in" if flags & 0x80 else "out"
        return len(data)

    def _data(self, data: bytes) -> int:
        takes = len(data) if self._play.takes is None else self._play.takes
        self._moved = min(takes, len(data))
        self.outgoing += data[: self._moved]
        self._phase = "status"
        if takes < len(data):
            self._halted.add("out")
            raise stalled(self.name)
        return self._moved

    def receive(self, length: int, timeout: float) -> bytes:
        if self._stuck or "in" in self._halted:
            self._halted.add("in")
            raise stalled(self.name)
        if self._phase == "in":
            return self._incoming(length)
        assert self._phase == "status"
        return self._status()

    def _incoming(self, length: int) -> bytes:
        if self._play.mute == "data":
            self._stuck = True
            raise TimedOut("no answer", self.name, "Wait")
        if self._play.floods:
            self._stuck = True
            raise TransportFailed("overflow", self.name, "Wait")
        data = self._play.data[:length]
        self._moved, self._phase = len(data), "status"
        if self._play.halts_in:
            self._halted.add("in")
            raise stalled(self.name, data.ljust(length, b"\xee"))  # how many came is not told
        return data

    def _status(self) -> bytes:
        play = self._play
        if play.mute == "status":
            self._stuck = True
            raise TimedOut("no answer", self.name, "Wait")
        if self._empties:
            self._empties -= 1
            return b""
        if self._halts:
            self._halts -= 1
            self._halted.add("in")
            raise stalled(self.name)
        self._phase = "command"
        residue = self._length - self._moved if play.residue is None else play.residue
        tag = (self._tag + play.tag) & 0xFFFFFFFF
        answer = struct.pack("<4sIIB", play.signature, tag, residue, play.status)[: play.cut]
        self._stuck = play.status == 2 or len(answer) < 13
        return answer

    def clear_halt(self, *, incoming: bool) -> None:
        self.log.append("clear in" if incoming else "clear out")
        if not self._stuck:
            self._halted.discard("in" if incoming else "out")

    def reset(self) -> None:
        self.log.append("reset")
        self._stuck, self._phase = False, "command"

    def max_lun(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True
