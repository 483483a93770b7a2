"""FAT images that we write, read by others."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from struct import unpack_from

import pytest

from media import (
    DigestList,
    FileRange,
    NameDoesNotFit,
    NamedSource,
    PlannedFile,
    VolumePlan,
    lay_out_fat,
    open_medium,
    write_fat,
)
from reporting import CannotRead, CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MIB = 1 << 20
GIB = 1 << 30
Contents = Mapping[tuple[str, ...], bytes]
Peer = Callable[[str], str]

# Every way to ask for a volume; the first partition begins at 1 MiB.
WAYS: list[dict[str, object]] = [
    {},
    {"partitioned": False},
    {"size": 64 * MIB},
    {"size": 50 * MIB, "partitioned": False},
    {"kind": "fat32"},
    {"kind": "fat32", "partitioned": False, "size": 60 * MIB},
]


def way_id(way: dict[str, object]) -> str:
    return ",".join(f"{key}={value}" for key, value in way.items()) or "plain"


def write(sources: list[NamedSource], target: Path, **changes: object) -> object:
    arguments: dict[str, object] = {"label": "JACKET_1", "recorded": RECORDED, **changes}
    return write_fat(sources, target, **arguments)  # type: ignore[arg-type]


def plan(files: list[PlannedFile], **changes: object) -> VolumePlan:
    arguments: dict[str, object] = {"label": "T", "recorded": RECORDED, **changes}
    return lay_out_fat(files, **arguments)  # type: ignore[arg-type]


def one(name: str, *parts: FileRange | bytes, modified: datetime = RECORDED) -> NamedSource:
    return NamedSource((name,), parts, modified)


def planned(name: str, size: int) -> PlannedFile:
    return PlannedFile(tuple(name.split("/")), size, RECORDED)


def run(*command: str) -> bytes:
    done = subprocess.run(command, check=False, capture_output=True, env={"MTOOLS_SKIP_CHECK": "0"})
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout


def volume_of(image: Path, way: dict[str, object]) -> Path:
    """Return the volume alone, for peers that know no partitions."""
    if not way.get("partitioned", True):
        return image
    alone = image.with_suffix(".volume")
    with image.open("rb") as source, alone.open("wb") as target:
        source.seek(MIB)
        while piece := source.read(MIB):
            if any(piece):
                target.write(piece)
            else:
                target.seek(len(piece), os.SEEK_CUR)
        target.truncate()
    return alone


def below(folder: Path) -> dict[tuple[str, ...], bytes]:
    return {p.relative_to(folder).parts: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(params=WAYS, ids=way_id)
def way(request: pytest.FixtureRequest) -> dict[str, object]:
    return dict(request.param)


# Peers read what we wrote


def test_fsck_finds_nothing(
    way: dict[str, object], real_sources: list[NamedSource], tmp_path: Path, peer: Peer
) -> None:
    write(real_sources, tmp_path / "t.img", **way)
    said = run(peer("fsck.fat"), "-n", str(volume_of(tmp_path / "t.img", way))).decode()
    # Its version, and how full it is.
    assert [line for line in said.splitlines() if "clusters" not in line] == said.splitlines()[:1]


def test_mtools_read_the_same_tree(
    way: dict[str, object],
    real_sources: list[NamedSource],
    real_contents: Contents,
    tmp_path: Path,
    peer: Peer,
) -> None:
    write(real_sources, tmp_path / "t.img", **way)
    image = f"{tmp_path / 't.img'}@@{MIB if way.get('partitioned', True) else 0}"
    out = tmp_path / "out"
    out.mkdir()
    run(peer("mcopy"), "-s", "-i", image, "::/", str(out))
    assert below(out) == dict(real_contents)
    listing = run(peer("mdir"), "-/", "-b", "-i", image, "::/").decode().split()
    assert sorted(n for n in listing if not n.endswith("/")) == sorted(
        "::/" + "/".join(name) for name in real_contents
    )
    assert "JACKET_1" in run(peer("mlabel"), "-s", "-i", image, "::").decode()


def test_7z_extracts_the_same_tree(
    way: dict[str, object],
    real_sources: list[NamedSource],
    real_contents: Contents,
    tmp_path: Path,
    peer: Peer,
) -> None:
    write(real_sources, tmp_path / "t.img", **way)
    run(peer("7z"), "x", f"-o{tmp_path / 'out'}", str(tmp_path / "t.img"))
    assert below(tmp_path / "out") == dict(real_contents)


def test_file_and_partition_tools_see_what_it_is(
    real_sources: list[NamedSource], tmp_path: Path, peer: Peer
) -> None:
    image = str(tmp_path / "t.img")
    for size, kind, number, name in (
        (64 * MIB, None, "6", "fat16"),
        (300 * MIB, "fat32", "b", "fat32"),
        (9 * GIB, None, "c", "fat32"),
    ):
        lay_out_alone(plan([planned("A", 5)], size=size, kind=kind), tmp_path / "t.img")
        table = run(peer("sfdisk"), "-d", image).decode()
        assert f"start=        2048, size={size // 512 - 2048:12}, type={number}" in table
        parts = run(peer("parted"), "-s", "-m", image, "unit", "s", "print").decode().splitlines()
        assert parts[-1] == f"1:2048s:{size // 512 - 1}s:{size // 512 - 2048}s:{name}::" + (
            "lba;" if number == "c" else ";"
        )
        # 1 MiB is cylinder 0, head 32, sector 33, as all count that have 255 heads.
        assert "start-CHS (0x0,32,33)" in run(peer("file"), "-b", image).decode()
    assert "end-CHS (0x3ff,254,63)" in run(peer("file"), "-b", image).decode()
    write(real_sources, tmp_path / "t.img", partitioned=False)
    seen = run(peer("file"), "-b", image).decode()
    assert 'OEM-ID "MSDOS4.0"' in seen
    assert 'label: "JACKET_1   "' in seen
    assert "FAT (16 bit)" in seen
    assert "root entries 512" in seen


def lay_out_alone(laid_out: VolumePlan, image: Path) -> None:
    """Write the structures without any file."""
    with image.open("wb") as file:
        file.truncate(laid_out.size)
        for structure in laid_out.structures:
            file.seek(structure.offset)
            data = b"".join(structure.pieces())
            assert len(data) == structure.length
            file.write(data)


def test_the_boot_sector_is_that_of_annex_a(tmp_path: Path) -> None:
    write([one("A", b"x")], tmp_path / "t.img", partitioned=False)
    boot = (tmp_path / "t.img").read_bytes()[:512]
    # Bytes are counted from 1 there.
    assert boot[13 : 13 + 1] == b"\2"
    assert unpack_from("<HBHHB", boot, 14) == (1, 2, 512, 0, 0xF8)
    assert unpack_from("<I", boot, 32)[0] * 512 == (tmp_path / "t.img").stat().st_size
    assert boot[38] == 0x29
    assert boot[43:54] == b"JACKET_1   "
    assert boot[510:] == b"\x55\xaa"


def test_dates_are_the_wall_clock_of_their_own_zone(tmp_path: Path, peer: Peer) -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    sources = [
        one("A", b"x", modified=datetime(2021, 12, 31, 23, 59, 59, 990_000, tzinfo=kathmandu)),
        one("OLD", b"x", modified=datetime(1850, 1, 2, tzinfo=UTC)),
        one("NEW", b"x", modified=datetime(2200, 1, 2, tzinfo=UTC)),
    ]
    write(sources, tmp_path / "t.img", partitioned=False)
    listing = run(peer("mdir"), "-i", str(tmp_path / "t.img"), "::").decode()
    when = {line.split()[0]: line.split()[-2:] for line in listing.splitlines() if "-" in line}
    assert when["A"] == ["2021-12-31", "23:59"]
    assert when["OLD"] == ["1980-01-01", "0:00"]
    assert when["NEW"] == ["2107-12-31", "23:59"]
    image = (tmp_path / "t.img").read_bytes()
    at = image.index(b"A          \x20")
    assert image[at + 13] == 199  # hundredths over the even second
    last_even_second = 23 << 11 | 59 << 5 | 29
    assert unpack_from("<H", image, at + 14) == unpack_from("<H", image, at + 22)
    assert unpack_from("<H", image, at + 22) == (last_even_second,)


# What our own reader and checker say


def test_our_checker_finds_nothing_and_our_reader_everything(
    way: dict[str, object],
    real_sources: list[NamedSource],
    real_contents: Contents,
    tmp_path: Path,
) -> None:
    write(real_sources, tmp_path / "t.img", **way)
    with open_medium(tmp_path / "t.img") as medium:
        assert medium.kind == way.get("kind", "fat16")
        assert medium.label == "JACKET_1"
        assert medium.findings() == []
        entries = list(medium.entries())
        assert [e.offset for e in entries] == sorted(e.offset for e in entries)
        assert not any(e.extents for e in entries)  # every file is in one run
        order = [e.name for e in entries if e.size]
        assert order == [source.name for source in real_sources if source.size]
        assert {e.name: medium.open(e).pread(e.size, 0) for e in entries} == real_contents


def test_the_same_sources_and_clock_give_the_same_bytes(
    real_sources: list[NamedSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(real_sources, tmp_path / "a.img")
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        write(real_sources, tmp_path / "b.img")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (tmp_path / "a.img").read_bytes() == (tmp_path / "b.img").read_bytes()


def test_the_serial_number_comes_from_label_clock_and_names(tmp_path: Path) -> None:
    def serial(**changes: object) -> bytes:
        (boot, *_) = plan([planned("A", 1)], partitioned=False, **changes).structures
        return next(boot.pieces())[39:43]

    later = datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
    (other, *_) = plan([planned("B", 1)], partitioned=False).structures
    numbers = [serial(), serial(), serial(label="U"), serial(recorded=later)]
    assert numbers[0] == numbers[1]
    assert len({*numbers, next(other.pieces())[39:43]}) == 4


def test_digests_are_those_of_what_is_there_and_the_list_is_last(
    real_sources: list[NamedSource], real_contents: Contents, tmp_path: Path
) -> None:
    def compose(digests: Mapping[tuple[str, ...], str]) -> bytes:
        return "".join(f"{d}  {'/'.join(n)}\n" for n, d in digests.items()).encode().ljust(9000)

    written = write_fat(
        real_sources,
        tmp_path / "t.img",
        label="",
        recorded=RECORDED,
        digest_list=DigestList(("MANIFEST.TXT",), 9000, compose, RECORDED),
    )
    image = (tmp_path / "t.img").read_bytes()
    assert written.sha256 == sha256(image).hexdigest()
    assert written.size == len(image)
    expected = {name: sha256(content).hexdigest() for name, content in real_contents.items()}
    listed = dict(written.digests)
    del listed["MANIFEST.TXT",]
    assert listed == expected
    with open_medium(tmp_path / "t.img") as medium:
        *_, last = medium.entries()
        assert last.name == ("MANIFEST.TXT",)
        assert medium.open(last).pread(9000, 0) == compose(expected)
        assert medium.label == ""
        assert medium.findings() == []


def test_the_digest_of_a_large_image_can_be_left_out(
    real_sources: list[NamedSource], real_contents: Contents, tmp_path: Path
) -> None:
    listed = DigestList(("MANIFEST.TXT",), 1, lambda _: b"x", RECORDED)
    written = write_fat(
        real_sources,
        tmp_path / "t.img",
        label="",
        recorded=RECORDED,
        size=20 * GIB,
        digest_list=listed,
        image_digest=False,
    )
    assert written.sha256 is None
    for name, content in real_contents.items():
        assert written.digests[name] == sha256(content).hexdigest()


def test_what_is_empty_takes_no_room(tmp_path: Path) -> None:
    write([one("A", b"x")], tmp_path / "t.img", size=30 * MIB)
    status = (tmp_path / "t.img").stat()
    assert status.st_size == 30 * MIB
    assert status.st_blocks * 512 < MIB


def test_progress_is_told_in_bytes_of_the_image(
    real_sources: list[NamedSource], tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    write(real_sources, tmp_path / "t.img", progress=lambda *step: told.append(step))
    size = (tmp_path / "t.img").stat().st_size
    assert {(stage, total) for stage, _, total in told} == {("write", size)}
    assert all(a[1] <= b[1] for a, b in pairwise(told))
    assert told[-1][1] == size


# Which volume it becomes


@pytest.mark.parametrize(
    ("changes", "content", "kind", "cluster"),
    [
        ({}, 5, "fat16", 1024),
        ({}, 100 * MIB, "fat16", 2048),
        ({}, 2000 * MIB, "fat16", 32768),
        ({}, 2050 * MIB, "fat32", 4096),
        ({"kind": "fat32"}, 5, "fat32", 512),
        ({"size": 15 * MIB}, 5, "fat16", 1024),
        ({"size": 128 * MIB}, 5, "fat16", 2048),
        ({"size": 256 * MIB}, 5, "fat16", 4096),
        ({"size": 512 * MIB}, 5, "fat16", 8192),
        ({"size": GIB}, 5, "fat16", 16384),
        ({"size": 2 * GIB}, 5, "fat16", 32768),
        ({"size": 4 * GIB}, 5, "fat32", 4096),
        ({"size": 8 * GIB}, 5, "fat32", 4096),
        ({"size": 16 * GIB}, 5, "fat32", 8192),
        ({"size": 32 * GIB}, 5, "fat32", 16384),
        ({"size": 64 * GIB}, 5, "fat32", 32768),
        ({"size": 3000 * GIB}, 5, "fat32", 32768),
        ({"size": 8 * GIB, "kind": "fat16"}, 5, "fat16", 32768),
    ],
)
@pytest.mark.parametrize("partitioned", [True, False])
def test_type_and_clusters_are_those_of_microsofts_tables(
    changes: dict[str, object], content: int, kind: str, cluster: int, partitioned: bool
) -> None:
    laid_out = plan([planned("A", content)], partitioned=partitioned, **changes)
    assert laid_out.kind == kind
    assert laid_out.size == changes.get("size", laid_out.size)
    boot = next(laid_out.structures[partitioned].pieces())
    sector, per_cluster = unpack_from("<HB", boot, 11)
    assert sector * per_cluster == cluster
    reserved, tables, roots = unpack_from("<HBH", boot, 14)
    small, hidden, total, large = unpack_from("<H4xIII", boot, 22)
    assert hidden == (2048 if partitioned else 0)
    assert (hidden + total) * 512 <= laid_out.size
    data = reserved + tables * (small or large) + roots // 16
    clusters = (total - data) // per_cluster
    fewest, most = (4085, 65524) if kind == "fat16" else (65525, 0x0FFFFFF5)
    assert fewest + 16 <= clusters <= most - 16
    assert (small or large) * 512 * 8 // (16 if small else 32) >= clusters + 2


@pytest.mark.parametrize("kind", ["fat16", "fat32"])
@pytest.mark.parametrize("count", [0, 1, 100, 3000])
def test_the_smallest_volume_holds_everything_and_one_sector_less_does_not(
    kind: str, count: int
) -> None:
    files = [planned(f"D{n % 9}/F{n}", 40_000 + n) for n in range(count)]
    laid_out = plan(files, kind=kind)
    assert plan(files, kind=kind, size=laid_out.size).size == laid_out.size
    if count == 3000:
        with pytest.raises(CannotWrite, match=r"needs .* where the medium has"):
            plan(files, kind=kind, size=laid_out.size - 32768)


@pytest.mark.parametrize(
    ("files", "changes", "why"),
    [
        ([("A", 4 * GIB)], {}, "4 GiB"),
        ([("A", GIB), ("B", 2 * GIB)], {"kind": "fat16"}, "more than 2 GiB"),
        ([("A", 3 * GIB)] * 1, {"size": 2 * GIB}, "needs"),
        ([("A", 3 * GIB)] * 1, {"size": 8 * GIB, "kind": "fat16"}, "needs"),
        ([("A", 1)], {"size": MIB}, "too small"),
        ([("A", 1)], {"size": 0}, "too small"),
        ([("A", 1)], {"size": 20 * MIB, "kind": "fat32"}, "too small"),
        ([(f"F{n}", 0) for n in range(512)], {}, "512"),
        ([(f"D/F{n}", 0) for n in range(65_535)], {}, "65,536"),
    ],
)
def test_what_has_no_room_is_refused(
    files: list[tuple[str, int]], changes: dict[str, object], why: str
) -> None:
    with pytest.raises(CannotWrite, match=why) as caught:
        plan([planned(name, size) for name, size in files], **changes)
    assert caught.value.remedy


def test_the_largest_file_and_the_fullest_root_fit() -> None:
    assert plan([planned("A", 4 * GIB - 1)]).kind == "fat32"
    roots = [planned(f"F{n}", 0) for n in range(512)]
    assert plan(roots[:511], label="T").kind == "fat16"
    assert plan(roots, label="").kind == "fat16"
    assert plan(roots, kind="fat32").kind == "fat32"
    assert plan([planned(f"D/F{n}", 0) for n in range(65_534)]).kind == "fat16"


def test_capacity_is_looked_at_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="where the medium has"):
        write([one("A", bytes(MIB))], tmp_path / "t.img", capacity=MIB)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_changed_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"short")
    with pytest.raises(CannotRead, match="changed"):
        write([one("A", FileRange(str(source), 0, 500))], tmp_path / "t.img")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


# Names


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "I00000001",
        "A.",
        "A.B.C",
        ".A",
        "A B",
        "Ä",
        "",
        "..",
        "A.JPEG",
        "CON",
        "LPT1.TXT",
        "A/B",
    ],
)
def test_names_that_are_no_8_3_names_are_refused(name: str) -> None:
    for where in ((name,), (name, "A")):
        with pytest.raises(NameDoesNotFit):
            plan([PlannedFile(where, 1, RECORDED)])


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["A", "A"], "twice"),
        (["A", "A/B"], "file and a folder"),
        (["A/B", "A"], "file and a folder"),
        (["/".join("ABCDEFGHI")], "levels"),
    ],
)
def test_names_that_cannot_stand_together_are_refused(names: list[str], why: str) -> None:
    with pytest.raises(NameDoesNotFit, match=why):
        plan([planned(name, 1) for name in names])


@pytest.mark.parametrize(
    ("label", "recorded"),
    [("", ""), ("A", "A"), ("LONGER_THAN_ELEVEN", "LONGER_THAN"), (" A B", "A B")],
)
def test_eleven_characters_of_the_label_are_recorded(
    tmp_path: Path, label: str, recorded: str
) -> None:
    write([one("A", b"x")], tmp_path / "t.img", label=label)
    with open_medium(tmp_path / "t.img") as medium:
        assert medium.label == recorded
        assert medium.findings() == []


@pytest.mark.parametrize("label", ["a", "A.B", "Ä", "A\n", "A" * 33])
def test_labels_that_no_file_set_has_are_refused(label: str) -> None:
    with pytest.raises(NameDoesNotFit):
        plan([], label=label)


LONG = {
    ("VIEWER", "index.html"): "INDEX~1.HTM",
    ("VIEWER", "a.js"): "A.JS",
    ("VIEWER", "thirteen.unit"): "THIRTE~1.UNI",
    ("VIEWER", "Ünïcode näme with many words and 𝄞.txt"): "_N_COD~1.TXT",
    ("VIEWER", "index.HTML5"): "INDEX~2.HTM",
    ("VIEWER", ".hidden"): "HIDDEN~1",
    ("VIEWER", "x" * 255): "XXXXXX~1",
    ("VIEWER", "a.b.c"): "AB~1.C",
    ("VIEWER", "aux_.txt"): "AUX_.TXT",
    ("VIEWER", "README.TXT"): "README.TXT",
    ("VIEWER", "INDEX~3.HTM"): "INDEX~3.HTM",
    ("VIEWER", "index.htm l"): "INDEX~4.HTM",
}


@pytest.mark.parametrize("kind", ["fat16", "fat32"])
def test_long_names_are_read_by_others(tmp_path: Path, peer: Peer, kind: str) -> None:
    sources = [NamedSource(name, (str(name).encode(),), RECORDED) for name in LONG]
    write(sources, tmp_path / "t.img", long_names=True, partitioned=False, kind=kind)
    run(peer("7z"), "x", f"-o{tmp_path / 'out'}", str(tmp_path / "t.img"))
    assert below(tmp_path / "out") == {name: str(name).encode() for name in LONG}
    assert run(peer("fsck.fat"), "-n", str(tmp_path / "t.img")).count(b"\n") == 2
    with open_medium(tmp_path / "t.img") as medium:
        entries = list(medium.entries())
        assert {(e.name[0], e.recorded): e.name[1] for e in entries} == LONG
        # What differs in case alone could do without.
        assert {(f.rule, f.where) for f in medium.findings()} == {
            ("FAT-LONG-NAME", "/VIEWER/A.JS"),
            ("FAT-LONG-NAME", "/VIEWER/AUX_.TXT"),
        }
        for entry in entries:
            assert medium.find_tolerant((entry.name[0], entry.recorded)) == entry


@pytest.mark.parametrize(
    "name", ["a/b", "a:b", "a.", "a ", "x" * 256, "a\nb", "aux.html", "\ud800", ""]
)
def test_names_that_cannot_be_long_ones_are_refused(name: str) -> None:
    with pytest.raises(NameDoesNotFit):
        plan([PlannedFile((name,), 1, RECORDED)], long_names=True)


def test_a_folder_never_has_a_long_name() -> None:
    with pytest.raises(NameDoesNotFit):
        plan([PlannedFile(("viewer files", "A"), 1, RECORDED)], long_names=True)


def test_long_names_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(NameDoesNotFit, match="twice"):
        plan([planned("index.html", 1), planned("INDEX.html", 1)], long_names=True)


def test_a_thousand_alike_long_names_have_a_thousand_short_ones(tmp_path: Path) -> None:
    sources = [NamedSource(("D", f"a long name {n}.html"), (b"x",), RECORDED) for n in range(1000)]
    write(sources, tmp_path / "t.img", long_names=True)
    with open_medium(tmp_path / "t.img") as medium:
        assert len({e.name for e in medium.entries()}) == 1000
        assert medium.findings() == []


# Size


def test_100_000_files_and_50_gb_cost_little_memory() -> None:
    program = """
from datetime import datetime, UTC
from pathlib import Path
from media import PlannedFile, lay_out_fat
now = datetime(2026, 3, 4, tzinfo=UTC)
files = [
    PlannedFile(("DICOM", f"P{n // 1000:07}", f"I{n:07}"), 500_000, now) for n in range(100_000)
]
plan = lay_out_fat(files, label="T", recorded=now, size=64 << 30)
for structure in plan.structures:
    assert sum(map(len, structure.pieces())) == structure.length
assert plan.offsets[-1] > 50 * 10**9
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    # Not ru_maxrss: a new program inherits that of the process which started it.
    peak = int(run(sys.executable, "-c", program)) * 1024  # bytes; it is told in KiB
    assert peak < 250 * MIB


def test_structures_and_files_lie_apart() -> None:
    files = [planned(f"D{n % 7}/E{n % 3}/F{n}", n * 7919 % 100_000) for n in range(500)]
    for changes in WAYS:
        laid_out = plan(files, **changes)
        runs = [(s.offset, s.offset + s.length) for s in laid_out.structures]
        assert runs == sorted(runs)
        runs += [
            (offset, offset + file.size)
            for file, offset in zip(files, laid_out.offsets, strict=True)
            if file.size
        ]
        assert all(a[1] <= b[0] for a, b in pairwise(sorted(runs)))
        assert max(end for _, end in runs) <= laid_out.size
