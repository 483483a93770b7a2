"""Media that others make with options that each format's own tests leave out."""

import os
from pathlib import Path

import pytest
from media_contents import MIB, Contents, Peer, blank, read_all, rules, run

from media import UdfMedium, open_medium
from reporting import CannotRead, NotSupported

LONG = "a rather long name of 1.2.840.dcm"

# ISO 9660

GENISOIMAGE = {
    "level 2": ["-iso-level", "2"],
    "level 3": ["-iso-level", "3"],
    "level 4": ["-iso-level", "4"],
    "level 3, Rock Ridge and Joliet": ["-iso-level", "3", "-R", "-J"],
    "level 2 and UDF": ["-iso-level", "2", "-udf"],
    "Rock Ridge, Joliet and UDF": ["-R", "-J", "-udf"],
    "names without versions": ["-iso-level", "2", "-N", "-d"],
    "names in lower case": ["-iso-level", "2", "-allow-lowercase"],
    "the files of a Macintosh": ["-hfs", "-iso-level", "1"],
    "an XA disc": ["-iso-level", "1", "-xa"],
    "a translation table": ["-iso-level", "1", "-T"],
}


@pytest.mark.parametrize("options", GENISOIMAGE.values(), ids=GENISOIMAGE)
def test_reads_discs_of_genisoimage(
    tree: Path, real_contents: Contents, peer: Peer, options: list[str]
) -> None:
    image = tree.parent / "t.iso"
    run(peer("genisoimage"), "-quiet", "-V", "OTHER", *options, "-o", image, tree)
    with open_medium(image) as medium:
        assert medium.kind == ("iso9660+udf" if "-udf" in options else "iso9660")
        assert medium.label == "OTHER"
        for name, content in real_contents.items():
            entry = medium.find_tolerant(name)
            assert entry is not None, name
            with medium.open(entry) as file:
                assert file.pread(file.size, 0) == content


XORRISO = {
    "level 2": ["-iso-level", "2"],
    "level 3 and Joliet": ["-iso-level", "3", "-J"],
    "HFS+ beside it": ["-hfsplus"],
    "packed files": ["-z", "-R"],
    "a partition table in front": ["-partition_offset", "16"],
    "a partition behind it": ["-append_partition", "2", "0x0c", "LARGE"],
    "names of 37 characters": ["--norock", "-max-iso9660-filenames"],
}


@pytest.mark.parametrize("options", XORRISO.values(), ids=XORRISO)
def test_reads_discs_of_xorriso(
    tree: Path, real_contents: Contents, peer: Peer, options: list[str]
) -> None:
    blank(tree.parent / "LARGE", MIB)
    image = tree.parent / "t.iso"
    command = [peer("xorriso"), "-as", "mkisofs", "-V", "OTHER", *options, "-o", image, tree]
    run(*command, place=tree.parent)
    with open_medium(image) as medium:
        assert (medium.kind, medium.label) == ("iso9660", "OTHER")
        assert read_all(medium) == dict(real_contents)


def test_reads_a_disc_that_starts_computers(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    blank(tree / "BOOT.IMG", 1_474_560)
    image = tree.parent / "t.iso"
    options = ["-iso-level", "1", "-b", "BOOT.IMG", "-c", "BOOT.CAT"]
    run(peer("genisoimage"), "-quiet", *options, "-o", image, tree)
    with open_medium(image) as medium:
        read = read_all(medium)
    assert {name: read[name] for name in real_contents} == dict(real_contents)
    assert set(read) - set(real_contents) == {("BOOT.IMG",), ("BOOT.CAT",)}


# UDF

MKUDFFS = {
    "1.01": ["--media-type=hd", "--udfrev=1.01"],
    "a read-only CD": ["--media-type=cd", "--udfrev=1.02"],
    "a read-only CD of 2.01": ["--media-type=cd", "--udfrev=2.01"],
    "short descriptors": ["--media-type=hd", "--ad=short"],
    "long descriptors": ["--media-type=hd", "--ad=long"],
    "plain entries in 2.01": ["--media-type=hd", "--udfrev=2.01", "--noefe"],
    "a table of free blocks": ["--media-type=hd", "--space=freedtable"],
    "a map of free blocks": ["--media-type=hd", "--space=freedbitmap"],
    "a table of unallocated blocks": ["--media-type=hd", "--space=unalloctable"],
    "a boot record in front": ["--media-type=hd", "--bootarea=mbr"],
    "four sparing tables": ["--media-type=cdrw", "--udfrev=1.50", "--spartable=4"],
    "one sparing table": ["--media-type=dvdrw", "--udfrev=2.01", "--spartable=1"],
    "packets of 16": ["--media-type=dvdrw", "--udfrev=1.50", "--packetlen=16"],
    "a closed DVD-R": ["--media-type=dvdr", "--udfrev=2.01", "--closed"],
    "a closed BD-R": ["--media-type=bdr", "--udfrev=2.50", "--closed"],
    "a table of virtual blocks on a DVD": ["--media-type=dvdrw", "--udfrev=2.00", "--vat"],
    "a label of other scripts": ["--utf8", "--label=снимки", "--media-type=hd"],
    "blocks of 1024 bytes": ["--media-type=hd", "--blocksize=1024"],
}


@pytest.mark.parametrize("options", MKUDFFS.values(), ids=MKUDFFS)
def test_reads_volumes_of_mkudffs(tmp_path: Path, peer: Peer, options: list[str]) -> None:
    image = blank(tmp_path / "t.img", 24_000_000)
    block = [] if any("blocksize" in option for option in options) else ["--blocksize=2048"]
    label = [] if "--utf8" in options else ["--label=OTHER"]
    run(peer("mkudffs"), *options, *label, *block, image)
    with open_medium(image) as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.label == ("OTHER" if label else "снимки")
        assert read_all(medium) == {}
        medium.findings()


def test_reads_what_wrudf_put_among_packets_and_their_tables(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    """Another writer of files on a CD-RW than the kernel."""
    image = blank(tree.parent / "t.img", 20_000_000)
    run(peer("mkudffs"), "--media-type=cdrw", "--udfrev=1.50", "--blocksize=2048", image)
    (tree / "LARGE").write_bytes(os.urandom(300_000))
    said = ["y", "cp LARGE X", "cp DICOMDIR X", "mkdir FOLDER", "cp README.TXT X", "cp LARGE X"]
    run(peer("wrudf"), image, place=tree, said="\n".join([*said, "exit", ""]))
    with open_medium(image) as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.volume.partitions == ("sparable",)
        read = read_all(medium)
        large = medium.find(("LARGE",))
        assert large is not None
        assert large.extents  # around the sparing table
    assert read == {
        ("LARGE",): (tree / "LARGE").read_bytes(),
        ("DICOMDIR",): real_contents[("DICOMDIR",)],
        ("FOLDER", "README.TXT"): real_contents[("README.TXT",)],
        ("FOLDER", "LARGE"): (tree / "LARGE").read_bytes(),
    }


# FAT

MFORMAT = {
    "a diskette of 2.88 MB": (["-f", "2880"], 2_949_120),
    "a stick": (["-t", "1023", "-h", "16", "-s", "4"], 1023 * 16 * 4 * 512),
    "a stick of FAT32": (["-F", "-t", "1023", "-h", "16", "-s", "63"], 1023 * 16 * 63 * 512),
    "clusters of 16 sectors": (["-t", "1023", "-h", "16", "-s", "8", "-c", "16"], 1023 * 128 * 512),
    "a root of its own size": (["-t", "100", "-h", "16", "-s", "8", "-r", "4"], 100 * 128 * 512),
}


@pytest.mark.parametrize(("options", "size"), MFORMAT.values(), ids=MFORMAT)
def test_reads_volumes_of_mtools(
    tree: Path, real_contents: Contents, peer: Peer, options: list[str], size: int
) -> None:
    image = blank(tree.parent / "t.img", size)
    run(peer("mformat"), "-v", "OTHER", *options, "-i", image, "::")
    (tree / LONG).write_bytes(b"long")
    run(peer("mcopy"), "-s", "-Q", "-i", image, *sorted(tree.iterdir()), "::/")
    with open_medium(image) as medium:
        assert medium.label == "OTHER"
        read = read_all(medium)
        long = medium.find_tolerant((LONG,))
        assert long is not None
        assert read.pop(long.name) == b"long"
        assert read == dict(real_contents)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (["-F", "16", "-S", "1024", "-s", "1"], 20 * MIB),
        (["-F", "16", "-S", "4096", "-s", "1"], 80 * MIB),
        (["-F", "16", "-a", "-s", "2", "-D", "0x80"], 20 * MIB),
        (["-F", "12", "-s", "1"], 2 * MIB),
        (["-F", "32", "-s", "1", "-f", "1", "-i", "ABCD1234"], 40 * MIB),
    ],
    ids=lambda value: "".join(value) if isinstance(value, list) else "",
)
def test_reads_volumes_of_mkfs(
    tree: Path, real_contents: Contents, peer: Peer, options: list[str], size: int
) -> None:
    image = blank(tree.parent / "t.img", size)
    run(peer("mkfs.fat"), *options, image)
    run(peer("mcopy"), "-s", "-Q", "-i", image, *sorted(tree.iterdir()), "::/")
    with open_medium(image) as medium:
        assert read_all(medium) == dict(real_contents)


# ZIP


def test_reads_an_archive_that_was_changed_again_and_again(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    target = tree.parent / "t.zip"
    run(peer("zip"), "-qr", target, ".", place=tree)
    (tree / "LATER").write_bytes(b"later")
    run(peer("zip"), "-q", "-g", target, "LATER", place=tree)
    run(peer("zip"), "-q", "-d", target, "README.TXT", place=tree)
    run(peer("zip"), "-q", "-z", target, place=tree, said="a comment PK\x05\x06\n.\n")
    expected = {**real_contents, ("LATER",): b"later"}
    del expected["README.TXT",]
    with open_medium(target) as medium:
        assert read_all(medium) == expected
        assert rules(medium) == set()


def test_reads_an_archive_that_unpacks_itself(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    target = tree.parent / "t.zip"
    run(peer("zip"), "-qr", target, ".", place=tree)
    plain = target.read_bytes()
    target.write_bytes(b"MZ" + os.urandom(5000) + plain)
    with open_medium(target) as medium:
        assert read_all(medium) == dict(real_contents)
    run(peer("zip"), "-q", "-A", target)  # Its numbers count from the program's start now.
    with open_medium(target) as medium:
        assert read_all(medium) == dict(real_contents)


def test_an_archive_with_a_link_in_it_is_read(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    (tree / "LINK").symlink_to("/etc/passwd")
    target = tree.parent / "t.zip"
    run(peer("zip"), "-qry", target, ".", place=tree)
    with open_medium(target) as medium:
        read = read_all(medium)
    assert read.pop(("LINK",), b"/etc/passwd") == b"/etc/passwd"  # where it leads, as text
    assert read == dict(real_contents)


def test_7z_encrypted_in_the_old_way_is_read_with_its_password(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    target = tree.parent / "t.zip"
    run(peer("7z"), "a", "-bd", "-tzip", "-psecret", "-mem=ZipCrypto", target, ".", place=tree)
    with open_medium(target, password=b"secret") as medium:
        assert read_all(medium) == dict(real_contents)
        assert rules(medium) == {"ZIP-ENCRYPTED"}


@pytest.mark.parametrize("method", ["Deflate64", "PPMd"])
def test_7z_methods_that_python_lacks_are_told(tmp_path: Path, peer: Peer, method: str) -> None:
    (tmp_path / "I1").write_bytes(b"picture" * 2000)
    options = ["-bd", "-tzip", f"-mm={method}"]
    run(peer("7z"), "a", *options, tmp_path / "t.zip", "I1", place=tmp_path)
    with open_medium(tmp_path / "t.zip") as medium:
        (entry,) = medium.entries()
        with pytest.raises((CannotRead, NotSupported)) as caught:
            medium.open(entry)
        assert "7-Zip" in caught.value.remedy
        assert any(rule.startswith("ZIP-METHOD") for rule in rules(medium))


def test_an_archive_that_7z_cut_into_parts_gives_no_file_that_is_not_whole(
    tree: Path, real_contents: Contents, peer: Peer
) -> None:
    (tree / "LARGE").write_bytes(os.urandom(500_000))
    command = [peer("7z"), "a", "-bd", "-tzip", "-v400k", tree.parent / "t.zip", "."]
    run(*command, place=tree)
    with open_medium(tree.parent / "t.zip.001") as medium:
        assert "ZIP-DIRECTORY-GONE" in rules(medium)
        whole = {}
        for entry in medium.entries():
            try:
                with medium.open(entry) as file:
                    whole[entry.name] = file.pread(file.size, 0)
            except CannotRead:
                continue
        assert ("LARGE",) not in whole
        assert whole.items() <= real_contents.items()
