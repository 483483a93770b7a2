"""Whole block devices: real ones over files and FUSE, with every fault that these can show."""

import errno
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty_disk import FaultyDisk, faulty_disk, loop_over, skip_unless_possible

from drivers import block_device
from drivers.block_device import BlockDevice, CannotOpenDevice, ReadFailed
from drivers.direct_file import DirectFile
from drivers.transport import DeviceGone
from reporting import CannotRead, CannotWrite, NotSupported

SIZE = 8 << 20
MIB = 1 << 20


def noise(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)  # noqa: S311 (test data)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FaultyDisk]:
    with faulty_disk(tmp_path, SIZE) as made:
        yield made


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    skip_unless_possible()
    file = tmp_path / "plain"
    file.write_bytes(bytes(SIZE))
    with loop_over(file) as path:
        yield path


def test_what_is_written_is_on_the_device_and_reads_back(disk: FaultyDisk) -> None:
    data = noise(3 * MIB + 512)
    with BlockDevice(disk.path) as device:
        assert (device.size, device.block, device.read_only) == (SIZE, 512, False)
        device.pwrite(data, 1024)
        device.flush()
        assert device.pread(len(data), 1024) == data
        assert device.pread(5000, 1024 + 1000) == data[1000:6000]
        assert device.pread(1, SIZE - 1) == b"\0"
        assert device.pread(0, 0) == b""
    assert disk.image.read_bytes()[1024 : 1024 + len(data)] == data


def test_what_is_read_comes_from_the_device_not_from_a_cache(disk: FaultyDisk) -> None:
    with BlockDevice(disk.path) as device:
        device.pwrite(b"a" * 4096, 0)
        device.flush()
        assert device.pread(4096, 0) == b"a" * 4096
        with disk.image.open("r+b") as behind:  # The medium forgets.
            behind.write(b"b" * 4096)
        assert device.pread(4096, 0) == b"b" * 4096


def test_a_place_that_cannot_be_read_is_named_and_the_rest_goes_on(disk: FaultyDisk) -> None:
    disk.fails(bad_read=[(MIB, MIB + 4095)])
    with BlockDevice(disk.path) as device:
        with pytest.raises(ReadFailed) as caught:
            device.pread(8192, MIB)
        assert (caught.value.offset, caught.value.length) == (MIB, 8192)
        assert device.pread(4096, MIB + 8192) == bytes(4096)


@pytest.mark.parametrize("fault", [{"bad_write": [(MIB, MIB)]}, {"full_after": MIB}])
def test_a_place_that_cannot_be_written_fails_at_once(
    disk: FaultyDisk, fault: dict[str, Any]
) -> None:
    with BlockDevice(disk.path) as device:
        disk.fails(**fault)
        with pytest.raises(CannotWrite, match=f"byte {MIB}"):
            device.pwrite(bytes(4096), MIB)
        device.pwrite(b"x" * 512, 0)
        assert device.pread(1, 0) == b"x"


def test_a_device_is_nobody_elses_while_it_is_open(loop: str) -> None:
    with BlockDevice(loop), pytest.raises(CannotOpenDevice, match="in use"):
        BlockDevice(loop)
    BlockDevice(loop).close()


def test_a_mounted_device_does_not_open(
    loop: str, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    subprocess.run([peer("mkfs.ext4"), "-q", loop], check=True)
    mount = tmp_path / "mounted"
    mount.mkdir()
    subprocess.run(["mount", loop, str(mount)], check=True)
    try:
        with pytest.raises(CannotOpenDevice, match="mounted"):
            BlockDevice(loop)
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_a_partition_is_refused(loop: str, tmp_path: Path) -> None:
    number = Path(loop).stat().st_rdev
    told = tmp_path / "sys" / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    told.mkdir(parents=True)
    (told / "partition").write_text("1\n")
    with pytest.raises(CannotOpenDevice, match="is a partition"):
        BlockDevice(loop, sys=str(tmp_path / "sys"))
    BlockDevice(loop).close()


def test_a_protected_device_is_read_and_not_written(tmp_path: Path) -> None:
    skip_unless_possible()
    file = tmp_path / "protected"
    file.write_bytes(b"p" * SIZE)
    with loop_over(file, "-r") as path:
        with pytest.raises(CannotOpenDevice, match="write-protected"):
            BlockDevice(path)
        with BlockDevice(path, writable=False) as device:
            assert device.read_only
            assert device.pread(3, 700) == b"ppp"


@pytest.mark.parametrize("what", ["file", "folder", "missing", "nul"])
def test_what_is_no_device_is_not_opened(tmp_path: Path, what: str) -> None:
    path = {
        "file": tmp_path / "file",
        "folder": tmp_path,
        "missing": tmp_path / "missing",
        "nul": "a\0b",
    }[what]
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(CannotOpenDevice):
        BlockDevice(path)
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_nothing_beyond_the_end_is_asked_for(loop: str) -> None:
    with BlockDevice(loop) as device:
        with pytest.raises(CannotRead, match="beyond its end"):
            device.pread(2, SIZE - 1)
        with pytest.raises(CannotWrite, match="beyond its end"):
            device.pwrite(bytes(1024), SIZE - 512)
        with pytest.raises(ValueError, match="whole blocks"):
            device.pwrite(bytes(100), 0)


def test_a_device_that_was_pulled_out_is_told_from_a_damaged_one(disk: FaultyDisk) -> None:
    from fcntl import ioctl

    there = [True]

    def told(fd: int, request: int, answer: Any) -> Any:
        result = ioctl(fd, request, answer)
        if request == 0x80081272 and not there[0]:  # The kernel tells no length any more.
            answer[:] = bytes(8)
        return result

    with BlockDevice(disk.path, ioctl=told) as device:
        disk.fails(gone=True)
        with pytest.raises(ReadFailed):
            device.pread(512, 0)
        there[0] = False
        with pytest.raises(DeviceGone):
            device.pread(512, 0)
        with pytest.raises(DeviceGone):
            device.pwrite(bytes(512), 0)


def test_other_systems_are_told_what_to_do_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_device.system, "platform", "win32")
    with pytest.raises(NotSupported, match="jacket author"):
        BlockDevice(tmp_path)


@pytest.mark.parametrize("direct", [True, False])
def test_files_are_read_and_written_with_and_without_direct_transfers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    if not direct:
        monkeypatch.setattr("drivers.direct_file._make_direct", lambda fd: False)
        monkeypatch.setattr("drivers.direct_file._UNSEEN", MIB)
    path = tmp_path / "file"
    path.write_bytes(bytes(4 * MIB))
    file = DirectFile(os.open(path, os.O_RDWR), 4096)
    data = noise(2 * MIB + 4096)
    file.write(data, 4096)
    assert file.read(len(data), 4096) == data
    assert file.read(10, 4096 + 4090) == data[4090:4100]
    assert file.read(4096, 4 * MIB) == b""
    file.flush()
    file.close()
    file.close()
    assert path.read_bytes()[4096 : 4096 + len(data)] == data


def test_what_cannot_be_seen_waiting_is_flushed_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    monkeypatch.setattr("drivers.direct_file._make_direct", lambda fd: False)
    monkeypatch.setattr("drivers.direct_file._UNSEEN", MIB)
    monkeypatch.setattr(os, "fsync", flushed.append)
    file = DirectFile(os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT), 512)
    for at in range(4):
        file.write(bytes(MIB // 2), at * MIB // 2)
    assert len(flushed) == 2
    file.close()


def test_a_device_that_does_not_tell_what_it_is_is_closed_again(loop: str) -> None:
    def refuse(fd: int, request: int, answer: Any) -> Any:
        raise OSError(errno.ENOTTY, "Inappropriate ioctl")

    with pytest.raises(CannotOpenDevice, match="does not tell"):
        BlockDevice(loop, ioctl=refuse)
    BlockDevice(loop).close()
