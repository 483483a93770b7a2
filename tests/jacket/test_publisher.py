"""A disc robot finds a whole job in its folder, and nobody calls it a good disc before."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from jacket.burning.burn import burn
from jacket.burning.target import How
from jacket.publisher import FolderTarget, open_folder
from jacket.verification import verify
from reporting import CannotWrite, WrongUsage

CT = Path(str(get_testdata_file("CT_small.dcm")))


def test_a_job_has_image_label_and_description(tmp_path: Path) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()
    target = FolderTarget(folder, copies=2)
    done = burn([CT], target, jobs_folder=tmp_path / "jobs")
    (disc,) = done.discs
    assert disc.verdict == "handed over"
    (request,) = folder.glob("*.jrq")
    words = dict(line.split("=", 1) for line in request.read_text().splitlines())
    assert words["Copies"] == "2"
    image = Path(words["ImageFile"])
    assert verify(image, "STD-GEN-CD").compliant
    told = json.loads((image.parent / "job.json").read_text())
    assert told["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest() == disc.sha256
    assert told["copies"] == 2
    label = Path(words["PrintLabel"]).read_text()
    assert label.splitlines()[0] == words["VolumeName"]
    assert "CompressedSamples" not in label + request.read_text()
    record = json.loads(Path(done.record).read_text())
    assert record["state"] == "handed over"


def test_the_robot_may_read_what_it_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()
    before = os.umask(0o022)
    try:
        burn([CT], FolderTarget(folder), jobs_folder=tmp_path / "jobs")
    finally:
        os.umask(before)
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert modes == {"": 0o755, **dict.fromkeys((".iso", ".txt", ".json", ".jrq"), 0o644)}


@pytest.mark.parametrize("words", [("--erase",), ("--erase", "--wipe"), ("--speed", "2770")])
def test_what_a_robot_does_not_hear_is_refused(
    words: tuple[str, ...], tmp_path: Path, run: Callable[..., Any]
) -> None:
    told = run("burn", CT, "--publish", tmp_path, *words)
    assert told.code == 2
    assert "means nothing to a disc robot" in told.err
    assert list(tmp_path.iterdir()) == []


def test_one_volume_of_a_set_keeps_its_number(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()
    done = burn(
        many(25, 0),
        FolderTarget(folder),
        jobs_folder=tmp_path / "jobs",
        capacity=500_000,
        split=True,
        volumes=[2],
    )
    assert done.authored.of > 1
    (request,) = folder.glob("*.jrq")
    assert request.stem.endswith("-volume2")
    words = dict(line.split("=", 1) for line in request.read_text().splitlines())
    label = Path(words["PrintLabel"]).read_text()
    assert label.splitlines()[2] == f"volume 2 of {done.authored.of}"
    (told,) = json.loads(Path(done.record).read_text())["discs"]
    assert told["volume"] == 2


def test_the_request_appears_when_all_else_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()
    seen: list[set[str]] = []

    def look(stage: str, done: int, total: int) -> None:
        seen.append({path.suffix for path in folder.iterdir()})

    burn([CT], FolderTarget(folder), jobs_folder=tmp_path / "jobs", progress=look)
    assert seen
    assert all(".jrq" not in there for there in seen)


def test_a_folder_that_is_none_and_a_profile_for_sticks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        FolderTarget(tmp_path / "none")
    with pytest.raises(WrongUsage):
        burn(
            [CT],
            FolderTarget(tmp_path),
            profile_id="STD-GEN-USB-JPEG",
            jobs_folder=tmp_path / "jobs",
        )


def test_the_robot_finds_the_files_from_wherever_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here / "robot", elsewhere):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    burn([CT], FolderTarget(Path("robot")), jobs_folder=tmp_path / "jobs")
    monkeypatch.chdir(elsewhere)
    (request,) = (here / "robot").glob("*.jrq")
    words = dict(line.split("=", 1) for line in request.read_text().splitlines())
    assert verify(Path(words["ImageFile"]), "STD-GEN-CD").compliant
    assert Path(words["PrintLabel"]).is_file()
    told = json.loads((Path(words["ImageFile"]).parent / "job.json").read_text())
    assert Path(told["image"]).is_file()
    assert Path(told["label_file"]).is_file()


KILLED = """
import os, sys, time
from pathlib import Path
from jacket.burning.burn import burn
from jacket.publisher import FolderTarget

def progress(stage, done, total):
    if stage == "write":
        print("writing", flush=True)
        time.sleep(60)

folder, jobs, source = map(Path, sys.argv[1:])
burn([source], FolderTarget(folder), jobs_folder=jobs, progress=progress)
"""


def killed_job(folder: Path, jobs: Path) -> None:
    """Kill a job in the midst of writing its image."""
    words = [sys.executable, "-c", KILLED, str(folder), str(jobs), str(CT)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=dict(os.environ)) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == b"writing\n"
        job.send_signal(signal.SIGKILL)


def test_what_a_killed_job_has_left_is_removed_by_the_next_one_and_told(tmp_path: Path) -> None:
    folder, jobs = tmp_path / "robot", tmp_path / "jobs"
    (folder / "of-the-robot").mkdir(parents=True)
    killed_job(folder, jobs)
    (left,) = (path for path in folder.iterdir() if path.name != "of-the-robot")
    assert not list(folder.glob("*.jrq"))
    first = burn([CT], FolderTarget(folder), jobs_folder=jobs)
    assert not left.exists()
    assert "was removed" in " ".join(first.discs[0].remarks)
    (request,) = folder.glob("*.jrq")
    request.unlink()  # The robot has taken it, and still needs the image.
    second = burn([CT], FolderTarget(folder), jobs_folder=jobs)
    assert not second.discs[0].remarks
    assert (folder / request.stem / "image.iso").is_file()
    assert (folder / "of-the-robot").is_dir()


def test_a_job_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    folder, jobs = tmp_path / "robot", tmp_path / "jobs"
    folder.mkdir()
    words = [sys.executable, "-c", KILLED, str(folder), str(jobs), str(CT)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=dict(os.environ)) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == b"writing\n"
        (going,) = folder.iterdir()
        time.sleep(1.1)  # Jobs are named after the second.
        done = burn([CT], FolderTarget(folder), jobs_folder=tmp_path / "others")
        assert going.is_dir()
        assert not done.discs[0].remarks
        job.kill()


def test_a_job_that_fails_leaves_nothing_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "robot"
    folder.mkdir()

    def fail(stage: str, done: int, total: int) -> None:
        if stage == "write":
            raise CannotWrite("there is no space left", "the robot", "Make room there")

    with pytest.raises(CannotWrite):
        burn([CT], FolderTarget(folder), jobs_folder=tmp_path / "jobs", progress=fail)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("how", "engine", "word"),
    [
        (How(speed=1385), "own", "--speed"),
        (How(erase=True), "own", "--erase"),
        (How(erase=True, wipe=True), "own", "--erase"),
        (How(eject=False), "own", "--no-eject"),
        (How(), "xorriso", "--engine"),
    ],
)
def test_what_is_asked_of_a_drive_is_refused(
    tmp_path: Path, how: How, engine: str, word: str
) -> None:
    with pytest.raises(WrongUsage, match="robot") as caught:
        open_folder(tmp_path, how, engine=engine)
    assert caught.value.where == word
    assert open_folder(tmp_path, How(copies=3)).plain()["copies"] == 3
