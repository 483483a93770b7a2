"""Images that we write, read by others."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from media import DigestList, FileRange, NamedSource, open_medium, write_iso9660
from media.iso9660.names import NameDoesNotFit
from reporting import CannotRead, CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
Contents = Mapping[tuple[str, ...], bytes]
Peer = Callable[[str], str]


def write(sources: list[NamedSource], target: Path, **changes: object) -> object:
    arguments: dict[str, object] = {"volume_identifier": "T", "recorded": RECORDED, **changes}
    return write_iso9660(sources, target, **arguments)  # type: ignore[arg-type]


def one(name: str, *parts: FileRange | bytes, modified: datetime = RECORDED) -> NamedSource:
    return NamedSource((name,), parts, modified)


def recorded_path(name: tuple[str, ...]) -> str:
    last = name[-1] if "." in name[-1] else name[-1] + "."
    return "/" + "/".join((*name[:-1], last)) + ";1"


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


# Peers read what we wrote


def test_isoinfo_extracts_the_same_bytes(
    real_image: Path, real_contents: Contents, peer: Peer
) -> None:
    isoinfo = peer("isoinfo")
    for name, content in real_contents.items():
        assert run(isoinfo, "-i", str(real_image), "-x", recorded_path(name)) == content
    listed = run(isoinfo, "-i", str(real_image), "-f").decode().split()
    assert {recorded_path(name) for name in real_contents} <= set(listed)


def test_7z_extracts_the_same_tree(
    real_image: Path, real_contents: Contents, peer: Peer, tmp_path: Path
) -> None:
    run(peer("7z"), "x", f"-o{tmp_path}", str(real_image))
    files = {
        p.relative_to(tmp_path).parts: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()
    }
    assert files == dict(real_contents)


def test_xorriso_extracts_the_same_tree(
    real_image: Path, real_contents: Contents, peer: Peer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["-osirrox", "on", "-ecma119_map", "unmapped", "-indev", str(real_image)]
    run(peer("xorriso"), *options, "-extract", "/", str(out))
    files = {p.relative_to(out).parts: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    expected = {tuple(recorded_path(n)[1:].split("/")): c for n, c in real_contents.items()}
    assert files == expected


def test_isoinfo_sees_the_volume_that_annex_f_wants(real_image: Path, peer: Peer) -> None:
    seen = run(peer("isoinfo"), "-d", "-i", str(real_image)).decode().splitlines()
    assert "System id: " in seen
    assert "Volume id: JACKET_1" in seen
    assert "Logical block size is: 2048" in seen
    assert f"Volume size is: {real_image.stat().st_size // 2048}" in seen
    assert "NO Joliet present" in seen
    assert "NO Rock Ridge present" in seen
    assert real_image.read_bytes()[32768 + 8 : 32768 + 40] == b" " * 32


def test_isoinfo_shows_the_sources_date_and_its_offset(real_image: Path, peer: Peer) -> None:
    listing = run(peer("isoinfo"), "-l", "-i", str(real_image)).decode().splitlines()
    assert "Dec 31 2021" in next(line for line in listing if "README.TXT" in line)
    image = real_image.read_bytes()
    at = image.index(b"README.TXT;1") - 33 + 18
    assert image[at : at + 7] == bytes((121, 12, 31, 23, 30, 1, 256 - 20))


# What our own reader and checker say


def test_our_checker_finds_nothing_to_complain_of(real_image: Path) -> None:
    with open_medium(real_image) as medium:
        assert medium.findings() == []


def test_content_lies_in_the_order_asked_for(
    real_image: Path, real_sources: list[NamedSource]
) -> None:
    with open_medium(real_image) as medium:
        order = [entry.name for entry in medium.entries() if entry.size]
    assert order == [source.name for source in real_sources if source.size]


def test_ends_in_300_kib_of_zeros_for_the_drives_read_ahead(real_image: Path) -> None:
    with open_medium(real_image) as medium:
        end = max(entry.offset + entry.size for entry in medium.entries())
    image = real_image.read_bytes()
    assert len(image) % 2048 == 0
    assert len(image) - end >= 150 * 2048
    assert not any(image[end:])


def test_folders_of_many_sectors_and_eight_levels_are_right(tmp_path: Path) -> None:
    deep = NamedSource(tuple("ABCDEFGH"), (b"deep",), RECORDED)
    odd = [one(name, b"x") for name in ("N1.1", "N1", "N1.A", "N", "N_1.X1", "N_1.X")]
    many = [NamedSource((f"D{i}", f"E{i}", "F"), (b"x",), RECORDED) for i in range(300)]
    write([*many, deep, *odd], tmp_path / "t.iso")
    with open_medium(tmp_path / "t.iso") as medium:
        assert medium.findings() == []
        found = medium.find(tuple("ABCDEFGH"))
        assert found is not None
        with medium.open(found) as file:
            assert file.pread(file.size, 0) == b"deep"


def test_parts_are_joined(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(9_000_000))  # more than two batches
    parts = (b"head", FileRange(str(big), 5, 8_999_000), b"", b"tail", FileRange(str(big), 0, 7))
    write([one("A", *parts)], tmp_path / "t.iso")
    with open_medium(tmp_path / "t.iso") as medium:
        entry = next(medium.entries())
        content = medium.open(entry).pread(entry.size, 0)
    data = big.read_bytes()
    assert content == b"head" + data[5:8_999_005] + b"tail" + data[:7]


@pytest.mark.parametrize("missing", [("copy_file_range",), ("copy_file_range", "sendfile")])
def test_copies_where_the_kernel_does_not_help(
    real_image: Path,
    real_sources: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: tuple[str, ...],
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    for name in missing:
        monkeypatch.setattr(os, name, refuse)
    write(real_sources, tmp_path / "t.iso", volume_identifier="JACKET_1")
    assert (tmp_path / "t.iso").read_bytes() == real_image.read_bytes()


def test_the_same_sources_and_clock_give_the_same_bytes(
    real_image: Path,
    real_sources: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        write(real_sources, tmp_path / "t.iso", volume_identifier="JACKET_1")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (tmp_path / "t.iso").read_bytes() == real_image.read_bytes()


@pytest.mark.parametrize(
    ("modified", "field"),
    [
        (datetime(1850, 1, 2, tzinfo=UTC), (0, 1, 2, 0, 0, 0, 0)),
        (datetime(2200, 1, 2, tzinfo=UTC), (255, 1, 2, 0, 0, 0, 0)),
        (  # no whole quarters of an hour: told in UTC
            datetime(2000, 1, 2, 3, 4, tzinfo=timezone(timedelta(minutes=1))),
            (100, 1, 2, 3, 3, 0, 0),
        ),
        (
            datetime(2000, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=13))),
            (100, 1, 2, 3, 4, 0, 52),
        ),
    ],
)
def test_every_date_fits_its_field(
    tmp_path: Path, modified: datetime, field: tuple[int, ...]
) -> None:
    write([one("A", b"x", modified=modified)], tmp_path / "t.iso")
    image = (tmp_path / "t.iso").read_bytes()
    at = image.index(b"A.;1") - 33 + 18
    assert tuple(image[at : at + 7]) == field
    with open_medium(tmp_path / "t.iso") as medium:
        assert medium.findings() == []


# Digests


def test_digests_are_those_of_what_stands_on_the_medium(
    real_sources: list[NamedSource], real_contents: Contents, tmp_path: Path
) -> None:
    def compose(digests: Mapping[tuple[str, ...], str]) -> bytes:
        assert set(digests) == set(real_contents)
        return "".join(f"{d}  {'/'.join(n)}\n" for n, d in digests.items()).encode().ljust(9000)

    listing = DigestList(("MANIFEST.TXT",), 9000, compose, RECORDED)
    target = tmp_path / "t.iso"
    written = write_iso9660(
        real_sources, target, volume_identifier="T", recorded=RECORDED, digest_list=listing
    )
    assert written.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert written.size == target.stat().st_size
    with open_medium(target) as medium:
        assert medium.findings() == []
        entries = list(medium.entries())
        read = {e.name: medium.open(e).pread(e.size, 0) for e in entries}
    assert entries[-1].name == ("MANIFEST.TXT",)
    assert {n: hashlib.sha256(c).hexdigest() for n, c in read.items()} == dict(written.digests)
    (tmp_path / "out").mkdir()
    for name, content in read.items():
        (tmp_path / "out").joinpath(*name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out").joinpath(*name).write_bytes(content)
    manifest = tmp_path / "sums"
    manifest.write_bytes(read["MANIFEST.TXT",].rstrip(b" "))
    subprocess.run(["sha256sum", "-c", "--quiet", str(manifest)], check=True, cwd=tmp_path / "out")


def test_a_list_of_another_size_than_planned_is_refused(tmp_path: Path) -> None:
    listing = DigestList(("M.TXT",), 10, lambda _: b"too long for it", RECORDED)
    with pytest.raises(CannotWrite, match="15 bytes where 10 were planned"):
        write([one("A", b"x")], tmp_path / "t.iso", digest_list=listing)
    assert listed(tmp_path) == []


# What goes wrong leaves the target as it was


@pytest.fixture
def big_source(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "big"
    path.parent.mkdir()
    path.write_bytes(bytes(13_000_000))
    return path


def whole(path: Path) -> FileRange:
    return FileRange(str(path), 0, path.stat().st_size)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def shrink(path: Path) -> None:
    os.truncate(path, 5_000_000)


def rewrite(path: Path) -> None:
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_source_that_changes_while_it_is_read_is_an_error(
    big_source: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    target = tmp_path / "out" / "t.iso"
    target.parent.mkdir()
    target.write_bytes(b"what was there")
    calls = []

    def progress(stage: str, done: int, total: int) -> None:
        if done > 1_000_000 and not calls:  # in the midst of its content
            change(big_source)
            calls.append(done)

    with pytest.raises(CannotRead, match="changed while it was being read") as caught:
        write([one("A", whole(big_source))], target, progress=progress)
    assert caught.value.where == str(big_source)
    assert target.read_bytes() == b"what was there"
    assert listed(target.parent) == ["t.iso"]


@pytest.mark.parametrize("planned", [12_999_999, 13_000_001])
def test_a_source_of_another_size_than_planned_is_an_error(
    big_source: Path, tmp_path: Path, planned: int
) -> None:
    source = one("A", FileRange(str(big_source), 0, planned))
    with pytest.raises(CannotRead, match="changed while it was being read"):
        write([source], tmp_path / "t.iso")


def test_a_run_inside_a_larger_file_is_no_change_unless_its_size_was_planned(
    big_source: Path, tmp_path: Path
) -> None:
    inside = FileRange(str(big_source), 100, 200)
    write([one("A", inside)], tmp_path / "t.iso")
    write([one("A", inside._replace(file_size=13_000_000))], tmp_path / "t.iso")
    with pytest.raises(CannotRead, match="changed while it was being read"):
        write([one("A", inside._replace(file_size=12_000_000))], tmp_path / "t.iso")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_source_that_is_no_file_is_an_error_and_not_a_wait(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind == "folder":
        source.mkdir()
    elif kind == "pipe":
        os.mkfifo(source)
    with pytest.raises(CannotRead):
        write([one("A", FileRange(str(source), 0, 5))], tmp_path / "t.iso")
    assert not list(tmp_path.glob(".*"))


def test_an_interruption_leaves_nothing_behind(big_source: Path, tmp_path: Path) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = listed(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        write([one("A", whole(big_source))], tmp_path / "t.iso", progress=progress)
    assert listed(tmp_path) == before


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f".t.iso.partial-{os.getpid()}").write_bytes(b"left")
    write([one("A", b"x")], tmp_path / "t.iso")
    assert listed(tmp_path) == ["t.iso"]


def test_refuses_early_when_there_is_not_enough_room(tmp_path: Path) -> None:
    far_too_big = FileRange(str(tmp_path / "never opened"), 0, 4_000_000_000)
    sources = [NamedSource((f"A{i}",), (far_too_big,), RECORDED) for i in range(1000)]
    with pytest.raises(CannotWrite, match="are free"):
        write(sources, tmp_path / "t.iso")


@pytest.mark.parametrize("call", ["copy_file_range", "write"])
def test_a_full_disk_is_told_as_such(
    big_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(CannotWrite, match="no space left"):
        write([one("A", whole(big_source))], tmp_path / "t.iso")
    assert listed(tmp_path) == ["in"]


def test_refuses_targets_that_are_not_files(tmp_path: Path) -> None:
    for target in (tmp_path, Path("/dev/null"), tmp_path / "missing" / "t.iso"):
        with pytest.raises(CannotWrite):
            write([one("A", b"x")], target)
    assert listed(tmp_path) == []


def test_refuses_files_of_four_gib(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="4 GiB"):
        write([one("A", FileRange("never opened", 0, 2**32))], tmp_path / "t.iso")


@pytest.mark.parametrize("name", [("a",), ("A.TEXT",), ("..", "A"), ("A", ""), ("A" * 9,)])
def test_refuses_names_before_anything_is_written(tmp_path: Path, name: tuple[str, ...]) -> None:
    with pytest.raises(NameDoesNotFit):
        write([NamedSource(name, (b"x",), RECORDED)], tmp_path / "t.iso")
    assert listed(tmp_path) == []


def test_a_volume_without_files_is_a_volume(tmp_path: Path) -> None:
    write([], tmp_path / "t.iso")
    with open_medium(tmp_path / "t.iso") as medium:
        assert list(medium.entries()) == []
        assert medium.findings() == []


def test_importing_the_room_loads_no_image_library() -> None:
    root = str(Path(__file__).resolve().parents[2])
    code = f"""
import sys
sys.path.insert(0, {root!r})
import media
before = len([name for name in sys.modules if name.startswith("media.")])
assert before == 0, "nothing is loaded that nobody asked for"
for name in media.__all__:
    getattr(media, name)
print(*sys.modules)
"""
    loaded = set(run(sys.executable, "-c", code).decode().split())
    assert {"media.iso9660.write", "media.zip.write", "media.udf.layout"} <= loaded
    assert not loaded & {"pycdlib", "pydicom", "numpy", "cryptography"}


def test_twenty_thousand_files_fit_in_little_memory(tmp_path: Path) -> None:
    code = f"""
import sys
from datetime import datetime, timezone
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from media import DigestList, NamedSource, write_iso9660
now = datetime.now(timezone.utc)
sources = [NamedSource((f"P{{i // 500}}", f"I{{i:07d}}"), (b"x",), now) for i in range(20000)]
listing = DigestList(("M.TXT",), 10, lambda d: b"0123456789", now)
write_iso9660(sources, Path({str(tmp_path / "t.iso")!r}), volume_identifier="T", recorded=now,
              digest_list=listing)
print(next(line for line in Path("/proc/self/status").open() if "VmHWM" in line).split()[1])
"""
    assert int(run(sys.executable, "-c", code)) < 120_000  # KiB
