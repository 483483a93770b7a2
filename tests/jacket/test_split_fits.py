"""How instances are shared out among volumes until every one of these fits its medium."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from jacket import split
from jacket.author import author
from jacket.verification import verify
from media import lay_out_fat
from media.volume_plan import PlannedFile
from profiles.file_ids import assign_file_ids

Run = Callable[..., Any]


def test_a_capacity_that_shrinks_under_the_shares_is_met_in_few_rounds(
    tmp_path: Path, many: Callable[[int, int], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = []
    real = split.share_out

    def counted(*words: Any) -> Any:
        rounds.append(words[2])
        return real(*words)

    monkeypatch.setattr(split, "share_out", counted)
    sources = many(120, 0)
    for capacity in (1_000_000, 2_345_678, 3_999_999):
        rounds.clear()
        target = tmp_path / f"{capacity}"
        done = author(sources, target, split=True, capacity=capacity, dry_run=True)
        assert len(rounds) <= 6
        assert done.of <= 1 + 120 * 42_000 // (capacity - 450_000) + 1
    shutil.rmtree(tmp_path)


def test_volumes_that_are_mostly_directory_are_found_as_well(
    tmp_path: Path, real_file_set: Path
) -> None:
    """Half of such a volume is empty structures: room that is taken away has to change a share."""
    for capacity, most in ((500_000, 4), (450_000, 6)):
        target = tmp_path / "set.iso"
        done = author([real_file_set], target, split=True, capacity=capacity, dry_run=True)
        assert 1 < done.of <= most
        assert all(volume.size <= capacity for volume in done.volumes)


def test_more_than_a_folder_of_the_medium_can_have_goes_on_several(
    tmp_path: Path,
    many: Callable[[int, int], list[Path]],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of patients, whose folders are all in one: no size of a stick makes that go."""
    sources = many(30, 0)
    for number, path in enumerate(sources):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = f"{number}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.{number}", f"1.2.{number}"
        dataset.save_as(path)
    monkeypatch.setattr("media.fat.tree.MOST_RECORDS", 14)
    words = ("author", *sources, "-o", tmp_path / "s.img")
    alone = run(*words)
    assert (alone.code, "more than the 14 records" in alone.err) == (3, True)
    done = run(*words, "--split", "--capacity", "16GB", "--json")
    assert 3 <= done.json["of"] <= 5
    assert sum(verify(v["path"]).instances for v in done.json["volumes"]) == 30


def test_a_series_of_70_000_instances_goes_on_a_stick(tmp_path: Path) -> None:
    """FAT has room for 65,534 files in a folder."""
    (item,) = author([get_testdata_file("CT_small.dcm")], tmp_path, dry_run=True).planned
    clock = datetime(2026, 1, 2, tzinfo=UTC)
    files = [PlannedFile(name, 4, clock) for name in assign_file_ids([item] * 70_000)]
    plan = lay_out_fat(files, label="T", recorded=clock)
    assert len(plan.offsets) == len(set(plan.offsets)) == 70_000
