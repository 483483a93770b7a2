"""A small optical drive for tests: it keeps the rules of recording, and fails where it is told to.

It knows no more than the tests of the recorder need. Its answers are put together here by hand
from MMC-6, so that they share nothing with the parsers that they are to try.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import pack, unpack

from drivers.transport import Answer

BLOCK = 2048
LONG_WRITE, NOT_READY_YET = (0x2, 0x04, 0x08), (0x2, 0x04, 0x01)
NO_MEDIUM, CHANGED, RESET = (0x2, 0x3A, 0x01), (0x6, 0x28, 0x00), (0x6, 0x29, 0x00)
INVALID_FIELD, UNKNOWN = (0x5, 0x24, 0x00), (0x5, 0x20, 0x00)
WRITE_ERROR, UNREADABLE = (0x3, 0x0C, 0x00), (0x3, 0x11, 0x05)
RANDOM = (0x12, 0x1A, 0x13, 0x43)  # profiles that are overwritten
UNITS = {0x09: 1, 0x0A: 1, 0x41: 32, 0x43: 32}
FEATURES = {  # current with a blank disc of the profile: number, data
    0x09: {0x2D: b"\x46\0\0\0", 0x2E: b"\x66\0\0\0"},
    0x0A: {0x2D: b"\x46\0\0\0", 0x2E: b"\x66\0\0\0"},
    0x11: {0x21: b"\x01\0\x01\0", 0x2F: b"\x46\0\0\0"},
    0x14: {0x21: b"\x01\0\x01\0", 0x2F: b"\x46\0\0\0"},
    0x15: {0x21: b"\x01\0\x01\0", 0x2F: b"\x4e\0\0\0"},
}
ALL_FEATURES = FEATURES[0x09] | FEATURES[0x11]
NAMES = {
    0x04: "format", 0x1B: "start stop", 0x1E: "prevent", 0x28: "read", 0x2A: "write",
    0x35: "flush", 0x53: "reserve", 0x54: "opc", 0x55: "select", 0x5B: "close",
    0x5D: "cue sheet", 0xA1: "blank", 0xB6: "streaming", 0xBB: "speed",
}  # fmt: skip


def sense(code: tuple[int, int, int], *, deferred: bool = False, progress: float | None = None,
          information: int | None = None) -> bytes:  # fmt: skip
    kind = (0x71 if deferred else 0x70) | (0x80 if information is not None else 0)
    told = b"\0\0\0" if progress is None else b"\x80" + pack(">H", int(progress * 65535))
    place = pack(">I", (information or 0) & 0xFFFFFFFF)
    return bytes((kind, 0, code[0])) + place + bytes((10, 0, 0, 0, 0, *code[1:], 0)) + told


class Clock:
    """Time that passes only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@dataclass
class Fault:
    """What comes instead of carrying out a command: sense data, an exception, or a whole answer."""

    name: str  # of the command, as in NAMES
    what: tuple[int, int, int] | BaseException | Answer
    at: int = 1  # the how manieth of its name
    times: int = 1
    deferred: bool = False
    progress: float | None = None


@dataclass
class ScriptedDrive:
    """A drive with one medium in it."""

    profile: int
    capacity: int = 4000  # blocks
    status: int = 0  # of the disc: 0 blank, 1 appendable, 2 closed
    formatted: bool = True
    refuses: tuple[int, ...] = ()  # operation codes that it does not know
    faults: list[Fault] = field(default_factory=list)
    largest: int = 64 << 10
    name: str = "/dev/scripted"
    next_writable: int = 0
    background: int = 3  # state of formatting in the background (DVD+RW)
    last_session: int = 0
    page: bytes = b"\x05\x32" + bytes(50)
    refuses_page: Callable[[bytes], bool] = lambda page: False
    blocks: dict[int, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    locked: bool = False
    closed: bool = False
    reserved: int = 0
    features: dict[int, bytes] | None = None  # that are current; None: those of the profile

    def execute(self, cdb: bytes, *, data_out: bytes | memoryview = b"", length: int = 0,
                timeout: float = 30.0) -> Answer:  # fmt: skip
        assert timeout > 0
        assert not self.closed
        assert len(data_out) <= self.largest
        name = NAMES.get(cdb[0], "")
        if name:
            self.log.append(name)
        fault = self._fault(name)
        if isinstance(fault, BaseException):
            raise fault
        if fault is not None and not _is_recovered(fault):
            return fault
        if cdb[0] in self.refuses:
            return _check(UNKNOWN)
        found = getattr(self, f"_{cdb[0]:02x}", None)
        assert found, f"a command that this drive does not expect: {cdb.hex()}"
        told = found(cdb, bytes(data_out))
        answer = told if isinstance(told, Answer) else Answer(0, (told or b"")[:length])
        return fault if fault is not None and not answer.status else answer

    def _fault(self, name: str) -> Answer | BaseException | None:
        count = self.log.count(name)
        for fault in self.faults:
            if fault.name == name and fault.at <= count < fault.at + fault.times:
                if isinstance(fault.what, tuple) and not isinstance(fault.what, Answer):
                    return _check(fault.what, deferred=fault.deferred, progress=fault.progress)
                return fault.what
        return None

    def close(self) -> None:
        self.closed = True

    def image(self, start: int, blocks: int) -> bytes:
        return b"".join(self.blocks[lba] for lba in range(start, start + blocks))

    # What it knows, by operation code.

    def _00(self, cdb: bytes, data: bytes) -> None: ...

    def _12(self, cdb: bytes, data: bytes) -> bytes:
        return b"\x05\x80\x05\x02\x1f\0\0\0" + b"ACME    BURNER\x1b[2J      1.00"

    def _1e(self, cdb: bytes, data: bytes) -> None:
        self.locked = bool(cdb[4] & 1)

    def _1b(self, cdb: bytes, data: bytes) -> Answer | None:
        return _check((0x5, 0x53, 0x02)) if cdb[4] == 2 and self.locked else None

    def _46(self, cdb: bytes, data: bytes) -> bytes:
        rows = pack(">HBB", 0, 3, 4) + pack(">HBB", self.profile, 1, 0)
        current = FEATURES.get(self.profile, {}) if self.features is None else self.features
        for number, content in ALL_FEATURES.items():
            content = current.get(number, content)
            rows += pack(">HBB", number, number in current, len(content)) + content
        return pack(">IHH", 4 + len(rows), 0, self.profile) + rows

    def _4a(self, cdb: bytes, data: bytes) -> bytes:
        return b"\0\x06\x04\x10\0\x02\0\0"

    def _51(self, cdb: bytes, data: bytes) -> bytes:
        random = self.profile in RANDOM and self.formatted
        status = 3 if random and self.profile != 0x1A else self.status
        sessions = 2 if self.status == 1 and not self.last_session else 1
        erasable = 0x10 if self.profile in (*RANDOM, 0x0A, 0x14) else 0
        state = 3 if self.status == 2 else self.last_session
        return bytes((0, 32, erasable | state << 2 | status, 1, sessions, 1, sessions)) + bytes(
            (self.background if self.profile == 0x1A else 0, *bytes(26))
        )

    def _52(self, cdb: bytes, data: bytes) -> bytes | Answer:
        if self.profile in RANDOM:
            return _check(UNKNOWN)
        last = 2 if self.status == 1 and not self.last_session else 1
        if cdb[5] > last:
            return _check(INVALID_FIELD)
        writable = self.status < 2 and cdb[5] == last
        place = self.next_writable if writable else 0
        free = self.capacity - self.next_writable if writable else 0
        return (
            bytes((0, 46, cdb[5], 1, 0, 4, 0x41 if writable else 1, int(writable)))
            + pack(">iiIII", place, place, free, 0, free)
            + bytes(20)
        )

    def _25(self, cdb: bytes, data: bytes) -> bytes:
        return pack(">II", max(self.capacity - 1, 0), BLOCK)

    def _23(self, cdb: bytes, data: bytes) -> bytes | Answer:
        kind = {0x1A: 0x26, 0x13: 0x15, 0x14: 0x15, 0x43: 0, 0x12: 0, 0x41: 0}[self.profile]
        current = pack(">I", self.capacity) + (b"\2" if self.formatted else b"\1") + b"\0\x08\0"
        offered = pack(">I", max(self.capacity, 4000)) + bytes((kind << 2, 0, 8, 0))
        return b"\0\0\0\x10" + current + offered

    def _43(self, cdb: bytes, data: bytes) -> bytes | Answer:
        if cdb[2] > 1 or not self.blocks:
            return _check(INVALID_FIELD)
        last = b"\0\x14\x01\0" + pack(">i", 0)
        out = b"\0\x14\xaa\0" + pack(">i", self.next_writable)
        return b"\0\x0a\1\1" + last if cdb[2] else b"\0\x12\1\1" + last + out

    def _5a(self, cdb: bytes, data: bytes) -> bytes | Answer:
        if cdb[2] != 5:
            return _check(INVALID_FIELD)
        return pack(">H", 6 + len(self.page)) + bytes(6) + self.page

    def _55(self, cdb: bytes, data: bytes) -> Answer | None:
        if self.refuses_page(data[8:]):
            return _check((0x5, 0x26, 0x00))
        self.page = data[8:]
        return None

    def _5c(self, cdb: bytes, data: bytes) -> bytes:
        return b"\0\x0a\0\0" + pack(">II", 1 << 20, 1 << 18)

    def _ac(self, cdb: bytes, data: bytes) -> bytes:
        rows = b"".join(pack(">IIII", 0, 3999, 9000, speed) for speed in (8467, 5645, 2822))
        return pack(">II", 4 + len(rows), 0) + rows

    def _b6(self, cdb: bytes, data: bytes) -> None: ...
    def _bb(self, cdb: bytes, data: bytes) -> None: ...
    def _54(self, cdb: bytes, data: bytes) -> None: ...

    def _53(self, cdb: bytes, data: bytes) -> None:
        self.reserved = unpack(">I", cdb[5:9])[0]

    def _5d(self, cdb: bytes, data: bytes) -> None:
        assert self.page[2] & 0x0F == 2
        assert len(data) == 32
        self.next_writable = -150

    def _04(self, cdb: bytes, data: bytes) -> None:
        self.formatted, self.background = True, 2
        if self.profile == 0x13:
            self.capacity, self.last_session = unpack(">I", data[4:8])[0], 1

    def _a1(self, cdb: bytes, data: bytes) -> None:
        self.status, self.next_writable, self.last_session = 0, 0, 0
        self.blocks.clear()

    def _2a(self, cdb: bytes, data: bytes) -> Answer | None:
        lba, count = unpack(">i", cdb[2:6])[0], unpack(">H", cdb[7:9])[0]
        assert len(data) == count * BLOCK
        if self.profile not in RANDOM:
            if self.status == 2:
                return _check((0x5, 0x30, 0x05))
            if lba != self.next_writable:
                return _check((0x5, 0x21, 0x02))
            self.status, self.last_session, self.next_writable = 1, 1, lba + count
        elif lba % UNITS.get(self.profile, 16) or not self.formatted:
            return _check((0x5, 0x21, 0x00))
        for number in range(count):
            self.blocks[lba + number] = data[number * BLOCK : (number + 1) * BLOCK]
        return None

    def _35(self, cdb: bytes, data: bytes) -> None:
        once = self.page[2] & 0x0F == 2 and self.last_session == 1
        if once and self.profile not in RANDOM and self.status == 1:
            self._end()

    def _5b(self, cdb: bytes, data: bytes) -> Answer | None:
        if cdb[2] == 1:
            return None
        if self.profile == 0x1B and cdb[2] == 6:
            return _check(INVALID_FIELD)
        self._end(final=cdb[2] >= 5)
        return None

    def _end(self, *, final: bool = False) -> None:
        another = self.page[3] & 0xC0 if self.profile in FEATURES else not final
        self.status, self.last_session = (1, 0) if another else (2, 3)

    def _28(self, cdb: bytes, data: bytes) -> bytes | Answer:
        lba, count = unpack(">i", cdb[2:6])[0], unpack(">H", cdb[7:9])[0]
        if any(lba + i not in self.blocks for i in range(count)):
            return _check(UNREADABLE)
        return self.image(lba, count)


def _is_recovered(answer: Answer) -> bool:
    """Return whether the command was carried out all the same (SPC-4 table 48)."""
    return answer.sense[:1] == b"\x70" and answer.sense[2] == 1


def _check(code: tuple[int, int, int], *, deferred: bool = False,
           progress: float | None = None) -> Answer:  # fmt: skip
    return Answer(2, b"", sense(code, deferred=deferred, progress=progress))
