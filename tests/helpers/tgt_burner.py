"""A DVD+R burner that is not ours: tgt, in user space, for nobody but this machine."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from iscsi_transport import IscsiTransport, libiscsi

from drivers.closing import ClosesItself

TARGET = "iqn.2024-01.org.filmjacket.tests:dvd"
_TOOLS = ("tgtd", "tgtadm", "tgtimg")
_READY = 10.0  # seconds


def what_is_missing() -> str | None:
    """Return what hinders a burner from being started."""
    missing = [tool for tool in _TOOLS if _tool(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: tgt)"
    if libiscsi() is None:
        return "libiscsi.so.7 is not installed (Debian: libiscsi7)"
    return None if os.geteuid() == 0 else "tgtd runs as root only"


def _tool(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


class TgtBurner(ClosesItself):
    """One drive with a blank DVD+R in it; a context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.image = folder / "disc.img"
        self.port = _free_port()
        self._control = 100 + self.port % 30_000

    def __enter__(self) -> Self:
        self._blank()
        # Where its port is taken tgtd would listen everywhere: the port was free just now.
        with (self._folder / "tgtd.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(_tool("tgtd")),
                    *("-f", "-C", str(self._control), "--iscsi", f"portal=127.0.0.1:{self.port}"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._until_ready()
            self._admin("new", "target", "--tid", "1", "-T", TARGET)
            self._admin(
                *("new", "logicalunit", "--tid", "1", "--lun", "1", "--device-type", "cd"),
                *("-b", str(self.image)),
            )
            self._admin("bind", "target", "--tid", "1", "-I", "127.0.0.1")
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        self._process.kill()  # while it has targets it heeds no other signal
        self._process.wait()

    def transport(self) -> IscsiTransport:
        return IscsiTransport(self.port, TARGET, 1)

    def load_blank(self) -> None:
        """Put another disc in; this burner does not say so to anybody."""
        self._admin(*("update", "logicalunit", "--tid", "1", "--lun", "1", "--params", "online=No"))
        self._blank()
        self._admin(
            *("update", "logicalunit", "--tid", "1", "--lun", "1"),
            *("--params", f"path={self.image}"),
        )

    def stop(self) -> None:
        """Let it answer nothing more, as a drive that hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def unplug(self) -> None:
        self.close()

    def _blank(self) -> None:
        self.image.unlink(missing_ok=True)
        words = ("--op", "new", "--device-type", "cd", "--type", "dvd+r")
        subprocess.run(
            [str(_tool("tgtimg")), *words, "--file", str(self.image)],
            check=True,
            capture_output=True,
        )

    def _admin(self, deed: str, mode: str, *words: str) -> None:
        subprocess.run(
            [
                *(str(_tool("tgtadm")), "-C", str(self._control), "--lld", "iscsi"),
                *("--op", deed, "--mode", mode, *words),
            ],
            check=True,
            capture_output=True,
        )

    def _until_ready(self) -> None:
        deadline = time.monotonic() + _READY
        while True:
            assert self._process.poll() is None, (self._folder / "tgtd.log").read_text()
            try:
                self._admin("show", "target")
                return
            except subprocess.CalledProcessError:
                assert time.monotonic() < deadline, "tgtd does not get ready"
                time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
