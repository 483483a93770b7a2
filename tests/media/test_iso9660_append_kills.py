"""Updates of CD-R images that are stopped anywhere: the old disc is there, or the new one."""

import errno
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from appended_sessions import (
    CHANGE,
    NEW,
    OLD,
    WHEN,
    Peer,
    append,
    change,
    errors,
    genisoimage,
    read,
    read_front,
    write_ours,
    write_tree,
)

from media import FileRange, NamedSource
from media.iso9660.append import finish_session
from media.update import Change
from reporting import CannotRead, CannotWrite

DISK_SECTOR = 512  # bytes that a disk writes at once or not at all


class Step(NamedTuple):
    """One call that changed the image, or that made all before it durable."""

    call: str
    at: int = 0
    data: bytes = b""


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_ours(tmp_path)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Everything that is asked of the operating system, in its order."""
    made: list[Step] = []
    write, truncate, sync = os.write, os.ftruncate, os.fsync

    def note_write(descriptor: int, data: bytes) -> int:
        made.append(Step("write", os.lseek(descriptor, 0, os.SEEK_CUR), bytes(data)))
        return write(descriptor, data)

    def note_truncate(descriptor: int, length: int) -> None:
        made.append(Step("truncate", length))
        truncate(descriptor, length)

    def note_sync(descriptor: int) -> None:
        made.append(Step("sync"))
        sync(descriptor)

    monkeypatch.setattr(os, "write", note_write)
    monkeypatch.setattr(os, "ftruncate", note_truncate)
    monkeypatch.setattr(os, "fsync", note_sync)
    return made


def carry_out(steps: list[Step], image: Path) -> None:
    with image.open("r+b") as file:
        for step in steps:
            if step.call == "write":
                file.seek(step.at)
                file.write(step.data)
            elif step.call == "truncate":
                file.truncate(step.at)


def torn(step: Step, chance: random.Random) -> list[Step]:
    """What a disk may have carried out of a write, in no order."""
    parts = range(0, len(step.data), DISK_SECTOR)
    reached = chance.sample(parts, chance.randrange(len(parts) + 1))
    return [Step("write", step.at + at, step.data[at : at + DISK_SECTOR]) for at in reached]


def test_every_prefix_of_what_is_written_leaves_the_old_disc_or_the_new_one(
    ours: Path, steps: list[Step], tmp_path: Path
) -> None:
    old = ours.read_bytes()
    append(ours)
    made, seen = list(steps), []
    assert sum(step.call == "write" for step in made) >= 7
    copy = tmp_path / "copy.iso"
    chance = random.Random(1)  # noqa: S311 (a seeded choice of cases)
    for number, step in enumerate(made):
        for following in ([], *(torn(step, chance) for _ in range(3)), [step]):
            copy.write_bytes(old)
            carry_out([*made[:number], *following], copy)
            seen.append((read(copy), read_front(copy)))
            where = f"stopped in step {number}: {step.call} at {step.at}"
            assert seen[-1] in ((OLD, OLD), (NEW, OLD), (NEW, NEW)), where
    assert (OLD, OLD) in seen
    assert seen[-1] == (NEW, NEW)
    assert read(ours) == NEW


def test_a_front_that_was_not_reached_is_finished_afterwards(
    ours: Path, steps: list[Step], tmp_path: Path
) -> None:
    old = ours.read_bytes()
    assert not finish_session(ours)
    append(ours)
    made, whole, copy = list(steps), ours.read_bytes(), tmp_path / "copy.iso"
    assert not finish_session(ours)
    finished = 0
    for number in range(len(made) + 1):
        copy.write_bytes(old)
        carry_out(made[:number], copy)
        seen = read(copy)
        finished += finish_session(copy)
        assert (read(copy), read_front(copy)) == (seen, seen)
        assert not finish_session(copy)
        if seen == NEW:
            assert copy.read_bytes() == whole
    assert finished == 4  # after the session's own descriptor, until the first one is there


def test_a_front_that_cannot_be_finished_stays_as_it_was(
    ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(ours, update_first=False)
    before = ours.read_bytes()
    sync, syncs = os.fsync, []

    def fail(descriptor: int) -> None:
        syncs.append(descriptor)
        if len(syncs) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CannotWrite, match="Input/output error"):
        finish_session(ours)
    assert ours.read_bytes() == before


def test_writes_may_reach_the_disk_in_any_order_between_two_barriers(
    ours: Path, steps: list[Step], tmp_path: Path
) -> None:
    old = ours.read_bytes()
    append(ours)
    made = list(steps)
    barriers = [number for number, step in enumerate(made) if step.call == "sync"]
    copy = tmp_path / "copy.iso"
    chance = random.Random(2)  # noqa: S311 (a seeded choice of cases)
    for _ in range(100):
        barrier = chance.choice([0, *barriers])
        after = next((b for b in barriers if b > barrier), len(made))
        between = made[barrier:after]
        reached = chance.sample(between, chance.randrange(len(between) + 1))
        copy.write_bytes(old)
        carry_out([*made[:barrier], *reached], copy)
        assert (read(copy), read_front(copy)) in ((OLD, OLD), (NEW, OLD), (NEW, NEW))


def test_the_descriptor_that_counts_is_written_last_and_at_once(
    ours: Path, steps: list[Step]
) -> None:
    before = ours.stat().st_size
    append(ours)
    *_, durable, of_the_session, sync, _, durable_too, of_the_image, end = steps
    assert {s.call for s in (durable, sync, durable_too, end)} == {"sync"}
    for last in (of_the_session, of_the_image):
        assert last.data[:7] == b"\x01CD001\x01"
        assert len(last.data) == DISK_SECTOR
        assert not last.at % DISK_SECTOR
    assert of_the_image.at == 16 * 2048
    assert sum(step.call == "write" and step.at < before for step in steps) == 2


def test_a_killed_update_is_written_over_by_the_next_one(ours: Path) -> None:
    old = ours.read_bytes()
    append(ours, update_first=False)
    whole = ours.read_bytes()
    switch = whole.index(b"\x01CD001\x01", len(old))
    ours.write_bytes(whole[:switch] + bytes(DISK_SECTOR) + whole[switch + DISK_SECTOR :])
    assert read(ours) == OLD
    append(ours, change({"OTHER": b"other"}))
    assert read(ours) == {**OLD, "OTHER": b"other"}
    assert errors(ours) == []
    assert b"fourth" not in ours.read_bytes()  # nothing of what was stopped shows through


def killed_after(delay: float, work: Callable[[], None]) -> None:
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_thirty_real_kills(ours: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(8 << 20))
    # Bytes as well, as the kernel copies files without being asked between.
    parts = (FileRange(str(large), 0, 8 << 20), large.read_bytes()[: 2 << 20])
    update = Change((*CHANGE.add, NamedSource(("LARGE",), parts, WHEN)), CHANGE.remove, CHANGE.last)
    new = {**NEW, "LARGE": large.read_bytes() + large.read_bytes()[: 2 << 20]}
    old = ours.read_bytes()
    begun = time.monotonic()
    append(ours, update)
    lasts = time.monotonic() - begun
    assert read(ours) == new
    results = []
    for number in range(30):
        ours.write_bytes(old)
        killed_after(lasts * number / 20, lambda: append(ours, update))
        results.append(read(ours))
        assert results[-1] in (OLD, new)
        if number % 10 == 0:
            append(ours, change({"AFTER": b"after"}))
            assert read(ours) == {**results[-1], "AFTER": b"after"}
    assert OLD in results


@pytest.mark.parametrize("file", ["a file that grew", "a file that is gone"])
def test_a_source_that_changes_leaves_the_image_as_it_was(
    ours: Path, tmp_path: Path, file: str
) -> None:
    path = tmp_path / "I1"
    path.write_bytes(b"planned")
    planned = NamedSource(("I1",), (FileRange(str(path), 0, 7),), WHEN)
    if file == "a file that grew":
        path.write_bytes(b"planned otherwise")
    else:
        path.unlink()
    old = ours.read_bytes()
    with pytest.raises(CannotRead):
        append(ours, Change((*CHANGE.add, planned)))
    assert ours.read_bytes() == old


@pytest.mark.parametrize("fails", [1, 2, 3, 4])
def test_a_disk_that_cannot_make_it_durable_leaves_the_image_as_it_was(
    ours: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    old = ours.read_bytes()
    sync, syncs = os.fsync, []

    def fail(descriptor: int) -> None:
        syncs.append(descriptor)
        if len(syncs) == fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CannotWrite, match="Input/output error"):
        append(ours)
    assert ours.read_bytes() == old
    # Also where a killed update left the image longer than the session would be.
    os.truncate(ours, len(old) + (4 << 20))
    syncs.clear()
    with pytest.raises(CannotWrite, match="Input/output error"):
        append(ours)
    assert ours.read_bytes() == old + bytes(4 << 20)


def test_what_the_front_may_lead_to_is_never_cut_off(
    ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, syncs = os.fsync, []

    def fail(descriptor: int) -> None:
        syncs.append(descriptor)
        if len(syncs) >= 4:  # the front is written, and cannot be put back
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CannotWrite, match="Input/output error"):
        append(ours)
    assert read(ours) == NEW


def test_joliet_names_at_the_front_are_in_place_before_the_plain_ones(
    tmp_path: Path, peer: Peer, steps: list[Step]
) -> None:
    image = genisoimage(write_tree(tmp_path), peer, "-J")
    before = image.read_bytes()
    append(image)
    made, copy = list(steps), tmp_path / "copy.iso"
    others, barrier, primary = made[-4:-1]
    assert (others.at, barrier.call, primary.at) == (16 * 2048 + 512, "sync", 16 * 2048)
    chance = random.Random(3)  # noqa: S311 (a seeded choice of cases)
    for following in (*(torn(others, chance) for _ in range(10)), [others], [others, primary]):
        copy.write_bytes(before)
        carry_out([*made[:-4], *following], copy)
        assert (read(copy), errors(copy)) == (NEW, [])
    assert copy.read_bytes() == image.read_bytes()


def test_an_interruption_leaves_the_image_as_it_was(ours: Path) -> None:
    old = ours.read_bytes()

    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        append(ours, progress=interrupt)
    assert ours.read_bytes() == old
