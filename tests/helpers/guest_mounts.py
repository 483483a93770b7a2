"""Mounts images by a Linux kernel and tells what it sees; runs as root in a guest of its own.

Beside the standard library it needs nothing, as the guest has nothing else. `main` takes a list
of tasks from a file and writes what came of each beside it.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

PLACE = Path("/run/medium")
LARGE = 1 << 30  # bytes
TAIL = 1 << 16  # bytes of a large file that are looked at, and these are its last ones
Seen = dict[str, tuple[int, str]]  # path → bytes, SHA-256


def content(seed: str, size: int) -> bytes:
    """Return *size* bytes that are the same for the same *seed* on both sides."""
    return random.Random(seed).randbytes(size)  # noqa: S311 (repeatable, no secret)


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{command[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def seen() -> Seen:
    """Return every file of what is mounted."""
    files = {}
    for place, _, names in os.walk(PLACE):
        for name in names:
            path = Path(place, name)
            size = path.stat().st_size
            with path.open("rb") as file:
                file.seek(size - TAIL if size > LARGE else 0)
                digest = hashlib.sha256(file.read()).hexdigest()
            files[str(path.relative_to(PLACE))] = size, digest
    return files


def put(name: str, size: int) -> None:
    path = PLACE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content(name, size))


def fill() -> None:
    """Do to a medium what people do: long names, deletions, large files in what became free."""
    put("DICOMDIR", 70_001)
    for number in range(60):
        put(f"DICOM/P{number % 3}/I{number:07}", 3000 + number)
    put("EMPTY", 0)
    put("A folder with a long name/Grüße an снимок, 1.2.840.113619.dcm", 5000)
    put("lower.txt", 12)
    os.sync()
    for number in range(0, 60, 2):  # Holes that the next file has to use, at least on FAT.
        (PLACE / f"DICOM/P{number % 3}/I{number:07}").unlink()
    put("DICOM/LARGE", 400_000)
    (PLACE / "lower.txt").rename(PLACE / "A name of its own.txt")
    with (PLACE / "DICOM/HOLE").open("wb") as file:
        file.seek(100_000)
        file.write(b"the end")
    with (PLACE / "DICOMDIR").open("ab") as file:
        file.write(content("more", 9000))
    (PLACE / "LEAF" / "TREE" / "EMPTY").mkdir(parents=True)


def change() -> None:
    """Take a file away, replace one by less, copy one in where they were."""
    (PLACE / "README.TXT").unlink()
    put("ZZZ", 2500)
    os.sync()
    put("ADDED/NEW", 30_000)


DEEDS = {"read": lambda: None, "fill": fill, "change": change}


def attached(task: dict[str, Any]) -> tuple[str, str]:
    """Return the loop device of an image, and the device to mount."""
    options = ["--partscan"] if task.get("partition") else []
    loop = run("losetup", "--find", "--show", *options, task["image"])
    return loop, f"{loop}p1" if options else loop


def carried_out(task: dict[str, Any]) -> dict[str, Any]:
    loop, device = attached(task)
    try:
        mode = "ro" if task["deed"] == "read" else "rw"
        options = ",".join([mode, *task.get("options", [])])
        run("mount", "-t", task["type"], "-o", options, device, str(PLACE))
        try:
            DEEDS[task["deed"]]()
            return {"files": seen()}
        finally:
            run("umount", str(PLACE))
    finally:
        run("losetup", "--detach", loop)


def main(jobs: Path) -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    answers = {}
    for name, task in json.loads(jobs.read_text()).items():
        try:
            answers[name] = carried_out(task)
        except OSError as error:
            answers[name] = {"error": str(error)}
    (jobs.parent / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
