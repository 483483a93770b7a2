"""`jacket dicomdir --add` and `--remove`: instances come into a File-set and leave it."""

import hashlib
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from people import variant
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence

from dicomdir.elements import encode_element
from dicomdir.encode import encode_dicomdir
from dicomdir.read import read_directory
from dicomdir.record import DirectoryRecord
from jacket.manifest import parse_manifest

Run = Callable[..., object]
CT, MR, RLE = (
    Path(str(get_testdata_file(f"{name}.dcm"))) for name in ("CT_small", "MR_small", "MR_small_RLE")
)
FIRST = "DICOM/P0000001/S0000001/E0000001/I0000001"
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
CT_STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def folder(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    """A foreign File-set of one patient, with a file that is nobody's."""
    root = tmp_path / "set"
    shutil.copytree(two_patients / "98892003", root / "98892003")
    (root / "NOTES.TXT").write_text("Please read")
    assert run("dicomdir", root, "--label", "MYSET").code == 0
    return root


@pytest.fixture
def medium(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    """A folder of ours, with DICOMDIR and MANIFEST.TXT."""
    target = tmp_path / "medium"
    assert run("author", two_patients, "-o", target).code == 0
    return target


def content_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name not in ("DICOMDIR", "MANIFEST.TXT")
    }


def named_by(root: Path) -> set[str]:
    """Return what pydicom finds in the directory; each file is opened."""
    file_set = FileSet(root / "DICOMDIR")
    with file_set._stage["t"]:  # a folder that it makes and forgets
        for instance in file_set:
            found = pydicom.dcmread(instance.path)
            assert found.SOPInstanceUID == instance.SOPInstanceUID
        paths = [Path(instance.path) for instance in file_set]
    return {path.relative_to(root.resolve()).as_posix() for path in paths}


def refused(said: object) -> list[tuple[str, str]]:
    """Return source and kind of what was left out, but for the text that is nobody's."""
    left_out = said.json["left_out"]  # type: ignore[attr-defined]
    return [(i["source"], i["kind"]) for i in left_out if i["kind"] != "foreign"]


def listed(root: Path) -> dict[str, str]:
    names, odd, _ = parse_manifest((root / "MANIFEST.TXT").read_bytes())
    assert not odd
    return {"/".join(name): digest for name, digest in names.items()}


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.name != "MANIFEST.TXT"
    }


def test_what_is_added_is_copied_byte_for_byte_under_a_free_name_and_named(
    folder: Path, run: Run
) -> None:
    before = content_of(folder)
    said = run("dicomdir", folder, "--add", CT, "--json")
    assert (said.code, said.json["added"], said.json["added_files"]) == (0, 1, [FIRST])
    assert content_of(folder) == before | {FIRST: CT.read_bytes()}
    assert named_by(folder) == set(content_of(folder)) - {"NOTES.TXT"}
    assert pydicom.dcmread(folder / "DICOMDIR").FileSetID == "MYSET"
    assert run("verify", folder).code == 0
    assert run("dicomdir", folder, "--json").json["changed"] is False


def test_it_goes_again_and_others_stay_as_they_were(folder: Path, run: Run) -> None:
    before, directory = content_of(folder), (folder / "DICOMDIR").read_bytes()
    assert run("dicomdir", folder, "--add", CT).code == 0
    said = run("dicomdir", folder, "--remove", CT_STUDY, "--json")
    assert (said.code, said.json["removed_files"], said.json["removed"]) == (0, [FIRST], [FIRST])
    assert content_of(folder) == before
    assert (folder / "DICOMDIR").read_bytes() == directory


def test_a_series_goes_on_in_its_folder_and_a_study_and_a_patient_too(
    medium: Path, tmp_path: Path, run: Run
) -> None:
    old = sorted(medium.rglob("E0000001/I0000001"))[0]
    series = old.parent.relative_to(medium)
    new = tmp_path / "new"
    variant(old, new / "a", SOPInstanceUID="1.2.3.1")
    variant(old, new / "b", SOPInstanceUID="1.2.3.2", SeriesInstanceUID="1.2.4", SeriesNumber=90)
    variant(old, new / "c", SOPInstanceUID="1.2.3.3", SeriesInstanceUID="1.2.5",
            StudyInstanceUID="1.2.6", StudyDate="20300101")  # fmt: skip
    said = run("dicomdir", medium, "--add", new, "--profile", "STD-GEN-CD", "--json")
    assert said.code == 0, said.json
    in_series, in_study, in_patient = said.json["added_files"]
    assert Path(in_series).parent == series
    assert Path(in_study).parent.parent == series.parent
    assert Path(in_study).parent != series
    assert Path(in_patient).parent.parent.parent == series.parent.parent
    assert Path(in_patient).parent.parent != series.parent
    assert run("verify", medium, "--profile", "STD-GEN-CD").code == 0


def test_a_folder_that_others_share_is_nobodys(tmp_path: Path, run: Run) -> None:
    root = tmp_path / "set"
    (root / "IMAGES").mkdir(parents=True)
    shutil.copy(CT, root / "IMAGES" / "CT1")
    shutil.copy(MR, root / "IMAGES" / "MR1")
    (root / "DICOM").write_text("a file where the folder would be")
    assert run("dicomdir", root, "--prune").code == 0
    new = variant(CT, tmp_path / "new", SOPInstanceUID="1.2.3.1")
    said = run("dicomdir", root, "--add", new, "--json")
    assert said.json["added_files"] == [FIRST.replace("DICOM/", "DICOM1/")]
    assert (root / "DICOM").read_text().startswith("a file")


def test_the_same_object_twice_is_a_duplicate_and_another_a_contradiction(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    assert run("dicomdir", folder, "--add", CT).code == 0
    before = content_of(folder)
    copy = tmp_path / "copy"
    copy.write_bytes(b"\1" * 128 + CT.read_bytes()[128:])  # its preamble alone is another
    said = run("dicomdir", folder, "--add", copy, "--json")
    assert (said.code, said.json["changed"]) == (0, False)
    assert refused(said) == [(str(copy), "duplicate")]
    other = tmp_path / "other"
    other.write_bytes(CT.read_bytes()[:-1] + b"\x5a")
    said = run("dicomdir", folder, "--add", other, "--json")
    assert said.code == 1
    assert refused(said) == [(str(other), "contradiction")]
    assert f"--remove {CT_UID}" in said.json["left_out"][-1]["reason"]
    assert content_of(folder) == before
    said = run("dicomdir", folder, "--add", other, "--remove", CT_UID, "--json")
    assert said.code == 0
    assert said.json["removed_files"] == [FIRST]
    (name,) = said.json["added_files"]
    assert (folder / name).read_bytes() == other.read_bytes()
    assert not (folder / FIRST).exists()
    assert name in named_by(folder)


def test_a_second_person_with_a_patient_id_stays_out(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    some = next((folder / "98892003").rglob("*/*"))
    patient = str(pydicom.dcmread(some).PatientID)
    new = variant(CT, tmp_path / "new", PatientID=patient, PatientName="Quite^Else")
    before = content_of(folder)
    said = run("dicomdir", folder, "--add", new, "--json")
    assert (said.code, said.json["changed"]) == (1, False)
    assert refused(said) == [(str(new), "patient-conflict")]
    assert content_of(folder) == before


def test_a_study_that_is_another_persons_here_stays_out(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    some = pydicom.dcmread(next((folder / "98892003").rglob("*/*")))
    new = variant(CT, tmp_path / "new", StudyInstanceUID=some.StudyInstanceUID)
    said = run("dicomdir", folder, "--add", new, "--json")
    assert (said.code, said.json["changed"]) == (1, False)
    assert refused(said) == [(str(new), "patient-conflict")]


def test_a_bad_head_is_made_anew_and_the_data_set_stays(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    bare = tmp_path / "bare"
    data = CT.read_bytes()
    bare.write_bytes(data[132:])  # no preamble
    said = run("dicomdir", folder, "--add", bare, "--json")
    assert said.code == 0
    written = (folder / said.json["added_files"][0]).read_bytes()
    assert written[:132] == bytes(128) + b"DICM"
    assert written.endswith(data[-30000:])
    assert run("verify", folder).code == 0


def test_what_a_profile_does_not_allow_is_not_copied(folder: Path, run: Run) -> None:
    before = content_of(folder)
    said = run("dicomdir", folder, "--add", RLE, "--profile", "STD-GEN-CD", "--json")
    assert said.code == 1
    assert said.json["added_files"] == []
    (left,) = (i for i in said.json["left_out"] if i["source"] == str(RLE))
    assert "RLE" in left["reason"]
    assert "jacket author" in left["reason"]
    assert content_of(folder) == before
    assert not said.json["remarks"] or "named by no record" not in said.json["remarks"][-1]


def test_a_file_that_the_directory_misses_comes_back_under_its_name(
    medium: Path, tmp_path: Path, run: Run
) -> None:
    gone = sorted(medium.rglob("I0000001"))[-1]
    kept = tmp_path / "kept"
    gone.rename(kept)
    said = run("dicomdir", medium, "--json")
    assert said.json["missing"] == [gone.relative_to(medium).as_posix()]
    said = run("dicomdir", medium, "--add", kept, "--json")
    assert (said.code, said.json["missing"], said.json["added"]) == (0, [], 0)
    assert said.json["added_files"] == [gone.relative_to(medium).as_posix()]
    assert gone.read_bytes() == kept.read_bytes()
    assert listed(medium) == digests(medium)


def test_a_damaged_file_is_replaced_only_when_that_is_said(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    victim = sorted((folder / "98892003").rglob("*/*"))[0]
    name = victim.relative_to(folder).as_posix()
    good = tmp_path / "good"
    shutil.copy(victim, good)
    uid = str(pydicom.dcmread(good).SOPInstanceUID)
    victim.write_bytes(good.read_bytes()[:400])
    before = content_of(folder)
    said = run("dicomdir", folder, "--add", good, "--json")
    assert (said.code, said.json["added_files"]) == (1, [])
    assert refused(said)[-1] == (str(good), "contradiction")
    assert f"--remove {uid}" in said.json["left_out"][-1]["reason"]
    assert content_of(folder) == before
    said = run("dicomdir", folder, "--add", good, "--remove", uid, "--json")
    assert (said.code, said.json["removed_files"]) == (0, [name])
    assert not victim.exists()
    assert said.json["added_files"][0] in named_by(folder)


def test_the_manifest_stays_whatever_a_record_names(medium: Path, run: Run) -> None:
    assert run("dicomdir", medium, "--add", CT).code == 0
    read = read_directory((medium / "DICOMDIR").read_bytes())
    (patient,) = (r for r in read.directory.records if b"1CT1" in r.keys)
    series = patient.children[0].children[0]
    for name in ("MANIFEST.TXT", "DICOMDIR"):
        series.children.append(series.children[0].replaced(file_id=(name,)))
    (medium / "DICOMDIR").write_bytes(encode_dicomdir(read.directory))
    said = run("dicomdir", medium, "--remove", CT_STUDY, "--json")
    assert len(said.json["removed_files"]) == 1
    assert listed(medium) == digests(medium)


def test_the_manifest_follows(medium: Path, run: Run) -> None:
    uid = pydicom.dcmread(sorted(medium.rglob("I0*"))[0]).SeriesInstanceUID
    profile = ("--profile", "STD-GEN-CD")
    said = run("dicomdir", medium, "--add", CT, "--remove", uid, *profile, "--json")
    assert said.code == 0
    assert listed(medium) == digests(medium)
    assert said.json["removed_files"]
    assert not [remark for remark in said.json["remarks"] if "MANIFEST" in remark]
    assert run("verify", medium, "--profile", "STD-GEN-CD").code == 0


def test_a_patient_goes_with_all_records_and_files(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    for number, path in enumerate(sorted((two_patients / "98892003").rglob("*/*"))):
        if number == 0:
            shutil.copy(path, two_patients / "copy.dcm")  # a file that no record names
            patient = str(pydicom.dcmread(path).PatientID)
    run("dicomdir", two_patients)
    read = read_directory((two_patients / "DICOMDIR").read_bytes())
    (mine,) = (r for r in read.directory.records if patient.encode() in r.keys)
    # A record without a file that names the patient: with the study it would otherwise stay.
    secret = encode_element(0x00104000, b"LT", b"SECRET")
    mine.children[0].children.append(DirectoryRecord("PRIVATE", secret))
    (two_patients / "DICOMDIR").write_bytes(encode_dicomdir(read.directory))
    before = content_of(two_patients)
    said = run("dicomdir", two_patients, "--remove-patient", patient, "--json")
    assert said.code == 0
    gone = {name for name in before if name.startswith("98892003")} | {"copy.dcm"}
    assert set(said.json["removed_files"]) == gone
    assert content_of(two_patients) == {k: v for k, v in before.items() if k not in gone}
    left = (two_patients / "DICOMDIR").read_bytes()
    assert patient.encode() not in left
    assert b"SECRET" not in left
    assert run("verify", two_patients).code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--remove", "1.2.3.4.5"), 3),
        (("--remove-patient", "NOBODY"), 3),
        (("--remove", ""), 2),
        (("--remove-patient", " "), 2),
        (("--add", "/nowhere/at/all"), 3),
    ],
)
def test_what_is_not_there_changes_nothing(
    words: tuple[str, str], code: int, medium: Path, run: Run
) -> None:
    uid = pydicom.dcmread(sorted(medium.rglob("I0*"))[0]).SOPInstanceUID
    before = digests(medium)
    said = run("dicomdir", medium, *words, "--remove", uid, "--json")
    assert said.code == code
    assert said.json["error"]["where"] in words
    assert digests(medium) == before


def test_to_remove_follows_no_record_out_of_the_file_set_nor_to_another_ones_file(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    outside = tmp_path / "OUTSIDE"
    outside.write_text("mine")
    assert run("dicomdir", folder, "--add", CT).code == 0
    victim = next((folder / "98892003").rglob("*/*"))
    read = read_directory((folder / "DICOMDIR").read_bytes())
    (patient,) = (r for r in read.directory.records if b"1CT1" in r.keys)
    series = patient.children[0].children[0]
    for name in ("..", "OUTSIDE"), ("NOTES.TXT",), ("DICOMDIR",), victim.relative_to(folder).parts:
        image = series.children[0].replaced(file_id=name, sop_instance_uid="1.9.9")
        series.children.append(image)
    (folder / "DICOMDIR").write_bytes(encode_dicomdir(read.directory))
    said = run("dicomdir", folder, "--remove", CT_STUDY, "--json")
    # Neither the text is the patient's nor the image of another one, whatever a record says.
    assert said.json["removed_files"] == [FIRST]
    assert any("no DICOM and stays, NOTES.TXT" in remark for remark in said.json["remarks"])
    assert outside.read_text() == "mine"
    assert (folder / "NOTES.TXT").read_text() == "Please read"
    assert victim.exists()
    assert victim.relative_to(folder).as_posix() in named_by(folder)


def test_objects_that_refer_to_what_is_removed_are_told(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    state = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    del state.PixelData
    state.SOPClassUID = state.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    state.SOPInstanceUID = state.file_meta.MediaStorageSOPInstanceUID = "1.2.3.9"
    state.Modality, state.SeriesInstanceUID = "PR", "1.2.3.8"
    state.ContentLabel, state.ContentDescription = "STATE", ""
    state.PresentationCreationDate, state.PresentationCreationTime = "20300101", "1200"
    state.ContentCreatorName = ""
    image, series = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.2",
        CT_UID,
    )
    series.SeriesInstanceUID = pydicom.dcmread(CT).SeriesInstanceUID
    series.ReferencedImageSequence = Sequence([image])
    state.ReferencedSeriesSequence = Sequence([series])
    state.save_as(tmp_path / "state")
    assert run("dicomdir", folder, "--add", CT, "--add", tmp_path / "state").code == 0
    said = run("dicomdir", folder, "--remove", CT_UID, "--json")
    assert said.code == 0
    assert any("1 object that stays refers to removed instances" in r for r in said.json["remarks"])
    said = run("dicomdir", folder, "--remove", CT_STUDY, "--json")
    assert not any("refer" in remark for remark in said.json["remarks"])


def test_a_dry_run_says_the_same_and_changes_nothing(folder: Path, run: Run) -> None:
    uid = pydicom.dcmread(next((folder / "98892003").rglob("*/*"))).SOPInstanceUID
    before = digests(folder)
    words = ("dicomdir", folder, "--add", CT, "--remove", uid)
    planned = run(*words, "--dry-run", "--json").json
    assert digests(folder) == before
    assert planned.pop("dry_run") is True
    assert "would be updated" in run(*words, "--dry-run").out
    done = run(*words, "--json").json
    assert done.pop("dry_run") is False
    assert done == planned


def test_all_may_go_and_come_back(medium: Path, two_patients: Path, run: Run) -> None:
    patients = {str(pydicom.dcmread(path).PatientID) for path in medium.rglob("I0*")}
    words = [word for patient in patients for word in ("--remove-patient", patient)]
    said = run("dicomdir", medium, *words, "--json")
    assert (said.code, said.json["instances"]) == (0, 0)
    assert content_of(medium) == {}
    assert [path.name for path in medium.iterdir()] == sorted(["DICOMDIR", "MANIFEST.TXT"])
    words = ("--add", two_patients, "--profile", "STD-GEN-CD")
    again = run("dicomdir", medium, *words, "--json")
    assert (again.code, again.json["file_set_uid"]) == (0, said.json["file_set_uid"])
    assert len(content_of(medium)) == len(content_of(two_patients))
    assert run("verify", medium, "--profile", "STD-GEN-CD").code == 0


def test_a_new_file_set_begins_in_an_empty_folder(tmp_path: Path, run: Run) -> None:
    (tmp_path / "new").mkdir()
    said = run("dicomdir", tmp_path / "new", "--add", CT, "--label", "NEW", "--json")
    assert (said.code, said.json["created"], said.json["added_files"]) == (0, True, [FIRST])
    assert named_by(tmp_path / "new") == {FIRST}


REAL = (
    *("toolmade/dcmtk-charsets", "toolmade/dicom3tools-mixed", "toolmade/gdcm-series"),
    *("nema-wg04-compsamples", "philips-brconn-dirfile", "pydicom/dicomdirtests"),
)


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_set_takes_an_object_and_gives_it_back(
    name: str, shared_data: Path, tmp_path: Path, run: Run
) -> None:
    root = tmp_path / "set"
    shutil.copytree(shared_data / name, root, copy_function=shutil.copyfile)
    for path in (root, *root.rglob("*")):
        path.chmod(0o755)
    run("dicomdir", root)  # so that what the directory did not name does not come in later
    new = variant(CT, tmp_path / "new", SOPInstanceUID="1.2.3.1", SeriesInstanceUID="1.2.3.2")
    before, records = content_of(root), records_of(root)
    said = run("dicomdir", root, "--add", new, "--json")
    (added,) = said.json["added_files"]
    assert content_of(root) == before | {added: new.read_bytes()}
    now = records_of(root)
    assert 2 <= len(now) - len(records) <= 4
    assert all(record in now for record in records)
    said = run("dicomdir", root, "--remove", "1.2.3.1", "--json")
    assert said.json["removed_files"] == [added]
    assert content_of(root) == before
    assert records_of(root) == records


def records_of(root: Path) -> list[str]:
    """Return what records say; their offsets and their order are anybody's to change."""
    return sorted(
        str(Dataset({e.tag: e for e in record if e.tag.group != 0x0004 or e.tag >= 0x00041430}))
        for record in pydicom.dcmread(root / "DICOMDIR").DirectoryRecordSequence
    )
