"""House rules: our generic names are ours alone, packages are typed, the scripts agree."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
TOP = sorted({package.partition(".")[0] for package in PACKAGES})


@pytest.mark.parametrize("name", TOP)
def test_no_other_distribution_ships_one_of_our_import_names(name: str) -> None:
    assert set(packages_distributions().get(name, ["filmjacket"])) == {"filmjacket"}


@pytest.mark.parametrize("name", TOP)
def test_every_package_tells_that_it_is_typed(name: str) -> None:
    assert (ROOT / name / "py.typed").is_file()


def test_every_folder_of_code_is_among_the_packages() -> None:
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in TOP
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert folders == set(PACKAGES)


def test_the_house_check_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "check_house.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
