"""Which drives, sticks and disks there are, and what they are used for. Reads text files alone."""

import os
import re
import sys as system
from pathlib import Path
from typing import Final, NamedTuple

from drivers.device_tree import BlockTree, Mount, mounts, read_text, swaps
from drivers.transport import printable
from reporting import NotSupported

_SECTOR: Final = 512  # bytes; /sys tells sizes in these, whatever the device's blocks are
_OPTICAL: Final = "5"  # type of a SCSI device (SPC-4 6.4.2)
_USB: Final = re.compile(r"/usb\d+/(?:[^/]+/)*?(\d+-[\d.]+)/\1:\d+\.\d+/")
_BUSES: Final = (  # part of the path in /sys, name; the first that is in it
    ("/nvme", "nvme"),
    ("/mmc_host/", "mmc"),
    ("/ata", "ata"),
    ("/virtio", "virtio"),
    ("/host", "scsi"),
    ("/virtual/", "virtual"),
)
# Where a system keeps itself (FHS 3.0); what is mounted below them counts as well.
_SYSTEM: Final = ("/boot", "/efi", "/etc", "/home", "/nix", "/opt", "/usr", "/var")
_POOLED: Final = frozenset(("zfs", "bcachefs"))  # file systems that do not tell their disks
_DM: Final = (("CRYPT-", "crypt"), ("LVM-", "lvm"), ("mpath-", "multipath"))  # dm/uuid


class Found(NamedTuple):
    """A drive, a stick or a disk. All texts of its own are printable."""

    path: str
    kind: str  # "optical", "stick" (can be pulled out) or "disk"
    vendor: str
    model: str
    serial: str
    size: int | None  # bytes; None: not known, or no medium in it
    removable: bool
    read_only: bool
    mounted: tuple[str, ...] = ()  # mount points of anything that is on it
    in_use_by: tuple[str, ...] = ()  # "swap", "lvm", "crypt", "md", "multipath", "dm", "btrfs", …
    system: bool = False  # the running system is on it, or may be
    bus: str = ""  # "usb 1-4", "ata", "nvme", "mmc", "virtio", "scsi"
    number: str = ""  # of its device, such as "8:16"
    partitions: tuple[str, ...] = ()
    blank: bool | None = None  # nothing is on it; None: nobody has looked
    records: bool | None = None  # a drive writes discs of some kind; None: nobody has asked it


def discover(sys: str = "/sys", proc: str = "/proc", dev: str = "/dev") -> list[Found]:
    """Return all drives, sticks and disks, by name; not what the kernel makes of them.

    Raises:
        NotSupported: this is no Linux.
    """
    look = _Look(sys, proc, dev)
    return [look.describe(name) for name in look.tree.disks]


def find_device(
    path: str | Path, sys: str = "/sys", proc: str = "/proc", dev: str = "/dev"
) -> Found | None:
    """Return what is known of one block device, of whatever kind; None: it is none.

    A link such as /dev/disk/by-id/usb-… and the name of a partition lead to the whole device.

    Raises:
        NotSupported: this is no Linux.
    """
    look = _Look(sys, proc, dev)
    name = look.tree.disk_of(look.name_of(str(path)))
    return look.describe(name) if look.tree.folder(name) else None


def device_below(path: str | Path, sys: str = "/sys", proc: str = "/proc") -> str | None:
    """Return the name of the device that a file or folder is on, such as "/dev/sdb".

    A node of a device stands for the device. None: it is on none, or that is not known.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 (a str or a Path)
    except (OSError, ValueError):
        return None
    tree = BlockTree(Path(sys))
    for device in (status.st_rdev, status.st_dev):
        name = tree.named(f"{os.major(device)}:{os.minor(device)}")
        if name:
            return f"/dev/{tree.disk_of(name)}"
    number = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    sources = [mount.source for mount in mounts(Path(proc)) if mount.number == number]
    name = sources[0].rpartition("/")[2] if sources else ""  # as btrfs tells it
    return f"/dev/{tree.disk_of(name)}" if tree.folder(name) else None


class _Look:
    """One look at the devices: everything is read once."""

    def __init__(self, sys: str, proc: str, dev: str) -> None:
        if not system.platform.startswith("linux") and sys == "/sys":
            raise NotSupported(
                "drives are looked for on Linux only",
                "this computer",
                "Make an image (jacket author) and write it with a program of this system",
            )
        self.tree, self._dev = BlockTree(Path(sys)), dev
        self._mounts = mounts(Path(proc))
        self._swapped = {self.name_of(path) for path in swaps(Path(proc))}
        self._btrfs = self.tree.btrfs_members()
        # The disks of such a root cannot be told from others.
        self._pooled = any(one.point == "/" and one.kind in _POOLED for one in self._mounts)

    def name_of(self, path: str) -> str:
        """Return the kernel's name of a node, whatever links lead to it."""
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):  # ValueError: a NUL in the name
            return ""
        folder = f"{self._dev}/"
        name = real[len(folder) :] if real.startswith(folder) else real
        return name.replace("/", "!")  # cciss/c0d0 is cciss!c0d0 in /sys

    def describe(self, name: str) -> Found:
        folder = self.tree.folder(name) or Path()
        bus, usb = _bus(self.tree.real_path(name))
        above = self.tree.above(name)
        here = [mount for mount in self._mounts if self._is_on(mount, above)]
        sectors = read_text(folder / "size")
        size = int(sectors) * _SECTOR if sectors.isdecimal() else 0
        optical = _is_optical(name, folder)
        removable = _can_be_pulled_out(folder, usb)
        vendor, model, serial = _texts(folder, usb)
        use = self._use(above)
        return Found(
            path=f"{self._dev}/{name.replace('!', '/')}",
            kind="optical" if optical else "stick" if removable else "disk",
            vendor=vendor,
            model=model,
            serial=serial,
            size=None if optical or not size else size,  # a disc's is for its drive to tell
            removable=removable,
            read_only=read_text(folder / "ro") == "1",
            mounted=tuple(sorted({printable(mount.point, longest=255) for mount in here})),
            in_use_by=use,
            system=self._is_system(here, use, removable, bus),
            bus=bus,
            number=read_text(folder / "dev"),
            partitions=self.tree.partitions(name),
        )

    def _is_on(self, mount: Mount, devices: list[str]) -> bool:
        # Some file systems have a number of their own: then their source tells the device.
        return self.tree.named(mount.number) in devices or (
            mount.source.startswith("/") and self.name_of(mount.source) in devices
        )

    def _use(self, devices: list[str]) -> tuple[str, ...]:
        """Return what the kernel uses any of *devices*, the lowest first, for."""
        used = {"swap" for name in devices if name in self._swapped}
        used |= {"btrfs" for name in devices if name in self._btrfs}
        on_itself = {devices[0], *self.tree.partitions(devices[0])}
        used |= {self._maker(name) for name in devices if name not in on_itself}
        return tuple(sorted(used))

    def _maker(self, name: str) -> str:
        """Return what makes a device of other ones."""
        folder = self.tree.folder(self.tree.disk_of(name)) or Path()
        uuid = read_text(folder / "dm" / "uuid")
        for start, maker in _DM:
            if uuid.startswith(start):
                return maker
        letters = re.match(r"[a-z]*", name)
        return letters[0] if letters and letters[0] else "kernel"  # dm, md, loop, bcache, drbd

    def _is_system(
        self, here: list[Mount], use: tuple[str, ...], removable: bool, bus: str
    ) -> bool:
        if "swap" in use or any(_is_of_system(mount.point) for mount in here):
            return True
        return self._pooled and not (removable and bus.startswith("usb"))


def _is_of_system(point: str) -> bool:
    return point == "/" or point.startswith(tuple(f"{one}/" for one in _SYSTEM)) or point in _SYSTEM


def _bus(path: str) -> tuple[str, Path | None]:
    """Return the name of the bus, and where /sys tells about the USB device if it is one."""
    found = _USB.search(path)
    if found:
        return f"usb {found[1]}", Path(path[: found.end(1)])
    return next((name for part, name in _BUSES if part in path), ""), None


def _is_optical(name: str, folder: Path) -> bool:
    return read_text(folder / "device" / "type") == _OPTICAL or bool(re.fullmatch(r"sr\d+", name))


def _can_be_pulled_out(folder: Path, usb: Path | None) -> bool:
    # What hangs on a USB cable can be, whatever it says of its medium; so can a card (SD), but
    # not the memory of the same make that is soldered in (MMC).
    return (
        usb is not None
        or read_text(folder / "removable") == "1"
        or read_text(folder / "device" / "type") in ("SD", "SDcombo")
    )


def _texts(folder: Path, usb: Path | None) -> tuple[str, str, str]:
    """Return vendor, model and serial number, as far as they are told."""
    device = folder / "device"
    vendor = read_text(device / "vendor")
    vendor = "" if vendor.startswith("0x") else vendor  # a number of PCI
    model = read_text(device / "model") or read_text(device / "name")
    serial = read_text(device / "serial") or read_text(folder / "serial")
    if usb:
        vendor = vendor or read_text(usb / "manufacturer")
        model = model or read_text(usb / "product")
        serial = serial or read_text(usb / "serial")
    return printable(vendor), printable(model), printable(serial)
