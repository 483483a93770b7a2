"""A USB stick behind usbfs, as libusb finds it on Linux, on a machine without any USB.

Run below umockdev-wrapper by a Python that has PyGObject (Debian: /usr/bin/python3):

    umockdev-wrapper /usr/bin/python3 usbfs_stick.py IMAGE FAULTS LOG PROGRAM [WORD...]

umockdev shows PROGRAM a /sys with the stick, and catches the ioctls on its node; the stick itself
is that of `served_stick`, and FAULTS is JSON as it takes it. LOG is a file for what was done to
the stick beside transfers. The exit code is PROGRAM's.

The requests and structures are those of linux/usbdevice_fs.h on 64 bits.
"""

import errno
import json
import os
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402 (the version has to be told first)

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers")]
import usb.core  # noqa: E402 (below, what the line before finds)
from served_stick import stick_on  # noqa: E402
from usb_stick import Plugged, plug  # noqa: E402

_URB = struct.Struct("<BBxxiI4xQii")  # type, endpoint, status, flags, buffer, its length, actual
_URB_SIZE, _STATUS_AT, _BUFFER_AT, _ACTUAL_AT = 56, 4, 16, 28
_CONTROL, _BULK = 2, 3
_SETUP = struct.Struct("<BBHHH")
_NO_SIZE_LIMIT = 0x04  # USBDEVFS_CAP_NO_PACKET_SIZE_LIM: a transfer is one URB
_DISCONNECT = 0x5516
_SHORTLY = 0.2  # seconds; a stick that has not answered by then never does
_DRIVER = b"usb-storage\0"
_FOLDER = "/devices/pci0000:00/0000:00:14.0/usb1"
_NODE = "/dev/bus/usb/001/002"
_HUB = "12010002090001406B1D020001060302010109021900010100E0000904000001090000000705810304000C"


class Refused(Exception):
    """A request ends with an errno."""


class UsbFs:
    """The kernel's side of one node."""

    def __init__(self, plugged: Plugged) -> None:
        self._plugged = plugged
        self._plugged.kernel = True
        self._pending: dict[int, Any] = {}  # address of an URB → itself, its buffer
        self._done: deque[int] = deque()
        self.base = UMockdev.IoctlBase.new()
        self.base.connect("handle-ioctl", self._handle)
        self._requests: dict[int, Callable[[Any], None]] = {
            0x8038550A: self._submit,
            0x0000550B: self._discard,
            0x4008550C: self._reap,
            0x4008550D: self._reap,
            0x8004550F: self._claim,
            0x80045510: self._release,
            0x41045508: self._driver,
            0xC0105512: self._connect,
            0x80045515: self._clear_halt,
            0x8004551A: self._capabilities,
            0x80045505: self._configure,
        }

    def _handle(self, base: Any, client: Any) -> bool:
        request = self._requests.get(client.get_request() & 0xFFFFFFFF)
        number = 0
        if request is None:
            number = errno.ENOTTY
        elif self._plugged.stick.out and request != self._reap:
            number = errno.ENODEV
        else:
            try:
                request(client.get_arg())
            except Refused as refused:
                number = refused.args[0]
        client.complete(-1 if number else 0, number)
        return True

    def _submit(self, arg: Any) -> None:
        (address,) = struct.unpack("<Q", bytes(arg.retrieve()))  # before it leads to the URB
        urb = arg.resolve(0, _URB_SIZE)
        kind, endpoint, _, _, _, length, _ = _URB.unpack(bytes(urb.retrieve())[: _URB.size])
        buffer = urb.resolve(_BUFFER_AT, length) if length else None
        content = bytes(buffer.retrieve()) if buffer else b""
        self._pending[address] = urb
        try:
            data, actual = self._transfer(kind, endpoint, content)
            status = 0
        except usb.core.USBError as error:
            data, actual, status = b"", 0, -int(error.errno or errno.EIO)
        if status == -errno.ETIMEDOUT:
            return  # It stays pending until it is discarded.
        if data:
            buffer.update(0, list(data))
        self._finish(address, status, actual)

    def _transfer(self, kind: int, endpoint: int, content: bytes) -> tuple[bytes, int]:
        """Return what goes into the buffer, and how many bytes were moved."""
        if kind == _CONTROL:
            *setup, length = _SETUP.unpack_from(content)
            if not setup[0] & 0x80:
                self._plugged.control(*setup, content[_SETUP.size :][:length])
                return b"", length
            data = self._plugged.control(*setup, length)
            return content[: _SETUP.size] + data, len(data)
        if kind != _BULK:
            raise Refused(errno.EINVAL)
        if endpoint & 0x80:
            data = self._plugged.receive(endpoint, len(content), _SHORTLY)
            return data, len(data)
        return b"", self._plugged.send(endpoint, content, _SHORTLY)

    def _finish(self, address: int, status: int, actual: int) -> None:
        urb = self._pending[address]
        urb.update(_STATUS_AT, list(struct.pack("<i", status)))
        urb.update(_ACTUAL_AT, list(struct.pack("<i", actual)))
        self._done.append(address)

    def _discard(self, arg: Any) -> None:
        (address,) = struct.unpack("<Q", bytes(arg.retrieve()))
        if address not in self._pending or address in self._done:
            raise Refused(errno.EINVAL)
        self._finish(address, -errno.ENOENT, 0)

    def _reap(self, arg: Any) -> None:
        if not self._done:
            raise Refused(errno.ENODEV if self._plugged.stick.out else errno.EAGAIN)
        arg.resolve(0, 8).set_ptr(0, self._pending.pop(self._done.popleft()))

    def _claim(self, arg: Any) -> None:
        if self._plugged.kernel:
            raise Refused(errno.EBUSY)
        self._plugged.log.append("claim")

    def _release(self, arg: Any) -> None:
        self._plugged.log.append("release")

    def _driver(self, arg: Any) -> None:
        if not self._plugged.kernel:
            raise Refused(errno.ENODATA)
        arg.resolve(0, 260).update(4, list(_DRIVER))

    def _connect(self, arg: Any) -> None:
        _, code, _ = struct.unpack("<iiQ", bytes(arg.resolve(0, 16).retrieve()))
        self._plugged.kernel = code != _DISCONNECT
        self._plugged.log.append("attach" if self._plugged.kernel else "detach")

    def _clear_halt(self, arg: Any) -> None:
        (endpoint,) = struct.unpack("<I", bytes(arg.resolve(0, 4).retrieve()))
        self._plugged.log.append("clear")
        self._plugged.control(0x02, 1, 0, endpoint, b"")

    def _capabilities(self, arg: Any) -> None:
        arg.resolve(0, 4).update(0, list(struct.pack("<I", _NO_SIZE_LIMIT)))

    def _configure(self, arg: Any) -> None:
        self._plugged.log.append("configure")


def tree(descriptors: bytes) -> str:
    """Return /sys with a hub and the stick, in umockdev's words."""
    common = "E: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\nE: BUSNUM=001\nA: busnum=1\nA: speed=480\n"
    common += "A: bConfigurationValue=1\n"
    return (
        f"P: {_FOLDER}\nN: bus/usb/001/001\n{common}E: DEVNUM=001\n"
        f"E: DEVNAME=/dev/bus/usb/001/001\nA: devnum=1\nH: descriptors={_HUB}\n\n"
        f"P: {_FOLDER}/1-1\nN: bus/usb/001/002\n{common}E: DEVNUM=002\nE: DEVNAME={_NODE}\n"
        f"A: devnum=2\nA: idVendor=1209\nA: idProduct=0001\n"
        f"H: descriptors={descriptors.hex().upper()}\n"
    )


def main(image: Path, faults: str, log: Path, program: list[str]) -> int:
    """Run *program* with the stick plugged in; return its exit code."""
    plugged = plug(stick_on(image, json.loads(faults)))
    bed = UMockdev.Testbed.new()
    bed.add_from_string(tree(plugged.descriptor + plugged.configuration))
    usbfs = UsbFs(plugged)
    bed.attach_ioctl(_NODE, usbfs.base)
    code = subprocess.run(program, check=False).returncode
    log.write_text(json.dumps(plugged.log))
    return code


if __name__ == "__main__":
    code = main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    sys.stdout.flush()
    os._exit(code)  # past the threads of umockdev
