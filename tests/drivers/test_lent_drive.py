"""A drive that is lent to another program is closed meanwhile, and ours again afterwards."""

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from drivers.mmc.lent_drive import DeviceRecorder
from drivers.sg_io import CannotOpen
from drivers.simulator import SimulatedDrive
from drivers.transport import TransportFailed

OPEN = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(not OPEN.is_dir(), reason="needs Linux to see what is open")


def times_open(path: Path) -> int:
    opened = (fd for fd in OPEN.iterdir() if fd.is_symlink())
    return sum(os.path.realpath(fd) == str(path) for fd in opened)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A file, which opens as a node does; no command goes through it."""
    path = tmp_path / "sr0"
    path.touch()
    return path


def test_nobody_has_a_lent_drive_open(node: Path) -> None:
    with DeviceRecorder(str(node)) as recorder:
        assert times_open(node) == 1
        with recorder.lent() as path:
            assert (path, times_open(node)) == (str(node), 0)
        assert times_open(node) == 1
        with pytest.raises(ZeroDivisionError), recorder.lent():
            _ = 1 // 0
        assert times_open(node) == 1
    assert times_open(node) == 0


def test_a_drive_that_does_not_come_back_is_told_and_left_closed(node: Path) -> None:
    recorder = DeviceRecorder(str(node))
    with pytest.raises(CannotOpen), recorder.lent():
        node.unlink()
    with pytest.raises(TransportFailed, match="is not open"):
        recorder.unlock()
    recorder.close()
    assert recorder.locked  # as far as anybody knows
    assert times_open(node) == 0


@pytest.mark.parametrize("held", [False, True])
def test_what_another_program_left_locked_is_let_out(
    monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    drive = SimulatedDrive("cd-r")
    drive.settle()
    monkeypatch.setattr("drivers.mmc.lent_drive.SgIo", lambda _: drive)
    recorder = DeviceRecorder("/dev/sr0")
    with recorder, recorder.held() if held else nullcontext():
        with recorder.lent():  # The program locks it, and is killed.
            drive.execute(bytes((0x1E, 0, 0, 0, 1, 0)))
        assert drive.locked
        drive.execute(bytes((0x1E, 0, 0, 0, 0, 0)))
        with recorder.lent():
            pass  # It has let the medium go.
        assert drive.locked == held
        drive.execute(bytes((0x1E, 0, 0, 0, 1, 0)))
    assert not drive.locked
