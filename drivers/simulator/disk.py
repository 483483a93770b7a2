"""The disk in a simulated stick: SCSI block commands over memory (SPC-4, SBC-3)."""

from collections.abc import Callable, Collection
from typing import Final, Literal, NamedTuple

from drivers.simulator import conditions as sense
from drivers.simulator.clock import Clock, VirtualClock
from drivers.simulator.conditions import Condition, Refused, pack
from drivers.simulator.in_memory import InMemory
from drivers.simulator.state import Call
from drivers.simulator.surface import Surface
from drivers.transport import CHECK_CONDITION, GOOD, Answer

_INQUIRY: Final = (
    # Direct access, removable, SPC-4, response format 2, 31 bytes follow (SPC-4 6.4.2).
    bytes((0x00, 0x80, 0x06, 0x02, 31, 0, 0, 0)) + b"FILMJKT SIMULATED STICK 1.0 "
)
_MOST_SHORT: Final = 0xFFFFFFFF
Lie = Literal["none", "wraps", "vanishes"]


class DiskFaults(NamedTuple):
    """What is wrong with a disk."""

    bad_reads: frozenset[int] = frozenset()  # blocks: 3/11/00
    bad_writes: frozenset[int] = frozenset()  # blocks: 3/0C/00
    corrupt: frozenset[int] = frozenset()  # blocks that keep another bit than was written
    lie: Lie = "none"  # what becomes of blocks that are not there
    real_blocks: int | None = None  # how many are there, where it lies
    unknown: frozenset[int] = frozenset()  # opcodes that it does not know
    flush_seconds: float = 0.0


class SimulatedDisk(InMemory):
    """A disk by itself, and one unit of a stick."""

    def __init__(
        self,
        blocks: int = 65_536,
        *,
        block: int = 512,
        read_only: bool = False,
        present: bool = True,
        not_ready: float = 0.0,
        faults: DiskFaults | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Switch on a disk.

        Args:
            blocks: how many it says it has.
            block: bytes of one: 512 or 4,096.
            read_only: the switch at its side is set.
            present: False: a card reader without a card.
            not_ready: seconds until it is ready.
            faults: what is wrong with it; None: nothing.
            clock: None: a `VirtualClock`.
        """
        self.clock: Clock = clock or VirtualClock()
        self.blocks, self.block, self.read_only = blocks, block, read_only
        self.present, self.faults = present, faults or DiskFaults()
        self.surface = Surface(block)
        self._attention: list[Condition] = [sense.RESET]
        self._ready_at = self.clock() + not_ready
        self._pending = Refused(sense.NOTHING)
        self.log: list[bytes] = []

    @property
    def name(self) -> str:
        return "simulator stick"

    @property
    def size(self) -> int:
        """Return its bytes as it tells them."""
        return self.blocks * self.block

    def image(self, length: int | None = None) -> bytes:
        """Return the bytes that are on it, from its beginning."""
        blocks = self.surface.top if length is None else -(-length // self.block)
        return self.surface.read(0, blocks)[:length]

    def attend(self, condition: Condition = sense.NEW_MEDIUM) -> None:
        """Let something have happened to it, which it tells with the next command."""
        self._attention.append(condition)

    def _carry_out(self, call: Call, timeout: float) -> Answer:
        self.log.append(call.cdb)
        try:
            data = self._run(call.cdb.ljust(16, b"\0"), bytes(call.data))[: call.length]
        except Refused as refused:
            self._pending = refused
            data = refused.data[: call.length]
            left = (call.length or len(call.data)) - len(data)
            return Answer(CHECK_CONDITION, data, pack(refused), left)
        return Answer(GOOD, data, residual=max(call.length - len(data), 0))

    def wants(self, cdb: bytes) -> tuple[int, int]:
        """Return how many bytes a command would send, and take (BOT 6, "device intent")."""
        cdb = cdb.ljust(16, b"\0")
        if cdb[0] in _WRITES:
            return 0, _extent(cdb)[1] * self.block
        if cdb[0] in _READS:
            return _extent(cdb)[1] * self.block, 0
        return 0, 0

    def _run(self, cdb: bytes, data: bytes) -> bytes:
        handler = _HANDLERS.get(cdb[0])
        if handler is None or cdb[0] in self.faults.unknown:
            raise Refused(sense.UNKNOWN_COMMAND)
        if cdb[0] not in (0x03, 0x12, 0xA0):
            self._admit()
        return handler(self, cdb, data)

    def _admit(self) -> None:
        self._pending = Refused(sense.NOTHING)
        if not self.present:
            raise Refused(sense.NO_MEDIUM)
        if self._attention:
            raise Refused(self._attention.pop(0))
        if self.clock() < self._ready_at:
            self.clock.polled()
            raise Refused(sense.BECOMING_READY)

    def request_sense(self, cdb: bytes, data: bytes) -> bytes:
        told, self._pending = self._pending, Refused(sense.NOTHING)
        return pack(told, descriptors=bool(cdb[1] & 1))[: cdb[4]]

    def inquiry(self, cdb: bytes, data: bytes) -> bytes:
        if cdb[1] & 1:
            raise Refused(sense.INVALID_FIELD)  # Sticks know 36 bytes and no pages.
        return _INQUIRY[: int.from_bytes(cdb[3:5], "big")]

    def done(self, cdb: bytes, data: bytes) -> bytes:
        return b""

    def flush(self, cdb: bytes, data: bytes) -> bytes:
        self.clock.sleep(self.faults.flush_seconds)
        return b""

    def mode_sense(self, cdb: bytes, data: bytes) -> bytes:
        """Tell the write protection (SBC-3 6.5.1); there are no pages."""
        if cdb[2] & 0x3F not in (0x00, 0x3F):
            raise Refused(sense.INVALID_FIELD)
        protected = 0x80 if self.read_only else 0
        if cdb[0] == 0x1A:
            return bytes((3, 0, protected, 0))[: cdb[4]]
        return bytes((0, 6, 0, protected, 0, 0, 0, 0))[: int.from_bytes(cdb[7:9], "big")]

    def read_capacity(self, cdb: bytes, data: bytes) -> bytes:
        last = min(self.blocks - 1, _MOST_SHORT)
        return last.to_bytes(4, "big") + self.block.to_bytes(4, "big")

    def read_capacity_16(self, cdb: bytes, data: bytes) -> bytes:
        if cdb[1] & 0x1F != 0x10:
            raise Refused(sense.INVALID_FIELD)
        answer = (self.blocks - 1).to_bytes(8, "big") + self.block.to_bytes(4, "big") + bytes(20)
        return answer[: int.from_bytes(cdb[10:14], "big")]

    def report_luns(self, cdb: bytes, data: bytes) -> bytes:
        return (b"\x00\x00\x00\x08" + bytes(12))[: int.from_bytes(cdb[6:10], "big")]

    def read(self, cdb: bytes, data: bytes) -> bytes:
        lba, blocks = self._checked(cdb)
        bad = _first(self.faults.bad_reads, lba, blocks)
        if bad is not None:
            refused = Refused(sense.READ_ERROR, information=bad)
            refused.data = self._fetch(lba, bad - lba)
            raise refused
        return self._fetch(lba, blocks)

    def write(self, cdb: bytes, data: bytes) -> bytes:
        lba, blocks = self._checked(cdb)
        if self.read_only:
            raise Refused(sense.PROTECTED)
        if len(data) < blocks * self.block:
            raise Refused(sense.ABORTED)
        bad = _first(self.faults.bad_writes, lba, blocks)
        good = blocks if bad is None else bad - lba
        self._store(lba, data[: good * self.block])
        if bad is not None:
            raise Refused(sense.WRITE_ERROR, information=bad)
        return b""

    def verify(self, cdb: bytes, data: bytes) -> bytes:
        self.read(cdb, data)
        return b""

    def _checked(self, cdb: bytes) -> tuple[int, int]:
        lba, blocks = _extent(cdb)
        if lba + blocks > self.blocks:
            raise Refused(sense.OUT_OF_RANGE, information=lba)
        return lba, blocks

    def _fetch(self, lba: int, blocks: int) -> bytes:
        if self.faults.lie == "none":
            return self.surface.read(lba, blocks)
        return b"".join(
            bytes(self.block) if place is None else self.surface.read(place, 1)
            for place in map(self._place, range(lba, lba + blocks))
        )

    def _store(self, lba: int, data: bytes) -> None:
        wrong = [b for b in self.faults.corrupt if lba <= b < lba + len(data) // self.block]
        if wrong:
            changed = bytearray(data)
            for block in wrong:
                changed[(block - lba) * self.block + self.block // 3] ^= 0x01
            data = bytes(changed)
        if self.faults.lie == "none":
            self.surface.write(lba, data)
            return
        for number in range(len(data) // self.block):
            place = self._place(lba + number)
            if place is not None:
                self.surface.write(place, data[number * self.block : (number + 1) * self.block])

    def _place(self, lba: int) -> int | None:
        """Return where a block of a stick that lies about its size ends up; None: nowhere."""
        real = self.faults.real_blocks or self.blocks
        if lba < real:
            return lba
        return lba % real if self.faults.lie == "wraps" else None


def _extent(cdb: bytes) -> tuple[int, int]:
    """Return first block and number of blocks (SBC-3 5.11, 5.13)."""
    if cdb[0] in (0x88, 0x8A):
        return int.from_bytes(cdb[2:10], "big"), int.from_bytes(cdb[10:14], "big")
    count = cdb[6:10] if cdb[0] in (0xA8, 0xAA) else cdb[7:9]
    return int.from_bytes(cdb[2:6], "big"), int.from_bytes(count, "big")


def _first(blocks: Collection[int], lba: int, count: int) -> int | None:
    return min((b for b in blocks if lba <= b < lba + count), default=None)


_READS: Final = frozenset((0x28, 0xA8, 0x88))
_WRITES: Final = frozenset((0x2A, 0xAA, 0x8A))
_Handler = Callable[[SimulatedDisk, bytes, bytes], bytes]
_HANDLERS: Final[dict[int, _Handler]] = {
    0x00: SimulatedDisk.done,
    0x03: SimulatedDisk.request_sense,
    0x12: SimulatedDisk.inquiry,
    0x1A: SimulatedDisk.mode_sense,
    0x1B: SimulatedDisk.done,
    0x1E: SimulatedDisk.done,
    0x25: SimulatedDisk.read_capacity,
    0x28: SimulatedDisk.read,
    0x2A: SimulatedDisk.write,
    0x2F: SimulatedDisk.verify,
    0x35: SimulatedDisk.flush,
    0x5A: SimulatedDisk.mode_sense,
    0x88: SimulatedDisk.read,
    0x8A: SimulatedDisk.write,
    0x9E: SimulatedDisk.read_capacity_16,
    0xA0: SimulatedDisk.report_luns,
    0xA8: SimulatedDisk.read,
    0xAA: SimulatedDisk.write,
}
