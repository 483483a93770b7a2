"""The recorder on a small drive: every kind of disc, and what is sent to record it."""

import pytest
from recordings import cut, image, recorder_of
from scripted_drive import (
    ScriptedDrive,
)

from drivers.mmc.recorder import (
    MediumRefused,
)

WAYS = [  # profile, kind, method, what is sent between locking and unlocking
    (0x09, "CD-R", "session at once", "speed opc select cue sheet write flush"),
    (0x0A, "CD-RW", "session at once", "speed opc select cue sheet write flush"),
    (0x11, "DVD-R", "disc at once", "streaming opc select reserve write flush"),
    (0x14, "DVD-RW", "disc at once", "streaming opc select reserve write flush"),
    (0x15, "DVD-R DL", "disc at once", "streaming opc select reserve write flush"),
    (0x1B, "DVD+R", "sequentially", "streaming write flush close close"),
    (0x2B, "DVD+R DL", "sequentially", "streaming write flush close close"),
    (0x41, "BD-R", "sequentially", "streaming write flush close close"),
    (0x12, "DVD-RAM", "overwriting", "streaming write flush"),
    (0x13, "DVD-RW", "overwriting", "streaming write flush"),
    (0x1A, "DVD+RW", "overwriting", "streaming write flush close"),
    (0x43, "BD-RE", "overwriting", "streaming write flush"),
]


@pytest.mark.parametrize(("profile", "kind", "method", "sent"), WAYS)
@pytest.mark.parametrize("blocks", [300, 333])
def test_each_kind_of_disc_is_recorded_and_read_back(
    profile: int, kind: str, method: str, sent: str, blocks: int
) -> None:
    drive = ScriptedDrive(profile)
    recorder, data = recorder_of(drive), image(blocks)
    assert recorder.medium().kind == kind
    disc = recorder.write(blocks, cut(data))
    assert (disc.kind, disc.method, disc.start, disc.blocks) == (kind, method, 0, blocks)
    assert disc.complete
    assert not disc.session_open
    once = " ".join(dict.fromkeys(w for w in drive.log if w != "prevent" and w != "close"))
    closes = drive.log.count("close")
    assert " ".join((once, *["close"] * closes)) == sent
    assert drive.log[0] == drive.log[-1] == "prevent"
    assert not drive.locked
    assert b"".join(recorder.read(0, blocks)) == data
    assert recorder.last_session() == recorder.tracks()[0].start == 0
    assert recorder.medium().state == ("overwritable" if drive.profile in (0x12, 0x13, 0x1A, 0x43)
                                       else "complete")  # fmt: skip


@pytest.mark.parametrize("profile", [0x09, 0x11, 0x1B, 0x41])
def test_a_second_session_goes_where_the_disc_goes_on(profile: int) -> None:
    drive = ScriptedDrive(profile)
    recorder = recorder_of(drive)
    first, second = image(320), image(352, seed=2)
    assert recorder.write(320, cut(first), close="open").session_open
    medium = recorder.medium()
    assert (medium.state, medium.next_writable) == ("appendable", 320)
    assert medium.sessions == 1
    disc = recorder.write(352, cut(second), start=320)
    assert (disc.start, disc.blocks, disc.session_open) == (320, 352, False)
    assert b"".join(recorder.read(0, 672)) == first + second


def test_data_made_for_another_place_are_refused() -> None:
    drive = ScriptedDrive(0x1B)
    recorder = recorder_of(drive)
    with pytest.raises(MediumRefused, match="made for block 320"):
        recorder.write(352, cut(image(352)), start=320)
    assert not drive.log


def test_what_is_short_of_a_unit_or_of_a_track_is_filled_up() -> None:
    dvd = ScriptedDrive(0x1B)
    disc = recorder_of(dvd).write(17, cut(image(17)))
    assert (disc.blocks, disc.padding, len(dvd.blocks)) == (17, 15, 32)
    cd = ScriptedDrive(0x09)
    disc = recorder_of(cd).write(17, cut(image(17)))
    assert disc.padding == 283
    assert sorted(cd.blocks) == list(range(-150, 300))


@pytest.mark.parametrize("length", [100, 2048, 5000, 32768, 65536, 1 << 20])
def test_pieces_may_be_of_any_length(length: int) -> None:
    drive, data = ScriptedDrive(0x1B), image(100)[:-7]
    disc = recorder_of(drive).write(100, cut(data, length))
    assert drive.image(0, disc.blocks) == data + bytes(7)


@pytest.mark.parametrize("largest", [2048, 4096, 32768, 100 << 10])
def test_a_narrow_way_to_the_drive_is_not_overfilled(largest: int) -> None:
    drive, data = ScriptedDrive(0x1B, largest=largest), image(100)
    recorder_of(drive).write(100, cut(data))
    assert drive.image(0, 100) == data


@pytest.mark.parametrize("count", [99, 101])
def test_a_source_of_another_length_than_promised_is_no_finished_disc(count: int) -> None:
    drive = ScriptedDrive(0x1B)
    recorder = recorder_of(drive)
    with pytest.raises(ValueError, match="that were to come"):
        recorder.write(100, cut(image(count)))
    assert recorder.left is not None
    assert not recorder.left.complete
    assert not drive.locked


def test_session_at_once_that_is_refused_becomes_track_at_once() -> None:
    drive = ScriptedDrive(0x09, refuses_page=lambda page: page[2] & 0x0F == 2)
    disc = recorder_of(drive).write(300, cut(image(300)))
    assert disc.method == "track at once"
    assert "cue sheet" not in drive.log
    assert drive.log.count("close") == 1


def test_protection_of_the_buffer_is_asked_for_and_done_without() -> None:
    drive = ScriptedDrive(0x09)
    recorder_of(drive).write(300, cut(image(300)))
    assert drive.page[2] & 0x40
    old = ScriptedDrive(0x09, refuses_page=lambda page: bool(page[2] & 0x40))
    disc = recorder_of(old).write(300, cut(image(300)))
    assert disc.method == "session at once"


def test_a_drive_without_commands_of_comfort_still_records() -> None:
    drive = ScriptedDrive(0x11, refuses=(0x4A, 0x54, 0x5A, 0x5C, 0xAC, 0xB6, 0x1E))
    assert recorder_of(drive).write(300, cut(image(300)), speed=5000).complete


def test_speed_is_the_fastest_that_is_not_faster_than_wished() -> None:
    drive = ScriptedDrive(0x1B)
    asked: list[bytes] = []
    drive._b6 = lambda cdb, data: asked.append(data)  # type: ignore[method-assign]
    recorder_of(drive).write(32, cut(image(32)), speed=6000)
    assert int.from_bytes(asked[0][20:24], "big") == 5645


def test_a_write_carries_64_kib_and_the_buffer_is_looked_at_now_and_then() -> None:
    drive, blocks = ScriptedDrive(0x1B, capacity=8000), 32 * 200
    looks: list[bytes] = []
    known = drive._5c
    drive._5c = lambda cdb, out: looks.append(cdb) or known(cdb, out)  # type: ignore[func-returns-value, method-assign]
    disc = recorder_of(drive).write(blocks, cut(image(blocks), 1 << 20))
    assert (drive.log.count("write"), len(looks)) == (200, 3)
    assert disc.lowest_buffer == 0.75
