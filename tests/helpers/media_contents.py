"""What is on a medium, and the programs of others that put it there or take it off."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from media import Medium

Name = tuple[str, ...]
Contents = Mapping[Name, bytes]
Peer = Callable[[str], str]  # the fixture `peer`
MIB = 1 << 20


def read_all(medium: Medium) -> dict[Name, bytes]:
    contents = {}
    for entry in medium.entries():
        with medium.open(entry) as file:
            contents[entry.name] = file.pread(file.size, 0)
    return contents


def rules(medium: Medium) -> set[str]:
    return {finding.rule for finding in medium.findings()}


def write_files(folder: Path, contents: Contents) -> Path:
    """Write the files below *folder*, and return it."""
    for name, content in contents.items():
        path = folder.joinpath(*name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def blank(path: Path, size: int) -> Path:
    """Make a file of *size* bytes that are all zero."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def run(*command: str | Path, place: Path | None = None, said: str = "") -> str:
    """Run a program in *place*, tell it *said*, and return what it says."""
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=place, input=said)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
