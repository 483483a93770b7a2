"""What is quick must stay quick: help, a DICOMDIR and a listing load no heavy library."""

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HEAVY = ("cryptography", "numpy", "pycdlib", "pydicom", "imagecodecs", "jinja2")
ROUNDS = 9


def loaded(*words: object) -> set[str]:
    """Return which heavy libraries a command has loaded by its end."""
    code = (
        "import sys; from jacket.cli import main; code = main(sys.argv[1:]); "
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True
    )
    return set(HEAVY) & set(done.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("author", "--help")])
def test_help_loads_no_library(words: tuple[str, ...]) -> None:
    assert loaded(*words) == set()


def test_a_dicomdir_of_good_files_is_made_and_updated_without_libraries(
    two_patients: Path,
) -> None:
    assert loaded("dicomdir", two_patients) == set()
    assert loaded("dicomdir", two_patients) == set()
    next(two_patients.rglob("CR1/*")).unlink()
    (two_patients / "DICOMDIR").unlink()
    assert loaded("dicomdir", two_patients) == set()


def test_an_image_is_listed_without_libraries(image: Path) -> None:
    assert loaded("ls", image) == set()
    assert loaded("ls", image, "--json") == set()


def test_this_test_would_notice(two_patients: Path, tmp_path: Path) -> None:
    assert "jinja2" in loaded("verify", make(two_patients), "--html", tmp_path / "report.html")


def make(folder: Path) -> Path:
    loaded("dicomdir", folder)
    return folder


def test_help_takes_no_more_than_twice_the_time_of_a_bare_click_program(tmp_path: Path) -> None:
    if importlib.util.find_spec("click") is None:
        pytest.skip("click is not installed: there is nothing to compare with")
    bare = tmp_path / "bare.py"
    bare.write_text("import click\n\n@click.command()\ndef main():\n    pass\n\nmain()\n")
    ours = [sys.executable, "-m", "jacket", "--help"]
    theirs = [sys.executable, str(bare), "--help"]
    for attempt in range(3):  # others may be at work on this machine
        ratio = seconds(ours, theirs)
        if ratio <= 2:
            return
        time.sleep(attempt)
    pytest.fail(f"jacket --help takes {ratio:.1f} times as long as a bare click program")


def seconds(ours: list[str], theirs: list[str]) -> float:
    """Return how many times as long *ours* takes; medians of interleaved runs."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(ROUNDS):
        for which, words in enumerate((ours, theirs)):
            began = time.perf_counter()
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True, env=dict(os.environ))
            times[which].append(time.perf_counter() - began)
    return statistics.median(times[0]) / statistics.median(times[1])


def test_a_directory_of_good_files_starts_no_other_process(
    two_patients: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object, **_: object) -> None:
        raise AssertionError(f"started {words}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "fork", refuse)
    assert run("dicomdir", two_patients).code == 0
