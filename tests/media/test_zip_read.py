"""ZIP archives that others made, and everything that can be wrong with one."""

import bz2
import os
import random
import struct
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from media_contents import Contents, Peer, read_all

from media import (
    FileReader,
    NamedSource,
    open_medium,
    spool,
    write_iso9660,
    write_zip,
)
from media.zip import archive as zip_archive
from media.zip.records import extra_fields
from media.zip.rules import RULES
from reporting import CannotRead

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PICTURE = b"picture" * 2000


class OneWay(BytesIO):
    """As a pipe is: what writes there cannot go back, and notes sizes behind the files."""

    def tell(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("tool", "options", "rules"),
    [
        ("zip", ["-qr"], set()),
        ("zip", ["-qr0"], set()),
        ("zip", ["-qr", "-Z", "bzip2"], {"ZIP-METHOD-RARE"}),
        ("zip", ["-qr", "-fz"], set()),
        ("7z", ["a", "-bd", "-tzip"], set()),
        ("7z", ["a", "-bd", "-tzip", "-mm=LZMA"], {"ZIP-METHOD-RARE"}),
        ("7z", ["a", "-bd", "-tzip", "-mm=BZip2"], {"ZIP-METHOD-RARE"}),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_reads_what_others_wrote(
    tree: Path,
    real_contents: Contents,
    peer: Peer,
    tool: str,
    options: list[str],
    rules: set[str],
) -> None:
    target = tree.parent / "t.zip"
    command = [peer(tool), *options, str(target), "."]
    subprocess.run(command, check=True, capture_output=True, cwd=tree)
    with open_medium(target) as medium:
        assert medium.kind == "zip"
        assert read_all(medium) == real_contents
        assert {f.rule for f in medium.findings()} == rules


def test_reads_what_was_written_without_going_back(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    """Sizes stand behind the files then; and without a directory they are the only ones."""
    target = tree.parent / "t.zip"
    out = subprocess.run([peer("zip"), "-qr", "-", "."], cwd=tree, capture_output=True, check=True)
    target.write_bytes(out.stdout)
    with open_medium(target) as medium:
        assert read_all(medium) == real_contents
        assert medium.findings() == []
    target.write_bytes(out.stdout[: out.stdout.index(b"PK\x01\x02")])
    with open_medium(target) as medium:
        assert read_all(medium) == real_contents
        assert {f.rule for f in medium.findings()} == {"ZIP-DIRECTORY-GONE"}


@pytest.mark.parametrize("force", [True, False])
def test_reads_zip64(tmp_path: Path, force: bool) -> None:
    with (
        zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("I1", "w", force_zip64=force) as file,
    ):
        file.write(PICTURE)
    with open_medium(tmp_path / "t.zip") as medium:
        assert read_all(medium) == {("I1",): PICTURE}
        assert medium.findings() == []


def test_what_is_packed_is_read_at_any_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY", 300_000)
    rng = random.Random(5)  # noqa: S311 (repeatable, no secret)
    data = b"".join(bytes([n % 256]) * 100 + rng.randbytes(50) for n in range(20_000))
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("I1", data)
    with open_medium(tmp_path / "t.zip") as medium:
        entry = medium.find(("I1",))
        assert entry is not None
        with medium.open(entry) as file:
            for _ in range(200):
                at = rng.randrange(len(data))
                length = rng.randrange(min(len(data) - at, 70_000) + 1)
                assert file.pread(length, at) == data[at : at + length]
            for length, at in ((1, len(data)), (-1, 0), (1, -1), (len(data) + 1, 0)):
                with pytest.raises(CannotRead):
                    file.pread(length, at)


def test_an_entry_tells_that_what_is_packed_lies_nowhere_as_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("PACKED", PICTURE)
        archive.writestr("STORED", PICTURE, zipfile.ZIP_STORED)
    with open_medium(tmp_path / "t.zip") as medium:
        packed, stored = medium.entries()
        assert sum(length for _, length in packed.extents) == 0
        assert stored.extents == ()
        content = (tmp_path / "t.zip").read_bytes()
        assert content[stored.offset : stored.offset + stored.size] == PICTURE


def read_in_two(file: FileReader) -> None:
    file.pread(3000, 0)
    file.pread(3000, 3000)


def test_damage_is_told_when_it_is_read(tmp_path: Path) -> None:
    for method in (0, 8, 12, 14):
        target = BytesIO()
        with zipfile.ZipFile(target, "w", method) as archive:
            archive.writestr("I1", random.Random(method).randbytes(3000) + bytes(3000))  # noqa: S311 (no secret)
        data = bytearray(target.getvalue())
        data[1000] ^= 1
        (tmp_path / "t.zip").write_bytes(data)
        with open_medium(tmp_path / "t.zip") as medium:
            (entry,) = medium.entries()
            with (
                medium.open(entry) as file,
                pytest.raises(CannotRead, match=r"damaged|goes on after|ends"),
            ):
                read_in_two(file)


# One break, one rule


def pieces(name: str = "I1", data: bytes = PICTURE, **fields: int) -> tuple[bytes, bytes]:
    """Return a local and a central header, as a program without manners would make them."""
    method = fields.get("method", 0)
    packer = zlib.compressobj(9, wbits=-15)
    packed = {0: data, 8: packer.compress(data) + packer.flush(), 12: bz2.compress(data)}.get(
        method, data
    )
    raw = name.encode("cp437", "replace") if fields.get("cp437") else name.encode()
    crc, size = fields.get("crc", zlib.crc32(data)), fields.get("size", len(data))
    flags = fields.get("flags", 2048)
    when, sizes = fields.get("date", 0x5C64), (len(packed), size, len(raw), 0)
    common = struct.pack("<5H3I2H", 20, flags, method, 0, when, crc, *sizes)
    attributes = fields.get("attributes", 0o100644 << 16)
    at = fields.get("at", 0)
    central = struct.pack("<4sH", b"PK\x01\x02", 3 << 8) + common
    central += struct.pack("<3H2I", 0, 0, 0, attributes, at) + raw
    return b"PK\x03\x04" + common + raw + packed, central


def assembled(*files: tuple[bytes, bytes], count: int | None = None) -> bytes:
    data, directory = b"", b""
    for local, central in files:
        at = struct.pack("<I", len(data) + int.from_bytes(central[42:46], "little"))
        if central:
            directory += central[:42] + at + central[46:]
        data += local
    number = len(files) if count is None else count
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, number, number, len(directory), len(data), 0)
    return data + directory + end


def other_name(central: bytes, local: bytes) -> tuple[bytes, bytes]:
    return local.replace(b"I2", b"I9", 1), central


GOOD = pieces("DICOMDIR", b"directory" * 100)
LINK = 0o120777 << 16
CASES: list[tuple[set[str], bytes]] = [
    (set(), assembled(GOOD, pieces("A/B/C/D/E/F/G/I1", method=8))),
    ({"ZIP-COUNT"}, assembled(GOOD, pieces(), count=3)),
    ({"ZIP-PREFIX"}, b"#!/bin/sh\n" + assembled(GOOD, pieces())),
    ({"ZIP-TRAILING"}, assembled(GOOD, pieces()) + b"more"),
    ({"ZIP-HIDDEN"}, assembled(GOOD, (pieces("HIDDEN")[0] + pieces()[0], b""), count=1)),
    ({"ZIP-HIDDEN"}, assembled((pieces("HIDDEN")[0], b""), GOOD, count=1)),
    ({"ZIP-NAME"}, assembled(GOOD, pieces("I1.dcm"))),
    ({"ZIP-NAME"}, assembled(GOOD, pieces("NINE_CHAR"))),
    ({"ZIP-NAME"}, assembled(GOOD, pieces("I1.;1"))),
    ({"ZIP-NAME"}, assembled(GOOD, pieces("ä", flags=0, cp437=1))),
    ({"ZIP-NAME", "ZIP-INSIDE"}, assembled(GOOD, pieces("inner.zip"))),
    ({"ZIP-DEPTH"}, assembled(GOOD, pieces("A/B/C/D/E/F/G/H/I1"))),
    ({"ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("../../I1"))),
    ({"ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("/I1"))),
    ({"ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("A//I1"))),
    ({"ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("C:/A/I1"))),
    ({"ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("C:I1"))),
    ({"ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("I1\0.EXE"))),
    ({"ZIP-NAME-NONE"}, assembled(GOOD, pieces(".."))),
    ({"ZIP-NAME-NONE"}, assembled(GOOD, pieces(""))),
    ({"ZIP-NAME-NONE"}, assembled(GOOD, pieces("A/" * 70 + "I1"))),
    ({"ZIP-NAME-BACKSLASH"}, assembled(GOOD, pieces("A\\I1"))),
    ({"ZIP-NAME-BACKSLASH", "ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("..\\I1"))),
    ({"ZIP-NAME-BACKSLASH", "ZIP-NAME-UNSAFE"}, assembled(GOOD, pieces("\\\\HOST\\I1"))),
    ({"ZIP-NAME-DUPLICATE"}, assembled(GOOD, GOOD)),
    ({"ZIP-NAME-DUPLICATE"}, assembled(GOOD, pieces("A"), pieces("A/B"))),
    ({"ZIP-NAME-DUPLICATE", "ZIP-NAME"}, assembled(GOOD, pieces("dicomdir"))),
    ({"ZIP-FOLDER"}, assembled(pieces("A/DICOMDIR"), pieces("A/I1"))),
    ({"ZIP-LOCAL"}, assembled(GOOD, (b"PK\x03\x05" + pieces()[0][4:], pieces()[1]))),
    ({"ZIP-LOCAL"}, assembled(GOOD, pieces(at=1 << 20))),
    ({"ZIP-LOCAL-DIFFERS"}, assembled(GOOD, other_name(pieces("I2")[1], pieces("I2")[0]))),
    ({"ZIP-LOCAL-DIFFERS"}, assembled(GOOD, (pieces()[0], pieces(crc=1)[1]))),
    ({"ZIP-LOCAL-DIFFERS"}, assembled(GOOD, pieces(size=1))),
    ({"ZIP-LINK"}, assembled(GOOD, pieces(attributes=LINK))),
    ({"ZIP-LINK"}, assembled(GOOD, pieces(attributes=0o020666 << 16))),
    ({"ZIP-DATE"}, assembled(GOOD, pieces(date=0))),
    ({"ZIP-FOLDER-CONTENT"}, assembled(GOOD, pieces("A/"))),
    (set(), assembled(GOOD, pieces("A/", b""))),
    ({"ZIP-ENCRYPTED"}, assembled(GOOD, pieces(flags=1))),
    ({"ZIP-ENCRYPTED-STRONG"}, assembled(GOOD, pieces(flags=1, method=99))),
    ({"ZIP-ENCRYPTED-STRONG"}, assembled(GOOD, pieces(flags=65))),
    ({"ZIP-METHOD"}, assembled(GOOD, pieces(method=9))),
    ({"ZIP-METHOD"}, assembled(GOOD, pieces(method=93))),
    ({"ZIP-METHOD-RARE"}, assembled(GOOD, pieces(method=12))),
    ({"ZIP-BOMB"}, assembled(GOOD, pieces(data=b"x", method=8, size=4_000_000_000))),
    ({"ZIP-DIRECTORY-GONE"}, assembled(GOOD, pieces())[:-30]),
    ({"ZIP-DIRECTORY-GONE"}, assembled(GOOD, pieces())[:-10]),
    (
        {"ZIP-DIRECTORY-GONE", "ZIP-OUTSIDE"},
        assembled(GOOD, pieces())[: len(GOOD[0]) + 5000],
    ),
]
ELSEWHERE = {"ZIP-ENCRYPTED-AES", "ZIP-OVERLAP", "ZIP-TOO-MANY", "ZIP-IMAGE"}


def rules_broken(data: bytes, folder: Path) -> set[str]:
    (folder / "t.zip").write_bytes(data)
    with open_medium(folder / "t.zip") as medium:
        for entry in medium.entries():
            assert entry.name
            assert not set(entry.name) & {"", ".", ".."}
            assert not any(set(part) & set("/\\\0:") for part in entry.name)
        findings = medium.findings()
        assert all(f.where.isprintable() and f.message.isprintable() for f in findings)
        assert medium.find(("DICOMDIR",)) or medium.find(("A", "DICOMDIR"))
        return {finding.rule for finding in findings}


@pytest.mark.parametrize(
    ("rules", "data"), CASES, ids=["-".join(sorted(rules)) for rules, _ in CASES]
)
def test_one_break_is_one_rule(rules: set[str], data: bytes, tmp_path: Path) -> None:
    assert rules_broken(data, tmp_path) == rules


@pytest.mark.parametrize("is_large", [False, True], ids=["plain", "zip64"])
def test_of_two_archives_in_one_file_all_programs_show_the_same(
    is_large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 0 if is_large else 1 << 31)
    both = b""
    for content in (b"one patient", b"two patient"):  # as long as each other, on purpose
        archive = BytesIO()
        with zipfile.ZipFile(archive, "w") as writing:
            writing.writestr("DICOMDIR", content)
        data = archive.getvalue()
        # Where the directory is then stands in the larger record alone (APPNOTE 4.3.14).
        both += data[:-6] + b"\xff" * 4 + data[-2:] if is_large else data
    path = tmp_path / "t.zip"
    path.write_bytes(both)
    with open_medium(path) as medium:
        assert read_all(medium) == {("DICOMDIR",): b"two patient"}
        assert {finding.rule for finding in medium.findings()} == {"ZIP-HIDDEN"}
    with zipfile.ZipFile(path) as theirs:
        assert theirs.read("DICOMDIR") == b"two patient"


def test_what_looks_like_an_end_in_the_comment_is_none(tmp_path: Path) -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("DICOMDIR", b"content")
        writing.comment = b"PK\x05\x06" + bytes(18) + b"and more"
    (tmp_path / "t.zip").write_bytes(archive.getvalue())
    with open_medium(tmp_path / "t.zip") as medium:
        assert read_all(medium) == {("DICOMDIR",): b"content"}
        assert medium.findings() == []


def test_every_rule_is_tested_and_says_what_an_operator_needs() -> None:
    tested = set().union(*(rules for rules, _ in CASES))
    assert {rule.id for rule in RULES} == tested | ELSEWHERE
    for rule in RULES:
        assert rule.id.startswith("ZIP-")
        assert rule.meaning
        assert rule.remedy
        assert rule.reference


# Made to harm


def overlapping(number: int) -> bytes:
    """Many entries that share one large content, each a little shorter than the one before."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(bytes(10_000_000)) + packer.flush()
    local = b"".join(pieces(f"I{n}", b"")[0] for n in range(number))
    files = [(GOOD[0], GOOD[1])]
    start = 0
    for n in range(number):
        length = len(local) + len(packed)
        central = bytearray(pieces(f"I{n}", b"", method=8)[1])
        struct.pack_into("<2I", central, 20, length - start - 32, 10_000_000)
        struct.pack_into("<I", central, 42, start)
        files.append((b"" if n else local + packed, bytes(central)))
        start += len(pieces(f"I{n}", b"")[0])
    data, directory = GOOD[0] + local + packed, GOOD[1]
    for _, central in files[1:]:
        at = len(GOOD[0]) + int.from_bytes(central[42:46], "little")
        directory += central[:42] + struct.pack("<I", at) + central[46:]
    count = len(files)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(data), 0)
    return data + directory + end


def test_entries_on_top_of_each_other_are_not_read(tmp_path: Path) -> None:
    assert "ZIP-OVERLAP" in rules_broken(overlapping(50), tmp_path)
    with open_medium(tmp_path / "t.zip") as medium:
        refused = 0
        for entry in medium.entries():
            try:
                medium.open(entry)
            except CannotRead as error:
                refused += "same bytes" in error.what
        assert refused == 49


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    data = assembled(GOOD, pieces(data=b"x", method=8, size=4_000_000_000))
    assert rules_broken(data, tmp_path) == {"ZIP-BOMB"}
    with open_medium(tmp_path / "t.zip") as medium:
        entry = medium.find(("I1",))
        assert entry is not None
        with pytest.raises(CannotRead, match="beyond all measure"):
            medium.open(entry)


def test_many_files_that_are_a_bomb_together_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = [pieces(f"I{n}", bytes(100_000), method=8) for n in range(10)]
    assert rules_broken(assembled(GOOD, *part), tmp_path) == set()
    monkeypatch.setattr(zip_archive, "_LARGE_ARCHIVE", 650_000)
    assert rules_broken(assembled(GOOD, *part), tmp_path) == {"ZIP-BOMB"}
    with open_medium(tmp_path / "t.zip") as medium:
        entries = list(medium.entries())
        assert medium.open(entries[6]).pread(1, 99_999) == b"\0"
        with pytest.raises(CannotRead, match="beyond all measure"):
            medium.open(entries[7])


@pytest.mark.parametrize(("method", "is_bomb"), [(8, False), (12, True)])
def test_what_is_large_and_empty_is_read_unless_it_is_beyond_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: int, is_bomb: bool
) -> None:
    monkeypatch.setattr(zip_archive, "_LARGE", 5_000_000)
    data = assembled(GOOD, pieces(data=bytes(10_000_000), method=method))
    assert ("ZIP-BOMB" in rules_broken(data, tmp_path)) == is_bomb


def test_content_that_is_longer_than_it_says_is_cut_short(tmp_path: Path) -> None:
    (tmp_path / "t.zip").write_bytes(assembled(pieces(data=bytes(1 << 26), method=8, size=1000)))
    with open_medium(tmp_path / "t.zip") as medium:
        (entry,) = medium.entries()
        with medium.open(entry) as file, pytest.raises(CannotRead, match="goes on after"):
            file.pread(1000, 0)


def test_archives_in_archives_are_not_opened(tmp_path: Path) -> None:
    """As in those that hold themselves without end."""
    inner = assembled(GOOD, pieces())
    assert rules_broken(assembled(GOOD, pieces("R.ZIP", inner)), tmp_path) == {"ZIP-INSIDE"}
    with open_medium(tmp_path / "t.zip") as medium:
        assert {entry.name for entry in medium.entries()} == {("DICOMDIR",), ("R.ZIP",)}


def test_what_is_whole_of_an_archive_that_is_cut_off_is_read(tmp_path: Path) -> None:
    names = [(f"I{n}",) for n in range(10)]
    sources = [NamedSource(n, (n[0].encode() + os.urandom(1000),), NOW) for n in names]
    write_zip(sources, tmp_path / "t.zip", recorded=NOW)
    data = (tmp_path / "t.zip").read_bytes()
    (tmp_path / "t.zip").write_bytes(data[:5500])
    with open_medium(tmp_path / "t.zip") as medium:
        entries = list(medium.entries())
        assert [e.name for e in entries] == names[:6]
        assert [medium.open(e).pread(2, 0) for e in entries[:5]] == [b"I%d" % n for n in range(5)]
        with pytest.raises(CannotRead, match="not whole"):
            medium.open(entries[5])
        found = [(f.rule, f.where) for f in medium.findings()]
    assert found == [("ZIP-DIRECTORY-GONE", "archive"), ("ZIP-OUTSIDE", "I5")]


def test_a_streamed_file_that_is_damaged_costs_no_other(tmp_path: Path) -> None:
    out = OneWay()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(3):
            archive.writestr(f"I{n}", os.urandom(1000))
    data = out.getvalue()
    data = data[: data.index(b"PK\x01\x02")].replace(b"PK\x07\x08", b"PK\x07\x09", 1)
    at = data.index(b"PK\x07\x09")
    (tmp_path / "t.zip").write_bytes(data[: at + 8] + b"\xff" * 8 + data[at + 16 :])
    with open_medium(tmp_path / "t.zip") as medium:
        assert [e.name for e in medium.entries()] == [("I0",), ("I1",), ("I2",)]
        assert [e.size for e in medium.entries()] == [0, 1000, 1000]
        assert {f.rule for f in medium.findings()} == {"ZIP-DIRECTORY-GONE", "ZIP-OUTSIDE"}


def test_a_part_of_several_says_what_to_do(tree: Path, peer: Peer, tmp_path: Path) -> None:
    (tree / "LARGE").write_bytes(os.urandom(300_000))
    target = tree.parent / "t.zip"
    command = [peer("zip"), "-qr", "-s", "100k", str(target), "."]
    subprocess.run(command, cwd=tree, check=True)
    for name in ("t.zip", "t.z01"):
        with pytest.raises(CannotRead, match="one part") as caught:
            open_medium(tree.parent / name)
        assert "all parts" in caught.value.remedy


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (assembled(), "an empty ZIP archive"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive without a whole file"),
        (b"PK", "not an image"),
    ],
)
def test_says_when_there_is_nothing_in_it(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "t.zip").write_bytes(data)
    with pytest.raises(CannotRead, match=message):
        open_medium(tmp_path / "t.zip")


def test_broken_extra_fields_are_left_out() -> None:
    assert extra_fields(b"\1\0\2\0ab\2\0\xff\0x") == {1: b"ab"}


# An image in an archive


@pytest.fixture
def image(tmp_path: Path) -> bytes:
    sources = [NamedSource(("DICOMDIR",), (b"directory",), NOW)]
    sources.append(NamedSource(("I1",), (os.urandom(500_000),), NOW))
    write_iso9660(sources, tmp_path / "disc.iso", volume_identifier="INNER", recorded=NOW)
    return (tmp_path / "disc.iso").read_bytes()


@pytest.mark.parametrize("method", [0, 8])
def test_the_image_of_a_disc_is_opened_as_that_disc(
    tmp_path: Path, image: bytes, method: int
) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w", method) as archive:
        archive.writestr("a disc.iso", image)
        archive.writestr("disc.md5", b"0123")
    with open_medium(tmp_path / "t.zip") as medium:
        assert (medium.kind, medium.label) == ("iso9660", "INNER")
        assert {f.rule for f in medium.findings()} == {"ZIP-IMAGE"}
        assert read_all(medium)["DICOMDIR",] == b"directory"


def test_an_image_among_other_files_stays_a_file(tmp_path: Path, image: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("VIEWER.ISO", image)
        archive.writestr("DICOMDIR", os.urandom(200_000))
    with open_medium(tmp_path / "t.zip") as medium:
        assert medium.kind == "zip"
        assert {f.rule for f in medium.findings()} == {"ZIP-INSIDE"}


def test_an_image_in_an_image_in_an_archive_is_not_opened(tmp_path: Path, image: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as archive:
        archive.writestr("disc.iso", image)
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(tmp_path / "inner.zip", "disc.iso")
    with pytest.raises(CannotRead, match="a ZIP archive"):
        open_medium(tmp_path / "t.zip")


def test_no_file_is_left_open_or_behind(tmp_path: Path, image: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("disc.iso", image)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with open_medium(tmp_path / "t.zip") as medium:
            read_all(medium)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
