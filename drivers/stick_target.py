"""The one way to a stick that may be written: pre-flight stands in it, and nobody passes it by."""

import os
from collections.abc import Callable
from typing import Any

from drivers.block_device import BlockDevice, BlockTarget, CannotOpenDevice
from drivers.discovery import Found, discover, find_device
from drivers.preflight import Demand, insist, not_found
from drivers.transport import printable
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
    _refuse_part(path, found)  # Of one that is in use that is the graver reason.
    target = BlockDevice(found.path, sys=sys)

    def describe() -> Found | None:
        # Anew: whatever had that name before, this is what is open, and what is used of it.
        known = find_device(found.path, sys, proc, dev)
        return known if known and known.number == target.number else None

    return _passed(target, describe, demand, path)


def _refuse_part(path: str, found: Found) -> None:
    """See that a whole device was named: more than somebody meant is not overwritten.

    Raises:
        CannotOpenDevice: it is a partition, by whatever name.
    """
    if os.path.basename(os.path.realpath(path)) in found.partitions:  # noqa: PTH119 (a name alone)
        raise CannotOpenDevice(
            "is a partition", printable(path), f"Name the whole device: {found.path}"
        )


def _usb(path: str, demand: Demand, devices: list[Found], backend: Any) -> BlockTarget:
    disk = open_usb_stick(path, backend=backend, found=devices)
    return _passed(disk, lambda: describe_stick(disk, path), demand, path)


def _passed(
    target: BlockTarget, describe: Callable[[], Found | None], demand: Demand, path: str
) -> BlockTarget:
    """Ask everything again of what is open now; nobody else can take it any more."""
    try:
        found = describe()
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
