"""USB sticks and drives that are reached without the kernel, and the way to open one."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from drivers.discovery import Found, discover
from drivers.preflight import Demand, Refused, preflight
from drivers.scsi_disk import ScsiDisk
from drivers.transport import Transport, printable
from drivers.usb.bulk_only import BulkOnly
from drivers.usb.pipes import CannotOpenUsb, Interface, UsbPipes, bulk_only_interface
from reporting import CannotWrite, NotSupported

PREFIX: Final = "usb:"
_NEVER: Final = frozenset(("system-disk", "mounted", "in-use"))


class UsbDevice(NamedTuple):
    """One USB device that takes SCSI commands."""

    name: str  # as it is opened: "usb:1-4.2", bus and ports as Linux writes them
    vendor_id: int
    product_id: int
    vendor: str  # printable, "" where it may not be asked
    model: str
    serial: str

    @property
    def bus(self) -> str:
        """Return what `drivers.discovery` calls its place."""
        return self.name.replace(":", " ", 1)


def find_usb(backend: Any = None) -> list[UsbDevice]:
    """Return all devices that speak Bulk-Only Transport; nothing is taken from the kernel.

    Args:
        backend: of pyusb, instead of libusb.

    Raises:
        NotSupported: there is no libusb.
    """
    return [_described(device, name) for device, _, name in _devices(backend)]


def open_usb(
    name: str, *, lun: int = 0, backend: Any = None, found: Iterable[Found] | None = None
) -> Transport:
    """Take a device from the kernel, and return the way to one of its units.

    Args:
        name: such as "usb:1-4".
        lun: number of the unit; card readers have one for each slot.
        backend: of pyusb, instead of libusb.
        found: what the kernel has, where that is known already.

    Raises:
        Refused: the kernel uses the device: it is mounted, or the system is on it.
        CannotOpenUsb: it is in use, or not for this user. CannotWrite: there is no such device.
        NotSupported: there is no libusb.
    """
    _insist_unused(name, discover() if found is None else found)
    for device, interface, here in _devices(backend):
        if here == name:
            return _opened(device, interface, name, lun)
    raise CannotWrite(
        "there is no such USB device",
        printable(name),
        "Plug it in; jacket drives lists what is there",
    )


def open_usb_stick(
    name: str, *, lun: int = 0, backend: Any = None, found: Iterable[Found] | None = None
) -> ScsiDisk:
    """Open a stick; what it is given and raises is as for `open_usb`, and as for `ScsiDisk`."""
    transport = open_usb(name, lun=lun, backend=backend, found=found)
    try:
        return ScsiDisk(transport)
    except BaseException:
        transport.close()
        raise


def describe_stick(disk: ScsiDisk, name: str) -> Found:
    """Return what pre-flight asks of a stick that is open."""
    told = disk.inquiry
    return Found(
        path=name,
        kind="stick",
        vendor=told.vendor,
        model=told.product,
        serial="",
        size=disk.size,
        removable=True,
        read_only=disk.read_only,
        bus=name.replace(":", " ", 1),
    )


def _opened(device: Any, interface: Interface, name: str, lun: int) -> Transport:
    pipes = UsbPipes(device, interface, printable(name.replace(":", " ", 1)))
    try:
        highest = pipes.max_lun()
        if lun > highest:
            raise CannotOpenUsb(
                f"has no unit {lun}; its last one is {highest}", pipes.name, "Name another unit"
            )
        return BulkOnly(pipes, lun)
    except BaseException:
        pipes.close()
        raise


def _insist_unused(name: str, found: Iterable[Found]) -> None:
    """Let the kernel keep what it uses: a file system would go on in a device that is gone."""
    bus = name.replace(":", " ", 1)
    for one in found:
        if one.bus == bus:
            refusals = preflight(one, Demand(0, "stick"))
            refusals = [refusal for refusal in refusals if refusal.id in _NEVER]
            if refusals:
                raise Refused(refusals)


def _devices(backend: Any) -> Iterator[tuple[Any, Interface, str]]:
    import usb.core

    backend = backend or _libusb()
    for device in usb.core.find(find_all=True, backend=backend):
        ports = getattr(device, "port_numbers", None)
        if not ports:  # a hub of the computer itself
            continue
        try:
            interface = bulk_only_interface(device)
        except usb.core.USBError:  # Unplugged this very moment, or too broken to be told.
            continue
        if interface:
            yield device, interface, f"{PREFIX}{device.bus}-{'.'.join(map(str, ports))}"


def _libusb() -> Any:
    """Return the system's libusb, or the one that came with us."""
    import usb.backend.libusb1

    backend = usb.backend.libusb1.get_backend()
    if backend is None:
        try:
            import libusb_package
        except ImportError:
            pass
        else:
            backend = libusb_package.get_libusb1_backend()
    if backend is None:
        raise NotSupported(
            "USB devices are reached by libusb, and it is not installed",
            "this computer",
            "Install libusb 1.0 (Debian: libusb-1.0-0)",
        )
    return backend


def _described(device: Any, name: str) -> UsbDevice:
    import usb.util

    texts = (device.iManufacturer, device.iProduct, device.iSerialNumber)
    vendor, model, serial = (_text(device, index) for index in texts)
    usb.util.dispose_resources(device)
    return UsbDevice(name, device.idVendor, device.idProduct, vendor, model, serial)


def _text(device: Any, index: int) -> str:
    import usb.core
    import usb.util

    try:
        return printable(usb.util.get_string(device, index) or "") if index else ""
    except (usb.core.USBError, ValueError, NotImplementedError):  # It may not be asked.
        return ""
