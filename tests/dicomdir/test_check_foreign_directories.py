"""Directories of other projects: the good ones are found good, the others as they are known."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomdir.check_directory import check_directory


def rules_of(data: bytes) -> set[str]:
    return {finding.rule for finding in check_directory(data)}


@pytest.mark.parametrize(
    ("made_by", "expected"),
    [
        ("dcmtk-charsets", set()),
        # It takes the last record of the file for the last one of the root chain.
        ("gdcm-series", {"DIR-ROOT-LAST", "DIR-KEY-MISSING", "P10-META-VERSION-NAME"}),
        (
            "dicom3tools-mixed",
            {"DIR-ROOT-LAST", "DIR-KEY-EMPTY", "DIR-KEY-VR", "DIR-PATIENT-TWICE"},
        ),
    ],
)
def test_directories_of_other_tools_break_the_rules_that_they_are_known_to_break(
    shared_data: Path, made_by: str, expected: set[str]
) -> None:
    assert rules_of((shared_data / "toolmade" / made_by / "DICOMDIR").read_bytes()) == expected


def test_what_dcmtk_makes_of_a_real_file_set_is_good(
    peer: Callable[[str], str], pydicom_files: list[Path], tmp_path: Path
) -> None:
    for number, name in enumerate(("77654033/CR1/6154", "98892003/MR700/4558")):
        source = next(p for p in pydicom_files if p.as_posix().endswith("dicomdirtests/" + name))
        (tmp_path / f"F{number}").write_bytes(source.read_bytes())
    made = subprocess.run(
        [peer("dcmmkdir"), "+id", tmp_path, "+D", tmp_path / "DICOMDIR", "+F", "SET", "F0", "F1"],
        capture_output=True,
        check=False,
    )
    assert (tmp_path / "DICOMDIR").exists(), made.stderr
    assert check_directory((tmp_path / "DICOMDIR").read_bytes()) == []


def test_the_directory_in_the_wheel_of_pydicom_is_good(pydicom_files: list[Path]) -> None:
    path = next(p for p in pydicom_files if p.as_posix().endswith("dicomdirtests/DICOMDIR"))
    assert check_directory(path.read_bytes()) == []
