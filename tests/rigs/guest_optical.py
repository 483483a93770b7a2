"""In a guest: optical drives that are not ours, behind the kernel's own /dev/sr0 and /dev/sg0.

A DVD+R burner is tgt's, reached by iSCSI over loopback; a DVD-RAM drive is tcmu-runner's, which
the kernel asks through its SCSI target. Both run in this very guest, on files in its memory.
"""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tgt_burner import TARGET, TgtBurner

_PATIENCE = 60.0  # seconds
_INITIATOR = "iqn.2024-01.org.filmjacket.tests:guest"
_HANDLERS = Path("/usr/lib/x86_64-linux-gnu/tcmu-runner")
_RUN = Path("/run/tcmu")
_CORE = Path("/sys/kernel/config/target/core/user_0/disc")
_LOOP = Path("/sys/kernel/config/target/loopback/naa.5000000000000001/tpgt_1")


def dvd_plus_r() -> str:
    """Start a burner with a blank DVD+R in it; return the path of its drive."""
    folder = Path("/run/tgt")
    folder.mkdir()
    burner = TgtBurner(folder)
    burner.__enter__()  # It ends with the guest.
    portal = ("-a", "127.0.0.1", "-p", str(burner.port), "-g", "1")
    login = ["iscsistart", "-i", _INITIATOR, "-t", TARGET, *portal]
    return _new_drive(lambda: subprocess.run(login, check=True, stdout=2))


def dvd_ram(blocks: int) -> str:
    """Start a drive with a DVD-RAM of *blocks* of 2048 bytes in it; return its path."""
    handlers = _RUN / "handlers"
    handlers.mkdir(parents=True)
    (handlers / "handler_file_optical.so").symlink_to(_HANDLERS / "handler_file_optical.so")
    image, size = _RUN / "disc.img", blocks * 2048
    with image.open("wb") as file:
        file.truncate(size)
    _CORE.mkdir(parents=True)
    _CORE.joinpath("control").write_text(
        f"dev_config=fbo/{image},dev_size={size},hw_block_size=2048"
    )
    _CORE.joinpath("enable").write_text("1")
    # It asks for a module that is loaded, in an index of modules that is not here.
    configuration = Path("/etc/modprobe.d/target_core_user.conf")
    configuration.parent.mkdir(exist_ok=True)
    configuration.write_text("alias target_core_user target_core_user\n")
    # What is asked of the disc waits for this to come up.
    subprocess.Popen(
        ["tcmu-runner", "--handler-path", str(handlers), "--tcmu-log-dir", str(_RUN)], stdout=2
    )
    _LOOP.mkdir(parents=True)
    _LOOP.joinpath("nexus").write_text("naa.5000000000000002")
    unit = _LOOP / "lun" / "lun_0"
    unit.mkdir()
    return _new_drive(lambda: unit.joinpath("disc").symlink_to(_CORE))


def put_in_again(path: str) -> str:
    """Have the kernel look anew at a drive that does not tell when its disc has grown."""
    device = Path("/sys/block", Path(path).name, "device").resolve()
    (host,) = [Path("/sys/class/scsi_host", part.name) for part in device.parents if _is_host(part)]
    device.joinpath("delete").write_text("1")
    return _new_drive(lambda: host.joinpath("scan").write_text("- - -"))


def _is_host(folder: Path) -> bool:
    return folder.name.startswith("host") and folder.name[4:].isdecimal()


def _drives() -> set[str]:
    return {str(path) for path in Path("/dev").glob("sr[0-9]*")}


def _new_drive(plug: Callable[[], object]) -> str:
    """Return the path of the one drive that comes when *plug* is called."""
    before = _drives()
    plug()
    found: set[str] = until("a drive comes", lambda: _drives() - before)
    return found.pop()


def until(what: str, question: Callable[[], Any]) -> Any:
    """Return what *question* finds, as soon as it finds anything.

    Raises:
        TimeoutError: it does not come that *what*.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = question()
        if found:
            return found
        time.sleep(0.2)
    raise TimeoutError(what)
