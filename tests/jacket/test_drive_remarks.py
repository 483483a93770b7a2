"""An operator hears of a drive that writes well, but only at its second attempt."""

import os

import pytest

from drivers.mmc.recorder import Recorder
from drivers.simulator import SimulatedDrive, fault
from jacket.burning.drive_remarks import drive_remarks


@pytest.mark.parametrize(("times", "words"), [(0, ()), (1, "1 error "), (2, "2 errors ")])
def test_errors_that_a_drive_recovered_from_are_counted(times: int, words: str | tuple[()]) -> None:
    drive = SimulatedDrive("cd-r", faults=[fault("recovered", times=times)])
    content = os.urandom(640 * 2048)
    with Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep) as recorder:
        made = recorder.write(640, [content])
        assert b"".join(recorder.read(0, 640)) == content
    remarks = drive_remarks(made)
    assert len(remarks) == bool(times)
    assert not times or str(words) in remarks[0]
    assert drive_remarks(None) == ()
