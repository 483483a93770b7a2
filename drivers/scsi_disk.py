"""A disk that takes SCSI commands, such as a USB stick, as one run of bytes (SBC-3, SPC-4)."""

import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from drivers.closing import ClosesItself
from drivers.mmc.answers import Inquiry, parse_inquiry
from drivers.mmc.commands import Command, inquiry
from drivers.mmc.recording_errors import NoMedium
from drivers.mmc.unit import Unit
from drivers.sense import UNIT_ATTENTION, CommandFailed
from drivers.transport import DeviceGone, TimedOut, Transport, TransportFailed
from reporting import CannotRead, CannotWrite, NotSupported

_DISKS: Final = frozenset((0x00, 0x07, 0x0E))  # direct access, optical memory, simplified (SPC-4)
_BLOCKS: Final = frozenset((512, 1024, 2048, 4096))  # bytes
_INQUIRY: Final = 36  # bytes; some controllers know no other length
_LAST_SMALL: Final = 0xFFFFFFFF  # block addresses of 10-byte commands, and "more" (SBC-3 5.15.2)
_MINUTE: Final = 60.0
_RESET: Final = 0x29  # additional sense code: power on, or reset
_TRIES: Final = 2  # of reading or writing the same blocks where the way to the disk failed
_PROTECTED: Final = 0x80  # device-specific parameter (SBC-3 6.5.1)
_FORCES: Final = 0x10  # DPOFUA: reads can be forced past the cache


class _Geometry(NamedTuple):
    blocks: int
    block: int  # bytes


class ScsiDisk(ClosesItself):
    """A disk that is ready; close it or use it as a context.

    Another medium than at first is a failure of every command.

    All methods raise CommandFailed (the disk refused or failed), NoMedium, and TransportFailed
    (it is gone, or does not answer).
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 30.0,
    ) -> None:
        """Wait for the disk, *patience* seconds at most, and look at it.

        Raises:
            NotSupported: it is no disk, or has blocks of a length that none has.
        """
        self._unit = Unit(transport, clock, sleep, "stick")
        self.inquiry: Inquiry = parse_inquiry(self._unit.run(inquiry(length=_INQUIRY)))
        if self.inquiry.kind not in _DISKS:
            raise NotSupported("is not a disk", self.name, "Use it as a drive, not as a stick")
        self._unit.wait_ready(patience)
        geometry = self._geometry()
        self.block = geometry.block  # bytes
        self.size = geometry.blocks * geometry.block  # bytes
        self._last = geometry.blocks - 1
        parameter = self._parameter()
        self.read_only = bool(parameter & _PROTECTED)
        self._forced = bool(parameter & _FORCES)
        self._most = max(transport.largest // self.block, 1)  # blocks in one command
        self._unit.writing = True

    @property
    def name(self) -> str:
        return self._unit.name

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on, past the disk's cache if it can.

        Raises:
            CannotRead: some of them are beyond the end.
        """
        self._check(length, offset, CannotRead)
        first = offset // self.block
        count = -(-(offset + length) // self.block) - first
        data = b"".join(self._repeated(self._read(*run)) for run in self._runs(first, count))
        skipped = offset - first * self.block
        return data[skipped : skipped + length]

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        """Write whole blocks from byte *offset* on.

        Raises:
            CannotWrite: some of them are beyond the end.
        """
        if offset % self.block or len(data) % self.block:
            raise ValueError(f"{len(data)} bytes at byte {offset} are not whole blocks")
        self._check(len(data), offset, CannotWrite)
        view, start = memoryview(data), offset // self.block
        for first, count in self._runs(start, len(data) // self.block):
            at = (first - start) * self.block
            self._repeated(self._write(first, count, view[at : at + count * self.block]))

    def flush(self) -> None:
        """Have all that was written put on the medium; many sticks keep nothing back."""
        flush = Command("SYNCHRONIZE CACHE", b"\x35" + bytes(9), timeout=_MINUTE, patience=_MINUTE)
        self._unit.try_run(flush)

    def stop(self, *, eject: bool = False) -> None:
        """Make the disk ready to be pulled out; what cannot be stopped already is."""
        self._unit.try_run(Command("START STOP UNIT", bytes((0x1B, 0, 0, 0, 2 * eject, 0))))

    def close(self) -> None:
        self._unit.transport.close()

    def _geometry(self) -> _Geometry:
        """READ CAPACITY, the long one where the short one has no room (SBC-3 5.15, 5.16)."""
        answer = self._unit.run(Command("READ CAPACITY", b"\x25" + bytes(9), 8), whole=True)
        last, block = int.from_bytes(answer[:4], "big"), int.from_bytes(answer[4:], "big")
        if last == _LAST_SMALL:
            cdb = b"\x9e\x10" + bytes(8) + (32).to_bytes(4, "big") + bytes(2)
            answer = self._unit.run(Command("READ CAPACITY(16)", cdb, 32))
            last, block = int.from_bytes(answer[:8], "big"), int.from_bytes(answer[8:12], "big")
        if block not in _BLOCKS:
            raise NotSupported(
                f"has blocks of {block} bytes", self.name, "Use another stick; this one is damaged"
            )
        return _Geometry(last + 1, block)

    def _parameter(self) -> int:
        """Return the device-specific parameter of MODE SENSE; 0 where the disk does not tell."""
        for page in (0x3F, 0x00):  # all; or just the header, which more sticks know
            command = Command("MODE SENSE", bytes((0x1A, 0, page, 0, 4, 0)), 4)
            try:
                answer = self._unit.try_run(command)
            except (DeviceGone, TimedOut):
                raise
            except TransportFailed:  # Nothing depends on this: a write is refused in time.
                continue
            if answer and len(answer) >= 4:
                return answer[2]
        return 0

    def _check(self, length: int, offset: int, error: type[CannotRead] | type[CannotWrite]) -> None:
        if length < 0 or offset < 0 or offset + length > self.size:
            raise error(
                f"{length} bytes at byte {offset} are beyond its end at {self.size}",
                self.name,
                "Use a larger stick",
            )

    def _runs(self, first: int, count: int) -> Iterator[tuple[int, int]]:
        """Yield first block and number of blocks of each command."""
        end = first + count
        while first < end:
            count = min(self._most, end - first)
            yield first, count
            first += count

    def _read(self, first: int, count: int) -> Command:
        name = f"READ of {count} blocks from {first} on"
        flags = 0x08 * self._forced  # FUA (SBC-3 5.8)
        return Command(name, self._cdb(0x28, 0x88, flags, first, count), count * self.block)

    def _write(self, first: int, count: int, data: memoryview) -> Command:
        name = f"WRITE of {count} blocks from {first} on"
        return Command(name, self._cdb(0x2A, 0x8A, 0, first, count), data_out=data)

    def _cdb(self, small: int, large: int, flags: int, first: int, count: int) -> bytes:
        if first + count - 1 <= _LAST_SMALL and count <= 0xFFFF:
            where, length = first.to_bytes(4, "big"), count.to_bytes(2, "big")
            return bytes((small, flags)) + where + b"\0" + length + b"\0"
        return (
            bytes((large, flags)) + first.to_bytes(8, "big") + count.to_bytes(4, "big") + bytes(2)
        )

    def _repeated(self, command: Command) -> bytes:
        """Read or write blocks; doing it twice is the same as doing it once."""
        for _ in range(_TRIES - 1):
            try:
                return self._unit.run(command, whole=True)
            except (DeviceGone, TimedOut, NoMedium):
                raise
            except TransportFailed:
                continue
            except CommandFailed as error:
                if not _tells_reset(error):
                    raise
        return self._unit.run(command, whole=True)


def _tells_reset(error: CommandFailed) -> bool:
    sense = error.sense
    return sense is not None and (sense.key, sense.asc) == (UNIT_ATTENTION, _RESET)
