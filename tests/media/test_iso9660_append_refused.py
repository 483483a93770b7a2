"""Images to which no session is appended, and that stay as they are."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from appended_sessions import (
    CHANGE,
    NEW,
    OLD,
    SECTOR,
    WHEN,
    Peer,
    append,
    behind_first,
    by_xorriso,
    change,
    errors,
    genisoimage,
    read,
    read_front,
    run,
    source,
    start_of_last,
    write_ours,
    write_tree,
)

from media import lay_out_bridge, planned_files, write_fat, write_volume
from media.iso9660.append import finish_session
from media.iso9660.session_plan import SESSION_ALIGNMENT, SESSION_LEAD
from reporting import CannotWrite, FilmjacketError, NotSupported, WrongUsage

SOURCES = [source(*item) for item in OLD.items()]
# Where a descriptor of 2048 bytes at sector 16 has its fields (ECMA-119 8.4).
PRIMARY = 16 * SECTOR


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_ours(tmp_path)


def bridge(folder: Path) -> Path:
    plan = lay_out_bridge(planned_files(SOURCES, None), label="BRIDGE", recorded=WHEN)
    write_volume(plan, SOURCES, folder / "bridge.iso")
    return folder / "bridge.iso"


def fat(folder: Path) -> Path:
    write_fat(SOURCES, folder / "stick.img", label="STICK", recorded=WHEN)
    return folder / "stick.img"


def text(folder: Path) -> Path:
    (folder / "text").write_bytes(b"text" * 20_000)
    return folder / "text"


@pytest.mark.parametrize("made", [bridge, fat, text])
def test_what_is_no_plain_disc_is_refused(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    image = made(tmp_path)
    old = image.read_bytes()
    with pytest.raises(NotSupported):
        append(image)
    assert image.read_bytes() == old


def record_of(name: bytes, at: int, value: bytes) -> Callable[[bytearray], None]:
    """Write *value* at byte *at* of a file's directory record."""

    def damage(data: bytearray) -> None:
        start = data.rindex(name, 0, 30 * SECTOR) - 33 + at
        data[start : start + len(value)] = value

    return damage


def descriptor(at: int, value: bytes) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        data[PRIMARY + at : PRIMARY + at + len(value)] = value

    return damage


def shorten(data: bytearray) -> None:
    del data[-152 * SECTOR :]


DAMAGES: dict[str, Callable[[bytearray], None]] = {
    "ISO-RECORD": record_of(b"I2.;1", 32, b"\xff"),
    "ISO-BOTH-ORDERS": record_of(b"I2.;1", 6, b"\x01\0\0\0"),
    "ISO-INTERLEAVE": record_of(b"I2.;1", 26, b"\x01\x01"),
    "ISO-OUTSIDE": record_of(b"I2.;1", 2, (1 << 20).to_bytes(4, "little") + (1 << 20).to_bytes(4)),
    "ISO-PATH-TABLE-L": descriptor(140, (150).to_bytes(4, "little")),
    "ISO-PATH-TABLE-M": descriptor(148, (150).to_bytes(4, "big")),
    "ISO-TERMINATOR": descriptor(SECTOR + 1, b"XXXXX"),
    "ISO-DIRECTORY-LOOP": record_of(b"P2", 2, (23).to_bytes(4, "little") + (23).to_bytes(4, "big")),
    "ends before": descriptor(80, (9999).to_bytes(4, "little") + (9999).to_bytes(4, "big")),
    "ISO-OUTSIDE, cut off": shorten,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_disc_is_refused_with_the_finding(ours: Path, damage: str) -> None:
    data = bytearray(ours.read_bytes())
    DAMAGES[damage](data)
    ours.write_bytes(data)
    with pytest.raises(CannotWrite, match=damage.partition(",")[0]) as caught:
        append(ours)
    assert "new medium" in caught.value.remedy
    assert ours.read_bytes() == data


def test_a_session_that_cannot_be_read_is_not_written_over(ours: Path) -> None:
    append(ours, update_first=False)
    data = bytearray(ours.read_bytes())
    descriptor = (start_of_last(ours) + 16) * SECTOR
    root = int.from_bytes(data[descriptor + 158 : descriptor + 162], "little") * SECTOR
    data[root : root + SECTOR] = bytes(SECTOR)
    ours.write_bytes(data)
    assert read(ours) == OLD
    with pytest.raises(CannotWrite, match="last session cannot be read"):
        append(ours)
    assert ours.read_bytes() == data


def test_a_front_without_room_for_what_the_last_session_has_is_not_written_over(
    tmp_path: Path, peer: Peer
) -> None:
    tree = write_tree(tmp_path)
    image = genisoimage(tree, peer, "-iso-level", "1")
    begins = -(-image.stat().st_size // SECTOR // 16) * 16 + 64
    session = tmp_path / "session.iso"
    words = ("-quiet", "-J", "-C", f"0,{begins}", "-M", image, "-o", session, tree)
    run(peer("genisoimage"), *words)
    os.truncate(image, begins * SECTOR)
    image.write_bytes(image.read_bytes() + session.read_bytes())
    old, shown = image.read_bytes(), read(image)
    more = change({"MORE": b"more"})
    with pytest.raises(NotSupported, match="room for 2 at its front"):
        append(image, more)
    assert image.read_bytes() == old
    append(image, more, update_first=False)
    assert read(image) == {**shown, "MORE": b"more"}


def test_a_front_with_more_descriptors_than_the_last_session_is_ended_more_than_once(
    tmp_path: Path, peer: Peer
) -> None:
    image = genisoimage(write_tree(tmp_path), peer, "-iso-level", "1")
    data = bytearray(image.read_bytes())
    front = slice(16 * SECTOR, 18 * SECTOR)
    primary, end = data[front][:SECTOR], data[front][SECTOR:]
    data[17 * SECTOR : 19 * SECTOR] = primary + end  # in place of the maker's own words
    image.write_bytes(data)
    append(image)
    append(image, change({"DICOMDIR": NEW["DICOMDIR"]}))
    data = bytearray(image.read_bytes())
    assert [data[sector * SECTOR] for sector in (16, 17, 18)] == [1, 255, 255]
    assert read(image) == read_front(image) == by_xorriso(image, peer) == NEW
    assert errors(image) == []


def test_a_disc_whose_padding_was_not_copied_is_gone_on(ours: Path, peer: Peer) -> None:
    os.truncate(ours, ours.stat().st_size - 150 * SECTOR)
    append(ours)
    assert read(ours) == by_xorriso(ours, peer) == NEW
    assert errors(ours) == []


def test_what_lies_behind_the_end_that_a_disc_tells_is_kept(tmp_path: Path, peer: Peer) -> None:
    image = genisoimage(write_tree(tmp_path), peer, "-no-pad", "-iso-level", "1")
    data = bytearray(image.read_bytes())
    data[PRIMARY + 80 : PRIMARY + 88] = (30).to_bytes(4, "little") + (30).to_bytes(4, "big")
    image.write_bytes(data)
    append(image)
    assert behind_first(image.read_bytes()).startswith(behind_first(data))
    assert read(image) == NEW


def test_more_than_the_medium_takes_is_not_begun(ours: Path) -> None:
    old = ours.read_bytes()
    size = append_to_copy(ours)
    with pytest.raises(CannotWrite, match=f"needs {size:,} bytes"):
        append(ours, capacity=size - 1)
    assert ours.read_bytes() == old
    append(ours, capacity=size)


def append_to_copy(image: Path) -> int:
    copy = image.with_name("copy.iso")
    shutil.copy(image, copy)
    return append(copy).size


def test_a_file_to_remove_must_be_there(ours: Path) -> None:
    old = ours.read_bytes()
    with pytest.raises(CannotWrite, match="not on the disc"):
        append(ours, change({"NEW": b"new"}, ("DICOM/P1/I9",)))
    assert ours.read_bytes() == old


def test_an_image_that_may_not_be_written_is_refused(ours: Path) -> None:
    with pytest.raises(CannotWrite):
        append(ours.parent)
    with pytest.raises(CannotWrite):
        append(ours.with_name("absent.iso"))


def test_a_session_begins_behind_the_last_one_by_the_rule(ours: Path) -> None:
    end = ours.stat().st_size // SECTOR
    append(ours)
    start = start_of_last(ours)
    assert start % SESSION_ALIGNMENT == 0
    assert end + SESSION_LEAD <= start < end + SESSION_LEAD + SESSION_ALIGNMENT


def test_a_session_is_as_long_as_what_is_in_it_and_its_padding(ours: Path) -> None:
    size = append(ours).size
    content = -(-len(ours.read_bytes().rstrip(b"\0")) // SECTOR)
    assert size == (content + 150) * SECTOR


def test_a_session_is_found_though_the_descriptor_before_has_a_wrong_version(ours: Path) -> None:
    data = bytearray(ours.read_bytes())
    data[PRIMARY + 6] = 0
    ours.write_bytes(data)
    append(ours)
    assert read(ours) == NEW
    assert errors(ours) == []


def test_a_session_begins_where_a_drive_says(ours: Path, peer: Peer) -> None:
    end = ours.stat().st_size // SECTOR
    append(ours, start=end + 11_400)
    assert start_of_last(ours) == end + 11_400
    assert read(ours) == by_xorriso(ours, peer) == NEW
    assert errors(ours) == []


@pytest.mark.parametrize("distance", [-1, 32_768])
def test_a_session_begins_neither_in_the_last_one_nor_too_far_behind(
    ours: Path, distance: int
) -> None:
    old = ours.read_bytes()
    with pytest.raises(WrongUsage, match="no place for a session"):
        append(ours, start=len(old) // SECTOR + distance)
    assert ours.read_bytes() == old
    append(ours, start=len(old) // SECTOR + (0 if distance < 0 else distance - 1))
    assert read(ours) == NEW


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes of the structures, which lie in front."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(PRIMARY, 27 * SECTOR)
        while not changed[at] and chance.random() < 0.97:
            at = chance.randrange(PRIMARY, 27 * SECTOR)
        changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(changed)


def test_mutated_images_end_in_a_session_or_in_a_typed_error(ours: Path) -> None:
    old = ours.read_bytes()
    chance = random.Random(3)  # noqa: S311 (a seeded choice of cases)
    done = 0
    for _ in range(300):
        data = mutated(old, chance)
        ours.write_bytes(data)
        try:
            append(ours, CHANGE)
        except FilmjacketError:
            assert ours.read_bytes() == data
        else:
            done += 1
            assert behind_first(ours.read_bytes()).startswith(behind_first(data))
            assert ours.stat().st_size < len(data) + (1 << 21)
            assert read(ours)["DICOMDIR"] == NEW["DICOMDIR"]
    assert 20 < done < 280


def test_of_a_rock_ridge_and_joliet_disc_mutations_are_survived_as_well(
    tmp_path: Path, peer: Peer
) -> None:
    image = genisoimage(write_tree(tmp_path), peer, "-R", "-J")
    old = image.read_bytes()
    chance = random.Random(4)  # noqa: S311 (a seeded choice of cases)
    for _ in range(150):
        data = mutated(old, chance)
        image.write_bytes(data)
        try:
            append(image, CHANGE)
        except FilmjacketError:
            assert image.read_bytes() == data
        else:
            assert behind_first(image.read_bytes()).startswith(behind_first(data))


def test_an_image_that_another_program_changes_is_refused(ours: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    append(ours, update_first=False)
    before = ours.read_bytes()
    with ours.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for change_it in (append, finish_session):
            with pytest.raises(CannotWrite, match="being changed by another program"):
                change_it(ours)
    assert ours.read_bytes() == before
    assert finish_session(ours)
