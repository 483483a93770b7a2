"""DVD-RW formatted for restricted overwrite: written in place, grown by what is written, closed."""

import os

import pytest
from drive_commands import send

from drivers.mmc.disc_answers import FormatCapacities, FormatDescriptor
from drivers.mmc.formats import choose
from drivers.mmc.recorder import Recorder
from drivers.mmc.recording import strategy_of
from drivers.simulator import SimulatedDrive

BLOCK = 2048
QUICK, FULL = 0x15, 0x10
SEQUENTIAL, RESTRICTED = 0x14, 0x13


def attached(kind: str, **more: object) -> tuple[SimulatedDrive, Recorder]:
    drive = SimulatedDrive(kind, **more)  # type: ignore[arg-type]
    return drive, Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)


def formats(drive: SimulatedDrive) -> list[int]:
    """Return the types of all formats that the drive was told to make."""
    return [cdb[0] for cdb, status, _ in drive.log if cdb[0] == 0x04 and not status]


def read(recorder: Recorder, blocks: int) -> bytes:
    return b"".join(recorder.read(0, blocks))


def test_a_sequential_disc_becomes_one_that_is_overwritten() -> None:
    drive, recorder = attached("dvd-rw")
    assert recorder.medium().profile == SEQUENTIAL
    medium = recorder.format()
    assert (medium.profile, medium.state, medium.erasable) == (RESTRICTED, "overwritable", True)
    content = os.urandom(321 * BLOCK)
    made = recorder.write(321, [content])
    assert (made.method, made.complete, made.session_open) == ("overwriting", True, False)
    assert (made.blocks, made.padding) == (321, 15)  # whole units of error correction
    assert drive.medium is not None
    assert drive.medium.state == "closed"
    assert drive.medium.image(0, 321) == content == read(recorder, 321)
    assert not drive.locked


@pytest.mark.parametrize(("first", "second"), [(640, 96), (96, 640), (320, 320)])
def test_a_disc_is_written_again_and_again(first: int, second: int) -> None:
    drive, recorder = attached("dvd-rw-formatted")
    for blocks in (first, second):
        content = os.urandom(blocks * BLOCK)
        assert recorder.medium().state == "overwritable"
        assert recorder.medium().free >= 2_298_496
        assert recorder.write(blocks, [content]).complete
        assert read(recorder, blocks) == content
        assert drive.medium is not None
        assert drive.medium.state == "closed"
    # Only what reaches behind the formatted area takes another format.
    assert len(formats(drive)) == (second > first)


def test_what_is_there_stays_where_nothing_is_written() -> None:
    _, recorder = attached("dvd-rw-formatted", image=os.urandom(64 * BLOCK))
    before = read(recorder, 64)
    content = os.urandom(16 * BLOCK)
    recorder.write(16, [content], start=32)
    assert read(recorder, 64) == before[: 32 * BLOCK] + content + before[48 * BLOCK :]


def test_blanking_makes_it_sequential_again() -> None:
    _, recorder = attached("dvd-rw-formatted", image=os.urandom(64 * BLOCK))
    medium = recorder.blank()
    assert (medium.profile, medium.state) == (SEQUENTIAL, "blank")
    content = os.urandom(320 * BLOCK)
    assert recorder.write(320, [content]).method == "disc at once"
    assert read(recorder, 320) == content


@pytest.mark.parametrize("profile", [SEQUENTIAL, RESTRICTED])
def test_a_drive_that_knows_no_quick_format_makes_a_full_one(profile: int) -> None:
    def offered(*kinds: int) -> int:
        rows = tuple(FormatDescriptor(kind, 2_298_496, 16) for kind in kinds)
        chosen = choose(strategy_of(profile), FormatCapacities(False, 0, rows))
        return 0 if chosen is None else chosen.descriptor.kind

    assert offered(FULL, QUICK) == QUICK
    assert offered(FULL) == FULL
    assert offered(0x26) == 0


def test_a_full_format_takes_long_and_leaves_all_blocks_readable() -> None:
    drive, recorder = attached("dvd-rw")
    recorder.medium()
    began = drive.clock()
    row = bytes.fromhex("00000008") + (2_298_496).to_bytes(4, "big") + bytes((FULL << 2, 0, 0, 16))
    assert send(drive, "04 11 00 00 00 00", row, timeout=7200).status == 0
    assert drive.clock() - began > 1000
    assert read(recorder, 320) == bytes(320 * BLOCK)
    assert b"".join(recorder.read(2_298_400, 96)) == bytes(96 * BLOCK)
