"""UDF volumes of all kinds, read: what mkudffs makes, and what disc writers leave behind."""

import subprocess
from binascii import crc_hqx
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from struct import pack, pack_into, unpack_from

import pytest

from media import (
    Medium,
    NamedSource,
    UdfMedium,
    VolumePlan,
    lay_out_udf,
    open_medium,
    planned_files,
    write_volume,
)
from media.udf.encode_volume import Revision
from reporting import CannotRead, NotSupported

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
PARTITION = 288  # sector at which ours begin
Peer = Callable[[str], str]
SOURCES = [
    NamedSource(name, (content,), RECORDED)
    for name, content in (
        (("DICOMDIR",), b"directory" * 300),
        (("DICOM", "P1", "I1"), b"first" * 1000),
        (("DICOM", "P1", "I2"), b"second" * 1000),
        (("README.TXT",), b"read me\r\n"),
        (("ZZZ",), b"last" * 100_000),
    )
]
CONTENTS = {s.name: b"".join(p for p in s.parts if isinstance(p, bytes)) for s in SOURCES}


def read_all(medium: Medium) -> dict[tuple[str, ...], bytes]:
    contents = {}
    for entry in medium.entries():
        with medium.open(entry) as file:
            contents[entry.name] = file.pread(file.size, 0)
    return contents


class Volume:
    """An image that is changed descriptor by descriptor, with good tags if not told otherwise."""

    def __init__(self, folder: Path, revision: Revision) -> None:
        self.path = folder / "t.udf"
        self.plan: VolumePlan = lay_out_udf(
            planned_files(SOURCES, None), label="T", recorded=RECORDED, revision=revision
        )
        write_volume(self.plan, SOURCES, self.path)
        self.data = bytearray(self.path.read_bytes())

    def seal(self, sector: int, location: int | None = None, length: int | None = None) -> None:
        """Make the tag of a descriptor good again."""
        at = sector * SECTOR
        if location is not None:
            pack_into("<I", self.data, at + 12, location)
        covered = unpack_from("<H", self.data, at + 10)[0] if length is None else length
        crc = crc_hqx(bytes(self.data[at + 16 : at + 16 + covered]), 0)
        pack_into("<HH", self.data, at + 8, crc, covered)
        self.data[at + 4] = 0
        self.data[at + 4] = sum(self.data[at : at + 16]) & 0xFF

    def both_sequences(self) -> list[int]:
        """Return the first sectors of the main and the reserve sequence."""
        return [unpack_from("<I", self.data, 256 * SECTOR + at)[0] for at in (20, 28)]

    def entry_of(self, name: str) -> int:
        """Return the sector of the entry of a file."""
        with self.open() as medium:
            assert isinstance(medium, UdfMedium)
            file = next(f for f in medium.volume.files if f.recorded == name)
            return file.entry_at // SECTOR

    def record_of(self, name: str) -> int:
        """Return the byte of the record of a file in its directory."""
        return self.data.index(b"\x08" + name.encode()) - 38

    def open(self) -> Medium:
        self.path.write_bytes(self.data)
        return open_medium(self.path)

    def rules(self) -> set[str]:
        with self.open() as medium:
            return {finding.rule for finding in medium.findings()}


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path, "1.50")


@pytest.fixture
def metadata_volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path, "2.60")


# What mkudffs makes

MEDIA = {
    "dvd": ("1.02", "1.50", "2.00", "2.01"),
    "dvdram": ("1.02", "1.50", "2.00", "2.01"),
    "hd": ("1.02", "1.50", "2.00", "2.01"),
    "dvdrw": ("1.50", "2.00", "2.01"),
    "cdrw": ("1.50", "2.00", "2.01"),
    "dvdr": ("1.50", "2.00", "2.01"),
    "cdr": ("1.50", "2.00", "2.01"),
    "bdr": ("2.50", "2.60"),
}
KINDS = {
    "dvdrw": ("sparable",),
    "cdrw": ("sparable",),
    "dvdr": ("physical", "virtual"),
    "cdr": ("physical", "virtual"),
    "bdr": ("physical", "virtual"),
}


@pytest.mark.parametrize("block", ["512", "2048", "4096"])
@pytest.mark.parametrize(("medium", "revision"), [(m, r) for m, rs in MEDIA.items() for r in rs])
def test_reads_what_mkudffs_made(
    tmp_path: Path, peer: Peer, medium: str, revision: str, block: str
) -> None:
    path = tmp_path / "t.img"
    with path.open("wb") as image:
        image.truncate(20_000_000)
    options = [f"--media-type={medium}", f"--udfrev={revision}", f"--blocksize={block}"]
    subprocess.run(
        [peer("mkudffs"), *options, "--label=OTHER", str(path)], check=True, capture_output=True
    )
    with open_medium(path) as opened:
        assert isinstance(opened, UdfMedium)
        assert (opened.kind, opened.label) == ("udf", "OTHER")
        assert opened.volume.revision == revision
        assert opened.volume.sector_size == int(block)
        assert opened.volume.partitions == KINDS.get(medium, ("physical",))
        assert list(opened.entries()) == []
        found = {f.rule for f in opened.findings()}
    # It lets only the owner write, and allows for more volumes of a set than one.
    assert {"UDF-INTERCHANGE", "UDF-PERMISSIONS-CHANGE"} <= found
    # An open write-once disc has one anchor; the named stream is that of the volume itself.
    assert found <= {
        "UDF-INTERCHANGE",
        "UDF-PERMISSIONS-CHANGE",
        "UDF-NAMED-STREAM",
        *(["UDF-ANCHOR"] if "virtual" in KINDS.get(medium, ()) else []),
        *(["UDF-SECTOR-SIZE"] if block != "2048" else []),
    }


def test_strategy_4096_is_said_not_to_be_read(tmp_path: Path, peer: Peer) -> None:
    path = tmp_path / "t.img"
    with path.open("wb") as image:
        image.truncate(20_000_000)
    subprocess.run(
        [peer("mkudffs"), "--strategy=4096", "--media-type=hd", str(path)],
        check=True,
        capture_output=True,
    )
    with pytest.raises(NotSupported, match="4096"):
        open_medium(path)


# Detours: virtual, sparable and metadata partitions


def make_virtual(volume: Volume, *, old: bool, swapped: bool = False) -> None:
    """Turn the metadata partition into a virtual one, as a disc written in packets has it."""
    logical = 440 + 6
    start, blocks = next(
        (s.offset // SECTOR, s.length // SECTOR)
        for s in volume.plan.structures
        if s.length > 10 * SECTOR and s.offset > PARTITION * SECTOR
    )
    for sector in volume.both_sequences():
        at = (sector + 3) * SECTOR + logical
        volume.data[at + 4 : at + 36] = b"\0*UDF Virtual Partition".ljust(32, b"\0")
        volume.data[at + 40 : at + 64] = bytes(24)
        volume.seal(sector + 3)
        pack_into("<I", volume.data, (sector + 2) * SECTOR + 192, 1 << 20)
        volume.seal(sector + 2)
    places = [start - PARTITION + n for n in range(blocks)]
    if swapped:  # A later version of the first blocks lies at the end.
        for n in range(6):
            old_at = (start + n) * SECTOR
            places[n] = len(volume.data) // SECTOR - PARTITION
            volume.data += volume.data[old_at : old_at + SECTOR]
            volume.data[old_at : old_at + SECTOR] = b"\xee" * SECTOR
    numbers = pack(f"<{len(places)}I", *places)
    if old:
        table = numbers + b"\0*UDF Virtual Alloc Tbl".ljust(32, b"\0") + pack("<I", 0xFFFFFFFF)
    else:
        table = pack("<HH", 152, 0).ljust(152, b"\0") + numbers
    # Its entry is the last block, and holds the table itself.
    sector = len(volume.data) // SECTOR
    block = bytearray(SECTOR)
    pack_into("<HH", block, 0, 261, 2)
    pack_into("<IHHH", block, 16, 0, 4, 0, 1)
    block[27] = 0 if old else 248
    pack_into("<H", block, 34, 3)
    pack_into("<Q", block, 56, len(table))
    pack_into("<I", block, 172, len(table))
    block[176 : 176 + len(table)] = table
    volume.data += block
    volume.seal(sector, sector - PARTITION, 160 + len(table))


@pytest.mark.parametrize("old", [True, False], ids=["1.50", "2.00"])
@pytest.mark.parametrize("padding", [0, 40])
def test_reads_through_a_virtual_allocation_table(
    metadata_volume: Volume, old: bool, padding: int
) -> None:
    make_virtual(metadata_volume, old=old, swapped=True)
    metadata_volume.data += bytes(padding * SECTOR)
    with metadata_volume.open() as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.volume.partitions == ("physical", "virtual")
        assert read_all(medium) == CONTENTS


def test_without_its_table_a_virtual_partition_is_an_error(metadata_volume: Volume) -> None:
    make_virtual(metadata_volume, old=False)
    del metadata_volume.data[-SECTOR:]
    with pytest.raises(CannotRead, match="no readable file set"):
        metadata_volume.open()


def test_reads_packets_that_were_moved_away(volume: Volume) -> None:
    packet = 32
    content = volume.plan.offsets[-1] // SECTOR - PARTITION
    moved = {0: 0, (content // packet + 2) * packet: 0}
    end = len(volume.data) // SECTOR
    for n, origin in enumerate(moved):
        moved[origin] = end + n * packet
        at = (PARTITION + origin) * SECTOR
        volume.data += volume.data[at : at + packet * SECTOR]
        volume.data[at : at + packet * SECTOR] = b"\xee" * packet * SECTOR
    table_at = len(volume.data) // SECTOR
    entries = [*sorted(moved.items()), (0xFFFFFFFF, 0), (0xFFFFFFF0, 0)]
    body = b"\0*UDF Sparing Table".ljust(32, b"\0") + pack("<HHI", len(entries), 0, 1)
    body += b"".join(pack("<II", *entry) for entry in entries)
    volume.data += (bytes(16) + body).ljust(SECTOR, b"\0")
    volume.seal(table_at, table_at, len(body))
    for sector in volume.both_sequences():
        at = (sector + 3) * SECTOR
        sparable = pack("<BBH", 2, 64, 0) + b"\0*UDF Sparable Partition".ljust(32, b"\0")
        sparable += pack("<HHHBBIII", 1, 0, packet, 2, 0, SECTOR, table_at + 999, table_at)
        volume.data[at + 440 : at + 504] = sparable.ljust(64, b"\0")
        pack_into("<II", volume.data, at + 264, 64, 1)
        volume.seal(sector + 3)
    with volume.open() as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.volume.partitions == ("sparable",)
        assert read_all(medium) == CONTENTS
        entry = medium.find(("ZZZ",))
        assert entry is not None
        assert len(entry.extents) == 4
        # Only the second of its tables can be read.
        assert "UDF-SPARING-TABLE" in {f.rule for f in medium.findings()}


def test_reads_by_the_mirror_where_the_metadata_file_is_damaged(metadata_volume: Volume) -> None:
    start = PARTITION * SECTOR
    metadata_volume.data[start : start + 64 * SECTOR] = bytes(64 * SECTOR)
    with metadata_volume.open() as medium:
        assert read_all(medium) == CONTENTS
        assert "UDF-METADATA" in {f.rule for f in medium.findings()}


def test_tells_that_the_mirror_is_another(metadata_volume: Volume) -> None:
    mirror = metadata_volume.plan.structures[-4].offset
    metadata_volume.data[mirror + 100] ^= 1
    assert metadata_volume.rules() == {"UDF-METADATA-MIRROR"}


# Damage


def test_reads_by_the_reserve_sequence(volume: Volume) -> None:
    for first, last in ((32, 48), (34, 35), (35, 36)):
        broken = bytearray(volume.data)
        broken[first * SECTOR : last * SECTOR] = b"\xee" * (last - first) * SECTOR
        volume.path.write_bytes(broken)
        with open_medium(volume.path) as medium:
            assert read_all(medium) == CONTENTS
            assert {f.rule for f in medium.findings()} == {"UDF-SEQUENCE"}


def test_one_anchor_is_enough_to_read(volume: Volume) -> None:
    last = len(volume.data) - SECTOR
    for at in (256 * SECTOR, last):
        broken = bytearray(volume.data)
        broken[at : at + SECTOR] = bytes(SECTOR)
        volume.path.write_bytes(broken)
        with open_medium(volume.path) as medium:
            assert read_all(medium) == CONTENTS
            assert {f.rule for f in medium.findings()} == {"UDF-ANCHOR"}


def test_without_anchors_it_says_so(volume: Volume) -> None:
    volume.data[256 * SECTOR : 257 * SECTOR] = bytes(SECTOR)
    del volume.data[-SECTOR:]
    with pytest.raises(CannotRead, match="anchor"):
        volume.open()


def test_a_damaged_directory_block_costs_only_its_own_records(tmp_path: Path) -> None:
    sources = [NamedSource((f"I{i:07}",), (b"%d" % i,), RECORDED) for i in range(200)]
    plan = lay_out_udf(planned_files(sources, None), label="T", recorded=RECORDED, revision="1.02")
    path = tmp_path / "t.udf"
    write_volume(plan, sources, path)
    data = bytearray(path.read_bytes())
    data[(PARTITION + 4) * SECTOR : (PARTITION + 5) * SECTOR] = b"\xee" * SECTOR
    path.write_bytes(data)
    with open_medium(path) as medium:
        assert 150 <= len(list(medium.entries())) < 170
        assert "UDF-DIRECTORY" in {f.rule for f in medium.findings()}


def test_a_file_that_is_cut_off_does_not_open(volume: Volume) -> None:
    del volume.data[volume.plan.offsets[-1] + SECTOR :]
    with volume.open() as medium:
        entry = medium.find(("ZZZ",))
        assert entry is not None
        assert entry.size == len(CONTENTS[("ZZZ",)])
        with pytest.raises(CannotRead):
            medium.open(entry)
        rules = {f.rule for f in medium.findings()}
    assert {"UDF-OUTSIDE", "UDF-TRUNCATED"} <= rules


# Forms of allocation


def describe(volume: Volume, name: str, form: int, descriptors: bytes, size: int) -> int:
    """Give the file *name* other allocation descriptors; return the sector of its entry."""
    sector = volume.entry_of(name)
    at = sector * SECTOR
    pack_into("<H", volume.data, at + 34, form)
    pack_into("<Q", volume.data, at + 56, size)
    pack_into("<I", volume.data, at + 172, len(descriptors))
    volume.data[at + 176 : at + 176 + len(descriptors)] = descriptors
    volume.seal(sector, length=160 + len(descriptors))
    return sector


def block_of(volume: Volume, number: int) -> int:
    return volume.plan.offsets[number] // SECTOR - PARTITION


def test_reads_content_in_several_runs_with_holes_in_any_form(volume: Volume) -> None:
    first, second = block_of(volume, 1), block_of(volume, 2)
    runs = [(0, SECTOR, second), (1, SECTOR, first), (2, 2 * SECTOR, 0), (0, 100, first)]
    expected = (
        CONTENTS["DICOM", "P1", "I2"][:SECTOR]
        + bytes(3 * SECTOR)
        + CONTENTS["DICOM", "P1", "I1"][:100]
    )
    forms = {
        0: b"".join(pack("<II", kind << 30 | n, b) for kind, n, b in runs),
        1: b"".join(pack("<IIH6x", kind << 30 | n, b, 0) for kind, n, b in runs),
        2: b"".join(pack("<IIIIH2x", kind << 30 | n, n, n, b, 0) for kind, n, b in runs),
    }
    for form, descriptors in forms.items():
        describe(volume, "ZZZ", form, descriptors, len(expected))
        with volume.open() as medium:
            entry = medium.find(("ZZZ",))
            assert entry is not None
            assert [offset < 0 for offset, _ in entry.extents] == [False, True, False]
            with medium.open(entry) as file:
                assert file.pread(file.size, 0) == expected
                assert file.pread(300, SECTOR - 100) == expected[SECTOR - 100 : SECTOR + 200]
            assert "UDF-UNRECORDED" in {f.rule for f in medium.findings()}


def test_takes_the_rest_of_the_last_block_where_a_file_grew_into_it(volume: Volume) -> None:
    start = block_of(volume, 4)
    describe(volume, "ZZZ", 0, pack("<II", SECTOR + 1000, start), 2 * SECTOR)
    with volume.open() as medium:
        assert read_all(medium)[("ZZZ",)] == CONTENTS[("ZZZ",)][: 2 * SECTOR]
        assert {f.rule for f in medium.findings()} == {"UDF-TAIL"}
    describe(volume, "ZZZ", 0, pack("<II", SECTOR + 1000, start), 2 * SECTOR + 1)
    assert volume.rules() == {"UDF-ALLOCATION"}


def test_reads_content_that_lies_in_its_entry(volume: Volume) -> None:
    describe(volume, "ZZZ", 3, b"in the entry", 12)
    with volume.open() as medium:
        assert read_all(medium)[("ZZZ",)] == b"in the entry"
        assert medium.findings() == []


def test_follows_allocation_descriptors_into_further_blocks(volume: Volume) -> None:
    content, start = CONTENTS[("ZZZ",)], block_of(volume, 4)
    # The file behind it has enough blocks to spare one for the descriptors.
    spare = block_of(volume, 2)
    describe(volume, "ZZZ", 0, pack("<IIII", SECTOR, start, 3 << 30 | SECTOR, spare), len(content))
    further = pack("<HHIIII", 258, 2, 0, 0, 0, 0) + pack("<I", 0)
    further = further[:20] + pack("<I", 8) + pack("<II", len(content) - SECTOR, start + 1)
    at = (PARTITION + spare) * SECTOR
    volume.data[at : at + SECTOR] = further.ljust(SECTOR, b"\0")
    volume.seal(PARTITION + spare, spare, 16)
    with volume.open() as medium:
        entry = medium.find(("ZZZ",))
        assert entry is not None
        assert entry.extents == ()  # Neighbours are one run.
        with medium.open(entry) as file:
            assert file.pread(file.size, 0) == content


def test_descriptors_that_lead_to_themselves_end(volume: Volume) -> None:
    spare = block_of(volume, 2)
    describe(volume, "ZZZ", 0, pack("<II", 3 << 30 | SECTOR, spare), 10**6)
    further = pack("<HHIIII", 258, 2, 0, 0, 0, 0) + pack("<I", 8)
    further += pack("<II", 3 << 30 | SECTOR, spare)
    at = (PARTITION + spare) * SECTOR
    volume.data[at : at + SECTOR] = further.ljust(SECTOR, b"\0")
    volume.seal(PARTITION + spare, spare, 16)
    with volume.open() as medium:
        entry = medium.find(("ZZZ",))
        assert entry is not None
        with pytest.raises(CannotRead):
            medium.open(entry)
        assert "UDF-ALLOCATION" in {f.rule for f in medium.findings()}


# Records


def mark(volume: Volume, name: str, characteristics: int) -> None:
    at = volume.record_of(name)
    volume.data[at + 18] = characteristics
    length = (38 + volume.data[at + 19] + 3) & ~3
    pack_into("<H", volume.data, at + 8, crc_hqx(bytes(volume.data[at + 16 : at + length]), 0))
    volume.data[at + 4] = 0
    volume.data[at + 4] = sum(volume.data[at : at + 16]) & 0xFF


def test_deleted_files_are_gone_and_hidden_ones_are_told(volume: Volume) -> None:
    mark(volume, "ZZZ", 4)
    mark(volume, "README.TXT", 1)
    with volume.open() as medium:
        assert set(read_all(medium)) == set(CONTENTS) - {("ZZZ",)}
        assert {f.rule for f in medium.findings()} == {"UDF-HIDDEN", "UDF-COUNTS"}


def test_symbolic_links_are_told_and_left_out(volume: Volume) -> None:
    sector = volume.entry_of("ZZZ")
    volume.data[sector * SECTOR + 27] = 12
    volume.seal(sector)
    with volume.open() as medium:
        assert set(read_all(medium)) == set(CONTENTS) - {("ZZZ",)}
        assert {f.rule for f in medium.findings()} == {"UDF-SYMBOLIC-LINK"}


def test_finds_a_file_under_what_foreign_media_call_it(volume: Volume) -> None:
    with volume.open() as medium:
        for asked in ("DICOMDIR", "dicomdir", "DICOMDIR.;1", "DICOMDIR."):
            assert (medium.find((asked,)) is not None) == (asked == "DICOMDIR")
            found = medium.find_tolerant((asked,))
            assert found is not None
            assert found.name == ("DICOMDIR",)
        assert medium.find_tolerant(("README",)) is not None
