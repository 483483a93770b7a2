"""Plain folders: written aside and whole, read without leaving them."""

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from media import (
    DigestList,
    FileRange,
    NameDoesNotFit,
    NamedSource,
    open_medium,
    write_folder,
    write_zip,
)
from media.folder.read import RULES
from reporting import CannotRead, CannotWrite

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
Contents = Mapping[tuple[str, ...], bytes]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rules(folder: Path) -> set[str]:
    with open_medium(folder) as medium:
        return {finding.rule for finding in medium.findings()}


def test_a_drive_itself_is_not_replaced() -> None:
    with pytest.raises(CannotWrite, match="is a drive"):
        write_folder([NamedSource(("A",), (b"x",), NOW)], Path("/proc"))


@pytest.mark.parametrize("length", [250, 300])  # what is made aside has a longer name
def test_a_name_that_is_too_long_is_said_to_be(length: int, tmp_path: Path) -> None:
    source = NamedSource(("A",), (b"x",), NOW)
    for write in (write_folder, partial(write_zip, recorded=NOW)):
        with pytest.raises(CannotWrite, match=r"too long.*fewer characters"):
            write([source], tmp_path / ("n" * length))
    assert names(tmp_path) == []


def test_what_is_written_is_read_again(
    real_sources: list[NamedSource], real_contents: Contents, tmp_path: Path
) -> None:
    listing = DigestList(("MANIFEST.TXT",), 4, lambda digests: f"{len(digests):4}".encode(), NOW)
    written = write_folder(real_sources, tmp_path / "out", digest_list=listing)
    expected = {**real_contents, ("MANIFEST.TXT",): f"{len(real_contents):4}".encode()}
    with open_medium(tmp_path / "out") as medium:
        assert medium.findings() == []
        read = {e.name: medium.open(e).pread(e.size, 0) for e in medium.entries()}
    assert read == expected
    assert list(read) == sorted(read)
    assert {n: hashlib.sha256(c).hexdigest() for n, c in read.items()} == dict(written.digests)
    assert written.sha256 is None
    assert written.size == sum(map(len, expected.values()))
    first = tmp_path.joinpath("out", *real_sources[1].name)
    assert first.stat().st_mtime == real_sources[1].modified.timestamp()
    assert names(tmp_path) == ["out"]


def test_an_empty_folder_may_be_in_its_place_and_nothing_else(tmp_path: Path) -> None:
    source = NamedSource(("A",), (b"x",), NOW)
    (tmp_path / "empty").mkdir()
    write_folder([source], tmp_path / "empty")
    assert names(tmp_path / "empty") == ["A"]
    (tmp_path / "file").write_bytes(b"y")
    (tmp_path / "link").symlink_to(tmp_path)
    for occupied in ("empty", "file", "link"):
        with pytest.raises(CannotWrite):
            write_folder([source], tmp_path / occupied)
    assert (tmp_path / "file").read_bytes() == b"y"
    assert names(tmp_path) == ["empty", "file", "link"]


@pytest.mark.parametrize("change", [lambda p: os.truncate(p, 6_000_000), lambda p: os.utime(p)])
def test_a_source_that_changes_leaves_nothing_behind(tmp_path: Path, change: object) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(9_000_000))
    os.utime(big, (1, 1))

    def progress(stage: str, done: int, total: int) -> None:
        if done < 9_000_000:
            change(big)  # type: ignore[operator]

    source = NamedSource(("A",), (FileRange(str(big), 0, 9_000_000),), NOW)
    with pytest.raises(CannotRead, match="changed"):
        write_folder([source], tmp_path / "out", progress=progress)
    assert names(tmp_path) == ["big"]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    listing = DigestList(("M",), 1, lambda _: b"x", NOW)
    with pytest.raises(KeyboardInterrupt):
        write_folder(
            [NamedSource(("A",), (b"x",), NOW)],
            tmp_path / "out",
            progress=progress,
            digest_list=listing,
        )
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "name", [(), ("..", "A"), ("A/B",), ("/etc",), ("A", ""), (".",), ("A\0",), ("C:", "A")]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: tuple[str, ...]) -> None:
    with pytest.raises(NameDoesNotFit):
        write_folder([NamedSource(name, (b"x",), NOW)], tmp_path / "out")
    assert names(tmp_path) == []


def test_names_that_differ_in_case_alone_are_one_on_a_stick(tmp_path: Path) -> None:
    sources = [NamedSource((name,), (b"x",), NOW) for name in ("readme.txt", "README.TXT")]
    with pytest.raises(NameDoesNotFit, match="twice"):
        write_folder(sources, tmp_path / "out")


def test_a_name_that_is_a_file_and_a_folder_is_an_error(tmp_path: Path) -> None:
    sources = [NamedSource(name, (b"x",), NOW) for name in (("A",), ("A", "B"))]
    with pytest.raises(CannotWrite):
        write_folder(sources, tmp_path / "out")
    assert names(tmp_path) == []


# Reading


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    medium_folder = tmp_path / "medium"
    medium_folder.mkdir()
    (medium_folder / "OUT").symlink_to("../secret")
    (medium_folder / "NOWHERE").symlink_to("missing")
    (medium_folder / "SELF").symlink_to("SELF")
    with open_medium(medium_folder) as medium:
        assert list(medium.entries()) == []
        found = sorted((f.rule, f.where) for f in medium.findings())
    assert found == [("MED-LINK-LEAVES", name) for name in ("NOWHERE", "OUT", "SELF")]


def test_links_inside_are_files_and_never_loops(tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"content")
    (tmp_path / "B").symlink_to("A")
    (tmp_path / "D").mkdir()
    (tmp_path / "D" / "UP").symlink_to("..")
    with open_medium(tmp_path) as medium:
        entries = {e.name: medium.open(e).pread(e.size, 0) for e in medium.entries()}
        assert [(f.rule, f.where) for f in medium.findings()] == [("MED-LINK-FOLDER", "D/UP")]
    assert entries == {("A",): b"content", ("B",): b"content"}


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "PIPE")
    (tmp_path / "LINK").symlink_to("PIPE")
    with open_medium(tmp_path) as medium:
        assert list(medium.entries()) == []
        assert sorted((f.rule, f.where) for f in medium.findings()) == [
            ("MED-SPECIAL", "LINK"),
            ("MED-SPECIAL", "PIPE"),
        ]


def test_what_cannot_be_opened_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "A").write_bytes(b"x")
    (tmp_path / "D").mkdir()
    scandir, access = os.scandir, os.access

    def refuse(path: str) -> object:
        if path.endswith("/D"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    # As root, who runs containers, nothing is forbidden by the mode of a file.
    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "access", lambda p, m: not p.endswith("/A") and access(p, m))
    with open_medium(tmp_path) as medium:
        assert list(medium.entries()) == []
        found = sorted((f.rule, f.where) for f in medium.findings())
    assert found == [("MED-UNREADABLE", "A"), ("MED-UNREADABLE", "D")]


def test_folders_nested_without_end_are_left(tmp_path: Path) -> None:
    (tmp_path / "/".join("D" * 80)).mkdir(parents=True)
    assert rules(tmp_path) == {"MED-TOO-MANY"}


def test_names_lose_what_other_systems_added_to_them(tmp_path: Path) -> None:
    for name in ("dicomdir.;1", "readme.txt;1", "plain"):
        (tmp_path / name).write_bytes(b"x")
    with open_medium(tmp_path) as medium:
        entries = {e.name: e.recorded for e in medium.entries()}
    assert entries == {
        ("dicomdir",): "dicomdir.;1",
        ("readme.txt",): "readme.txt;1",
        ("plain",): "plain",
    }


def test_names_that_are_no_text_do_not_stop_the_reading(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff\x1b[2J", "wb") as file:  # noqa: PTH123 (bytes)
        file.write(b"x")
    os.mkfifo(os.fsencode(tmp_path) + b"/\xfe\x1b[2J")
    with open_medium(tmp_path) as medium:
        (entry,) = medium.entries()
        assert medium.open(entry).pread(1, 0) == b"x"
        (finding,) = medium.findings()
    assert finding.where.isprintable()


def test_rules_of_folders_say_what_an_operator_needs() -> None:
    assert all(r.id.startswith("MED-") and r.meaning and r.remedy and r.reference for r in RULES)
