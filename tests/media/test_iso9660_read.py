"""Images that others made, and names that others use."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from media_contents import Contents, Peer, read_all

from media import NamedSource, open_medium, write_iso9660
from reporting import CannotRead

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
GENISOIMAGE = ["-quiet", "-V", "OTHER", "-sysid", ""]


def make(tmp_path: Path, tree: Path, *command: str) -> Path:
    target = tmp_path / "other.iso"
    subprocess.run([*command, "-o", str(target), str(tree)], check=True, capture_output=True)
    return target


@pytest.mark.parametrize(
    ("options", "notes"),
    [
        (["-iso-level", "1"], set()),
        (["-iso-level", "1", "-R"], {"ISO-ROCK-RIDGE"}),
        (["-iso-level", "1", "-J"], {"ISO-JOLIET"}),
        # It numbers both sequences differently, and lets nobody write to what cannot be written.
        (
            ["-iso-level", "1", "-udf"],
            {"ISO-UDF", "UDF-SEQUENCES-DIFFER", "UDF-PERMISSIONS-CHANGE"},
        ),
        (["-iso-level", "1", "-R", "-J"], {"ISO-ROCK-RIDGE", "ISO-JOLIET"}),
    ],
    ids=lambda v: "".join(v) if isinstance(v, list) else "",
)
def test_reads_what_genisoimage_wrote(
    tmp_path: Path,
    tree: Path,
    real_contents: Contents,
    peer: Peer,
    options: list[str],
    notes: set[str],
) -> None:
    image = make(tmp_path, tree, peer("genisoimage"), *GENISOIMAGE, *options)
    with open_medium(image) as medium:
        assert read_all(medium) == dict(real_contents)
        assert medium.label == "OTHER"
        assert {f.rule for f in medium.findings()} - {"ISO-SHARED"} == notes


@pytest.mark.parametrize(
    ("options", "notes"),
    [(["-iso-level", "1", "--norock"], set()), (["-iso-level", "1"], {"ISO-ROCK-RIDGE"})],
)
def test_reads_what_xorriso_wrote(
    tmp_path: Path,
    tree: Path,
    real_contents: Contents,
    peer: Peer,
    options: list[str],
    notes: set[str],
) -> None:
    image = make(tmp_path, tree, peer("xorriso"), "-as", "mkisofs", "-V", "OTHER", *options)
    with open_medium(image) as medium:
        assert read_all(medium) == dict(real_contents)
        found = {f.rule for f in medium.findings()}
    assert found - {"ISO-SHARED"} == notes


def test_the_defaults_of_genisoimage_are_no_dicom_cd(
    tmp_path: Path, tree: Path, peer: Peer
) -> None:
    shutil.copy(tree / "README.TXT", tree / "a long name.text")
    image = make(tmp_path, tree, peer("genisoimage"), "-quiet", "-l", "-allow-lowercase")
    with open_medium(image) as medium:
        found = {f.rule for f in medium.findings("cd")}
    assert {"ISO-SYSTEM-IDENTIFIER", "ISO-NAME"} <= found


def test_a_file_of_adjoining_extents_is_read_whole(tmp_path: Path) -> None:
    sources = [NamedSource((n,), (n.encode() * 1024,), NOW) for n in ("I1", "I2", "I3")]
    image = tmp_path / "t.iso"
    write_iso9660(sources, image, volume_identifier="", recorded=NOW)
    data = bytearray(image.read_bytes())
    first, second = data.index(b"I1.;1") - 33, data.index(b"I2.;1") - 33
    data[second + 33 : second + 38] = b"I1.;1"
    data[first + 25] |= 128  # there is more of it (ECMA-119 9.1.6)
    image.write_bytes(data)
    with open_medium(image) as medium:
        assert {f.rule for f in medium.findings("cd")} == {"ISO-MULTI-EXTENT"}
        assert medium.findings("dvd") == medium.findings() == []
        assert read_all(medium) == {("I1",): b"I1" * 1024 + b"I2" * 1024, ("I3",): b"I3" * 1024}


def test_a_file_of_scattered_extents_is_read_and_told_of_a_cd(tmp_path: Path) -> None:
    names = [("I1",), ("I3",), ("I2",)]  # in this order on the medium
    sources = [NamedSource(n, (n[0].encode() * 1024,), NOW) for n in names]
    image = tmp_path / "t.iso"
    write_iso9660(sources, image, volume_identifier="", recorded=NOW)
    data = bytearray(image.read_bytes())
    first, second = data.index(b"I1.;1") - 33, data.index(b"I2.;1") - 33
    data[second + 33 : second + 38] = b"I1.;1"
    data[first + 25] |= 128
    image.write_bytes(data)
    with open_medium(image) as medium:
        assert {f.rule for f in medium.findings("cd")} == {"ISO-MULTI-EXTENT"}
        assert medium.findings("dvd") == medium.findings() == []
        assert read_all(medium) == {("I1",): b"I1" * 1024 + b"I2" * 1024, ("I3",): b"I3" * 1024}


# Looking up


def test_entries_say_where_their_bytes_are(real_image: Path, real_contents: Contents) -> None:
    with open_medium(real_image) as medium:
        entry = medium.find(("DICOMDIR",))
        assert entry is not None
        assert entry.recorded == "DICOMDIR.;1"
        assert entry.path == str(real_image)
        content = real_image.read_bytes()[entry.offset : entry.offset + entry.size]
        assert content == real_contents["DICOMDIR",]
        entries = list(medium.entries())
    assert [e.offset for e in entries] == sorted(e.offset for e in entries)


@pytest.mark.parametrize(
    ("asked", "exact"),
    [
        (("DICOMDIR",), True),
        (("dicomdir",), False),
        (("DICOMDIR.;1",), False),
        (("DICOMDIR;1",), False),
        (("DICOMDIR.",), False),
        (("DICOMDIR.;1.;1",), False),
        (("README.TXT",), True),
        (("readme.txt;1",), False),
        (("README",), False),
    ],
)
def test_finds_a_file_under_what_foreign_media_call_it(
    real_image: Path, asked: tuple[str, ...], exact: bool
) -> None:
    with open_medium(real_image) as medium:
        assert (medium.find(asked) is not None) == exact
        found = medium.find_tolerant(asked)
    assert found is not None
    assert found.name[0][:6] == asked[0][:6].upper()


def test_prefers_dcm_among_several_extensions_and_else_does_not_guess(tmp_path: Path) -> None:
    for name in ("A.DCM", "A.JPG", "B.JPG", "B.TXT", "c.dcm"):
        (tmp_path / name).write_bytes(b"x")
    with open_medium(tmp_path) as medium:
        names = [medium.find_tolerant((n,)) for n in ("A", "B", "C", "D", "")]
        assert medium.find_tolerant(()) is None
    assert [n and n.recorded for n in names] == ["A.DCM", None, "c.dcm", None, None]


def test_a_file_cannot_be_left_while_it_is_read(real_image: Path) -> None:
    with open_medium(real_image) as medium:
        entry = medium.find(("README.TXT",))
        assert entry is not None
        with medium.open(entry) as file:
            for length, offset in ((entry.size + 1, 0), (1, entry.size), (1, -1), (-1, 0)):
                with pytest.raises(CannotRead):
                    file.pread(length, offset)


def test_a_file_that_is_cut_off_does_not_open(real_image: Path, tmp_path: Path) -> None:
    data = real_image.read_bytes()
    with open_medium(real_image) as medium:
        last = max(medium.entries(), key=lambda e: (e.offset, e.size))
    (tmp_path / "t.iso").write_bytes(data[: last.offset + 2])
    with open_medium(tmp_path / "t.iso") as medium:
        assert {f.rule for f in medium.findings()} == {"ISO-TRUNCATED", "ISO-OUTSIDE"}
        with pytest.raises(CannotRead, match="does not lie within the image"):
            medium.open(last)


# What is not for us


def test_an_empty_file_lies_anywhere(tmp_path: Path) -> None:
    image = tmp_path / "t.iso"
    source = NamedSource(("EMPTY",), (), NOW)
    write_iso9660([source], image, volume_identifier="T", recorded=NOW)
    data = bytearray(image.read_bytes())
    record = data.index(b"EMPTY.;1") - 33
    data[record + 2 : record + 10] = b"\xff\xff\xff\x0f\x0f\xff\xff\xff"  # its first block
    image.write_bytes(data)
    with open_medium(image) as medium:
        (entry,) = medium.entries()
        assert entry.offset > len(data)
        assert read_all(medium) == {("EMPTY",): b""}


def test_a_dicomdir_means_its_folder(tree: Path, real_contents: Contents) -> None:
    with open_medium(tree / "DICOMDIR") as medium:
        assert medium.kind == "folder"
        assert read_all(medium) == dict(real_contents)


def test_an_image_named_after_a_dicomdir_is_an_image(real_image: Path, tmp_path: Path) -> None:
    shutil.copy(real_image, tmp_path / "DICOMDIR.iso")
    with open_medium(tmp_path / "DICOMDIR.iso") as medium:
        assert medium.kind == "iso9660"


def mbr() -> bytes:
    return bytes(510) + b"\x55\xaa" + bytes(4096)


def udf_only() -> bytes:
    image = bytearray(2048 * 300)
    for sector, identifier in ((16, b"BEA01"), (17, b"NSR02"), (18, b"TEA01")):
        image[sector * 2048 + 1 : sector * 2048 + 6] = identifier
    return bytes(image)


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (udf_only(), "UDF"),
        (mbr(), "a partitioned disk"),
        (bytes(54) + b"FAT16   " + mbr()[62:], "a damaged FAT file system"),
        (bytes(82) + b"FAT32   " + mbr()[90:], "a damaged FAT file system"),
        (bytes(128) + b"DICM", "a single DICOM file"),
        (b"\0" + b"\xff" * 10 + b"\0" + bytes(50_000), "raw sectors"),
        (b"", "empty"),
        (b"hello", "not an image"),
        (bytes(100_000), "not an image"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_says_what_it_is_instead(tmp_path: Path, content: bytes, looks_like: str) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(CannotRead, match=looks_like) as caught:
        open_medium(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CannotRead):
        open_medium(tmp_path / "missing.iso")
