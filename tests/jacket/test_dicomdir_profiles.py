"""`jacket dicomdir --profile`: every file is held against the profile; files are never changed."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

Run = Callable[..., object]
CT = Path(str(get_testdata_file("CT_small.dcm")))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CT that fits, one with other colours, one of RLE and a report."""
    root = tmp_path / "set"
    root.mkdir()
    shutil.copy(CT, root / "GOOD")
    inverse = pydicom.dcmread(CT)
    inverse.PhotometricInterpretation = "MONOCHROME1"
    inverse.SOPInstanceUID = inverse.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    inverse.save_as(root / "INVERSE")
    shutil.copy(str(get_testdata_file("MR_small_RLE.dcm")), root / "RLE")
    shutil.copy(str(get_testdata_file("test-SR.dcm")), root / "REPORT")
    return root


def left_out(said: object) -> dict[str, str]:
    return {Path(item["source"]).name: item["reason"] for item in said.json["left_out"]}  # type: ignore[attr-defined]


def test_class_syntax_and_attributes_are_checked_and_the_table_is_named(
    folder: Path, run: Run
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    said = run("dicomdir", folder, "--profile", "STD-CTMR-CD", "--json")
    reasons = left_out(said)
    assert (said.code, said.json["instances"]) == (1, 1)
    assert reasons.keys() == {"INVERSE", "RLE", "REPORT"}
    assert "Photometric Interpretation" in reasons["INVERSE"]
    assert "E.3-3" in reasons["INVERSE"]
    assert "does not allow RLE Lossless" in reasons["RLE"]
    assert "jacket author" in reasons["RLE"]
    assert "does not allow" in reasons["REPORT"]
    (folder / "DICOMDIR").unlink()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_keys_and_icons_of_the_profile_are_written(folder: Path, run: Run) -> None:
    for name in ("INVERSE", "RLE", "REPORT"):
        (folder / name).unlink()
    assert run("dicomdir", folder, "--profile", "STD-CTMR-CD", "--icons").code == 0
    (image,) = (
        record
        for record in pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence
        if record.DirectoryRecordType == "IMAGE"
    )
    assert (image.Rows, image.Columns) == (128, 128)
    assert image.PixelSpacing is not None
    assert image.IconImageSequence[0].Rows == 64
    assert run("verify", folder, "--profile", "STD-CTMR-CD").code == 0


def test_a_file_that_comes_later_gets_its_icon_too(folder: Path, run: Run) -> None:
    for name in ("INVERSE", "RLE", "REPORT"):
        (folder / name).unlink()
    words = ("dicomdir", folder, "--profile", "STD-CTMR-CD", "--icons", "--json")
    assert run(*words).json["added"] == 1
    other = pydicom.dcmread(CT)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.5"
    other.save_as(folder / "LATER")
    assert run(*words).json["added"] == 1
    records = pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    assert sum("IconImageSequence" in record for record in records) == 2


def test_what_may_be_added_empty_is_not_added_in_place(tmp_path: Path, run: Run) -> None:
    dental = pydicom.dcmread(CT)
    dental.SOPClassUID = dental.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    (tmp_path / "set").mkdir()
    dental.save_as(tmp_path / "set" / "DX1")
    said = run("dicomdir", tmp_path / "set", "--profile", "STD-DEN-CD", "--json")
    assert said.code == 3
    assert "Detector ID" in said.json["left_out"][0]["reason"]
    assert not (tmp_path / "set" / "DICOMDIR").exists()


@pytest.mark.parametrize(
    ("profile", "name"),
    [("STD-GEN-CD", "d.iso"), ("STD-GEN-USB-JPEG", "d.img"), ("STD-CTMR-CD", "folder")],
)
def test_records_that_come_later_have_the_keys_of_those_there_without_a_profile(
    profile: str, name: str, tmp_path: Path, run: Run
) -> None:
    medium = tmp_path / name
    first = tmp_path / "first"
    first.mkdir()
    shutil.copy(str(get_testdata_file("MR_small.dcm")), first)
    assert run("author", first, "-o", medium, "--profile", profile).code == 0
    assert run("dicomdir", medium, "--add", CT).code == 0
    said = run("verify", medium, "--profile", profile)
    assert said.code == 0, said.out
