"""The sheet of a medium that a simulated drive has taken cannot be mistaken for another one."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from drivers.mmc.recorder import Recorder
from drivers.simulator import SimulatedDrive
from jacket.burning.burn import burn
from jacket.burning.target import DiscTarget, How
from jacket.protection import Wish

CT = Path(str(get_testdata_file("CT_small.dcm")))
SAID = "SIMULATED, NOTHING WAS BURNED"
LARGE = 24  # points
Peer = Callable[[str], str]


def text_of(slip: Path, peer: Peer, *words: str) -> str:
    command = [peer("pdftotext"), *words, str(slip), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("kind", ["cd-r", "stick"])
def test_it_says_in_large_letters_that_nothing_was_burned(
    kind: str, tmp_path: Path, peer: Peer, run: Callable[..., Any]
) -> None:
    slip = tmp_path / "slip.pdf"
    profile = "STD-GEN-SEC-CD" if kind == "cd-r" else "STD-GEN-SEC-USB-JPEG"
    words = ("--device", f"simulator:{kind}", "--profile", profile, "--password-slip", slip)
    said = run("burn", CT, *words, "--jobs-folder", tmp_path / "jobs")
    assert said.code == 0
    assert f"the password is in {slip}: it says that nothing was burned" in said.out
    assert SAID in text_of(slip, peer)
    found = re.findall(
        r'yMin="(.*?)" xMax=".*?" yMax="(.*?)">([A-Z,]+)</word>', text_of(slip, peer, "-bbox")
    )
    sizes = {word: float(bottom) - float(top) for top, bottom, word in found}
    assert all(sizes[word] >= LARGE for word in SAID.split())
    assert SAID.encode() in slip.read_bytes()  # the title of the document


def test_the_sheet_of_a_drive_that_is_one_does_not_say_so(tmp_path: Path, peer: Peer) -> None:
    drive = SimulatedDrive("cd-r")  # taken for a drive, as nobody says otherwise
    clock = {"clock": drive.clock, "sleep": drive.clock.sleep}
    target = DiscTarget(Recorder(drive, **clock), How(**clock), lambda _: None)
    slip = tmp_path / "slip.pdf"
    burn(
        [CT],
        target,
        profile_id="STD-GEN-SEC-CD",
        wish=Wish(slip=str(slip)),
        jobs_folder=tmp_path / "jobs",
        jobs=1,
    )
    said = text_of(slip, peer)
    assert "Password for encrypted medical images" in said
    assert "SIMULATED" not in said


@pytest.mark.parametrize("told", [False, True])
def test_nothing_is_kept_of_a_job_that_failed_behind_a_disc_that_is_none(
    told: bool, tmp_path: Path, run: Callable[..., Any]
) -> None:
    slip = "-" if told else tmp_path / "slip.pdf"
    device = "simulator:cd-r,fault=write-error#20"  # of the second copy
    words = ("--device", device, "--profile", "STD-GEN-SEC-CD", "--copies", "2")
    said = run("burn", CT, *words, "--password-slip", slip, "--jobs-folder", tmp_path / "jobs")
    assert said.code == 3
    assert "copy 1 of 2 is GOOD, copy 2 of 2 is FAILED" in said.err
    assert "SIMULATED: nothing was burned" in said.err
    assert "keep it" not in said.err
    assert "opens the media that are made" not in said.err
    assert not list(tmp_path.glob("slip*"))
