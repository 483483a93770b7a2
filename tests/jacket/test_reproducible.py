"""The same sources at the same time give the same image, wherever and however it is made."""

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

EPOCH = "1700000000"


@pytest.fixture
def sources(
    tmp_path: Path, two_patients: Path, test_files: Path, many: Callable[[int, int], list[Path]]
) -> Path:
    """What is copied, re-headed and transcoded, and enough of it for two processes."""
    for name in ("ExplVR_LitEndNoMeta.dcm", "SC_rgb_rle.dcm", "examples_jpeg2k.dcm"):
        shutil.copy(test_files / name, two_patients)
    for path in many(200, 3):
        shutil.move(path, two_patients)
    return two_patients


def test_same_sources_and_clock_give_the_same_bytes(
    tmp_path: Path, sources: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    first = _image(run, sources, tmp_path / "a.iso", "--jobs", "1")
    assert _image(run, sources, tmp_path / "b.iso", "--jobs", "2") == first, "two processes"

    monkeypatch.chdir(sources)
    (tmp_path / "elsewhere").mkdir()
    assert _image(run, ".", tmp_path / "elsewhere" / "c.iso") == first, "another working folder"

    for number, path in enumerate(sorted(sources.rglob("*"))):
        os.utime(path, (number, 10**9 + number))
    assert _image(run, ".", tmp_path / "d.iso") == first, "other dates of the sources"

    moved = tmp_path / "moved"
    shutil.copytree(sources, moved)
    assert _image(run, moved, tmp_path / "e.iso") == first, "the sources lie elsewhere"


def test_another_clock_gives_another_file_set(
    tmp_path: Path, two_patients: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    first = run("author", two_patients, "-o", tmp_path / "a.iso", "--json").json
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(EPOCH) + 1))
    second = run("author", two_patients, "-o", tmp_path / "b.iso", "--json").json
    assert first["volumes"][0]["file_set_uid"] != second["volumes"][0]["file_set_uid"]


def test_a_clock_that_is_none_is_wrong_usage(
    tmp_path: Path, two_patients: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    said = run("author", two_patients, "-o", tmp_path / "a.iso")
    assert said.code == 2
    assert "SOURCE_DATE_EPOCH" in said.err


def _image(run: Callable[..., object], source: object, target: Path, *words: str) -> str:
    said = run("author", source, "-o", target, "--json", *words)
    assert said.code == 0, said.err + said.out
    digest = sha256(target.read_bytes()).hexdigest()
    assert said.json["volumes"][0]["sha256"] == digest, "the digest that is told is the file's"
    return digest
