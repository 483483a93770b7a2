"""The contract of the command line: exit codes, JSON, plain text in pipes, errors in words."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jacket.cli import COMMANDS

AUTHOR = {
    "profile": str,
    "why_profile": str,
    "medium": str,
    "label": str,
    "clock": int,
    "dry_run": bool,
    "volumes": list,
    "planned": list,
    "of": int,
    "set": type(None),
    "instances": int,
    "patients": int,
    "studies": int,
    "not_selected": int,
    "estimated_bytes": type(None),  # of a dry run, as the next one
    "estimate_is_exact": type(None),
    "left_out": list,
    "flaws": list,
    "copied": int,
    "transcoded": int,
    "transcoded_to": dict,
    "lossy": int,
    "completed": int,
    "mended": list,
    "icons": int,
    "next_step": str,
    "password_slip": type(None),
    "doubts": list,
    "remarks": list,
}
VOLUME = {
    "path": str,
    "bytes": int,
    "sha256": str,
    "file_set_uid": str,
    "label": str,
    "instances": int,
    "patients": int,
    "studies": int,
}
LEFT_OUT = {"source": str, "reason": str, "kind": str}
VERIFY = {
    "medium": dict,
    "profile": str,
    "satisfies": list,
    "nearest": type(None),
    "nearest_breaks": list,
    "compliant": bool,
    "counts": dict,
    "findings": list,
}
COUNTS = {"errors": int, "warnings": int, "notes": int, "instances": int, "files": int}
FINDING = {
    "rule": str,
    "severity": str,
    "where": str,
    "message": str,
    "remedy": str,
    "reference": str,
}
LISTING = {
    "medium": dict,
    "file_set_uid": str,
    "file_set_id": str,
    "from_directory": bool,
    "unnamed": int,
    "counts": dict,
    "patients": list,
    "left_out": list,
}
INDEXED = {
    "path": str,
    "kind": str,
    "dry_run": bool,
    "created": bool,
    "changed": bool,
    "file_set_uid": str,
    "instances": int,
    "patients": int,
    "studies": int,
    "added": int,
    "removed": list,
    "missing": list,
    "added_files": list,
    "removed_files": list,
    "left_out": list,
    "doubts": list,
    "remarks": list,
    "flaws": list,
}


def shape(value: dict[str, object]) -> dict[str, type]:
    return {key: type(item) for key, item in value.items()}


@pytest.fixture
def with_junk(two_patients: Path) -> Path:
    (two_patients / "IMAGE.DCM").write_bytes(bytes(range(256)) * 40)
    return two_patients


# --- exit codes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("burnn",),
        ("author",),
        ("author", "."),
        ("author", ".", "-o", "x.iso", "--profile", "STD-NONE"),
        ("author", ".", "-o", "x.iso", "--transcode", "smaller"),
        ("author", ".", "-o", "x.iso", "--quality", "50"),
        ("author", ".", "-o", "x.iso", "--transcode", "lossy", "--quality", "101"),
        ("author", ".", "-o", "x.iso", "--medium", "usb"),
        ("author", ".", "-o", "x.iso", "--profile", "STD-GEN-USB-JPEG"),
        ("author", ".", "-o", "x.iso", "--capacity", "many"),
        ("author", ".", "-o", "x.iso", "--jobs", "two"),
        ("verify",),
        ("verify", ".", "--profile", "STD-NONE"),
        ("verify", ".", "--what"),
        ("ls",),
        ("dicomdir",),
        ("dicomdir", ".", "--profile", "STD-NONE"),
        ("profiles", "STD-NONE"),
    ],
)
def test_wrong_usage_is_2_and_told_on_standard_error(
    words: tuple[str, ...],
    run: Callable[..., object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(*words)
    assert said.code == 2
    assert said.err or not words, "the reason"
    assert not list(tmp_path.iterdir())


def test_done_and_clean_is_0_and_something_left_out_is_1(
    tmp_path: Path, with_junk: Path, run: Callable[..., object]
) -> None:
    said = run("author", with_junk, "-o", tmp_path / "a.iso")
    assert said.code == 1
    assert "IMAGE.DCM: not DICOM" in said.out
    (with_junk / "IMAGE.DCM").unlink()
    (with_junk / "LETTER.TXT").write_text("Dear colleague")  # nothing that a patient would miss
    assert run("author", with_junk, "-o", tmp_path / "a.iso").code == 0
    assert run("verify", tmp_path / "a.iso", "--profile", "STD-GEN-CD").code == 0
    assert run("ls", tmp_path / "a.iso").code == 0


def test_what_could_not_be_done_is_3_with_what_where_and_remedy(
    tmp_path: Path, run: Callable[..., object]
) -> None:
    missing = tmp_path / "nowhere"
    for words in (
        ("author", missing, "-o", tmp_path / "a.iso"),
        ("verify", missing),
        ("ls", missing),
        ("dicomdir", missing),
    ):
        said = run(*words)
        assert (said.code, said.out) == (3, "")
        assert said.err.startswith(f"jacket {words[0]}: {missing}: ")
        assert said.err.count(". ") >= 1, "and what to do"
        told = run(*words, "--json")
        assert told.code == 3
        assert told.json["error"].keys() == {"what", "where", "remedy"}
        assert told.json["error"]["where"] == str(missing)
        assert said.err in told.err


def test_a_mistake_in_the_program_is_3_and_names_no_patient(
    two_patients: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import jacket.commands.author as command

    def broken(*_: object, **__: object) -> None:
        raise LookupError("Doe^Jane")

    monkeypatch.setattr(command, "author", broken)
    said = run("author", two_patients, "-o", tmp_path / "a.iso", "--json")
    assert said.code == 3
    assert "LookupError" in said.err
    assert "Doe" not in said.err + said.out
    assert said.json["error"]["where"].startswith("test_command_line.py line ")


# --- JSON -----------------------------------------------------------------------------------


def test_author_answers_with_exactly_the_keys_of_the_contract(
    tmp_path: Path, with_junk: Path, run: Callable[..., object]
) -> None:
    answer = run("author", with_junk, "-o", tmp_path / "a.iso", "--json").json
    assert shape(answer) == AUTHOR
    assert shape(answer["volumes"][0]) == VOLUME
    assert [shape(item) for item in answer["left_out"]] == [LEFT_OUT]


def test_verify_answers_with_exactly_the_keys_of_the_contract(
    image: Path, run: Callable[..., object]
) -> None:
    label = image.read_bytes()[32808:32822]  # the Volume Identifier (ECMA-119 8.4.7)
    image.write_bytes(image.read_bytes().replace(label, b"X" * len(label), 1))
    answer = run("verify", image, "--profile", "STD-GEN-CD", "--json").json
    assert shape(answer) == VERIFY
    assert shape(answer["counts"]) == COUNTS
    assert answer["findings"]
    assert all(shape(item) == FINDING for item in answer["findings"])
    assert run("verify", image, "--json").json["profile"] is None


def test_ls_answers_with_nested_levels_and_dicom_keywords(
    image: Path, run: Callable[..., object]
) -> None:
    answer = run("ls", image, "--json").json
    assert shape(answer) == LISTING
    patient = answer["patients"][0]
    study = patient["studies"][0]
    series = study["series"][0]
    instance = series["instances"][0]
    assert {"PatientID", "PatientName"} <= patient.keys()
    assert {"StudyInstanceUID", "StudyDate", "StudyID"} <= study.keys()
    assert {"SeriesInstanceUID", "Modality", "SeriesNumber"} <= series.keys()
    assert {"SOPInstanceUID", "InstanceNumber", "path", "missing"} <= instance.keys()
    assert instance["path"] == "DICOM/P0000001/S0000001/E0000001/I0000001"


def test_dicomdir_answers_with_its_keys(two_patients: Path, run: Callable[..., object]) -> None:
    answer = run("dicomdir", two_patients, "--json").json
    assert shape(answer) == INDEXED


def test_profiles_are_listed_and_explained(run: Callable[..., object]) -> None:
    rows = run("profiles", "--json").json["profiles"]
    assert "STD-GEN-CD" in {row["identifier"] for row in rows}
    text = run("profiles", "STD-GEN-CD").out
    assert "PS3.11" in text
    assert "Explicit VR Little Endian" in text


# --- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(
    command: str, run: Callable[..., object], capsys: object
) -> None:
    said = run(command, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"usage: jacket {command}")
    assert "--json" in said.out


def test_help_and_version_are_said_on_standard_output(run: Callable[..., object]) -> None:
    said = run("--help")
    assert (said.code, said.err) == (0, "")
    assert all(command in said.out for command in COMMANDS)
    assert run("--version").out.startswith("filmjacket 0.")
    assert "there is no command 'burnn'" in run("burnn").err


def test_output_to_a_pipe_is_plain_and_progress_stays_away(
    tmp_path: Path, two_patients: Path
) -> None:
    target = tmp_path / "disc.iso"
    for words in (("author", two_patients, "-o", target), ("verify", target), ("ls", target)):
        done = process(*words)
        assert done.returncode == 0
        assert done.stderr == ""
        assert "\x1b" not in done.stdout
        assert "\r" not in done.stdout
        assert process(*words, "--json").stdout.startswith("{")


def test_output_to_a_terminal_of_another_character_set_does_not_fail(
    tmp_path: Path, test_files: Path
) -> None:
    import pydicom

    dataset = pydicom.dcmread(test_files / "CT_small.dcm")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Müller^Zoë=王^小東"
    dataset.save_as(tmp_path / "CT")
    target = tmp_path / "disc.iso"
    assert process("author", tmp_path / "CT", "-o", target).returncode == 0
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    shown = process("ls", target, **plain)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert r"M\xfcller^Zo\xeb=\u738b^\u5c0f\u6771" in shown.stdout
    for environment in (plain, {"PYTHONIOENCODING": "utf-8"}):
        answer = json.loads(process("ls", target, "--json", **environment).stdout)
        assert answer["patients"][0]["PatientName"] == "Müller^Zoë=王^小東"


def test_a_reader_who_goes_away_early_is_no_mistake_of_ours(image: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m jacket ls {image} --instances | head -1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ISO 9660" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_an_answer_that_cannot_be_written_is_3(image: Path) -> None:
    for words in (("ls", image), ("verify", image, "--json"), ("profiles",)):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "jacket", *map(str, words)],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
        assert "No space left on device" in done.stderr


def test_names_on_a_medium_cannot_steer_the_terminal(
    tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    content = (test_files / "CT_small.dcm").read_bytes()
    hostile = content.replace(b"CompressedSamples^CT1", b"\x1b]0;owned\x07\x1b[2J^CT1 ..")
    assert hostile != content
    assert len(hostile) == len(content)
    (tmp_path / "CT1").write_bytes(hostile)
    run("author", tmp_path / "CT1", "-o", tmp_path / "disc.iso")
    for words in (("ls", tmp_path / "disc.iso"), ("verify", tmp_path / "disc.iso")):
        said = run(*words)
        assert "\x1b" not in said.out + said.err
        assert "\x07" not in said.out + said.err


def process(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "jacket", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=60,
    )


def test_a_word_that_is_no_command_is_told_as_json_too(run: Callable[..., object]) -> None:
    said = run("authr", "--json")
    assert said.code == 2
    assert said.json["error"]["what"] == "there is no command 'authr'"
    assert "author" in said.json["error"]["remedy"]
    assert run("authr").out == ""


def test_wrong_words_are_told_in_one_line(run: Callable[..., object]) -> None:
    said = run("author", "somewhere")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert "-o/--output" in line
    assert line.endswith("`jacket author --help` shows the words.")
