"""What ``jacket ls`` shows of a medium: also what its directory does not name."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SEVERAL = "2 PATIENTS ARE ON IT"


@pytest.fixture
def medium(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    folder = tmp_path / "a medium"
    assert run("author", two_patients, "-o", folder).code == 0
    return folder


def test_the_uids_that_are_shown_are_those_that_author_takes(
    medium: Path, tmp_path: Path, run: Run
) -> None:
    lines = run("ls", medium).out.splitlines()
    studies = [lines[n + 1] for n, line in enumerate(lines) if line.startswith("    study ")]
    series = [lines[n + 1] for n, line in enumerate(lines) if line.startswith("      series ")]
    assert studies
    assert series
    for word, shown in (("--study", studies), ("--series", series)):
        number, uid = shown[0].split()
        assert number == "UID"
        done = run("author", medium, "-o", tmp_path / f"one{word}", word, uid, "--json")
        assert done.code == 0
        made = sum(1 for _ in (tmp_path / f"one{word}").rglob("I0*"))
        assert 0 < made < sum(1 for _ in medium.rglob("I0*"))


def test_files_that_no_record_names_are_counted_and_can_be_listed(
    medium: Path, test_files: Path, run: Run
) -> None:
    head = run("ls", medium).out.splitlines()
    assert head[0].endswith("(as its DICOMDIR lists it)")
    assert head[1].startswith("  patient ")
    shutil.copy(test_files / "CT_small.dcm", medium / "CT")
    shutil.copy(test_files / "MR_small.dcm", medium / "MR")
    (medium / "NOTES.TXT").write_text("not DICOM")
    said = run("ls", medium)
    assert said.code == 0
    told = f"2 more DICOM files are not named there: jacket ls --files '{medium}'"
    assert said.out.splitlines()[1] == told
    assert run("ls", medium, "--json").json["unnamed"] == 2
    listed = run("ls", medium, "--files")
    assert listed.out.splitlines()[0].endswith("(listed by the files)")
    assert "CompressedSamples^CT1" in listed.out
    assert "CompressedSamples^CT1" not in said.out
    assert run("ls", medium, "--files", "--json").json["unnamed"] == 0


def test_the_kind_of_medium_is_said_in_words(image: Path, run: Run) -> None:
    assert ": ISO 9660 image or disc  " in run("ls", image).out.splitlines()[0]


def test_whose_instances_they_are_is_said_at_the_end(
    medium: Path, test_files: Path, tmp_path: Path, run: Run
) -> None:
    lines = run("ls", medium).out.splitlines()
    number = sum(1 for _ in medium.rglob("I0*"))
    assert lines[-2:] == [f"in all: {number} instances of 2 patients, 5 studies", SEVERAL]
    one = tmp_path / "one"
    one.mkdir()
    shutil.copy(test_files / "CT_small.dcm", one / "CT")
    said = run("ls", one).out
    assert said.endswith("\nin all: 1 instance of 1 patient, 1 study\n")
    assert SEVERAL not in said
