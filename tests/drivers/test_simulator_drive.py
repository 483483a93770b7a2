"""What the simulated drive does around its medium: tray, attentions, waiting, memory, speed."""

import os

import pytest
from drive_commands import (
    BLOCK,
    close,
    disc,
    flush,
    parameters,
    read,
    ready,
    send,
    sense,
    track,
    write,
)

from drivers.simulator import RealClock, SimulatedDrive, VirtualClock
from drivers.transport import TimedOut

TEST_UNIT_READY = "00" * 6
EVENT = "4a 01 00 00 10 00 00 00 08 00"
FLUSH_AT_ONCE = "35 02 00 00 00 00 00 00 00 00"


def test_new_medium_becomes_ready_and_is_told_once() -> None:
    drive = SimulatedDrive("cd-r")
    told = [sense(send(drive, TEST_UNIT_READY)) for _ in range(30)]
    assert told[0] == (6, 0x29, 0x00)  # switched on
    assert told[1] == (2, 0x04, 0x01)
    assert told.count((6, 0x28, 0x00)) == 1
    assert told[-1] == (0, 0, 0)
    assert told.index((6, 0x28, 0x00)) > told.index((2, 0x04, 0x01))


def test_inquiry_and_configuration_leave_the_attention_for_others() -> None:
    drive = SimulatedDrive()
    for text, length in (("12 00 00 00 24 00", 36), ("46 00 00 00 00 00 00 00 08 00", 8)):
        assert send(drive, text, length=length).status == 0
    assert sense(send(drive, TEST_UNIT_READY)) == (6, 0x29, 0x00)


def test_tray_is_told_open_from_empty() -> None:
    drive = ready("cd-r")
    assert send(drive, "1b 00 00 00 02 00").status == 0
    assert sense(send(drive, TEST_UNIT_READY)) == (2, 0x3A, 0x02)
    drive.open_tray()
    assert sense(send(drive, TEST_UNIT_READY)) == (2, 0x3A, 0x02)
    drive.insert(None)
    assert sense(send(drive, TEST_UNIT_READY)) == (2, 0x3A, 0x01)


def test_locked_drive_keeps_its_medium() -> None:
    drive = ready("cd-r")
    send(drive, "1e 00 00 00 01 00")
    assert sense(send(drive, "1b 00 00 00 02 00")) == (5, 0x53, 0x02)
    assert not drive.press_button()
    assert send(drive, EVENT, length=8).data[4] & 15 == 1  # someone wants it out
    assert drive.locked
    send(drive, "1e 00 00 00 00 00")
    assert drive.press_button()


def test_events_tell_of_media_once() -> None:
    drive = SimulatedDrive()
    drive.load("dvd+r")
    assert send(drive, EVENT, length=8).data == bytes.fromhex("0006 04 50 02 02 0000")
    assert send(drive, EVENT, length=8).data[4] == 0
    drive.remove()
    assert send(drive, EVENT, length=8).data[4:6] == b"\x03\x00"


@pytest.mark.parametrize(
    ("kind", "text", "data", "code"),
    [
        ("cd-r", FLUSH_AT_ONCE, b"", (2, 0x04, 0x08)),
        ("cd-rw", "a1 11" + "00" * 10, b"", (2, 0x04, 0x07)),
        (
            "bd-re",
            "04 11 00 00 00 00",
            bytes.fromhex("00020008 00000000 c0000000"),
            (2, 0x04, 0x04),
        ),
    ],
)
def test_long_operation_returns_at_once_and_tells_how_far_it_is(
    kind: str, text: str, data: bytes, code: tuple[int, int, int]
) -> None:
    drive = ready(kind)
    began = drive.clock()
    assert send(drive, text, data).status == 0
    assert drive.clock() - began < 0.1
    told = []
    for _ in range(1000):
        answer = send(drive, TEST_UNIT_READY)
        if not answer.status:
            break
        assert sense(answer) == code
        assert answer.sense[15] & 0x80
        told.append(int.from_bytes(answer.sense[16:18], "big"))
    assert told == sorted(told)
    assert len(told) > 5
    assert sense(answer) == (0, 0, 0)


def test_request_sense_tells_how_far_it_is_too() -> None:
    drive = ready("cd-rw")
    send(drive, "a1 11" + "00" * 10)
    drive.clock.sleep(30)
    told = send(drive, "03 00 00 00 12 00", length=18).data
    assert (told[2] & 15, told[12], told[13]) == (2, 0x04, 0x07)
    assert 0x7000 < int.from_bytes(told[16:18], "big") < 0x9000
    described = send(drive, "03 01 00 00 fc 00", length=252).data
    assert described[:4] == bytes((0x72, 2, 0x04, 0x07))


def test_without_immed_the_answer_takes_as_long_as_the_operation() -> None:
    drive = ready("cd-rw", image=os.urandom(BLOCK * 400))
    began = drive.clock()
    assert send(drive, "a1 01" + "00" * 10, timeout=600).status == 0
    assert drive.clock() - began >= 60
    assert disc(drive)[0] == 0


def test_operation_goes_on_when_the_host_has_given_up() -> None:
    drive = ready("cd-rw", image=os.urandom(BLOCK * 400))
    began = drive.clock()
    with pytest.raises(TimedOut):
        send(drive, "a1 01" + "00" * 10, timeout=10)
    assert drive.clock() - began == pytest.approx(10, abs=0.1)
    assert sense(send(drive, TEST_UNIT_READY)) == (2, 0x04, 0x07)
    drive.clock.sleep(60)
    assert send(drive, TEST_UNIT_READY).status == 0
    assert disc(drive)[0] == 0


def test_other_commands_have_to_wait_for_a_long_operation() -> None:
    drive = ready("cd-rw")
    send(drive, "a1 11" + "00" * 10)
    assert sense(send(drive, "51" + "00" * 7 + "2200", length=34)) == (2, 0x04, 0x07)
    assert send(drive, "12 00 00 00 24 00", length=36).status == 0
    assert send(drive, EVENT, length=8).status == 0


def fill(drive: SimulatedDrive) -> int:
    """Write until the drive's memory is full; return the block that it did not take."""
    for lba in range(0, 4096, 32):
        cdb = b"\x2a\0" + lba.to_bytes(4, "big") + b"\0\0\x20\0"
        answer = drive.execute(cdb, data_out=bytes([lba % 251]) * (32 * BLOCK))
        if answer.status:
            assert sense(answer) == (2, 0x04, 0x08)
            return lba
    raise AssertionError("the memory never fills")


def room(drive: SimulatedDrive) -> int:
    told = send(drive, "5c 00 00 00 00 00 00 00 0c 00", length=12).data
    return int.from_bytes(told[8:12], "big")


def test_full_memory_takes_the_same_write_later() -> None:
    drive = ready("dvd+r")
    lba = fill(drive)
    assert room(drive) < 512 * 1024  # the moment of the refusal has passed
    drive.clock.sleep(0.05)
    assert room(drive) >= 32 * BLOCK
    assert track(drive)["next"] == lba
    assert write(drive, lba, bytes(32 * BLOCK)).status == 0
    assert track(drive)["next"] == lba + 32


def test_patient_drive_holds_a_write_until_there_is_room() -> None:
    drive = ready("dvd+r", waits=True)
    began = drive.clock()
    for lba in range(0, 8192, 32):
        assert write(drive, lba, bytes(32 * BLOCK)).status == 0
    # 16 MiB, of which 2 wait in the memory; 22,160 kB/s go to the medium.
    assert drive.clock() - began == pytest.approx(14 * 2**20 / 22_160e3, rel=0.05)


@pytest.mark.parametrize(
    ("text", "data", "speed"),
    [
        ("bb 00 ff ff 02 c2 00 00 00 00 00 00", b"", 706),
        ("bb 00 ff ff ff ff 00 00 00 00 00 00", b"", 7056),
        (
            "b6 00 00 00 00 00 00 00 00 00 1c 00",
            bytes(20) + (1764).to_bytes(4, "big") + (1000).to_bytes(4, "big"),
            1764,
        ),
    ],
)
def test_speed_of_recording_can_be_set(text: str, data: bytes, speed: int) -> None:
    drive = ready("cd-r", waits=True)
    send(drive, text, data)
    assert drive.state.rate == speed * 1000


def test_recording_at_once_that_runs_dry_is_lost() -> None:
    drive = ready("cd-r")
    parameters(drive, 1, pauses=False)
    write(drive, 0, os.urandom(BLOCK * 320))
    drive.clock.sleep(2)
    assert sense(write(drive, 320, bytes(32 * BLOCK))) == (3, 0x0C, 0x09)
    assert track(drive, 1)["damaged"]


def test_recording_that_may_pause_waits_for_the_host() -> None:
    drive = ready("cd-r")
    parameters(drive, 1, pauses=True)
    write(drive, 0, os.urandom(BLOCK * 320))
    drive.clock.sleep(2)
    assert write(drive, 320, bytes(32 * BLOCK)).status == 0


def test_power_that_fails_takes_the_memory_with_it_and_leaves_what_was_recorded() -> None:
    drive, content = ready("dvd+r"), os.urandom(BLOCK * 64)
    write(drive, 0, content)
    flush(drive)
    write(drive, 64, os.urandom(BLOCK * 64))
    drive.power_off()
    drive.power_on()
    drive.settle()
    assert read(drive, 0, 64).data == content
    assert track(drive)["next"] in (64, 80)  # a unit may have been begun
    assert disc(drive)[:2] == (1, 1)
    assert close(drive, 6).status == 0
    assert drive.medium.image()[: len(content)] == content


def test_power_that_fails_forgets_settings_and_lock() -> None:
    drive = ready("cd-r")
    parameters(drive, 2)
    send(drive, "1e 00 00 00 01 00")
    drive.power_off()
    drive.power_on()
    assert not drive.locked
    assert sense(send(drive, TEST_UNIT_READY)) == (6, 0x29, 0x00)
    assert drive.state.pages.write_type == 1


def test_format_that_the_power_broke_off_leaves_no_format() -> None:
    drive = ready("bd-re")
    send(drive, "04 11 00 00 00 00", bytes.fromhex("00020008 00000000 c0000000"))
    drive.power_off()
    drive.power_on()
    drive.settle()
    assert sense(write(drive, 0, bytes(32 * BLOCK))) == (3, 0x31, 0x00)


def test_sense_waits_to_be_asked_for_where_the_controller_does_not_fetch_it() -> None:
    drive = SimulatedDrive("cd-r", autosense=False)
    drive.settle()
    answer = send(drive, "25 00", length=8)
    answer = read(drive, 5_000_000, 1)
    assert (answer.status, answer.sense) == (2, b"")
    first = send(drive, "03 00 00 00 12 00", length=18).data
    again = send(drive, "03 00 00 00 12 00", length=18).data
    assert (first[2] & 15, first[12]) == (5, 0x21)
    assert again[2] & 15 == 0


def test_answer_is_cut_to_what_the_host_takes_and_tells_its_whole_length() -> None:
    drive = ready("cd-r")
    short = send(drive, "46 00 00 00 00 00 00 00 08 00", length=8).data
    whole = send(drive, "46 00 00 00 00 00 00 ff ff 00", length=65535).data
    assert len(short) == 8
    assert short == whole[:8]
    assert int.from_bytes(whole[:4], "big") == len(whole) - 4


def test_unknown_commands_and_fields_are_refused() -> None:
    drive = ready("cd-r")
    assert sense(send(drive, "f5" + "00" * 11)) == (5, 0x20, 0x00)
    assert sense(send(drive, "43 00 09 00 00 00 00 00 0c 00", length=12)) == (5, 0x24, 0x00)
    assert sense(send(drive, "5a 00 0e 00 00 00 00 00 20 00", length=32)) == (5, 0x24, 0x00)
    assert sense(send(drive, "5a 00 c5 00 00 00 00 00 20 00", length=32)) == (5, 0x39, 0x00)
    assert sense(send(drive, "5b 00 05 00 00 00 00 00 00 00")) == (5, 0x24, 0x00)


def test_changeable_bits_and_defaults_of_mode_pages_are_told() -> None:
    drive = ready("cd-r")
    parameters(drive, 2)
    now, changes, default = (
        send(drive, f"5a 08 {control << 6 | 5:02x} 00 00 00 00 00 3c 00", length=60).data[8:]
        for control in range(3)
    )
    assert now[2] & 15 == 2
    assert default[2] & 15 == 1
    assert changes[2] == 0xFF


def test_real_clock_can_go_faster() -> None:
    clock = RealClock(speed=1000)
    began = clock()
    clock.sleep(5)
    assert clock() - began >= 5


def test_host_that_waits_on_another_clock_still_comes_through() -> None:
    drive = SimulatedDrive("cd-rw", image=bytes(BLOCK * 400), clock=VirtualClock(poll=1))
    drive.settle()
    send(drive, "a1 11" + "00" * 10)
    for _ in range(100):  # not a second passes for the host
        if not send(drive, TEST_UNIT_READY).status:
            break
    assert disc(drive)[0] == 0


def test_drive_counts_and_logs_what_it_was_asked() -> None:
    drive = ready("cd-r")
    read(drive, 5_000_000, 1)
    assert drive.counts["READ(10)"] == 1
    cdb, status, told = drive.log[-1]
    assert (cdb[0], status, told[2]) == (0x28, 2, 5)
