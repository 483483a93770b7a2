"""FAT volumes at the borders: where a type begins, and which file system a medium has."""

import os
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into

import pytest
from media_contents import MIB, Peer, blank, read_all, rules, run

from media import NamedSource, open_medium, write_iso9660
from media.fat.boot import Boot, encode_boot, parse_boot
from media.fat.names import short_field, shown_field
from media.fat.place import Partition, Place
from media.fat.records import RECORD

E5 = b"\xe5".decode("cp437")
# The media descriptor, a clean volume, and the root of FAT32, by whether it is one.
FIRST_ENTRIES = {False: b"\xf8\xff\xff\xff", True: b"\xf8\xff\xff\x0f" + b"\xff\xff\xff\x0f" * 2}
RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


# --- names -------------------------------------------------------------------------------------


def test_a_first_byte_5_stands_for_the_one_that_would_mean_deleted() -> None:
    assert shown_field(b"\x05TUDE   TXT") == f"{E5}TUDE.TXT"
    assert shown_field(b"A\x05      TXT") == "A\x05.TXT", "and nowhere else"
    assert shown_field(short_field("README.TXT")) == "README.TXT"


def test_a_name_that_begins_with_e5_is_read_as_mtools_read_it(tmp_path: Path, peer: Peer) -> None:
    image = blank(tmp_path / "t.img", 4 * MIB)
    run(peer("mkfs.fat"), "-F", "12", image)
    (tmp_path / "XTUDE").write_bytes(b"study")
    run(peer("mcopy"), "-i", image, tmp_path / "XTUDE", "::/")
    data = image.read_bytes().replace(b"XTUDE      ", b"\x05TUDE      ")
    image.write_bytes(data)
    listed = run(peer("mdir"), "-b", "-i", image, "::/")
    assert "TUDE" in listed
    with open_medium(image) as medium:
        assert read_all(medium) == {(f"{E5}TUDE",): b"study"}
    image.write_bytes(data.replace(b"\x05TUDE      ", b"\xe5TUDE      "))
    assert "TUDE" not in run(peer("mdir"), "-b", "-i", image, "::/")
    with open_medium(image) as medium:
        assert read_all(medium) == {}, "that one is deleted"


# --- types -------------------------------------------------------------------------------------


def of_clusters(clusters: int, *, of_32: bool) -> Boot:
    """A volume with clusters of one sector, tables that have room for them all, and no more."""
    table = -(-(clusters + 2) * (32 if of_32 else 16) // 4096)
    roots = 0 if of_32 else 512
    empty = Boot(512, 1, 32 if of_32 else 1, 2, roots, 0xF8, table, 0, of_32)
    boot = empty._replace(total=empty.data_at // 512 + clusters)
    return boot._replace(root_cluster=2, fsinfo=1, backup=6) if of_32 else boot


@pytest.mark.parametrize(("clusters", "bits"), [(4084, 12), (4085, 16)])
def test_fat16_begins_with_4085_clusters(
    clusters: int, bits: int, tmp_path: Path, peer: Peer
) -> None:
    boot = of_clusters(clusters, of_32=False)
    assert (boot.clusters, boot.bits) == (clusters, bits)
    image = blank(tmp_path / "t.img", boot.total * 512)
    table = {12: b"\xf8\xff\xff", 16: b"\xf8\xff\xff\xff"}[bits]
    data = bytearray(image.read_bytes())
    data[:512] = encode_boot(boot).replace(b"FAT16   ", b"FAT     ")
    for number in range(2):
        at = boot.table_at + number * boot.table_sectors * 512
        data[at : at + len(table)] = table
    image.write_bytes(data)
    assert f"{bits} bit entries" in run(peer("fsck.fat"), "-n", "-v", image)
    with open_medium(image) as medium:
        assert medium.kind == f"fat{bits}"
        assert "FAT-TYPE" not in rules(medium)


@pytest.mark.parametrize(
    ("clusters", "of_32", "is_right"),
    [(65_524, False, True), (65_525, False, False), (65_525, True, True), (65_524, True, False)],
)
def test_fat32_begins_with_65525_clusters(
    clusters: int, of_32: bool, is_right: bool, tmp_path: Path
) -> None:
    boot = of_clusters(clusters, of_32=of_32)
    assert boot.clusters == clusters
    image = blank(tmp_path / "t.img", boot.total * 512)
    with image.open("r+b") as file:
        sector = encode_boot(boot)
        assert parse_boot(sector) is not None
        file.write(sector)
        for number in range(2):
            file.seek(boot.table_at + number * boot.table_sectors * 512)
            file.write(FIRST_ENTRIES[of_32])
    with open_medium(image) as medium:
        assert medium.kind == ("fat32" if of_32 else "fat16")
        assert ("FAT-TYPE" not in rules(medium)) == is_right


# --- chains ------------------------------------------------------------------------------------


def one_file(path: Path, *, of_32: bool, link: int, size: int) -> Path:
    """Make a volume with the file A in cluster 5, whose entry in both tables is *link*."""
    boot = of_clusters(70_000 if of_32 else 5000, of_32=of_32)
    width = 4 if of_32 else 2
    record = RECORD.pack(b"A".ljust(11), 0x20, 0, 0, 0, 0, 33, 0, 0, 33, 5, size)
    with blank(path, boot.total * 512).open("r+b") as file:
        file.write(encode_boot(boot))
        for number in range(2):
            file.seek(boot.table_at + number * boot.table_sectors * 512)
            file.write(FIRST_ENTRIES[of_32])
            file.seek(boot.table_at + number * boot.table_sectors * 512 + 5 * width)
            file.write(link.to_bytes(width, "little"))
        file.seek(boot.data_at if of_32 else boot.root_at)
        file.write(record)
    return path


@pytest.mark.parametrize("of_32", [False, True])
@pytest.mark.parametrize(
    ("last", "chain"),
    [(0xF7, {"FAT-CHAIN-LONG", "FAT-BAD-CLUSTERS"}), (0xF8, set()), (0xF9, set()), (0xFF, set())],
)
def test_a_chain_ends_with_f8_and_above_and_f7_is_a_bad_cluster(
    of_32: bool, last: int, chain: set[str], tmp_path: Path
) -> None:
    link = (0x0FFFFF00 if of_32 else 0xFF00) + last
    image = one_file(tmp_path / "t.img", of_32=of_32, link=link, size=512)
    with open_medium(image) as medium:
        assert {rule for rule in rules(medium) if "CHAIN" in rule or "BAD" in rule} == chain
    image = one_file(tmp_path / "t.img", of_32=of_32, link=link, size=513)
    with open_medium(image) as medium:
        (told,) = [f.message for f in medium.findings() if f.rule == "FAT-CHAIN"]
        assert ("that is bad" if chain else "fewer clusters") in told


@pytest.mark.parametrize(("mark", "is_dirty"), [(0x29, True), (0x28, False)])
def test_the_state_is_told_only_where_the_mark_before_it_is(
    mark: int, is_dirty: bool, tmp_path: Path
) -> None:
    image = one_file(tmp_path / "t.img", of_32=False, link=0xFFFF, size=1)
    data = bytearray(image.read_bytes())
    data[37:39] = 1, mark
    image.write_bytes(data)
    with open_medium(image) as medium:
        assert ("FAT-DIRTY" in rules(medium)) == is_dirty


# --- which file system it is -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "before", "is_certain"),
    [
        (0x06, (), True),
        (0x0B, (), True),
        (0x07, (), False),
        (0x16, (), False),  # hidden
        (0, (), False),  # in a GPT
        (0x06, ("an ext file system",), False),
    ],
)
def test_only_what_all_systems_look_for_is_certain(
    kind: int, before: tuple[str, ...], is_certain: bool
) -> None:
    partition = Partition(1, MIB, MIB, kind)
    place = Place(of_clusters(5000, of_32=False), MIB, False, partition, before)
    assert place.is_certain is is_certain
    assert not place._replace(from_backup=True).is_certain


def test_a_volume_without_partitions_is_certain_unless_only_its_copy_is_left() -> None:
    place = Place(of_clusters(5000, of_32=False), 0, from_backup=False)
    assert place.is_certain
    assert not place._replace(from_backup=True).is_certain


@pytest.mark.parametrize(
    ("partitions", "kind"),
    [
        (((6, 2048, 40960),), "fat16"),
        (((0x83, 2048, 2048), (6, 4096, 40960)), "iso9660"),
    ],
)
def test_a_disc_with_a_fat_partition_behind_another_one_is_a_disc(
    partitions: tuple[tuple[int, int, int], ...], kind: str, tmp_path: Path, peer: Peer
) -> None:
    image, volume = tmp_path / "t.img", blank(tmp_path / "volume", 20 * MIB)
    content = [NamedSource(("OLD",), (b"on the disc",), RECORDED)]
    write_iso9660(content, image, volume_identifier="OLD", recorded=RECORDED)
    os.truncate(image, 50 * MIB)
    run(peer("mkfs.fat"), "-F", "16", volume)
    table = bytearray(66)
    for number, (kind_of, start, sectors) in enumerate(partitions):
        pack_into("<B3xB3xII", table, 16 * number, 0, kind_of, start, sectors)
    table[64:] = b"\x55\xaa"
    with image.open("r+b") as file:
        file.seek(446)
        file.write(table)
        file.seek(partitions[-1][1] * 512)
        file.write(volume.read_bytes())
    with open_medium(image) as medium:
        assert medium.kind == kind
