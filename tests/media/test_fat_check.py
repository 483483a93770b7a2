"""Every rule for FAT volumes: a good image broken in one place breaks that rule alone."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into

import pytest

from media import NamedSource, open_medium, write_fat
from media.fat.boot import parse_boot
from media.fat.check import check_fat
from media.fat.rules import RULES
from media.fat.shape import Kind
from reporting import Severity

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MIB = 1 << 20
KINDS: tuple[Kind, ...] = ("fat16", "fat32")


class Breakable:
    """An image that can be changed in named places."""

    def __init__(self, image: bytes) -> None:
        self.data = bytearray(image)
        self.start = MIB  # of the volume
        boot = parse_boot(bytes(image[MIB : MIB + 512]))
        assert boot is not None
        self.boot = boot
        self.width = 4 if boot.of_32 else 2

    @property
    def is_32(self) -> bool:
        return self.boot.of_32

    def record(self, name: bytes) -> int:
        """Return the byte at which the record of a short name begins."""
        return self.data.index(name, self.start + self.boot.root_at)

    def cluster(self, name: bytes) -> int:
        at = self.record(name)
        low, high = self.data[at + 26 : at + 28], self.data[at + 20 : at + 22]
        return int.from_bytes(low + high, "little")

    def set_cluster(self, name: bytes, cluster: int) -> None:
        at = self.record(name)
        pack_into("<H", self.data, at + 26, cluster & 0xFFFF)
        pack_into("<H", self.data, at + 20, cluster >> 16)

    def at_cluster(self, cluster: int) -> int:
        return self.start + self.boot.data_at + (cluster - 2) * self.boot.cluster

    def link(self, cluster: int, following: int) -> None:
        """Change both tables; the negative numbers count from the largest."""
        size = self.boot.table_sectors * 512
        code = "<I" if self.is_32 else "<H"
        if following < 0:
            following += 0x10000000 if self.is_32 else 0x10000
        for table in range(2):
            at = self.start + self.boot.table_at + table * size + cluster * self.width
            pack_into(code, self.data, at, following)

    def entry(self, cluster: int) -> int:
        at = self.start + self.boot.table_at + cluster * self.width
        return int.from_bytes(self.data[at : at + self.width], "little")

    def boot_byte(self, at: int, value: int) -> None:
        """Change the boot sector, and its copy where there is one."""
        self.data[self.start + at] = value
        if self.is_32:
            self.data[self.start + 6 * 512 + at] = value


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Correct images by their type."""
    folder = tmp_path_factory.mktemp("good")
    sources = [
        NamedSource(name, (content,), RECORDED)
        for name, content in (
            (("DICOMDIR",), b"directory" * 300),
            (("DICOM", "P1", "I1"), b"first" * 1000),
            (("DICOM", "P1", "I2"), b"secon" * 1000),
            (("VIEWER", "index.html"), b"viewer"),
            (("README.TXT",), b"read me\r\n"),
            (("ZZZ",), b"last" * 1000),
        )
    ]
    images: dict[str, bytes] = {}
    for kind in KINDS:
        target = folder / kind
        write_fat(sources, target, label="GOOD", recorded=RECORDED, kind=kind, long_names=True)
        images[kind] = target.read_bytes()
    return images


@pytest.fixture(params=KINDS)
def good(request: pytest.FixtureRequest, both: dict[str, bytes]) -> bytes:
    return both[request.param]


@pytest.fixture
def good_32(both: dict[str, bytes]) -> bytes:
    return both["fat32"]


Break = Callable[[Breakable], None]

I1, I2, ZZZ, README = b"I1         ", b"I2         ", b"ZZZ        ", b"README  TXT"
DICOM, P1, DIRECTORY, VIEWER = b"DICOM      ", b"P1         ", b"DICOMDIR   ", b"VIEWER     "
INDEX = b"INDEX~1 HTM"


def sector_zero(at: int, value: int) -> Break:
    def break_it(image: Breakable) -> None:
        image.data[at] = value

    return break_it


def boot_sector(at: int, value: int) -> Break:
    return lambda image: image.boot_byte(at, value)


def in_record(name: bytes, at: int, value: int) -> Break:
    def break_it(image: Breakable) -> None:
        image.data[image.record(name) + at] = value

    return break_it


def two_partitions(image: Breakable) -> None:
    image.data[462:478] = image.data[446:462]
    image.data[446 + 4] = 0x83
    pack_into("<II", image.data, 446 + 8, 1, 100)


def second_volume(image: Breakable) -> None:
    """Let the same volume follow once more, as a second partition."""
    volume = image.data[image.start :]
    second_partition(image, b"")
    image.data[-len(volume) :] = volume


def second_partition(image: Breakable, content: bytes, at: int = 0) -> None:
    size = len(image.data) - image.start
    image.data[462:478] = image.data[446:462]
    pack_into("<II", image.data, 462 + 8, len(image.data) // 512, size // 512)
    image.data += content.rjust(at + len(content), b"\0").ljust(size, b"\0")


def second_partition_of_windows(image: Breakable) -> None:
    second_partition(image, b"NTFS    ", 3)


def second_partition_of_linux(image: Breakable) -> None:
    second_partition(image, b"\x53\xef", 1080)


def second_partition_of_nothing(image: Breakable) -> None:
    second_partition(image, b"")


def partition_listed_twice(image: Breakable) -> None:
    image.data[462:478] = image.data[446:462]


def partition_too_short(image: Breakable) -> None:
    pack_into("<I", image.data, 446 + 12, image.boot.total - 1)


def fewer_sectors_in_tables(image: Breakable) -> None:
    at = 36 if image.is_32 else 22
    # The second table, the root and all clusters move down with it, so they are moved as well.
    size, less = image.boot.table_sectors, 5
    data, start = image.data, image.start
    first = start + image.boot.table_at
    tables = bytes(data[first : first + (size - less) * 512])
    rest = bytes(data[start + image.boot.root_at :])
    data[first:] = tables + tables + rest
    pack_into("<I" if image.is_32 else "<H", data, start + at, size - less)
    if image.is_32:
        data[start + 6 * 512 : start + 7 * 512] = data[start : start + 512]
    data += bytes(20 * 512)


def three_tables(image: Breakable) -> None:
    at, size = image.start + image.boot.table_at, image.boot.table_sectors * 512
    image.data[at:at] = image.data[at : at + size]
    image.boot_byte(16, 3)
    # As large as before without the third.
    total = image.boot.total + image.boot.table_sectors
    pack_into("<I", image.data, image.start + 32, total)
    pack_into("<I", image.data, 446 + 12, total)
    if image.is_32:
        pack_into("<I", image.data, image.start + 6 * 512 + 32, total)


def cut_off(image: Breakable) -> None:
    del image.data[-10_000:]


def copies_differ(image: Breakable) -> None:
    size = image.boot.table_sectors * 512
    image.data[image.start + image.boot.table_at + size + 3000] = 1


def other_media(image: Breakable) -> None:
    image.link(0, -16)


def not_taken_out(image: Breakable) -> None:
    image.link(1, 0x07FFFFFF if image.is_32 else 0x7FFF)


def not_taken_out_as_linux_says(image: Breakable) -> None:
    image.data[image.start + (65 if image.is_32 else 37)] = 1


def not_sound(image: Breakable) -> None:
    image.link(1, 0x0BFFFFFF if image.is_32 else 0xBFFF)


def bad_cluster(image: Breakable) -> None:
    image.link(3000, -9)


def lost_cluster(image: Breakable) -> None:
    image.link(3000, -1)


def folder_ends_early(image: Breakable) -> None:
    image.link(image.cluster(P1), 0)


def folder_elsewhere(image: Breakable) -> None:
    image.set_cluster(P1, 0x0FFF0000 if image.is_32 else 0xFFF0)


def folder_twice(image: Breakable) -> None:
    image.set_cluster(VIEWER, image.cluster(DICOM))


def wrong_self(image: Breakable) -> None:
    image.data[image.at_cluster(image.cluster(P1)) + 26] ^= 1


def wrong_parent(image: Breakable) -> None:
    image.data[image.at_cluster(image.cluster(P1)) + 32 + 26] ^= 1


def no_dots(image: Breakable) -> None:
    image.data[image.at_cluster(image.cluster(DICOM))] = 0xE5


def folder_with_size(image: Breakable) -> None:
    pack_into("<I", image.data, image.record(P1) + 28, 1024)


def rename(old: bytes, new: bytes) -> Break:
    def break_it(image: Breakable) -> None:
        at = image.record(old)
        image.data[at : at + 11] = new

    return break_it


def second_label(image: Breakable) -> None:
    at = image.record(ZZZ) + 32
    image.data[at : at + 12] = b"OTHER      \x08"
    image.data[at + 22 : at + 26] = image.data[at - 10 : at - 6]


def label_in_lower_case(image: Breakable) -> None:
    image.data[image.record(b"GOOD       ") + 1] = ord("o")


def label_of_the_root_alone(image: Breakable) -> None:
    at = image.data.index(b"GOOD       \x08")
    image.data[at : at + 4] = b"EVIL"


def broken_long_name(image: Breakable) -> None:
    image.data[image.record(INDEX) - 32 + 13] ^= 1


def long_name_of_nothing(image: Breakable) -> None:
    image.data[image.record(INDEX)] = 0xE5
    for cluster in (image.cluster(b"\xe5NDEX~1 HTM"),):
        image.link(cluster, 0)


def short_name_as_long_one(image: Breakable) -> None:
    # The name says INDEX~1.HTM twice.
    at = image.record(INDEX) - 32
    units = "INDEX~1.HTM".encode("utf-16-le") + b"\0\0" + b"\xff\xff"
    image.data[at + 1 : at + 11] = units[:10]
    image.data[at + 14 : at + 26] = units[10:22]
    image.data[at + 28 : at + 32] = units[22:]


def no_date(image: Breakable) -> None:
    pack_into("<H", image.data, image.record(I1) + 24, 0)


def no_time(image: Breakable) -> None:
    pack_into("<H", image.data, image.record(I1) + 22, 0xFFFF)


def chain_ends_early(image: Breakable) -> None:
    first = image.cluster(ZZZ)
    image.link(first, -1)
    for cluster in range(first + 1, first + 8):
        if image.entry(cluster):
            image.link(cluster, 0)


def chain_leads_to_a_bad_one(image: Breakable) -> None:
    image.link(image.cluster(ZZZ), -9)


def chain_leads_nowhere(image: Breakable) -> None:
    image.link(image.cluster(ZZZ), -17)


def chain_in_a_circle(image: Breakable) -> None:
    pack_into("<I", image.data, image.record(ZZZ) + 28, 1_000_000)
    last = image.cluster(ZZZ) + -(-4000 // image.boot.cluster) - 1
    image.link(last, image.cluster(ZZZ))


def no_first_cluster(image: Breakable) -> None:
    first = image.cluster(ZZZ)
    image.set_cluster(ZZZ, 0)
    for cluster in range(first, first + 8):
        if image.entry(cluster):
            image.link(cluster, 0)


def chain_goes_on(image: Breakable) -> None:
    last = image.cluster(ZZZ) + -(-4000 // image.boot.cluster) - 1
    image.link(last, last + 1)
    image.link(last + 1, -1)


def cluster_of_an_empty_file(image: Breakable) -> None:
    pack_into("<I", image.data, image.record(README) + 28, 0)


def cross_link(image: Breakable) -> None:
    image.link(image.cluster(I1), image.cluster(I2) + 1)


def shared(image: Breakable) -> None:
    image.set_cluster(I2, image.cluster(I1))


def depth(image: Breakable) -> None:
    """Let P1 hold a folder that holds another, until the ninth level."""
    above = image.cluster(P1)
    for n in range(6):
        cluster = 3000 + n
        record = bytearray(32)
        record[:12] = b"DEEP       \x10"
        record[22:26] = image.data[image.record(I1) + 22 : image.record(I1) + 26]
        pack_into("<H", record, 26, cluster)
        at = image.at_cluster(above)
        at += 4 * 32 if n == 0 else 2 * 32
        image.data[at : at + 32] = record
        image.link(cluster, -1)
        dots = bytearray(image.data[image.at_cluster(image.cluster(P1)) :][:64])
        pack_into("<H", dots, 26, cluster)
        pack_into("<H", dots, 58, above)
        start = image.at_cluster(cluster)
        image.data[start : start + 64] = dots
        above = cluster


LOST = "FAT-LOST"


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (two_partitions, {"FAT-PARTITION-FIRST"}),
        (second_volume, {"FAT-PARTITION-OTHER"}),
        (second_partition_of_windows, {"FAT-PARTITION-OTHER"}),
        (second_partition_of_linux, {"FAT-PARTITION-OTHER"}),
        (second_partition_of_nothing, set()),
        (partition_listed_twice, set()),
        (sector_zero(446 + 4, 0x07), {"FAT-PARTITION-TYPE"}),
        (sector_zero(446 + 4, 0x01), {"FAT-PARTITION-TYPE"}),
        (partition_too_short, {"FAT-PARTITION-SIZE"}),
        (boot_sector(510, 0), {"FAT-BOOT-SIGNATURE"}),
        (three_tables, {"FAT-GEOMETRY"}),
        (fewer_sectors_in_tables, {"FAT-TABLE-SHORT"}),
        (cut_off, {"FAT-TRUNCATED"}),
        (copies_differ, {"FAT-COPIES"}),
        (other_media, {"FAT-MEDIA"}),
        (not_taken_out, {"FAT-DIRTY"}),
        (not_taken_out_as_linux_says, {"FAT-DIRTY"}),
        (not_sound, {"FAT-HARDWARE"}),
        (bad_cluster, {"FAT-BAD-CLUSTERS"}),
        (lost_cluster, {LOST}),
        (folder_ends_early, {"FAT-FOLDER-UNREADABLE"}),
        (folder_elsewhere, {"FAT-FOLDER-UNREADABLE", "FAT-FOLDER-DOTS", LOST}),
        (folder_twice, {"FAT-FOLDER-LOOP", LOST}),
        (wrong_self, {"FAT-FOLDER-DOTS"}),
        (wrong_parent, {"FAT-FOLDER-DOTS"}),
        (no_dots, {"FAT-FOLDER-DOTS"}),
        (folder_with_size, {"FAT-FOLDER-SIZE"}),
        (rename(ZZZ, b"ZzZ        "), {"FAT-NAME"}),
        (rename(ZZZ, b" ZZ        "), {"FAT-NAME"}),
        (rename(ZZZ, b"Z+Z        "), {"FAT-NAME"}),
        (rename(ZZZ, b"Z\x9aZ        "), {"FAT-NAME-CODE-PAGE"}),
        (rename(ZZZ, b"\x05ZZ        "), set()),
        (rename(ZZZ, b"NUL        "), {"FAT-NAME-DEVICE"}),
        (rename(ZZZ, b"COM1    TXT"), {"FAT-NAME-DEVICE"}),
        (rename(ZZZ, DIRECTORY), {"FAT-NAME-DUPLICATE"}),
        (rename(ZZZ, DICOM), {"FAT-NAME-DUPLICATE"}),
        (in_record(ZZZ, 12, 0x08), {"FAT-NAME-CASE"}),
        (in_record(P1, 12, 0x10), {"FAT-NAME-CASE"}),
        (second_label, {"FAT-LABEL"}),
        (label_in_lower_case, {"FAT-LABEL", "FAT-LABEL-CHARACTERS"}),
        (label_of_the_root_alone, {"FAT-LABEL"}),
        (broken_long_name, {"FAT-LONG-NAME-BROKEN"}),
        (long_name_of_nothing, {"FAT-LONG-NAME-BROKEN"}),
        (short_name_as_long_one, {"FAT-LONG-NAME"}),
        (in_record(ZZZ, 11, 0x22), {"FAT-HIDDEN"}),
        (in_record(P1, 11, 0x14), {"FAT-HIDDEN"}),
        (no_date, {"FAT-DATE"}),
        (no_time, {"FAT-DATE"}),
        (chain_ends_early, {"FAT-CHAIN"}),
        (chain_leads_to_a_bad_one, {"FAT-CHAIN", "FAT-BAD-CLUSTERS", LOST}),
        (chain_leads_nowhere, {"FAT-CHAIN", LOST}),
        (chain_in_a_circle, {"FAT-CHAIN"}),
        (no_first_cluster, {"FAT-CHAIN"}),
        (chain_goes_on, {"FAT-CHAIN-LONG", LOST}),
        (cluster_of_an_empty_file, {"FAT-CHAIN-LONG", LOST}),
        (cross_link, {"FAT-CROSS-LINK", LOST}),
        (shared, {"FAT-SHARED", LOST}),
        (depth, {"FAT-DEPTH"}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_each_departure_is_found(
    good: bytes, tmp_path: Path, break_it: Break, expected: set[str]
) -> None:
    image = Breakable(good)
    break_it(image)
    assert found(image, tmp_path) == expected


def found(image: Breakable, folder: Path, demands: str | None = None) -> set[str]:
    path = folder / "t.img"
    with path.open("wb") as file:  # sparse, because most of it is zeros
        for at in range(0, len(image.data), 65536):
            piece = image.data[at : at + 65536]
            file.seek(at)
            if piece.count(0) < len(piece):
                file.write(piece)
        file.truncate(len(image.data))
    with open_medium(path) as medium:
        list(medium.entries())
        return {finding.rule for finding in medium.findings(demands)}


@pytest.mark.parametrize("system", [True, False])
def test_a_second_volume_in_a_gpt_is_told(
    good: bytes, tmp_path: Path, peer: Callable[[str], str], system: bool
) -> None:
    path, volume = tmp_path / "t.img", good[MIB:]
    sectors = -(-len(volume) // MIB) * MIB // 512
    with path.open("wb") as file:
        file.truncate(2 * sectors * 512 + 4 * MIB)
        for number in range(2):
            file.seek(MIB + number * sectors * 512)
            file.write(volume)
    types = ["-t1:0700", f"-t2:{'ef00' if system else '0700'}"]
    words = [f"-n1:2048:{2047 + sectors}", f"-n2:{2048 + sectors}:{2047 + 2 * sectors}", *types]
    subprocess.run([peer("sgdisk"), *words, str(path)], check=True, capture_output=True)
    with open_medium(path) as medium:
        findings = {finding.rule: finding for finding in medium.findings()}
    assert findings.keys() == {"FAT-GPT", "FAT-PARTITION-OTHER"}
    other = findings["FAT-PARTITION-OTHER"]
    assert (other.where, other.severity) == ("partition 2", Severity.WARNING)
    assert other.message == "there is a FAT file system in it, which was not looked at"


def test_partitions_are_wrong_on_magneto_optical_disks_alone(good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    for medium in ("usb", "cf", "mmc", "sd", None):
        assert found(image, tmp_path, medium) == set()
    assert found(image, tmp_path, "mod") == {"FAT-PARTITIONED"}
    image.data = image.data[image.start :]  # the volume alone
    assert found(image, tmp_path, "mod") == set()


@pytest.mark.parametrize("break_it", [boot_sector(17, 0xF0), boot_sector(38, 0x28)])
def test_the_boot_sector_of_some_cards_is_that_of_annex_a(
    both: dict[str, bytes], tmp_path: Path, break_it: Break
) -> None:
    image = Breakable(both["fat16"])
    break_it(image)
    for medium in ("usb", "cf", None):
        assert "FAT-BOOT-LAYOUT" not in found(image, tmp_path, medium)
    for medium in ("mmc", "sd", "mod"):
        assert "FAT-BOOT-LAYOUT" in found(image, tmp_path, medium)


def test_a_good_one_has_no_departure(good: bytes, tmp_path: Path) -> None:
    assert found(Breakable(good), tmp_path) == set()


# What FAT32 alone has


def no_copy(image: Breakable) -> None:
    image.data[image.start + 50] = 0


def another_copy(image: Breakable) -> None:
    image.data[image.start + 6 * 512 + 13] = 2


def no_fsinfo(image: Breakable) -> None:
    image.data[image.start + 512] = 0


def more_free_than_there_are(image: Breakable) -> None:
    pack_into("<I", image.data, image.start + 512 + 488, 0xF0000000)


def no_boot_sector(image: Breakable) -> None:
    image.data[image.start : image.start + 512] = bytes(512)


def a_root_nowhere(image: Breakable) -> None:
    image.boot_byte(47, 0x0F)


def tables_not_kept_equal(image: Breakable) -> None:
    image.boot_byte(40, 0x81)
    size = image.boot.table_sectors * 512
    at = image.start + image.boot.table_at
    image.data[at : at + 100] = bytes(100)  # The first is not looked at.
    assert image.data[at + size] == 0xF8


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (no_copy, {"FAT-BOOT-COPY"}),
        (another_copy, {"FAT-BOOT-COPY"}),
        (no_fsinfo, {"FAT-FSINFO"}),
        (more_free_than_there_are, {"FAT-FSINFO"}),
        (no_boot_sector, {"FAT-BOOT-DAMAGED", "FAT-BOOT-COPY"}),
        (a_root_nowhere, {"FAT-GEOMETRY", "FAT-FOLDER-UNREADABLE", LOST}),
        (tables_not_kept_equal, set()),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_each_departure_of_fat32_is_found(
    good_32: bytes, tmp_path: Path, break_it: Break, expected: set[str]
) -> None:
    image = Breakable(good_32)
    break_it(image)
    assert found(image, tmp_path) == expected


def test_a_root_apart_from_the_clusters_is_none_of_fat32(good_32: bytes, tmp_path: Path) -> None:
    image = Breakable(good_32)
    image.boot_byte(17, 16)
    assert "FAT-GEOMETRY" in found(image, tmp_path)


def test_what_calls_itself_another_type_is_told(good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    at = 82 if image.is_32 else 54
    for n, byte in enumerate(b"FAT12"):
        image.boot_byte(at + n, byte)
    assert found(image, tmp_path) == {"FAT-TYPE"}


def test_every_rule_is_explained_and_none_is_idle() -> None:
    text = Path(__file__).read_text() + Path(__file__).with_name("test_fat_read.py").read_text()
    text += Path(__file__).with_name("test_fat_hostile.py").read_text()
    for rule in RULES:
        assert rule.meaning
        assert rule.remedy
        assert rule.reference
        assert rule.severity in Severity
        assert f'"{rule.id}"' in text, rule.id
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert check_fat.__doc__
