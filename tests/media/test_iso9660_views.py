"""Discs with several systems of names, several sessions, or files in several extents."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from struct import pack, pack_into

import pytest

from media import Medium, NamedSource, lay_out_bridge, open_medium, planned_files, write_iso9660
from media.iso9660.append import finish_session
from media.iso9660.sessions import session_starts
from media.iso9660.views import read_views
from media.iso9660.views_rules import RULES
from media.iso9660.volume import read_volume
from media.volume_write import write_volume
from reporting import CannotRead

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
Contents = Mapping[tuple[str, ...], bytes]
Peer = Callable[[str], str]
SECTOR = 2048
PVD = 16 * SECTOR
GENISOIMAGE = ["-quiet", "-V", "OTHER", "-sysid", "", "-iso-level", "1"]
LONG = "a rather long name of 1.2.840.113619"


def contents_of(medium: Medium) -> dict[tuple[str, ...], bytes]:
    read = {}
    for entry in medium.entries():
        with medium.open(entry) as file:
            read[entry.name] = file.pread(file.size, 0)
    return read


def rules(path: Path) -> set[str]:
    with open_medium(path) as medium:
        findings = medium.findings()
        assert all(f.where.isprintable() and f.message.isprintable() for f in findings)
        return {finding.rule for finding in findings}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    deep = root.joinpath(*"ABCDEFGHIJ")
    deep.mkdir(parents=True)
    (root / "DICOMDIR").write_bytes(b"directory" * 100)
    (root / "A" / LONG).write_bytes(b"long" * 1000)
    (root / "A" / f"{LONG}.dcm").write_bytes(b"longer" * 1000)
    (deep / "I1").write_bytes(b"deep" * 1000)
    return root


def genisoimage(tree: Path, peer: Peer, *options: str, name: str = "t.iso") -> Path:
    target = tree.parent / name
    command = [peer("genisoimage"), *GENISOIMAGE, *options, "-o", str(target), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return target


# What others make


@pytest.mark.parametrize(
    ("options", "notes"),
    [
        (["-R"], {"ISO-ROCK-RIDGE"}),
        (["-R", "-J", "-joliet-long"], {"ISO-ROCK-RIDGE", "ISO-JOLIET"}),
        (["-J", "-joliet-long", "-D"], {"ISO-JOLIET"}),
        (["-R", "-iso-level", "3"], {"ISO-ROCK-RIDGE"}),
        (["-R", "-iso-level", "4"], {"ISO-ROCK-RIDGE"}),
        (["-R", "-J", "-joliet-long", "-udf", "-iso-level", "3"], {"ISO-UDF", "ISO-JOLIET"}),
    ],
    ids=lambda v: "".join(v) if isinstance(v, list) else "",
)
def test_files_are_found_by_the_names_that_their_readers_see(
    tree: Path, peer: Peer, options: list[str], notes: set[str]
) -> None:
    path = genisoimage(tree, peer, *options)
    with open_medium(path) as medium:
        files = list(medium.entries())
        assert sorted(e.size for e in files) == [900, 4000, 4000, 6000]
        assert [e.offset for e in files] == sorted(e.offset for e in files)
        for name, content in (
            (("A", LONG), b"long" * 1000),
            (("a", f"{LONG}.dcm"), b"longer" * 1000),
            ((*"ABCDEFGHIJ", "I1"), b"deep" * 1000),
        ):
            entry = medium.find_tolerant(name)
            assert entry is not None, name
            with medium.open(entry) as file:
                assert file.pread(file.size, 0) == content
        assert medium.find_tolerant(("A", "OTHER")) is None
        found = {f.rule for f in medium.findings()}
        assert notes <= found
        assert not {rule.id for rule in RULES} & found


def test_a_folder_that_was_moved_leaves_no_file_in_its_place(tree: Path, peer: Peer) -> None:
    with open_medium(genisoimage(tree, peer, "-R")) as medium:
        assert not any(entry.name[-1] in "HIJ" for entry in medium.entries())
        moved = medium.find_tolerant((*"ABCDEFGHIJ", "I1"))
    assert moved is not None
    assert moved.name[0] == "RR_MOVED"


@pytest.mark.parametrize("joliet", ["on", "off"])
def test_xorriso_that_grew_in_sessions_is_read_by_its_last(
    tree: Path, peer: Peer, joliet: str
) -> None:
    path = tree.parent / "t.iso"
    (tree / "SECOND").write_bytes(b"second" * 100)
    for names in (["DICOMDIR"], ["A", "SECOND"]):
        mapped = [word for name in names for word in ("-map", str(tree / name), f"/{name}")]
        device = "-outdev" if not path.exists() else "-dev"
        command = [peer("xorriso"), "-joliet", joliet, device, str(path), *mapped, "-commit"]
        subprocess.run(command, check=True, capture_output=True)
    removed = [peer("xorriso"), "-dev", str(path), "-rm", "/DICOMDIR", "--", "-commit"]
    with open_medium(path) as medium:
        assert sorted(map(len, contents_of(medium).values())) == [600, 900, 4000, 4000, 6000]
        entry = medium.find_tolerant((*"ABCDEFGHIJ", "I1"))
        assert entry is not None
        assert medium.open(entry).pread(4, 0) == b"deep"
        assert not {rule.id for rule in RULES} & {f.rule for f in medium.findings()}
    subprocess.run(removed, check=True, capture_output=True)
    with open_medium(path) as medium:
        assert sorted(map(len, contents_of(medium).values())) == [600, 4000, 4000, 6000]


def two_sessions(tree: Path, peer: Peer, *options: str, gap: int = 0) -> Path:
    """Return the image of a disc to which a session was added, as a drive would copy it."""
    first = genisoimage(tree, peer, "-R", name="1.iso")
    after = -(-first.stat().st_size // SECTOR // 16) * 16 + 16 + gap
    shutil.rmtree(tree / "A")
    (tree / "DICOMDIR").write_bytes(b"second" * 100)
    second = genisoimage(tree, peer, "-R", "-C", f"0,{after}", *options, name="2.iso")
    path = tree.parent / "t.iso"
    path.write_bytes(first.read_bytes().ljust(after * SECTOR, b"\0") + second.read_bytes())
    return path


def test_the_last_session_describes_the_whole_disc(tree: Path, peer: Peer) -> None:
    path = two_sessions(tree, peer, "-M", str(tree.parent / "1.iso"))
    with open_medium(path) as medium:
        read = contents_of(medium)
        assert sorted(map(len, read.values())) == [600, 4000, 4000, 6000]
        assert read["DICOMDIR",] == b"second" * 100
        found = medium.findings()
    # The DICOMDIR of the first session was replaced.
    summary = (
        "the disc has 2 sessions; the last one was read; files of the others: 1 replaced, "
        "0 not shown"
    )
    replaced = "a later session has another file of this name"
    front = "programs that know no sessions show another directory than that of the last session"
    assert [(f.rule, f.where, f.message) for f in found if "SESSION" in f.rule] == [
        ("ISO-SESSION-HIDES", "/DICOMDIR", replaced),
        ("ISO-SESSIONS", f"sector {session_of(path)}", summary),
        ("ISO-SESSION-FRONT", "sector 16", front),
    ]
    serious = [f.rule for f in found if "SESSION" in f.rule and f.severity != "note"]
    assert serious == ["ISO-SESSION-FRONT"]
    notes = {"ISO-SESSIONS", "ISO-SESSION-HIDES", "ISO-SESSION-FRONT", "ISO-ROCK-RIDGE"}
    # What stands for a moved folder has a folder's name, and genisoimage lets it lead to the place
    # that the folder had in the first session.
    moved = {"ISO-NAME-DOT", "ISO-NAME-VERSION", "ISO-ROCK-RIDGE-MOVED"}
    assert {f.rule for f in found} == notes | moved


def session_of(path: Path) -> int:
    data = path.read_bytes()
    return data.rindex(b"\x01CD001") // SECTOR


def test_the_front_of_a_foreign_image_is_brought_up_to_its_last_session(
    tree: Path, peer: Peer
) -> None:
    path = two_sessions(tree, peer, "-M", str(tree.parent / "1.iso"))
    before = path.read_bytes()
    with open_medium(path) as medium:
        read = contents_of(medium)
    assert finish_session(path, dry_run=True)
    assert path.read_bytes() == before
    assert finish_session(path)
    assert not finish_session(path)
    now = path.read_bytes()
    assert len(now) == len(before)
    assert now[18 * SECTOR :] == before[18 * SECTOR :]  # all but a descriptor and a terminator
    with open_medium(path) as medium:
        assert contents_of(medium) == read
        assert not [f for f in medium.findings() if "SESSION" in f.rule]
    shown = subprocess.run(
        [peer("isoinfo"), "-i", str(path), "-x", "/DICOMDIR.;1"], check=True, capture_output=True
    )
    assert shown.stdout == b"second" * 100


def test_a_front_without_room_for_all_names_stays_as_it_is(tree: Path, peer: Peer) -> None:
    path = two_sessions(tree, peer, "-J", "-M", str(tree.parent / "1.iso"))
    before = path.read_bytes()
    assert not finish_session(path)
    assert path.read_bytes() == before
    assert "ISO-SESSION-FRONT" in rules(path)


@pytest.mark.parametrize("gap", [0, 11_400])
def test_files_that_a_session_forgot_are_told(tree: Path, peer: Peer, gap: int) -> None:
    path = two_sessions(tree, peer, gap=gap)
    with open_medium(path) as medium:
        assert contents_of(medium) == {("DICOMDIR",): b"second" * 100}
        found = medium.findings()
    hidden = [f.message for f in found if f.rule == "ISO-SESSION-HIDES"]
    assert len(hidden) == 4
    assert sum("another file of this name" in message for message in hidden) == 1
    (summary,) = [f.message for f in found if f.rule == "ISO-SESSIONS"]
    assert summary.endswith("files of the others: 1 replaced, 3 not shown")


def test_a_session_that_was_cut_short_is_told(tree: Path, peer: Peer) -> None:
    path = two_sessions(tree, peer)
    data = path.read_bytes()
    first = session_of(path)
    path.write_bytes(data[: (first + 2) * SECTOR])  # its descriptors, and no directory
    with open_medium(path) as medium:
        assert len(contents_of(medium)) == 4  # of the first session
        broken = [f.where for f in medium.findings() if f.rule == "ISO-SESSION-BROKEN"]
    assert broken == [f"sector {first}"]


def test_an_earlier_session_that_cannot_be_read_is_told(tree: Path, peer: Peer) -> None:
    data = two_sessions(tree, peer).read_bytes()
    first = data.rindex(b"\x01CD001") // SECTOR

    class Scratched:
        size = len(data)

        def pread(self, length: int, offset: int) -> bytes:
            if offset <= PVD < offset + length:
                raise CannotRead("scratched", f"byte {offset}", "Clean it")
            return data[offset : offset + length]

    volume = read_volume(Scratched(), (16,), first=first)
    assert volume is not None
    found = read_views(volume, Scratched(), "t.iso").problems.findings()
    assert ("ISO-SESSION-DAMAGED", "sector 16") in [(f.rule, f.where) for f in found]


def test_the_last_session_without_its_terminator_is_told(tree: Path, peer: Peer) -> None:
    path = two_sessions(tree, peer)
    data = bytearray(path.read_bytes())
    at = (session_of(path) + 1) * SECTOR
    assert data[at : at + 6] == b"\xffCD001"
    data[at : at + 6] = bytes(6)
    path.write_bytes(data)
    assert "ISO-TERMINATOR" in rules(path)


def test_the_image_of_a_disc_in_a_file_is_no_session(small_image: bytes, tmp_path: Path) -> None:
    """Not even where the volume says that it ends before that file."""
    inner = [NamedSource(("I1",), (small_image,), NOW)]
    write_iso9660(inner, tmp_path / "t.iso", volume_identifier="", recorded=NOW)
    data = bytearray((tmp_path / "t.iso").read_bytes())
    pack_into("<I", data, PVD + 80, 20)
    pack_into(">I", data, PVD + 84, 20)
    (tmp_path / "t.iso").write_bytes(data)
    with open_medium(tmp_path / "t.iso") as medium:
        assert [entry.name for entry in medium.entries()] == [("I1",)]
        assert {f.rule for f in medium.findings()} == {"ISO-LONGER", "ISO-OUTSIDE-VOLUME"}


def test_sessions_are_not_looked_for_all_over_a_large_image(small_image: bytes) -> None:
    class Counting:
        size = 8 << 30
        read = 0

        def pread(self, length: int, offset: int) -> bytes:
            self.read += length
            return small_image[offset : offset + length].ljust(length, b"\0")

    reader = Counting()
    assert session_starts(reader) == (16,)
    assert reader.read < 80 << 20


# Files of several extents


def scattered(tmp_path: Path, name: bytes = b"LONG_NAME_1.;1") -> Path:
    """Return an image with a file whose two extents have another file between them."""
    names = ["LONG_NAME_1", "LONG_NAME_3", "LONG_NAME_2"]  # in this order on the medium
    sources = [NamedSource((n,), (n[-1].encode() * SECTOR * 2,), NOW) for n in names]
    path = tmp_path / "t.iso"
    plan = lay_out_bridge(planned_files(sources, None), label="X", recorded=NOW, level=3)
    write_volume(plan, sources, path)
    data = bytearray(path.read_bytes())
    for sector in range(16, 257):  # Without its UDF half.
        at = sector * SECTOR
        if data[at + 1 : at + 6] in (b"BEA01", b"NSR02", b"TEA01"):
            data[at : at + SECTOR] = bytes(SECTOR)
    first, second = (data.index(n) - 33 for n in (b"LONG_NAME_1.;1", b"LONG_NAME_2.;1"))
    data[second + 33 : second + 47] = name
    data[first + 25] |= 128  # there is more of it (ECMA-119 9.1.6)
    path.write_bytes(data)
    return path


def test_a_file_of_scattered_extents_is_read_where_level_3_is_used(tmp_path: Path) -> None:
    path = scattered(tmp_path)
    whole = b"1" * SECTOR * 2 + b"2" * SECTOR * 2
    with open_medium(path) as medium:
        assert "ISO-MULTI-EXTENT" in {f.rule for f in medium.findings("cd")}
        assert "ISO-MULTI-EXTENT" not in {f.rule for f in medium.findings("dvd")}
        assert contents_of(medium) == {
            ("LONG_NAME_1",): whole,
            ("LONG_NAME_3",): b"3" * SECTOR * 2,
        }
        entry = medium.find(("LONG_NAME_1",))
        assert entry is not None
        assert [length for _, length in entry.extents] == [SECTOR * 2] * 2
        with medium.open(entry) as file:
            assert file.pread(10, SECTOR * 2 - 5) == b"1111122222"
            with pytest.raises(CannotRead):
                file.pread(1, len(whole))


def test_a_scattered_file_that_is_cut_off_does_not_open(tmp_path: Path) -> None:
    path = scattered(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"2" * 100) + 100])
    with open_medium(path) as medium:
        entry = medium.find(("LONG_NAME_1",))
        assert entry is not None
        with pytest.raises(CannotRead, match="does not lie within the image"):
            medium.open(entry)


# What hides from one of two systems of names


class Joliet:
    """An image of ours with a tree of other names in blocks behind it."""

    def __init__(self, image: bytes, escape: bytes = b"%/E") -> None:
        self.data = bytearray(image)
        self.block = len(image) // SECTOR
        self.plain = {n: self.record(n) for n in (b"DICOMDIR.;1", b"README.TXT;1", b"ZZZ.;1")}
        terminator = self.data[PVD + SECTOR : PVD + 2 * SECTOR]
        self.data[PVD + 2 * SECTOR : PVD + 3 * SECTOR] = terminator
        supplementary = bytearray(self.data[PVD : PVD + SECTOR])
        supplementary[0] = 2
        supplementary[88:91] = escape
        supplementary[156:190] = record(self.block, SECTOR, b"\0", 2)
        self.data[PVD + SECTOR : PVD + 2 * SECTOR] = supplementary

    def record(self, name: bytes) -> tuple[int, int]:
        at = self.data.index(name) - 33
        block, size = self.data[at + 2 : at + 6], self.data[at + 10 : at + 14]
        return int.from_bytes(block, "little"), int.from_bytes(size, "little")

    def image(self, files: Mapping[str, tuple[int, int]], codec: str = "utf-16-be") -> bytes:
        records = [record(self.block, SECTOR, b"\0", 2), record(self.block, SECTOR, b"\1", 2)]
        records += [record(*place, name.encode(codec), 0) for name, place in files.items()]
        self.data += b"".join(records).ljust(SECTOR, b"\0")
        self.data += b"secret".ljust(SECTOR, b"\0")
        pack_into("<I", self.data, PVD + 80, len(self.data) // SECTOR)
        pack_into(">I", self.data, PVD + 84, len(self.data) // SECTOR)
        return bytes(self.data)


def record(block: int, size: int, name: bytes, flags: int) -> bytes:
    fixed = pack("<BI", 0, block) + pack(">I", block) + pack("<I", size) + pack(">I", size)
    fixed += bytes((126, 1, 1, 0, 0, 0, 0, flags, 0, 0, 1, 0, 0, 1, len(name))) + name
    fixed += b"\0" * (len(fixed) % 2 == 0)
    return bytes((len(fixed) + 1,)) + fixed


@pytest.fixture
def flat_image(tmp_path: Path) -> bytes:
    names = ("DICOMDIR", "README.TXT", "ZZZ")
    sources = [NamedSource((n,), (n.encode() * 300,), NOW) for n in names]
    write_iso9660(sources, tmp_path / "flat.iso", volume_identifier="FLAT", recorded=NOW)
    return (tmp_path / "flat.iso").read_bytes()


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        (set(), {}),
        ({"ISO-VIEW-HIDES"}, {"zzz": False}),
        ({"ISO-VIEW-ONLY"}, {"other": True}),
        ({"ISO-VIEW-ONLY", "ISO-VIEW-HIDES", "ISO-VIEW-DIFFERS"}, {"zzz": True}),
    ],
    ids=["same", "missing", "only there", "another"],
)
@pytest.mark.parametrize("escape", [b"%/E", b"\0\0\0"])
def test_what_hides_from_one_system_of_names_is_told(
    flat_image: bytes,
    tmp_path: Path,
    expected: set[str],
    changes: dict[str, bool],  # name → whether it has a content of its own, or is not there
    escape: bytes,
) -> None:
    joliet = Joliet(flat_image, escape)
    files = {
        "dicomdir;1": joliet.plain[b"DICOMDIR.;1"],
        "Read me.txt": joliet.plain[b"README.TXT;1"],
        "zzz": joliet.plain[b"ZZZ.;1"],
    }
    for name, has_own in changes.items():
        files[name] = joliet.block + 1, 6
        if not has_own:
            del files[name]
    codec = "utf-16-be" if escape == b"%/E" else "latin-1"
    (tmp_path / "t.iso").write_bytes(joliet.image(files, codec))
    with open_medium(tmp_path / "t.iso") as medium:
        found = {f.rule for f in medium.findings()}
        assert found - {"ISO-JOLIET"} == expected
        entries = list(medium.entries())
        assert len(entries) == 3 + ("ISO-VIEW-ONLY" in expected)
        assert [e.offset for e in entries] == sorted(e.offset for e in entries)
        extra = [e for e in entries if medium.open(e).pread(6, 0) == b"secret"]
        assert bool(extra) == ("ISO-VIEW-ONLY" in expected)
        for entry in extra:
            assert medium.find(entry.name) == entry
        assert medium.find_tolerant(("READ ME",)) is not None


def test_other_names_that_lead_elsewhere_are_made_safe(flat_image: bytes, tmp_path: Path) -> None:
    joliet = Joliet(flat_image)
    places = {name: (joliet.block + 1, size) for size, name in enumerate(("../x", "..", "a\0b"), 2)}
    (tmp_path / "t.iso").write_bytes(joliet.image(places))
    with open_medium(tmp_path / "t.iso") as medium:
        names = {part for entry in medium.entries() for part in entry.name}
    assert names == {"DICOMDIR", "README.TXT", "ZZZ", ".._x", "_", "a_b"}


def test_a_plain_name_that_leads_elsewhere_is_made_safe(small_image: bytes, tmp_path: Path) -> None:
    data = small_image.replace(b"ZZZ.;1", b"../;Z1").replace(b"LEAF", b"../A")
    (tmp_path / "t.iso").write_bytes(data)
    with open_medium(tmp_path / "t.iso") as medium:
        parts = {part for entry in medium.entries() for part in entry.name}
        assert not any("/" in part for part in parts)
        assert ".._A" in parts
    assert "ISO-NAME" in rules(tmp_path / "t.iso")


def test_a_damaged_tree_of_other_names_is_told(flat_image: bytes, tmp_path: Path) -> None:
    joliet = Joliet(flat_image)
    data = bytearray(joliet.image({"a": (1, 1)}))
    data[joliet.block * SECTOR] = 20  # a record with no room for a name
    (tmp_path / "t.iso").write_bytes(data)
    assert rules(tmp_path / "t.iso") == {"ISO-JOLIET", "ISO-VIEW-DAMAGED", "ISO-VIEW-HIDES"}


# Rock Ridge


def broken(path: Path, old: bytes, new: bytes, count: int = -1) -> set[str]:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, count))
    return rules(path) & {rule.id for rule in RULES}


def test_rock_ridge_names_that_are_none_are_told(tree: Path, peer: Peer) -> None:
    path = genisoimage(tree, peer, "-R")
    assert broken(path, LONG.encode(), b"../" + LONG.encode()[3:]) == {"ISO-VIEW-NAME"}
    with open_medium(path) as medium:
        assert medium.find_tolerant(("A", LONG)) is None


def test_two_files_of_one_rock_ridge_name_are_told(tree: Path, peer: Peer) -> None:
    (tree / "ONE").write_bytes(b"1")
    (tree / "TWO").write_bytes(b"2")
    path = genisoimage(tree, peer, "-R")
    assert broken(path, b"NM\x08\x01\x00TWO", b"NM\x08\x01\x00ONE") == {"ISO-VIEW-NAME"}


def test_a_moved_folder_that_nothing_leads_to_is_told(tree: Path, peer: Peer) -> None:
    path = genisoimage(tree, peer, "-R")
    assert broken(path, b"CL\x0c\x01", b"XX\x0c\x01") == {"ISO-ROCK-RIDGE-MOVED"}


def test_a_folder_of_rock_ridge_alone_is_told(tree: Path, peer: Peer) -> None:
    path = genisoimage(tree, peer, "-R")
    data = path.read_bytes()
    at = data.index(b"CL\x0c\x01") + 4
    assert broken(path, data[at - 4 : at + 4], b"CL\x0c\x01" + pack("<I", 999)) == {
        "ISO-ROCK-RIDGE-MOVED"
    }


def test_a_folder_that_was_moved_into_itself_ends(tree: Path, peer: Peer) -> None:
    """The one that was moved says that it is the child of what is below it."""
    path = genisoimage(tree, peer, "-R")
    data = bytearray(path.read_bytes())
    at = data.index(b"CL\x0c\x01")
    field = data[at : at + 12]
    data[at : at + 2] = b"XX"
    use = data.index(b"I1.;1") + 5
    data[use : use + 12] = field
    path.write_bytes(data)
    with open_medium(path) as medium:
        assert len(list(medium.entries())) == 4  # one only stands for the folder
        assert medium.find_tolerant((*"ABCDEFGHIJ", "I1")) is None


def test_links_and_packed_files_are_told(tree: Path, peer: Peer) -> None:
    (tree / "LINK").symlink_to("DICOMDIR")
    path = genisoimage(tree, peer, "-R")
    assert rules(path) & {rule.id for rule in RULES} == {"ISO-ROCK-RIDGE-LINK"}
    (tree / "LINK").unlink()
    path = genisoimage(tree, peer, "-R")
    assert broken(path, b"TF\x1a\x01", b"ZF\x1a\x01", 3) == {"ISO-ROCK-RIDGE-PACKED"}


def test_a_field_that_runs_out_of_its_record_is_told(tree: Path, peer: Peer) -> None:
    path = genisoimage(tree, peer, "-R")
    assert broken(path, b"TF\x1a\x01", b"TF\xff\x01") == {"ISO-ROCK-RIDGE-DAMAGED"}


def test_a_continuation_that_leads_to_itself_ends(tree: Path, peer: Peer) -> None:
    (tree / ("x" * 250)).write_bytes(b"x")  # too long for one record
    path = genisoimage(tree, peer, "-R")
    with open_medium(path) as medium:
        assert medium.find_tolerant(("x" * 250,)) is not None
    data = bytearray(path.read_bytes())
    name = data.index(b"XXXXXXXX")
    at = data.index(b"CE\x1c\x01", name)
    block, start, size = (int.from_bytes(data[at + n : at + n + 4], "little") for n in (4, 12, 20))
    area = block * SECTOR + start
    data[area : area + 28] = data[at : at + 28]
    assert size >= 28
    path.write_bytes(data)
    assert "ISO-ROCK-RIDGE-DAMAGED" in rules(path)


def test_every_rule_says_what_an_operator_needs() -> None:
    for rule in RULES:
        assert rule.id.startswith("ISO-")
        assert rule.meaning
        assert rule.remedy
        assert rule.reference.startswith(("PS3.12 ", "ECMA-119 "))
