"""What is a session and what only looks like one, and what is read back before one counts."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from appended_sessions import NEW, OLD, SECTOR, append, read, start_of_last, write_ours

from drivers import open_image
from media.iso9660.sessions import broken_session, session_starts
from reporting import CannotWrite


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_ours(tmp_path)


def root_of(data: bytes, descriptor: int) -> int:
    """Return the byte at which the root begins that the descriptor in a sector leads to."""
    return int.from_bytes(data[descriptor * SECTOR + 158 :][:4], "little") * SECTOR


def both(number: int) -> bytes:
    return number.to_bytes(4, "little") + number.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (33, b"\x01"),  # the record of what is above
        (33, b"A"),
        (2, both(19)),  # a root elsewhere, as of a disc in a file
        (0, b"\x21"),  # no record is that short
        (0, bytes(SECTOR)),
    ],
)
def test_a_descriptor_whose_root_is_not_its_own_begins_no_session(
    at: int, value: bytes, ours: Path
) -> None:
    append(ours, update_first=False)
    data = bytearray(ours.read_bytes())
    first = start_of_last(ours) + 16
    with open_image(ours) as image:
        assert session_starts(image) == (16, first)
        assert broken_session(image, first) is None
    root = root_of(bytes(data), first)
    data[root + at : root + at + len(value)] = value
    ours.write_bytes(data)
    with open_image(ours) as image:
        assert session_starts(image) == (16,)
        assert broken_session(image, 16) == first
    assert read(ours) == OLD


def test_a_session_whose_root_is_beyond_the_end_is_none(ours: Path) -> None:
    append(ours, update_first=False)
    first = start_of_last(ours) + 16
    root = root_of(ours.read_bytes(), first)
    for end, starts in ((root + SECTOR, (16, first)), (root + SECTOR - 1, (16,))):
        os.truncate(ours, end)
        with open_image(ours) as image:
            assert session_starts(image) == starts


# --- read back ---------------------------------------------------------------------------------

Damage = Callable[[bytearray, int], None]


def record_of(name: bytes, at: int, change: Callable[[bytes], bytes]) -> Damage:
    """Change eight bytes at byte *at* of a record in the last session."""

    def damage(data: bytearray, behind: int) -> None:
        volume_and_length = b"\1\0\0\1" + bytes((len(name),))
        start = data.index(volume_and_length + name, behind) - 28 + at
        data[start : start + 8] = change(bytes(data[start : start + 8]))

    return damage


def later(numbers: bytes) -> bytes:
    return both(int.from_bytes(numbers[:4], "little") + 1)


DAMAGES: dict[str, Damage] = {
    "a new file is elsewhere": record_of(b"I3.;1", 2, later),
    "a new file is longer": record_of(b"I3.;1", 10, later),
    "a folder of what is kept is longer than the image": record_of(
        b"P1", 10, lambda _: both(1 << 30)
    ),
    "a record of what is kept is cut": record_of(b"I2.;1", -1, lambda old: b"\0\xff" + old[2:]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_session_that_does_not_read_back_does_not_count(
    damage: str, ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that keeps other bytes than it was given, in what is flushed first."""
    old, sync, syncs = ours.read_bytes(), os.fsync, list[int]()

    def keep_others(descriptor: int) -> None:
        if not syncs:
            size = os.fstat(descriptor).st_size
            data = bytearray(os.pread(descriptor, size, 0))
            DAMAGES[damage](data, len(old))
            os.pwrite(descriptor, data, 0)
        syncs.append(descriptor)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", keep_others)
    with pytest.raises(CannotWrite, match="would not be read as it was meant"):
        append(ours)
    assert ours.read_bytes() == old
    assert read(ours) == OLD


def test_one_that_reads_back_counts(ours: Path) -> None:
    append(ours)
    assert read(ours) == NEW
