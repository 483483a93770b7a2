"""A full Linux kernel in an emulated machine: what this one's kernel may lack is all there.

Its root is this machine's own, which it cannot write; so Python, the checkout and all programs are
where they are here. /out is a folder of this machine that it does write. No network, no disk.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import guest_mounts
import pytest

RIGS = Path(__file__).resolve().parents[1] / "rigs"
sys.path.insert(0, str(RIGS))
import prepare_guest  # noqa: E402 (found by the line before)

_QEMU = "qemu-system-x86_64"
_LONGEST = 1500  # seconds; a boot and a job take two minutes where a processor is free
_MEMORY = 1536  # MiB
_KERNEL_WORDS = "console=ttyS0 quiet panic=-1 nokaslr mitigations=off random.trust_cpu=on"


class GuestFailed(Exception):
    """A guest did not come up, did not end, or its job failed; with what it said."""


def parts() -> Path:
    """Return where kernel and programs of a guest are, or skip; in CI a missing one is a failure.

    The first call on a machine fetches them.
    """
    try:
        if shutil.which(_QEMU) is None:
            raise OSError(f"{_QEMU} is not installed (Debian: qemu-system-x86)")
        return prepare_guest.prepared()
    except (OSError, subprocess.CalledProcessError) as error:
        if os.environ.get("CI"):
            pytest.fail(f"no guest can be started, and in CI it must be: {error}")
        pytest.skip(f"no guest can be started: {error}")


def run_in_guest(folder: Path, command: Iterable[str], devices: Iterable[str] = ()) -> str:
    """Run *command* as root in a guest whose /out is *folder*; return what it said.

    Args:
        folder: taken over by the guest.
        command: program and words.
        devices: words for QEMU that attach them.

    Raises:
        GuestFailed: the command failed, or did not end in time.
    """
    made = parts()
    code, console = folder / "code", folder / "console"
    code.unlink(missing_ok=True)
    (folder / "job").write_text(shlex.join(command) + "\n")
    with console.open("wb") as said:
        guest = subprocess.Popen(
            [_QEMU, *_machine(made, folder), *devices],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            guest.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            pass
        finally:
            guest.kill()
            guest.wait()
    text = console.read_text(errors="replace")
    if not code.exists() or code.read_text().strip() != "0":
        raise GuestFailed(text[-4000:])
    return text


def _machine(made: Path, folder: Path) -> list[str]:
    words = [
        # By pure emulation: whether a machine inside another one may use the processor varies.
        *("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1", "-m", str(_MEMORY)),
        *("-M", "q35", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-nic", "none", "-kernel", str(made / "kernel"), "-initrd", str(made / "initramfs")),
        *("-append", _KERNEL_WORDS),
    ]
    shares = {"machine": "/", "programs": str(made / "programs"), "out": str(folder)}
    for tag, path in shares.items():
        mode = "" if tag == "out" else ",readonly=on"
        share = f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap{mode}"
        words += ["-virtfs", share]
    return words


def mounted(folder: Path, tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Carry out *tasks* on images in *folder* and return what came of each.

    A task tells the name of the `image`, the `type` of its file system, what is to be done with
    it (`deed`: read, fill or change), `options` of mounting, and whether it is behind a `partition`
    table.
    """
    here = {name: {**task, "image": f"/out/{task['image']}"} for name, task in tasks.items()}
    (folder / "jobs.json").write_text(json.dumps(here))
    run_in_guest(folder, [sys.executable, "-I", guest_mounts.__file__, "/out/jobs.json"])
    answers: dict[str, Any] = json.loads((folder / "answers.json").read_text())
    return answers
