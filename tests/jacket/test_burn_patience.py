"""Who loses patience behind the verdict is heard; what came too late for a job ends no other."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from drivers.simulator import SimulatedDrive, opening
from jacket.author import author
from jacket.cli import main
from reporting import interruption

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))
START_STOP, MOVE, START = 0x1B, 0x02, 0x01
HANGS = 20.0  # seconds
Run = Callable[..., Any]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.mark.parametrize(
    ("device", "code", "told"),
    [("cd-r", 0, "CD-R GOOD"), ("cd-r,fault=unreadable@150", 3, "do not read back")],
)
def test_ctrl_c_ends_the_waiting_for_a_tray_that_hangs(
    device: str, code: int, told: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung: list[float] = []

    class Hangs(SimulatedDrive):
        def execute(self, cdb: bytes, **words: Any) -> Any:
            if cdb[0] == START_STOP and cdb[4] & (MOVE | START) == MOVE:
                began = time.monotonic()
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(HANGS)
                finally:
                    hung.append(time.monotonic() - began)
            return super().execute(cdb, **words)

    monkeypatch.setattr(opening, "SimulatedDrive", Hangs)
    said = run("burn", CT, "--device", f"simulator:{device}", "--jobs-folder", tmp_path / "jobs")
    assert (said.code, told in said.out + said.err) == (code, True)
    assert "interrupted" not in said.err
    assert len(hung) == 1
    assert hung[0] < HANGS / 4


def test_the_drive_is_not_waited_for_when_the_last_disc_comes_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ejects: list[bool] = []

    class Watched(SimulatedDrive):
        def execute(self, cdb: bytes, **words: Any) -> Any:
            if cdb[0] == START_STOP and cdb[4] & (MOVE | START) == MOVE:
                ejects.append(bool(cdb[1] & 1))
            return super().execute(cdb, **words)

    monkeypatch.setattr(opening, "SimulatedDrive", Watched)
    words = ("--device", "simulator:cd-r", "--jobs-folder", tmp_path / "jobs")
    assert run("burn", CT, *words, "--copies", 2).code == 0
    # What is asked for the next disc is asked when the one before is out.
    assert ejects == [False, True]


def test_ctrl_c_behind_the_point_of_no_return_ends_no_later_job_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[bool] = []

    def told(*_: object) -> None:
        late.append(interruption.is_committed())
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("jacket.commands.author.say", told)
    before = signal.getsignal(signal.SIGINT)
    assert main(["author", str(CT), "-o", str(tmp_path / "1.iso")]) == 0
    assert late == [True]
    assert signal.getsignal(signal.SIGINT) is before
    assert not interruption.is_committed()
    assert author([CT, MR], tmp_path / "2.iso", jobs=1).volumes[0].size
