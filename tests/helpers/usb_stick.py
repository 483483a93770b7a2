"""A USB stick that is not ours: the mass storage class of PyPI's `usbip`, with faults of ours."""

import errno
import struct
from array import array
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import usb.core
from usb.backend import IBackend
from usbip import SPEED_HIGH, Loopback, Stall, USBDevice, USBError
from usbip.classes.device.msc import MSC
from usbip.core import IN, OUT, Setup, Urb
from usbip.host import Connection

BLOCK = 512
_ACCESS = (0x28, 0x2A)


class Store:
    """What a stick keeps, and how it forgets."""

    def __init__(self, blocks: int, block: int = BLOCK, *, really: int = 0) -> None:
        """Be *blocks* long; only *really* so many are there, and begin again behind these."""
        self.num_blocks, self.block_size = blocks, block
        self._really = really or blocks
        self.content = bytearray(self._really * block)
        self.dull: set[int] = set()  # blocks that do not take what is written

    def _at(self, lba: int) -> slice:
        start = lba % self._really * self.block_size
        return slice(start, start + self.block_size)

    def read(self, lba: int, count: int) -> bytes:
        return b"".join(self.content[self._at(one)] for one in range(lba, lba + count))

    def write(self, lba: int, count: int, data: bytes) -> None:
        for at, one in enumerate(range(lba, lba + count)):
            if one not in self.dull:
                self.content[self._at(one)] = data[at * self.block_size :][: self.block_size]


class FaultyStick(MSC):
    """The class of the package, with commands that fail."""

    def __init__(self, *stores: Store, **more: Any) -> None:
        super().__init__(list(stores), vendor="RIG", product="STICK", **more)
        self.bad: set[int] = set()  # blocks that are neither read nor written
        self.mute: set[int] = set()  # blocks whose commands are not answered
        self.attention: list[tuple[int, int, int]] = []  # sense data that come before all else
        self.unplug_at = 0  # number of the command that it is pulled out at; 0: none
        self.commands: list[int] = []
        self.out = False  # it is pulled out

    def _dispatch(self, lun: int, tag: bytes, length: int, cdb: bytes) -> None:
        self.commands.append(cdb[0])
        if len(self.commands) == self.unplug_at:
            self.out = True
            return
        if self.attention and cdb[0] not in (0x03, 0x12):
            self._fail(lun, tag, length, self.attention.pop(0), "attention")
            return
        if cdb[0] in _ACCESS:
            first, count = self._lba_count(cdb)
            touched = set(range(first, first + count))
            if touched & self.mute:
                return
            if touched & self.bad:
                sense = (3, 0x11 if cdb[0] == 0x28 else 0x0C, 0)
                self._fail(lun, tag, length, sense, "bad")
                if cdb[0] == 0x2A:  # It waits for no data any more.
                    self._write = None
                return
        super()._dispatch(lun, tag, length, cdb)


def plug(stick: FaultyStick, port: str = "1-4") -> "Plugged":
    """Return *stick* as it hangs on a port of the computer."""
    texts = {"manufacturer": "Test\x1b[2J", "product": "Stick", "serial": "T1"}
    device = USBDevice(0x1209, 0x0001, **texts)
    device.set_speed(SPEED_HIGH)
    device.add(stick)
    return Plugged(device, stick, port)


class Plugged:
    """One device on the bus, and the kernel's driver that may sit on it."""

    def __init__(self, device: USBDevice, stick: FaultyStick, port: str) -> None:
        self.stick, self.port = stick, port
        self.kernel = False  # the kernel's own driver has it
        self.claimed = False
        self.log: list[str] = []  # of what was done beside transfers
        self._way = Loopback()
        device.plug(via=self._way)
        self._connection: Connection | None = None
        self.descriptor = self.control(0x80, 6, 0x0100, 0, 18)
        self.configuration = self.control(0x80, 6, 0x0200, 0, 4096)
        self.control(0x00, 9, 1, 0, b"")

    def _submit(self, urb: Urb, timeout: float) -> Urb:
        if self.stick.out:
            raise usb.core.USBError("No such device", -4, errno.ENODEV)
        if self._connection is None:
            self._connection = Connection(self._way.connect())
            self._connection.import_device("1-1")
        self._connection.sock.settimeout(timeout)
        try:
            done = self._connection._submit(urb)
        except TimeoutError as error:
            self._connection.close()
            self._connection = None
            if self.stick.out:
                raise usb.core.USBError("No such device", -4, errno.ENODEV) from error
            raise usb.core.USBTimeoutError("timed out", -7, errno.ETIMEDOUT) from error
        except (OSError, USBError, Stall) as error:
            raise usb.core.USBError("No such device", -4, errno.ENODEV) from error
        if done.status:
            raise usb.core.USBError("Pipe error", -9, errno.EPIPE)
        return done

    def control(self, kind: int, request: int, value: int, index: int, data: Any) -> bytes:
        incoming = bool(kind & 0x80)
        length = data if incoming else len(data)
        setup = Setup(kind, request, value, index, length).pack()
        content = b"" if incoming else bytes(data)
        direction = IN if incoming else OUT
        urb = Urb(direction=direction, ep=0, setup=setup, length=length, buffer=content)
        return bytes(self._submit(urb, 2.0).buffer)

    def send(self, endpoint: int, data: bytes, timeout: float) -> int:
        urb = Urb(direction=OUT, ep=endpoint & 15, length=len(data), buffer=data)
        return int(self._submit(urb, timeout).actual)

    def receive(self, endpoint: int, length: int, timeout: float) -> bytes:
        urb = Urb(direction=IN, ep=endpoint & 15, length=length)
        return bytes(self._submit(urb, timeout).buffer)


class Bus(IBackend):
    """A backend of pyusb whose devices are those that were plugged in."""

    def __init__(self, *plugged: Plugged, permitted: bool = True) -> None:
        super().__init__()
        self.plugged, self.permitted = list(plugged), permitted

    def enumerate_devices(self) -> Iterator[Plugged]:
        yield from (one for one in self.plugged if not one.stick.out)

    def get_device_descriptor(self, dev: Plugged) -> SimpleNamespace:
        bus, _, ports = dev.port.partition("-")
        numbers = tuple(map(int, ports.split(".")))
        return _named(
            "<BBHBBBBHHHBBBB",
            "bLength bDescriptorType bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol "
            "bMaxPacketSize0 idVendor idProduct bcdDevice iManufacturer iProduct iSerialNumber "
            "bNumConfigurations",
            dev.descriptor,
            bus=int(bus),
            address=self.plugged.index(dev) + 2,
            port_number=numbers[-1],
            port_numbers=numbers,
            speed=3,
        )

    def _descriptors(self, dev: Plugged, kind: int) -> list[bytes]:
        blob, at, found = dev.configuration, 0, []
        while at < len(blob):
            if blob[at + 1] == kind:
                found.append(blob[at : at + blob[at]])
            at += blob[at]
        return found

    def get_configuration_descriptor(self, dev: Plugged, config: int) -> SimpleNamespace:
        if config:
            raise IndexError(config)
        return _named(
            "<BBHBBBBB",
            "bLength bDescriptorType wTotalLength bNumInterfaces bConfigurationValue "
            "iConfiguration bmAttributes bMaxPower",
            self._descriptors(dev, 2)[0],
        )

    def get_interface_descriptor(
        self, dev: Plugged, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        if alt or config:
            raise IndexError(alt)
        return _named(
            "<9B",
            "bLength bDescriptorType bInterfaceNumber bAlternateSetting bNumEndpoints "
            "bInterfaceClass bInterfaceSubClass bInterfaceProtocol iInterface",
            self._descriptors(dev, 4)[intf],
        )

    def get_endpoint_descriptor(
        self, dev: Plugged, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        return _named(
            "<BBBBHB",
            "bLength bDescriptorType bEndpointAddress bmAttributes wMaxPacketSize bInterval",
            self._descriptors(dev, 5)[ep][:7],
            bRefresh=0,
            bSynchAddress=0,
        )

    def open_device(self, dev: Plugged) -> Plugged:
        if not self.permitted:
            raise usb.core.USBError("Access denied", -3, errno.EACCES)
        dev.log.append("open")
        return dev

    def close_device(self, dev_handle: Plugged) -> None:
        dev_handle.log.append("close")

    def get_configuration(self, dev_handle: Plugged) -> int:
        return 1

    def set_configuration(self, dev_handle: Plugged, config_value: int) -> None:
        dev_handle.log.append("configure")

    def claim_interface(self, dev_handle: Plugged, intf: int) -> None:
        if dev_handle.kernel or dev_handle.claimed:
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.claimed = True
        dev_handle.log.append("claim")

    def release_interface(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.claimed = False
        dev_handle.log.append("release")

    def is_kernel_driver_active(self, dev_handle: Plugged, intf: int) -> bool:
        return dev_handle.kernel

    def detach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.kernel = False
        dev_handle.log.append("detach")

    def attach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.log.append("attach")
        if dev_handle.claimed:
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.kernel = True

    def bulk_write(
        self, dev_handle: Plugged, ep: int, intf: int, data: "array[int]", timeout: int
    ) -> int:
        return dev_handle.send(ep, data.tobytes(), timeout / 1000)

    def bulk_read(
        self, dev_handle: Plugged, ep: int, intf: int, buff: "array[int]", timeout: int
    ) -> int:
        data = dev_handle.receive(ep, len(buff), timeout / 1000)
        buff[: len(data)] = array("B", data)
        return len(data)

    def ctrl_transfer(
        self,
        dev_handle: Plugged,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        data: "array[int]",
        timeout: int,
    ) -> int:
        if (bmRequestType, bRequest) == (0x21, 0xFF):
            dev_handle.log.append("reset")
        if not bmRequestType & 0x80:
            dev_handle.control(bmRequestType, bRequest, wValue, wIndex, data.tobytes())
            return len(data)
        answer = dev_handle.control(bmRequestType, bRequest, wValue, wIndex, len(data))
        data[: len(answer)] = array("B", answer)
        return len(answer)

    def clear_halt(self, dev_handle: Plugged, ep: int) -> None:
        dev_handle.log.append(f"clear {'in' if ep & 0x80 else 'out'}")
        dev_handle.control(0x02, 1, 0, ep, b"")


def _named(form: str, names: str, data: bytes, **more: Any) -> SimpleNamespace:
    """Return the fields of a descriptor by the names that USB 2.0 9.6 gives them."""
    fields = dict(zip(names.split(), struct.unpack(form, data), strict=True))
    return SimpleNamespace(**fields, **more, extra_descriptors=[])
