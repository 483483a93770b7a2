"""That a drive still holds a disc stands in the record, whatever has become of the disc."""

import json
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from drivers.mmc.recorder import STILL_LOCKED, Recorder
from drivers.simulator import Fault, SimulatedDrive
from jacket.burning.burn import burn
from jacket.burning.result import BurnInterrupted
from jacket.burning.target import DiscTarget, How

CT = Path(str(get_testdata_file("CT_small.dcm")))


@pytest.mark.parametrize("stops", [False, True])
def test_a_drive_that_still_holds_the_disc_is_told(tmp_path: Path, stops: bool) -> None:
    busy = Fault("held", "status", frozenset((0x1E,)), status=0x08, nth=2, times=None)
    drive = SimulatedDrive("cd-r", faults=(busy,))
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    target = DiscTarget(recorder, How(clock=drive.clock, sleep=drive.clock.sleep), lambda _: None)

    def progress(stage: str, done: int, total: int) -> None:
        if stops and stage == "write":
            raise KeyboardInterrupt

    if stops:
        with pytest.raises(BurnInterrupted):
            burn([CT], target, jobs_folder=tmp_path, progress=progress)
    else:
        assert burn([CT], target, jobs_folder=tmp_path).discs[0].verdict == "good"
    (path,) = tmp_path.glob("*.json")
    (disc,) = json.loads(path.read_text())["discs"]
    assert STILL_LOCKED in disc["remarks"]


def test_ctrl_c_while_the_drive_does_not_let_go_hides_no_verdict(tmp_path: Path) -> None:
    busy = Fault("held", "status", frozenset((0x1E,)), status=0x08, nth=2, times=None)
    drive = SimulatedDrive("cd-r", faults=(busy,))

    def impatient(seconds: float) -> None:
        if drive.log and drive.log[-1][0][0] == 0x1E and drive.log[-1][1]:
            raise KeyboardInterrupt
        drive.clock.sleep(seconds)

    recorder = Recorder(drive, clock=drive.clock, sleep=impatient)
    target = DiscTarget(recorder, How(clock=drive.clock, sleep=impatient), lambda _: None)
    with pytest.raises(BurnInterrupted, match="the CD-R that was made last is GOOD"):
        burn([CT], target, jobs_folder=tmp_path)
    (path,) = tmp_path.glob("*.json")
    (disc,) = json.loads(path.read_text())["discs"]
    assert (disc["verdict"], disc["why"]) == ("good", "")
    assert STILL_LOCKED in disc["remarks"]
