"""What the tutorial shows is what happens when somebody types along, and nothing of it is left."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
COMMANDS = ("jacket ", "export ", "mkdir ", "cd ", "cp ", "rm ")
END = "--- end of a command"


def blocks() -> list[list[str]]:
    """Return what is typed and what is shown, in its order, without the indentation."""
    found = re.findall(r"(?:^ {4}.*\n)+", TEXT, flags=re.MULTILINE)
    return [[line[4:] for line in block.splitlines()] for block in found]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a clone in it, whose environment is the one of this test."""
    home = tmp_path_factory.mktemp("home")
    (home / "clone").mkdir()
    (home / "clone" / ".venv").symlink_to(sys.prefix)
    return home


@pytest.fixture(scope="module")
def said(home: Path) -> list[str]:
    """Type every command, one after the other; return what each of them says."""
    typed = [line for block in blocks() for line in block if line.startswith(COMMANDS)]
    script = "set -e\n" + "".join(f"{line}\necho '{END}'\n" for line in typed)
    environment = os.environ | {"HOME": str(home), "XDG_STATE_HOME": ""}
    ran = subprocess.run(
        [shutil.which("bash") or "sh", "-c", script],
        cwd=home / "clone",
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-500:] + ran.stderr
    return ran.stdout.split(f"{END}\n")[:-1]


def test_what_is_shown_is_what_comes(said: list[str]) -> None:
    answers = iter(said)
    answer, shown = "", 0
    for block in blocks():
        if block[0].startswith(COMMANDS):
            for _ in block:
                answer = next(answers)
        else:
            shown += 1
            assert answer.splitlines()[: len(block)] == block
    assert shown >= 3
    assert "in all: 31 instances of 2 patients, 6 studies\n" in "".join(said)


def test_nothing_is_left_behind(home: Path, said: list[str]) -> None:
    assert said
    assert sorted(path.name for path in home.rglob("*") if ".venv" not in path.parts) == ["clone"]
