"""A disc that can be overwritten, and was not to its end, is nobody's: neither old nor new."""

from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from drivers.mmc.recorder import Recorder
from drivers.simulator.drive import SimulatedDrive
from drivers.transport import DeviceGone
from jacket.burning.burn import burn
from jacket.burning.image import DriveImage
from jacket.burning.result import Burned, DiscFailed
from jacket.burning.target import DiscTarget, How
from jacket.verification import verify_open
from media.medium import medium_on
from reporting import CannotRead, Severity

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))
WRITE = 0x2A
BLOCKS = 1_000_000  # a BD has spare ones of its own beside them


class Unplugged(SimulatedDrive):
    """A drive that loses its power at one of its writes."""

    left: int | None = None  # writes that it still does; None: all

    def execute(self, cdb: bytes, **more: Any) -> Any:
        if self.left is not None and cdb[0] == WRITE:
            self.left -= 1
        if self.left is not None and self.left < 0:
            raise DeviceGone("the device is not there any more", "drive", "Plug it in")
        return super().execute(cdb, **more)


def burned(drive: SimulatedDrive, folder: Path, *sources: Path) -> Burned:
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    how = How(eject=False, erase=True, clock=drive.clock, sleep=drive.clock.sleep)
    return burn(sources, DiscTarget(recorder, how, lambda _: None), jobs_folder=folder)


def found_on(drive: SimulatedDrive) -> tuple[int, set[str]]:
    """Return how many instances a patient reader finds, and the errors that it tells."""
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    try:
        medium = medium_on(DriveImage(recorder, "/dev/sr0", recorder.readable()))
        found = verify_open(medium, "/dev/sr0", None, processes=1)
    except CannotRead:
        return 0, {"none"}
    return found.instances, {f.rule for f in found.findings if f.severity is Severity.ERROR}


@pytest.mark.parametrize("kind", ["dvd-ram", "dvd+rw", "bd-re", "dvd-rw"])
def test_a_drive_that_is_unplugged_leaves_nothing_to_mistake(kind: str, tmp_path: Path) -> None:
    drive = Unplugged(kind, capacity=BLOCKS)
    if kind == "dvd-rw":  # Overwritten it is once it is formatted for that (15h).
        drive.settle()
        row = BLOCKS.to_bytes(4, "big") + bytes((0x15 << 2, 0, 0, 16))
        drive.execute(bytes((4, 0x11, 0, 0, 0, 0)), data_out=bytes((0, 0, 0, 8)) + row, timeout=9e9)
    burned(drive, tmp_path, MR)
    assert found_on(drive) == (1, set())
    before = len([cdb for cdb, _, _ in drive.log if cdb[0] == WRITE])
    drive.log.clear()
    burned(drive, tmp_path, CT, MR)
    writes = len([cdb for cdb, _, _ in drive.log if cdb[0] == WRITE])
    assert writes >= before > 16
    far_end = kind in ("dvd-ram", "bd-re")
    for done in (*range(far_end + 1, writes, 3), writes - 1):
        burned(drive, tmp_path, MR)
        drive.left = done
        with pytest.raises(DiscFailed, match="not there any more"):
            burned(drive, tmp_path, CT, MR)
        drive.left = None
        instances, errors = found_on(drive)
        assert instances == 0 or "UDF-RECOGNITION" in errors  # which no system lets pass
        assert not [rule for rule in errors if rule.startswith("DIR-")]  # never some of each
    burned(drive, tmp_path, CT, MR)
    assert found_on(drive) == (2, set())
