"""What has become of a disc is told also where its job's record cannot be written any more."""

import json
from pathlib import Path
from typing import Any

import pytest
from disc_changer import CD_R, CD_RW, DiscChanger
from pydicom.data import get_testdata_file
from scripted_drive import BLOCK, Clock, ScriptedDrive
from stick_file import Stick

from drivers.mmc.recorder import Recorder
from jacket.burning.burn import burn
from jacket.burning.result import Burned, BurnInterrupted, DiscFailed
from jacket.burning.stick import StickTarget
from jacket.burning.target import DiscTarget, How
from jacket.burning.words import say
from reporting import CannotWrite

CT = Path(str(get_testdata_file("CT_small.dcm")))
LOST = "the record of the job cannot be kept"


def burned(drive: ScriptedDrive, jobs: Path, **words: Any) -> Burned:
    clock = Clock()
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    erase = words.pop("erase", False)
    how = How(clock=clock, sleep=clock.sleep, erase=erase)
    return burn([CT], DiscTarget(recorder, how, lambda _: None), jobs_folder=jobs, **words)


def losing(jobs: Path, at: str) -> Any:
    """Return an observer who takes the folder of the records away."""

    def progress(stage: str, done: int, total: int) -> None:
        if stage == at and jobs.is_dir():
            jobs.rename(jobs.with_name("away"))

    return progress


@pytest.mark.parametrize("at", ["write", "read back", "verify"])
def test_a_good_disc_is_good_without_its_record(
    at: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = tmp_path / "jobs"
    done = burned(DiscChanger(CD_R, capacity=20_000), jobs, progress=losing(jobs, at))
    (disc,) = done.discs
    assert disc.verdict == "good"
    assert LOST in disc.remarks[-1]
    (left,) = (tmp_path / "away").glob("*.json")
    assert json.loads(left.read_text())["state"] != "good"  # it never says more than is so
    say(done)
    assert LOST in capsys.readouterr().out


def test_a_bad_disc_is_bad_and_its_defects_are_named_without_record_and_map(
    tmp_path: Path,
) -> None:
    jobs = tmp_path / "jobs"
    drive = DiscChanger(CD_R, capacity=20_000)
    lose = losing(jobs, "write")

    def spoil(stage: str, done: int, total: int) -> None:
        lose(stage, done, total)
        if stage == "write" and done == total:
            image = drive.image(0, total // BLOCK)
            drive.blocks[image.index(CT.read_bytes()[-3000:-2000]) // BLOCK] = bytes(BLOCK)

    with pytest.raises(DiscFailed, match="do not read back") as caught:
        burned(drive, jobs, progress=spoil)
    (told,) = caught.value.details["discs"]
    assert told["verdict"] == "bad"
    assert told["defects"]
    assert told["map"] == ""
    assert any("the map of its bad blocks could not be kept" in each for each in told["remarks"])
    assert "Destroy this disc" in caught.value.remedy
    assert LOST in caught.value.remedy


def test_an_interruption_is_one_without_its_record(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    lose = losing(jobs, "write")

    def stop(stage: str, done: int, total: int) -> None:
        lose(stage, done, total)
        if stage == "write":
            raise KeyboardInterrupt

    with pytest.raises(BurnInterrupted, match="is not complete") as caught:
        burned(DiscChanger(CD_R, capacity=20_000), jobs, progress=stop)
    assert LOST in caught.value.remedy


def test_without_a_record_no_disc_is_begun(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    drive = DiscChanger(CD_R, capacity=20_000)
    with pytest.raises(CannotWrite, match=LOST):
        burned(drive, jobs, progress=losing(jobs, "scan"))
    assert not {"write", "start stop"}.intersection(drive.log)


def test_what_ended_a_job_is_told_where_it_cannot_be_written_down(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    drive = DiscChanger(CD_R, capacity=150)  # too small for it
    with pytest.raises(CannotWrite, match="would need"):
        burned(drive, jobs, progress=losing(jobs, "scan"))


def test_without_a_record_no_disc_is_made_blank(tmp_path: Path) -> None:
    drive = DiscChanger(CD_RW, capacity=20_000)
    burned(drive, tmp_path / "one")
    drive.log.clear()
    drive.is_loaded = True
    jobs = tmp_path / "jobs"
    with pytest.raises(CannotWrite, match=LOST):
        burned(drive, jobs, erase=True, progress=losing(jobs, "scan"))
    assert not {"blank", "write"}.intersection(drive.log)


@pytest.mark.parametrize("is_bad", [False, True])
def test_the_fate_of_a_stick_is_told_without_its_record(is_bad: bool, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    stick = Stick(tmp_path / "stick.img", 64 << 20)
    burn([CT], StickTarget(stick, How()), jobs_folder=tmp_path / "other")
    pixels = stick.path.read_bytes().index(CT.read_bytes()[-2000:-1000])
    stick.lies = pixels + 10 if is_bad else -1
    target, lose = StickTarget(stick, How()), losing(jobs, "write")
    if not is_bad:
        (disc,) = burn([CT], target, jobs_folder=jobs, progress=lose).discs
        assert disc.verdict == "good"
        assert LOST in disc.remarks[-1]
        return
    with pytest.raises(DiscFailed) as caught:
        burn([CT], target, jobs_folder=jobs, progress=lose)
    (told,) = caught.value.details["discs"]
    assert told["verdict"] == "bad"
    assert told["why"] == caught.value.what
    assert "IMAGE 1" in told["why"]
