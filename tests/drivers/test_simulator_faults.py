"""How the simulated drive fails, and that every fault does what its row says."""

import os

import pytest
from drive_commands import BLOCK, close, flush, read, ready, send, sense, track, write

from drivers.mmc.recorder import Recorder
from drivers.sense import CommandFailed
from drivers.simulator import (
    FAULTS,
    KINDS,
    SimulatedDrive,
    fault,
    open_simulated,
    parse_fault,
    power_loss,
    random_faults,
)
from drivers.transport import DeviceGone, TimedOut, TransportFailed
from reporting import FilmjacketError, WrongUsage

TEST_UNIT_READY = "00" * 6
FORMAT = ("04 11 00 00 00 00", bytes.fromhex("00000008 00000000 c4000000"))
RECORDABLE = sorted(name for name, row in KINDS.items() if row.closing or row.formats)
ANSWERS = {0x04: "bd-re", 0xA1: "cd-rw", 0x54: "cd-r", 0x5B: "dvd+r", 0x35: "dvd+r"}


def act(drive: SimulatedDrive, opcode: int):
    if opcode == 0x04:
        return send(drive, *FORMAT, timeout=3600)
    if opcode == 0xA1:
        return send(drive, "a1 01" + "00" * 10, timeout=3600)
    if opcode == 0x54:
        return send(drive, "54 01" + "00" * 8)
    write(drive, 0, bytes(32 * BLOCK))
    return flush(drive) if opcode == 0x35 else close(drive, 2)


@pytest.mark.parametrize("name", sorted(n for n, f in FAULTS.items() if f.effect == "answer"))
def test_fault_is_answered_with_its_condition(name: str) -> None:
    row = FAULTS[name]
    if row.on & {0x2A}:
        drive = ready("dvd+r", faults=[row])
        answer = write(drive, 0, bytes(32 * BLOCK))
    elif row.on & {0x28}:
        drive = ready("dvd+r", image=bytes(32 * BLOCK), faults=[row])
        answer = read(drive, 0, 32)
    else:
        opcode = min(row.on)
        answer = act(ready(ANSWERS[opcode], faults=[row]), opcode)
    assert sense(answer) == row.condition


def test_write_is_taken_up_to_the_bad_block() -> None:
    drive, content = ready("dvd+r", faults=[fault("bad-block", lba=40)]), os.urandom(64 * BLOCK)
    answer = write(drive, 0, content)
    assert sense(answer) == (3, 0x0C, 0x00)
    assert answer.sense[0] == 0xF0  # the information is valid
    assert int.from_bytes(answer.sense[3:7], "big") == 40
    assert track(drive)["next"] == 40
    flush(drive)
    assert drive.medium.image()[: 40 * BLOCK] == content[: 40 * BLOCK]


def test_read_gives_the_blocks_before_the_bad_one() -> None:
    content = os.urandom(64 * BLOCK)
    drive = ready("dvd+r", image=content, faults=[fault("unreadable", lba=40)])
    answer = read(drive, 0, 64)
    assert sense(answer) == (3, 0x11, 0x05)
    assert answer.data == content[: 40 * BLOCK]
    assert answer.residual == 24 * BLOCK
    assert read(drive, 41, 23).data == content[41 * BLOCK :]


def test_weak_block_is_read_at_the_second_try() -> None:
    drive = ready("dvd+r", image=bytes(64 * BLOCK), faults=[fault("weak-block", lba=3)])
    assert sense(read(drive, 0, 8))[0] == 3
    assert read(drive, 0, 8).status == 0


def test_late_error_comes_with_the_next_command_which_is_not_carried_out() -> None:
    drive = ready("dvd+r", faults=[fault("late-write-error")])
    assert write(drive, 0, bytes(32 * BLOCK)).status == 0
    answer = write(drive, 32, bytes(32 * BLOCK))
    assert answer.sense[0] & 0x7F == 0x71
    assert sense(answer) == (3, 0x0C, 0x00)
    assert track(drive)["next"] == 32


def test_recovered_error_is_a_success() -> None:
    content = os.urandom(8 * BLOCK)
    drive = ready("dvd+r", image=content, faults=[fault("recovered")])
    answer = read(drive, 0, 8)
    assert sense(answer)[0] == 1
    assert answer.data == content


def test_recovered_write_has_taken_all_of_its_data() -> None:
    content = os.urandom(32 * BLOCK)
    drive = ready("dvd+r", faults=[fault("recovered")])
    answer = write(drive, 0, content)
    assert (sense(answer)[0], answer.residual) == (1, 0)
    flush(drive)
    assert drive.medium.image()[: len(content)] == content


@pytest.mark.parametrize(("name", "status"), [("busy", 8), ("task-set-full", 0x28)])
def test_status_without_sense_passes_by(name: str, status: int) -> None:
    drive = ready("dvd+r", faults=[fault(name)])
    answer = write(drive, 0, bytes(32 * BLOCK))
    assert (answer.status, answer.sense) == (status, b"")
    assert write(drive, 0, bytes(32 * BLOCK)).status == 0


def test_wrong_readback_differs_in_one_bit_of_one_block() -> None:
    content = os.urandom(64 * BLOCK)
    drive = ready("dvd+r", image=content, faults=[fault("wrong-readback", lba=33)])
    got = read(drive, 32, 8).data
    wrong = [i for i in range(8) if got[i * BLOCK :][:BLOCK] != content[(32 + i) * BLOCK :][:BLOCK]]
    assert wrong == [1]
    assert drive.medium.image() == content


def test_silent_corruption_stays_on_the_medium() -> None:
    drive, content = ready("dvd+r", faults=[fault("silent-corruption", lba=7)]), bytes(32 * BLOCK)
    assert write(drive, 0, content).status == 0
    flush(drive)
    image = drive.medium.image()
    assert [i for i in range(32) if any(image[i * BLOCK :][:BLOCK])] == [7]


def test_short_read_tells_its_residual() -> None:
    drive = ready("dvd+r", image=bytes(64 * BLOCK), faults=[fault("short-read")])
    answer = read(drive, 0, 8)
    assert (answer.status, len(answer.data), answer.residual) == (0, 7 * BLOCK, BLOCK)


def test_stale_bytes_fill_an_answer_up() -> None:
    drive = ready("cd-r", faults=[fault("stale-data")])
    answer = send(drive, "51 00 00 00 00 00 00 01 00 00", length=256)
    assert (len(answer.data), answer.residual) == (256, 0)
    assert answer.data[1] == 32


def test_slow_drive_still_gets_there() -> None:
    drive, fast = ready("dvd+r", waits=True, faults=[fault("slow")]), ready("dvd+r", waits=True)
    began = drive.clock(), fast.clock()
    for one in (drive, fast):
        for lba in range(0, 4096, 32):
            assert write(one, lba, bytes(32 * BLOCK)).status == 0
    assert drive.clock() - began[0] > 10 * (fast.clock() - began[1])


@pytest.mark.parametrize(
    ("name", "error"),
    [("unplugged", DeviceGone), ("mute", TimedOut), ("answer-lost", TransportFailed)],
)
def test_way_to_the_drive_fails(name: str, error: type[Exception]) -> None:
    drive = ready("dvd+r", faults=[fault(name)])
    began = drive.clock()
    with pytest.raises(error):
        write(drive, 0, bytes(32 * BLOCK))
    if name == "unplugged":
        with pytest.raises(DeviceGone):
            send(drive, TEST_UNIT_READY)
    if name == "mute":
        assert drive.clock() - began >= 30
    if name == "answer-lost":
        assert track(drive)["next"] == 32


def test_medium_taken_out_in_a_write_is_told() -> None:
    drive = ready("dvd+r", faults=[fault("medium-removed")])
    assert sense(write(drive, 0, bytes(32 * BLOCK))) == (2, 0x3A, 0x02)
    assert drive.medium is None


def record(drive: SimulatedDrive, content: bytes) -> int:
    """Write until the drive is gone; return the first block of the write that did not come back."""
    for lba in range(0, len(content) // BLOCK, 32):
        try:
            write(drive, lba, content[lba * BLOCK : (lba + 32) * BLOCK])
        except DeviceGone:
            return lba
    raise AssertionError("the power did not fail")


@pytest.mark.parametrize("byte", [0, BLOCK * 33, BLOCK * 1000 + 5])
def test_power_lost_at_a_byte_leaves_nothing_beyond_it(byte: int) -> None:
    drive, content = ready("bd-r", faults=[power_loss(byte)]), os.urandom(2048 * BLOCK)
    assert record(drive, content) <= byte // BLOCK
    drive.power_on()
    drive.settle()
    assert len(drive.medium.image()) <= byte + 32 * BLOCK
    answer = read(drive, 0, byte // BLOCK)
    assert answer.data == content[: len(answer.data)]
    assert sense(answer)[0] in ((0, 3, 5) if byte else (0,))  # half a unit is lost for ever
    place = track(drive)["next"]
    assert place * BLOCK >= len(answer.data)
    assert write(drive, place, content[: 32 * BLOCK]).status == 0
    flush(drive)
    assert close(drive, 6).status == 0
    assert read(drive, place, 32).data == content[: 32 * BLOCK]


def test_unit_attention_comes_before_the_command() -> None:
    drive = ready("dvd+r", faults=[fault("reset")])
    assert sense(write(drive, 0, bytes(32 * BLOCK))) == (6, 0x29, 0x00)
    assert track(drive)["next"] == 0


def test_nth_command_is_hit_and_no_other() -> None:
    drive = ready("dvd+r", faults=[fault("aborted", nth=3)])
    told = [sense(write(drive, lba, bytes(16 * BLOCK))) for lba in (0, 16, 32, 32, 48)]
    assert [code[0] for code in told] == [0, 0, 0x0B, 0, 0]


def test_faults_are_named_as_operators_write_them() -> None:
    assert parse_fault("write-error").nth == 1
    assert parse_fault("bad-block@77").lba == 77
    assert parse_fault("busy#4").nth == 4
    for text in ("nonsense", "bad-block@", "busy#x"):
        with pytest.raises(ValueError, match=r".+"):
            parse_fault(text)
    with pytest.raises(ValueError, match="'reserved-by-another' may be meant"):
        parse_fault("reserved")
    with pytest.raises(ValueError, match="'write-error' may be meant"):
        parse_fault("writ-error")


def test_same_seed_gives_the_same_faults() -> None:
    assert random_faults(7, 1000) == random_faults(7, 1000)
    plans = [random_faults(seed, 1000) for seed in range(400)]
    assert {row.name for plan in plans for row in plan} == set(FAULTS)


@pytest.mark.parametrize(
    "kind", sorted(k for k, row in KINDS.items() if row.closing or row.formats)
)
def test_no_fault_makes_a_bad_medium_good_or_a_host_wait_for_ever(kind: str) -> None:
    content = os.urandom(640 * BLOCK)
    for seed in range(40):
        drive = SimulatedDrive(kind, faults=random_faults(seed, 640))
        recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
        try:
            disc_ = recorder.write(640, [content])
            back = b"".join(recorder.read(disc_.start, 640))
        except FilmjacketError:
            continue
        if back == content:
            assert drive.medium.image()[: len(content)] == content, seed
            assert not drive.locked, seed


def test_simulated_devices_open_by_name() -> None:
    for name in (*KINDS, "empty", "stick", "cd-r,fault=bad-block@5,fault=busy", "dvd+r,seed=3"):
        open_simulated(name).close()


@pytest.mark.parametrize(
    "name", ["", "cd", "cd-r,fault=none", "cd-r,colour=red", "stick,fault=busy", "cd-r,seed=x"]
)
def test_unknown_simulated_device_is_explained(name: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        open_simulated(name)
    assert len(str(caught.value)) < 900
    assert "int()" not in str(caught.value)


def test_a_stick_that_fails_is_not_told_as_a_drive_with_a_disc() -> None:
    with open_simulated("stick,fault=bad-block@64") as stick:
        with pytest.raises(CommandFailed, match="the stick could not write") as caught:
            stick.pwrite(bytes(65536), 0)
        assert caught.value.remedy == "Use another stick; this one is damaged"
        assert "block 64)" in str(caught.value)


@pytest.mark.parametrize("seed", range(12))
def test_random_faults_of_a_stick_are_those_of_a_stick(seed: int) -> None:
    open_simulated(f"stick,seed={seed}").close()


@pytest.mark.parametrize("kind", ["cd-r", "dvd+rw"])
def test_a_disc_that_is_let_out_makes_room_for_a_blank_one_of_its_kind(kind: str) -> None:
    content = os.urandom(320 * BLOCK)
    with open_simulated(kind) as drive:
        for _ in range(3):
            before = drive.medium()
            assert before.state == "blank"
            made = drive.write(320, [content])
            assert b"".join(drive.read(made.start, 320)) == content
            drive.eject()
            assert drive.tray() == "loaded"
            assert drive.medium() == before


def test_an_empty_drive_stays_empty_when_its_tray_is_opened() -> None:
    with open_simulated("empty") as drive:
        drive.eject()
        assert drive.tray() == "open"


def test_a_disc_that_is_taken_out_while_it_is_written_is_not_replaced() -> None:
    with open_simulated("cd-r,fault=medium-removed#3") as drive:
        with pytest.raises(FilmjacketError, match="no medium"):
            drive.write(320, [os.urandom(320 * BLOCK)])
        assert drive.tray() == "open"


def test_drive_opened_by_name_records() -> None:
    content = os.urandom(500 * BLOCK)
    with open_simulated("bd-r") as drive:
        made = drive.write(500, [content])
        assert b"".join(drive.read(made.start, 500)) == content
