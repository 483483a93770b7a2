"""A stick that is not ours is written through pyusb: over USB/IP, and through libusb's own usbfs.

Each fault has to end in words that name it, and in a stick that nobody takes for a good one.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import usb
from faulty_target import MIB, Image
from hasty_stick import written
from pydicom.data import get_testdata_file
from usbip_bus import bus_with

from jacket.verification import verify

ROOT = Path(__file__).resolve().parents[2]
MOCK = ROOT / "tests" / "rigs" / "usbfs_stick.py"
HASTY = ROOT / "tests" / "helpers" / "hasty_stick.py"
PYTHON = "/usr/bin/python3"  # Debian's own: PyGObject is built for it
IMPORTS = "import gi; gi.require_version('UMockdev', '1.0'); import gi.repository.UMockdev"
SIZE = 16 * MIB
LENGTH = 5 * MIB // 2 + 100  # bytes of the image
BAD = 3000  # a block in the middle of the image
Peer = Callable[[str], str]


class Fault(NamedTuple):
    """What a stick does, and what the job has to say then."""

    faults: dict[str, Any]
    error: str
    what: str
    remedy: str
    keeps: bool = False  # the stick is as it was


FAULTS = {
    "bad blocks": Fault({"bad": [BAD]}, "CommandFailed", f"from {BAD // 128 * 128} on", ""),
    "mute": Fault({"mute": [BAD]}, "TimedOut", "does not answer", "Unplug"),
    "unplugged while it is written": Fault(
        {"unplug_at": 40}, "DeviceGone", "not there any more", "Plug it in again"
    ),
    "read-only": Fault(
        {"read_only": True}, "CannotWrite", "write-protected", "switch on the stick", keeps=True
    ),
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A stick that was used before: at its front is what makes it readable."""
    path = tmp_path / "stick.img"
    content = random.Random(5).randbytes(MIB)  # noqa: S311 (test data)
    path.write_bytes(content[:510] + b"\x55\xaa" + content[512:])
    os.truncate(path, SIZE)
    return path


def by_usbfs(image: Path, faults: dict[str, Any], log: Path, peer: Peer, *program: str) -> bytes:
    """Run *program* where libusb finds the stick as Linux shows it; return what it said."""
    wrapper = peer("umockdev-wrapper")
    if subprocess.run([PYTHON, "-c", IMPORTS], capture_output=True, check=False).returncode:
        missing = "gir1.2-umockdev-1.0 or python3-gi is not installed"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    packages = str(Path(usb.__file__).parents[1])
    done = subprocess.run(
        [
            *(wrapper, "env", f"PYTHONPATH={packages}", PYTHON, str(MOCK)),
            *(str(image), json.dumps(faults), str(log)),
            *("env", "-u", "PYTHONPATH", sys.executable, *program),
        ],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode in (0, 3), done.stderr.decode()
    return done.stdout


@pytest.fixture(params=["USB/IP", "usbfs"])
def write(
    request: pytest.FixtureRequest, image: Path, tmp_path: Path, peer: Peer
) -> Callable[[dict[str, Any]], tuple[dict[str, str], list[str]]]:
    """Write an image on a stick with faults; return the error, and what was done beside."""

    def over_usbip(faults: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
        with bus_with(image, faults) as bus:
            return written("usb:1-1", LENGTH, backend=bus, found=[]), bus.plugged[0].log

    def over_usbfs(faults: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
        log = tmp_path / "log"
        said = by_usbfs(image, faults, log, peer, str(HASTY), "usb:1-1", str(LENGTH))
        return json.loads(said), json.loads(log.read_text())

    return over_usbip if request.param == "USB/IP" else over_usbfs


def test_what_is_written_stands_on_the_stick_and_the_kernel_has_it_back(
    write: Any, image: Path
) -> None:
    error, log = write({})
    assert not error
    assert image.read_bytes()[:LENGTH] == Image(LENGTH).data
    taken = [entry for entry in log if entry not in ("open", "close")]
    assert taken == ["detach", "claim", "release", "attach"]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_leaves_no_stick_that_looks_good(
    write: Any, image: Path, name: str
) -> None:
    fault, before = FAULTS[name], image.read_bytes()
    error, _ = write(fault.faults)
    assert error["error"] == fault.error, error
    assert fault.what in error["what"]
    assert fault.remedy in error["remedy"]
    assert (image.read_bytes() == before) == fault.keeps
    if not fault.keeps:
        assert image.read_bytes()[510:512] != b"\x55\xaa"


def test_the_command_burns_a_stick_that_libusb_finds(
    image: Path, tmp_path: Path, peer: Peer
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(str(get_testdata_file(name)), sources)
    job = [
        *("-m", "jacket", "burn", str(sources), "--device", "usb:1-1", "--json"),
        *("--jobs-folder", str(tmp_path / "jobs")),
    ]
    refused = json.loads(by_usbfs(image, {}, tmp_path / "log", peer, *job))
    assert "something on it" in refused["error"]["what"]
    done = json.loads(by_usbfs(image, {}, tmp_path / "log", peer, *job, "--erase"))
    assert done["good"] is True
    assert verify(image, "STD-GEN-USB-JPEG").compliant
