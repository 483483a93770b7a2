"""What `jacket dicomdir` tells: what is left as it is, what is illegal and why, what is missing."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicomdir.read import read_directory
from jacket.author import author
from jacket.file_set.update import update_file_set
from jacket.manifest import parse_manifest
from jacket.verification import verify
from reporting import WrongUsage

Run = Callable[..., object]
CT, MR, RLE = (
    Path(str(get_testdata_file(f"{name}.dcm"))) for name in ("CT_small", "MR_small", "MR_small_RLE")
)


@pytest.fixture
def medium(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    """A folder of ours, with DICOMDIR and MANIFEST.TXT."""
    target = tmp_path / "medium"
    assert run("author", two_patients, "-o", target).code == 0
    return target


def listed(medium: Path) -> set[str]:
    names, _, _ = parse_manifest((medium / "MANIFEST.TXT").read_bytes())
    return {"/".join(name) for name in names}


def test_to_prune_drops_the_lines_of_files_that_are_gone(medium: Path, run: Run) -> None:
    gone = sorted(medium.rglob("I0*"))[3]
    gone.unlink()
    name = gone.relative_to(medium).as_posix()
    before = (medium / "MANIFEST.TXT").read_bytes()

    said = run("dicomdir", medium)
    assert said.code == 1
    assert "DICOMDIR left as it is" in said.out
    assert "right already" not in said.out
    assert f"MANIFEST.TXT still lists 1 file that is gone: {name}; --prune drops" in said.out
    assert (medium / "MANIFEST.TXT").read_bytes() == before

    said = run("dicomdir", medium, "--prune")
    assert said.code == 0
    assert f"MANIFEST.TXT no longer lists 1 file that is gone: {name}" in said.out
    assert f"dropped: 1\n  {name}\n" in said.out
    assert listed(medium) == {
        path.relative_to(medium).as_posix()
        for path in medium.rglob("*")
        if path.is_file() and path.name != "MANIFEST.TXT"
    }
    verdict = verify(medium, "STD-GEN-CD")
    assert [finding for finding in verdict.findings if finding.rule.startswith("MAN-")] == []
    assert verdict.compliant


def test_a_file_that_was_changed_still_shows_after_pruning(medium: Path, run: Run) -> None:
    files = sorted(medium.rglob("I0*"))
    files[0].unlink()
    with files[1].open("r+b") as file:
        file.seek(-2, 2)
        file.write(b"\x5a\x5a")
    assert run("dicomdir", medium, "--prune").code == 0
    found = {f.rule for f in verify(medium).findings if f.rule.startswith("MAN-")}
    assert found == {"MAN-DIGEST"}


def test_a_line_that_an_older_run_left_is_dropped_though_the_directory_is_right(
    medium: Path, run: Run
) -> None:
    manifest = medium / "MANIFEST.TXT"
    extra = b"0" * 64 + b" *DICOM/GONE\n"
    manifest.write_bytes(manifest.read_bytes() + extra)
    said = run("dicomdir", medium, "--prune")
    assert "was right already" in said.out
    assert "no longer lists 1 file that is gone: DICOM/GONE" in said.out
    assert "DICOM/GONE" not in listed(medium)


def test_what_keeps_the_folder_from_being_compliant_is_the_last_line(
    medium: Path, run: Run
) -> None:
    words = ("dicomdir", medium, "--profile", "STD-GEN-CD")
    assert "compliant" not in run(*words).out
    shutil.copy(RLE, medium / "RLE")
    last = run(*words).out.splitlines()[-1]
    assert last.startswith("1 DICOM file here is named by no record: the folder is not compliant")
    assert "STD-GEN-CD" in last
    assert "jacket author" in last
    assert not verify(medium, "STD-GEN-CD").compliant
    shutil.copy(CT, medium / "small.dcm")
    assert run(*words, "--json").json["remarks"][-1].startswith("2 DICOM files here are named by")
    assert "compliant" not in run("dicomdir", medium).out, "no profile was asked for"
    (medium / "RLE").unlink()
    (medium / "small.dcm").unlink()
    assert "compliant" not in run("dicomdir", medium, "--prune", *words[2:]).out
    assert verify(medium, "STD-GEN-CD").compliant


def test_the_guilty_part_of_a_name_is_told_and_alike_files_stand_together(
    tmp_path: Path, test_files: Path, run: Run
) -> None:
    root = tmp_path / "set"
    shutil.copytree(test_files / "dicomdirtests" / "TINY_ALPHA", root / "TINY_ALPHA")
    shutil.copy(test_files / "dicomdirtests" / "DICOMDIR", root / "OTHER")
    for name in ("ct.dcm", "A B", "TOO_LONG_1"):
        shutil.copy(CT, root / name)
    shutil.copy(MR, root / "GOOD")
    said = run("dicomdir", root)
    assert "50 files, the first is " in said.out
    assert "the folder TINY_ALPHA has 10 characters, and 8 are the most" in said.out
    assert "3 files, the first is " in said.out
    assert "A B has ' ', and only A-Z 0-9 _ may be" in said.out
    assert "a DICOMDIR below the root, which stays as it is" in said.out
    assert "the new medium" not in said.out
    assert len(said.out.splitlines()) < 20
    reasons = {Path(item.source).name: item.reason for item in update_file_set(root).left_out}
    assert "ct.dcm has small letters" in reasons["ct.dcm"]
    assert "TOO_LONG_1 has 10 characters" in reasons["TOO_LONG_1"]


def test_an_empty_folder_has_no_reasons_to_look_at(tmp_path: Path, run: Run) -> None:
    said = run("dicomdir", tmp_path)
    assert said.code == 3
    assert "it holds no file" in said.err
    assert "reasons" not in said.err
    (tmp_path / "ct.dcm").write_bytes(CT.read_bytes())
    said = run("dicomdir", tmp_path)
    assert "reasons" in said.err
    assert "ct.dcm has small letters" in said.out


def test_a_dry_run_refuses_what_a_stick_has_no_room_for(
    tmp_path: Path, peer: Callable[[str], str], run: Run
) -> None:
    stick = tmp_path / "small.img"
    words = [peer("mkfs.fat"), "-C", "-F", "12", str(stick), "256"]
    subprocess.run(words, capture_output=True, check=True)
    (tmp_path / "FILLER").write_bytes(bytes(200_000))
    words = [peer("mcopy"), "-i", str(stick), str(tmp_path / "FILLER"), "::/"]
    subprocess.run(words, capture_output=True, check=True)
    before = stick.read_bytes()
    for words in ((), ("--dry-run",)):
        said = run("dicomdir", stick, "--add", CT, *words)
        assert (said.code, "clusters" in said.err or "bytes" in said.err) == (3, True), said
        assert stick.read_bytes() == before


def test_anew_keeps_the_label_and_says_that_the_uid_is_new(tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    author([CT], medium, label="MYSET")
    before = update_file_set(medium)
    assert not before.changed
    assert not before.left_out  # our own manifest is no stranger
    done = update_file_set(medium, anew=True)
    assert done.file_set_uid != before.file_set_uid
    assert any("UID is new" in remark for remark in done.remarks)
    assert read_directory((medium / "DICOMDIR").read_bytes()).directory.file_set_id == "MYSET"


def test_removing_everything_is_remarked(tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    author([CT], medium)
    done = update_file_set(medium, remove_patients=["1CT1"])
    assert done.instances == 0
    assert any("names nothing any more" in remark for remark in done.remarks)


def test_the_capacity_of_a_stick_is_not_asked_for(tmp_path: Path) -> None:
    author([CT], tmp_path / "s.img")
    with pytest.raises(WrongUsage, match="how much it holds"):
        update_file_set(tmp_path / "s.img", capacity=100_000)
