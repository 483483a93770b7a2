"""The pipes of a real USB device, by pyusb. The kernel's own driver is sent away and called back.

pyusb and libusb are loaded where they are needed: who burns discs needs neither.
"""

import errno
import weakref
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from drivers.transport import DeviceGone, TimedOut, TransportFailed
from drivers.usb.bulk_only import Bytes, stalled
from reporting import FilmjacketError

MASS_STORAGE: Final = 0x08  # bInterfaceClass (USB MSC overview 1.4, 2)
SCSI: Final = 0x06  # bInterfaceSubClass: transparent command set
BULK_ONLY: Final = 0x50  # bInterfaceProtocol
_RESET: Final = (0x21, 0xFF)  # to the interface, of its class (BOT 3.1)
_GET_MAX_LUN: Final = (0xA1, 0xFE)  # BOT 3.2
_CONTROL_TIMEOUT: Final = 5.0  # seconds (USB 2.0 9.2.6.1)
_MOST_UNITS: Final = 16

_AGAIN: Final = "Start again; use another port or another device if it happens again"
_PLUG_IN: Final = "Plug it in again, then start again"
_PERMIT: Final = "Give the user the right to use USB devices (a udev rule), or start as root"
_CLOSE: Final = "Unmount the device and close other programs that use it"


class CannotOpenUsb(FilmjacketError):
    """A USB device does not open."""


class _Failure(NamedTuple):
    error: type[FilmjacketError]
    what: str
    remedy: str


_GONE: Final = _Failure(DeviceGone, "the device is not there any more", _PLUG_IN)
_LOST: Final = _Failure(TransportFailed, "the way to the device failed", _AGAIN)
_FAILURES: Final = {
    errno.ENODEV: _GONE,
    errno.ENOENT: _GONE,
    errno.ESHUTDOWN: _GONE,
    errno.ETIMEDOUT: _Failure(
        TimedOut, "the device does not answer", "Unplug the device and plug it in, then start again"
    ),
    errno.EOVERFLOW: _Failure(TransportFailed, "the device sent more than was asked for", _AGAIN),
}
_NOT_OPENED: Final = {
    errno.EACCES: _Failure(CannotOpenUsb, "may not be used by this user", _PERMIT),
    errno.EPERM: _Failure(CannotOpenUsb, "may not be used by this user", _PERMIT),
    errno.EBUSY: _Failure(CannotOpenUsb, "is in use by another program", _CLOSE),
}


class Interface(NamedTuple):
    """Where a device speaks Bulk-Only Transport."""

    configuration: int
    number: int
    alternate: int
    alternates: int  # how many settings the interface has
    incoming: int  # addresses of the bulk endpoints
    outgoing: int


def bulk_only_interface(device: Any) -> Interface | None:
    """Return the first interface of a pyusb *device* that takes SCSI commands; None: it has none.

    Raises:
        UsbError of pyusb.
    """
    for configuration in device:
        for interface in configuration:
            kind = (interface.bInterfaceClass, interface.bInterfaceSubClass)
            if kind != (MASS_STORAGE, SCSI) or interface.bInterfaceProtocol != BULK_ONLY:
                continue
            ends = [end.bEndpointAddress for end in interface if end.bmAttributes & 3 == 2]
            incoming = [end for end in ends if end & 0x80]
            outgoing = [end for end in ends if not end & 0x80]
            if incoming and outgoing:
                number = interface.bInterfaceNumber
                alternates = sum(1 for one in configuration if one.bInterfaceNumber == number)
                return Interface(
                    configuration.bConfigurationValue,
                    number,
                    interface.bAlternateSetting,
                    alternates,
                    incoming[0],
                    outgoing[0],
                )
    return None


class UsbPipes:
    """A claimed device; close it. It goes back to the kernel even where that is forgotten."""

    def __init__(self, device: Any, interface: Interface, name: str) -> None:
        """Claim *interface* of a pyusb *device*.

        Raises:
            CannotOpenUsb: it is in use, or not for this user.
            TransportFailed: it does not take the claim.
        """
        self.name = name
        self._device, self._interface = device, interface
        held = _Held(device, interface.number)
        self._give_back = weakref.finalize(self, held.give_back)
        try:
            with _translated(name, _NOT_OPENED):
                _claim(device, interface, held)
        except BaseException:
            self._give_back()
            raise

    def send(self, data: Bytes, timeout: float) -> int:
        """As `drivers.usb.bulk_only.Pipes` says, as do the others."""
        with _translated(self.name):
            sent = self._device.write(self._interface.outgoing, bytes(data), _milliseconds(timeout))
        return int(sent)

    def receive(self, length: int, timeout: float) -> bytes:
        buffer = array("B", bytes(length))  # keeps what came before a halt, uncounted
        with _translated(self.name, received=buffer):
            count = self._device.read(self._interface.incoming, buffer, _milliseconds(timeout))
        return buffer[:count].tobytes()

    def clear_halt(self, *, incoming: bool) -> None:
        with _translated(self.name):
            self._device.clear_halt(
                self._interface.incoming if incoming else self._interface.outgoing
            )

    def reset(self) -> None:
        with _translated(self.name):
            self._control(_RESET, None)

    def max_lun(self) -> int:
        try:
            with _translated(self.name):
                (highest,) = self._control(_GET_MAX_LUN, 1)
        except (DeviceGone, TimedOut):
            raise
        except (TransportFailed, ValueError):  # Refusing means one unit (BOT 3.2).
            return 0
        return int(highest) if highest < _MOST_UNITS else 0

    def close(self) -> None:
        """Give the device back. Closing twice does no harm."""
        self._give_back()

    def _control(self, request: tuple[int, int], answer: int | None) -> Any:
        number = self._interface.number
        return self._device.ctrl_transfer(
            *request, 0, number, answer, _milliseconds(_CONTROL_TIMEOUT)
        )


class _Held:
    """What has been taken of a device so far."""

    def __init__(self, device: Any, number: int) -> None:
        self.device, self.number = device, number
        self.detached = self.claimed = False

    def give_back(self) -> None:
        """Undo all of it, each step whatever became of the one before."""
        import usb.core
        import usb.util

        failures = (usb.core.USBError, NotImplementedError)
        try:
            if self.claimed:
                with suppress(*failures):
                    usb.util.release_interface(self.device, self.number)
        finally:
            try:
                if self.detached:
                    with suppress(*failures):
                        self.device.attach_kernel_driver(self.number)
            finally:
                with suppress(*failures):
                    usb.util.dispose_resources(self.device)


def _claim(device: Any, interface: Interface, held: _Held) -> None:
    import usb.core
    import usb.util

    try:
        active = device.is_kernel_driver_active(interface.number)
    except NotImplementedError:  # Other systems have nothing to be sent away.
        active = False
    if active:
        held.detached = True  # before it is: an interruption must not come between
        device.detach_kernel_driver(interface.number)
    try:
        device.get_active_configuration()
    except usb.core.USBError:  # It was never configured.
        device.set_configuration(interface.configuration)
    held.claimed = True
    usb.util.claim_interface(device, interface.number)
    if interface.alternates > 1:  # The kernel may have chosen another protocol (UAS).
        device.set_interface_altsetting(interface.number, interface.alternate)


def _milliseconds(seconds: float) -> int:
    return max(int(seconds * 1000), 1)  # 0 would mean for ever


@contextmanager
def _translated(
    name: str,
    failures: dict[int, _Failure] | None = None,
    received: "array[int] | None" = None,
) -> Iterator[None]:
    import usb.core

    try:
        yield
    except usb.core.USBError as error:
        number = error.errno or 0
        if number == errno.EPIPE:
            raise stalled(name, received.tobytes() if received is not None else b"") from error
        row = (failures or {}).get(number) or _FAILURES.get(number, _LOST)
        why = f" ({error.strerror})" if row is _LOST and error.strerror else ""
        raise row.error(row.what + why, name, row.remedy) from error
