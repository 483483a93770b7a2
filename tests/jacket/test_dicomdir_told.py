"""How `jacket dicomdir` ends, and what it calls what it leaves out or cannot give."""

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomdir.elements import encode_element, iterate_elements
from dicomdir.encode import encode_dicomdir
from dicomdir.read import read_directory
from jacket.cli import main

Run = Callable[..., Any]
CT, MR, RLE, JP2 = (
    Path(str(get_testdata_file(f"{name}.dcm")))
    for name in ("CT_small", "MR_small", "MR_small_RLE", "MR_small_jp2klossless")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "Mr. O'Neil's set"
    root.mkdir()
    shutil.copy(CT, root / "CT1")
    return root


def test_it_ends_with_the_next_command_or_with_nothing_was_written(folder: Path, run: Run) -> None:
    assert run("dicomdir", folder, "--dry-run").out.splitlines()[-1] == (
        "nothing was written (--dry-run)"
    )
    assert not (folder / "DICOMDIR").exists()
    for words in ((), ("--profile", "STD-GEN-CD")):
        last = run("dicomdir", folder, "--anew", *words).out.splitlines()[-1]
        command = shlex.split(last.removeprefix("next: "))
        assert command == ["jacket", "verify", str(folder), *words]
        assert main(command[1:]) == 0


def test_the_next_command_knows_the_file_of_a_declared_profile(folder: Path, run: Run) -> None:
    declared = folder.parent / "our own.toml"
    declared.write_text(
        '[[profile]]\nidentifier = "AUG-GEN-CD"\nbase = "STD-GEN-CD"\npurpose = "screens"\n'
        '[[profile.keys]]\nattribute = "InstanceCreationDate"\nrecords = ["IMAGE"]\ntype = "2"\n'
    )
    words = ["--profile-file", str(declared), "--profile", "AUG-GEN-CD"]
    last = run("dicomdir", folder, *words).out.splitlines()[-1]
    assert shlex.split(last) == ["next:", "jacket", "verify", str(folder), *words]


def test_where_it_is_not_yet_compliant_to_verify_is_not_what_comes_next(
    folder: Path, run: Run
) -> None:
    shutil.copy(RLE, folder / "RLE")
    for words in ((), ("--dry-run",)):
        lines = run("dicomdir", folder, "--profile", "STD-GEN-CD", *words).out.splitlines()
        assert "not compliant with STD-GEN-CD" in lines[-1]
        assert ("nothing was written (--dry-run)" in lines) == bool(words)
        assert not [line for line in lines if line.startswith("next: ")]


def test_what_is_on_the_medium_already_is_not_called_there_twice(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    run("dicomdir", folder)
    shutil.copy(MR, tmp_path / "one")
    shutil.copy(MR, tmp_path / "two")
    words = ("--add", CT, "--add", tmp_path / "one", "--add", tmp_path / "two")
    out = run("dicomdir", folder, *words).out
    assert "on the medium already; not copied: 1\n" in out
    assert f"{CT}: on the medium already, as {folder}/CT1\n" in out
    assert "files that are there twice; one of them is named: 1\n" in out
    assert f"{tmp_path}/two: the same object as {tmp_path}/one\n" in out


@pytest.mark.parametrize("compressed", [RLE, JP2])
@pytest.mark.parametrize("kind", ["folder", "disc.iso"])
def test_the_original_of_what_is_there_compressed_is_no_contradiction(
    kind: str, compressed: Path, folder: Path, tmp_path: Path, run: Run, peer: Callable[[str], str]
) -> None:
    shutil.copy(compressed, folder / "MR1")
    medium = folder
    if kind != "folder":
        medium = tmp_path / kind
        words = ["-quiet", "-iso-level", "1", "-sysid", "", "-o", str(medium), str(folder)]
        subprocess.run([peer("genisoimage"), *words], capture_output=True, check=True)
    run("dicomdir", medium)
    said = run("dicomdir", medium, "--add", MR, "--json")
    (left,) = said.json["left_out"]
    assert (said.code, left["kind"], said.json["added_files"]) == (1, "not-allowed", [])
    assert left["reason"].startswith("is there already, in another transfer syntax, as ")
    assert "--remove " in left["reason"]
    out = run("dicomdir", medium, "--add", MR).out
    assert "images that are there already, in another transfer syntax; not copied: 1\n" in out
    assert "contradict" not in out


@pytest.mark.parametrize(
    ("name", "value"),
    [("Rows", 32), ("SeriesInstanceUID", "1.2.3"), ("StudyInstanceUID", "1.2.4"), ("Rows", None)],
)
def test_another_image_in_another_transfer_syntax_is_a_contradiction_as_before(
    name: str, value: object, folder: Path, tmp_path: Path, run: Run
) -> None:
    shutil.copy(RLE, folder / "MR1")
    run("dicomdir", folder)
    other = pydicom.dcmread(MR)
    setattr(other, name, value)
    if value is None:
        delattr(other, name)
    elif name == "Rows":
        other.PixelData = other.PixelData[: len(other.PixelData) // 2]
    other.save_as(tmp_path / "other")
    said = run("dicomdir", folder, "--add", tmp_path / "other", "--json")
    (left,) = said.json["left_out"]
    assert (said.code, left["kind"]) == (1, "contradiction")


def about_keys(said: Any) -> list[str]:
    return [remark for remark in said.json["remarks"] if "what all that were there have" in remark]


def give_keys(root: Path, **keys: list[bytes]) -> None:
    """Give all records of a type more keys, as tools of others do."""
    directory = read_directory((root / "DICOMDIR").read_bytes()).directory
    waiting = [(record, directory.records) for record in directory.records]
    while waiting:
        record, siblings = waiting.pop()
        waiting += [(child, record.children) for child in record.children]
        more = keys.get(record.record_type, [])
        there = [record.keys[a:b] for _, _, a, _, b in iterate_elements(record.keys)]
        together = sorted([*there, *more], key=lambda e: (e[1::-1], e[3:1:-1]))
        siblings[siblings.index(record)] = record.replaced(keys=b"".join(together))
    (root / "DICOMDIR").write_bytes(encode_dicomdir(directory))


def test_keys_that_new_records_lack_are_told(folder: Path, run: Run) -> None:
    run("dicomdir", folder)
    give_keys(
        folder,
        PATIENT=[encode_element(0x00100030, b"DA", b"19700101")],
        SERIES=[encode_element(0x00080080, b"LO", b"HOSPITAL")],
        IMAGE=[encode_element(0x00500004, b"CS", b"NO")],
    )
    said = run("dicomdir", folder, "--add", MR, "--json")
    assert said.code == 0
    told = about_keys(said)
    assert len(told) == 3
    for words in (
        ("1 new PATIENT record lacks", "have: Patient's Birth Date (0010,0030);"),
        ("1 new SERIES record lacks", "have: Institution Name (0008,0080);"),
        ("1 new IMAGE record lacks", "have: Calibration Image (0050,0004);"),
    ):
        assert any(all(word in remark for word in words) for remark in told)
    assert all("--profile ID" in remark for remark in told)
    assert about_keys(run("dicomdir", folder, "--json")) == [], "nothing is new"


def test_icons_that_new_records_lack_are_told(folder: Path, run: Run) -> None:
    run("dicomdir", folder, "--icons")
    (told,) = about_keys(run("dicomdir", folder, "--add", MR, "--json"))
    assert told.endswith("Icon Image Sequence (0088,0200); --icons gives them icons")


def test_a_set_without_images_tells_of_keys_too(tmp_path: Path, run: Run) -> None:
    root = tmp_path / "reports"
    root.mkdir()
    shutil.copy(str(get_testdata_file("test-SR.dcm")), root / "SR1")
    report = pydicom.dcmread(root / "SR1")
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    report.save_as(tmp_path / "SR2")
    assert run("dicomdir", root).code == 0
    give_keys(root, **{"SR DOCUMENT": [encode_element(0x00080080, b"LO", b"HOSPITAL")]})
    said = run("dicomdir", root, "--add", tmp_path / "SR2", "--json")
    assert (said.code, said.json["added"]) == (0, 1), said.json
    (told,) = about_keys(said)
    assert told.startswith("1 new SR DOCUMENT record lacks")


def test_records_with_the_keys_of_their_profile_lack_nothing(tmp_path: Path, run: Run) -> None:
    assert run("author", MR, "-o", tmp_path / "d", "--profile", "STD-CTMR-CD").code == 0
    assert about_keys(run("dicomdir", tmp_path / "d", "--add", CT, "--json")) == []


def test_a_patient_who_comes_beside_another_is_told_loudly_and_without_a_name(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    assert "PATIENTS" not in run("dicomdir", folder).out, "one alone"
    shutil.copy(CT, tmp_path / "again")
    assert "PATIENTS" not in run("dicomdir", folder, "--add", tmp_path / "again").out
    said = {dry: run("dicomdir", folder, "--add", MR, *dry) for dry in (("--dry-run",), ())}
    for ran in said.values():
        assert ran.code == 0
        first, heading, remark = ran.out.splitlines()[:3]
        assert first.endswith(": 2 instances of 2 patients, 2 studies; 1 new, 0 dropped")
        assert heading == "remarks: 1"
        assert remark.startswith("  2 PATIENTS ARE ON IT NOW: ")
        assert "CompressedSamples" not in ran.out
    told = run("dicomdir", folder, "--json").json
    assert (told["instances"], told["patients"], told["studies"]) == (2, 2, 2)
    assert told["remarks"] == [], "nobody came"
    other = run("dicomdir", folder, "--remove-patient", pydicom.dcmread(MR).PatientID)
    assert ": 1 instance of 1 patient, 1 study; 0 new, 1 dropped\n" in other.out
    assert "PATIENTS" not in other.out
