"""Volumes of a set that is not at hand any more: made again as they were, or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
CAPACITY = 550_000  # bytes; the two patients of the real File-set are more than one of these


def test_a_volume_of_another_set_is_not_made_where_the_set_is_named(
    real_file_set: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    sources = shutil.copytree(real_file_set, tmp_path / "in")
    words = ("author", sources, "-o", tmp_path / "set.iso", "--split", "--capacity", CAPACITY)
    made = run(*words, "--json").json
    before = {path.name: path.read_bytes() for path in tmp_path.glob("set-*.iso")}
    for path in tmp_path.glob("set-*.iso"):
        path.unlink()  # they were burned, and nothing is beside the target any more
    again = (*words, "--volume", "2", "--set", made["set"])
    assert run(*again).code == 0
    assert (tmp_path / "set-2.iso").read_bytes() == before["set-2.iso"]
    image = next(path for path in (sources / "77654033").rglob("*") if path.is_file())
    image.unlink()
    for more in ((), ("--dry-run",)):
        said = run(*again, *more)
        assert said.code == 3
        assert "an image could be on none of them" in said.err
    assert (tmp_path / "set-2.iso").read_bytes() == before["set-2.iso"]
