"""What `jacket dicomdir` does not do, and what it says of media that are not whole."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from pydicom.data import get_testdata_file

from media import aside

Run = Callable[..., Any]
Peer = Callable[[str], str]
CT = Path(str(get_testdata_file("CT_small.dcm")))
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
MEGABYTE = 1 << 20


def content_of(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def folder(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    """A medium of ours."""
    assert run("author", two_patients, "-o", tmp_path / "medium").code == 0
    return tmp_path / "medium"


@pytest.mark.parametrize("name", ["dicomdir", "Dicomdir", "DICOMDIR.;1", "dicomdir."])
@pytest.mark.parametrize("words", [(), ("--anew",), ("--add", CT), ("--dry-run",)])
def test_a_directory_that_is_spelled_otherwise_gets_no_second_one_beside_it(
    name: str, words: tuple[object, ...], folder: Path, run: Run
) -> None:
    (folder / "DICOMDIR").rename(folder / name)
    before = content_of(folder)
    for target in (folder, folder / name):
        said = run("dicomdir", target, *words, "--json")
        assert said.code == 3
        assert f"under the name {name}" in said.json["error"]["what"]
        assert said.json["error"]["remedy"] == "Rename it to DICOMDIR, or take it away"
    assert content_of(folder) == before
    (folder / name).rename(folder / "DICOMDIR")
    assert run("dicomdir", folder, *words).code == 0


def test_names_that_only_begin_so_are_files_like_others(folder: Path, run: Run) -> None:
    for name in ("DICOMDIR.BAK", "dicomdir2", "DICOMDIR.TXT"):
        (folder / name).write_text("a text")
    assert run("dicomdir", folder, "--json").code == 0


def test_a_disc_whose_directory_is_in_small_letters_gets_no_second_one(
    folder: Path, tmp_path: Path, run: Run, peer: Peer
) -> None:
    (folder / "DICOMDIR").rename(folder / "dicomdir")
    disc = tmp_path / "disc.iso"
    words = ["-quiet", "-allow-lowercase", "-sysid", "", "-o", str(disc), str(folder)]
    subprocess.run([peer("genisoimage"), *words], capture_output=True, check=True)
    before = disc.read_bytes()
    said = run("dicomdir", disc, "--json")
    assert (said.code, "under the name dicomdir" in said.json["error"]["what"]) == (3, True)
    assert disc.read_bytes() == before


@pytest.mark.parametrize("what", ["files", "image"])
def test_a_mail_is_called_a_mail_whatever_it_holds(
    what: str, two_patients: Path, tmp_path: Path, image: Path, run: Run
) -> None:
    mail = tmp_path / "z.eml"
    assert run("author", CT, "-o", mail).code == 0
    if what == "image":
        with ZipFile(tmp_path / "DICOM.ZIP", "w") as archive:
            archive.write(image, "disc.iso")
        from email.message import EmailMessage

        message = EmailMessage()
        content = (tmp_path / "DICOM.ZIP").read_bytes()
        message.add_attachment(content, "application", "zip", filename="DICOM.ZIP")
        mail.write_bytes(message.as_bytes())
    said = run("dicomdir", mail, "--add", CT, "--json")
    assert said.code == 3
    assert said.json["error"]["what"].startswith("is a mail, in which")


@pytest.fixture
def stick(folder: Path, tmp_path: Path, peer: Peer) -> Path:
    """A stick that is almost empty."""
    path = tmp_path / "stick.img"
    words = [peer("mkfs.fat"), "-C", "-F", "16", str(path), "32768"]
    subprocess.run(words, capture_output=True, check=True)
    words = [peer("mcopy"), "-s", "-i", str(path), *map(str, sorted(folder.iterdir())), "::/"]
    subprocess.run(words, capture_output=True, check=True)
    return path


def test_a_medium_that_is_cut_off_is_not_simply_right_already(
    stick: Path, image: Path, run: Run
) -> None:
    for medium, rule, size in (
        (stick, "FAT-TRUNCATED", stick.stat().st_size // 2),
        (image, "ISO-TRUNCATED", image.stat().st_size - 200_000),
    ):
        whole = run("dicomdir", medium, "--json")
        assert (whole.code, whole.json["flaws"]) == (0, [])
        os.truncate(medium, size)
        said = run("dicomdir", medium, "--json")
        assert said.code == 1, said.json
        assert said.json["changed"] is False
        assert any(rule in flaw for flaw in said.json["flaws"])
        assert set(said.json["flaws"]) <= set(said.json["remarks"])
        assert "NOT WHOLE: " in run("dicomdir", medium).out


def refused_alike(run: Run, *words: object) -> str:
    """Return the error of the job, after seeing that a dry run has the same one."""
    said, dry = run(*words, "--json"), run(*words, "--dry-run", "--json")
    assert (said.code, dry.code) == (3, 3), (said, dry)
    assert said.json == dry.json
    return str(said.json["error"]["what"])


def test_a_dry_run_refuses_what_the_capacity_does_not_allow(
    folder: Path, image: Path, run: Run
) -> None:
    for medium in (folder, image):
        for words in (("--add", CT), ("--remove", "STUDY")):
            study = run("ls", medium, "--json").json["patients"][0]["studies"][0]
            words = tuple(study["StudyInstanceUID"] if w == "STUDY" else w for w in words)
            what = refused_alike(run, "dicomdir", medium, *words, "--capacity", "40000")
            assert "where the medium has 40,000" in what
    assert run("dicomdir", folder, "--add", CT, "--capacity", "cd", "--dry-run").code == 0


def test_a_dry_run_refuses_what_the_disk_has_no_room_for(
    folder: Path, image: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_free_bytes", lambda folder: 1000)
    for medium in (folder, image):
        what = refused_alike(run, "dicomdir", medium, "--add", CT)
        assert "and 1000 are free" in what


def test_a_dry_run_refuses_a_name_that_is_in_the_way(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    gone = sorted(folder.rglob("I0*"))[-1]
    shutil.move(gone, tmp_path / "kept")
    gone.mkdir()
    what = refused_alike(run, "dicomdir", folder, "--add", tmp_path / "kept")
    assert "is a folder there" in what
