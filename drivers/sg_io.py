"""SCSI commands through the SG_IO request of Linux: /dev/sr0, /dev/sg1 (scsi/sg.h, version 3)."""

import ctypes
import errno
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from drivers.closing import ClosesItself
from drivers.transport import (
    BUSY,
    CHECK_CONDITION,
    Answer,
    DeviceGone,
    TimedOut,
    TransportFailed,
    printable,
)
from reporting import FilmjacketError, NotSupported

_SG_IO: Final = 0x2285
_NONE, _TO_DEVICE, _FROM_DEVICE = -1, -2, -3  # SG_DXFER_…
_SENSE: Final = 64  # bytes of sense data that are taken
_LARGEST: Final = 64 << 10  # bytes; what every host adapter and bridge carries
_SMALLEST: Final = 32 << 10
_DRIVER_SENSE: Final = 0x08  # driver_status: sense data are there (linux/scsi/scsi.h)
_DRIVER_TIMEOUT: Final = 0x06


class CannotOpen(FilmjacketError):
    """A device does not open."""


class _Header(ctypes.Structure):
    """The struct sg_io_hdr of scsi/sg.h."""

    _fields_ = (
        ("interface_id", ctypes.c_int),
        ("dxfer_direction", ctypes.c_int),
        ("cmd_len", ctypes.c_ubyte),
        ("mx_sb_len", ctypes.c_ubyte),
        ("iovec_count", ctypes.c_ushort),
        ("dxfer_len", ctypes.c_uint),
        ("dxferp", ctypes.c_void_p),
        ("cmdp", ctypes.c_void_p),
        ("sbp", ctypes.c_void_p),
        ("timeout", ctypes.c_uint),  # milliseconds
        ("flags", ctypes.c_uint),
        ("pack_id", ctypes.c_int),
        ("usr_ptr", ctypes.c_void_p),
        ("status", ctypes.c_ubyte),
        ("masked_status", ctypes.c_ubyte),
        ("msg_status", ctypes.c_ubyte),
        ("sb_len_wr", ctypes.c_ubyte),
        ("host_status", ctypes.c_ushort),
        ("driver_status", ctypes.c_ushort),
        ("resid", ctypes.c_int),
        ("duration", ctypes.c_uint),
        ("info", ctypes.c_uint),
    )


class _Failure(NamedTuple):
    """What a status of the way to the device means."""

    error: type[TransportFailed]
    what: str
    remedy: str


_AGAIN: Final = "Start again; use another cable or port if it happens again"
_GONE: Final = _Failure(
    DeviceGone, "the device is not there any more", "Plug it in again and switch it on"
)
_LATE: Final = _Failure(
    TimedOut, "the device does not answer", "Switch the device off and on, then start again"
)
_LOST: Final = _Failure(TransportFailed, "the way to the device failed", _AGAIN)
_RESET: Final = _Failure(TransportFailed, "the device was reset meanwhile", _AGAIN)
# DID_… of linux/scsi/scsi_status.h; 2 (DID_BUS_BUSY) and 0Ch (DID_REQUEUE) are tried again.
_HOST: Final = {0x01: _GONE, 0x03: _LATE, 0x04: _GONE, 0x08: _RESET, 0x0F: _GONE, 0x11: _GONE}
_HOST_BUSY: Final = frozenset((0x02, 0x0C))
_ERRNO: Final = {
    errno.ENODEV: _GONE,
    errno.ENXIO: _GONE,
    errno.ENOENT: _GONE,
    errno.ESHUTDOWN: _GONE,
    errno.ETIMEDOUT: _LATE,
    errno.EPERM: _Failure(
        TransportFailed,
        "the system does not let this command through",
        "Give the user the group that owns the device (often cdrom), or start as root",
    ),
}
_NOT_OPENED: Final = {
    errno.EBUSY: (
        "is mounted, or in use by another program",
        "Unmount the medium and close other programs that burn or play discs",
    ),
    errno.EACCES: (
        "may not be used by this user",
        "Give the user the group that owns the device (often cdrom)",
    ),
    errno.ENOENT: ("is not there", "Check the name; jacket drives lists what is there"),
    errno.ENXIO: ("is not there", "Plug the drive in; jacket drives lists what is there"),
    errno.ENODEV: ("is not there", "Plug the drive in; jacket drives lists what is there"),
}
_NOT_OPENED[errno.EPERM] = _NOT_OPENED[errno.EACCES]
_NOT_OPENED[errno.EROFS] = ("is read-only for this user", _NOT_OPENED[errno.EACCES][1])

Ioctl = Callable[[int, int, Any], int]


class SgIo(ClosesItself):
    """A device node that takes SG_IO; close it or use it as a context. It is ours alone.

    Data go through one buffer of whole pages, which the kernel hands to the device as it is. One
    command at a time: an object belongs to one thread.
    """

    def __init__(self, path: str | Path, *, ioctl: Ioctl | None = None, sys: str = "/sys") -> None:
        """Open *path*.

        Args:
            path: of the node, such as /dev/sr0.
            ioctl: instead of the system's own.
            sys: where the kernel tells about its devices.

        Raises:
            CannotOpen: it is not there, in use, or not for this user.
            NotSupported: this is no Linux.
        """
        self.name = printable(str(path))
        self._ioctl = ioctl or _system_ioctl(self.name)
        node = _block_node(str(path), Path(sys))
        self.largest = _largest(node, Path(sys))
        self._fd = _open(node, self.name)
        self._buffer = mmap.mmap(-1, self.largest)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._buffer))
        self._sense = ctypes.create_string_buffer(_SENSE)

    def execute(
        self,
        cdb: bytes,
        *,
        data_out: bytes | memoryview = b"",
        length: int = 0,
        timeout: float = 30.0,
    ) -> Answer:
        """Carry out one command; as `drivers.transport.Transport` says."""
        size = len(data_out) or length
        if size > self.largest:
            raise ValueError(f"{size} bytes in one command of {self.name}")
        if self._fd < 0:  # It was lent, and did not come back.
            raise self._failed(_LOST, "it is not open")
        if data_out:
            self._buffer[:size] = data_out
        else:  # What a device claims to have sent must not be what went to it before.
            ctypes.memset(self._address, 0, size)
        command = ctypes.create_string_buffer(cdb, len(cdb))
        direction = _TO_DEVICE if data_out else _FROM_DEVICE if length else _NONE
        header = _Header(
            interface_id=ord("S"),
            dxfer_direction=direction,
            cmd_len=len(cdb),
            mx_sb_len=_SENSE,
            dxfer_len=size,
            dxferp=self._address if size else None,
            cmdp=ctypes.addressof(command),
            sbp=ctypes.addressof(self._sense),
            timeout=max(int(timeout * 1000), 1),
        )
        try:
            self._ioctl(self._fd, _SG_IO, header)
        except OSError as error:
            raise self._failed(_ERRNO.get(error.errno or 0, _LOST), error.strerror) from error
        return self._answer(header, length)

    def _answer(self, header: _Header, length: int) -> Answer:
        sense = self._sense.raw[: header.sb_len_wr]
        residual = min(max(header.resid, 0), header.dxfer_len)
        status = header.status & 0x3E  # the other bits are reserved (SAM-5 5.3.1)
        if header.host_status in _HOST_BUSY:
            return Answer(BUSY, b"", b"", residual)
        if header.host_status:
            raise self._failed(
                _HOST.get(header.host_status, _LOST), f"host status {header.host_status:02X}h"
            )
        driver = header.driver_status & 0x0F
        if driver == _DRIVER_TIMEOUT:
            raise self._failed(_LATE, "driver status 06h")
        if driver not in (0, _DRIVER_SENSE) and not status:
            raise self._failed(_LOST, f"driver status {driver:02X}h")
        if driver == _DRIVER_SENSE and sense and not status:
            status = CHECK_CONDITION
        data = self._buffer[: length - residual] if length else b""
        return Answer(status, data, sense if status else b"", residual)

    def _failed(self, failure: _Failure, why: str | None) -> TransportFailed:
        detail = f" ({why})" if why else ""
        return failure.error(f"{failure.what}{detail}", self.name, failure.remedy)

    def close(self) -> None:
        """Give the device back. Closing twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _system_ioctl(name: str) -> Ioctl:
    try:
        from fcntl import ioctl
    except ImportError as error:
        raise NotSupported(
            "drives are written to on Linux only",
            name,
            "Make an image (jacket author) and burn it with a program of this system",
        ) from error
    return ioctl


def _open(path: str, name: str) -> int:
    # Not blocking: the drive opens with no medium in it, too. Exclusive: not while it is mounted.
    flags = os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, flags)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        number = getattr(error, "errno", None) or 0
        what, remedy = _NOT_OPENED.get(
            number, (f"cannot be opened ({error})", "Check the name and the drive")
        )
        raise CannotOpen(what, name, remedy) from error


def _block_node(path: str, sys: Path) -> str:
    """Return the block device that is the same drive as a node such as /dev/sg1.

    Only a block device is refused while it is mounted.
    """
    real = os.path.realpath(path) if "\0" not in path else path
    same = sys / "class" / "scsi_generic" / Path(real).name / "device" / "block"
    try:
        names = sorted(found.name for found in same.iterdir())
    except (OSError, ValueError):  # It is one, or there is none.
        return path
    return str(Path(real).with_name(names[0])) if names else path


def _largest(node: str, sys: Path) -> int:
    """Return how many bytes one command may move on the way to this device."""
    try:
        told = sys / "block" / Path(os.path.realpath(node)).name / "queue" / "max_sectors_kb"
        largest = int(told.read_text()) << 10
    except (OSError, ValueError):  # Other systems have no /sys.
        return _LARGEST
    return min(max(largest, _SMALLEST), _LARGEST)
