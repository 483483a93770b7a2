"""A drive that does not let its medium go is asked once more, and then that is said."""

import pytest
from recordings import cut, image

from drivers.mmc.recorder import STILL_LOCKED, Recorder
from drivers.mmc.recording_errors import WriteFailed
from drivers.simulator import Fault, SimulatedDrive
from drivers.simulator import conditions as sense
from drivers.transport import DeviceGone

ALLOW = frozenset((0x1E,))
BUSY = Fault("held", "status", ALLOW, status=0x08, nth=2, times=None)
FAILS = Fault("write-error", "answer", frozenset((0x2A,)), sense.WRITE_ERROR, times=None)


def recorder_on(*faults: Fault) -> tuple[Recorder, SimulatedDrive]:
    drive = SimulatedDrive("dvd+r", faults=faults)
    return Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep), drive


def test_a_late_error_in_the_way_of_the_first_attempt_leaves_it_unlocked() -> None:
    late = Fault("late", "answer", ALLOW, sense.WRITE_ERROR, nth=2)
    recorder, drive = recorder_on(FAILS, late)
    with pytest.raises(WriteFailed) as caught:
        recorder.write(320, cut(image(320)))
    assert not drive.locked
    assert not recorder.locked
    assert STILL_LOCKED not in caught.value.remedy


def test_a_drive_that_is_busy_for_ever_and_stays_locked_says_what_to_do() -> None:
    recorder, drive = recorder_on(FAILS, BUSY)
    with pytest.raises(WriteFailed) as caught:
        recorder.write(320, cut(image(320)))
    assert drive.locked
    assert recorder.locked
    assert STILL_LOCKED in str(caught.value)
    assert "switch it off and on" in caught.value.remedy
    before = drive.clock()
    recorder.close()
    assert drive.clock() - before < 300


def test_a_drive_that_is_gone_holds_nothing() -> None:
    recorder, drive = recorder_on(Fault("unplugged", "gone", frozenset((0x2A,)), nth=3))
    with pytest.raises(WriteFailed) as caught:
        recorder.write(320, cut(image(320)))
    assert isinstance(caught.value.__cause__, DeviceGone)
    assert STILL_LOCKED not in caught.value.remedy
    assert not recorder.locked
    assert drive.locked  # as far as it ever hears of it
