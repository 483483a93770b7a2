"""A disc that a drive has begun is never called untouched; one that it has not is not wasted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused, NoMedium
from drivers.simulator import SimulatedDrive
from drivers.simulator.faults import fault
from jacket.burning.burn import burn
from jacket.burning.disc_in_drive import next_disc, refuse_unfit
from jacket.burning.result import BurnInterrupted, DiscFailed, DiscResult
from jacket.burning.target import MOST_COPIES, DiscTarget, How
from jacket.publisher import FolderTarget
from jacket.verdict import Verification
from reporting import CannotWrite, FilmjacketError, WrongUsage

CT = Path(str(get_testdata_file("CT_small.dcm")))
WRITE = 0x2A
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def on(drive: SimulatedDrive, **how: Any) -> DiscTarget:
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    return DiscTarget(
        recorder, How(clock=drive.clock, sleep=drive.clock.sleep, **how), lambda _: None
    )


def disc_in_record(folder: Path) -> Any:
    (record,) = folder.glob("*.json")
    return json.loads(record.read_text())["discs"][-1]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cd-r", "write-error"),  # in what goes before block 0
        ("cd-rw", "reset"),
        ("dvd-r", "hardware"),  # it is reserved
        ("dvd+r", "answer-lost"),
        ("dvd+rw", "loss-of-streaming"),  # formatted, and no drive tells more
        ("bd-re", "short-write"),
    ],
)
def test_a_disc_of_which_no_block_was_taken_is_begun_all_the_same(
    kind: str, name: str, tmp_path: Path
) -> None:
    drive = SimulatedDrive(kind, faults=[fault(name)])
    with pytest.raises(DiscFailed) as caught:
        burn([CT], on(drive, eject=False), jobs_folder=tmp_path / "jobs", jobs=1)
    disc = disc_in_record(tmp_path / "jobs")
    assert disc["written"]["blocks"] == 0
    assert (disc["verdict"], disc["stage"]) == ("failed", "writing")
    assert caught.value.remedy.startswith("Destroy the disc. ")
    assert "as it was" not in caught.value.what


@pytest.mark.parametrize("kind", ["dvd+r", "bd-r", "dvd-ram", "bd-re"])
def test_a_disc_that_the_drive_refuses_to_write_is_as_it_was(kind: str, tmp_path: Path) -> None:
    drive = SimulatedDrive(kind, faults=[fault("write-protected")])
    with pytest.raises(FilmjacketError, match="the disc is as it was") as caught:
        burn([CT], on(drive, eject=False), jobs_folder=tmp_path / "jobs", jobs=1)
    assert "iscard" not in caught.value.remedy
    assert disc_in_record(tmp_path / "jobs")["stage"] == ("formatting" if kind == "bd-re" else "")
    assert drive.medium is not None
    assert not any(drive.medium.image())


def test_an_interruption_in_what_goes_before_the_first_block_has_spoilt_the_disc(
    tmp_path: Path,
) -> None:
    class Stopped(SimulatedDrive):
        def execute(self, cdb: bytes, **words: Any) -> Any:
            answer = super().execute(cdb, **words)
            if cdb[0] == WRITE and int.from_bytes(cdb[2:6], "big", signed=True) < 0:
                raise KeyboardInterrupt
            return answer

    drive = Stopped("cd-r")
    with pytest.raises(BurnInterrupted, match="the CD-R is not complete") as caught:
        burn([CT], on(drive, eject=False), jobs_folder=tmp_path / "jobs", jobs=1)
    assert "destroy it" in caught.value.remedy
    assert disc_in_record(tmp_path / "jobs")["stage"] == "writing"


def test_a_source_that_is_gone_before_the_second_copy_costs_no_disc(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copy(CT, source)

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "verify":
            source.unlink(missing_ok=True)

    drive = SimulatedDrive("cd-r", attended=True)
    target = on(drive, copies=2)
    with pytest.raises(FilmjacketError, match="cannot be read") as caught:
        burn([source], target, jobs_folder=tmp_path / "jobs", jobs=1, progress=progress)
    assert [result.verdict for result in target.results] == ["good", "failed"]
    assert not target.results[1].is_begun
    assert "iscard" not in caught.value.remedy
    begun = [cdb for cdb, *_ in drive.log if cdb[0] == WRITE and cdb[2:6] == b"\xff\xff\xff\x6a"]
    assert len(begun) == 1, "the lead-in of one disc"


def test_an_interruption_behind_the_last_verdict_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("jacket.burning.burn.replace", stopped)
    with pytest.raises(BurnInterrupted, match="the CD-R that was made last is GOOD") as caught:
        burn([CT], on(SimulatedDrive("cd-r")), jobs_folder=tmp_path / "jobs", jobs=1)
    assert "start it again" not in caught.value.remedy
    assert disc_in_record(tmp_path / "jobs")["verdict"] == "good"


def test_a_slip_of_the_hand_in_the_number_of_copies_is_no_job(run: Run, tmp_path: Path) -> None:
    words = ("burn", CT, "--device", "simulator:cd-r", "--jobs-folder", tmp_path / "jobs")
    said = run(*words, "--copies", 1_000_000_000)
    assert (said.code, "--copies" in said.err) == (2, True)
    assert not (tmp_path / "jobs").exists()
    assert How(copies=MOST_COPIES).copies == 999


def test_what_a_robot_did_not_get_is_told_with_all_its_copies(tmp_path: Path) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()

    def fail(stage: str, done: int, total: int) -> None:
        if stage == "write":
            raise CannotWrite("there is no space left", "the robot", "Make room there")

    with pytest.raises(CannotWrite) as caught:
        burn([CT], FolderTarget(folder, copies=3), jobs_folder=tmp_path / "jobs", progress=fail)
    assert caught.value.details["again"] == [
        "SOURCE_DATE_EPOCH=1700000000 jacket burn ... --copies 3"
    ]
    assert [item["copy"] for item in caught.value.details["missing_discs"]] == [1, 2, 3]
    done = burn([CT], FolderTarget(folder, copies=3), jobs_folder=tmp_path / "jobs")
    assert (done.discs[0].copy, done.discs[0].copies, done.discs[0].which) == (1, 3, "the medium")


def test_an_interruption_behind_the_handing_over_leaves_the_robot_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()

    def stopped(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("jacket.publisher.sync_folder", stopped)
    with pytest.raises(BurnInterrupted, match="that was made last is HANDED OVER"):
        burn([CT], FolderTarget(folder), jobs_folder=tmp_path / "jobs")
    (request,) = folder.glob("*.jrq")
    assert (request.with_suffix("") / "image.iso").is_file()
    assert disc_in_record(tmp_path / "jobs")["verdict"] == "handed over"


def test_nobody_waits_for_another_disc_longer_than_was_said() -> None:
    drive = SimulatedDrive("cd-r")  # nobody puts in another disc
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    recorder.medium()
    asked: list[float] = []

    def take_out(_: str) -> None:
        asked.append(drive.clock())
        drive.remove()

    with pytest.raises(NoMedium, match="no other disc was inserted"):
        next_disc(
            recorder,
            take_out,
            lambda _: None,
            patience=60.0,
            clock=drive.clock,
            sleep=drive.clock.sleep,
        )
    assert 55 < drive.clock() - asked[0] < 70


def test_a_next_disc_is_as_large_as_what_is_free_on_it() -> None:
    drive = SimulatedDrive("cd-r")
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    first = recorder.medium()
    less = first._replace(free=100)  # the drive keeps the rest of it for itself
    with pytest.raises(MediumRefused, match="it has 100 blocks, and 200 are needed"):
        refuse_unfit(less, first, None, 200, recorder.name)


def test_a_disc_on_which_a_reader_could_not_read_a_file_is_not_good() -> None:
    result = DiscResult(1, 1, "LABEL", 2048)
    found = Verification("x", "iso9660", "", "", "", None, (), 1, 1, 0, (), unread=1)
    assert found.compliant
    result.take_verification(found)
    assert result.verdict == "not compliant"


@pytest.mark.parametrize("word", ["--publish", "--jobs-folder"])
def test_the_empty_word_of_an_unset_variable_is_not_the_current_folder(
    word: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    device = () if word == "--publish" else ("--device", "simulator:cd-r")
    assert run("burn", CT, *device, word, "").code == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_whose_name_would_forge_words_of_a_robots_job_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "robot\nCopies=99"
    folder.mkdir()
    with pytest.raises(WrongUsage, match="control character") as caught:
        FolderTarget(folder)
    assert "\n" not in caught.value.where
