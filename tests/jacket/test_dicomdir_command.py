"""`jacket dicomdir`: create, add, prune; other people's directories keep what they say."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.fileset import FileSet

Peer = Callable[[str], str]
TOOLMADE = ("dcmtk-charsets", "dicom3tools-mixed", "gdcm-series")


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "DICOMDIR"
    }


def named_by(folder: Path) -> set[str]:
    """Return what pydicom finds in the directory; each file is opened."""
    file_set = FileSet(folder / "DICOMDIR")
    with file_set._stage["t"]:  # a folder that it makes and forgets
        for instance in file_set:
            found = pydicom.dcmread(instance.path, force=True)  # one has no preamble
            assert found.SOPInstanceUID == instance.SOPInstanceUID
        paths = [Path(instance.path) for instance in file_set]
    return {path.relative_to(folder.resolve()).as_posix() for path in paths}


def content_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files_of(folder)}


def records_of(folder: Path) -> list[pydicom.Dataset]:
    return list(pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence)


def said_of(record: pydicom.Dataset) -> pydicom.Dataset:
    """Return a record without its offsets, which are anybody's to change."""
    return pydicom.Dataset(
        {e.tag: e for e in record if e.tag.group != 0x0004 or e.tag >= 0x00041430}
    )


def test_a_directory_is_made_then_added_to_then_pruned(
    two_patients: Path, tmp_path: Path, run: Callable[..., object], peer: Peer
) -> None:
    (two_patients / "98892003").rename(tmp_path / "later")
    first = run("dicomdir", two_patients, "--json")
    assert (first.code, first.json["created"]) == (0, True)
    assert first.json["instances"] == len(files_of(two_patients))
    assert named_by(two_patients) == files_of(two_patients)
    uid = first.json["file_set_uid"]

    (tmp_path / "later").rename(two_patients / "98892003")
    before = content_of(two_patients)
    second = run("dicomdir", two_patients, "--json")
    assert (second.code, second.json["created"], second.json["changed"]) == (0, False, True)
    assert second.json["added"] == len(list((two_patients / "98892003").rglob("[0-9]*[0-9]")))
    assert second.json["file_set_uid"] == uid, "it is the same File-set"
    assert named_by(two_patients) == files_of(two_patients)
    assert content_of(two_patients) == before, "no file was touched"

    gone = next(two_patients.rglob("CR1/*"))
    gone.unlink()
    name = gone.relative_to(two_patients).as_posix()
    kept = run("dicomdir", two_patients, "--json")
    assert (kept.code, kept.json["missing"], kept.json["changed"]) == (1, [name], False)
    pruned = run("dicomdir", two_patients, "--prune", "--json")
    assert (pruned.code, pruned.json["removed"], pruned.json["missing"]) == (0, [name], [])
    assert named_by(two_patients) == files_of(two_patients)
    shown = subprocess.run(
        [peer("dcmdump"), str(two_patients / "DICOMDIR")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    assert shown.stdout.count("(0004,1430) CS [IMAGE]") == len(files_of(two_patients))
    assert run("verify", two_patients).code == 0


def test_a_second_run_says_that_it_was_right_and_writes_nothing(
    two_patients: Path, run: Callable[..., object]
) -> None:
    assert "created" in run("dicomdir", two_patients).out
    before = (two_patients / "DICOMDIR").stat()
    said = run("dicomdir", two_patients)
    after = (two_patients / "DICOMDIR").stat()
    assert "was right already" in said.out
    assert said.code == 0
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("name", TOOLMADE)
def test_a_directory_of_another_tool_keeps_its_names_and_records(
    name: str, shared_data: Path, tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    folder = tmp_path / "set"
    shutil.copytree(shared_data / "toolmade" / name, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    old = records_of(folder)
    names = named_by(folder)
    shutil.copy(test_files / "dicomdirtests" / "77654033" / "CR1" / "6154", folder / "NEWONE")
    said = run("dicomdir", folder, "--json")
    assert said.json["added"] == 1, said.json["left_out"]
    assert named_by(folder) == names | {"NEWONE"}
    now = [said_of(record) for record in records_of(folder)]
    for record in old:
        assert said_of(record) in now
    assert run("dicomdir", folder, "--json").json["changed"] is False


def test_names_that_no_record_may_have_are_named_and_nothing_is_renamed(
    two_patients: Path, run: Callable[..., object]
) -> None:
    image = next(two_patients.rglob("CR1/*"))
    bad = ("image.dcm", "lower", "TOO_LONG_A_NAME", "A B")
    for number, name in enumerate(bad):
        copy_with_uid(image, two_patients / name, number)
    before = content_of(two_patients)
    said = run("dicomdir", two_patients, "--json")
    assert said.code == 1
    assert {Path(item["source"]).name for item in said.json["left_out"]} == set(bad)
    assert all("no record may have this name" in i["reason"] for i in said.json["left_out"])
    assert content_of(two_patients) == before
    assert named_by(two_patients) == files_of(two_patients) - set(bad)


def copy_with_uid(source: Path, target: Path, number: int) -> None:
    dataset = pydicom.dcmread(source)
    dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID}.{number + 1}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(target)


def test_what_a_profile_forbids_is_left_out(
    two_patients: Path, test_files: Path, run: Callable[..., object]
) -> None:
    shutil.copy(test_files / "SC_rgb_rle.dcm", two_patients / "RLE")
    said = run("dicomdir", two_patients, "--profile", "STD-GEN-CD", "--json")
    assert said.code == 1
    assert [Path(item["source"]).name for item in said.json["left_out"]] == ["RLE"]
    assert "RLE" not in named_by(two_patients)


def test_a_label_stands_in_a_new_directory_and_a_bad_one_writes_nothing(
    two_patients: Path, run: Callable[..., object]
) -> None:
    said = run("dicomdir", two_patients, "--label", "far too long for a File-set ID")
    assert said.code in (2, 3)
    assert not (two_patients / "DICOMDIR").exists()
    assert run("dicomdir", two_patients, "--label", "TEACHING_1").code == 0
    assert pydicom.dcmread(two_patients / "DICOMDIR").FileSetID == "TEACHING_1"


def test_a_dicomdir_that_is_none_is_not_overwritten(
    two_patients: Path, run: Callable[..., object]
) -> None:
    (two_patients / "DICOMDIR").write_text("Please insert disc 2")
    said = run("dicomdir", two_patients)
    assert said.code == 3
    assert (two_patients / "DICOMDIR").read_text() == "Please insert disc 2"


def test_folders_that_a_stopped_run_made_are_used_and_others_left_alone(
    two_patients: Path, tmp_path: Path, run: Callable[..., object]
) -> None:
    target = tmp_path / "medium"
    (two_patients / "98892003").rename(tmp_path / "later")
    assert run("author", two_patients, "-o", target).code == 0
    (target / "DICOM" / "P0000002" / "S0000001").mkdir(parents=True)
    other = target / "DICOM" / "P0000002" / "S0000001" / "E0000001" / "notes.txt"
    before = files_of(target)
    copy = shutil.copytree(target, tmp_path / "a")
    assert run("dicomdir", copy, "--add", tmp_path / "later").code == 0
    added = files_of(copy) - before
    assert added
    assert all(name.startswith("DICOM/P0000002/S000000") for name in added)
    other.parent.mkdir()
    other.write_text("somebody's")
    assert run("dicomdir", target, "--add", tmp_path / "later").code == 0
    added = files_of(target) - before - {other.relative_to(target).as_posix()}
    assert added
    assert all(name.startswith("DICOM/P0000003/S000000") for name in added)
    assert other.read_text() == "somebody's"
