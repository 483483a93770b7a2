"""A recording that failed tells whether anything of it may be on the disc."""

from collections.abc import Iterator

import pytest
from recordings import cut, image, recorder_of
from scripted_drive import WRITE_ERROR, Fault, ScriptedDrive

from drivers.mmc.recorder import Recorder, WriteFailed
from drivers.simulator import SimulatedDrive
from drivers.simulator.faults import fault
from drivers.transport import Answer
from reporting import CannotRead

CD_R, DVD_RAM, DVD_PLUS_R = 0x09, 0x12, 0x1B
PROTECTED, WRONG_PLACE = (0x7, 0x27, 0x00), (0x5, 0x21, 0x02)
RESERVED = Answer(0x18)


@pytest.mark.parametrize(
    ("profile", "failing", "begun"),
    [
        (DVD_RAM, Fault("write", WRITE_ERROR), True),
        (DVD_RAM, Fault("write", PROTECTED), False),
        (DVD_RAM, Fault("write", PROTECTED, at=2), True),
        (DVD_RAM, Fault("write", WRONG_PLACE), False),
        (DVD_RAM, Fault("write", WRONG_PLACE, deferred=True), True),
        (DVD_RAM, Fault("write", RESERVED), False),
        (DVD_PLUS_R, Fault("write", WRITE_ERROR), True),
        (DVD_PLUS_R, Fault("write", PROTECTED), False),
        (DVD_PLUS_R, Fault("streaming", WRITE_ERROR), False),
        (CD_R, Fault("cue sheet", WRITE_ERROR), False),
    ],
)
def test_a_failure_tells_whether_the_recording_was_begun(
    profile: int, failing: Fault, begun: bool
) -> None:
    drive = ScriptedDrive(profile, faults=[failing])
    with pytest.raises(WriteFailed) as caught:
        recorder_of(drive).write(320, cut(image(320)))
    assert caught.value.disc.begun is begun
    assert ("as it was" in caught.value.what) is not begun


def test_what_goes_before_the_first_block_is_a_beginning_whatever_the_drive_says_of_it() -> None:
    drive = SimulatedDrive("cd-r", faults=[fault("write-protected", nth=2)])
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    with pytest.raises(WriteFailed) as caught:
        recorder.write(320, cut(image(320)))
    assert (caught.value.disc.blocks, caught.value.disc.begun) == (0, True)


def test_a_reservation_is_a_beginning_although_no_data_were_taken() -> None:
    drive = SimulatedDrive("dvd-r", faults=[fault("write-protected")])
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    with pytest.raises(WriteFailed, match="is not closed") as caught:
        recorder.write(320, cut(image(320)))
    assert (caught.value.disc.blocks, caught.value.disc.begun) == (0, True)


def test_a_source_that_fails_before_its_first_piece_has_begun_nothing() -> None:
    def pieces() -> Iterator[bytes]:
        raise CannotRead("gone", "a.dcm", "Look")
        yield b""

    recorder = recorder_of(ScriptedDrive(DVD_RAM))
    with pytest.raises(CannotRead):
        recorder.write(320, pieces())
    assert recorder.left is not None
    assert not recorder.left.begun


def test_a_test_run_that_fails_has_begun_nothing() -> None:
    drive = ScriptedDrive(CD_R, faults=[Fault("write", WRITE_ERROR, at=7)])
    recorder = recorder_of(drive)
    with pytest.raises(WriteFailed) as caught:
        recorder.write(320, cut(image(320)), simulate=True)
    assert not caught.value.disc.begun
