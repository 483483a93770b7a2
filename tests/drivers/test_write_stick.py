"""Images on sticks: right to the last byte, or not there at all."""

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from faulty_disk import faulty_disk
from faulty_target import MIB, FaultyTarget, Image, unplugged
from hypothesis import given, settings
from hypothesis import strategies as st
from usb_stick import Bus, FaultyStick, Store, plug

from drivers.block_device import BlockDevice
from drivers.transport import DeviceGone
from drivers.usb.find import open_usb_stick
from drivers.write_stick import Defect, ReadBackFailed, is_blank, write_stick
from reporting import CannotRead, CannotWrite, FilmjacketError


def bootable(target: FaultyTarget) -> bool:
    return target.content[510:512] == b"\x55\xaa"


@pytest.mark.parametrize("block", [512, 4096])
@pytest.mark.parametrize("size", [1, 512, 4096, 4097, MIB, MIB + 1, 3 * MIB + 700, 8 * MIB])
def test_an_image_of_any_length_is_on_the_stick(size: int, block: int) -> None:
    target, image = FaultyTarget(block=block), Image(size)
    written = write_stick(target, image)
    assert (written.name, written.bytes) == ("/dev/sdx", size)
    assert written.sha256 == sha256(image.data).hexdigest()
    assert target.content[:size] == image.data
    filled = -size % block
    assert target.content[size : size + filled] == bytes(filled)


def test_the_first_block_comes_last_after_all_else_was_read_back() -> None:
    target, image = FaultyTarget(), Image(3 * MIB)
    write_stick(target, image)
    last = max(at for at, line in enumerate(target.log) if line.startswith("write"))
    assert target.log[last] == "write 0+512"
    read = [line for line in target.log[:last] if line.startswith("read")]
    assert [f"read {at * MIB}+{MIB}" for at in (1, 2)] == [
        line for line in read if not line.startswith("read 0+")
    ]
    assert target.log[last - 2] == "flush" or target.log[last - 1].startswith("read 0+")
    assert target.log[last + 1 :] == ["flush", f"read 0+{MIB}"]


def test_the_stick_is_unreadable_from_the_first_moment() -> None:
    target = FaultyTarget()
    target.content[510:512] = b"\x55\xaa"

    def look(number: int, offset: int) -> None:
        if number > 1 and offset:
            assert not bootable(target)
            assert target.content.startswith(b"This device is being written")
            assert target.content[32768:32800] != b"CD001"

    target.at_write = look
    write_stick(target, Image(4 * MIB))
    assert bootable(target)


def test_a_partition_table_at_the_end_goes_too() -> None:
    target = FaultyTarget()
    target.content[-512:-504] = b"EFI PART"
    write_stick(target, Image(2 * MIB))
    assert not any(target.content[-MIB:])


@pytest.mark.parametrize("kind", [KeyboardInterrupt, DeviceGone, CannotWrite])
@pytest.mark.parametrize("at", range(1, 8))
def test_ended_at_any_write_no_first_block_is_left(kind: type[BaseException], at: int) -> None:
    target, image = FaultyTarget(), Image(4 * MIB)
    ended = {DeviceGone: unplugged(), CannotWrite: CannotWrite("full", "x", "y")}

    def end(number: int, offset: int) -> None:
        if number == at:
            raise ended.get(kind) or kind()

    target.content[510:512] = bytes(2)
    target.at_write = end
    with pytest.raises(kind):
        write_stick(target, image)
    assert not bootable(target)


def test_a_first_block_that_cannot_be_confirmed_is_taken_off_again() -> None:
    target, image = FaultyTarget(), Image(2 * MIB)

    def fail(number: int, offset: int) -> None:
        if number == 5:  # mark, end, second MiB, beginning, first block
            target.dull = [range(510, 512), range(1024, 2048)]
            target.content[1024:1536] = bytes(512)

    target.at_write = fail
    with pytest.raises(ReadBackFailed, match="beginning"):
        write_stick(target, image)
    assert target.content[:512] == bytes(512)


@pytest.mark.parametrize(
    ("start", "length"), [(MIB, 512), (2 * MIB - 512, 1024), (3 * MIB + 70000, 512)]
)
def test_what_does_not_keep_is_found_and_named(start: int, length: int) -> None:
    target, image = FaultyTarget(), Image(4 * MIB)
    start -= start % 512
    target.dull = [range(start, start + length)]
    with pytest.raises(ReadBackFailed) as caught:
        write_stick(target, image)
    first, last = caught.value.defects[0], caught.value.defects[-1]
    assert first.start <= start
    assert start + length <= last.start + last.length
    assert sum(one.length for one in caught.value.defects) <= length + (2 << 16)
    assert all(one.readable for one in caught.value.defects)
    assert not bootable(target)


def test_what_cannot_be_read_back_is_told_apart() -> None:
    target, image = FaultyTarget(), Image(4 * MIB)
    target.bad = [range(2 * MIB, 2 * MIB + 1), range(3 * MIB + 65536, 3 * MIB + 3 * 65536)]
    with pytest.raises(ReadBackFailed) as caught:
        write_stick(target, image)
    assert caught.value.defects == (
        Defect(2 * MIB, 65536, False),
        Defect(3 * MIB + 65536, 2 * 65536, False),
    )
    assert caught.value.where == f"/dev/sdx, byte {2 * MIB}"
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own)
    assert again.defects == caught.value.defects


def test_a_stick_that_keeps_nothing_is_found_out_at_once() -> None:
    target = FaultyTarget()
    target.dull = [range(target.size)]
    with pytest.raises(ReadBackFailed, match="does not keep"):
        write_stick(target, Image(4 * MIB))
    assert target.writes == 2


@pytest.mark.parametrize("really", [MIB, 2 * MIB, 3 * MIB + MIB // 2, 6 * MIB - 512])
@pytest.mark.parametrize("content", ["noise", "zeros"])
def test_a_stick_that_is_smaller_than_it_says_is_found_out(really: int, content: str) -> None:
    image = Image(6 * MIB)
    if content == "zeros":
        image.data = image.data[:MIB] + bytes(5 * MIB)
    target = FaultyTarget(really=really)
    with pytest.raises(ReadBackFailed):
        write_stick(target, image)
    assert not bootable(target)


def test_a_stick_that_mixes_up_its_blocks_is_found_out() -> None:
    target = FaultyTarget()
    target.crossed = {3 * MIB + 1024: 2048}
    with pytest.raises(ReadBackFailed):
        write_stick(target, Image(4 * MIB))
    assert not bootable(target)


def test_a_long_list_of_defects_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.write_stick._MOST_DEFECTS", 10)
    target, image = FaultyTarget(), Image(8 * MIB)
    target.bad = [range(at, at + 1) for at in range(MIB, 8 * MIB, 2 << 16)]
    with pytest.raises(ReadBackFailed) as caught:
        write_stick(target, image)
    assert 10 <= len(caught.value.defects) <= 16


def test_a_stick_pulled_out_while_it_is_read_back_is_gone_not_damaged() -> None:
    target = FaultyTarget()
    read = target.pread

    def gone(length: int, offset: int) -> bytes:
        if offset >= 2 * MIB:
            raise unplugged()
        return read(length, offset)

    target.pread = gone  # type: ignore[method-assign]
    with pytest.raises(DeviceGone):
        write_stick(target, Image(4 * MIB))
    assert not bootable(target)


def test_what_does_not_fit_or_may_not_be_written_leaves_the_stick_as_it_was() -> None:
    target = FaultyTarget(2 * MIB)
    before = bytes(target.content)
    with pytest.raises(CannotWrite, match="has room for"):
        write_stick(target, Image(2 * MIB + 1))
    target.read_only = True
    with pytest.raises(CannotWrite, match="write-protected"):
        write_stick(target, Image(MIB))
    assert target.content == before
    assert not target.log


def test_a_stream_that_ends_early_is_no_image() -> None:
    image = Image(3 * MIB)
    image.data = image.data[: 2 * MIB]
    image.size = 3 * MIB
    target = FaultyTarget()
    with pytest.raises(CannotRead, match="instead of"):
        write_stick(target, image)
    assert not bootable(target)


def test_a_stream_that_fails_leaves_an_unreadable_stick() -> None:
    class Torn(Image):
        def pieces(self, start: int = 0, length: int = MIB):  # type: ignore[no-untyped-def]
            yield from (memoryview(self.data)[:MIB], memoryview(self.data)[MIB : 2 * MIB])
            raise CannotRead("changed", "IM1", "Leave it alone")

    target = FaultyTarget()
    with pytest.raises(CannotRead):
        write_stick(target, Torn(3 * MIB))
    assert not bootable(target)


def test_progress_rises_to_the_end_in_both_stages() -> None:
    told: list[tuple[str, int, int]] = []
    size = 3 * MIB + 5
    write_stick(FaultyTarget(), Image(size), lambda *one: told.append(one))
    for stage in ("write", "verify"):
        done = [one[1] for one in told if one[0] == stage]
        assert done == sorted(done)
        assert done[-1] == size
        assert all(one[2] == size for one in told)
    # The end of it all is told when the first block is confirmed, not before.
    assert [one[1] for one in told].count(size) == 2


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from(["dull", "bad", "end", "full"]))
def test_no_fault_ever_leaves_a_wrong_stick_that_is_called_good(
    seed: int, at: int, fault: str
) -> None:
    chance = random.Random(seed)  # noqa: S311 (test data)
    target, image = FaultyTarget(3 * MIB), Image(chance.randrange(1, 3 * MIB))
    place = chance.randrange(3 * MIB // 512) * 512
    if fault == "dull":
        target.dull = [range(place, place + 512)]
    elif fault == "bad":
        target.bad = [range(place, place + 512)]
    elif fault == "full":
        target.full_at = place

    def end(number: int, offset: int) -> None:
        if fault == "end" and number == at:
            raise unplugged()

    target.at_write = end
    try:
        write_stick(target, image)
    except FilmjacketError:
        assert target.content[:512] != image.data[:512]
    else:
        assert target.content[: image.size] == image.data


@pytest.mark.parametrize(
    ("content", "blank"),
    [(bytes(8 * MIB), True), (b"\xff" * 8 * MIB, True), (bytes(8 * MIB - 1) + b"x", False)],
)
def test_a_blank_stick_is_known(content: bytes, blank: bool) -> None:
    target = FaultyTarget()
    target.content[:] = content
    assert is_blank(target) is blank
    target.content[510] = 0x55
    assert not is_blank(target)


def test_a_stick_on_usb_is_written_by_independent_rules() -> None:
    stick, image = FaultyStick(Store(16384)), Image(5 * MIB + 100)
    plugged = plug(stick)
    plugged.kernel = True
    with open_usb_stick("usb:1-4", backend=Bus(plugged), found=[]) as disk:
        write_stick(disk, image)
    assert stick.luns[0].store.content[: image.size] == image.data
    assert plugged.kernel


@pytest.mark.parametrize("fault", ["dull", "bad", "smaller", "unplug"])
def test_a_bad_stick_on_usb_is_never_called_good(fault: str) -> None:
    image = Image(5 * MIB)
    store = Store(16384, really=8192 if fault == "smaller" else 0)
    stick = FaultyStick(store)
    if fault == "dull":
        store.dull = {5000}
    elif fault == "bad":
        stick.bad = {5000}
    elif fault == "unplug":
        stick.unplug_at = 90
    with (
        open_usb_stick("usb:1-4", backend=Bus(plug(stick)), found=[]) as disk,
        pytest.raises(FilmjacketError),
    ):
        write_stick(disk, image)
    assert store.content[510:512] != b"\x55\xaa"


def test_a_real_device_is_written_and_its_defects_are_found(tmp_path: Path) -> None:
    with faulty_disk(tmp_path, 8 * MIB) as disk:
        image = Image(5 * MIB + 300)
        with BlockDevice(disk.path) as device:
            write_stick(device, image)
            assert disk.image.read_bytes()[: image.size] == image.data
            disk.fails(dull=[(3 * MIB, 3 * MIB + 511)])
            with pytest.raises(ReadBackFailed) as caught:
                write_stick(device, Image(5 * MIB, seed=2))
            assert caught.value.defects[0].start == 3 * MIB
        assert disk.image.read_bytes()[510:512] != b"\x55\xaa"


_KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from faulty_target import Image
from drivers.block_device import BlockDevice
from drivers.write_stick import write_stick
image = Image(6 << 20)
with BlockDevice(sys.argv[1]) as device:
    print("begins", flush=True)
    write_stick(device, image)
    print("done", flush=True)
"""


def test_a_killed_job_leaves_no_first_block(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 (test data)
    root, helpers = Path(__file__).parents[2], Path(__file__).parents[1] / "helpers"
    image = Image(6 * MIB)
    killed = 0
    with faulty_disk(tmp_path, 8 * MIB) as disk:
        for _ in range(6):
            with disk.image.open("r+b") as before:
                before.write(image.data[:MIB])  # a good beginning of another day
            job = subprocess.Popen(
                [sys.executable, "-c", _KILLED, disk.path, str(root), str(helpers)],
                stdout=subprocess.PIPE,
            )
            assert job.stdout is not None
            assert job.stdout.readline() == b"begins\n"
            while disk.image.read_bytes()[:4] == image.data[:4]:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.08))
            os.kill(job.pid, signal.SIGKILL)
            done = b"done" in job.communicate()[0]
            content = disk.image.read_bytes()
            if content[:512] == image.data[:512]:
                assert content[: image.size] == image.data
            else:
                assert not done
                killed += 1
                assert content[510:512] != b"\x55\xaa"
    assert killed
