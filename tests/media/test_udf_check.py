"""A good UDF volume, broken in one place each time: the checker names exactly that."""

import subprocess
from binascii import crc_hqx
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into, unpack_from

import pytest

from drivers import open_image
from media import (
    NamedSource,
    UdfMedium,
    check_udf,
    lay_out_udf,
    open_medium,
    planned_files,
    read_udf,
)
from media import write_volume as write
from media.entry import Entry
from media.udf.blocks import Blocks
from media.udf.bridge_read import compare_views
from media.udf.encode_volume import Revision
from media.udf.maps import build_space
from media.udf.rules import RULES, new_list
from media.udf.sequence import read_structure
from reporting import CannotRead

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
MAIN, RESERVE_PLACE = 32, 17  # sectors; the latter from the end
FILE_SET, ROOT = 288, 290  # sectors


def build(folder: Path, revision: Revision = "1.50") -> bytes:
    sources = [
        NamedSource(name, (content,), RECORDED)
        for name, content in (
            (("DICOMDIR",), b"directory" * 300),
            (("DICOM", "I1"), b"first" * 1000),
            (("DICOM", "I2"), b"second" * 1000),
            (("ZZZ",), b"last" * 1000),
        )
    ]
    plan = lay_out_udf(
        planned_files(sources, None), label="T", recorded=RECORDED, revision=revision
    )
    write(plan, sources, folder / "good.udf")
    return (folder / "good.udf").read_bytes()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return build(tmp_path_factory.mktemp("good"))


class Breakable:
    """An image to be broken, with tags that are made good again."""

    def __init__(self, image: bytes) -> None:
        self.data = bytearray(image)
        self.reserve = len(image) // SECTOR - RESERVE_PLACE

    def put(self, form: str, sector: int, at: int, *values: int) -> None:
        pack_into(form, self.data, sector * SECTOR + at, *values)
        self.seal(sector * SECTOR, unpack_from("<H", self.data, sector * SECTOR + 10)[0])

    def put_both(self, form: str, number: int, at: int, *values: int) -> None:
        for first in (MAIN, self.reserve):
            self.put(form, first + number, at, *values)

    def seal(self, at: int, covered: int) -> None:
        crc = crc_hqx(bytes(self.data[at + 16 : at + 16 + covered]), 0)
        pack_into("<HH", self.data, at + 8, crc, covered)
        self.data[at + 4] = 0
        self.data[at + 4] = sum(self.data[at : at + 16]) & 0xFF

    def entry(self, number: int) -> int:
        """Return the sector of the entry of a file, by its place on the medium."""
        return 294 + number

    def record(self, name: bytes, offset: int, value: int) -> None:
        at = self.data.index(b"\x08" + name) - 38
        self.data[at + offset] = value
        length = (38 + self.data[at + 19] + 3) & ~3
        self.seal(at, length - 16)


def rules(image: bytes, folder: Path) -> set[str]:
    (folder / "t.udf").write_bytes(image)
    with open_medium(folder / "t.udf") as medium:
        for finding in medium.findings():
            assert finding.where.isprintable()
            assert finding.remedy
            assert finding.reference
        return {finding.rule for finding in medium.findings()}


def test_the_image_that_is_broken_was_good(good: bytes, tmp_path: Path) -> None:
    assert rules(good, tmp_path) == set()
    assert int.from_bytes(good[294 * SECTOR : 294 * SECTOR + 2], "little") == 261


def raw(at: int, value: bytes) -> Callable[[Breakable], object]:
    def change(image: Breakable) -> None:
        image.data[at : at + len(value)] = value

    return change


def share(image: Breakable) -> None:
    image.put("<Q", image.entry(2), 56, 5000)
    image.put("<II", image.entry(2), 176, 5000, 12)


Break = Callable[[Breakable], object]
CASES: list[tuple[str, Break]] = [
    ("UDF-RECOGNITION", raw(17 * SECTOR + 1, b"NSR03")),
    ("UDF-RECOGNITION", raw(18 * SECTOR + 1, b"XXXXX")),
    ("UDF-ANCHOR", raw(256 * SECTOR + 5, b"\1")),
    ("UDF-SEQUENCE", raw((MAIN + 3) * SECTOR + 100, b"\1")),
    ("UDF-SEQUENCES-DIFFER", lambda i: i.put("<H", MAIN, 200, 9)),
    ("UDF-INTEGRITY-OPEN", lambda i: i.put("<I", 64, 28, 0)),
    ("UDF-INTEGRITY", raw(64 * SECTOR + 28, b"\7")),
    ("UDF-COUNTS", lambda i: i.put("<I", 64, 88 + 32, 5)),
    ("UDF-INTERCHANGE", lambda i: i.put_both("<HH", 0, 60, 3, 3)),
    ("UDF-VOLUMES", lambda i: i.put_both("<HH", 0, 56, 1, 2)),
    ("UDF-BLOCK-SIZE", lambda i: i.put_both("<I", 3, 212, 4096)),
    ("UDF-LABEL", lambda i: i.put_both("<B", 3, 84, 9)),
    ("UDF-LABEL", lambda i: i.put_both("<B", 3, 84 + 127, 200)),
    ("UDF-TRUNCATED", lambda i: i.put_both("<I", 2, 192, 10**6)),
    ("UDF-FILE-SET-INTERCHANGE", lambda i: i.put("<HH", FILE_SET, 28, 2, 2)),
    ("UDF-DOMAIN", lambda i: i.put("<H", FILE_SET, 416 + 24, 0x0102)),
    ("UDF-FILE-SET", raw(FILE_SET * SECTOR + 120, b"X")),
    ("UDF-NAMED-STREAM", lambda i: i.put("<I", FILE_SET, 464, SECTOR)),
    ("UDF-TAG", lambda i: i.data.__setitem__(i.entry(3) * SECTOR + 72, 9)),
    ("UDF-PERMISSIONS", lambda i: i.put("<I", i.entry(3), 44, 0b11111_11111_00000)),
    ("UDF-PERMISSIONS-CHANGE", lambda i: i.put("<I", i.entry(3), 44, 0b00101_00101_00101)),
    ("UDF-PERMISSIONS", lambda i: i.put("<I", ROOT, 44, 0b11110_11110_11110)),
    ("UDF-FILE-TYPE", lambda i: i.put("<B", i.entry(3), 27, 6)),
    ("UDF-DATE", lambda i: i.put("<B", i.entry(3), 88, 13)),
    ("UDF-LINKS", lambda i: i.put("<H", i.entry(3), 48, 2)),
    ("UDF-UNIQUE-ID", lambda i: i.put("<Q", i.entry(3), 160, 16)),
    ("UDF-ALLOCATION", lambda i: i.put("<Q", i.entry(3), 56, 9000)),
    ("UDF-OUTSIDE", lambda i: i.put("<I", i.entry(3), 180, 10**6)),
    (
        "UDF-SHARED",
        share,
    ),
    ("UDF-UNRECORDED", lambda i: i.put("<I", i.entry(3), 176, 1 << 30 | 4000)),
    ("UDF-HIDDEN", lambda i: i.record(b"ZZZ", 18, 1)),
    ("UDF-VERSION", lambda i: i.record(b"ZZZ", 16, 2)),
    ("UDF-NAME-CHARACTERS", lambda i: i.record(b"ZZZ", 38, 9)),
    ("UDF-NAME-ILLEGAL", lambda i: i.record(b"ZZZ", 40, ord("/"))),
    ("UDF-PARENT", lambda i: i.put("<I", ROOT + 1, 24, 4)),
]


def test_every_file_has_the_entry_that_is_broken(good: bytes) -> None:
    """The sectors that the cases count on."""
    image = Breakable(good)
    sizes = [unpack_from("<Q", image.data, image.entry(n) * SECTOR + 56)[0] for n in range(4)]
    assert sizes == [2700, 5000, 6000, 4000]
    assert unpack_from("<I", image.data, image.entry(1) * SECTOR + 180)[0] == 12


@pytest.mark.parametrize(
    ("rule", "break_it"), CASES, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(CASES)]
)
def test_one_break_is_one_rule(rule: str, break_it: Break, good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    break_it(image)
    assert bytes(image.data) != good
    assert rules(bytes(image.data), tmp_path) == {rule}


def test_overlap_is_found(good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    start = unpack_from("<I", image.data, image.entry(1) * SECTOR + 180)[0]
    image.put("<I", image.entry(3), 180, start + 1)
    assert rules(bytes(image.data), tmp_path) == {"UDF-OVERLAP"}


def test_two_names_for_one_entry_are_told(good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    # ZZZ becomes another name of DICOMDIR.
    at = image.data.index(b"\x08ZZZ") - 38
    pack_into("<I", image.data, at + 24, image.entry(0) - 288)
    image.seal(at, 44 - 16)
    assert rules(bytes(image.data), tmp_path) == {"UDF-SHARED", "UDF-LINKS", "UDF-COUNTS"}


def test_a_directory_in_itself_ends(good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    at = image.data.index(b"\x08DICOM\x01\x01") - 38
    pack_into("<I", image.data, at + 24, ROOT - 288)
    image.seal(at, 44 - 16)
    assert {"UDF-DIRECTORY-LOOP"} <= rules(bytes(image.data), tmp_path)


def test_two_files_of_one_name_are_told(good: bytes, tmp_path: Path) -> None:
    image = Breakable(good)
    image.record(b"I2", 40, ord("1"))
    assert rules(bytes(image.data), tmp_path) == {"UDF-NAME-DUPLICATE"}


@pytest.mark.parametrize(
    ("revision", "medium"),
    [("1.02", "dvd"), ("1.50", "dvd-ram"), ("2.01", "dvd"), ("2.50", "bd"), ("2.60", "bd")],
)
def test_every_kind_of_medium_has_its_revision(
    revision: Revision, medium: str, tmp_path: Path
) -> None:
    build(tmp_path, revision)
    with open_medium(tmp_path / "good.udf") as opened:
        assert isinstance(opened, UdfMedium)
        assert opened.findings(medium) == opened.findings() == []
        other = "bd" if revision < "2.50" else "dvd-ram"
        assert {f.rule for f in opened.findings(other)} == {"UDF-REVISION"}


@pytest.mark.parametrize(("kind", "rule"), [("dvdr", "UDF-VIRTUAL"), ("dvdrw", "UDF-SPARABLE")])
def test_detours_are_found_where_they_are_forbidden(
    kind: str, rule: str, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    path = tmp_path / "t.img"
    with path.open("wb") as image:
        image.truncate(20_000_000)
    command = [peer("mkudffs"), f"--media-type={kind}", "--udfrev=1.50", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    with open_medium(path) as medium:
        assert isinstance(medium, UdfMedium)
        for forbidden in ("dvd-ram", "bd"):
            assert rule in {f.rule for f in medium.findings(forbidden)}
        for allowed in ("dvd", None):
            assert rule not in {f.rule for f in medium.findings(allowed)}


def of(name: str, *runs: tuple[int, int]) -> Entry:
    size = sum(length for _, length in runs)
    return Entry((name,), name, size, "t.iso", runs[0][0], runs if len(runs) > 1 else ())


@pytest.mark.parametrize(
    ("iso", "udf", "expected"),
    [
        ([(4096, 4096)], [(4096, 4096)], []),
        ([(4096, 2048), (6144, 2048)], [(4096, 4096)], []),
        ([(4096, 2048), (8192, 2048)], [(4096, 2048), (8192, 2048)], []),
        ([(4096, 2048), (8192, 2048)], [(4096, 4096)], ["UDF-BRIDGE-DIFFERS"]),
        ([(4096, 4096)], [(4096, 2048), (8192, 2048)], ["UDF-BRIDGE-DIFFERS"]),
    ],
)
def test_files_of_several_extents_are_compared_in_both_halves_of_a_bridge(
    iso: list[tuple[int, int]], udf: list[tuple[int, int]], expected: list[str]
) -> None:
    views = compare_views([of("I1", *iso)], [of("I1", *udf)])
    assert [f.rule for f in views.problems.findings()] == expected
    assert len(views.entries) == 1 + len(expected)


def second_partition(image: Breakable) -> None:
    """In place of the Implementation Use Volume Descriptor."""
    for first in (MAIN, image.reserve):
        at = first * SECTOR
        image.data[at + SECTOR : at + 2 * SECTOR] = image.data[at + 2 * SECTOR : at + 3 * SECTOR]
        image.put("<I", first + 1, 12, first + 1)
        image.put("<H", first + 1, 22, 7)


def other_revision(image: Breakable) -> None:
    image.put_both("<H", 3, 216 + 24, 0x0299)
    image.put("<H", FILE_SET, 416 + 24, 0x0299)
    raw(17 * SECTOR + 1, b"NSR03")(image)


def damaged_in_both(image: Breakable) -> None:
    for first in (MAIN, image.reserve):
        image.data[first * SECTOR + 300] ^= 1


def map_behind_the_table(image: Breakable) -> None:
    image.put_both("<BBHH", 3, 440 + 6, 1, 6, 1, 0)
    image.put_both("<I", 3, 268, 2)


@pytest.mark.parametrize(
    ("expected", "break_it"),
    [
        ({"UDF-PARTITIONS"}, second_partition),
        ({"UDF-REVISION-UNKNOWN"}, other_revision),
        ({"UDF-DESCRIPTOR", "UDF-SEQUENCE"}, damaged_in_both),
        ({"UDF-DESCRIPTOR-MISSING"}, lambda i: i.put_both("<H", 0, 0, 4)),
        ({"UDF-MAP"}, lambda i: i.put_both("<I", 3, 268, 2)),
        ({"UDF-MAP"}, map_behind_the_table),
        ({"UDF-ENTRY", "UDF-COUNTS"}, lambda i: raw(i.entry(3) * SECTOR, bytes(SECTOR))(i)),
        ({"UDF-STRATEGY", "UDF-COUNTS"}, lambda i: i.put("<H", i.entry(3), 20, 4096)),
    ],
    ids=lambda v: "-".join(sorted(v)) if isinstance(v, set) else "",
)
def test_what_else_is_lost_with_a_break_is_told(
    expected: set[str], break_it: Break, good: bytes, tmp_path: Path
) -> None:
    image = Breakable(good)
    break_it(image)
    assert rules(bytes(image.data), tmp_path) == expected


@pytest.mark.parametrize("bad", [(33,), (34, 36), (32, 33, 34)])
def test_the_first_sector_of_a_sequence_that_cannot_be_read_is_named(
    bad: tuple[int, ...], good: bytes
) -> None:
    class Scratched:
        size = len(good)

        def pread(self, length: int, offset: int) -> bytes:
            if any(offset < (n + 1) * SECTOR and n * SECTOR < offset + length for n in bad):
                raise CannotRead("is scratched", "disc", "Clean it")
            return good[offset : offset + length]

    volume = read_udf(Scratched())
    assert volume is not None
    told = [f for f in check_udf(volume, Scratched()) if f.rule == "UDF-SEQUENCE"]
    assert [finding.message for finding in told] == [
        f"{told[0].message.partition(':')[0]}: sector {bad[0]} cannot be read"
    ]


@pytest.mark.parametrize(("folders", "broken"), [(7, set()), (8, {"UDF-DEPTH", "ISO-DEPTH"})])
def test_folders_below_the_eighth_level_are_told(
    folders: int, broken: set[str], tmp_path: Path, peer: Callable[[str], str]
) -> None:
    deep = (tmp_path / "tree").joinpath(*"ABCDEFGH"[:folders])  # the root is the first level
    deep.mkdir(parents=True)
    (deep / "I1").write_bytes(b"deep")
    command = [peer("genisoimage"), "-quiet", "-udf", "-D", "-o", str(tmp_path / "t.iso")]
    subprocess.run([*command, str(tmp_path / "tree")], check=True, capture_output=True)
    with open_medium(tmp_path / "t.iso") as medium:
        assert {f.rule for f in medium.findings() if f.rule.endswith("-DEPTH")} == broken


def test_a_virtual_table_that_is_gone_is_told(tmp_path: Path, peer: Callable[[str], str]) -> None:
    path = tmp_path / "t.img"
    with path.open("wb") as image:
        image.truncate(20_000_000)
    command = [peer("mkudffs"), "--media-type=dvdr", "--udfrev=1.50", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), SECTOR):
        if data[at : at + 2] == b"\x05\x01" and data[at + 27] in (0, 248):  # of a table
            data[at : at + SECTOR] = bytes(SECTOR)
    path.write_bytes(data)
    problems = new_list()
    with open_image(path) as opened:
        structure = read_structure(Blocks(opened), problems)
        assert structure is not None
        build_space(Blocks(opened), structure, problems)
    assert "UDF-VIRTUAL-TABLE" in {f.rule for f in problems.findings()}


@pytest.mark.parametrize(
    ("at", "number"),
    [(4 + 5, ord("m")), (38, 7)],  # another kind of partition; in a partition that is not there
)
def test_a_map_that_cannot_be_followed_is_left_out_and_told(
    at: int, number: int, tmp_path: Path
) -> None:
    image = Breakable(build(tmp_path, "2.50"))
    image.put_both("<B", 3, 440 + 6 + at, number)
    (tmp_path / "t.udf").write_bytes(image.data)
    problems = new_list()
    with open_image(tmp_path / "t.udf") as opened:
        structure = read_structure(Blocks(opened), problems)
        assert structure is not None
        space = build_space(Blocks(opened), structure, problems)
    assert list(space.partitions) == [0]
    (told,) = problems.findings()
    assert (told.rule, told.where) == ("UDF-MAP", "partition map 1")


def test_every_rule_has_a_case() -> None:
    folder = Path(__file__).parent
    text = "".join(path.read_text() for path in folder.glob("test_udf_*.py"))
    assert [rule.id for rule in RULES if f'"{rule.id}"' not in text] == []
