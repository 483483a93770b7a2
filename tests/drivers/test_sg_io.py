"""SG_IO: the request as the kernel gets it, its answers, and every way in which it fails."""

import ctypes
import errno
import os
from pathlib import Path
from struct import pack_into, unpack_from
from typing import Any

import pytest

from drivers.sg_io import CannotOpen, SgIo
from drivers.transport import Answer, DeviceGone, TimedOut, Transport, TransportFailed

# Offsets in struct sg_io_hdr on machines of 64 bits (scsi/sg.h).
DIRECTION, CDB_LENGTH, LENGTH, DATA, CDB, SENSE, TIMEOUT = 4, 8, 12, 16, 24, 32, 40
STATUS, SENSE_WRITTEN, HOST, DRIVER, RESIDUAL = 64, 67, 68, 70, 72


class Kernel:
    """Takes the request as the kernel would: by the bytes of the struct alone."""

    def __init__(self, data: bytes = b"", **answer: int) -> None:
        self.data, self.answer = data, answer
        self.sense = b""
        self.seen: dict[str, Any] = {}

    def __call__(self, fd: int, request: int, header: Any) -> int:
        raw = (ctypes.c_ubyte * 88).from_address(ctypes.addressof(header))
        assert request == 0x2285
        assert ctypes.sizeof(header) == 88
        assert raw[0] == ord("S")
        (direction,) = unpack_from("<i", raw, DIRECTION)
        (length,) = unpack_from("<I", raw, LENGTH)
        data, cdb, sense = unpack_from("<QQQ", raw, DATA)
        self.seen = {
            "direction": direction,
            "length": length,
            "cdb": ctypes.string_at(cdb, raw[CDB_LENGTH]),
            "out": ctypes.string_at(data, length) if direction == -2 else b"",
            "timeout": unpack_from("<I", raw, TIMEOUT)[0],
            "address": data,
        }
        if direction == -3:
            ctypes.memmove(data, self.data, min(len(self.data), length))
        ctypes.memmove(sense, self.sense, len(self.sense))
        raw[STATUS] = self.answer.get("status", 0)
        raw[SENSE_WRITTEN] = len(self.sense)
        pack_into("<HH", raw, HOST, self.answer.get("host", 0), self.answer.get("driver", 0))
        pack_into("<i", raw, RESIDUAL, self.answer.get("residual", 0))
        return 0


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "sr0"
    path.touch()
    return path


def test_data_go_to_the_device_from_whole_pages(node: Path) -> None:
    kernel = Kernel()
    with SgIo(node, ioctl=kernel) as device:
        answer = device.execute(
            b"\x2a" + bytes(9), data_out=memoryview(b"abc" * 1024)[3:2051], timeout=2.5
        )
    assert answer == Answer(0)
    assert kernel.seen["cdb"] == b"\x2a" + bytes(9)
    assert kernel.seen["out"] == (b"abc" * 1024)[3:2051]
    assert (kernel.seen["direction"], kernel.seen["timeout"]) == (-2, 2500)
    assert kernel.seen["address"] % 4096 == 0


def test_data_come_from_the_device_as_far_as_they_came(node: Path) -> None:
    kernel = Kernel(b"\x05\x80" + bytes(34), residual=60)
    device: Transport = SgIo(node, ioctl=kernel)
    answer = device.execute(b"\x12\0\0\0\x60\0", length=96)
    assert (answer.data, answer.residual) == (b"\x05\x80" + bytes(34), 60)
    assert kernel.seen["direction"] == -3
    device.close()
    device.close()


def test_what_was_written_is_never_read_back_from_our_own_buffer(node: Path) -> None:
    with SgIo(node, ioctl=Kernel()) as device:  # claims success and sends nothing
        device.execute(b"\x2a" + bytes(9), data_out=b"x" * 2048)
        assert device.execute(b"\x28" + bytes(9), length=2048).data == bytes(2048)


def test_a_command_without_data_says_so(node: Path) -> None:
    kernel = Kernel()
    with SgIo(node, ioctl=kernel) as device:
        device.execute(bytes(6))
    assert (kernel.seen["direction"], kernel.seen["length"]) == (-1, 0)


@pytest.mark.parametrize("driver", [0, 8])
@pytest.mark.parametrize("status", [2, 0])
def test_sense_data_come_along(node: Path, status: int, driver: int) -> None:
    kernel = Kernel(status=status, driver=driver)
    kernel.sense = bytes.fromhex("70000300000000 0a 00000000 0c00 00000000")
    with SgIo(node, ioctl=kernel) as device:
        answer = device.execute(bytes(6))
    if status or driver:
        assert (answer.status, answer.sense) == (2, kernel.sense)
    else:
        assert answer == Answer(0)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"host": 1}, DeviceGone, "not there any more"),
        ({"host": 4}, DeviceGone, "not there any more"),
        ({"host": 3}, TimedOut, "does not answer"),
        ({"host": 7}, TransportFailed, "host status 07h"),
        ({"host": 8}, TransportFailed, "reset"),
        ({"driver": 6}, TimedOut, "does not answer"),
        ({"driver": 7}, TransportFailed, "driver status 07h"),
    ],
)
def test_a_failure_on_the_way_is_an_error_of_its_kind(
    node: Path, fields: dict[str, int], error: type[TransportFailed], words: str
) -> None:
    with SgIo(node, ioctl=Kernel(**fields)) as device, pytest.raises(error, match=words) as caught:
        device.execute(bytes(6))
    assert type(caught.value) is error
    assert caught.value.exit_code == 3


def test_a_busy_bus_is_a_busy_device(node: Path) -> None:
    with SgIo(node, ioctl=Kernel(host=2)) as device:
        assert device.execute(bytes(6)).status == 8


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (errno.ENODEV, DeviceGone, "not there any more"),
        (errno.ENXIO, DeviceGone, "not there any more"),
        (errno.EPERM, TransportFailed, "does not let this command through"),
        (errno.EIO, TransportFailed, "the way to the device failed"),
        (errno.EINTR, TransportFailed, "the way to the device failed"),
        (errno.ETIMEDOUT, TimedOut, "does not answer"),
    ],
)
def test_a_failed_request_is_an_error_of_its_kind(
    node: Path, number: int, error: type[TransportFailed], words: str
) -> None:
    def failing(fd: int, request: int, header: Any) -> int:
        raise OSError(number, os.strerror(number))

    with SgIo(node, ioctl=failing) as device, pytest.raises(error, match=words):
        device.execute(bytes(6))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EBUSY, "mounted, or in use"),
        (errno.EACCES, "may not be used by this user"),
        (errno.EPERM, "may not be used by this user"),
        (errno.ENXIO, "not there"),
        (errno.EMFILE, "cannot be opened"),
    ],
)
def test_a_device_that_does_not_open_says_why(
    monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refused(path: str, flags: int) -> int:
        assert flags & os.O_NONBLOCK
        assert flags & os.O_EXCL
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(CannotOpen, match=words):
        SgIo("/dev/sr7", ioctl=Kernel())


def test_a_name_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="not there"):
        SgIo(tmp_path / "sr1", ioctl=Kernel())
    with pytest.raises(CannotOpen, match="cannot be opened"):
        SgIo("a\0b", ioctl=Kernel())


def test_a_plain_file_is_no_device(node: Path) -> None:
    with SgIo(node) as device, pytest.raises(TransportFailed):
        device.execute(bytes(6))


@pytest.mark.parametrize(
    ("told", "largest"), [("1280", 65536), ("48", 49152), ("4", 32768), ("x", 65536), (None, 65536)]
)
def test_a_command_moves_what_the_way_carries(
    node: Path, tmp_path: Path, told: str | None, largest: int
) -> None:
    queue = tmp_path / "sys/block/sr0/queue"
    queue.mkdir(parents=True)
    if told is not None:
        (queue / "max_sectors_kb").write_text(told + "\n")
    with SgIo(node, ioctl=Kernel(), sys=str(tmp_path / "sys")) as device:
        assert device.largest == largest
        device.execute(b"\x2a" + bytes(9), data_out=bytes(largest))
        with pytest.raises(ValueError, match="in one command"):
            device.execute(b"\x2a" + bytes(9), data_out=bytes(largest + 1))


def test_the_name_of_a_device_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "sr\x1b[2J"
    path.touch()
    with SgIo(path, ioctl=Kernel()) as device:
        assert "\x1b" not in device.name


def test_the_other_node_of_a_drive_opens_the_one_that_can_be_mounted(tmp_path: Path) -> None:
    (tmp_path / "sys/class/scsi_generic/sg1/device/block/sr0").mkdir(parents=True)
    (tmp_path / "sg1").touch()
    with pytest.raises(CannotOpen, match="not there"):  # as there is no sr0
        SgIo(tmp_path / "sg1", ioctl=Kernel(), sys=str(tmp_path / "sys"))
    (tmp_path / "sr0").touch()
    SgIo(tmp_path / "sg1", ioctl=Kernel(), sys=str(tmp_path / "sys")).close()
