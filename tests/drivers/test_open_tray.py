"""A disc that lies in an open tray is not in the drive, for whoever asks the drive."""

import os

import pytest
from drive_commands import flush, read, ready, send, sense, write

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import NoMedium
from drivers.simulator import SimulatedDrive
from drivers.transport import Answer

BLOCK = 2048
EJECT, LOAD = "1b 00 00 00 02 00", "1b 00 00 00 03 00"
EVENT = "4a 01 00 00 10 00 00 00 08 00"
PROFILE = "46 02 00 00 00 00 00 00 08 00"


def recorder_of(drive: SimulatedDrive) -> Recorder:
    return Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)


@pytest.mark.parametrize("kind", ["cd-rw", "dvd-ram", "bd-re"])
def test_nothing_is_read_or_written_with_the_tray_open(kind: str) -> None:
    drive = SimulatedDrive(kind, image=bytes(64 * BLOCK))
    drive.settle()
    assert read(drive, 0, 1).status == 0
    send(drive, EJECT)
    assert sense(read(drive, 0, 1)) == (2, 0x3A, 0x02)
    assert sense(write(drive, 0, bytes(32 * BLOCK))) == (2, 0x3A, 0x02)
    assert send(drive, EVENT, length=8).data[5] == 0b01  # open, and no medium (MMC-6 6.6.2.5)
    assert send(drive, PROFILE, length=8).data[6:8] == b"\0\0"
    send(drive, LOAD)
    drive.settle()
    assert read(drive, 0, 1).status == 0


def test_the_button_lets_out_a_disc_with_all_that_the_drive_has_taken() -> None:
    drive = ready("dvd+r")
    content = os.urandom(16 * BLOCK)
    write(drive, 0, content)
    assert drive.press_button()
    assert drive.medium is not None
    assert drive.medium.surface.read(0, 16) == content
    assert sense(flush(drive)) == (2, 0x3A, 0x02)


def test_a_recorder_finds_no_medium_until_the_tray_is_in_again() -> None:
    drive = SimulatedDrive("cd-r")
    recorder = recorder_of(drive)
    assert (recorder.medium().kind, recorder.tray()) == ("CD-R", "loaded")
    recorder.eject(wait=False)
    assert recorder.tray() == "open"
    with pytest.raises(NoMedium, match="tray is open"):
        recorder.medium()
    recorder.load()
    assert (recorder.medium().kind, recorder.tray()) == ("CD-R", "loaded")


def test_a_disc_that_a_drive_sees_in_its_open_tray_is_not_loaded() -> None:
    class Sees(SimulatedDrive):
        def execute(self, cdb: bytes, **words: object) -> Answer:
            answer = super().execute(cdb, **words)  # type: ignore[arg-type]
            if cdb[0] != 0x4A:
                return answer
            told = bytearray(answer.data)
            told[5] |= 0b10
            return answer._replace(data=bytes(told))

    drive = Sees("cd-r")
    recorder = recorder_of(drive)
    recorder.eject()
    assert recorder.tray() == "open"
