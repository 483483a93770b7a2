"""A stick that another process serves by USB/IP, as pyusb sees it through a backend of ours."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from usb_stick import Bus, Plugged
from usbip.transport import USBIP

_SERVER = Path(__file__).resolve().parents[1] / "rigs" / "usbip_stick.py"


class Prompt(USBIP):
    """A way whose small packets do not wait for one another."""

    def connect(self) -> socket.socket:
        way: socket.socket = super().connect()
        way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return way


class Attached(Plugged):
    """The device at the other end of a connection."""

    def __init__(self, port: int) -> None:
        # Not as its parent does: there is no device in this process.
        self.stick: Any = SimpleNamespace(out=False)
        self.port, self.kernel, self.claimed = "1-1", True, False
        self.log: list[str] = []
        self._way: Any = Prompt("127.0.0.1", port)
        self._connection = None
        self.descriptor = self.control(0x80, 6, 0x0100, 0, 18)
        self.configuration = self.control(0x80, 6, 0x0200, 0, 4096)
        self.control(0x00, 9, 1, 0, b"")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


@contextlib.contextmanager
def bus_with(image: Path, faults: dict[str, Any]) -> Iterator[Bus]:
    """Yield a backend of pyusb with the stick of tests/rigs/usbip_stick.py on it."""
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, str(_SERVER), str(image), str(port), json.dumps(faults)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with server:  # Its input ends with this, and it with its input.
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        with contextlib.closing(Attached(port)) as device:
            yield Bus(device)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
