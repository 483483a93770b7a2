"""Nobody takes a simulated burn for a burnt disc, and no label that is none gets into a record."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from jacket.burning.result import SIMULATED

CT = Path(str(get_testdata_file("CT_small.dcm")))
Run = Callable[..., Any]


def record_in(folder: Path) -> Any:
    (path,) = folder.glob("*.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize("kind", ["cd-r", "stick"])
def test_a_simulated_medium_is_called_so_at_the_end_and_in_the_record(
    kind: str, run: Run, tmp_path: Path
) -> None:
    said = run("burn", CT, "--device", f"simulator:{kind}", "--jobs-folder", tmp_path / "jobs")
    assert said.code == 0
    assert said.out.splitlines()[-1] == SIMULATED
    (verdict,) = [line for line in said.out.splitlines() if "GOOD" in line]
    assert verdict.startswith("SIMULATED ")
    record = record_in(tmp_path / "jobs")
    assert record["simulated"] is record["target"]["simulated"] is True
    assert [disc["simulated"] for disc in record["discs"]] == [True]


@pytest.mark.parametrize("kind", ["cd-r", "stick"])
def test_json_and_the_plan_say_that_it_is_simulated(kind: str, run: Run, tmp_path: Path) -> None:
    words = ("burn", CT, "--device", f"simulator:{kind}", "--jobs-folder", tmp_path / "jobs")
    told = run(*words, "--json").json
    assert told["simulated"] is told["discs"][0]["simulated"] is True
    planned = run(*words, "--dry-run")
    assert planned.out.splitlines()[-1] == SIMULATED
    assert run(*words, "--dry-run", "--json").json["simulated"] is True


def test_what_fails_on_a_simulated_disc_costs_none(run: Run, tmp_path: Path) -> None:
    device = "simulator:cd-r,fault=unreadable@150"
    words = ("burn", CT, "--device", device, "--jobs-folder", tmp_path / "jobs")
    assert SIMULATED in run(*words).err
    assert run(*words, "--json").json["simulated"] is True


def test_a_disc_robot_gets_no_simulated_job(run: Run, tmp_path: Path) -> None:
    (tmp_path / "robot").mkdir()
    words = ("--publish", tmp_path / "robot", "--profile", "STD-GEN-CD")
    told = run("burn", CT, *words, "--jobs-folder", tmp_path / "jobs", "--json").json
    assert told["simulated"] is told["discs"][0]["simulated"] is False
    assert record_in(tmp_path / "jobs")["simulated"] is False


def test_the_drives_own_test_run_is_not_called_a_simulation(run: Run, tmp_path: Path) -> None:
    words = ("burn", CT, "--device", "simulator:cd-r", "--jobs-folder", tmp_path / "jobs")
    written = run(*words, "--json").json["discs"][0]["written"]
    assert ("simulated" in written, written["test_run"]) == (False, False)


@pytest.mark.parametrize("label", ["DOE^JANE", "Jane Doe", "A\x1b[31mB", "A\nB", "A" * 17])
def test_a_label_that_is_none_gets_into_no_record(label: str, run: Run, tmp_path: Path) -> None:
    words = ("burn", CT, "--device", "simulator:cd-r", "--jobs-folder", tmp_path / "jobs")
    said = run(*words, "--label", label)
    assert (said.code, label in said.out + said.err) == (2, False)
    assert not list(tmp_path.rglob("*.json"))


def test_each_disc_of_a_set_tells_whose_instances_a_reader_finds_on_it(
    run: Run, real_file_set: Path, tmp_path: Path
) -> None:
    words = ("burn", real_file_set, "--device", "simulator:cd-r", "--split", "--capacity", 550_000)
    said = run(*words, "--jobs-folder", tmp_path / "jobs")
    assert said.code == 0
    verified = [disc["verified"] for disc in record_in(tmp_path / "jobs")["discs"]]
    found = [(one["instances"], one["patients"], one["studies"]) for one in verified]
    assert found == [(31, 2, 6), (50, 1, 1)]
    lines = said.out.splitlines()
    begins = [n for n, line in enumerate(lines) if line.startswith("SIMULATED CD-R")]
    labels = [disc["label"] for disc in record_in(tmp_path / "jobs")["discs"]]
    assert len(set(labels)) == 2
    assert [lines[n + 1] for n in begins] == [f"  label {label}" for label in labels]
    assert [lines[n + 2] for n in begins] == [
        "  31 instances of 2 patients, 6 studies in the directory",
        "  50 instances of 1 patient, 1 study in the directory",
    ]
    assert not [name for name in ("Doe", "Archibald") if name in str(record_in(tmp_path / "jobs"))]
