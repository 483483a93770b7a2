"""Whole block devices of Linux, such as a stick at /dev/sdb: written directly, read past caches."""

import errno
import os
import stat
import sys as system
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol, Self

from drivers.closing import ClosesItself
from drivers.direct_file import DirectFile
from drivers.transport import DeviceGone, printable
from reporting import CannotRead, CannotWrite, FilmjacketError, NotSupported

_BLKROGET: Final = 0x125E  # linux/fs.h
_BLKFLSBUF: Final = 0x1261
_BLKSSZGET: Final = 0x1268
_BLKGETSIZE64: Final = 0x80081272
_GONE: Final = frozenset((errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN))
_BUSY: Final = (
    "is mounted, or in use by another program",
    "Unmount the device and close other programs that use it",
)
_FORBIDDEN: Final = (
    "may not be written by this user",
    "Give the user the group that owns the device (often disk), or start as root",
)
_PROTECTED: Final = (
    "is write-protected",
    "Move the switch on the stick or its card, or use another one",
)
_ABSENT: Final = ("is not there", "Plug it in; jacket drives lists what is there")
_NOT_OPENED: Final = {
    errno.EBUSY: _BUSY,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _PROTECTED,
    errno.ENOENT: _ABSENT,
    errno.ENXIO: _ABSENT,
    errno.ENODEV: _ABSENT,
    errno.ENOMEDIUM: ("has no medium in it", "Insert a card"),
}

Ioctl = Callable[[int, int, Any], Any]


class BlockTarget(Protocol):
    """What a stick is to those who write it. All methods raise FilmjacketError."""

    @property
    def name(self) -> str:
        """Return what messages call it; printable."""

    @property
    def size(self) -> int:
        """Return its length in bytes."""

    @property
    def block(self) -> int:
        """Return the length of a block in bytes; writes are whole ones."""

    @property
    def read_only(self) -> bool:
        """Return whether it refuses to be written."""

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        """Write whole blocks from byte *offset* on."""

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on, from the device itself."""

    def flush(self) -> None:
        """Return when all that was written is on the device."""

    def close(self) -> None: ...


class CannotOpenDevice(FilmjacketError):
    """A block device does not open."""


class ReadFailed(CannotRead):
    """Some of the *length* bytes from byte *offset* on cannot be read."""

    def __init__(self, what: str, where: str, remedy: str, offset: int, length: int) -> None:
        super().__init__(what, where, remedy)
        self.offset, self.length = offset, length

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str, int, int]]:
        return type(self), (self.what, self.where, self.remedy, self.offset, self.length)


class BlockDevice(ClosesItself):
    """A whole device that nobody else has in use; close it or use it as a context."""

    def __init__(
        self,
        path: str | Path,
        *,
        writable: bool = True,
        sys: str = "/sys",
        ioctl: Ioctl | None = None,
    ) -> None:
        """Open *path*, which is not mounted nor used by anything in the kernel.

        Args:
            path: of its node.
            writable: for writing, too.
            sys: where the kernel tells about its devices.
            ioctl: instead of the system's own.

        Raises:
            CannotOpenDevice: it is not there, in use, not for this user, or is no whole device.
            NotSupported: this is no Linux.
        """
        self.name = printable(str(path))
        self._ioctl = ioctl or _system_ioctl(self.name)
        self._fd = _open(path, self.name, writable)
        try:
            self.number = _whole_device(self._fd, self.name, Path(sys))  # such as "8:16"
            self.size = self._ask(_BLKGETSIZE64, 8)  # bytes
            self.block = self._ask(_BLKSSZGET, 4)  # bytes
            self.read_only = bool(self._ask(_BLKROGET, 4))
            if writable and self.read_only:
                raise CannotOpenDevice(_PROTECTED[0], self.name, _PROTECTED[1])
            self._drop_cache()
            self._file = DirectFile(self._fd, self.block)
        except BaseException:
            os.close(self._fd)
            raise

    def pread(self, length: int, offset: int) -> bytes:
        """As `BlockTarget` says, as do the others.

        Raises:
            ReadFailed: the medium is damaged there. DeviceGone: it was unplugged.
            CannotRead: some of it is beyond the end.
        """
        if length < 0 or offset < 0 or offset + length > self.size:
            raise CannotRead(
                f"{length} bytes at byte {offset} are beyond its end at {self.size}",
                self.name,
                "Use a larger stick",
            )
        try:
            data = self._file.read(length, offset)
        except OSError as error:
            raise self._read_failed(str(error.strerror), error.errno, offset, length) from error
        if len(data) != length:
            raise self._read_failed("ends too early", errno.EIO, offset, length)
        return data

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        """Write, and know of failures at once.

        Raises:
            CannotWrite: the medium takes no more there. DeviceGone: it was unplugged.
        """
        if offset % self.block or len(data) % self.block:
            raise ValueError(f"{len(data)} bytes at byte {offset} are not whole blocks")
        if offset < 0 or offset + len(data) > self.size:
            raise CannotWrite(
                f"{len(data)} bytes at byte {offset} are beyond its end at {self.size}",
                self.name,
                "Use a larger stick",
            )
        try:
            self._file.write(data, offset)
        except OSError as error:
            raise self._write_failed(f"byte {offset}", error) from error

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            raise self._write_failed("its cache", error) from error

    def close(self) -> None:
        """Give the device back. Closing twice does no harm."""
        self._file.close()

    def _ask(self, request: int, length: int) -> int:
        answer = bytearray(length)
        try:
            self._ioctl(self._fd, request, answer)
        except OSError as error:
            raise CannotOpenDevice(
                f"does not tell what it is ({error.strerror})", self.name, _ABSENT[1]
            ) from error
        return int.from_bytes(answer, system.byteorder)

    def _drop_cache(self) -> None:
        with suppress(OSError):  # Only root may; direct reads pass the cache by.
            self._ioctl(self._fd, _BLKFLSBUF, 0)

    def _read_failed(
        self, why: str, number: int | None, offset: int, length: int
    ) -> FilmjacketError:
        return self._gone(number) or ReadFailed(
            f"cannot be read at byte {offset} ({why})",
            self.name,
            "Use another stick; this one is damaged",
            offset,
            length,
        )

    def _write_failed(self, where: str, error: OSError) -> FilmjacketError:
        return self._gone(error.errno) or CannotWrite(
            f"cannot be written at {where} ({error.strerror})",
            self.name,
            "Use another stick; this one is damaged or write-protected",
        )

    def _gone(self, number: int | None) -> DeviceGone | None:
        """Return the error of a device that is no longer there; None: it is."""
        # Its requests may end as plain errors; its length is nothing then.
        try:
            there = number not in _GONE and self._ask(_BLKGETSIZE64, 8) > 0
        except CannotOpenDevice:
            there = False
        if there:
            return None
        return DeviceGone(
            "the device is not there any more", self.name, "Plug it in again, then start again"
        )


def _system_ioctl(name: str) -> Ioctl:
    if not system.platform.startswith("linux"):
        raise NotSupported(
            "sticks are written to on Linux only",
            name,
            "Make an image (jacket author) and put it on the stick with a program of this system",
        )
    from fcntl import ioctl

    return ioctl


def _open(path: str | Path, name: str, writable: bool) -> int:
    # Exclusive: the kernel refuses it while any part of it is mounted or belongs to another device.
    flags = (os.O_RDWR if writable else os.O_RDONLY) | os.O_EXCL | os.O_CLOEXEC
    try:
        if not stat.S_ISBLK(os.stat(path).st_mode):  # noqa: PTH116 (a str or a Path)
            raise CannotOpenDevice(
                "is not a block device", name, "Name a stick; jacket drives lists what is there"
            )
        return os.open(path, flags)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        number = getattr(error, "errno", None) or 0
        # Linux says of a protected device that it is forbidden, even to root.
        if number in (errno.EACCES, errno.EPERM) and os.access(path, os.W_OK):
            number = errno.EROFS
        row = _NOT_OPENED.get(number, (f"cannot be opened ({error})", "Check the name"))
        raise CannotOpenDevice(row[0], name, row[1]) from error


def _whole_device(fd: int, name: str, sys: Path) -> str:
    """Return the number of the device that is open, unless it is a part of one."""
    device = os.fstat(fd).st_rdev
    number = f"{os.major(device)}:{os.minor(device)}"
    if (sys / "dev" / "block" / number / "partition").exists():
        raise CannotOpenDevice(
            "is a partition", name, "Name the whole device, such as /dev/sdb without its number"
        )
    return number
