"""A simulated drive makes as many discs as a job needs, one after the other."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_drive import ScriptedDrive

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused
from jacket.burning.target import DiscTarget, How

Many = Callable[[int, int], list[Path]]


@pytest.mark.parametrize("kind", ["cd-r", "bd-r", "dvd-rw-formatted"])
def test_copies_are_made_on_a_fresh_disc_each(
    run: Callable[..., Any], many: Many, tmp_path: Path, kind: str
) -> None:
    words = ("--device", f"simulator:{kind}", "--copies", 3, "--jobs-folder", tmp_path / "jobs")
    told = run("burn", *many(2, 0), *words, "--json")
    assert told.code == 0
    discs = told.json["discs"]
    assert [(disc["copy"], disc["verdict"]) for disc in discs] == [(n, "good") for n in (1, 2, 3)]
    assert len({disc["sha256"] for disc in discs}) == 1
    assert told.err.count("insert a blank") == 2


@pytest.mark.parametrize(
    ("profile", "kind"), [(0x16, "DVD-R DL (layer jump)"), (0x42, "BD-R (random)")]
)
def test_a_disc_in_a_mode_that_we_do_not_write_is_refused_by_its_name(
    profile: int, kind: str
) -> None:
    recorder = Recorder(ScriptedDrive(profile))
    with pytest.raises(MediumRefused, match=re.escape(f"nothing can be written on the {kind}")):
        _ = DiscTarget(recorder, How(), print).usual


def test_a_set_is_burned_to_its_last_volume(
    run: Callable[..., Any], many: Many, tmp_path: Path
) -> None:
    words = ("--device", "simulator:cd-r", "--split", "--capacity", "500kB")
    told = run("burn", *many(25, 0), *words, "--jobs-folder", tmp_path / "jobs", "--json")
    assert told.code == 0
    discs = told.json["discs"]
    assert len(discs) > 1
    assert [disc["volume"] for disc in discs] == list(range(1, len(discs) + 1))
    assert {disc["verdict"] for disc in discs} == {"good"}


def test_what_the_drive_recovered_from_is_told_of_a_good_disc(
    run: Callable[..., Any], many: Many, tmp_path: Path
) -> None:
    device = "simulator:cd-r,fault=recovered"
    told = run("burn", *many(2, 0), "--device", device, "--jobs-folder", tmp_path, "--json")
    assert told.code == 0
    (disc,) = told.json["discs"]
    assert disc["verdict"] == "good"
    assert any("the drive recovered from" in remark for remark in disc["remarks"])
