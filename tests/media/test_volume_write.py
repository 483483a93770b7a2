"""Any volume into a file: sparse sources, many files, digests of what stands in the image."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest

from media import (
    DigestList,
    FileRange,
    NamedSource,
    VolumePlan,
    lay_out_udf,
    open_medium,
    planned_files,
    write_volume,
)
from media.copying import Copier
from media.iso9660.layout import lay_out_iso9660
from media.passing_digest import IN_USE, PassingDigests
from media.pieces import cut
from media.read_ahead import read_ahead
from media.volume_plan import Span
from reporting import CannotRead, CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MIB = 1 << 20
GB = 10**9
LIST = DigestList(("MANIFEST.TXT",), 1, lambda _: b"x", RECORDED)

WAYS: dict[str, Callable[..., VolumePlan]] = {
    "udf": lambda files, **more: lay_out_udf(files, revision="2.01", **more),
    "iso level 3": lambda files, **more: lay_out_iso9660(files, level=3, **more),
}


def source_of(path: Path, name: str = "A") -> NamedSource:
    return NamedSource((name,), (FileRange(str(path), 0, path.stat().st_size),), RECORDED)


def plan_of(
    sources: list[NamedSource], digest_list: DigestList | None = None, way: str = "udf"
) -> VolumePlan:
    return WAYS[way](planned_files(sources, digest_list), label="T", recorded=RECORDED)


def sparse_file(path: Path, size: int, *places: int) -> Path:
    """Make a file with 4 KiB of content at *places* and holes elsewhere."""
    with path.open("wb") as file:
        file.truncate(size)
        for place in places:
            file.seek(place)
            file.write(place.to_bytes(8, "big") * 512)
    return path


def taken(path: Path) -> int:
    return path.stat().st_blocks * 512  # bytes


# Holes


@pytest.mark.parametrize("way", WAYS)
def test_50_gb_of_holes_are_not_copied_and_take_no_room(tmp_path: Path, way: str) -> None:
    places = (0, 5 * GB // 4096 * 4096, 50 * GB - 4096)
    source = source_of(sparse_file(tmp_path / "sparse", 50 * GB, *places))
    image = tmp_path / "t.img"
    written = write_volume(plan_of([source], way=way), [source], image, image_digest=False)
    assert written.size == image.stat().st_size > 50 * GB
    assert taken(image) < 2 * MIB
    with open_medium(image) as medium:
        (entry,) = medium.entries()
        assert entry.size == 50 * GB
        with medium.open(entry) as file:
            for place in places:
                assert file.pread(4096, place) == place.to_bytes(8, "big") * 512
            assert file.pread(4096, 20 * GB) == bytes(4096)


def test_digests_are_those_of_what_stands_there_holes_and_all(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "sparse", 9 * MIB + 3, 4096, 3 * MIB, 5 * MIB + 4096)
    part = FileRange(str(path), 5000, 6 * MIB, 9 * MIB + 3)
    sources = [source_of(path), NamedSource(("B",), (b"before", part, b"behind"), RECORDED)]
    image = tmp_path / "t.img"
    written = write_volume(plan_of(sources, LIST), sources, image, digest_list=LIST)
    data = path.read_bytes()
    of_part = b"before" + data[5000 : 5000 + 6 * MIB] + b"behind"
    assert written.digests["A",] == sha256(data).hexdigest()
    assert written.digests["B",] == sha256(of_part).hexdigest()
    assert written.sha256 == sha256(image.read_bytes()).hexdigest()
    with open_medium(image) as medium:
        found = {entry.name: medium.open(entry).pread(entry.size, 0) for entry in medium.entries()}
    assert (found["A",], found["B",]) == (data, of_part)
    assert taken(image) < 4 * MIB


def test_holes_are_written_where_the_target_is_not_known_to_be_empty(tmp_path: Path) -> None:
    source = source_of(sparse_file(tmp_path / "sparse", 8192, 4096))
    target = tmp_path / "old"
    target.write_bytes(b"old" * 5000)
    with target.open("r+b") as file:
        Copier(file.fileno(), "old").copy(source, 100, lambda _: None)
    assert target.read_bytes()[100:8292] == (tmp_path / "sparse").read_bytes()


def test_holes_need_no_free_space_and_content_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = SimpleNamespace(f_bavail=3 * MIB // 512, f_frsize=512)
    monkeypatch.setattr(os, "statvfs", lambda _: status)
    sparse = source_of(sparse_file(tmp_path / "sparse", 100 * MIB, 0))
    write_volume(plan_of([sparse]), [sparse], tmp_path / "t.img")
    full = tmp_path / "full"
    full.write_bytes(bytes(4 * MIB))
    with pytest.raises(CannotWrite, match="are free"):
        write_volume(plan_of([source_of(full)]), [source_of(full)], tmp_path / "u.img")


def test_a_file_system_that_lies_about_holes_is_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sparse_file(tmp_path / "sparse", 2 * MIB, 4096, MIB)
    real = os.lseek

    def lie(descriptor: int, offset: int, whence: int) -> int:
        if whence == os.SEEK_DATA:
            return offset
        return offset if whence == os.SEEK_HOLE else real(descriptor, offset, whence)

    def refuse(descriptor: int, offset: int, whence: int) -> int:
        if whence in (os.SEEK_DATA, os.SEEK_HOLE):
            raise OSError(22, "Invalid argument")
        return real(descriptor, offset, whence)

    source = source_of(path)
    for number, seek in enumerate((lie, refuse)):
        with monkeypatch.context() as patch:
            patch.setattr(os, "lseek", seek)
            write_volume(plan_of([source]), [source], tmp_path / f"{number}.img")
        with open_medium(tmp_path / f"{number}.img") as medium:
            (entry,) = medium.entries()
            assert medium.open(entry).pread(2 * MIB, 0) == path.read_bytes()


def test_a_sparse_source_that_is_cut_short_is_told(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "sparse", 40 * MIB, 0, 8 * MIB, 39 * MIB)
    source = source_of(path)

    def cut_short(_: str, position: int, __: int) -> None:
        if position > 8 * MIB:
            os.truncate(path, 9 * MIB)

    with pytest.raises(CannotRead, match="changed while it was being read"):
        write_volume(plan_of([source]), [source], tmp_path / "t.img", progress=cut_short)
    assert not (tmp_path / "t.img").exists()


# Sources that change


@pytest.mark.parametrize("size", [1000, 5 * MIB], ids=["copied at once", "in pieces"])
def test_a_file_that_took_the_place_of_the_planned_one_is_told(tmp_path: Path, size: int) -> None:
    path, other = tmp_path / "a", tmp_path / "other"
    path.write_bytes(bytes(size))
    other.write_bytes(b"x" * size)
    planned = path.stat()
    stamp = planned.st_mtime_ns, planned.st_ino
    source = NamedSource(("A",), (FileRange(str(path), 0, size, stamp=stamp),), RECORDED)
    plan = plan_of([source])
    write_volume(plan, [source], tmp_path / "t.img")
    other.replace(path)
    with pytest.raises(CannotRead, match="changed while it was being read"):
        write_volume(plan, [source], tmp_path / "again.img")
    assert not (tmp_path / "again.img").exists()


def test_a_small_file_that_is_written_to_while_it_is_copied_is_copied_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before" * 100)
    os.utime(path, ns=(1, 1))
    source, real = source_of(path), os.copy_file_range

    def disturbed(*arguments: int) -> int:
        copied = real(*arguments)
        if path.read_bytes()[:6] == b"before":
            path.write_bytes(b"after!" * 100)
        return copied

    monkeypatch.setattr(os, "copy_file_range", disturbed)
    plan = plan_of([source])
    write_volume(plan, [source], tmp_path / "t.img")
    image = (tmp_path / "t.img").read_bytes()
    assert image[plan.offsets[0] :][:600] == b"after!" * 100


# Digests


def test_the_digest_of_the_list_is_of_what_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def faulty(target: int, data: bytes | memoryview) -> int:
        return real(target, b"y" if bytes(data) == b"x" else data)

    monkeypatch.setattr(os, "write", faulty)
    source = NamedSource(("A",), (b"content",), RECORDED)
    plan = plan_of([source], LIST)
    written = write_volume(plan, [source], tmp_path / "t.img", digest_list=LIST)
    assert written.digests[LIST.name] == sha256(b"y").hexdigest()


def test_digests_are_read_back_from_the_image_not_from_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(MIB) * 9
    (tmp_path / "a").write_bytes(content)
    source = source_of(tmp_path / "a")
    real = os.copy_file_range

    def faulty(source: int, target: int, count: int, offset: int, position: int) -> int:
        copied = real(source, target, count, offset, position)
        os.pwrite(target, b"spoilt", position + 1000)
        return copied

    monkeypatch.setattr(os, "copy_file_range", faulty)
    plan = plan_of([source], LIST)
    written = write_volume(plan, [source], tmp_path / "t.img", digest_list=LIST)
    image = (tmp_path / "t.img").read_bytes()
    there = image[plan.offsets[0] : plan.offsets[0] + len(content)]
    assert there != content
    assert written.digests["A",] == sha256(there).hexdigest()
    assert written.sha256 == sha256(image).hexdigest()


def test_pieces_in_any_buffers_are_hashed_before_these_are_used_again() -> None:
    """As many buffers as `IN_USE` says, and one more to fill."""
    content = os.urandom(64 * 4096)
    spans = [Span((str(n),), n * 5000, 5000) for n in range(50)]
    ring = [bytearray(4096) for _ in range(IN_USE + 1)]
    with PassingDigests(spans, image=True) as digests:
        for number, at in enumerate(range(0, len(content), 4096)):
            buffer = ring[number % len(ring)]
            buffer[:] = content[at : at + 4096]
            digests.feed(at, memoryview(buffer))
        assert digests.of_image(len(content)) == sha256(content).hexdigest()
        assert digests.of_files() == {
            span.name: sha256(content[span.start : span.start + 5000]).hexdigest() for span in spans
        }


def test_what_passes_twice_is_hashed_once_and_what_is_left_out_not_at_all() -> None:
    content = os.urandom(1000)
    spans = [Span(("A",), 0, 300), Span(("B",), 300, 0), Span(("C",), 350, 400)]
    spans.append(Span(("D",), 800, 100))
    with PassingDigests(spans, image=True) as digests:
        digests.feed(0, content[:500])
        digests.feed(200, content[200:500])
        digests.feed(600, content[600:])  # 100 bytes of C are missing
        digests.feed(500, content[500:])
        found = digests.of_files()
        assert digests.of_image(1000) == sha256(content).hexdigest()
    assert list(found) == [("A",), ("B",), ("D",)]
    assert found["D",] == sha256(content[800:900]).hexdigest()
    assert found["B",] == sha256().hexdigest()


# What streams are made of


@pytest.mark.parametrize("length", [1, 3, 7, 100])
def test_runs_are_cut_into_pieces_of_one_length(length: int) -> None:
    runs = [b"", b"abc", b"d", b"efghijk", b"", b"lmnopqrstuvwxyz", b"0123456"]
    pieces = list(cut(iter(runs), length))
    assert b"".join(pieces) == b"".join(runs)
    assert {len(piece) for piece in pieces[:-1]} <= {length}
    assert 0 < len(pieces[-1]) <= length


def test_what_is_read_ahead_comes_in_order_with_its_error_last() -> None:
    def items() -> Generator[int, None, None]:
        yield from range(100)
        raise CannotRead("ends", "here", "Look there")

    seen = []
    with pytest.raises(CannotRead, match="ends"):  # noqa: PT012 (what came before)
        for item in read_ahead(items(), 3):
            seen.append(item)
    assert seen == list(range(100))


# Many


PROGRAM = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from media import DigestList, FileRange, NamedSource, write_fat, write_zip
now = datetime(2026, 3, 4, tzinfo=UTC)
kind, path, target, count = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
sources = [
    NamedSource(("D", f"P{n // 1000:07}", f"I{n:07}"), (FileRange(path, 0, 700),), now)
    for n in range(count)
]
def compose(digests):
    lines = (f"{digest}  {'/'.join(name)}\\n" for name, digest in digests.items())
    return "".join(lines).encode().ljust(100 * count)
listed = DigestList(("MANIFEST.TXT",), 100 * count, compose, now)
if kind == "fat32":
    write_fat(sources, target, label="T", recorded=now, kind="fat32", digest_list=listed,
              size=64 << 30, image_digest=False)
elif kind == "zip":
    write_zip(sources, target, recorded=now, digest_list=listed)
else:
    write_fat(sources, target, label="T", recorded=now, kind="fat32")
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fat32", "zip"])
def test_100_000_files_take_less_than_250_mb(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(os.urandom(350) * 2)
    arguments = [kind, str(tmp_path / "a"), str(tmp_path / "t"), "100000"]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, check=True, capture_output=True)
    assert int(done.stdout) * 1024 < 250 * 10**6


def test_a_small_file_costs_five_system_calls(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    (tmp_path / "a").write_bytes(os.urandom(700))

    def calls(count: int) -> int:
        command = [strace, "-f", "-c", "-o", str(tmp_path / "calls"), sys.executable]
        arguments = ["plain", str(tmp_path / "a"), str(tmp_path / "t"), str(count)]
        subprocess.run([*command, "-c", PROGRAM, *arguments], check=True, capture_output=True)
        total = (tmp_path / "calls").read_text().splitlines()[-1].split()
        return int(total[3])

    # open, fstat, copy_file_range, fstat, close; and now and then a futex for the digest.
    assert (calls(3000) - calls(1000)) / 2000 < 5.5
