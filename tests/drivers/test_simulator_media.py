"""What each kind of simulated medium allows, refuses and remembers (MMC-6 4 and 6.3)."""

import os

import pytest
from drive_commands import (
    BLOCK,
    close,
    cue_sheet,
    disc,
    flush,
    parameters,
    read,
    ready,
    reserve,
    send,
    sense,
    track,
    write,
)

from drivers.simulator import KINDS, SimulatedMedium

SEQUENTIAL = ("cd-r", "cd-rw", "dvd-r", "dvd-rw", "dvd-r-dl", "dvd+r", "dvd+r-dl", "bd-r")
BLANK, APPENDABLE, COMPLETE = range(3)
EMPTY, OPEN, DAMAGED, CLOSED = range(4)
WRITE_TYPE = {"cd": 1, "minus": 0, "plus": 0, "bd": 0}


def data(blocks: int) -> bytes:
    return os.urandom(blocks * BLOCK)


def begun(kind: str, **more: object):
    drive = ready(kind, **more)
    parameters(drive, WRITE_TYPE[KINDS[kind].family])
    return drive


@pytest.mark.parametrize("kind", SEQUENTIAL)
def test_blocks_go_to_the_next_address_and_nowhere_else(kind: str) -> None:
    drive = begun(kind)
    assert track(drive)["next"] == 0
    assert sense(write(drive, 32, data(32))) == (5, 0x21, 0x02)
    assert write(drive, 0, data(32)).status == 0
    assert track(drive)["next"] == 32
    assert sense(write(drive, 0, data(32))) == (5, 0x21, 0x02)
    assert write(drive, 32, data(32)).status == 0


@pytest.mark.parametrize("kind", SEQUENTIAL)
def test_address_and_room_move_with_every_write(kind: str) -> None:
    drive = begun(kind)
    room = track(drive)["free"]
    write(drive, 0, data(64))
    told = track(drive)
    assert (told["next"], told["free"]) == (64, room - 64)


@pytest.mark.parametrize("kind", SEQUENTIAL)
def test_closed_disc_takes_nothing_and_reads_back(kind: str) -> None:
    drive, content = begun(kind), data(320)
    write(drive, 0, content)
    flush(drive)
    assert disc(drive)[0] == APPENDABLE
    final = 6 if KINDS[kind].family in ("plus", "bd") else 2
    assert close(drive, final).status == 0
    assert disc(drive)[:2] == (COMPLETE, CLOSED)
    assert read(drive, 0, 320).data == content
    assert drive.medium.image()[: len(content)] == content
    assert sense(write(drive, 320, data(32))) == (5, 0x30, 0x05)


@pytest.mark.parametrize("kind", SEQUENTIAL)
def test_second_session_goes_where_the_drive_says(kind: str) -> None:
    drive, first, second = begun(kind), data(320), data(352)
    parameters(drive, WRITE_TYPE[KINDS[kind].family], stays_open=True)
    write(drive, 0, first)
    flush(drive)
    close(drive, 2)
    assert disc(drive) == (APPENDABLE, EMPTY, 2)
    place = track(drive)["next"]
    assert place % KINDS[kind].unit == 0
    assert place - (320 + 2 * (KINDS[kind].family == "cd")) == KINDS[kind].gaps[0]
    write(drive, place, second)
    flush(drive)
    close(drive, 2)
    assert read(drive, place, 352).data == second
    assert read(drive, 0, 320).data == first
    told = send(drive, "43 00 01 00 00 00 00 00 0c 00", length=12).data
    assert int.from_bytes(told[8:12], "big") == place


@pytest.mark.parametrize("kind", SEQUENTIAL)
def test_full_medium_takes_no_more(kind: str) -> None:
    drive = begun(kind, capacity=640)
    assert write(drive, 0, data(320)).status == 0
    assert write(drive, 320, data(320)).status == 0
    assert sense(write(drive, 640, data(32))) == (5, 0x63, 0x00)


@pytest.mark.parametrize("kind", ["dvd-r", "dvd+r", "bd-r"])
def test_small_write_is_filled_up_once_and_the_next_goes_behind_it(kind: str) -> None:
    drive, unit = begun(kind), KINDS[kind].unit
    write(drive, 0, data(4))
    assert track(drive)["next"] == 4
    flush(drive)
    after = track(drive)["next"]
    assert after % unit == 0
    assert after >= unit
    assert sense(write(drive, 4, data(4))) == (5, 0x21, 0x02)


@pytest.mark.parametrize("kind", ["dvd+r", "bd-r", "dvd-r"])
def test_reservation_is_kept_and_has_to_be_filled(kind: str) -> None:
    drive, unit = begun(kind), KINDS[kind].unit
    assert reserve(drive, 100).status == 0
    limit = 100 + -100 % unit
    assert track(drive, 1)["reserved"]
    assert track(drive, 1)["free"] == limit
    assert track(drive)["start"] == limit
    assert sense(write(drive, 0, data(limit + unit))) == (5, 0x63, 0x00)
    write(drive, 0, data(unit))
    flush(drive)
    assert sense(close(drive, 2)) == (5, 0x72, 0x03)
    assert close(drive, 1, 1).status == 0
    assert close(drive, 2).status == 0


def test_dvd_r_loses_a_unit_from_packet_to_packet_and_none_at_the_end_of_a_track() -> None:
    drive = begun("dvd-r")
    write(drive, 0, data(32))
    flush(drive)
    assert track(drive)["next"] == 48
    assert write(drive, 48, data(16)).status == 0
    flush(drive)
    close(drive, 1, 1)
    assert track(drive, 1)["size"] == 64
    assert track(drive)["start"] == 64


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_table_of_contents_ends_where_the_capacity_does(kind: str) -> None:
    drive = ready(kind, image=data(640), capacity=1280)
    toc = send(drive, "43 00 00 00 00 00 00 00 fc 00", length=252).data
    last = send(drive, "25" + "00" * 9, length=8).data
    assert toc[-6] == 0xAA
    assert int.from_bytes(toc[-4:], "big") == int.from_bytes(last[:4], "big") + 1
    in_frames = send(drive, "43 02 00 00 00 00 00 00 fc 00", length=252).data
    minute, second, frame = in_frames[-3:]
    assert (minute * 60 + second) * 75 + frame - 150 == int.from_bytes(toc[-4:], "big")


def test_close_that_cannot_be_done_is_refused_at_once() -> None:
    drive = begun("dvd+r")
    reserve(drive, 100)
    write(drive, 0, data(16))
    assert sense(send(drive, "5b 01 02 00 00 00 00 00 00 00")) == (5, 0x72, 0x03)
    assert send(drive, "00" * 6).status == 0


def test_cd_track_at_once_ends_in_two_blocks_that_cannot_be_read() -> None:
    drive = begun("cd-r")
    write(drive, 0, data(400))
    flush(drive)
    close(drive, 2)
    assert send(drive, "25" + "00" * 9, length=8).data[:4] == (401).to_bytes(4, "big")
    answer = read(drive, 390, 12)
    assert sense(answer)[0] == 3
    assert int.from_bytes(answer.sense[3:7], "big") == 400
    assert len(answer.data) == 10 * BLOCK


def test_cd_track_is_four_seconds_long_at_least() -> None:
    drive = begun("cd-r")
    write(drive, 0, data(10))
    flush(drive)
    close(drive, 2)
    assert track(drive, 1)["size"] == 302


def test_cd_session_at_once_begins_before_block_0_and_closes_itself() -> None:
    drive, content = ready("cd-r"), data(300)
    parameters(drive, 2)
    assert sense(write(drive, -150, bytes(BLOCK))) == (5, 0x2C, 0x00)
    assert cue_sheet(drive, 300).status == 0
    assert track(drive)["next"] == -150
    assert sense(write(drive, 0, data(10))) == (5, 0x21, 0x02)
    assert write(drive, -150, bytes(150 * BLOCK)).status == 0
    assert write(drive, 0, content).status == 0
    assert sense(write(drive, 300, data(1))) == (5, 0x63, 0x00)
    flush(drive)
    assert disc(drive)[:2] == (COMPLETE, CLOSED)
    assert read(drive, 0, 300).data == content
    assert drive.medium.image() == content


def test_cd_session_at_once_that_ends_early_is_not_closed() -> None:
    drive = ready("cd-r")
    parameters(drive, 2)
    cue_sheet(drive, 300)
    write(drive, -150, bytes(150 * BLOCK))
    write(drive, 0, data(100))
    flush(drive)
    assert disc(drive)[:2] == (APPENDABLE, DAMAGED)
    assert track(drive)["damaged"]
    assert not track(drive)["valid"]


@pytest.mark.parametrize(
    "sheet",
    [
        "4101001000000000 4101011000000200 41aa011400000600",  # no lead-in
        "4100001400000000 4101001000000000 4101011000000200",  # no lead-out
        "4100001400000000 4101001000000600 4101011000000200 41aa011400000600",  # falls
        "4100001400000000 0101000000000000 0101010000000200 01aa010000000600",  # audio
        "",
    ],
)
def test_cue_sheet_that_makes_no_sense_is_refused(sheet: str) -> None:
    drive = ready("cd-r")
    parameters(drive, 2)
    rows = bytes.fromhex(sheet)
    answer = send(drive, f"5d 00 00 00 00 00 {len(rows):06x} 00", rows)
    assert sense(answer) == (5, 0x26, 0x00)


def test_cue_sheet_belongs_to_its_write_type() -> None:
    drive = ready("cd-r")
    parameters(drive, 1)
    assert sense(cue_sheet(drive, 300)) == (5, 0x2C, 0x00)


@pytest.mark.parametrize(
    ("kind", "write_type", "code"),
    [
        ("cd-r", 0, (5, 0x64, 0x00)),  # packets
        ("dvd-r", 1, (5, 0x64, 0x00)),  # tracks at once are for CD
        ("dvd-r", 2, (5, 0x2C, 0x00)),  # at once, and nothing reserved
    ],
)
def test_write_type_has_to_suit_the_medium(
    kind: str, write_type: int, code: tuple[int, int, int]
) -> None:
    drive = ready(kind)
    parameters(drive, write_type)
    assert sense(write(drive, 0, data(16))) == code


def test_raw_writing_is_not_offered() -> None:
    assert sense(parameters(ready("cd-r"), 3)) == (5, 0x26, 0x00)


def test_dvd_r_at_once_closes_itself_when_the_reservation_is_full() -> None:
    drive, content = ready("dvd-r"), data(100)
    parameters(drive, 2)
    reserve(drive, 100)
    write(drive, 0, content)
    flush(drive)
    assert disc(drive)[0] == COMPLETE
    assert read(drive, 0, 100).data == content


def test_quickly_blanked_dvd_rw_is_written_at_once_only() -> None:
    drive = ready("dvd-rw", image=data(64))
    assert send(drive, "a1 01" + "00" * 10, timeout=3600).status == 0
    parameters(drive, 0)
    assert sense(write(drive, 0, data(16))) == (5, 0x64, 0x00)
    feature = send(drive, "46 02 00 21 00 00 00 00 20 00", length=32).data
    assert feature[10] & 1 == 0
    parameters(drive, 2)
    reserve(drive, 32)
    assert write(drive, 0, data(32)).status == 0


def test_fully_blanked_dvd_rw_is_written_in_packets_too() -> None:
    drive = ready("dvd-rw", image=data(64))
    send(drive, "a1 00" + "00" * 10, timeout=3600)
    parameters(drive, 0)
    assert write(drive, 0, data(16)).status == 0


@pytest.mark.parametrize("kind", ["cd-rw", "dvd-rw"])
def test_blanking_forgets_everything(kind: str) -> None:
    drive = ready(kind, image=data(400))
    assert disc(drive)[0] == COMPLETE
    send(drive, "a1 01" + "00" * 10, timeout=3600)
    assert disc(drive) == (BLANK, EMPTY, 1)
    assert drive.medium.image() == b""
    assert sense(read(drive, 0, 1)) == (5, 0x21, 0x00)


@pytest.mark.parametrize("kind", ["cd-r", "dvd-r", "dvd+r", "bd-r"])
def test_what_was_written_once_cannot_be_blanked(kind: str) -> None:
    drive = ready(kind, image=data(400))
    assert sense(send(drive, "a1 01" + "00" * 10))[0] == 5
    assert drive.medium.state == "closed"


FORMAT = "04 11 00 00 00 00"


def descriptor(kind: int, blocks: int, parameter: int = 0) -> bytes:
    return b"\x00\x00\x00\x08" + blocks.to_bytes(4, "big") + bytes((kind << 2, 0, 0, parameter))


@pytest.mark.parametrize(
    ("kind", "format_"), [("dvd+rw", 0x26), ("bd-re", 0x30), ("bd-re", 0x31), ("dvd-ram", 0x00)]
)
def test_formatted_medium_is_written_anywhere_and_again(kind: str, format_: int) -> None:
    drive = ready(kind)
    if kind != "dvd-ram":
        assert sense(write(drive, 0, data(32))) == (3, 0x31, 0x00)
    assert send(drive, FORMAT, descriptor(format_, 0), timeout=3600).status == 0
    for content in (data(32), data(32)):
        assert write(drive, 4096, content).status == 0
        assert read(drive, 4096, 32).data == content
    end = int.from_bytes(send(drive, "25" + "00" * 9, length=8).data[:4], "big")
    assert sense(write(drive, end, data(2)))[:2] == (5, 0x21)


def test_dvd_plus_rw_goes_on_formatting_behind_the_host() -> None:
    drive = ready("dvd+rw")
    send(drive, FORMAT, descriptor(0x26, 0), timeout=3600)
    told = send(drive, "51 00 00 00 00 00 00 00 22 00", length=34).data
    assert told[7] & 3 == 2
    progress = send(drive, "03 00 00 00 12 00", length=18).data
    assert progress[2] & 15 == 0
    assert progress[15] & 0x80
    write(drive, 0, data(16))
    close(drive, 0)
    assert send(drive, "51 00 00 00 00 00 00 00 22 00", length=34).data[7] & 3 == 1
    send(drive, FORMAT, descriptor(0x26, 0xFFFFFFFF, 1), timeout=3600)
    assert drive.medium.image() != b""
    drive.clock.sleep(4000)
    assert send(drive, "51 00 00 00 00 00 00 00 22 00", length=34).data[7] & 3 == 3


def test_dvd_rw_changes_its_nature_with_a_format() -> None:
    drive = ready("dvd-rw")
    send(drive, FORMAT, descriptor(0x15, 0), timeout=3600)
    assert drive.medium.profile == 0x13
    assert sense(write(drive, 8, data(16))) == (5, 0x21, 0x02)
    assert sense(write(drive, 0, data(8))) == (5, 0x21, 0x02)
    assert sense(write(drive, 1600, data(16))) == (5, 0x21, 0x02)
    content = data(32)
    write(drive, 0, content)
    write(drive, 16, content[: 16 * BLOCK])
    flush(drive)
    assert disc(drive)[:2] == (APPENDABLE, OPEN)
    assert close(drive, 2).status == 0
    assert disc(drive)[:2] == (COMPLETE, CLOSED)
    assert read(drive, 0, 32).data == content[: 16 * BLOCK] + content[: 16 * BLOCK]
    send(drive, "a1 01" + "00" * 10, timeout=3600)
    assert drive.medium.profile == 0x14


def test_blank_bd_r_gives_blocks_away_for_its_spare_areas() -> None:
    drive = ready("bd-r")
    whole = track(drive)["free"]
    send(drive, FORMAT, descriptor(0x00, 0), timeout=3600)
    assert track(drive)["free"] < whole
    write(drive, 0, data(32))
    flush(drive)
    assert sense(send(drive, FORMAT, descriptor(0x00, 0), timeout=3600)) == (5, 0x30, 0x06)


@pytest.mark.parametrize("kind", ["cd-r", "dvd-r", "dvd+r"])
def test_kinds_without_a_format_refuse_one(kind: str) -> None:
    assert sense(send(ready(kind), FORMAT, descriptor(0x26, 0))) == (5, 0x30, 0x06)


@pytest.mark.parametrize("kind", ["cd-r", "dvd-r"])
def test_test_recording_leaves_the_disc_as_it_was(kind: str) -> None:
    drive = ready(kind)
    parameters(drive, WRITE_TYPE[KINDS[kind].family], test=True)
    write(drive, 0, data(400))
    assert track(drive)["next"] == 400
    flush(drive)
    assert close(drive, 2).status == 0
    assert disc(drive) == (BLANK, EMPTY, 1)
    assert drive.medium.image() == b""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_pressed_and_recorded_media_give_what_was_put_on_them(kind: str) -> None:
    drive, content = ready(kind, image=data(640)), None
    content = drive.medium.image()
    assert read(drive, 0, 640).data == content[: 640 * BLOCK]
    assert drive.medium.state == "closed"


def test_empty_session_has_nothing_to_close() -> None:
    for kind in ("cd-r", "dvd+r", "bd-r"):
        drive = begun(kind)
        assert sense(close(drive, 2)) == (5, 0x72, 0x04)
        assert disc(drive)[0] == BLANK


def test_protected_medium_is_read_only() -> None:
    drive = ready("dvd-ram", image=data(16))
    drive.medium.protected = True
    assert sense(write(drive, 0, data(16))) == (7, 0x27, 0x00)
    assert sense(send(drive, FORMAT, descriptor(0x00, 0))) == (7, 0x27, 0x00)
    assert send(drive, "5a 00 05 00 00 00 00 00 08 00", length=8).data[3] & 0x80
    assert read(drive, 0, 16).status == 0


def test_medium_remembers_in_another_drive() -> None:
    first, content = begun("dvd+r"), data(64)
    write(first, 0, content)
    flush(first)
    medium = first.remove()
    assert isinstance(medium, SimulatedMedium)
    second = ready("cd-r")
    second.insert(medium)
    second.settle()
    assert read(second, 0, 64).data == content
    assert track(second)["next"] == 64


def test_memory_goes_with_what_is_written_and_not_with_the_medium() -> None:
    drive = ready("bd-re-dl")
    send(drive, FORMAT, descriptor(0x31, 0), timeout=3600)
    write(drive, 24_000_000, data(32))
    flush(drive)
    assert len(drive.medium.surface._chunks) <= 2
