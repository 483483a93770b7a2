"""Computers as their /sys, /proc and /dev show them, laid out in a (fake) file system."""

from pathlib import Path

PCI = "devices/pci0000:00/0000:00:14.0"
FIELDS = ("vendor", "model", "serial", "type", "name")


class Computer:
    """Text files and links, as Linux 6 has them, below three folders."""

    def __init__(self, root: Path) -> None:
        self.sys, self.proc, self.dev = (root / one for one in ("sys", "proc", "dev"))
        for folder in (self.sys / "block", self.proc / "self", self.dev):
            folder.mkdir(parents=True, exist_ok=True)
        self._mounts: list[str] = []
        self._swaps: list[str] = []
        self._write()
        self._where: dict[str, Path] = {}
        self._numbers = 0

    def _write(self) -> None:
        (self.proc / "self" / "mountinfo").write_text("".join(self._mounts))
        swaps = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" + "".join(self._swaps)
        (self.proc / "swaps").write_text(swaps)

    def disk(
        self,
        name: str,
        place: str = "devices/virtual",
        *,
        size: int = 0,
        removable: bool = False,
        read_only: bool = False,
        device: dict[str, str] | None = None,
        usb: dict[str, str] | None = None,
    ) -> None:
        """Add a disk of *size* bytes; *device* are files beside it, *usb* those of its plug."""
        folder = self.sys / place / "block" / name
        self._folder(name, folder, size)
        (folder / "removable").write_text(f"{removable:d}\n")
        (folder / "ro").write_text(f"{read_only:d}\n")
        if device is not None:
            (folder / "device").mkdir()
            for field, text in device.items():
                (folder / "device" / field).write_text(f"{text}\n")
        (self.sys / "block" / name).symlink_to(folder)
        if usb:
            plug = self.sys / place.split(":1.0/")[0].rpartition("/")[0]
            for field, text in usb.items():
                (plug / field).write_text(f"{text}\n")

    def _folder(self, name: str, folder: Path, size: int) -> None:
        folder.mkdir(parents=True)
        (folder / "holders").mkdir()
        self._numbers += 1
        (folder / "dev").write_text(f"8:{self._numbers}\n")
        (folder / "size").write_text(f"{size // 512}\n")
        (self.dev / name).write_bytes(b"")
        self._where[name] = folder

    def partition(self, disk: str, name: str, size: int = 1 << 20) -> None:
        folder = self._where[disk] / name
        self._folder(name, folder, size)
        (folder / "partition").write_text("1\n")

    def made_of(self, name: str, *parts: str, uuid: str = "") -> None:
        """Add a device that the kernel makes of others."""
        self.disk(name, size=1 << 30)
        if uuid:
            (self._where[name] / "dm").mkdir()
            (self._where[name] / "dm" / "uuid").write_text(f"{uuid}\n")
        for part in parts:
            (self._where[part] / "holders" / name).symlink_to(self._where[name])

    def loop(self, name: str, backing: str) -> None:
        self.disk(name, size=1 << 20)
        (self._where[name] / "loop").mkdir()
        (self._where[name] / "loop" / "backing_file").write_text(f"{backing}\n")

    def number(self, name: str) -> str:
        return (self._where[name] / "dev").read_text().strip()

    def mount(
        self, name: str, point: str, kind: str = "ext4", *, number: str = "", source: str = ""
    ) -> None:
        escaped = point.replace(" ", "\\040")
        self._mounts.append(
            f"{len(self._mounts) + 20} 1 {number or self.number(name)} / {escaped} rw shared:1"
            f" - {kind} {source or f'/dev/{name}'} rw\n"
        )
        self._write()

    def swap(self, path: str) -> None:
        self._swaps.append(f"{path}                               partition\t8388604\t\t0\t\t-2\n")
        self._write()

    def btrfs(self, *names: str) -> None:
        folder = self.sys / "fs" / "btrfs" / "0f1e" / "devices"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).symlink_to(self._where[name])

    def ways(self) -> dict[str, str]:
        return {"sys": str(self.sys), "proc": str(self.proc), "dev": str(self.dev)}


def usb_place(port: str = "1-4", host: int = 6, lun: int = 0) -> str:
    """Return where a device hangs; "1-4.2" is the second port of a hub at the fourth."""
    bus, _, ports = port.partition("-")
    steps = ports.split(".")
    hubs = "/".join(f"{bus}-{'.'.join(steps[: n + 1])}" for n in range(len(steps)))
    scsi = f"host{host}/target{host}:0:0/{host}:0:0:{lun}"
    return f"{PCI}/usb{bus}/{hubs}/{port}:1.0/{scsi}"


def ata_place(port: int, host: int) -> str:
    return f"devices/pci0000:00/0000:00:17.0/ata{port}/host{host}/target{host}:0:0/{host}:0:0:0"


def add_laptop(computer: Computer) -> None:
    """NVMe with LUKS, LVM in it: EFI, /boot, root, /home and swap; a DVD drive; zram; a snap."""
    place = "devices/pci0000:00/0000:01:00.0/nvme/nvme0"
    device = {"model": "Samsung SSD 980", "serial": "S64ANX0T"}
    computer.disk("nvme0n1", place, size=1 << 39, device=device)
    for number in (1, 2, 3):
        computer.partition("nvme0n1", f"nvme0n1p{number}")
    computer.made_of("dm-0", "nvme0n1p3", uuid="CRYPT-LUKS2-5c2b-nvme0n1p3_crypt")
    for number in (1, 2, 3):
        computer.made_of(f"dm-{number}", "dm-0", uuid="LVM-abc")
    computer.mount("dm-1", "/", source="/dev/mapper/vg-root")
    computer.mount("nvme0n1p2", "/boot")
    computer.mount("nvme0n1p1", "/boot/efi", "vfat")
    computer.mount("dm-3", "/home", source="/dev/mapper/vg-home")
    computer.swap("/dev/dm-2")
    computer.disk("zram0", size=1 << 33)
    computer.swap("/dev/zram0")
    computer.loop("loop0", "/var/lib/snapd/snaps/core.snap")
    computer.mount("loop0", "/snap/core", "squashfs")
    dvd = {"type": "5", "vendor": "HL-DT-ST", "model": "DVDRAM GP65NB60 "}
    computer.disk("sr0", ata_place(2, 1), size=1073741312, removable=True, device=dvd)


def add_stick(
    computer: Computer, name: str = "sdb", port: str = "1-4", size: int = 1 << 34
) -> None:
    computer.disk(
        name,
        usb_place(port),
        size=size,
        removable=True,
        device={"type": "0", "vendor": "SanDisk ", "model": "Ultra           "},
        usb={"manufacturer": "SanDisk", "product": "Ultra", "serial": "4C5300011"},
    )
