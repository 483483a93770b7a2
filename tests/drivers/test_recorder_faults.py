"""The recorder where drive, disc or source fail: the truth is told and the drive unlocked."""

import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from recordings import cut, image, recorder_of
from scripted_drive import (
    CHANGED,
    LONG_WRITE,
    NO_MEDIUM,
    RESET,
    WRITE_ERROR,
    Clock,
    Fault,
    ScriptedDrive,
)

from drivers.mmc.recorder import (
    Recorder,
    StillOpen,
    TookTooLong,
    WriteFailed,
)
from drivers.transport import Answer, DeviceGone, TimedOut
from reporting import CannotRead, FilmjacketError

PROFILES = (0x09, 0x0A, 0x11, 0x14, 0x15, 0x1B, 0x2B, 0x41, 0x12, 0x13, 0x1A, 0x43)


def test_a_busy_drive_is_given_the_same_command_again() -> None:
    drive = ScriptedDrive(0x41, faults=[Fault("write", LONG_WRITE, at=3, times=40)])
    data = image(320)
    disc = recorder_of(drive).write(320, cut(data))
    assert disc.waits == 40
    assert drive.image(0, 320) == data


@pytest.mark.parametrize("command", ["write", "flush", "close"])
def test_a_drive_that_is_busy_for_ever_is_given_up(command: str) -> None:
    drive = ScriptedDrive(0x41, faults=[Fault(command, LONG_WRITE, times=10**9)])
    with pytest.raises(WriteFailed, match="still writing") as caught:
        recorder_of(drive).write(320, cut(image(320)))
    assert isinstance(caught.value.__cause__, TookTooLong)
    assert not drive.locked


FAILURES = [
    (Fault("write", WRITE_ERROR, at=3), "could not write", True),
    (Fault("write", WRITE_ERROR, at=3, deferred=True), "of an earlier command", True),
    (Fault("write", (0x3, 0x73, 0x03), at=1), "laser could not be adjusted", True),
    (Fault("write", CHANGED, at=3), "medium was changed", True),
    (Fault("write", RESET, at=3), "was reset", True),
    (Fault("write", NO_MEDIUM, at=3), "no medium", None),
    (Fault("write", (0x4, 0x44, 0x00), at=3), "inner fault", True),
    (Fault("write", (0xB, 0x00, 0x06), at=3, times=9), "broke the command off", True),
    (Fault("write", DeviceGone("is gone", "/dev/x", "Plug it in"), at=3), "is gone", None),
    (Fault("write", TimedOut("does not answer", "/dev/x", "Wait"), at=3), "not answer", None),
    (Fault("write", Answer(0, residual=2048), at=3), "2048 bytes of a WRITE", True),
    (Fault("flush", WRITE_ERROR), "could not write", True),
    (Fault("close", (0x5, 0x72, 0x03), times=3), "too small to be closed", True),
    (Fault("close", (0x3, 0x0C, 0x00), at=2), "could not write", True),
]


@pytest.mark.parametrize(("fault", "words", "session_open"), FAILURES)
def test_a_failed_recording_tells_what_is_on_the_disc(
    fault: Fault, words: str, session_open: bool | None
) -> None:
    drive = ScriptedDrive(0x41, faults=[fault])
    recorder = recorder_of(drive)
    with pytest.raises(WriteFailed, match=words) as caught:
        recorder.write(320, cut(image(320)))
    disc = caught.value.disc
    assert disc == recorder.left
    assert not disc.complete
    assert disc.session_open is session_open
    assert disc.blocks == min(len(drive.blocks), 320)
    assert not drive.locked
    assert caught.value.exit_code == 3


def test_a_laser_that_cannot_be_adjusted_stops_it_before_anything_is_written() -> None:
    drive = ScriptedDrive(0x11, faults=[Fault("opc", (0x3, 0x73, 0x03))])
    with pytest.raises(WriteFailed, match=r"laser.*the disc is as it was") as caught:
        recorder_of(drive).write(320, cut(image(320)))
    assert caught.value.disc.blocks == 0
    assert caught.value.disc.session_open
    assert "write" not in drive.log


@pytest.mark.parametrize("profile", [0x09, 0x1B])
def test_a_first_write_without_an_answer_may_have_changed_the_disc(profile: int) -> None:
    mute = TimedOut("does not answer", "/dev/x", "Wait")
    drive = ScriptedDrive(profile, faults=[Fault("write", mute, times=99)])
    with pytest.raises(WriteFailed, match="is not known") as caught:
        recorder_of(drive).write(320, cut(image(320)))
    assert (caught.value.disc.blocks, caught.value.disc.session_open) == (0, None)


def test_an_operator_who_interrupts_twice_is_told_that_nothing_is_known() -> None:
    faults = [Fault("write", KeyboardInterrupt(), at=3), Fault("flush", KeyboardInterrupt())]
    drive = ScriptedDrive(0x1B, faults=faults)
    recorder = recorder_of(drive)
    with pytest.raises(KeyboardInterrupt):
        recorder.write(320, cut(image(320)))
    assert recorder.left is not None
    assert (recorder.left.blocks, recorder.left.session_open) == (64, None)
    assert not drive.locked


def test_a_source_that_is_a_drive_itself_is_not_mistaken_for_the_target() -> None:
    def pieces() -> Iterator[bytes]:
        yield image(64)
        raise DeviceGone("is gone", "/dev/source", "Plug it in")

    drive = ScriptedDrive(0x1B)
    recorder = recorder_of(drive)
    with pytest.raises(DeviceGone, match="/dev/source"):
        recorder.write(320, pieces())
    assert recorder.left is not None
    assert recorder.left.blocks == 64


def test_a_recovered_error_is_a_success() -> None:
    data = image(320)
    faults = [Fault("flush", (0x1, 0x17, 0x01)), Fault("write", (0x1, 0x0C, 0), 2, deferred=True)]
    drive = ScriptedDrive(0x41, faults=faults)
    disc = recorder_of(drive).write(320, cut(data))
    assert (disc.complete, disc.recovered) == (True, 2)
    assert drive.image(0, 320) == data


@pytest.mark.parametrize("profile", PROFILES)
def test_writing_goes_on_after_a_write_that_the_drive_recovered_from(profile: int) -> None:
    data = image(320)
    # Some bridges tell of such a write that nothing was transferred.
    told = Answer(2, sense=bytes.fromhex("700001000000000a000000000c0000000000"), residual=65536)
    drive = ScriptedDrive(profile, faults=[Fault("write", told, at=2, times=2)])
    disc = recorder_of(drive).write(320, cut(data))
    assert (disc.complete, disc.recovered) == (True, 2)
    assert drive.image(disc.start, 320) == data


def test_a_disc_that_the_drive_leaves_open_is_not_called_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drive = ScriptedDrive(0x41)
    monkeypatch.setattr(drive, "_end", lambda **_: None)
    with pytest.raises(WriteFailed, match="not closed") as caught:
        recorder_of(drive).write(320, cut(image(320)))
    assert isinstance(caught.value.__cause__, StillOpen)
    assert caught.value.disc.session_open


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), CannotRead("gone", "a.dcm", "Look")])
def test_a_source_that_fails_leaves_the_drive_unlocked_and_the_truth(
    raised: BaseException,
) -> None:
    def pieces() -> Iterator[bytes]:
        yield image(64)
        raise raised

    drive = ScriptedDrive(0x1B)
    recorder = recorder_of(drive)
    with pytest.raises(type(raised)):
        recorder.write(320, pieces())
    assert recorder.left is not None
    assert (recorder.left.blocks, recorder.left.complete, recorder.left.session_open) == (
        64, False, True,
    )  # fmt: skip
    assert not drive.locked
    assert "close" not in drive.log
    if isinstance(raised, CannotRead):
        assert raised.details["disc"]["blocks"] == 64


@pytest.mark.parametrize("nth", range(1, 40))
def test_an_interruption_at_any_command_leaves_the_drive_unlocked(nth: int) -> None:
    drive = ScriptedDrive(0x09)
    calls = 0
    execute = drive.execute

    def interrupted(cdb: bytes, **more: object) -> Answer:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise KeyboardInterrupt
        return execute(cdb, **more)  # type: ignore[arg-type]

    drive.execute = interrupted  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt):  # Late ones come after the end.
        assert recorder_of(drive).write(300, cut(image(300))).complete
    assert not drive.locked


def test_sense_data_that_do_not_come_along_are_asked_for() -> None:
    drive = ScriptedDrive(0x41, faults=[Fault("write", Answer(2), at=2)])
    drive._03 = lambda cdb, data: bytes(  # type: ignore[attr-defined]
        (0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x0C, 0, 0, 0, 0, 0)
    )
    with pytest.raises(WriteFailed, match="3/0C/00"):
        recorder_of(drive).write(320, cut(image(320)))


_CODES = [(0x0C, 0), (0x04, 1), (0x04, 8), (0x3A, 0), (0x28, 0), (0x29, 0), (0x24, 0), (0x72, 3),
          (0x30, 5), (0x73, 3), (0x5A, 1), (0x21, 2)]  # fmt: skip


@pytest.mark.parametrize("seed", range(300))
def test_no_fault_makes_a_bad_disc_look_good(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (test data)
    profile = chance.choice(PROFILES)
    names = ["write", "write", "flush", "close", "select", "opc", "reserve", "cue sheet", "format"]
    codes: list[tuple[int, int, int] | BaseException | Answer] = [
        *((key, asc, ascq) for key in (1, 2, 3, 4, 5, 6, 7, 8, 0xB) for asc, ascq in _CODES),
        Answer(8), Answer(2), Answer(0x18), Answer(0, residual=100),
        DeviceGone("is gone", "x", "Plug it in"), TimedOut("is mute", "x", "Wait"),
        KeyboardInterrupt(),
    ]  # fmt: skip
    faults = [
        Fault(
            chance.choice(names),
            chance.choice(codes),
            at=chance.randint(1, 8),
            times=chance.choice((1, 1, 3, 50, 10**6)),
            deferred=chance.random() < 0.2,
            progress=chance.choice((None, 0.5)),
        )
        for _ in range(chance.randint(1, 3))
    ]
    blocks = chance.randint(1, 700)
    drive = ScriptedDrive(profile, formatted=chance.random() < 0.8, faults=faults)
    drive.background = 3 if drive.formatted else 0
    drive.refuses = (0x03,)
    clock, data = Clock(), image(blocks, seed)
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    try:
        disc = recorder.write(blocks, cut(data, chance.choice((2048, 60000, 1 << 17))))
    except (FilmjacketError, KeyboardInterrupt):
        assert recorder.left is None or not recorder.left.complete
    else:
        assert disc.complete
        assert drive.image(0, blocks) == data
        assert drive.status == 2 or profile in (0x12, 0x13, 0x1A, 0x43)
    assert clock.now < 7 * 3600
    assert not drive.locked
    if recorder.left and recorder.left.blocks:
        taken = sum(1 for lba in drive.blocks if 0 <= lba < blocks)
        # What can be overwritten begins with zeros until all else is there.
        zeros = 512 if recorder.left.method == "overwriting" and not recorder.left.complete else 0
        assert taken - zeros <= recorder.left.blocks <= taken
