"""Several discs of one job: what is made and what is missing is told, and made again alone."""

import json
import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from disc_changer import CD_R, CD_RW, Change, DiscChanger, blank, closed, dvd, small
from pydicom.data import get_testdata_file
from scripted_drive import WRITE_ERROR, Clock, Fault

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import NoMedium
from drivers.transport import DeviceGone
from jacket.author import Selection
from jacket.burning.burn import burn
from jacket.burning.result import Burned, BurnInterrupted, DiscFailed
from jacket.burning.target import DiscTarget, How
from jacket.burning.words import as_json, say
from reporting import CannotWrite, FilmjacketError

CT = Path(str(get_testdata_file("CT_small.dcm")))
EPOCH = 1_700_000_000
Many = Callable[[int, int], list[Path]]
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))


def changer(*coming: Change, capacity: int = 20_000, profile: int = CD_R) -> DiscChanger:
    return DiscChanger(profile, capacity=capacity, coming=list(coming))


def burned(
    drive: DiscChanger, folder: Path, sources: Sequence[Path] = (CT,), **words: Any
) -> tuple[Burned, list[str]]:
    """Return what was burned, and what the operator was asked."""
    clock, asked = Clock(), list[str]()
    how = {name: words.pop(name) for name in ("copies", "erase", "sleep") if name in words}
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    target = DiscTarget(recorder, How(**{"clock": clock, "sleep": clock.sleep} | how), asked.append)
    try:
        done = burn(sources, target, jobs_folder=folder / "jobs", **words)
    except FilmjacketError as error:
        error.add_note("\n".join(asked))
        raise
    return done, asked


def record_in(folder: Path) -> Any:
    (path,) = (folder / "jobs").glob("*.json")
    return json.loads(path.read_text())


def second_fails(drive: DiscChanger, what: Any = WRITE_ERROR) -> Callable[[str, int, int], None]:
    """Return an observer who lets the drive fail when the second disc is written."""

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "write" and drive.made and not drive.faults:
            now = drive.log.count("write")
            drive.faults.append(Fault("write", what, at=now + 1, times=1000))

    return progress


def test_a_failed_copy_is_told_beside_the_good_ones(tmp_path: Path) -> None:
    drive = changer(blank, blank)
    with pytest.raises(DiscFailed) as caught:
        burned(drive, tmp_path, copies=3, progress=second_fails(drive))
    remedy = caught.value.remedy
    assert "copy 1 of 3 is GOOD, copy 2 of 3 is FAILED" in remedy
    assert "Missing: copy 2 of 3; copy 3 of 3" in remedy
    assert remedy.endswith(f"Record of the job: {caught.value.details['record']}")
    (again,) = caught.value.details["again"]
    assert again == f"SOURCE_DATE_EPOCH={EPOCH} jacket burn ... --copies 2"
    assert caught.value.details["missing_discs"] == record_in(tmp_path)["missing"]
    assert [each["copy"] for each in record_in(tmp_path)["missing"]] == [2, 3]


def test_an_interruption_between_two_copies_tells_what_is_good(tmp_path: Path) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    drive = changer()  # nobody puts in another disc
    with pytest.raises(BurnInterrupted) as caught:
        burned(drive, tmp_path, copies=2, sleep=interrupted)
    assert caught.value.what == "interrupted"
    assert "copy 1 of 2 is GOOD. Missing: copy 2 of 2" in caught.value.remedy
    assert record_in(tmp_path)["state"] == "interrupted"
    assert [disc["verdict"] for disc in caught.value.details["discs"]] == ["good"]


def test_a_failed_volume_is_made_again_alone_by_the_words_that_were_told(
    tmp_path: Path, many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = many(25, 0)
    whole = changer(blank, blank, blank, capacity=400)
    burned(whole, tmp_path / "whole", sources, split=True)
    assert len(whole.made) == 3
    drive = changer(blank, blank, capacity=400)
    with pytest.raises(DiscFailed) as caught:
        burned(drive, tmp_path, sources, split=True, progress=second_fails(drive))
    told = caught.value
    assert "volume 1 of 3 is GOOD, volume 2 of 3 is FAILED" in told.remedy
    assert "Missing: volume 2 of 3; volume 3 of 3" in told.remedy
    assert told.details["missing"] == [2, 3]
    (command,) = told.details["again"]
    assert command in told.remedy
    assert record_in(tmp_path)["again"] == [command]
    clock, _, _, _, *words = shlex.split(command)
    assert words[:4] == ["--split", "--capacity", "819200", "--set"]
    assert words[5:] == ["--volume", "2", "--volume", "3"]
    monkeypatch.setenv(*clock.split("="))
    larger = changer(blank, blank, capacity=500)  # discs of another make
    rest = partial(burned, split=True, capacity=819_200, volumes=[2, 3], of_set=words[4])
    with pytest.raises(CannotWrite, match="an image could be on none of them"):
        rest(larger, tmp_path / "less", sources[1:])
    assert "write" not in larger.log
    rest(larger, tmp_path / "rest", sources)
    assert larger.made == whole.made[1:]


def test_a_disc_that_is_smaller_than_those_of_its_set_is_refused(
    tmp_path: Path, many: Many
) -> None:
    drive = changer(capacity=399)
    with pytest.raises(CannotWrite, match="they would hold something else"):
        burned(drive, tmp_path, many(25, 0), split=True, capacity=819_200, volumes=[2])
    assert "write" not in drive.log


def test_how_a_volume_of_a_good_set_is_made_again_is_told(
    tmp_path: Path, many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    done, _ = burned(changer(blank, blank, capacity=400), tmp_path, many(25, 0), split=True)
    say(done)
    known_by = done.authored.set_id
    command = (
        f"SOURCE_DATE_EPOCH={EPOCH} jacket burn ... --split --capacity 819200 --set {known_by}"
    )
    assert f"{command} --volume K" in capsys.readouterr().out
    assert as_json(done)["again"] == command


def test_a_disc_that_will_not_do_is_let_out_and_another_is_asked_for(tmp_path: Path) -> None:
    drive = changer(closed, dvd, small, blank)
    done, asked = burned(drive, tmp_path, copies=2)
    assert [disc.verdict for disc in done.discs] == ["good", "good"]
    assert [disc.medium for disc in done.discs] == ["CD-R", "CD-R"]
    assert len(asked) == 4
    for words, wrong in zip(
        asked, ("drive", "is not blank", "not for a DVD+R", "is too small"), strict=True
    ):
        assert wrong in words or wrong == "drive"
        assert "insert a blank CD-R for volume 1 of 1, copy 2" in words
    assert "copy 1 of 2 is GOOD; insert a blank" in asked[0]
    assert not drive.coming


def test_a_disc_with_something_on_it_is_taken_where_that_may_be_lost(tmp_path: Path) -> None:
    drive = changer(closed, profile=CD_RW)
    done, asked = burned(drive, tmp_path, copies=2, erase=True)
    assert [disc.verdict for disc in done.discs] == ["good", "good"]
    assert len(asked) == 1
    assert "blank" in drive.log


def test_patience_has_an_end_also_where_wrong_discs_come_for_ever(tmp_path: Path) -> None:
    drive = changer(*[closed] * 10_000)
    with pytest.raises(NoMedium, match="the last one was let out again: the CD-R") as caught:
        burned(drive, tmp_path, copies=2)
    assert drive.coming
    assert "copy 1 of 2 is GOOD. Missing: copy 2 of 2" in caught.value.remedy
    assert [disc["verdict"] for disc in record_in(tmp_path)["discs"]] == ["good"]


def test_a_drive_that_goes_while_a_disc_is_waited_for_is_not_waited_for(tmp_path: Path) -> None:
    gone = DeviceGone("the device is not there any more", "drive", "Plug it in")

    def pulled(drive: DiscChanger) -> None:
        blank(drive)
        drive.faults.append(Fault("", gone, at=0, times=10**9))

    drive = changer(pulled)
    with pytest.raises(DeviceGone) as caught:
        burned(drive, tmp_path, copies=2)
    assert "copy 1 of 2 is GOOD" in caught.value.remedy


def test_the_record_has_the_words_and_no_patient(tmp_path: Path) -> None:
    folder = tmp_path / "MUSTERMANN_MAX"
    folder.mkdir()
    (folder / "CT").write_bytes(CT.read_bytes())
    wanted = Selection(patients=["1CT1"])
    words = {"selection": wanted, "label": "SET", "icons": False, "split": True}
    before = datetime.now(UTC).replace(microsecond=0)
    burned(changer(), tmp_path, [folder], **words)
    told = record_in(tmp_path)
    assert told["clock"] == EPOCH
    assert before <= datetime.fromisoformat(told["begun"]) <= datetime.now(UTC)
    assert told["job"].startswith(f"{before:%Y%m%d}")
    assert told["words"] == [
        *("--profile", "STD-GEN-CD", "--split", "--capacity", str(20_000 * 2048)),
        *("--label", "SET", "--transcode", "auto", "--no-icons"),
    ]
    assert (told["sources"], told["selected"]) == (1, {"patients": 1})
    text = json.dumps(told)
    assert not [word for word in ("MUSTERMANN", "1CT1", "CompressedSamples") if word in text]


def test_a_volume_without_the_clock_of_its_set_is_refused(
    tmp_path: Path, run: Run, many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    words = ("burn", *many(25, 0), "--split", "--capacity", "500KB", "--volume", "2")
    words = (*words, "--device", "simulator:cd-r")
    assert run(*words).code == 0
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    said = run(*words)
    assert said.code == 2
    assert "Set SOURCE_DATE_EPOCH to the clock of the set" in said.err
    assert run(*words, "--dry-run").code == 0


def test_one_volume_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(FilmjacketError, match="there is 1 volume, and none has the number 2"):
        burned(changer(), tmp_path, split=True, volumes=[2])
