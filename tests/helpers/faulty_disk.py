"""A real block device with faults: a file of FUSE under a loop device, served by another process.

What fails is told by a file beside it, which is read at every transfer.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAME = "disk"
_SERVER = Path(__file__).with_name("faulty_file.py")


class FaultyDisk:
    """The device, the image behind it, and what fails."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder, self.image, self.path = folder, image, ""
        self.fails()

    def fails(self, **faults: Any) -> None:
        """Let these fail from now on, and no others.

        Those are bad_read and bad_write (pairs of first and last byte), full_after (a byte),
        gone (true), dull (pairs of bytes that do not take what is written).
        """
        aside = self._folder / "faults.new"
        aside.write_text(json.dumps(faults))
        aside.rename(self._folder / "faults")


def skip_unless_possible() -> None:
    """Skip where no loop device over FUSE can be made."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("loop devices are for root on Linux")
    for node in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(node, os.R_OK | os.W_OK):
            pytest.skip(f"there is no {node}")
    pytest.importorskip("mfusepy", exc_type=ImportError)


@contextlib.contextmanager
def loop_over(file: Path, *more: str) -> Iterator[str]:
    """Yield the path of a loop device over *file*."""
    made = subprocess.run(
        ["losetup", "-f", "--show", *more, str(file)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    path = made.stdout.strip()
    try:
        yield path
    finally:
        subprocess.run(["losetup", "-d", path], check=True)


@contextlib.contextmanager
def faulty_disk(folder: Path, size: int) -> Iterator[FaultyDisk]:
    """Yield a disk of *size* bytes, all zeros, that has no faults yet."""
    skip_unless_possible()
    image, mount = folder / "image", folder / "mount"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(size)
    disk = FaultyDisk(folder, image)
    server = subprocess.Popen([sys.executable, str(_SERVER), str(folder)], stderr=subprocess.PIPE)
    try:
        _await(mount / _NAME, server)
        with loop_over(mount / _NAME) as path:
            disk.path = path
            yield disk
            disk.fails()
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=False)
        server.terminate()
        server.communicate(timeout=10)


def _await(file: Path, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(500):
        if file.exists():
            return
        if server.poll() is not None:
            pytest.skip(f"no FUSE: {server.communicate()[1].decode().strip()[-200:]}")
        time.sleep(0.02)
    pytest.fail("FUSE does not come up")
