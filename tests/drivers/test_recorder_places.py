"""What can be overwritten is written from any unit on, and nowhere else."""

import pytest
from recordings import cut, image, recorder_of
from scripted_drive import ScriptedDrive

from drivers.mmc.recorder import MediumRefused


@pytest.mark.parametrize("profile", [0x12, 0x43])
def test_what_can_be_overwritten_is_written_where_it_is_asked_for(profile: int) -> None:
    drive = ScriptedDrive(profile, capacity=640)
    recorder = recorder_of(drive)
    assert recorder.write(32, cut(image(32, 1)), start=608).start == 608
    assert recorder.write(64, cut(image(64, 2)), start=0).complete
    assert drive.image(608, 32) == image(32, 1)
    assert drive.image(0, 64) == image(64, 2)
    assert set(drive.blocks) == {*range(64), *range(608, 640)}


def test_a_place_that_is_too_near_to_the_end_is_refused() -> None:
    drive = ScriptedDrive(0x43, capacity=640)
    with pytest.raises(MediumRefused, match="do not fit"):
        recorder_of(drive).write(64, cut(image(64)), start=608)
    assert "write" not in drive.log


def test_a_place_within_a_unit_of_error_correction_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="block 16"):
        recorder_of(ScriptedDrive(0x43)).write(32, cut(image(32)), start=16)


def test_what_is_written_once_goes_on_where_the_drive_says() -> None:
    with pytest.raises(MediumRefused, match="made for block 64"):
        recorder_of(ScriptedDrive(0x41)).write(32, cut(image(32)), start=64)
