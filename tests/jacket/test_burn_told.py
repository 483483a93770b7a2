"""What an operator is told of a burn besides its verdict: password, what is not on it, the plan."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from disc_changer import CD_R, DiscChanger, blank
from pydicom.data import get_testdata_file
from scripted_drive import WRITE_ERROR, Clock, Fault

from drivers.mmc.recorder import Recorder
from drivers.simulator import SimulatedDrive
from drivers.simulator.faults import fault
from jacket.burning.burn import burn
from jacket.burning.result import BurnInterrupted, DiscFailed
from jacket.burning.target import DiscTarget, How
from jacket.protection import Wish
from jacket.verification import verify
from reporting import FilmjacketError
from secure import Keys

CT = Path(str(get_testdata_file("CT_small.dcm")))
SECURE = "STD-GEN-SEC-CD"
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def on(drive: Any, **how: Any) -> DiscTarget:
    clock = Clock()
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    return DiscTarget(recorder, How(clock=clock, sleep=clock.sleep, **how), lambda _: None)


def failing(drive: DiscChanger, discs: int) -> Callable[[str, int, int], None]:
    """Return an observer who lets the drive fail when so many discs are made."""

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "write" and len(drive.made) == discs and not drive.faults:
            now = drive.log.count("write")
            drive.faults.append(Fault("write", WRITE_ERROR, at=now + 1, times=1000))

    return progress


def secure_burn(
    folder: Path, drive: DiscChanger, slip: str, *, copies: int = 1, **words: Any
) -> Any:
    wish = Wish(slip=slip)
    target = on(drive, copies=copies)
    return burn([CT], target, profile_id=SECURE, wish=wish, jobs_folder=folder / "jobs", **words)


def test_a_job_that_began_no_disc_takes_its_own_sheet_away(tmp_path: Path) -> None:
    sheet = tmp_path / "slip.pdf"
    drive = DiscChanger(CD_R, capacity=20_000)
    drive.faults.append(Fault("select", (0x5, 0x26, 0x00), at=1, times=1000))
    with pytest.raises(FilmjacketError) as caught:
        secure_burn(tmp_path, drive, str(sheet))
    assert "write" not in drive.log
    assert not sheet.exists()
    assert str(sheet) not in caught.value.remedy
    assert secure_burn(tmp_path, DiscChanger(CD_R, capacity=20_000), str(sheet)).clean
    assert sheet.exists()


def test_a_sheet_that_was_there_stays_whatever_comes(tmp_path: Path) -> None:
    sheet = tmp_path / "slip.pdf"
    sheet.write_text("the password of another disc")
    with pytest.raises(FilmjacketError, match="is there already"):
        secure_burn(tmp_path, DiscChanger(CD_R, capacity=20_000), str(sheet))
    assert sheet.read_text() == "the password of another disc"


def test_the_sheet_of_a_disc_that_failed_is_not_there_for_the_next(tmp_path: Path) -> None:
    sheet = tmp_path / "slip.pdf"
    drive = DiscChanger(CD_R, capacity=20_000)
    with pytest.raises(DiscFailed):
        secure_burn(tmp_path, drive, str(sheet), progress=failing(drive, 0))
    assert not sheet.exists()
    assert secure_burn(tmp_path, DiscChanger(CD_R, capacity=20_000), str(sheet)).clean


def test_the_sheet_of_a_good_disc_is_kept_when_the_next_fails(tmp_path: Path) -> None:
    sheet = tmp_path / "slip.pdf"
    drive = DiscChanger(CD_R, capacity=20_000, coming=[blank])
    with pytest.raises(DiscFailed) as caught:
        secure_burn(tmp_path, drive, str(sheet), copies=2, progress=failing(drive, 1))
    assert sheet.exists()
    assert f"{sheet} tells the password of the media that are made: keep it" in caught.value.remedy


def test_a_password_that_is_to_be_told_is_told_of_every_disc_that_is_made(
    tmp_path: Path, run: Run
) -> None:
    drive = DiscChanger(CD_R, capacity=20_000, coming=[blank])
    with pytest.raises(DiscFailed) as caught:
        secure_burn(tmp_path, drive, "-", copies=2, progress=failing(drive, 1))
    assert "the password that is told opens the media that are made" in caught.value.remedy
    image = tmp_path / "disc.iso"
    image.write_bytes(drive.made[0])
    keys = Keys([caught.value.details["password"]])
    assert verify(image, SECURE, keys=keys).instances == 1
    (record,) = (tmp_path / "jobs").glob("*.json")
    assert caught.value.details["password"] not in record.read_text()
    words = ("burn", CT, "--profile", SECURE, "--password-slip", "-")
    assert "\npassword: " in run(*words, "--device", "simulator:cd-r").out


def test_the_password_of_a_disc_that_failed_is_not_told(tmp_path: Path) -> None:
    drive = DiscChanger(CD_R, capacity=20_000)
    with pytest.raises(DiscFailed) as caught:
        secure_burn(tmp_path, drive, "-", progress=failing(drive, 0))
    assert "password" not in caught.value.details


@pytest.mark.parametrize("kind", ["cd-r", "stick"])
def test_what_is_not_on_a_good_medium_is_said_last(kind: str, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "CT").write_bytes(CT.read_bytes())
    for name in ("cut1", "cut2"):
        (folder / name).write_bytes(CT.read_bytes()[:3000])
    said = run("burn", folder, "--device", f"simulator:{kind}")
    assert said.code == 1
    assert "GOOD" in said.out
    assert said.out.splitlines()[-1].startswith("NOT COMPLETE: 2 files that may hold images are")
    whole = run("burn", CT, "--device", f"simulator:{kind}")
    assert (whole.code, "NOT COMPLETE" in whole.out) == (0, False)


def test_a_dry_run_shows_the_plan_the_drive_and_the_medium(tmp_path: Path, run: Run) -> None:
    source = Path(str(get_testdata_file("MR_small_jp2klossless.dcm")))
    said = run("burn", CT, source, "--device", "simulator:cd-r", "--dry-run")
    planned = run("author", CT, source, "-o", tmp_path / "disc.iso", "--dry-run")
    assert said.code == planned.code == 0
    first, *rest, last = said.out.splitlines()
    assert last.startswith("SIMULATED: ")
    assert "CD-R, blank, " in first
    assert first.startswith("simulator cd-r (")
    assert rest == planned.out.splitlines()
    told = run("burn", CT, "--device", "simulator:stick", "--dry-run", "--json").json
    assert told["target"]["bytes"] == (4 << 20) * 512


def test_an_interruption_before_a_drive_tells_of_formatting_is_one_of_formatting(
    tmp_path: Path,
) -> None:
    class Stopped(SimulatedDrive):
        def execute(self, cdb: bytes, **words: Any) -> Any:
            answer = super().execute(cdb, **words)
            if cdb[0] == 0x04:  # FORMAT UNIT was taken, and nobody has asked how far it is
                raise KeyboardInterrupt
            return answer

    target = on(Stopped("dvd+rw"))
    with pytest.raises(BurnInterrupted, match="while the DVD\\+RW was formatted"):
        burn([CT], target, jobs_folder=tmp_path / "jobs", jobs=1)


def test_a_drive_that_was_pulled_out_leaves_a_disc_of_which_nothing_good_is_said(
    tmp_path: Path,
) -> None:
    drive = SimulatedDrive("cd-r", faults=[fault("unplugged")])
    with pytest.raises(DiscFailed, match="destroy the disc") as caught:
        burn([CT], on(drive), jobs_folder=tmp_path / "jobs")
    (record,) = (tmp_path / "jobs").glob("*.json")
    (disc,) = json.loads(record.read_text())["discs"]
    assert disc["stage"] == "writing"
    assert any("switch the drive off and on" in remark for remark in disc["remarks"])
    assert "switch the drive off and on" in caught.value.remedy


@pytest.mark.skipif(os.name == "nt", reason="modes of files are those of POSIX")
def test_others_cannot_see_what_is_converted(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    jobs.mkdir(mode=0o755)
    modes: list[int] = []

    def look(stage: str, done: int, total: int) -> None:
        modes.extend(path.stat().st_mode & 0o777 for path in jobs.glob(".*-work"))

    source = Path(str(get_testdata_file("MR_small_jp2klossless.dcm")))
    burn([source], on(SimulatedDrive("cd-r")), jobs_folder=jobs, progress=look)
    assert set(modes) == {0o700}
