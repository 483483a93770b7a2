"""ZIP archives that we make: others read them, and they are the same every time."""

import hashlib
import os
import time
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from media_contents import Contents, Peer, run

from media import DigestList, NameDoesNotFit, NamedSource, open_medium, write_zip
from media.source import FileRange
from media.zip import encode as zip_encode
from reporting import CannotRead, CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))


def digest_list(sources: list[NamedSource]) -> DigestList:
    def compose(digests: Mapping[tuple[str, ...], str]) -> bytes:
        return "".join(f"{d}  {'/'.join(n)}\n" for n, d in digests.items()).encode()

    size = len(compose({source.name: "0" * 64 for source in sources}))
    return DigestList(("MANIFEST.TXT",), size, compose, RECORDED)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]) -> Path:
    target = tmp_path_factory.mktemp("zip") / "t.zip"
    write_zip(real_sources, target, recorded=RECORDED)
    return target


def test_python_reads_every_byte(archive: Path, real_contents: Contents) -> None:
    with zipfile.ZipFile(archive) as theirs:
        assert theirs.testzip() is None
        assert {tuple(n.split("/")): theirs.read(n) for n in theirs.namelist()} == real_contents
        infos = theirs.infolist()
    assert [tuple(i.filename.split("/")) for i in infos] == list(real_contents)  # in this order
    assert {i.date_time for i in infos} == {(2026, 3, 4, 5, 6, 6)}
    assert {i.external_attr for i in infos} == {0o100644 << 16}
    assert {(i.flag_bits, i.extra, i.comment) for i in infos} == {(0, b"", b"")}
    assert {i.compress_type for i in infos} == {0, 8}


def test_unzip_and_7z_find_nothing_wrong(
    archive: Path, real_contents: Contents, peer: Peer, tmp_path: Path
) -> None:
    assert "No errors detected" in run(peer("unzip"), "-t", str(archive))
    assert "Everything is Ok" in run(peer("7z"), "t", str(archive))
    run(peer("7z"), "x", f"-o{tmp_path}", str(archive))
    files = {p.relative_to(tmp_path).parts: p for p in tmp_path.rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in files.items()} == real_contents


def test_we_read_what_we_wrote_and_find_nothing(archive: Path, real_contents: Contents) -> None:
    with open_medium(archive) as medium:
        assert (medium.kind, medium.label) == ("zip", "")
        entries = list(medium.entries())
        assert {e.name: medium.open(e).pread(e.size, 0) for e in entries} == real_contents
        assert [e.offset for e in entries] == sorted(e.offset for e in entries)
        assert medium.findings() == []


def test_the_same_sources_and_clock_give_the_same_bytes(
    archive: Path, real_sources: list[NamedSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    write_zip(real_sources, tmp_path / "t.zip", recorded=RECORDED)
    monkeypatch.undo()
    time.tzset()
    assert (tmp_path / "t.zip").read_bytes() == archive.read_bytes()


def test_digests_are_of_what_is_in_the_archive(
    real_sources: list[NamedSource], real_contents: Contents, tmp_path: Path
) -> None:
    target = tmp_path / "t.zip"
    seen: list[tuple[int, int]] = []
    written = write_zip(
        real_sources,
        target,
        recorded=RECORDED,
        digest_list=digest_list(real_sources),
        progress=lambda _, done, total: seen.append((done, total)),
    )
    assert written.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert written.size == target.stat().st_size
    with zipfile.ZipFile(target) as theirs:
        listed = theirs.read("MANIFEST.TXT")
        assert theirs.namelist()[-1] == "MANIFEST.TXT"
    expected = {n: hashlib.sha256(c).hexdigest() for n, c in real_contents.items()}
    expected["MANIFEST.TXT",] = hashlib.sha256(listed).hexdigest()
    assert written.digests == expected
    assert listed.decode().count("\n") == len(real_sources)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_what_does_not_shrink_is_stored_and_what_does_is_packed(tmp_path: Path) -> None:
    noise, zeros = os.urandom(300_000), bytes(3_000_000)
    contents = {"NOISE": noise, "ZEROS": zeros, "BOTH": zeros + noise, "NONE": b""}
    sources = [NamedSource((n,), (c,), RECORDED) for n, c in contents.items()]
    write_zip(sources, tmp_path / "t.zip", recorded=RECORDED)
    with zipfile.ZipFile(tmp_path / "t.zip") as theirs:
        methods = {i.filename: i.compress_type for i in theirs.infolist()}
        assert {name: theirs.read(name) for name in contents} == contents
    assert methods == {"NOISE": 0, "ZEROS": 8, "BOTH": 8, "NONE": 0}
    with open_medium(tmp_path / "t.zip") as medium:
        assert medium.findings() == []  # what stands in front of a file of many blocks is right
    assert (tmp_path / "t.zip").stat().st_size < 620_000


def test_blocks_know_what_came_before_them(tmp_path: Path) -> None:
    """One megabyte is packed at a time, and the next one still finds the repetition."""
    noise = os.urandom(30_000)
    source = NamedSource(("I1",), (noise * 100,), RECORDED)
    write_zip([source], tmp_path / "t.zip", recorded=RECORDED)
    assert (tmp_path / "t.zip").stat().st_size < 60_000


@pytest.mark.parametrize(
    "name", [("lower",), ("NINE_CHAR",), ("A", "B.TXTX"), ("A",) * 9, ("..", "A"), ("A/B",)]
)
def test_names_that_are_none_are_refused(name: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(NameDoesNotFit):
        write_zip([NamedSource(name, (b"x",), RECORDED)], tmp_path / "t.zip", recorded=RECORDED)
    assert list(tmp_path.iterdir()) == []


def test_more_than_fits_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    sources = [NamedSource((f"I{n}",), (os.urandom(1000),), RECORDED) for n in range(20)]
    target = tmp_path / "t.zip"
    target.write_bytes(b"before")
    with pytest.raises(CannotWrite, match="where the medium has 10,000"):
        write_zip(sources, target, recorded=RECORDED, capacity=10_000)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("t.zip", b"before")]
    write_zip(sources, target, recorded=RECORDED, capacity=30_000)


def test_a_source_that_changes_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"x" * 1000)
    folder = tmp_path / "out"
    folder.mkdir()
    for length in (999, 1001):
        source = NamedSource(("I1",), (FileRange(str(path), 0, length),), RECORDED)
        with pytest.raises(CannotRead, match="changed"):
            write_zip([source], folder / "t.zip", recorded=RECORDED)
    assert list(folder.iterdir()) == []


def test_a_list_of_another_size_is_refused(tmp_path: Path) -> None:
    wrong = DigestList(("LIST",), 5, lambda _: b"four", RECORDED)
    with pytest.raises(CannotWrite, match="4 bytes where 5 were planned"):
        write_zip([], tmp_path / "t.zip", recorded=RECORDED, digest_list=wrong)
    assert list(tmp_path.iterdir()) == []


def test_zip64_is_used_where_it_is_needed_and_only_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer
) -> None:
    # As if four bytes held no more than 0x30000: the numbers behind it stay true.
    monkeypatch.setattr(zip_encode, "needs_zip64", lambda size: size > 100)
    monkeypatch.setattr("media.zip.write.needs_zip64", lambda size: size > 100)
    contents = {"LARGE": os.urandom(200_000), "SMALL": b"x" * 100}
    sources = [NamedSource((n,), (c,), RECORDED) for n, c in contents.items()]
    target = tmp_path / "t.zip"
    write_zip(sources, target, recorded=RECORDED)
    data = target.read_bytes()
    assert data[:6] == b"PK\x03\x04\x2d\x00"
    assert data[18:26] == b"\xff" * 8
    assert "No errors detected" in run(peer("unzip"), "-t", str(target))
    assert "Everything is Ok" in run(peer("7z"), "t", str(target))
    with open_medium(target) as medium:
        assert medium.findings() == []
        read = {e.name[0]: medium.open(e).pread(e.size, 0) for e in medium.entries()}
    assert read == contents


def test_more_files_than_the_plain_records_count(tmp_path: Path, peer: Peer) -> None:
    sources = [NamedSource((f"F{n // 1000}", f"I{n}"), (b"",), RECORDED) for n in range(65_536)]
    target = tmp_path / "t.zip"
    write_zip(sources, target, recorded=RECORDED)
    assert "65536" in run(peer("unzip"), "-Z", "-h", str(target))
    with open_medium(target) as medium:
        assert sum(1 for _ in medium.entries()) == 65_536


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_clock_that_is_far_off_makes_no_bad_date(tmp_path: Path, year: int) -> None:
    when = datetime(year, 1, 2, tzinfo=UTC)
    write_zip([NamedSource(("A",), (b"x",), when)], tmp_path / "t.zip", recorded=when)
    with zipfile.ZipFile(tmp_path / "t.zip") as theirs:
        assert theirs.infolist()[0].date_time[0] in (1980, 2107)
