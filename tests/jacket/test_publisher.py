"""A disc robot finds a whole job in its folder, and nobody calls it a good disc before."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from jacket.burning.burn import burn
from jacket.publisher import FolderTarget
from jacket.verification import verify
from reporting import WrongUsage

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
