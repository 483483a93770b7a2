"""A disc is called good when all of it was read back, and what has become of it is written down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from scripted_drive import BLOCK, UNREADABLE, WRITE_ERROR, Clock, Fault, ScriptedDrive

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused, NoMedium
from drivers.transport import DeviceGone
from jacket.author import author
from jacket.burning.burn import burn
from jacket.burning.result import Burned, BurnInterrupted, DiscFailed
from jacket.burning.target import DiscTarget, How
from reporting import CannotRead, CannotWrite

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))
CD_R, CD_RW, DVD_PLUS_R, BD_RE, BD_R = 0x09, 0x0A, 0x1B, 0x43, 0x41


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def drive_with(profile: int, **words: Any) -> ScriptedDrive:
    return ScriptedDrive(profile, **{"capacity": 20_000, **words})


def target_on(drive: ScriptedDrive, **how: Any) -> DiscTarget:
    clock = Clock()
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    return DiscTarget(recorder, How(clock=clock, sleep=clock.sleep, **how), lambda _: None)


def burned(drive: ScriptedDrive, folder: Path, *sources: Path, **words: Any) -> Burned:
    how = {name: words.pop(name) for name in ("copies", "erase", "eject") if name in words}
    target = target_on(drive, **how)
    return burn(sources or (CT, MR), target, jobs_folder=folder / "jobs", **words)


def record_in(folder: Path) -> Any:
    (path,) = (folder / "jobs").glob("*.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("profile", "identifier"),
    [
        (CD_R, "STD-GEN-CD"),
        (DVD_PLUS_R, "STD-GEN-DVD-JPEG"),
        (BD_R, "STD-GEN-BD"),
    ],
)
def test_the_disc_holds_what_author_makes_and_is_good(
    profile: int, identifier: str, tmp_path: Path
) -> None:
    drive = drive_with(profile)
    done = burned(drive, tmp_path)
    assert done.clean
    (disc,) = done.discs
    assert (disc.verdict, disc.why) == ("good", "")
    assert done.authored.profile == identifier
    image = tmp_path / "disc.iso"
    medium = "bd-r" if profile == BD_R else None
    made = author([CT, MR], image, profile_id=identifier, medium=medium)
    content = image.read_bytes()
    assert drive.image(0, len(content) // BLOCK) == content
    assert disc.sha256 == made.volumes[0].sha256
    told = record_in(tmp_path)
    assert (told["state"], told["discs"][0]["verdict"]) == ("good", "good")
    assert told["discs"][0]["read_back"]["good"] is True
    assert not drive.locked
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [Path(done.record).name]


def test_a_block_that_reads_back_differently_makes_a_bad_disc_and_is_named(
    tmp_path: Path,
) -> None:
    drive = drive_with(CD_R)
    flipped: list[int] = []

    def flip(stage: str, done: int, total: int) -> None:
        if stage == "write" and done == total and not flipped:
            image = drive.image(0, total // BLOCK)
            block = image.index(CT.read_bytes()[-3000:-2000]) // BLOCK  # within the CT's pixels
            drive.blocks[block] = bytes(BLOCK)
            flipped.append(block)

    with pytest.raises(DiscFailed) as caught:
        burned(drive, tmp_path, progress=flip)
    assert caught.value.exit_code == 3
    told = record_in(tmp_path)
    assert told["state"] == "bad"
    (disc,) = told["discs"]
    (defect,) = disc["defects"]
    assert (defect["start"], defect["blocks"]) == (flipped[0], 1)
    assert defect["file"].startswith("DICOM/P000")
    assert defect["record"].startswith("patient ")
    assert "IMAGE 1" in defect["record"]
    assert defect["file"] in str(caught.value)
    assert "CompressedSamples" not in json.dumps(told)  # the names of the patients
    lines = Path(disc["map"]).read_text().splitlines()
    assert f"{flipped[0] * BLOCK:#011x}  0x000000800  -" in lines


def test_a_block_that_cannot_be_read_makes_a_bad_disc(tmp_path: Path) -> None:
    drive = drive_with(DVD_PLUS_R)
    drive.faults.append(Fault("read", UNREADABLE, at=2, times=1000))
    with pytest.raises(DiscFailed) as caught:
        burned(drive, tmp_path)
    assert "do not read back" in caught.value.what
    told = record_in(tmp_path)
    assert told["state"] == "bad"
    assert told["discs"][0]["read_back"]["unreadable_blocks"] > 0
    assert told["discs"][0]["verified"] is None


@pytest.mark.parametrize(
    ("name", "at"), [("write", 1), ("write", 3), ("flush", 1), ("close", 1), ("close", 2)]
)
def test_an_error_of_the_drive_ends_in_a_disc_that_is_not_called_good(
    name: str, at: int, tmp_path: Path
) -> None:
    drive = drive_with(DVD_PLUS_R)
    drive.faults.append(Fault(name, WRITE_ERROR, at=at, times=100))
    with pytest.raises(CannotWrite):
        burned(drive, tmp_path)
    assert record_in(tmp_path)["state"] == "failed"
    assert not drive.locked


def test_a_drive_that_is_pulled_out_leaves_a_true_record(tmp_path: Path) -> None:
    drive = drive_with(CD_R)
    gone = DeviceGone("the device is not there any more", "drive", "Plug it in")
    drive.faults.append(Fault("write", gone, at=3, times=1000))
    with pytest.raises(DiscFailed):
        burned(drive, tmp_path)
    told = record_in(tmp_path)
    assert told["state"] == "failed"
    assert told["discs"][0]["written"]["complete"] is False


@pytest.mark.parametrize("stage", ["write", "read back", "verify"])
def test_an_interrupted_job_says_what_has_become_of_the_disc(stage: str, tmp_path: Path) -> None:
    drive = drive_with(CD_R)

    def interrupt(now: str, done: int, total: int) -> None:
        if now == stage:
            raise KeyboardInterrupt

    with pytest.raises(BurnInterrupted) as caught:
        burned(drive, tmp_path, progress=interrupt)
    assert caught.value.exit_code == 130
    told = record_in(tmp_path)
    assert told["state"] == "interrupted"
    assert told["discs"][0]["verdict"] == "interrupted"
    what = "is not complete" if stage == "write" else "is not proved"
    assert what in caught.value.what
    assert not drive.locked


def test_a_source_that_changes_while_it_is_burned_spoils_the_disc_and_that_is_said(
    tmp_path: Path,
) -> None:
    source = tmp_path / "CT"
    large = dcmread(CT)
    large.Rows, large.Columns, large.PixelData = 4096, 5120, bytes(40 << 20)
    large.save_as(source)  # more than is read ahead

    def cut(stage: str, done: int, total: int) -> None:
        if stage == "write":
            source.write_bytes(CT.read_bytes())

    drive = drive_with(CD_R, capacity=60_000)
    with pytest.raises(DiscFailed, match="the disc is spoilt"):
        burned(drive, tmp_path, source, progress=cut)
    told = record_in(tmp_path)
    assert told["state"] == "failed"
    assert told["discs"][0]["verdict"] == "failed"
    assert 0 < told["discs"][0]["written"]["blocks"] < (40 << 20) // BLOCK


def test_nothing_is_written_where_there_is_nothing_to_write(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no DICOM")
    drive = drive_with(CD_R)
    with pytest.raises(CannotRead):
        burned(drive, tmp_path, tmp_path / "text")
    assert "write" not in drive.log
    assert record_in(tmp_path)["state"] == "failed"
    assert "start stop" not in drive.log  # the blank disc stays in


def test_what_is_on_a_disc_is_not_lost_unless_that_is_said(tmp_path: Path) -> None:
    first = burned(drive_with(BD_RE), tmp_path)
    assert first.clean
    drive = drive_with(BD_RE)
    burned(drive, tmp_path / "one")
    with pytest.raises(MediumRefused, match="something on"):
        burned(drive, tmp_path / "two")
    assert burned(drive, tmp_path / "three", MR, erase=True).clean


def test_a_cd_rw_is_made_blank_only_when_that_is_said(tmp_path: Path) -> None:
    drive = drive_with(CD_RW)
    burned(drive, tmp_path / "one")
    with pytest.raises(MediumRefused):
        burned(drive, tmp_path / "two", MR)
    assert "blank" not in drive.log
    assert burned(drive, tmp_path / "three", MR, erase=True).clean
    assert "blank" in drive.log


def test_an_interrupted_blanking_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = drive_with(CD_RW)
    burned(drive, tmp_path / "one")

    def stopped(*_: object, **words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "blank", stopped)
    with pytest.raises(BurnInterrupted, match="was made blank: what was on it is lost"):
        burned(drive, tmp_path, MR, erase=True)
    (told,) = record_in(tmp_path)["discs"]
    assert (told["verdict"], told["stage"]) == ("interrupted", "blanking")


def test_a_disc_whose_far_end_was_written_is_spoilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Recorder.write

    def gone(self: Recorder, *words: Any, **more: Any) -> Any:
        if not more["start"]:
            raise DeviceGone("the device is not there any more", "drive", "Plug it in")
        return write(self, *words, **more)

    monkeypatch.setattr(Recorder, "write", gone)
    with pytest.raises(DiscFailed, match="the disc is spoilt"):
        burned(drive_with(BD_RE), tmp_path)
    (told,) = record_in(tmp_path)["discs"]
    assert told["stage"] == "writing"


def test_a_closed_disc_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    drive = drive_with(CD_R)
    burned(drive, tmp_path / "one")
    with pytest.raises(MediumRefused) as caught:
        burned(drive, tmp_path / "two", tmp_path / "no such source")
    assert caught.value.remedy == "Insert a blank disc"


def test_a_profile_for_another_disc_is_refused(tmp_path: Path) -> None:
    drive = drive_with(DVD_PLUS_R)
    with pytest.raises(MediumRefused, match="STD-GEN-CD is not for a DVD"):
        burned(drive, tmp_path, profile_id="STD-GEN-CD")
    assert "write" not in drive.log


def test_more_than_the_disc_holds_is_refused_before_it_is_begun(tmp_path: Path) -> None:
    drive = drive_with(CD_R, capacity=160)
    with pytest.raises(CannotWrite) as caught:
        burned(drive, tmp_path)
    assert caught.value.where == "/dev/scripted"
    assert "write" not in drive.log


def test_a_dry_run_plans_and_writes_nothing(tmp_path: Path) -> None:
    drive = drive_with(CD_R)
    done = burned(drive, tmp_path, dry_run=True)
    assert done.authored.dry_run
    assert done.discs == ()
    assert not {"write", "prevent", "start stop"}.intersection(drive.log)
    assert not list((tmp_path / "jobs").iterdir())


class Changer(ScriptedDrive):
    """A drive whose operator puts in another blank disc whenever it opens."""

    made: list[bytes]
    blanks = 9

    def _1b(self, cdb: bytes, data: bytes) -> Any:
        answer = super()._1b(cdb, data)
        if answer is None and cdb[4] == 2:
            if self.blocks:
                self.made.append(self.image(0, max(self.blocks) + 1))
            self.blocks.clear()
            self.status = self.next_writable = self.last_session = 0
            Changer.blanks -= 1
        return answer

    def _4a(self, cdb: bytes, data: bytes) -> bytes:
        return super()._4a(cdb, data) if self.blanks > 0 else b"\0\x06\x04\x10\0\x01\0\0"


def test_copies_are_alike_and_each_is_proved(tmp_path: Path) -> None:
    Changer.blanks = 9
    drive = Changer(CD_R, capacity=20_000)
    drive.made = []
    done = burned(drive, tmp_path, copies=3)
    assert [(disc.copy, disc.verdict) for disc in done.discs] == [
        (1, "good"),
        (2, "good"),
        (3, "good"),
    ]
    assert len(set(drive.made)) == 1
    assert len(drive.made) == 3


def test_copies_end_where_nobody_inserts_another_disc(tmp_path: Path) -> None:
    Changer.blanks = 1
    drive = Changer(CD_R, capacity=20_000)
    drive.made = []
    with pytest.raises(NoMedium) as caught:
        burned(drive, tmp_path, copies=2)
    told = record_in(tmp_path)
    assert [disc["verdict"] for disc in told["discs"]] == ["good"]
    assert told["state"] == "failed"
    assert caught.value.details["discs"] == told["discs"]


def test_a_set_goes_on_several_discs(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    Changer.blanks = 9
    drive = Changer(CD_R, capacity=400)
    drive.made = []
    done = burned(drive, tmp_path, *many(25, 0), split=True)
    assert len(done.discs) > 1
    assert {disc.verdict for disc in done.discs} == {"good"}
    assert [disc.volume for disc in done.discs] == list(range(1, len(done.discs) + 1))
    assert sum(volume.instances for volume in done.authored.volumes) == 25
    assert len(drive.made) == len(done.discs)


def test_one_volume_of_a_set_keeps_its_number(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    drive = drive_with(CD_R, capacity=400)
    done = burned(drive, tmp_path, *many(25, 0), split=True, volumes=[2], label="SET")
    (disc,) = done.discs
    assert disc.volume == done.authored.volumes[0].number == 2
    assert (disc.of, disc.label) == (done.authored.of, f"SET_2OF{done.authored.of}")
    (told,) = record_in(tmp_path)["discs"]
    assert (told["volume"], told["of"]) == (2, done.authored.of)


def test_the_operator_is_asked_for_the_disc_of_the_volume_that_comes(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    Changer.blanks = 9
    drive = Changer(CD_R, capacity=400)
    drive.made = []
    clock, asked = Clock(), list[str]()
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    target = DiscTarget(recorder, How(clock=clock, sleep=clock.sleep), asked.append)
    done = burn(many(45, 0), target, jobs_folder=tmp_path / "jobs", split=True, volumes=[1, 3])
    assert [disc.volume for disc in done.discs] == [1, 3]
    (asking,) = asked
    assert f"for volume 3 of {done.authored.of}, copy 1" in asking


def test_a_set_that_is_interrupted_says_which_discs_are_complete_and_what_is_spoilt(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    Changer.blanks = 9
    drive = Changer(CD_R, capacity=400)
    drive.made = []

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "write" and drive.made:  # the first disc was let out
            raise KeyboardInterrupt

    with pytest.raises(BurnInterrupted) as caught:
        burned(drive, tmp_path, *many(25, 0), split=True, progress=interrupt)
    assert caught.value.exit_code == 130
    assert "the CD-R is not complete" in caught.value.what
    assert "volume 1 of 3 is GOOD, volume 2 of 3 is INTERRUPTED" in caught.value.remedy
    assert "Missing: volume 2 of 3; volume 3 of 3" in caught.value.remedy
    assert "--volume 2 --volume 3" in caught.value.remedy
    assert 1 not in caught.value.details["missing"]
    told = record_in(tmp_path)
    assert told["state"] == "interrupted"
    assert [disc["verdict"] for disc in told["discs"]] == ["good", "interrupted"]


def test_the_profile_is_chosen_for_the_disc_that_is_in(tmp_path: Path) -> None:
    done = burned(drive_with(CD_R), tmp_path, profile_id="auto")
    assert done.clean
    assert done.authored.why_profile


def test_a_disc_of_a_job_that_fails_later_is_held_against_the_chosen_profile(
    tmp_path: Path,
) -> None:
    recorder = Recorder(drive_with(CD_R))
    target = DiscTarget(recorder, How(copies=2, patience=0.0), lambda _: None)
    with pytest.raises(NoMedium):
        burn([CT], target, profile_id="auto", jobs_folder=tmp_path / "jobs", jobs=1)
    (disc,) = target.results
    assert disc.verdict == "good"
    assert disc.verification is not None
    assert disc.verification.profile is not None


def test_a_profile_for_mails_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediumRefused, match="Choose a profile for discs"):
        burned(drive_with(CD_R), tmp_path, profile_id="STD-GEN-ZIP-MAIL")


def test_a_disc_on_which_a_reader_finds_an_error_is_not_called_good(tmp_path: Path) -> None:
    dataset = dcmread(CT)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.03.4"
    dataset.save_as(tmp_path / "CT")
    done = burned(drive_with(CD_R), tmp_path, tmp_path / "CT")
    assert not done.clean
    (disc,) = done.discs
    assert disc.read_back is not None
    assert disc.read_back.is_good
    assert disc.verdict == "not compliant"
    assert "a reader finds" in disc.why
    assert record_in(tmp_path)["state"] == "not compliant"


def test_records_of_one_second_do_not_meet(tmp_path: Path) -> None:
    first = burned(drive_with(CD_R), tmp_path)
    second = burned(drive_with(CD_R), tmp_path)
    assert first.record != second.record
    assert json.loads(Path(first.record).read_text())["state"] == "good"


def test_a_record_that_cannot_be_kept_ends_the_job_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("a file where the folder should be")
    drive = drive_with(CD_R)
    with pytest.raises(CannotWrite, match="jobs-folder"):
        burned(drive, tmp_path)
    assert "write" not in drive.log


def test_files_that_were_converted_do_not_stay(tmp_path: Path) -> None:
    source = Path(str(get_testdata_file("MR_small_jp2klossless.dcm")))
    done = burned(drive_with(CD_R), tmp_path, source)
    assert done.clean
    assert done.authored.transcoded_to
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [Path(done.record).name]
