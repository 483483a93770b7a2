"""The recorder before and after a recording: what is refused, erased, formatted, read."""

from itertools import islice

import pytest
from recordings import cut, image, recorder_of
from scripted_drive import (
    BLOCK,
    CHANGED,
    INVALID_FIELD,
    NOT_READY_YET,
    RESET,
    Fault,
    ScriptedDrive,
)

from drivers.mmc.recorder import (
    MediumRefused,
    NoMedium,
    TookTooLong,
    UnreadableBlocks,
)
from drivers.transport import Answer
from reporting import NotSupported


def test_a_closed_disc_is_refused_before_anything_is_sent() -> None:
    drive = ScriptedDrive(0x1B, status=2)
    with pytest.raises(MediumRefused, match="closed"):
        recorder_of(drive).write(32, cut(image(32)))
    rewritable = ScriptedDrive(0x0A, status=2)
    with pytest.raises(MediumRefused, match="blank first"):
        recorder_of(rewritable).write(32, cut(image(32)))
    assert not drive.log
    assert not rewritable.log


@pytest.mark.parametrize("profile", [0x08, 0x10, 0x16, 0x40, 0x42, 0x1234])
def test_what_cannot_be_recorded_is_refused(profile: int) -> None:
    with pytest.raises(MediumRefused, match="cannot be written"):
        recorder_of(ScriptedDrive(profile)).write(32, cut(image(32)))


@pytest.mark.parametrize("profile", [0x09, 0x1B, 0x43])
def test_too_much_is_refused(profile: int) -> None:
    drive = ScriptedDrive(profile, capacity=320)
    with pytest.raises(MediumRefused, match="do not fit"):
        recorder_of(drive).write(321, cut(image(321)))
    assert not drive.log


def test_a_dry_run_changes_nothing() -> None:
    drive = ScriptedDrive(0x41)
    disc = recorder_of(drive).write(320, iter(()), dry_run=True)
    assert (disc.blocks, disc.complete) == (0, False)
    assert not drive.log


def test_a_test_run_writes_by_the_drives_own_bit_or_not_at_all() -> None:
    drive = ScriptedDrive(0x11)
    disc = recorder_of(drive).write(320, cut(image(320)), simulate=True)
    assert disc.test_run
    assert drive.page[2] & 0x10
    assert "close" not in drive.log
    cd = ScriptedDrive(0x09, refuses_page=lambda page: page[2] & 0x0F == 2)
    assert recorder_of(cd).write(320, cut(image(320)), simulate=True).method == "track at once"
    assert "close" not in cd.log
    assert "opc" not in cd.log
    with pytest.raises(NotSupported, match="tested without writing"):
        recorder_of(ScriptedDrive(0x1B)).write(320, cut(image(320)), simulate=True)


def test_a_quickly_blanked_dvd_rw_cannot_be_left_open() -> None:
    drive = ScriptedDrive(0x14, features={0x2F: b"\x46\0\0\0"})
    with pytest.raises(NotSupported, match="left open"):
        recorder_of(drive).write(320, cut(image(320)), close="open")
    assert recorder_of(drive).write(320, cut(image(320))).method == "disc at once"


@pytest.mark.parametrize("profile", [0x12, 0x1A, 0x43])
def test_an_unformatted_disc_is_formatted_first(profile: int) -> None:
    drive = ScriptedDrive(profile, formatted=False, background=0)
    recorder = recorder_of(drive)
    medium = recorder.medium()
    assert (medium.state, medium.formatted) == ("blank", False)
    assert recorder.write(320, cut(image(320))).complete
    assert drive.log.index("format") < drive.log.index("write")
    assert recorder.medium().formatted


def test_a_restricted_dvd_rw_grows_to_what_is_written() -> None:
    drive = ScriptedDrive(0x13, capacity=160)
    recorder = recorder_of(drive)
    assert recorder.medium().free == 4000
    assert recorder.write(320, cut(image(320))).complete
    assert "format" in drive.log
    assert drive.log.count("close") == 1


def test_blanking_tells_how_far_it_is() -> None:
    told: list[tuple[str, int, int]] = []
    drive = ScriptedDrive(0x0A, status=2, faults=[Fault("blank", (2, 4, 7), times=3, progress=0.5)])
    medium = recorder_of(drive).blank(progress=lambda *what: told.append(what))
    assert medium.state == "blank"
    assert ("blank", 49, 100) in told
    assert not drive.locked
    with pytest.raises(MediumRefused, match="overwritten"):
        recorder_of(ScriptedDrive(0x1A)).blank()
    with pytest.raises(MediumRefused, match="no format"):
        recorder_of(ScriptedDrive(0x09)).format()


def test_an_unready_drive_is_waited_for_but_not_for_ever() -> None:
    class Slow(ScriptedDrive):
        left = 20

        def _00(self, cdb: bytes, data: bytes) -> Answer | None:  # type: ignore[override]
            self.left -= 1
            codes = {19: CHANGED, 18: RESET}
            return self._not_ready(codes.get(self.left, NOT_READY_YET)) if self.left > 0 else None

        @staticmethod
        def _not_ready(code: tuple[int, int, int]) -> Answer:
            return Answer(2, b"", bytes((0x70, 0, code[0], 0, 0, 0, 0, 10, 0, 0, 0, 0, *code[1:])))

    assert recorder_of(Slow(0x09)).medium().kind == "CD-R"
    never = Slow(0x09)
    never.left = 10**9
    with pytest.raises(TookTooLong, match="looking at the medium"):
        recorder_of(never).medium(patience=5)


def test_an_empty_drive_says_so_and_still_describes_itself() -> None:
    class Empty(ScriptedDrive):
        def _00(self, cdb: bytes, data: bytes) -> Answer:  # type: ignore[override]
            return Answer(2, b"", bytes((0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x3A, 2)))

    recorder = recorder_of(Empty(0, refuses=(0x4A,)))
    with pytest.raises(NoMedium, match="tray is open"):
        recorder.medium()
    assert recorder.tray() == "open"
    assert recorder_of(Empty(0, refuses=(0x4A,), faults=[Fault("", CHANGED)])).tray() == "open"
    assert recorder_of(ScriptedDrive(0x1B)).tray() == "loaded"
    drive = recorder.drive()
    assert (drive.vendor, drive.product) == ("ACME", "BURNER [2J")


def test_reading_names_the_blocks_that_it_cannot_read() -> None:
    drive = ScriptedDrive(0x1B)
    recorder, data = recorder_of(drive), image(320)
    recorder.write(320, cut(data))
    del drive.blocks[100]
    reading = recorder.read(0, 320)
    assert b"".join(islice(reading, 3)) == data[: 96 * BLOCK]
    with pytest.raises(UnreadableBlocks) as caught:
        next(reading)
    assert (caught.value.start, caught.value.blocks) == (96, 32)
    rest = b"".join(recorder.read(128, 192, fresh=False))
    assert rest == data[128 * BLOCK :]
    drive.faults.append(Fault("read", Answer(0, b"short"), at=drive.log.count("read") + 1))
    with pytest.raises(UnreadableBlocks, match="5 bytes came"):
        next(recorder.read(101, 1, fresh=False))
    assert next(recorder.read(101, 1, fresh=False)) == data[101 * BLOCK : 102 * BLOCK]


def test_reading_goes_past_the_memory_of_the_drive() -> None:
    drive = ScriptedDrive(0x1B)
    recorder, data = recorder_of(drive), image(64)
    recorder.write(64, cut(data))
    forced: list[int] = []
    known = drive._28

    def reading(cdb: bytes, out: bytes) -> bytes | Answer:
        forced.append(cdb[1] & 8)
        return known(cdb, out)

    drive._28 = reading  # type: ignore[method-assign]
    drive.log.clear()
    assert b"".join(recorder.read(0, 64)) == data
    assert forced == [8, 8]
    assert drive.log == ["start stop", "start stop", "read", "read"]
    drive.faults.append(Fault("read", INVALID_FIELD, at=3))
    assert b"".join(recorder.read(0, 64)) == data
    assert forced == [8, 8, 0, 0]


def test_a_locked_drive_lets_its_medium_out_when_asked_and_when_left() -> None:
    drive = ScriptedDrive(0x1B)
    with recorder_of(drive) as recorder:
        recorder.lock()
        assert drive.locked
        recorder.eject()
        recorder.lock()
    assert not drive.locked
    assert drive.closed
