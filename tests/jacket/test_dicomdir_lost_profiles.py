"""`jacket dicomdir --add` without a profile says which one the File-set kept to until now."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

Run = Callable[..., Any]
CT, MR, RLE, JP2, JPEG = (
    Path(str(get_testdata_file(f"{name}.dcm")))
    for name in ("CT_small", "MR_small", "MR_small_RLE", "MR_small_jp2klossless", "JPEG-lossy")
)


def medium_of(profile: str, name: str, folder: Path, run: Run) -> Path:
    source = folder / "source"
    source.mkdir()
    shutil.copy(CT, source)
    assert run("author", source, "-o", folder / name, "--profile", profile).code == 0
    return folder / name


def about_profiles(medium: Path, *words: object, run: Run) -> list[str]:
    said = run("dicomdir", medium, *words, "--json")
    assert said.code == 0, said.out
    return [remark for remark in said.json["remarks"] if "until now" in remark]


def satisfied(medium: Path, run: Run) -> set[str]:
    return set(run("verify", medium, "--json").json["satisfies"])


@pytest.mark.parametrize(
    ("profile", "name", "added"),
    [
        ("STD-GEN-CD", "disc.iso", RLE),
        ("STD-GEN-CD", "disc.iso", JP2),
        ("STD-GEN-USB-JPEG", "stick.img", RLE),
        ("STD-GEN-CD", "folder", JPEG),
    ],
)
def test_the_profile_that_is_lost_is_named_with_the_object_and_the_reason(
    profile: str, name: str, added: Path, tmp_path: Path, run: Run
) -> None:
    medium = medium_of(profile, name, tmp_path, run)
    assert profile in satisfied(medium, run)
    (planned,) = about_profiles(medium, "--add", added, "--dry-run", run=run)
    (told,) = about_profiles(medium, "--add", added, run=run)
    assert told == planned
    assert f"kept to {profile}" in told
    assert f"with {added} no longer does: {profile} does not allow" in told
    assert profile not in satisfied(medium, run)


@pytest.mark.parametrize(
    ("profile", "name", "added"),
    [
        ("STD-GEN-CD", "disc.iso", MR),
        ("STD-GEN-USB-JPEG", "stick.img", JP2),  # another general profile for sticks is left
    ],
)
def test_nothing_is_told_while_a_general_profile_is_left(
    profile: str, name: str, added: Path, tmp_path: Path, run: Run
) -> None:
    medium = medium_of(profile, name, tmp_path, run)
    before = satisfied(medium, run)
    assert about_profiles(medium, "--add", added, run=run) == []
    assert {one for one in before & satisfied(medium, run) if one.startswith("STD-GEN-")}


def test_what_was_lost_before_is_not_told_again(tmp_path: Path, run: Run) -> None:
    medium = medium_of("STD-GEN-CD", "disc.iso", tmp_path, run)
    assert len(about_profiles(medium, "--add", RLE, run=run)) == 1
    assert about_profiles(medium, "--add", JPEG, run=run) == []


def test_with_a_profile_the_object_is_refused_and_nothing_is_lost(tmp_path: Path, run: Run) -> None:
    medium = medium_of("STD-GEN-CD", "disc.iso", tmp_path, run)
    said = run("dicomdir", medium, "--add", RLE, "--profile", "STD-GEN-CD", "--json")
    assert (said.code, said.json["added_files"]) == (1, [])
    assert not any("until now" in remark for remark in said.json["remarks"])
    assert "STD-GEN-CD" in satisfied(medium, run)
