"""`jacket dicomdir --remove…`: nothing of the patient stays, and nothing of others goes."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomdir.encode import encode_dicomdir
from dicomdir.read import read_directory
from jacket.author import author
from jacket.manifest import parse_manifest
from media import open_medium

Run = Callable[..., Any]
CT, MR = (Path(str(get_testdata_file(f"{name}.dcm"))) for name in ("CT_small", "MR_small"))
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
CT_STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
CT_SERIES = "1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322"
SECURE = bytes.fromhex("308006092a864886f70d010703a0803080020103")  # how encrypted files begin
INDEX = "README.TXT listed what all volumes of the set held; it is gone here"


def content_of(medium: Path) -> dict[str, bytes]:
    found = {}
    with open_medium(medium) as opened:
        for entry in opened.entries():
            with opened.open(entry) as file:
                found["/".join(entry.name)] = file.pread(file.size, 0)
    return found


def listed(medium: Path) -> set[str]:
    names, _, _ = parse_manifest(content_of(medium)["MANIFEST.TXT"])
    return {"/".join(name) for name in names}


@pytest.fixture(params=["folder", "disc.iso", "stick.img"])
def volume(
    request: pytest.FixtureRequest, tmp_path: Path, two_patients: Path, peer: Callable[[str], str]
) -> Path:
    """The first of several volumes of two patients."""
    disc = request.param == "disc.iso"
    target = tmp_path / ("set.iso" if disc else "set")
    profile, size = ("STD-GEN-CD", 480_000) if disc else ("STD-GEN-USB-JPEG", 100_000)
    done = author([two_patients], target, profile_id=profile, split=True, capacity=size)
    assert done.of > 1
    first = Path(done.volumes[0].path)
    if request.param != "stick.img":
        return first
    stick = tmp_path / request.param
    words = [peer("mkfs.fat"), "-C", "-F", "16", str(stick), "16384"]
    subprocess.run(words, capture_output=True, check=True)
    words = [peer("mcopy"), "-s", "-i", str(stick), *map(str, sorted(first.iterdir())), "::/"]
    subprocess.run(words, capture_output=True, check=True)
    return stick


def patient_on(volume: Path) -> str:
    with open_medium(volume) as medium:
        name = next(e for e in medium.entries() if e.name[-1].startswith("I0"))
        with medium.open(name) as file:
            path = volume.with_name("one")
            path.write_bytes(file.pread(file.size, 0))
    return str(pydicom.dcmread(path).PatientID)


def test_a_patient_who_goes_is_not_in_the_index_of_the_set_either(volume: Path, run: Run) -> None:
    patient = patient_on(volume)
    before = content_of(volume)
    assert patient.encode() in before["README.TXT"]
    assert "README.TXT" in listed(volume)
    dry = run("dicomdir", volume, "--remove-patient", patient, "--dry-run", "--json")
    said = run("dicomdir", volume, "--remove-patient", patient, "--json")
    assert said.code == 0, said.json
    assert said.json | {"dry_run": True} == dry.json
    assert any(remark.startswith(INDEX) for remark in said.json["remarks"])
    now = content_of(volume)
    assert "README.TXT" not in now
    assert "README.TXT" in said.json["removed_files"]
    assert listed(volume) == now.keys() - {"MANIFEST.TXT"}
    assert not [name for name, content in now.items() if patient.encode() in content]


@pytest.mark.parametrize("volume", ["folder"], indirect=True)
def test_the_index_of_a_volume_stays_until_something_comes_or_goes(volume: Path, run: Run) -> None:
    before = content_of(volume)
    assert run("dicomdir", volume, "--json").json["changed"] is False
    assert content_of(volume) == before
    said = run("dicomdir", volume, "--add", CT, "--json")
    assert said.json["removed_files"] == ["README.TXT"]
    assert any(remark.startswith(INDEX) for remark in said.json["remarks"])
    assert "README.TXT" not in content_of(volume)


@pytest.mark.parametrize("volume", ["folder"], indirect=True)
def test_an_index_that_a_killed_update_left_goes_with_the_next(volume: Path, run: Run) -> None:
    index = content_of(volume)["README.TXT"]
    said = run("dicomdir", volume, "--remove-patient", patient_on(volume), "--json")
    assert said.code == 0
    (volume / "README.TXT").write_bytes(index)
    said = run("dicomdir", volume, "--json")
    assert said.json["removed_files"] == ["README.TXT"]
    assert not (volume / "README.TXT").exists()
    assert run("dicomdir", volume, "--json").json["changed"] is False


@pytest.mark.parametrize("volume", ["folder"], indirect=True)
@pytest.mark.parametrize(
    ("name", "end"), [("README.TXT", b"\n"), ("readme.txt", b"\r\n"), ("Readme.txt", b"\n")]
)
def test_an_index_is_known_in_other_spellings_and_with_other_ends_of_lines(
    volume: Path, name: str, end: bytes, run: Run
) -> None:
    patient = patient_on(volume)
    index = (volume / "README.TXT").read_bytes()
    (volume / "README.TXT").unlink()
    (volume / name).write_bytes(index.replace(b"\r\n", end))
    assert run("dicomdir", volume, "--json").json["removed_files"] == [], "it is still true"
    said = run("dicomdir", volume, "--remove-patient", patient, "--json")
    assert said.code == 0, said.json
    assert name in said.json["removed_files"]
    assert not [n for n, c in content_of(volume).items() if patient.encode() in c]


@pytest.mark.parametrize("volume", ["folder"], indirect=True)
@pytest.mark.parametrize(
    "words",
    [b"MEDICAL IMAGES (DICOM): THIS IS VOLUME 1 OF 2\r\nNotes of mine\r\n", b"Please read\r\n"],
)
def test_a_readme_of_others_stays(volume: Path, words: bytes, run: Run) -> None:
    (volume / "README.TXT").write_bytes(words)
    said = run("dicomdir", volume, "--remove-patient", patient_on(volume), "--json")
    assert said.code == 0
    assert (volume / "README.TXT").read_bytes() == words


@pytest.fixture
def folder(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    """A File-set with a CT of its own patient."""
    root = tmp_path / "file-set"
    shutil.copytree(two_patients / "98892003", root / "98892003")
    shutil.copy(CT, root / "CT1")
    assert run("dicomdir", root).code == 0
    return root


def name_in_a_wrong_record(root: Path, *names: str) -> None:
    """Let records of the CT's patient name other files."""
    read = read_directory((root / "DICOMDIR").read_bytes())
    (patient,) = (record for record in read.directory.records if b"1CT1" in record.keys)
    series = patient.children[0].children[0]
    for number, name in enumerate(names):
        wrong = series.children[0].replaced(file_id=(name,), sop_instance_uid=f"1.9.{number}")
        series.children.append(wrong)
    (root / "DICOMDIR").write_bytes(encode_dicomdir(read.directory))


def test_only_broken_dicom_files_go_by_their_records(folder: Path, run: Run) -> None:
    foreign = {
        "LETTER": b"%PDF-1.4 a letter of somebody",
        "NOTES": b"Please read\n" * 9,
        "VIEWER": b"MZ" + bytes(range(256)),
        "ZEROS": bytes(4096),
        "EMPTY": b"",
    }
    for name, content in foreign.items():
        (folder / name).write_bytes(content)
    (folder / "CUT").write_bytes(CT.read_bytes()[:200])
    (folder / "SECURE").write_bytes(SECURE + bytes(400))
    broken = ("CUT", "SECURE")
    name_in_a_wrong_record(folder, *foreign, *broken)
    said = run("dicomdir", folder, "--remove", CT_STUDY, "--json")
    assert set(said.json["removed_files"]) == {"CT1", *broken}
    assert {name: (folder / name).read_bytes() for name in foreign} == foreign
    (remark,) = (r for r in said.json["remarks"] if "no DICOM" in r)
    assert remark.startswith("5 files that removed records named are no DICOM and stay, ")
    assert any(name in remark for name in foreign)


def cut_behind(value: bytes) -> bytes:
    """Return the CT, cut off within the element behind the one with *value* in its data set."""
    data = CT.read_bytes()
    end = data.index(value, 400) + len(value)
    return data[: end + end % 2 + 9]


CUTS = [b"1CT1", CT_STUDY.encode(), CT_SERIES.encode(), CT.read_bytes()[-5000:-4000]]


@pytest.mark.parametrize("kept", CUTS)
@pytest.mark.parametrize(
    ("name", "kind"), [("CUT", "folder"), ("cut.dcm", "folder"), ("CUT", "disc.iso")]
)
def test_a_cut_off_file_goes_with_its_patient(
    name: str,
    kept: bytes,
    kind: str,
    folder: Path,
    tmp_path: Path,
    run: Run,
    peer: Callable[[str], str],
) -> None:
    content = cut_behind(kept)
    (folder / name).write_bytes(content)
    other = (folder / "98892003").rglob("*/*")
    stranger = next(other).read_bytes()
    (folder / "STRANGER").write_bytes(stranger[: len(stranger) - 900])
    target = folder
    if kind != "folder":
        target = tmp_path / kind
        words = ["-quiet", "-iso-level", "1", "-sysid", "", "-o", str(target), str(folder)]
        subprocess.run([peer("genisoimage"), *words], capture_output=True, check=True)
    said = run("dicomdir", target, "--dry-run", "--json")
    assert [item["kind"] for item in said.json["left_out"]] == ["truncated", "truncated"]
    said = run("dicomdir", target, "--remove-patient", "1CT1", "--json")
    assert said.code == 1, "the stranger is still cut off"
    assert set(said.json["removed_files"]) == {"CT1", name}
    assert [Path(i["source"]).name for i in said.json["left_out"]] == ["STRANGER"]
    assert not [r for r in said.json["remarks"] if "cannot be told" in r]
    now = content_of(target)
    assert now["STRANGER"] == stranger[: len(stranger) - 900]
    assert not [n for n, data in now.items() if b"1CT1" in data]


@pytest.mark.parametrize(
    ("word", "kept"),
    [(CT_UID, CT_UID.encode()), (CT_STUDY, CT_STUDY.encode()), (CT_SERIES, CT_SERIES.encode())],
)
def test_a_cut_off_file_goes_by_the_uid_that_can_be_read(
    word: str, kept: bytes, folder: Path, run: Run
) -> None:
    (folder / "CUT").write_bytes(cut_behind(kept))
    said = run("dicomdir", folder, "--remove", word, "--json")
    assert set(said.json["removed_files"]) == {"CT1", "CUT"}


def test_a_file_whose_patient_cannot_be_told_stays_and_is_told(folder: Path, run: Run) -> None:
    (folder / "CUT").write_bytes(CT.read_bytes()[:400])
    said = run("dicomdir", folder, "--remove-patient", "1CT1", "--json")
    assert said.json["removed_files"] == ["CT1"]
    (remark,) = (r for r in said.json["remarks"] if "cannot be told" in r)
    assert remark.startswith("1 file that is cut off, damaged, unreadable or encrypted")
    assert "CUT" in remark
    assert (folder / "CUT").exists()


def test_a_cut_off_file_that_is_somebody_elses_stays_whatever_a_record_says(
    folder: Path, run: Run
) -> None:
    data = MR.read_bytes()
    (folder / "CUT").write_bytes(data[: len(data) - 900])
    name_in_a_wrong_record(folder, "CUT")
    said = run("dicomdir", folder, "--remove-patient", "1CT1", "--json")
    assert said.json["removed_files"] == ["CT1"]
    assert (folder / "CUT").exists()


def test_a_patient_of_whom_there_is_but_a_cut_off_file_is_found(folder: Path, run: Run) -> None:
    (folder / "CUT").write_bytes(MR.read_bytes()[:-900])
    said = run("dicomdir", folder, "--remove-patient", "4MR1", "--json")
    assert said.json["removed_files"] == ["CUT"]
    assert not (folder / "CUT").exists()
    assert run("dicomdir", folder, "--remove-patient", "4MR1", "--json").code == 3
