"""What is attached, and what it is used for, on computers as they stand on real desks."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from block_trees import Computer, add_laptop, add_stick, ata_place, usb_place

from drivers import discovery
from drivers.discovery import Found, device_below, discover, find_device
from reporting import NotSupported


@pytest.fixture
def computer(fs: Any) -> Computer:
    return Computer(Path("/"))


def seen(computer: Computer) -> dict[str, Found]:
    return {Path(one.path).name: one for one in discover(**computer.ways())}


def test_a_laptop_shows_its_disk_and_its_drive_and_nothing_else(computer: Computer) -> None:
    add_laptop(computer)
    found = seen(computer)
    assert list(found) == ["nvme0n1", "sr0"]
    disk = found["nvme0n1"]
    assert (disk.kind, disk.bus, disk.removable) == ("disk", "nvme", False)
    assert (disk.model, disk.serial, disk.size) == ("Samsung SSD 980", "S64ANX0T", 1 << 39)
    assert disk.system
    assert disk.mounted == ("/", "/boot", "/boot/efi", "/home")
    assert disk.in_use_by == ("crypt", "lvm", "swap")
    assert disk.partitions == ("nvme0n1p1", "nvme0n1p2", "nvme0n1p3")


def test_a_drive_is_free_whatever_the_rest_is_used_for(computer: Computer) -> None:
    add_laptop(computer)
    drive = seen(computer)["sr0"]
    assert (drive.kind, drive.bus, drive.removable) == ("optical", "ata", True)
    assert (drive.vendor, drive.model) == ("HL-DT-ST", "DVDRAM GP65NB60")
    assert (drive.system, drive.mounted, drive.in_use_by) == (False, (), ())
    assert drive.size is None  # that of the disc is for the drive to tell


def test_a_stick_that_the_desktop_has_mounted_says_where(computer: Computer) -> None:
    add_laptop(computer)
    add_stick(computer)
    computer.partition("sdb", "sdb1")
    computer.mount("sdb1", "/media/anna/MY STICK", "vfat")
    stick = seen(computer)["sdb"]
    assert (stick.kind, stick.bus, stick.removable, stick.system) == (
        "stick",
        "usb 1-4",
        True,
        False,
    )
    assert (stick.vendor, stick.model, stick.serial) == ("SanDisk", "Ultra", "4C5300011")
    assert stick.mounted == ("/media/anna/MY STICK",)
    assert stick.partitions == ("sdb1",)


def test_a_stick_without_partitions_is_mounted_as_a_whole(computer: Computer) -> None:
    add_stick(computer)
    computer.mount("sdb", "/mnt", "iso9660")
    assert seen(computer)["sdb"].mounted == ("/mnt",)


def test_a_free_stick_is_free(computer: Computer) -> None:
    add_laptop(computer)
    add_stick(computer)
    stick = seen(computer)["sdb"]
    assert (stick.system, stick.mounted, stick.in_use_by, stick.read_only) == (False, (), (), False)
    assert stick.size == 1 << 34


def test_a_stick_behind_hubs_is_told_by_its_ports(computer: Computer) -> None:
    add_stick(computer, port="3-1.4.2")
    stick = seen(computer)["sdb"]
    assert (stick.bus, stick.serial) == ("usb 3-1.4.2", "4C5300011")


def test_a_card_reader_without_a_card_has_no_size(computer: Computer) -> None:
    for lun, name in enumerate(("sdc", "sdd")):
        computer.disk(
            name,
            usb_place("1-2", lun=lun),
            size=(1 << 30) * lun,
            removable=True,
            read_only=bool(lun),
            device={"type": "0", "vendor": "Generic", "model": "SD/MMC"},
        )
    empty, full = seen(computer).values()
    assert (empty.kind, empty.size) == ("stick", None)
    assert (full.size, full.read_only) == (1 << 30, True)


def test_a_disk_on_a_cable_can_be_pulled_out(computer: Computer) -> None:
    device = {"type": "0", "vendor": "WD", "model": "My Passport"}
    computer.disk("sdb", usb_place("2-1"), size=1 << 40, device=device)
    disk = seen(computer)["sdb"]
    assert (disk.kind, disk.removable) == ("stick", True)


@pytest.mark.parametrize(("type_", "kind"), [("SD", "stick"), ("MMC", "disk")])
def test_a_card_can_be_pulled_out_and_memory_on_the_board_cannot(
    computer: Computer, type_: str, kind: str
) -> None:
    place = "devices/platform/soc/3f300000.mmc/mmc_host/mmc0/mmc0:0001"
    computer.disk("mmcblk0", place, size=1 << 33, device={"type": type_, "name": "SC16G"})
    card = seen(computer)["mmcblk0"]
    assert (card.kind, card.bus, card.model) == (kind, "mmc", "SC16G")


def test_a_system_on_a_card_is_the_system(computer: Computer) -> None:
    place = "devices/platform/soc/mmc_host/mmc0/mmc0:0001"
    computer.disk("mmcblk0", place, size=1 << 33, device={"type": "SD"})
    computer.partition("mmcblk0", "mmcblk0p2")
    computer.mount("mmcblk0p2", "/", source="/dev/root")
    card = seen(computer)["mmcblk0"]
    assert card.kind == "stick"
    assert card.system


def test_ways_to_one_device_are_all_in_use(computer: Computer) -> None:
    for number, name in enumerate(("sdd", "sde")):
        computer.disk(name, ata_place(number, number), size=1 << 40, device={"type": "0"})
    computer.made_of("dm-3", "sdd", "sde", uuid="mpath-3600508b4")
    computer.made_of("dm-4", "dm-3", uuid="part1-mpath-3600508b4")
    computer.mount("dm-4", "/srv/archive")
    for found in seen(computer).values():
        assert found.mounted == ("/srv/archive",)
        assert found.in_use_by == ("dm", "multipath")
        assert not found.system


def test_only_the_device_stands_for_hidden_ways_to_it(computer: Computer) -> None:
    for name in ("nvme0c0n1", "nvme0n1"):
        computer.disk(name, "devices/virtual/nvme-subsystem/nvme-subsys0", size=1, device={})
    (computer.sys / "block" / "nvme0c0n1" / "hidden").write_text("1\n")
    found = seen(computer)
    assert list(found) == ["nvme0n1"]
    assert found["nvme0n1"].bus == "nvme"


def test_both_halves_of_a_mirror_are_the_system(computer: Computer) -> None:
    for number, name in enumerate(("sda", "sdb")):
        computer.disk(name, ata_place(number, number), size=1 << 40, device={"type": "0"})
        computer.partition(name, f"{name}1")
    computer.made_of("md0", "sda1", "sdb1")
    computer.mount("md0", "/")
    for found in seen(computer).values():
        assert found.system
        assert found.in_use_by == ("md",)


def test_all_members_of_a_btrfs_volume_are_in_use(computer: Computer) -> None:
    for name in ("vda", "vdb"):
        place = "devices/pci0000:00/0000:00:05.0/virtio2"
        computer.disk(name, f"{place}/{name}", size=1 << 40, device={"vendor": "0x1af4"})
    computer.partition("vda", "vda2")
    computer.btrfs("vda2", "vdb")
    # It has a number of its own; one of its devices is named.
    computer.mount("vda2", "/", "btrfs", number="0:35", source=f"{computer.dev}/vda2")
    first, second = seen(computer).values()
    assert (first.system, first.mounted, first.vendor) == (True, ("/",), "")
    assert second.in_use_by == ("btrfs",)


def test_disks_under_a_root_that_does_not_tell_them_all_count_as_the_system(
    computer: Computer,
) -> None:
    computer.disk("sda", ata_place(1, 0), size=1 << 40, device={"type": "0"})
    add_stick(computer)
    computer.mount("", "/", "zfs", number="0:27", source="rpool/ROOT/debian")
    found = seen(computer)
    assert found["sda"].system
    assert not found["sdb"].system


def _locked(computer: Computer) -> None:
    computer.made_of("dm-0", "sdb1", uuid="CRYPT-LUKS2-77")


def _swap(computer: Computer) -> None:
    computer.swap(f"{computer.dev}/sdb1")


def _array(computer: Computer) -> None:
    computer.made_of("md127", "sdb1")


def _shown(computer: Computer) -> None:
    computer.loop("loop3", "/dev/sdb1")


def _cache(computer: Computer) -> None:
    computer.made_of("bcache0", "sdb1")


@pytest.mark.parametrize(
    ("use", "by"),
    [(_locked, "crypt"), (_swap, "swap"), (_array, "md"), (_shown, "loop"), (_cache, "bcache")],
)
def test_what_the_kernel_uses_is_in_use_though_nothing_is_mounted(
    computer: Computer, use: Callable[[Computer], None], by: str
) -> None:
    add_stick(computer)
    computer.partition("sdb", "sdb1")
    use(computer)
    stick = seen(computer)["sdb"]
    assert stick.in_use_by == (by,)
    assert stick.system is (by == "swap")


def test_a_mounted_loop_over_a_stick_counts_for_the_stick(computer: Computer) -> None:
    add_stick(computer)
    _shown_whole = "/dev/sdb"
    computer.loop("loop3", _shown_whole)
    computer.mount("loop3", "/mnt")
    assert seen(computer)["sdb"].mounted == ("/mnt",)


@pytest.mark.parametrize("point", ["/", "/boot", "/var", "/usr/local", "/home/anna", "/efi"])
def test_where_a_system_keeps_itself_makes_a_disk_its_own(computer: Computer, point: str) -> None:
    add_stick(computer)
    computer.mount("sdb", point)
    assert seen(computer)["sdb"].system


@pytest.mark.parametrize("point", ["/media/x", "/mnt", "/boots", "/variety", "/run/media/a/b"])
def test_other_places_do_not(computer: Computer, point: str) -> None:
    add_stick(computer)
    computer.mount("sdb", point)
    assert not seen(computer)["sdb"].system


def test_what_a_device_says_of_itself_is_made_harmless(computer: Computer) -> None:
    computer.disk(
        "sdb",
        usb_place(),
        size=512,
        removable=True,
        device={"vendor": "\x1b[2JEvil", "model": "a\rb\x00\u202ec", "serial": "9" * 5000},
    )
    computer.mount("sdb", "/media/\x1b]0;x\x07")
    found = seen(computer)["sdb"]
    texts = (found.vendor, found.model, found.serial, *found.mounted)
    assert all(text.isprintable() and text.isascii() for text in texts)
    assert found.vendor == "[2JEvil"
    assert len(found.serial) <= 64


@pytest.mark.parametrize("damage", ["", "nonsense", "1 2 3\n- - -\n\\777"])
def test_nonsense_in_the_tree_is_survived(computer: Computer, damage: str) -> None:
    add_stick(computer)
    (computer.sys / "block" / "sdb" / "size").write_text("many\n")
    (computer.proc / "self" / "mountinfo").write_text(damage)
    (computer.proc / "swaps").unlink()
    assert seen(computer)["sdb"].size is None


def test_devices_in_a_circle_end(computer: Computer) -> None:
    add_stick(computer)
    computer.made_of("dm-0", "sdb")
    (computer.sys / "block" / "dm-0" / "holders" / "sdb").symlink_to(computer.sys / "block" / "sdb")
    assert seen(computer)["sdb"].in_use_by == ("dm",)


@pytest.mark.parametrize("name", ["sdb", "sdb1", "disk/by-id/usb-SanDisk", "disk/by-id/part1"])
def test_every_name_of_a_device_leads_to_the_whole_device(computer: Computer, name: str) -> None:
    add_stick(computer)
    computer.partition("sdb", "sdb1")
    folder = computer.dev / "disk" / "by-id"
    folder.mkdir(parents=True)
    (folder / "usb-SanDisk").symlink_to(computer.dev / "sdb")
    (folder / "part1").symlink_to("../../sdb1")
    found = find_device(computer.dev / name, **computer.ways())
    assert found is not None
    assert found.path == f"{computer.dev}/sdb"


@pytest.mark.parametrize("path", ["/dev/sdz", "/etc/passwd", "", "a\0b", "/dev"])
def test_what_is_no_device_is_not_found(computer: Computer, path: str) -> None:
    add_stick(computer)
    assert find_device(path, **computer.ways()) is None


def test_a_device_of_the_kernels_making_can_be_asked_for(computer: Computer) -> None:
    add_laptop(computer)
    found = find_device(computer.dev / "zram0", **computer.ways())
    assert found is not None
    assert (found.kind, found.system, found.removable) == ("disk", True, False)


def test_the_device_that_a_file_is_on_is_known(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    add_stick(computer)
    computer.partition("sdb", "sdb1")
    file = tmp_path / "file"
    file.write_bytes(b"x")
    device = file.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    (computer.sys / "block" / "sdb" / "sdb1" / "dev").write_text(f"{number}\n")
    ways = str(computer.sys), str(computer.proc)
    assert device_below(file, *ways) == "/dev/sdb"
    assert device_below(tmp_path / "none", *ways) is None
    (computer.sys / "block" / "sdb" / "sdb1" / "dev").write_text("8:99\n")
    assert device_below(file, *ways) is None
    computer.mount("sdb1", "/x", "btrfs", number=number)  # It has numbers of its own.
    assert device_below(file, *ways) == "/dev/sdb"


def test_other_systems_are_told_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery.system, "platform", "darwin")
    with pytest.raises(NotSupported, match="jacket author"):
        discover()


def test_this_very_computer_can_be_looked_at() -> None:
    if not Path("/sys/block").is_dir():
        pytest.skip("no /sys here")
    for found in discover():
        assert found.path.startswith("/dev/")
        assert found.kind in ("optical", "stick", "disk")
