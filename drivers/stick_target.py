"""The one way to a stick that may be written: pre-flight stands in it, and nobody passes it by."""

from typing import Any

from drivers.block_device import BlockDevice, BlockTarget
from drivers.discovery import Found, discover, find_device
from drivers.preflight import Demand, insist, not_found
from drivers.usb.find import PREFIX, describe_stick, open_usb_stick
from drivers.write_stick import is_blank


def open_stick(
    path: str,
    demand: Demand,
    *,
    sys: str = "/sys",
    proc: str = "/proc",
    dev: str = "/dev",
    backend: Any = None,
) -> BlockTarget:
    """Open a stick for writing, when nothing speaks against it. Nothing is written.

    Args:
        path: of the whole device, such as /dev/sdb, or "usb:1-4" for one past the kernel.
        demand: what is to be written, and what the operator takes on.
        sys: where the kernel tells about its devices, as are *proc* and *dev*.
        proc: see *sys*.
        dev: see *sys*.
        backend: of pyusb, instead of libusb.

    Raises:
        Refused: something does speak against it.
        CannotWrite: there is no such device.
        CannotOpenDevice, CannotOpenUsb: it is in use, or not for this user.
        NotSupported: this is no Linux, or there is no libusb.
        CommandFailed, TransportFailed, CannotRead: the stick fails.
    """
    if path.startswith(PREFIX):
        return _usb(path, demand, discover(sys, proc, dev), backend)
    found = find_device(path, sys, proc, dev)
    if not found:
        raise not_found(path)
    # What can be known without opening it, first; a look at its beginning may lift "not-blank".
    insist(found._replace(blank=True), demand)
    target = BlockDevice(found.path, sys=sys)
    return _passed(target, found if found.number == target.number else None, demand, path)


def _usb(path: str, demand: Demand, devices: list[Found], backend: Any) -> BlockTarget:
    disk = open_usb_stick(path, backend=backend, found=devices)
    return _passed(disk, describe_stick(disk, path), demand, path)


def _passed(target: BlockTarget, found: Found | None, demand: Demand, path: str) -> BlockTarget:
    """Ask everything again of what is open now; nobody else can take it any more."""
    try:
        if not found:  # The name has gone over to another device meanwhile.
            raise not_found(path)
        known = found._replace(size=target.size, read_only=target.read_only)
        if "not-blank" not in demand.skip:
            known = known._replace(blank=is_blank(target))
        insist(known, demand)
    except BaseException:
        target.close()
        raise
    return target
