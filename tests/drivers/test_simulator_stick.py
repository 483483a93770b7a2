"""The simulated stick: USB Mass Storage Class, Bulk-Only Transport 1.0, clause by clause."""

import os
import struct

import pytest

from drivers.scsi_disk import ScsiDisk
from drivers.simulator import DiskFaults, SimulatedDisk, SimulatedStick, StickFault
from drivers.transport import DeviceGone, TimedOut, TransportFailed
from drivers.usb.bulk_only import BulkOnly, Stalled
from reporting import FilmjacketError

IN, OUT = 0x80, 0x00
READ_2 = bytes.fromhex("28 00 00000000 00 0002 00")  # 1,024 bytes
WRITE_2 = bytes.fromhex("2a 00 00000000 00 0002 00")
TEST_UNIT_READY = bytes(6)
INQUIRY = bytes.fromhex("12 00 00 00 24 00")  # 36 bytes
PASSED, FAILED, PHASE_ERROR = range(3)


def wrapper(cdb: bytes, length: int, flags: int, *, tag: int = 7, lun: int = 0) -> bytes:
    return struct.pack("<4sIIBBB16s", b"USBC", tag, length, flags, lun, len(cdb), cdb)


def status(stick: SimulatedStick, tag: int = 7) -> tuple[int, int]:
    """Read the CSW as 6.7.2 tells, over a halted pipe too; return status and residue."""
    try:
        data = stick.receive(13, 1)
    except Stalled:
        stick.clear_halt(incoming=True)
        data = stick.receive(13, 1)
    signature, told, residue, result = struct.unpack("<4sIIB", data)
    assert (signature, told) == (b"USBS", tag)
    return result, residue


def attentive(**more: object) -> SimulatedStick:
    """Return a stick that has told its unit attention."""
    stick = SimulatedStick((SimulatedDisk(1024),), **more)  # type: ignore[arg-type]  # as they are
    stick.send(wrapper(TEST_UNIT_READY, 0, OUT), 1)
    assert status(stick) == (FAILED, 0)
    return stick


def give(stick: SimulatedStick, data: bytes) -> int:
    """Send data; where the pipe halts, clear it."""
    try:
        return stick.send(data, 1)
    except Stalled:
        stick.clear_halt(incoming=False)
        return 0


def take(stick: SimulatedStick, length: int) -> bytes:
    try:
        return stick.receive(length, 1)
    except Stalled as halted:
        stick.clear_halt(incoming=True)
        return halted.received


@pytest.mark.parametrize("stalls", [True, False])
@pytest.mark.parametrize(
    ("case", "cdb", "length", "flags", "data", "result"),
    [
        (1, TEST_UNIT_READY, 0, OUT, 0, (PASSED, 0)),
        (2, READ_2, 0, IN, 0, (PHASE_ERROR, 0)),
        (3, WRITE_2, 0, OUT, 0, (PHASE_ERROR, 0)),
        (4, TEST_UNIT_READY, 1024, IN, 0, (PASSED, 1024)),
        (5, INQUIRY, 1024, IN, 36, (PASSED, 988)),
        (6, READ_2, 1024, IN, 1024, (PASSED, 0)),
        (7, READ_2, 512, IN, 512, (PHASE_ERROR, 0)),
        (8, WRITE_2, 1024, IN, 0, (PHASE_ERROR, 1024)),
        (9, TEST_UNIT_READY, 1024, OUT, 1024, (PASSED, 1024)),
        (10, READ_2, 1024, OUT, 1024, (PHASE_ERROR, 1024)),
        (11, WRITE_2, 2048, OUT, 2048, (PASSED, 1024)),
        (12, WRITE_2, 1024, OUT, 1024, (PASSED, 0)),
        (13, WRITE_2, 512, OUT, 512, (PHASE_ERROR, 512)),
    ],
)
def test_thirteen_cases(
    case: int, cdb: bytes, length: int, flags: int, data: int, result: tuple[int, int], stalls: bool
) -> None:
    stick = attentive(stalls=stalls)
    stick.send(wrapper(cdb, length, flags), 1)
    if length and flags == IN:
        assert len(take(stick, length)) == data
    elif length:
        give(stick, bytes(data))
    assert status(stick) == result


@pytest.mark.parametrize(
    "data",
    [
        wrapper(TEST_UNIT_READY, 0, OUT)[:30],
        wrapper(TEST_UNIT_READY, 0, OUT) + b"\0",
        b"USBX" + wrapper(TEST_UNIT_READY, 0, OUT)[4:],
        wrapper(TEST_UNIT_READY, 0, 0x01),
        wrapper(TEST_UNIT_READY, 0, OUT, lun=0x20),
        wrapper(TEST_UNIT_READY, 0, OUT)[:14] + b"\0" + wrapper(TEST_UNIT_READY, 0, OUT)[15:],
        wrapper(TEST_UNIT_READY, 0, OUT)[:14] + b"\x11" + wrapper(TEST_UNIT_READY, 0, OUT)[15:],
    ],
)
def test_invalid_wrapper_halts_both_pipes_until_a_reset(data: bytes) -> None:
    stick = attentive()
    stick.send(data, 1)
    for _ in range(2):  # Clearing alone does not help (6.6.1).
        with pytest.raises(Stalled):
            stick.receive(13, 1)
        with pytest.raises(Stalled):
            stick.send(wrapper(TEST_UNIT_READY, 0, OUT), 1)
        stick.clear_halt(incoming=True)
        stick.clear_halt(incoming=False)
    stick.reset()
    stick.clear_halt(incoming=True)
    stick.clear_halt(incoming=False)
    stick.send(wrapper(TEST_UNIT_READY, 0, OUT), 1)
    assert status(stick) == (PASSED, 0)


def test_reset_alone_leaves_the_pipes_halted() -> None:
    stick = attentive()
    stick.send(b"nonsense", 1)
    stick.reset()
    with pytest.raises(Stalled):
        stick.receive(13, 1)


def test_unit_that_is_not_there_fails_the_command() -> None:
    stick = attentive()
    stick.send(wrapper(TEST_UNIT_READY, 0, OUT, lun=3), 1)
    assert status(stick)[0] == FAILED


def test_sense_is_kept_for_each_unit() -> None:
    stick = SimulatedStick((SimulatedDisk(64), SimulatedDisk(64, present=False)))
    assert stick.max_lun() == 1
    first, second = BulkOnly(stick), BulkOnly(stick, 1)
    assert second.execute(TEST_UNIT_READY).sense[12] == 0x3A
    assert first.execute(TEST_UNIT_READY).sense[12] == 0x29
    assert first.execute(TEST_UNIT_READY).status == 0


def test_nothing_comes_without_a_command() -> None:
    stick = attentive()
    began = stick.disk.clock()
    with pytest.raises(TimedOut):
        stick.receive(13, 5)
    assert stick.disk.clock() - began == 5


def disk_on(stick: SimulatedStick) -> ScsiDisk:
    clock = stick.disk.clock
    return ScsiDisk(BulkOnly(stick, clock=clock), clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize("block", [512, 4096])
@pytest.mark.parametrize("stalls", [True, False])
def test_what_is_written_is_read(block: int, stalls: bool) -> None:
    stick = SimulatedStick((SimulatedDisk(4096, block=block),), stalls=stalls)
    disk, content = disk_on(stick), os.urandom(300 * 1024 // block * block)
    assert disk.size == 4096 * block
    disk.pwrite(content, 16 * block)
    disk.flush()
    assert disk.pread(len(content), 16 * block) == content
    assert stick.disk.image()[16 * block :] == content


def test_large_disk_is_told_by_the_long_command() -> None:
    blocks = 6 << 30
    disk = disk_on(SimulatedStick((SimulatedDisk(blocks),)))
    assert disk.size == blocks * 512
    disk.pwrite(b"\x01" * 512, disk.size - 512)
    assert disk.pread(512, disk.size - 512) == b"\x01" * 512


def test_write_protection_is_told_and_kept() -> None:
    stick = SimulatedStick((SimulatedDisk(64, read_only=True),))
    disk = disk_on(stick)
    assert disk.read_only
    with pytest.raises(FilmjacketError):
        disk.pwrite(bytes(512), 0)
    assert stick.disk.image() == b""


def test_disk_that_needs_time_is_waited_for() -> None:
    stick = SimulatedStick((SimulatedDisk(64, not_ready=5.0),))
    disk_on(stick)
    assert stick.disk.clock() >= 5


def test_bad_sectors_tell_where_they_are() -> None:
    faults = DiskFaults(bad_reads=frozenset((5,)), bad_writes=frozenset((9,)))
    disk = SimulatedDisk(64, faults=faults)
    disk.execute(TEST_UNIT_READY)
    read = disk.execute(bytes.fromhex("28 00 00000004 00 0004 00"), length=2048)
    assert (read.sense[2] & 15, read.sense[12], len(read.data)) == (3, 0x11, 512)
    assert int.from_bytes(read.sense[3:7], "big") == 5
    write = disk.execute(bytes.fromhex("2a 00 00000008 00 0004 00"), data_out=b"\x07" * 2048)
    assert (write.sense[2] & 15, write.sense[12]) == (3, 0x0C)
    assert disk.image()[8 * 512 :] == b"\x07" * 512


@pytest.mark.parametrize(
    "faults",
    [
        DiskFaults(corrupt=frozenset((70,))),
        DiskFaults(lie="wraps", real_blocks=100),
        DiskFaults(lie="vanishes", real_blocks=100),
    ],
)
def test_stick_that_lies_answers_well_and_reads_back_otherwise(faults: DiskFaults) -> None:
    disk = disk_on(SimulatedStick((SimulatedDisk(256, faults=faults),)))
    content = os.urandom(256 * 512)
    disk.pwrite(content, 0)
    disk.flush()
    assert disk.pread(len(content), 0) != content


def test_disk_knows_nothing_that_it_was_told_not_to() -> None:
    disk = disk_on(SimulatedStick((SimulatedDisk(64, faults=DiskFaults(unknown={0x35, 0x1A})),)))
    disk.pwrite(bytes(512), 0)
    disk.flush()
    assert not disk.read_only


@pytest.mark.parametrize("phase", ["command", "data", "status"])
@pytest.mark.parametrize("nth", [1, 2, 5])
def test_unplugged_stick_is_gone_in_every_phase(phase: str, nth: int) -> None:
    stick = SimulatedStick(faults=[StickFault(phase, "unplug", nth)])  # type: ignore[arg-type]
    with pytest.raises(DeviceGone):
        disk_on(stick).pwrite(os.urandom(512 * 1024), 0)
    with pytest.raises(DeviceGone):
        stick.receive(13, 1)


def test_stick_that_comes_back_has_another_address_and_an_attention() -> None:
    stick = attentive()
    before = stick.name
    stick.unplug()
    stick.plug_in()
    assert stick.name != before
    answer = BulkOnly(stick).execute(TEST_UNIT_READY)
    assert (answer.sense[2] & 15, answer.sense[12]) == (6, 0x28)


@pytest.mark.parametrize(
    "trouble", ["phase error", "wrong tag", "bad signature", "short status", "mute"]
)
def test_wrong_status_is_followed_by_a_reset_and_a_whole_recovery(trouble: str) -> None:
    stick = attentive(faults=[StickFault("status", trouble, 2)])  # type: ignore[list-item]
    transport = BulkOnly(stick, clock=stick.disk.clock)
    with pytest.raises(TransportFailed):
        transport.execute(READ_2, length=1024)
    assert len(transport.execute(READ_2, length=1024).data) == 1024


def test_halted_status_is_read_a_second_time() -> None:
    stick = attentive(faults=[StickFault("status", "stall", 2)])
    assert BulkOnly(stick).execute(READ_2, length=1024).status == 0


def test_halt_in_the_data_ends_the_command() -> None:
    stick = attentive(faults=[StickFault("data", "stall")])
    transport = BulkOnly(stick)
    assert transport.execute(READ_2, length=1024).status == 2
    assert transport.execute(READ_2, length=1024).status == 0


def test_random_troubles_end_in_typed_errors_and_never_in_wrong_data() -> None:
    troubles = ("stall", "mute", "phase error", "wrong tag", "bad signature", "short status")
    for phase in ("command", "data", "status"):
        for trouble in troubles:
            for nth in range(1, 12):
                stick = SimulatedStick(faults=[StickFault(phase, trouble, nth)])
                content = os.urandom(130 * 1024)
                try:
                    disk = disk_on(stick)
                    disk.pwrite(content, 0)
                    assert disk.pread(len(content), 0) == content
                except FilmjacketError:
                    continue
