"""A disk by SCSI commands: large ones, protected ones, those that know little or lie."""

from typing import Any

import pytest
from recordings import disk_of
from usb_stick import Bus, FaultyStick, Store, plug

from drivers.mmc.recording_errors import NoMedium
from drivers.sense import CommandFailed
from drivers.transport import CHECK_CONDITION, GOOD, Answer, TimedOut, TransportFailed
from drivers.usb.find import open_usb_stick
from reporting import CannotRead, CannotWrite, NotSupported

INQUIRY = bytes((0, 0x80, 5, 2, 31, 0, 0, 0)) + b"VENDOR  PRODUCT         1.0 "


def sense(key: int, asc: int, ascq: int = 0) -> bytes:
    return bytes((0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0))


class Disk:
    """A disk of any size that keeps nothing, as a transport."""

    name = "disk"
    largest = 65536

    def __init__(self, blocks: int = 1000, block: int = 512, **answers: Any) -> None:
        self.blocks, self.block, self.answers = blocks, block, answers
        self.commands: list[bytes] = []
        self.troubles: list[bytes | Exception] = []  # come before the next answers
        self.closed = False

    def execute(
        self,
        cdb: bytes,
        *,
        data_out: bytes | memoryview = b"",
        length: int = 0,
        timeout: float = 30.0,
    ) -> Answer:
        self.commands.append(cdb)
        if self.troubles and cdb[0] != 0x12:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return Answer(CHECK_CONDITION, b"", trouble)
        refused = self.answers.get(f"refuses_{cdb[0]:02x}")
        if isinstance(refused, Exception):
            raise refused
        if refused:
            return Answer(CHECK_CONDITION, b"", refused)
        return Answer(GOOD, self._data(cdb)[:length].ljust(length, b"\0"))

    def _data(self, cdb: bytes) -> bytes:
        last = self.blocks - 1
        if cdb[0] == 0x12:
            return bytes(self.answers.get("inquiry", INQUIRY))
        if cdb[0] == 0x25:
            return min(last, 0xFFFFFFFF).to_bytes(4, "big") + self.block.to_bytes(4, "big")
        if cdb[0] == 0x9E:
            return last.to_bytes(8, "big") + self.block.to_bytes(4, "big")
        if cdb[0] == 0x1A:
            return bytes((3, 0, self.answers.get("parameter", 0), 0))
        return b"\x55" * 65536

    def close(self) -> None:
        self.closed = True


UNKNOWN = sense(5, 0x20)


@pytest.mark.parametrize("block", [512, 1024, 2048, 4096])
def test_size_and_blocks_are_what_the_disk_says(block: int) -> None:
    disk = disk_of(Disk(7, block))
    assert (disk.size, disk.block, disk.read_only) == (7 * block, block, False)
    assert (disk.inquiry.vendor, disk.inquiry.product) == ("VENDOR", "PRODUCT")


def test_a_stick_of_large_blocks_is_written_and_read() -> None:
    stick = FaultyStick(Store(64, 4096))
    with open_usb_stick("usb:1-4", backend=Bus(plug(stick)), found=[]) as disk:
        assert (disk.size, disk.block) == (64 * 4096, 4096)
        disk.pwrite(b"a" * 4096, 4096)
        assert disk.pread(2, 4095) == b"\0a"
    assert stick.luns[0].store.content[4095:4098] == b"\0aa"


def test_a_disk_beyond_two_tebibytes_is_reached_to_its_end() -> None:
    fake = Disk(1 << 33)
    disk = disk_of(fake)
    assert disk.size == 1 << 42
    disk.pread(1024, 512 * 0xFFFFFFFF)
    assert fake.commands[-1][0] == 0x88
    assert fake.commands[-1][2:14].hex() == "00000000ffffffff00000002"
    disk.pwrite(bytes(512), 512 * 0xFFFFFFFF)
    assert fake.commands[-1][0] == 0x2A
    disk.pwrite(bytes(512), (1 << 42) - 512)
    assert fake.commands[-1].hex() == "8a0000000001ffffffff000000010000"


@pytest.mark.parametrize("block", [0, 1, 520, 1 << 20])
def test_blocks_that_no_stick_has_are_refused(block: int) -> None:
    with pytest.raises(NotSupported, match="blocks of"):
        disk_of(Disk(10, block))


@pytest.mark.parametrize("kind", [1, 5, 0x1F])
def test_what_is_no_disk_is_refused(kind: int) -> None:
    with pytest.raises(NotSupported, match="not a disk"):
        disk_of(Disk(inquiry=bytes((kind,)) + INQUIRY[1:]))


def test_new_media_and_resets_come_first_and_do_no_harm() -> None:
    fake = Disk()
    fake.troubles = [sense(6, 0x29), sense(6, 0x28), sense(2, 4, 1), sense(2, 4, 1)]
    assert disk_of(fake).size == 512000


def test_an_empty_card_reader_says_so() -> None:
    fake = Disk()
    fake.troubles = [sense(6, 0x28), sense(2, 0x3A)]
    with pytest.raises(NoMedium):
        disk_of(fake)


def test_a_disk_that_never_becomes_ready_is_given_up() -> None:
    with pytest.raises(CommandFailed):
        disk_of(Disk(refuses_00=sense(2, 4, 1)))


@pytest.mark.parametrize(
    ("parameter", "read_only"), [(0x80, True), (0x90, True), (0x10, False), (0, False)]
)
def test_write_protection_is_known_before_anything_is_written(
    parameter: int, read_only: bool
) -> None:
    assert disk_of(Disk(parameter=parameter)).read_only is read_only


def test_a_protected_stick_of_another_maker_is_known_and_refuses() -> None:
    stick = FaultyStick(Store(64), read_only=True)
    with open_usb_stick("usb:1-4", backend=Bus(plug(stick)), found=[]) as disk:
        assert disk.read_only
        with pytest.raises(CommandFailed, match="write protected"):
            disk.pwrite(bytes(512), 0)


@pytest.mark.parametrize("forced", [False, True])
def test_reads_pass_the_cache_by_where_the_disk_can(forced: bool) -> None:
    fake = Disk(parameter=0x10 * forced)
    disk_of(fake).pread(512, 0)
    assert fake.commands[-1][:2] == bytes((0x28, 0x08 * forced))


def test_a_disk_that_knows_few_commands_is_good_enough() -> None:
    fake = Disk(refuses_1a=UNKNOWN, refuses_35=UNKNOWN, refuses_1b=UNKNOWN)
    disk = disk_of(fake)
    disk.flush()
    disk.stop(eject=True)
    assert not disk.read_only
    assert [cdb[0] for cdb in fake.commands].count(0x1A) == 2


def test_a_disk_that_stumbles_over_mode_sense_is_good_enough() -> None:
    stumbles = TransportFailed("stumbled", "disk", "Wait")
    assert not disk_of(Disk(refuses_1a=stumbles)).read_only


def test_a_cache_that_cannot_be_emptied_is_a_failure() -> None:
    fake = Disk(refuses_35=sense(3, 0x0C))
    with pytest.raises(CommandFailed):
        disk_of(fake).flush()


def test_large_transfers_are_cut_to_what_a_command_may_move() -> None:
    fake = Disk(1000)
    disk = disk_of(fake)
    del fake.commands[:]
    assert len(disk.pread(300 * 512, 512)) == 300 * 512
    assert [(int.from_bytes(c[2:6], "big"), c[8]) for c in fake.commands] == [
        (1, 128),
        (129, 128),
        (257, 44),
    ]


def test_a_way_that_failed_once_is_tried_again() -> None:
    fake = Disk()
    disk = disk_of(fake)
    fake.troubles = [TransportFailed("phase", "disk", "Wait")]
    disk.pwrite(bytes(512), 0)
    fake.troubles = [sense(6, 0x29)]
    disk.pwrite(bytes(512), 0)
    fake.troubles = [TransportFailed("phase", "disk", "Wait")] * 2
    with pytest.raises(TransportFailed):
        disk.pread(512, 0)


def test_a_disk_that_did_not_answer_is_not_asked_again() -> None:
    fake = Disk()
    disk = disk_of(fake)
    fake.troubles = [TimedOut("late", "disk", "Wait")]
    with pytest.raises(TimedOut):
        disk.pread(512, 0)
    assert disk.pread(1, 0) == b"\x55"


@pytest.mark.parametrize("write", [False, True])
def test_another_medium_in_the_middle_is_a_failure(write: bool) -> None:
    fake = Disk()
    disk = disk_of(fake)
    fake.troubles = [sense(6, 0x28)]
    with pytest.raises(CommandFailed):
        disk.pwrite(bytes(512), 0) if write else disk.pread(512, 0)


def test_nothing_beyond_the_end_is_asked_for() -> None:
    fake = Disk(10)
    disk = disk_of(fake)
    del fake.commands[:]
    with pytest.raises(CannotRead):
        disk.pread(2, 5119)
    with pytest.raises(CannotWrite):
        disk.pwrite(bytes(1024), 4608)
    with pytest.raises(ValueError, match="whole blocks"):
        disk.pwrite(bytes(511), 0)
    assert not fake.commands


def test_data_that_were_not_all_transferred_are_not_taken_for_good() -> None:
    class Short(Disk):
        def execute(self, cdb: bytes, **more: Any) -> Answer:
            answer = super().execute(cdb, **more)
            return answer._replace(residual=10) if cdb[0] in (0x28, 0x2A) else answer

    disk = disk_of(Short())
    with pytest.raises(TransportFailed, match="not transferred"):
        disk.pread(512, 0)
    with pytest.raises(TransportFailed, match="not transferred"):
        disk.pwrite(bytes(512), 0)


def test_closing_a_disk_closes_the_way_to_it() -> None:
    fake = Disk()
    with disk_of(fake):
        assert not fake.closed
    assert fake.closed
