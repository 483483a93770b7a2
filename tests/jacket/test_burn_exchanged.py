"""What is written is the disc that was looked at, and each disc that is called good is another."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from stick_file import Stick

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused, NoMedium
from drivers.simulator.drive import SimulatedDrive
from drivers.simulator.kinds import KINDS
from drivers.simulator.medium import SimulatedMedium
from jacket.burning.burn import burn
from jacket.burning.result import Burned
from jacket.burning.stick import StickTarget
from jacket.burning.target import DiscTarget, How

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))
OLD = b"ANOTHER PATIENT"
SMALL = 1_000_000  # blocks; a BD has spare ones of its own beside them
NOW = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
Observer = Callable[[str, int, int], None]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def burned(
    drive: SimulatedDrive,
    folder: Path,
    sources: tuple[Path, ...] = (CT,),
    asked: Callable[[str], None] = lambda _: None,
    how: dict[str, Any] | None = None,
    **words: Any,
) -> Burned:
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    given = How(clock=drive.clock, sleep=drive.clock.sleep, **how or {})
    target = DiscTarget(recorder, given, asked)
    return burn(sources, target, jobs_folder=folder / "jobs", **words)


def of_others(kind: str) -> SimulatedMedium:
    """Return a disc on which something is that nobody gave up."""
    medium = SimulatedMedium(KINDS[kind], SMALL)
    medium.fill(OLD.ljust(400 * 2048, b"."))
    return medium


def exchanging(drive: SimulatedDrive, other: SimulatedMedium) -> Observer:
    """Return an observer who puts *other* in while the sources are looked at."""

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "scan" and drive.medium is not other:
            drive.remove()
            drive.insert(other)

    return progress


@pytest.mark.parametrize(
    ("kind", "other", "profile_id", "words"),
    [
        ("cd-r", "dvd+rw", None, "not for a DVD\\+RW"),
        ("dvd+r", "dvd+rw", None, "there is something on the DVD\\+RW"),
        ("cd-r", "dvd-ram", "auto", "the job is for a CD-R, and this is a DVD-RAM"),
        ("bd-r", "bd-re", "STD-GEN-BD", "the job is for a BD-R, and this is a BD-RE"),
    ],
)
def test_a_disc_that_is_put_in_while_the_job_is_planned_is_looked_at_anew(
    kind: str, other: str, profile_id: str | None, words: str, tmp_path: Path
) -> None:
    drive, medium = SimulatedDrive(kind, capacity=SMALL), of_others(other)
    with pytest.raises(MediumRefused, match=words):
        burned(drive, tmp_path, progress=exchanging(drive, medium), profile_id=profile_id)
    assert medium.image(0, 1).startswith(OLD)
    assert 0x2A not in {cdb[0] for cdb, _, _ in drive.log}
    assert not drive.locked


def test_another_blank_disc_will_do_and_is_told_as_what_it_is(tmp_path: Path) -> None:
    drive = SimulatedDrive("cd-r")
    other = SimulatedMedium(KINDS["cd-rw"])
    (disc,) = burned(drive, tmp_path, progress=exchanging(drive, other)).discs
    assert (disc.medium, disc.verdict) == ("CD-RW", "good")


def test_one_that_is_smaller_than_the_first_is_not_begun(tmp_path: Path) -> None:
    drive = SimulatedDrive("cd-r")
    other = SimulatedMedium(KINDS["cd-r"], 30)
    with pytest.raises(MediumRefused, match="too small: it has 30 blocks"):
        burned(drive, tmp_path, progress=exchanging(drive, other))
    assert other.layout.status == 0


@pytest.mark.parametrize("stage", ["write", "read back", "verify"])
def test_nobody_takes_a_disc_out_before_its_verdict(stage: str, tmp_path: Path) -> None:
    drive = SimulatedDrive("cd-r")
    pressed: list[bool] = []

    def progress(now: str, done: int, total: int) -> None:
        if now == stage:
            pressed.append(drive.press_button())

    (disc,) = burned(drive, tmp_path, progress=progress).discs
    assert disc.verdict == "good"
    assert set(pressed) == {False}
    assert (drive.locked, drive.tray_open) == (False, True)


def test_an_interruption_while_a_disc_is_read_back_unlocks_the_drive(tmp_path: Path) -> None:
    drive = SimulatedDrive("cd-r")

    def progress(now: str, done: int, total: int) -> None:
        if now == "read back":
            assert drive.locked
            raise KeyboardInterrupt

    with pytest.raises(Exception, match="before all of the CD-R was read back"):
        burned(drive, tmp_path, progress=progress, how={"eject": False})
    assert not drive.locked


@pytest.mark.parametrize("kind", ["dvd-ram", "dvd+rw", "dvd-rw", "cd-rw", "bd-re"])
def test_a_disc_that_nobody_took_out_is_not_the_next_copy(kind: str, tmp_path: Path) -> None:
    drive = SimulatedDrive(kind, capacity=SMALL)
    only = drive.medium
    drive.state.attend = lambda: drive.insert(only)  # The tray is pushed in again as it is.
    asked: list[str] = []
    with pytest.raises(NoMedium, match="let out again: this disc was made by this very job"):
        burned(drive, tmp_path, asked=asked.append, how={"copies": 2, "erase": True})
    assert "not this one (this disc was made by this very job)" in asked[-1]
    (path,) = (tmp_path / "jobs").glob("*.json")
    told = json.loads(path.read_text())
    assert [disc["verdict"] for disc in told["discs"]] == ["good"]
    assert told["missing"] == [{"volume": 1, "of": 1, "copy": 2}]


def test_a_volume_does_not_go_on_the_disc_of_another_one(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    drive, asked = SimulatedDrive("cd-rw", capacity=400), list[str]()
    first, second = drive.medium, SimulatedMedium(KINDS["cd-rw"], 400)
    assert first is not None
    drive.state.attend = lambda: drive.insert(second if len(asked) > 1 else first)
    sources, how = tuple(many(20, 0)), {"erase": True}
    done = burned(
        drive, tmp_path, sources, asked.append, how, split=True, volumes=[1, 2], recorded=NOW
    )
    assert "not this one (this disc was made by this very job)" in asked[1]
    for disc, medium in zip(done.discs, (first, second), strict=True):
        assert disc.verdict == "good"
        assert sha256(medium.image(0, disc.size // 2048)).hexdigest() == disc.sha256


@pytest.mark.parametrize("kind", ["cd-rw", "dvd-rw"])
def test_what_is_made_blank_first_has_all_its_room(
    kind: str, tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    drive = SimulatedDrive(kind)
    (small,) = burned(drive, tmp_path / "1", (MR,), how={"eject": False}).discs
    (large,) = burned(
        drive, tmp_path / "2", tuple(many(25, 0)), how={"eject": False, "erase": True}
    ).discs
    assert large.verdict == "good"
    assert large.size > 2 * small.size


def test_the_discs_of_one_job_get_into_no_record_of_another(tmp_path: Path) -> None:
    drive = SimulatedDrive("cd-r", attended=True)
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    how = How(clock=drive.clock, sleep=drive.clock.sleep)
    target = DiscTarget(recorder, how, lambda _: None)
    assert burn([CT], target, jobs_folder=tmp_path).clean
    with pytest.raises(ValueError, match="for one job"):
        burn([MR], target, jobs_folder=tmp_path)
    stick = StickTarget(Stick(tmp_path / "stick.img", 8 << 20), how)
    assert burn([CT], stick, jobs_folder=tmp_path).clean
    with pytest.raises(ValueError, match="for one job"):
        burn([MR], stick, jobs_folder=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 2
