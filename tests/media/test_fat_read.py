"""FAT images that others made, and what is behind partition tables."""

import os
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into

import pytest
from media_contents import MIB, Contents, Peer, blank, read_all, rules, run, write_files

from drivers import open_image
from media import (
    FatMedium,
    NamedSource,
    open_medium,
    read_fat,
    write_fat,
    write_iso9660,
)
from reporting import CannotRead

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

TREE: Contents = {
    ("DICOMDIR",): random.Random(1).randbytes(70_000),  # noqa: S311 (no secret)
    ("DICOM", "P0000001", "I0000001"): random.Random(2).randbytes(300_001),  # noqa: S311
    ("DICOM", "P0000001", "I0000002"): random.Random(3).randbytes(512),  # noqa: S311
    ("DICOM", "P0000002", "I0000003"): b"x",
    ("EMPTY",): b"",
    ("README.TXT",): b"read me\r\n",
}


def fill(image: Path, offset: int, folder: Path, peer: Peer, contents: Contents) -> None:
    """Copy *contents* into a volume with mtools."""
    write_files(folder, contents)
    names = sorted({name[0] for name in contents})
    at = f"{image}@@{offset}"
    run(peer("mcopy"), "-s", "-Q", "-i", at, *(folder / name for name in names), "::/")


@pytest.mark.parametrize(
    ("options", "size", "kind", "expected"),
    [
        (["-F", "12"], 4 * MIB, "fat12", {"FAT-12"}),
        (["-F", "16"], 20 * MIB, "fat16", set()),
        (["-F", "32", "-s", "1"], 40 * MIB, "fat32", set()),
        (["-F", "16", "-S", "2048", "-s", "1"], 40 * MIB, "fat16", {"FAT-GEOMETRY"}),
        (["-F", "16", "-f", "1"], 20 * MIB, "fat16", {"FAT-GEOMETRY"}),
        (["-F", "16", "-R", "8", "-r", "1024"], 20 * MIB, "fat16", set()),
        (["-F", "32", "-s", "1", "-R", "64", "-b", "12"], 40 * MIB, "fat32", set()),
        ([], 300 * MIB, "fat16", set()),
    ],
)
def test_reads_what_mkfs_and_mcopy_make(
    tmp_path: Path, peer: Peer, options: list[str], size: int, kind: str, expected: set[str]
) -> None:
    image = blank(tmp_path / "t.img", size)
    run(peer("mkfs.fat"), "-n", "LABEL", *options, image)
    fill(image, 0, tmp_path / "in", peer, TREE)
    with open_medium(image) as medium:
        assert (medium.kind, medium.label) == (kind, "LABEL")
        assert read_all(medium) == TREE
        assert rules(medium) == expected
        assert "FAT-12" not in {f.rule for f in medium.findings("mod")}  # its profile tells
        places = [entry.offset for entry in medium.entries()]
        assert places == sorted(places)


def test_reads_an_empty_volume_of_a_wrong_type(tmp_path: Path, peer: Peer) -> None:
    image = blank(tmp_path / "t.img", 40 * MIB)
    run(peer("mkfs.fat"), "-F", "32", "-s", "8", image)  # mtools do not read this
    with open_medium(image) as medium:
        assert list(medium.entries()) == []
        assert rules(medium) == {"FAT-TYPE"}


def test_reads_a_diskette(tmp_path: Path, peer: Peer) -> None:
    image = blank(tmp_path / "t.img", 1_474_560)
    run(peer("mformat"), "-f", "1440", "-v", "FLOPPY", "-i", image, "::")
    fill(image, 0, tmp_path / "in", peer, TREE)
    with open_medium(image) as medium:
        assert (medium.kind, medium.label) == ("fat12", "FLOPPY")
        assert read_all(medium) == TREE
        assert rules(medium) == {"FAT-12"}


def test_fragments_and_deleted_files(tmp_path: Path, peer: Peer) -> None:
    image = blank(tmp_path / "t.img", 20 * MIB)
    run(peer("mkfs.fat"), "-F", "16", "-s", "4", image)
    small: Contents = {
        ("D", f"F{n}"): random.Random(n).randbytes(5000)  # noqa: S311
        for n in range(200)
    }
    fill(image, 0, tmp_path / "in", peer, small)
    gone = [f"::/D/F{n}" for n in range(0, 200, 2)]
    run(peer("mdel"), "-i", image, *gone)
    used = sum(-(-len(content) // 2048) for content in small.values())
    # Larger than all that is free behind the others, so it takes the gaps as well.
    large = random.Random(7).randbytes(20 * MIB - used * 2048 + 300_000)  # noqa: S311
    kept = {name: content for name, content in small.items() if int(name[1][1:]) % 2}
    fill(image, 0, tmp_path / "more", peer, {("LARGE",): large})
    with open_medium(image) as medium:
        assert read_all(medium) == {**kept, ("LARGE",): large}
        assert rules(medium) == set()
        entry = medium.find(("LARGE",))
        assert entry is not None
        assert len(entry.extents) > 40
        assert sum(length for _, length in entry.extents) == len(large)
        data = image.read_bytes()
        assert b"".join(data[at : at + size] for at, size in entry.extents) == large
        with medium.open(entry) as file:
            assert file.pread(100_000, 1_234_567) == large[1_234_567:1_334_567]
            with pytest.raises(CannotRead):
                file.pread(2, len(large) - 1)


def test_long_names_are_kept_and_found_but_short_ones_name(tmp_path: Path, peer: Peer) -> None:
    names = ["A long name.dcm", "Ünïcode.txt", "lower.txt", "x" * 200, "UPPER.TXT", "Mixed.Txt"]
    contents: Contents = {("Some folder", name): name.encode() for name in names}
    image = blank(tmp_path / "t.img", 20 * MIB)
    run(peer("mkfs.fat"), "-F", "16", image)
    fill(image, 0, tmp_path / "in", peer, contents)
    with open_medium(image) as medium:
        entries = list(medium.entries())
        assert all(e.name[0] == "SOMEFO~1" for e in entries)
        assert {e.recorded for e in entries if e.recorded not in names} <= {"LOWER.TXT"}
        for entry in entries:
            stem, _, extension = entry.name[1].partition(".")
            assert len(stem) <= 8
            assert len(extension) <= 3
            assert entry.name[1] == entry.name[1].upper()
        for name in names:
            found = medium.find_tolerant(("Some folder", name))
            assert found is not None, name
            assert medium.open(found).pread(found.size, 0) == name.encode()
            assert medium.find(("Some folder", name)) is None
        assert medium.find_tolerant(("somefo~1", "upper.txt")) is not None


def test_marks_for_lower_case_do_not_change_a_name(tmp_path: Path) -> None:
    write_fat(
        [NamedSource(("README.TXT",), (b"x",), RECORDED)],
        tmp_path / "t.img",
        label="",
        recorded=RECORDED,
    )
    data = bytearray((tmp_path / "t.img").read_bytes())
    data[data.index(b"README  TXT") + 12] = 0x18
    (tmp_path / "t.img").write_bytes(data)
    with open_medium(tmp_path / "t.img") as medium:
        (entry,) = medium.entries()
        assert entry.name == ("README.TXT",)
        assert rules(medium) == {"FAT-NAME-CASE"}


# Partitions


@pytest.fixture
def volume(tmp_path: Path, peer: Peer) -> bytes:
    """Return a FAT16 volume of 20 MiB that others made."""
    image = blank(tmp_path / "volume", 20 * MIB)
    run(peer("mkfs.fat"), "-F", "16", "-n", "STICK", image)
    fill(image, 0, tmp_path / "in", peer, TREE)
    return image.read_bytes()


def sfdisk(image: Path, script: str, peer: Peer) -> None:
    run(peer("sfdisk"), "-q", image, said=script)


def put(image: Path, at: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize(
    ("script", "at", "expected"),
    [
        ("2048,40960,6", 1, set()),
        ("2048,40960,e,*", 1, set()),
        ("63,40960,e", 63 / 2048, set()),
        ("2048,40960,b", 1, {"FAT-PARTITION-TYPE"}),
        ("2048,40960,83", 1, {"FAT-PARTITION-TYPE"}),
        ("2048,20480,6", 1, {"FAT-PARTITION-SIZE"}),
        ("2048,2048,83\n4096,40960,6", 2, {"FAT-PARTITION-FIRST"}),
        (
            "2048,2048,83\n4096,81920,5\n6144,2048,83\n10240,2048,83\n14336,40960,6",
            7,
            {"FAT-PARTITION-FIRST", "FAT-PARTITION-LOGICAL"},
        ),
        ("2048,81920,f\n4096,40960,6", 2, {"FAT-PARTITION-LOGICAL"}),
    ],
)
def test_reads_behind_an_mbr(
    tmp_path: Path, peer: Peer, volume: bytes, script: str, at: float, expected: set[str]
) -> None:
    image = blank(tmp_path / "t.img", 50 * MIB)
    sfdisk(image, script, peer)
    put(image, int(at * MIB), volume)
    with open_medium(image) as medium:
        assert medium.label == "STICK"
        assert read_all(medium) == TREE
        assert rules(medium) == expected


@pytest.mark.parametrize(
    ("partitions", "at", "expected"),
    [
        (["-n1:2048:43007", "-t1:0700"], 1, {"FAT-GPT"}),
        (
            ["-n1:2048:4095", "-t1:8300", "-n2:4096:45055", "-t2:0700"],
            2,
            {"FAT-GPT", "FAT-PARTITION-FIRST"},
        ),
    ],
)
def test_reads_behind_a_gpt(
    tmp_path: Path, peer: Peer, volume: bytes, partitions: list[str], at: int, expected: set[str]
) -> None:
    image = blank(tmp_path / "t.img", 50 * MIB)
    run(peer("sgdisk"), *partitions, image)
    put(image, at * MIB, volume)
    for _ in range(2):
        with open_medium(image) as medium:
            assert read_all(medium) == TREE
            assert rules(medium) == expected
        put(image, 512, bytes(512))  # The second header, at the end, is as good.


def test_a_system_partition_of_a_gpt_gives_way(tmp_path: Path, peer: Peer, volume: bytes) -> None:
    image = blank(tmp_path / "t.img", 50 * MIB)
    run(peer("sgdisk"), "-n1:2048:22527", "-t1:ef00", "-n2:22528:63487", "-t2:0700", image)
    blank(tmp_path / "system", 10 * MIB)
    run(peer("mkfs.fat"), "-n", "EFI", tmp_path / "system")
    put(image, MIB, (tmp_path / "system").read_bytes())
    with open_medium(image) as medium:
        assert medium.label == "EFI"  # there is nothing else
    put(image, 11 * MIB, volume)
    with open_medium(image) as medium:
        assert read_all(medium) == TREE
        assert rules(medium) == {"FAT-GPT", "FAT-PARTITION-FIRST"}


@pytest.mark.parametrize(
    ("magic", "what"), [(b"EXFAT   ", "an exFAT"), (b"NTFS    ", "an NTFS"), (b"", "no FAT")]
)
def test_says_what_is_in_a_partition_that_it_does_not_read(
    tmp_path: Path, peer: Peer, volume: bytes, magic: bytes, what: str
) -> None:
    image = blank(tmp_path / "t.img", 50 * MIB)
    sfdisk(image, "2048,4096,7", peer)
    put(image, MIB + 3, magic)
    with pytest.raises(CannotRead, match=f"a partitioned disk with {what} file system"):
        open_medium(image)
    sfdisk(image, "2048,4096,7\n8192,40960,6", peer)
    put(image, MIB + 3, magic)
    put(image, 4 * MIB, volume)
    with open_medium(image) as medium:
        (finding,) = medium.findings()
        assert finding.rule == "FAT-PARTITION-FIRST"
        assert what in finding.message


def test_sectors_of_4096_bytes_are_found(tmp_path: Path, peer: Peer) -> None:
    image = blank(tmp_path / "t.img", 60 * MIB)
    volume = blank(tmp_path / "volume", 40 * MIB)
    run(peer("mkfs.fat"), "-F", "16", "-S", "4096", "-s", "1", volume)
    fill(volume, 0, tmp_path / "in", peer, TREE)
    put(image, MIB, volume.read_bytes())
    entry = bytearray(16)
    entry[4] = 6
    pack_into("<II", entry, 8, 256, 10240)  # counted in those of the drive
    put(image, 446, bytes(entry))
    put(image, 510, b"\x55\xaa")
    with open_medium(image) as medium:
        assert read_all(medium) == TREE


def test_a_chain_of_partitions_that_never_ends_ends(tmp_path: Path) -> None:
    record = bytearray(512)
    record[510:] = b"\x55\xaa"
    record[450] = 5
    pack_into("<II", record, 454, 1, 10)
    loop = bytearray(record)
    pack_into("<II", loop, 454, 1, 10)
    image = bytes(record) + bytes(loop) * 3000
    (tmp_path / "t.img").write_bytes(image)
    with pytest.raises(CannotRead):
        open_medium(tmp_path / "t.img")


# Between the file systems


def test_a_disc_that_starts_computers_is_a_disc(tmp_path: Path, peer: Peer, volume: bytes) -> None:
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "A").write_bytes(b"on the disc")
    (tmp_path / "boot.img").write_bytes(volume[: 20 * MIB])
    image = tmp_path / "t.iso"
    run(
        peer("xorriso"), "-as", "mkisofs", "-iso-level", "1", "-o", image,
        "-append_partition", "2", "0xef", tmp_path / "boot.img", tmp_path / "disc",
    )  # fmt: skip
    with open_medium(image) as medium:
        assert medium.kind == "iso9660"


def test_a_stick_that_was_once_a_disc_is_a_stick(tmp_path: Path, peer: Peer, volume: bytes) -> None:
    image = tmp_path / "t.img"
    write_iso9660(
        [NamedSource(("OLD",), (bytes(MIB),), RECORDED)],
        image,
        volume_identifier="OLD",
        recorded=RECORDED,
    )
    os.truncate(image, 50 * MIB)
    script = "label: dos\n2048,40960,6"
    run(peer("sfdisk"), "-q", "--wipe", "never", image, said=script)
    put(image, MIB, volume)
    with open_medium(image) as medium:
        assert (medium.kind, medium.label) == ("fat16", "STICK")


# Damage


def test_the_second_boot_sector_is_read_where_the_first_is_gone(tmp_path: Path, peer: Peer) -> None:
    volume = blank(tmp_path / "t.img", 40 * MIB)
    run(peer("mkfs.fat"), "-F", "32", "-s", "1", volume)
    fill(volume, 0, tmp_path / "in", peer, TREE)
    put(volume, 0, bytes(512))
    with open_medium(volume) as medium:
        assert read_all(medium) == TREE
        assert rules(medium) == {"FAT-BOOT-DAMAGED", "FAT-BOOT-COPY"}


class BadSectors:
    """An image some of whose sectors cannot be read."""

    def __init__(self, path: Path, bad: set[int]) -> None:
        self._image, self._bad = open_image(path), bad
        self.size, self.path = self._image.size, str(path)

    def pread(self, length: int, offset: int) -> bytes:
        if not self._bad.isdisjoint(range(offset // 512, -(-(offset + length) // 512))):
            raise CannotRead("cannot be read", self.path, "Clean it")
        return self._image.pread(length, offset)

    def close(self) -> None:
        self._image.close()


def medium_with_bad_sectors(path: Path, bad: set[int]) -> FatMedium:
    image = BadSectors(path, bad)
    volume = read_fat(image)
    assert volume is not None
    return FatMedium(image, volume)  # type: ignore[arg-type]


def test_bad_sectors_take_their_own_along_and_no_more(tmp_path: Path) -> None:
    sources = [
        NamedSource(("D", f"F{n:07}"), (bytes([n % 256]) * 600,), RECORDED) for n in range(100)
    ]
    write_fat(sources, tmp_path / "t.img", label="", recorded=RECORDED, partitioned=False)
    data = (tmp_path / "t.img").read_bytes()
    first = data.index(b"F0000020   ") // 512
    with medium_with_bad_sectors(tmp_path / "t.img", {first}) as medium:
        entries = list(medium.entries())
        assert 80 <= len(entries) < 100
        assert rules(medium) == {"FAT-FOLDER-UNREADABLE", "FAT-LOST"}
    # A table that cannot be read is read in its copy.
    with medium_with_bad_sectors(tmp_path / "t.img", {1}) as medium:
        assert len(read_all(medium)) == 100
        assert rules(medium) == {"FAT-COPIES"}
    with medium_with_bad_sectors(tmp_path / "t.img", set(range(1, 34))) as medium:
        assert "FAT-TABLE-UNREADABLE" in rules(medium)


def test_a_cut_off_image_says_which_files_are_gone(tmp_path: Path, peer: Peer) -> None:
    image = blank(tmp_path / "t.img", 20 * MIB)
    run(peer("mkfs.fat"), "-F", "16", image)
    fill(image, 0, tmp_path / "in", peer, TREE)
    with open_medium(image) as medium:
        last = max(medium.entries(), key=lambda entry: entry.offset)
    os.truncate(image, last.offset + last.size - 1)
    with open_medium(image) as medium:
        assert rules(medium) == {"FAT-TRUNCATED", "FAT-OUTSIDE"}
        with pytest.raises(CannotRead, match="does not lie within the image"):
            medium.open(last)
        assert sum(entry != last for entry in medium.entries()) == len(TREE) - 1


def test_a_copied_image_reads_the_same(tmp_path: Path, peer: Peer, volume: bytes) -> None:
    (tmp_path / "a.img").write_bytes(volume)
    shutil.copy(tmp_path / "a.img", tmp_path / "b.img")
    with open_medium(tmp_path / "a.img") as a, open_medium(tmp_path / "b.img") as b:
        assert read_all(a) == read_all(b)
