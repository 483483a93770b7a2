"""The one way to a stick: what pre-flight refuses is never opened, what is open is asked again."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from block_trees import Computer, add_stick
from faulty_disk import loop_over, skip_unless_possible
from usb_stick import Bus, FaultyStick, Store, plug

from drivers.block_device import BlockDevice, BlockTarget, CannotOpenDevice
from drivers.preflight import Demand, Refused
from drivers.scsi_disk import ScsiDisk
from drivers.stick_target import open_stick
from reporting import CannotWrite

MIB = 1 << 20
DEMAND = Demand(MIB, "stick")
OVERWRITE = DEMAND._replace(skip=frozenset(("not-blank",)))


class Desk:
    """A computer with a stick at sdb that is a loop device in truth."""

    def __init__(self, root: Path, loop: str) -> None:
        self.computer, self.loop = Computer(root), loop
        add_stick(self.computer, size=4 * MIB)
        number = Path(loop).stat().st_rdev
        self.number = f"{os.major(number)}:{os.minor(number)}"
        (self.computer.sys / "block" / "sdb" / "dev").write_text(f"{self.number}\n")
        node = self.computer.dev / "sdb"
        node.unlink()
        os.mknod(node, 0o060600, number)
        self.path = str(node)

    def open(self, demand: Demand = DEMAND) -> BlockTarget:
        return open_stick(self.path, demand, **self.computer.ways())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    skip_unless_possible()
    file = tmp_path / "content"
    file.write_bytes(bytes(4 * MIB))
    with loop_over(file) as loop:
        try:
            yield Desk(tmp_path / "computer", loop)
        except PermissionError:
            pytest.skip("no device nodes can be made here")


def test_a_blank_stick_is_opened(desk: Desk) -> None:
    target = desk.open()
    assert isinstance(target, BlockDevice)
    assert (target.size, target.name) == (4 * MIB, desk.path[:64])
    target.close()


def test_a_stick_with_something_on_it_is_opened_when_it_may_be_overwritten(desk: Desk) -> None:
    with BlockDevice(desk.loop) as before:
        before.pwrite(b"somebody's".ljust(512, b"."), 0)
    with pytest.raises(Refused, match="there is something on it"):
        desk.open()
    desk.open(OVERWRITE).close()


@pytest.mark.parametrize("demand", [DEMAND, OVERWRITE])
def test_a_mounted_stick_is_not_even_opened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, demand: Demand
) -> None:
    desk.computer.mount("sdb", "/media/anna/STICK", "vfat", number=desk.number)
    monkeypatch.setattr("drivers.stick_target.BlockDevice", None)
    with pytest.raises(Refused, match="mounted at /media/anna/STICK"):
        desk.open(demand)


def test_a_stick_smaller_than_it_was_told_is_refused_and_closed(desk: Desk) -> None:
    (desk.computer.sys / "block" / "sdb" / "size").write_text(f"{1 << 30}\n")
    with pytest.raises(Refused, match="has room for"):
        desk.open(DEMAND._replace(size=5 * MIB))
    BlockDevice(desk.loop).close()


def test_a_name_that_has_gone_over_to_another_device_is_refused(desk: Desk) -> None:
    (desk.computer.sys / "block" / "sdb" / "dev").write_text("8:16\n")
    with pytest.raises(CannotWrite, match="no such device"):
        desk.open()
    BlockDevice(desk.loop).close()


def test_what_a_device_has_become_when_it_is_open_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(BlockDevice):
        """A device that another one has become before it is open."""

        def __init__(self, *path: Any, **ways: Any) -> None:
            desk.computer.mount("sdb", "/", number=desk.number)
            super().__init__(*path, **ways)

    monkeypatch.setattr("drivers.stick_target.BlockDevice", Late)
    with pytest.raises(Refused, match="the running system is on this device"):
        desk.open()
    BlockDevice(desk.loop).close()


@pytest.mark.parametrize("link", [False, True])
def test_a_partition_is_not_taken_for_the_whole_stick(tmp_path: Path, link: bool) -> None:
    computer = Computer(tmp_path)
    add_stick(computer)
    for name in ("sdb1", "sdb2"):
        computer.partition("sdb", name)
    path = computer.dev / "sdb2"
    if link:
        path = computer.dev / "usb-STICK-part2"
        path.symlink_to(computer.dev / "sdb2")
    with pytest.raises(CannotOpenDevice, match="is a partition") as caught:
        open_stick(str(path), OVERWRITE, **computer.ways())
    assert caught.value.remedy == f"Name the whole device: {computer.dev / 'sdb'}"


def test_a_stick_in_use_elsewhere_is_refused_by_the_kernel(desk: Desk) -> None:
    with BlockDevice(desk.loop), pytest.raises(CannotOpenDevice, match="in use"):
        desk.open()


def test_no_device_is_no_target(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    with pytest.raises(CannotWrite, match="no such device"):
        open_stick(str(computer.dev / "sdz"), DEMAND, **computer.ways())
    with pytest.raises(CannotWrite) as caught:
        open_stick("/dev/s\x1b[2J\nb", DEMAND, **computer.ways())
    assert caught.value.where == "/dev/s [2J b"


def usb(tmp_path: Path, stick: FaultyStick, demand: Demand, **use: Any) -> BlockTarget:
    computer = Computer(tmp_path)
    add_stick(computer)
    if use.get("mounted"):
        computer.mount("sdb", "/media/x")
    ways = computer.ways()
    return open_stick("usb:1-4", demand, backend=Bus(plug(stick)), **ways)


def test_a_stick_past_the_kernel_is_asked_the_same(tmp_path: Path) -> None:
    stick = FaultyStick(Store(8192))
    target = usb(tmp_path, stick, DEMAND)
    assert isinstance(target, ScsiDisk)
    target.close()
    stick.luns[0].store.content[0:3] = b"abc"
    for number, (demand, words) in enumerate(
        ((DEMAND, "something on it"), (OVERWRITE._replace(size=8 * MIB), "has room for"))
    ):
        plugged = FaultyStick(stick.luns[0].store)
        with pytest.raises(Refused, match=words):
            usb(tmp_path / str(number), plugged, demand)


def test_a_mounted_stick_is_not_taken_past_the_kernel(tmp_path: Path) -> None:
    stick = FaultyStick(Store(8192))
    with pytest.raises(Refused, match="mounted at /media/x"):
        usb(tmp_path, stick, OVERWRITE, mounted=True)
    assert not stick.commands


def test_a_protected_stick_past_the_kernel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="write-protected"):
        usb(tmp_path, FaultyStick(Store(8192), read_only=True), DEMAND)
