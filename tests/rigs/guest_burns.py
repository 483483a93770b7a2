"""In a guest: the command itself burns on optical drives and USB sticks of the kernel's.

    guest_burns.py

It burns /out/sources. What came of it goes to /out/answers.json, and to /out/disc.img and
/out/ram.img what the kernel then reads from the discs.
Each stick has a serial number that says what it is for: PYUSB, BLOCK, BAD, MOUNTED.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

import guest_mounts  # noqa: E402 (found by the lines before, as are the others)
import guest_optical  # noqa: E402

from jacket.cli import main  # noqa: E402

OUT = Path("/out")
RAM_BLOCKS = 16_384  # 32 MiB
_ERASE = ("--erase", "--wipe")  # the strongest words that there are
Answer = dict[str, Any]


def jacket(*words: str) -> Answer:
    """Run one command in a process of its own, with all that is loaded here already."""
    said, told = Path("/run/said"), Path("/run/told")
    begun = time.monotonic()
    child = os.fork()
    if not child:
        code = 99
        with contextlib.suppress(BaseException):
            for path, number in ((said, 1), (told, 2)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            code = main([*words, "--json"])
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    answer = json.loads(said.read_text() or "{}")
    seconds = round(time.monotonic() - begun, 1)
    return {"code": code, "json": answer, "errors": told.read_text(), "seconds": seconds}


def burned(device: str, *words: str) -> Answer:
    job = ("burn", "/out/sources", "--jobs-folder", "/run/jobs", "--no-eject")
    return jacket(*job, "--device", device, *words)


def by_serial() -> dict[str, Answer]:
    """Return the sticks as the command lists them, and the one built-in disk as SYSTEM."""
    drives = jacket("drives")["json"]["drives"]
    return {
        drive["serial"] if drive["kind"] == "stick" else "SYSTEM": drive
        for drive in drives
        if drive["kind"] != "optical"
    }


def read_by_kernel(device: str, name: str) -> None:
    """Copy a whole device to /out."""
    words = [f"if={device}", f"of=/out/{name}", "bs=1M"]
    subprocess.run(["dd", *words], check=True, stderr=subprocess.DEVNULL)


def files_on(device: str, *kinds: str) -> dict[str, guest_mounts.Seen]:
    """Return what the kernel sees on a device by each of the file systems of *kinds*."""
    found = {}
    for kind in kinds:
        guest_mounts.PLACE.mkdir(exist_ok=True)
        guest_mounts.run("mount", "-t", kind, "-o", "ro", device, str(guest_mounts.PLACE))
        found[kind] = guest_mounts.seen()
        guest_mounts.run("umount", str(guest_mounts.PLACE))
    return found


def dvd_plus_r() -> dict[str, Any]:
    device = guest_optical.dvd_plus_r()
    answers = {"disc": burned(device), "disc again": burned(device)}
    device = guest_optical.put_in_again(device)
    read_by_kernel(device, "disc.img")
    return {**answers, "disc files": files_on(device, "iso9660", "udf")}


def dvd_ram() -> dict[str, Any]:
    device = guest_optical.dvd_ram(RAM_BLOCKS)
    answer = burned(device, "--erase")
    read_by_kernel(device, "ram.img")
    return {"ram": answer, "ram files": files_on(device, "udf")}


def stick_by_pyusb() -> dict[str, Any]:
    stick = by_serial()["PYUSB"]
    held = Path("/sys/bus/usb/drivers/usb-storage")
    name = stick["bus"].removeprefix("usb ")
    answers: dict[str, Any] = {"held before": [path.name for path in held.glob(f"{name}:*")]}
    answers["pyusb"] = burned(f"usb:{name}")
    device = guest_optical.until(
        "the stick comes back", lambda: by_serial().get("PYUSB", {}).get("path")
    )
    answers["held after"] = [path.name for path in held.glob(f"{name}:*")]
    return {**answers, "pyusb files": files_on(_first_partition(device), "vfat")}


def stick_by_block_device() -> dict[str, Any]:
    device = by_serial()["BLOCK"]["path"]
    answers: dict[str, Any] = {"block": burned(device), "block again": burned(device)}
    subprocess.run(["blockdev", "--rereadpt", device], check=True)
    return {**answers, "block files": files_on(_first_partition(device), "vfat")}


def bad_stick() -> dict[str, Any]:
    return {"bad": burned(by_serial()["BAD"]["path"])}


def in_use() -> dict[str, Any]:
    """Ask for what must be refused, by every name that it has."""
    sticks = by_serial()
    stick, disk = (sticks[name]["path"] for name in ("MOUNTED", "SYSTEM"))
    for device, place in ((stick, "/run/stick"), (disk, "/boot")):
        Path(place).mkdir(exist_ok=True)
        guest_mounts.run("mount", "-t", "vfat", "-o", "ro", _first_partition(device), place)
    bus = sticks["MOUNTED"]["bus"].replace(" ", ":")
    link = Path("/run/a link")
    link.symlink_to(stick)
    names = {"mounted": (stick, f"{stick}1", bus, str(link)), "system": (disk, f"{disk}1")}
    return {
        kind: {name: burned(name, *_ERASE) for name in of_one} for kind, of_one in names.items()
    }


def _first_partition(device: str) -> str:
    partition = Path(f"{device}1")
    guest_optical.until(f"{partition} comes", partition.exists)
    return str(partition)


def all_burns() -> None:
    # What every burn loads is loaded once; by emulation that takes a quarter of a minute.
    warm = ["burn", "/out/sources", "--device", "simulator:dvd+r", "--jobs-folder", "/run/warm"]
    with contextlib.redirect_stdout(sys.stderr):
        main([*warm, "--json"])
    answers: dict[str, Any] = {"drives": jacket("drives")}
    steps = (dvd_plus_r, dvd_ram, stick_by_pyusb, stick_by_block_device, bad_stick, in_use)
    for step in steps:
        try:
            answers |= step()
        except Exception:  # The others go on, and the test finds no answer.
            traceback.print_exc()
        (OUT / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    all_burns()
