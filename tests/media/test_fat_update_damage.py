"""FAT volumes that somebody else damaged or left behind, and that are to be changed in place."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from struct import pack_into, unpack_from

import pytest
from fat_sticks import MakeStick, Peer, as_mtools_see, as_we_see, expect_sound, one, update

from media import open_medium
from media.fat.boot import parse_boot
from media.fat.update import finish_update
from reporting import CannotWrite


def test_an_update_waits_for_nobody(stick: MakeStick) -> None:
    fcntl = pytest.importorskip("fcntl")
    image, _ = stick("fat16")
    with image.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CannotWrite, match="being changed by another program"):
            update(image, one("A", b"a"))
    update(image, one("A", b"a"))


def test_a_write_protected_image_is_refused(
    stick: MakeStick, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = os.open

    def protected(path: object, flags: int, *more: int) -> int:
        if flags & os.O_RDWR:
            raise OSError(30, "Read-only file system")
        return honest(path, flags, *more)  # type: ignore[call-overload,no-any-return]

    image, _ = stick("fat16")
    monkeypatch.setattr(os, "open", protected)
    with pytest.raises(CannotWrite, match="Read-only") as caught:
        update(image, one("A", b"a"))
    assert "write protection" in caught.value.remedy


def entry_at(image: bytearray, cluster: int, table: int = 0) -> int:
    boot = parse_boot(bytes(image[:512]))
    assert boot is not None
    assert boot.bits == 16
    return boot.table_at + table * boot.table_sectors * boot.sector + cluster * 2


def chain_of(image: bytearray, name: str) -> list[int]:
    (cluster,) = unpack_from("<H", image, image.index(f"{name:11}".encode()) + 26)
    found = []
    while cluster < 0xFFF8:
        found.append(cluster)
        (cluster,) = unpack_from("<H", image, entry_at(image, cluster))
    return found


def damage_crossed(image: bytearray) -> None:
    """Let a file be what another one is but for its first cluster."""
    second = chain_of(image, "FOREIGN")[1]
    pack_into("<HI", image, image.index(b"H0         ") + 26, second, 500 * 7 - 512)


def damage_shared(image: bytearray) -> None:
    """Let two files be the same clusters."""
    content = image.index(b"FOREIGN    ") + 26
    record = image.index(b"H0         ") + 26
    image[record : record + 6] = image[content : content + 6]


def damage_loop(image: bytearray) -> None:
    found = chain_of(image, "FOREIGN")
    for table in range(2):
        pack_into("<H", image, entry_at(image, found[-1], table), found[0])


def damage_short(image: bytearray) -> None:
    for table in range(2):
        pack_into("<H", image, entry_at(image, chain_of(image, "FOREIGN")[1], table), 0)


def damage_copy(image: bytearray) -> None:
    pack_into("<H", image, entry_at(image, chain_of(image, "FOREIGN")[0], 1), 0xFFFF)


def damage_copy_of_dirty(image: bytearray) -> None:
    leave_dirty(image)
    damage_copy(image)


def damage_free_in_copy(image: bytearray) -> None:
    pack_into("<H", image, entry_at(image, 4000, 1), 0xFFFF)


def damage_type(image: bytearray) -> None:
    """Let a volume be cut up as none of its type is, so that others read it as another."""
    assert image[54:62] == b"FAT16   "
    image[54:62] = b"FAT12   "


def damage_size(image: bytearray) -> None:
    del image[-3 * 512 :]


def damage_folder_loop(image: bytearray) -> None:
    at = image.index(b"FOREIGN    ")
    image[at + 11] = 0x10
    pack_into("<H", image, at + 26, chain_of(image, "HOLES")[0])


def leave_dirty(image: bytearray) -> None:
    for table in range(2):
        (entry,) = unpack_from("<H", image, entry_at(image, 1, table))
        pack_into("<H", image, entry_at(image, 1, table), entry & 0x7FFF)


def lose_clusters(image: bytearray) -> None:
    for table in range(2):
        for cluster in (4000, 4001):
            pack_into("<H", image, entry_at(image, cluster, table), 0xFFFF)


@pytest.mark.parametrize(
    "damage",
    [
        damage_crossed,
        damage_shared,
        damage_loop,
        damage_short,
        damage_copy,
        damage_copy_of_dirty,
        damage_free_in_copy,
        damage_size,
        damage_type,
        damage_folder_loop,
    ],
)
def test_damaged_volumes_are_refused(damage: Callable[[bytearray], None], stick: MakeStick) -> None:
    image, _ = stick("fat16")
    damaged = bytearray(image.read_bytes())
    damage(damaged)
    image.write_bytes(damaged)
    with pytest.raises(CannotWrite, match="damaged") as caught:
        update(image, one("A", b"a"), remove=(("LETTER.DOC",),))
    assert "fsck" in caught.value.remedy
    assert not finish_update(image)
    assert image.read_bytes() == damaged


def test_fat32_with_too_few_clusters_is_refused(tmp_path: Path, peer: Peer) -> None:
    image = tmp_path / "small.img"
    command = [peer("mkfs.fat"), "-F", "32", "-s", "1", "-C", str(image), "33000"]
    subprocess.run(command, check=True, capture_output=True)
    before = image.read_bytes()
    with pytest.raises(CannotWrite, match="make it FAT16") as caught:
        update(image, one("A", b"a"))
    assert "format it anew" in caught.value.remedy
    assert image.read_bytes() == before


def test_a_volume_that_a_system_may_have_mounted_is_not_finished(stick: MakeStick) -> None:
    image, _ = stick("fat16")
    left = bytearray(image.read_bytes())
    leave_dirty(left)
    assert left[38] == 0x29
    left[37] |= 1  # as Linux does when it mounts a volume
    image.write_bytes(left)
    assert not finish_update(image)
    assert image.read_bytes() == left


def test_a_volume_that_was_left_dirty_is_gone_on_with(stick: MakeStick, peer: Peer) -> None:
    image, contents = stick("fat16")
    left = bytearray(image.read_bytes())
    leave_dirty(left)
    image.write_bytes(left)
    update(image, one("A", b"a"))
    expect_sound(image, "fat16", contents | {("A",): b"a"}, peer)
    with open_medium(image) as medium:  # Nothing is wrong with it, so it says so again.
        assert "FAT-DIRTY" not in {finding.rule for finding in medium.findings()}


def test_clusters_that_others_lost_are_left_alone(stick: MakeStick, peer: Peer) -> None:
    image, contents = stick("fat16")
    left = bytearray(image.read_bytes())
    leave_dirty(left)
    lose_clusters(left)
    image.write_bytes(left)
    update(image, one("A", b"a" * 100_000))
    with open_medium(image) as medium:
        rules = {finding.rule for finding in medium.findings()}
    assert {"FAT-LOST", "FAT-DIRTY"} <= rules
    now = bytearray(image.read_bytes())
    assert unpack_from("<HH", now, entry_at(now, 4000)) == (0xFFFF, 0xFFFF)
    assert as_mtools_see(image, "fat16", peer, image.parent / "out") == contents | {
        ("A",): b"a" * 100_000
    }


def test_tables_that_a_killed_update_left_unequal_are_made_equal(
    stick: MakeStick, peer: Peer
) -> None:
    image, contents = stick("fat16")
    left = bytearray(image.read_bytes())
    leave_dirty(left)
    pack_into("<H", left, entry_at(left, 4000, 1), 0xFFFF)
    image.write_bytes(left)
    update(image, one("A", b"a"))
    expect_sound(image, "fat16", contents | {("A",): b"a"}, peer)


def test_garbage_behind_the_end_of_a_folder_never_comes_to_light(
    stick: MakeStick, peer: Peer
) -> None:
    image, contents = stick("fat16")
    left = bytearray(image.read_bytes())
    boot = parse_boot(bytes(left[:512]))
    assert boot is not None
    root = left[boot.root_at : boot.data_at]
    end = next(at for at in range(0, len(root), 32) if not root[at])
    for at in range(end + 32, len(root), 32):
        root[at : at + 32] = b"GARBAGE BIN" + bytes((32,)) + bytes(14) + b"\3\0\0\2\0\0"
    left[boot.root_at : boot.data_at] = root
    image.write_bytes(left)
    update(image, one("A", b"a"), one("B", b"b"))
    expect_sound(image, "fat16", contents | {("A",): b"a", ("B",): b"b"}, peer)


def test_bits_of_tables_that_mean_nothing_stay(stick: MakeStick, peer: Peer) -> None:
    image, _ = stick("fat32")
    left = bytearray(image.read_bytes())
    boot = parse_boot(bytes(left[:512]))
    assert boot is not None
    size = boot.table_sectors * boot.sector
    for table in range(2):
        for at in range(boot.table_at + table * size, boot.table_at + (table + 1) * size, 4):
            left[at + 3] |= 0xA0
    image.write_bytes(left)
    update(image, one("A", b"a" * 90_000), remove=(("LETTER.DOC",),))
    now = image.read_bytes()
    entries = now[boot.table_at + 3 : boot.table_at + 2 * size : 4]
    assert {byte & 0xF0 for byte in entries} == {0xA0}
    assert as_we_see(image)[("A",)] == b"a" * 90_000


def test_a_table_that_is_not_kept_equal_stays(stick: MakeStick) -> None:
    image, _ = stick("fat32")
    left = bytearray(image.read_bytes())
    pack_into("<H", left, 40, 0x80)  # only the first one is in use
    boot = parse_boot(bytes(left[:512]))
    assert boot is not None
    size = boot.table_sectors * boot.sector
    second = slice(boot.table_at + size, boot.table_at + 2 * size)
    left[second] = b"\x5a" * size
    image.write_bytes(left)
    update(image, one("A", b"a" * 9000))
    assert image.read_bytes()[second] == b"\x5a" * size
    assert as_we_see(image)[("A",)] == b"a" * 9000
