"""Lets a full Linux kernel, in an emulated machine, mount images and tell what it sees."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import guest_mounts

MODULES = "loop isofs udf vfat nls_cp437 nls_iso8859_1 nls_ascii nls_utf8"
LONGEST = 900  # seconds; a minute and a half where two processors are free


def what_is_missing(rig: Path) -> str | None:
    """Return what hinders a guest from being started with the script *rig*."""
    if not rig.is_file():
        return f"no rig for a guest at {rig}"
    if shutil.which("qemu-system-x86_64") is None:
        return "qemu-system-x86_64 is not installed (Debian: qemu-system-x86)"
    cache = Path(os.environ.get("RIG_CACHE", Path.home() / ".cache" / "driver-rig"))
    if not (cache / "vmlinuz").is_file():
        return f"no kernel for the guest yet: run {rig} prepare"
    return None


def mounted(rig: Path, folder: Path, tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Carry out *tasks* on images in *folder* and return what came of each.

    A task tells the name of the `image`, the `type` of its file system, what is to be done with
    it (`deed`: read, fill or change), `options` of mounting, and whether it is behind a `partition`
    table.
    """
    here = {name: {**task, "image": f"/out/{task['image']}"} for name, task in tasks.items()}
    (folder / "jobs.json").write_text(json.dumps(here))
    shutil.copy(guest_mounts.__file__, folder / "guest_mounts.py")
    done = subprocess.run(
        [
            *("bash", str(rig), "run", "-t", str(LONGEST), "-m", MODULES),
            *(sys.executable, "-I", "/out/guest_mounts.py", "/out/jobs.json"),
        ],
        check=False,
        capture_output=True,
        env={**os.environ, "RIG_OUT": str(folder)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers: dict[str, Any] = json.loads((folder / "answers.json").read_text())
    return answers
