"""Wishes, growth, room and the next step are told, once, in people's words."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.authored_words import say
from jacket.cli import main
from jacket.file_set.update import update_file_set
from profiles.application_profiles import Medium
from profiles.profile_table import PROFILES

Run = Callable[..., object]
CT, RLE = (Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small_RLE.dcm"))


@pytest.fixture
def sixteen_bits(shared_data: Path) -> Path:
    """Four images of 16 bits stored, uncompressed."""
    return shared_data / "nema-wg04-compsamples" / "IMAGES" / "REF"


# --- wishes that cannot be fulfilled ---------------------------------------------------------


def test_a_wish_for_loss_that_no_image_can_have_is_told_with_the_number(
    sixteen_bits: Path, tmp_path: Path, run: Run
) -> None:
    words = ("author", sixteen_bits, "--profile", "STD-GEN-USB-JPEG", "--transcode", "lossy")
    expected = "4 images not compressed: 16 bits stored, JPEG with loss takes 12 at most"
    for more in (("--dry-run",), ("--quality", "80")):
        said = run(*words, "-o", tmp_path / "stick", *more)
        assert said.code == 0
        assert expected in said.out


@pytest.mark.parametrize(
    ("profile", "wish", "expected"),
    [
        ("STD-GEN-CD", "lossless", "STD-GEN-CD has no compressed syntax"),
        ("STD-GEN-CD", "lossy", "STD-GEN-CD has no compressed syntax"),
        ("STD-CTMR-CD", "lossy", "STD-CTMR-CD has no syntax that compresses with loss"),
        ("STD-GEN-USB-JPEG", "lossless", ""),
        ("STD-GEN-CD", "auto", ""),
    ],
)
def test_a_profile_without_such_a_syntax_says_that_the_wish_changes_nothing(
    profile: str, wish: str, expected: str, tmp_path: Path, run: Run
) -> None:
    words = ("author", CT, "-o", tmp_path / "d", "--profile", profile, "--transcode", wish)
    remarks = run(*words, "--json").json["remarks"]
    assert remarks == ([f"{expected}: --transcode {wish} changes nothing"] if expected else [])


def test_what_was_compressed_with_loss_is_not_compressed_again_and_that_is_told(
    tmp_path: Path, run: Run
) -> None:
    words = ("author", CT, "-o", tmp_path / "a", "--profile", "STD-GEN-USB-J2K")
    assert run(*words, "--transcode", "lossy").code == 0
    words = ("author", tmp_path / "a" / "DICOM", *words[2:3], tmp_path / "b", *words[4:])
    said = run(*words, "--transcode", "lossy")
    assert "1 image not compressed: compressed with loss once already" in said.out


def test_auto_prefers_a_profile_that_can_fulfil_the_wish(
    sixteen_bits: Path, tmp_path: Path, run: Run
) -> None:
    words = ("author", sixteen_bits, "-o", tmp_path / "d", "--profile", "auto", "--dry-run")
    chosen = {
        wish: run(*words, "--json", "--transcode", wish).json["profile"]
        for wish in ("auto", "lossless", "lossy")
    }
    # JPEG with loss takes 12 bits at most, JPEG 2000 takes 16.
    assert chosen == {
        "auto": "STD-GEN-USB-JPEG",
        "lossless": "STD-GEN-USB-JPEG",
        "lossy": "STD-GEN-USB-J2K",
    }


# --- auto ------------------------------------------------------------------------------------


def test_auto_counts_what_is_planned_and_not_what_is_there_twice(
    test_files: Path, tmp_path: Path, run: Run
) -> None:
    words = ("author", test_files, test_files, "-o", tmp_path / "d", "--dry-run", "--json")
    told = run(*words, "--profile", "auto").json
    planned = told["copied"] + told["transcoded"] + told["completed"]
    assert f"takes all {planned} instances" in told["why_profile"]
    assert sum(item["kind"] == "duplicate" for item in told["left_out"]) > planned


def test_what_auto_says_of_one_and_of_none_is_grammatical(
    test_files: Path, tmp_path: Path, run: Run
) -> None:
    report = test_files / "reportsi.dcm"
    words = ("author", CT, report, "-o", tmp_path / "d", "--dry-run", "--json", "--medium", "mod")
    told = run(*words, "--profile", "auto").json["why_profile"]
    assert "leaves out 1 of 2 instances (" in told
    assert ") and takes the other one, unchanged" in told
    words = ("author", RLE, "--transcode", "never", "-o", tmp_path / "d", "--dry-run")
    said = run(*words, "--profile", "auto", "--medium", "dvd-ram")
    assert said.code == 3, "nothing is left; no choice is told"


# --- sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", ["auto", "lossless", "lossy"])
def test_the_size_of_a_folder_is_told_before_it_is_made(
    wish: str, sixteen_bits: Path, tmp_path: Path
) -> None:
    sizes = [
        author(
            [sixteen_bits, CT],
            tmp_path / "d",
            profile_id="STD-GEN-USB-J2K",
            transcode=wish,
            dry_run=dry,
        ).size
        for dry in (True, False)
    ]
    share = 0.002 if wish == "auto" else 0.35
    assert sizes[0] == pytest.approx(sizes[1], rel=share)


def test_objects_that_become_much_larger_are_told(
    shared_data: Path, tmp_path: Path, run: Run
) -> None:
    source = shared_data / "nema-wg04-compsamples" / "IMAGES" / "J2KI"
    words = ("author", source, "-o")
    said = run(*words, tmp_path / "d.iso")
    (line,) = (line for line in said.out.splitlines() if "uncompressed" in line)
    assert "compressed, " in line
    assert "STD-GEN-CD has no compressed syntax" in line
    said = run(*words, tmp_path / "e", "--profile", "STD-GEN-USB-JPEG", "--dry-run")
    assert "--transcode lossless keeps them smaller" in said.out
    said = run(*words, tmp_path / "f", "--profile", "STD-GEN-USB-J2K")
    assert "uncompressed" not in said.out


# --- what is required, what is missing -------------------------------------------------------


def test_icons_that_a_profile_requires_are_made_in_spite_of_no_icons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: Run
) -> None:
    rule = PROFILES["STD-XABC-CD"].icon
    assert rule is not None
    assert rule.required
    row = PROFILES["STD-GEN-CD"]._replace(identifier="PRI-ICONS", icon=rule)
    done = author([CT], tmp_path / "d", profile_id=row, icons=False)
    say(done)
    out = capsys.readouterr().out
    assert "1  has an icon in the directory" in out
    told = "PRI-ICONS requires icons: they are made in spite of --no-icons"
    assert told in out
    assert told not in author([CT], tmp_path / "e", profile_id=row).remarks
    (tmp_path / "set").mkdir()
    shutil.copy(CT, tmp_path / "set" / "CT")
    assert told in update_file_set(tmp_path / "set", profile_id=row, icons=False).remarks


def test_a_video_profile_without_video_is_told(tmp_path: Path, run: Run) -> None:
    words = ("author", CT, "-o", tmp_path / "d", "--dry-run", "--profile")
    told = "is for media with video, and there is none"
    assert f"STD-GEN-BD-MPEG2-MPML {told}" in run(*words, "STD-GEN-BD-MPEG2-MPML").out
    assert told not in run(*words, "STD-GEN-BD").out


def test_what_keeps_a_medium_from_being_compliant_is_said_once(tmp_path: Path, run: Run) -> None:
    uid = b"1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
    (tmp_path / "ct").write_bytes(CT.read_bytes().replace(uid, b"1.3.6.one" + uid[9:]))
    said = run("author", tmp_path / "ct", "-o", tmp_path / "d")
    assert said.out.count("Study Instance UID (0020,000D)") == 1
    assert "remarks" not in said.out


# --- words -----------------------------------------------------------------------------------


def test_media_have_the_names_that_people_know(tmp_path: Path, run: Run) -> None:
    words = ("author", CT, "-o", tmp_path / "d", "--profile")
    for profile, name in (
        ("STD-GEN-USB-JPEG", "USB stick"),
        ("STD-GEN-ZIP-MAIL", "ZIP by e-mail"),
        ("STD-GEN-MIME", "e-mail"),
        ("STD-GEN-DVD-JPEG", "DVD"),
        ("STD-CTMR-MOD41", "MO disk 4.1 GB"),
    ):
        said = run(*words, profile)
        assert f"profile {profile} for {name}, label" in said.out
        assert f"the folder is no {name} yet: " in said.out
        shutil.rmtree(tmp_path / "d")
    said = run("author", CT, "-o", tmp_path / "d.iso", "--profile", "auto", "--medium", "usb")
    assert "no .iso can be a medium of the kind USB stick" in said.err
    assert "Name OUT.img or a folder" in said.err
    answer = run(*words, "STD-GEN-DVD-JPEG", "--dry-run", "--json").json
    assert answer["medium"] == Medium.DVD.value, "JSON keeps the words of PS3.11"


def test_the_next_command_can_be_pasted(tmp_path: Path, run: Run) -> None:
    declared = tmp_path / "our own.toml"
    declared.write_text(
        '[[profile]]\nidentifier = "AUG-GEN-CD"\nbase = "STD-GEN-CD"\npurpose = "screens"\n'
        '[[profile.keys]]\nattribute = "InstanceCreationDate"\nrecords = ["IMAGE"]\ntype = "2"\n'
    )
    target = tmp_path / "Mr. O'Neil's disc.iso"
    words = ("author", CT, "-o", target, "--profile-file", declared, "--profile")
    for profile, more in (("AUG-GEN-CD", ["--profile-file", str(declared)]), ("STD-GEN-CD", [])):
        said = run(*words, profile)
        command = shlex.split(said.out.splitlines()[-1].removeprefix("next: "))
        assert command == ["jacket", "verify", str(target), *more, "--profile", profile]
        assert main(command[1:]) == 0


def test_a_path_that_looks_like_an_option_is_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    say(author([CT], "-x"))
    assert "next: jacket verify ./-x --profile" in capsys.readouterr().out


def test_an_image_that_is_left_out_is_not_also_called_not_compressed(
    tmp_path: Path, run: Run, shared_data: Path
) -> None:
    broken = shared_data / "fo-dicom" / "GH364.dcm"
    words = ("author", CT, broken, "-o", tmp_path / "d", "--profile", "STD-GEN-USB-JPEG")
    done = run(*words, "--transcode", "lossless", "--json").json
    assert [item["source"] for item in done["left_out"]] == [str(broken)]
    assert not [remark for remark in done["remarks"] if "not compressed" in remark]


def test_files_that_disagree_are_named_as_they_lie_in_the_sources(tmp_path: Path, run: Run) -> None:
    shutil.copy(CT, tmp_path / "one")
    data = CT.read_bytes()
    uid = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    assert uid in data
    data = data.replace(uid, uid[:-1] + b"3").replace(
        b"20040119\x08\0\x21\0", b"20040118\x08\0\x21\0"
    )
    (tmp_path / "two").write_bytes(data)
    words = ("author", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "d.iso", "--dry-run")
    told = [r for r in run(*words, "--json").json["remarks"] if "differs between" in r]
    assert told
    assert str(tmp_path / "one") in told[0]
    assert str(tmp_path / "two") in told[0]


def test_a_uid_that_matches_nothing_is_repeated_and_a_patient_id_is_not(
    tmp_path: Path, run: Run
) -> None:
    words = ("author", CT, "-o", tmp_path / "d.iso")
    said = run(*words, "--study", "1.2.3").err
    assert "--study: 1.2.3 matches nothing" in said
    assert f"jacket ls --files {Path(CT).parent}" in said
    assert "1.2.3" not in run(*words, "--patient", "1.2.3").err


# --- whose images they are -----------------------------------------------------------------


def test_more_than_one_patient_is_counted_and_said_loudly(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    target = tmp_path / "disc.iso"
    for words in (("--dry-run",), ()):
        said = run("author", two_patients, "-o", target, *words)
        assert said.code == 0
        assert " of 2 patients, " in said.out.splitlines()[0]
        assert "2 PATIENTS ARE ON IT" in said.out


def test_as_many_patients_are_counted_as_the_directory_has(
    test_files: Path, tmp_path: Path, run: Run
) -> None:
    names = ("CT_small.dcm", "MR_small.dcm", "test-SR.dcm", "rtplan.dcm", "rtstruct.dcm")
    sources = [*(test_files / name for name in names), test_files / "dicomdirtests"]
    told = run("author", *sources, "-o", tmp_path / "disc", "--json").json
    listed = run("ls", tmp_path / "disc", "--json").json["patients"]
    # Some had no Patient ID of their own.
    assert any(patient["PatientID"].startswith("FJ-") for patient in listed)
    studies = sum(len(patient["studies"]) for patient in listed)
    assert (told["patients"], told["studies"]) == (len(listed), studies)


def test_a_patient_alone_is_no_remark(two_patients: Path, tmp_path: Path, run: Run) -> None:
    said = run("author", two_patients, "-o", tmp_path / "d", "--patient", "77654033", "--json")
    assert said.json["patients"] == 1
    assert not [remark for remark in said.json["remarks"] if "PATIENT" in remark]
    burned = run("burn", two_patients, "--device", "simulator:cd-r", "--dry-run")
    assert "2 PATIENTS ARE ON IT" in burned.out


def test_what_may_be_missed_is_said_last(test_files: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "cut.dcm").write_bytes((test_files / "CT_small.dcm").read_bytes()[:20_000])
    for words in (("--dry-run",), ()):
        said = run("author", CT, tmp_path / "cut.dcm", "-o", tmp_path / "disc.iso", *words)
        assert said.code == 1
        assert said.out.splitlines()[-1].startswith("NOT COMPLETE: 1 file that may hold images")


def test_the_next_step_of_a_set_is_one_for_each_volume(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    said = run("author", two_patients, "-o", tmp_path / "s.iso", "--split", "--capacity", "400000")
    (last,) = [line for line in said.out.splitlines() if line.startswith("next")]
    number = len(list(tmp_path.glob("s-*.iso")))
    assert number > 1
    assert last.startswith(f"next, and so for each of the {number} volumes: jacket verify ")


@pytest.mark.parametrize(
    ("name", "profile", "is_told"),
    [
        ("mail.eml", "STD-GEN-ZIP-MAIL", True),
        ("mail.eml", "STD-GEN-MIME", True),
        ("archive.zip", "STD-GEN-ZIP-MAIL", True),
        ("disc.iso", "STD-GEN-CD", False),
    ],
)
def test_a_mail_that_everybody_can_read_is_said_to_be_so(
    name: str, profile: str, is_told: bool, tmp_path: Path, run: Run
) -> None:
    said = run("author", CT, "-o", tmp_path / name, "--profile", profile)
    assert said.code == 0
    assert ("NOT ENCRYPTED: by mail everybody" in said.out) is is_told


def test_what_the_directory_of_a_source_names_and_is_not_there_is_missed(
    real_file_set: Path, tmp_path: Path, run: Run
) -> None:
    sources = shutil.copytree(real_file_set, tmp_path / "in")
    assert run("author", sources, "-o", tmp_path / "whole.iso").code == 0
    lost = next(path for path in (sources / "77654033" / "CR1").iterdir())
    lost.unlink()
    said = run("author", sources, "-o", tmp_path / "disc.iso", "--json")
    assert said.code == 1
    (item,) = [each for each in said.json["left_out"] if each["kind"] == "missing"]
    assert item["source"] == str(lost)
    assert "the copy is not complete" in item["reason"]
    # Nobody misses what was not asked for, and names are found however they are spelt.
    other = run("author", sources, "-o", tmp_path / "other.iso", "--patient", "98890234")
    assert other.code == 0
    for path in (sources / "98892001").rglob("*"):
        if path.is_file():
            path.rename(path.with_name(path.name + ".dcm"))
    assert run("author", sources, "-o", tmp_path / "more.iso", "--patient", "98890234").code == 0


def test_what_lies_elsewhere_among_the_sources_is_not_missed(
    real_file_set: Path, tmp_path: Path, run: Run
) -> None:
    """Somebody puts the files of a disc into one folder, its DICOMDIR among them."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, path in enumerate(sorted(real_file_set.rglob("*"))):
        if path.is_file():
            name = path.name if path.name == "DICOMDIR" else f"{number:04}.dcm"
            shutil.copy(path, flat / name)
    said = run("author", flat, "-o", tmp_path / "disc.iso", "--json")
    assert said.code == 0
    assert "missing" not in {item["kind"] for item in said.json["left_out"]}
