"""What Linux tells about its block devices in /sys and /proc, as a tree of plain text files."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_LONGEST: Final = 1 << 20  # bytes of a file that are read; a device's own text is far shorter
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")  # blanks in mountinfo (proc(5))
_DEEPEST: Final = 16  # devices made of devices made of …


def read_text(path: Path) -> str:
    """Return what stands in a file of /sys or /proc without its line end; "" where it is not."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "surrogateescape").strip()
    except (OSError, ValueError):
        return ""


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder, sorted; nothing where it is not there."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names alone)
    except OSError:
        return []


class Mount(NamedTuple):
    """One mounted file system."""

    number: str  # of its device, such as "8:17"; of none it is "0:…"
    point: str
    kind: str  # of the file system
    source: str  # mostly the path of the device


def mounts(proc: Path) -> list[Mount]:
    """Return what is mounted as this process sees it (proc(5), mountinfo)."""
    found = []
    for line in read_text(proc / "self" / "mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, more = before.split(" "), after.split(" ")
        if len(fields) >= 5 and len(more) >= 2:
            found.append(Mount(fields[2], _plain(fields[4]), more[0], _plain(more[1])))
    return found


def swaps(proc: Path) -> list[str]:
    """Return the devices and files that memory is swapped out to."""
    lines = read_text(proc / "swaps").splitlines()[1:]
    return [_plain(line.split()[0]) for line in lines if line.split()]


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


class BlockTree:
    """All block devices and what they are made of."""

    def __init__(self, sys: Path) -> None:
        self._sys, self._block = sys, sys / "block"
        self.disks = [name for name in names_in(self._block) if self._is_shown(name)]
        self._numbers: dict[str, str] = {}
        self._folders: dict[str, Path] = {}
        self._loops: dict[str, list[str]] = {}  # loop devices, by the device that they show
        for disk in names_in(self._block):
            for folder in (self._block / disk, *self._partitions(disk)):
                self._folders[folder.name] = folder
                self._numbers[read_text(folder / "dev")] = folder.name
            backing = read_text(self._block / disk / "loop" / "backing_file")
            if backing.startswith("/dev/"):
                self._loops.setdefault(backing.rpartition("/")[2], []).append(disk)

    def _is_shown(self, name: str) -> bool:
        """Return whether it is a device of its own, not one of the kernel's making."""
        folder = self._block / name
        # One way of several to the same NVMe device is hidden behind the device.
        return (folder / "device").exists() and read_text(folder / "hidden") != "1"

    def _partitions(self, disk: str) -> Iterator[Path]:
        folder = self._block / disk
        for name in names_in(folder):
            if (folder / name / "partition").exists():
                yield folder / name

    def folder(self, name: str) -> Path | None:
        """Return where /sys tells about a disk or a partition."""
        return self._folders.get(name)

    def partitions(self, disk: str) -> tuple[str, ...]:
        return tuple(folder.name for folder in self._partitions(disk))

    def named(self, number: str) -> str | None:
        """Return the name of a disk or partition by its number, such as "8:17"."""
        return self._numbers.get(number)

    def disk_of(self, name: str) -> str:
        """Return the disk that a partition is on; a disk is on itself."""
        folder = self._folders.get(name)
        return folder.parent.name if folder and (folder / "partition").exists() else name

    def above(self, disk: str) -> list[str]:
        """Return *disk*, its partitions, and all devices that are made of any of them."""
        found: list[str] = []
        layer = [disk]
        for _ in range(_DEEPEST):
            found += layer
            layer = sorted({one for name in layer for one in self._next(name)} - set(found))
            if not layer:
                break
        return found

    def _next(self, name: str) -> Iterator[str]:
        folder = self._folders.get(name)
        if folder:
            yield from self.partitions(name)
            yield from names_in(folder / "holders")
            yield from self._loops.get(name, ())

    def real_path(self, disk: str) -> str:
        """Return the path in /sys that tells where the disk hangs: …/usb1/1-4/1-4:1.0/host6."""
        return os.path.realpath(self._block / disk)

    def btrfs_members(self) -> set[str]:
        """Return the devices of all btrfs volumes in use; mounts tell one of each alone."""
        volumes = self._sys / "fs" / "btrfs"
        return {
            name for volume in names_in(volumes) for name in names_in(volumes / volume / "devices")
        }
