"""Every rule for ISO 9660 volumes: a good image broken in one place breaks that rule alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into

import pytest

from drivers import open_image
from media import (
    NamedSource,
    open_medium,
    write_iso9660,
)
from media.iso9660 import check_records as iso9660_check_records
from media.iso9660 import volume as iso9660_volume
from media.iso9660.check import check_volume
from media.iso9660.records import (
    SECTOR,
    Iso9660Record,
    Malformed,
    parse_directory,
    parse_numbers,
)
from media.iso9660.rules import RULES
from reporting import CannotRead, Severity

PVD = 16 * SECTOR


class Breakable:
    """An image that can be changed in named places."""

    def __init__(self, image: bytes) -> None:
        self.data = bytearray(image)

    def directory(self, block: int) -> list[Iso9660Record]:
        at = block * SECTOR
        records = list(parse_directory(bytes(self.data[at : at + SECTOR]), at))
        return [r for r in records if not isinstance(r, Malformed)]

    @property
    def root(self) -> int:
        return int.from_bytes(self.data[PVD + 158 : PVD + 162], "little")

    def record(self, *path: bytes) -> Iso9660Record:
        block = self.root
        for part in path:
            found = next(r for r in self.directory(block) if r.identifier == part)
            block = found.extent
        return found

    def set_extent(self, record: Iso9660Record, block: int) -> None:
        self.both(record.at + 2, block)

    def set_size(self, record: Iso9660Record, size: int) -> None:
        self.both(record.at + 10, size)

    def both(self, at: int, value: int) -> None:
        pack_into("<I", self.data, at, value)
        pack_into(">I", self.data, at + 4, value)

    def rename(self, record: Iso9660Record, identifier: bytes) -> None:
        assert len(identifier) == len(record.identifier)
        self.data[record.at + 33 : record.at + 33 + len(identifier)] = identifier

    def flag(self, record: Iso9660Record, flag: int) -> None:
        self.data[record.at + 25] |= flag

    def append_record(self, block: int, record: bytes) -> None:
        last = self.directory(block)[-1]
        at = last.at + self.data[last.at]
        self.data[at : at + len(record)] = record

    def path_table(self, *, big: bool) -> int:
        return parse_numbers(bytes(self.data[PVD : PVD + SECTOR]))[big].path_table * SECTOR

    def descriptor(self, content: bytes) -> None:
        """Put a descriptor between the primary one and the terminator, which moves on."""
        self.data[PVD + 2 * SECTOR : PVD + 3 * SECTOR] = self.data[PVD + SECTOR : PVD + 2 * SECTOR]
        self.data[PVD + SECTOR : PVD + 2 * SECTOR] = content.ljust(SECTOR, b"\0")


I1 = (b"DICOM", b"P1", b"I1.;1")
I2 = (b"DICOM", b"P1", b"I2.;1")
LAST = (b"ZZZ.;1",)


def one_byte(at: int, value: int) -> Callable[[Breakable], None]:
    def break_it(image: Breakable) -> None:
        image.data[at] = value

    return break_it


def in_last_record(at: int, value: int) -> Callable[[Breakable], None]:
    def break_it(image: Breakable) -> None:
        image.data[image.record(*LAST).at + at] = value

    return break_it


def no_terminator(image: Breakable) -> None:
    image.data[PVD + SECTOR + 1 : PVD + SECTOR + 6] = b"XXXXX"


def strange_block_size(image: Breakable) -> None:
    image.data[PVD + 128 : PVD + 132] = bytes((0xB8, 0x0B, 0x0B, 0xB8))


def record_with_two_sizes(image: Breakable) -> None:
    image.data[image.record(*I1).at + 17] ^= 1


def folder_with_two_extents(image: Breakable) -> None:
    image.data[image.record(b"DICOM").at + 9] ^= 1


def system_linux(image: Breakable) -> None:
    image.data[PVD + 8 : PVD + 13] = b"LINUX"


def cut_off(image: Breakable) -> None:
    del image.data[-SECTOR:]


def run_on(image: Breakable) -> None:
    image.data += bytes(SECTOR)


def path_table_l_wrong_extent(image: Breakable) -> None:
    image.data[image.path_table(big=False) + 10 + 2] ^= 1


def path_table_m_wrong_parent(image: Breakable) -> None:
    image.data[image.path_table(big=True) + 10 + 7] = 3


def path_table_l_with_endless_name(image: Breakable) -> None:
    image.data[image.path_table(big=False) + 10] = 0


def folder_in_a_loop(image: Breakable) -> None:
    record = image.record(*LAST)
    image.rename(record, b"ZZZAAA")
    image.flag(record, 2)
    image.set_extent(record, image.root)
    image.set_size(record, SECTOR)


def folder_of_a_broken_size(image: Breakable) -> None:
    leaf = image.record(b"LEAF")
    for record in (leaf, image.directory(leaf.extent)[0]):
        image.set_size(record, 1000)


def short_record(image: Breakable) -> None:
    image.append_record(image.root, bytes((20,)) + b"x" * 19)


def record_without_name(image: Breakable) -> None:
    image.append_record(image.root, bytes((40,)) + bytes(39))


def self_record_elsewhere(image: Breakable) -> None:
    own = image.directory(image.record(b"DICOM").extent)[0]
    image.set_extent(own, own.extent + 1)


def parent_record_elsewhere(image: Breakable) -> None:
    above = image.directory(image.record(b"DICOM", b"P1").extent)[1]
    image.set_extent(above, above.extent + 1)


def parent_record_of_another_size(image: Breakable) -> None:
    image.set_size(image.directory(image.record(b"DICOM", b"P1").extent)[1], 2 * SECTOR)


def swapped(image: Breakable) -> None:
    first, second = image.record(*I1), image.record(*I2)
    image.rename(first, b"I2.;1")
    image.rename(second, b"I1.;1")


def lower_case(image: Breakable) -> None:
    image.rename(image.record(b"README.TXT;1"), b"READMe.TXT;1")


def control_character(image: Breakable) -> None:
    image.rename(image.record(*LAST), b"ZZ\x9b.;1")


def lower_case_folder(image: Breakable) -> None:
    image.rename(image.record(b"LEAF"), b"LEAf")
    for big in (False, True):
        at = image.data.index(b"LEAF", image.path_table(big=big))
        image.data[at : at + 4] = b"LEAf"


def version_two(image: Breakable) -> None:
    image.rename(image.record(*LAST), b"ZZZ.;2")


def no_version(image: Breakable) -> None:
    image.rename(image.record(*LAST), b"ZZZ.ZZ")


def no_dot(image: Breakable) -> None:
    image.rename(image.record(*LAST), b"ZZZZ;1")


def same_name(image: Breakable) -> None:
    image.rename(image.record(*I2), b"I1.;1")


def extended_attributes(image: Breakable) -> None:
    image.data[image.record(*LAST).at + 1] = 1


def unreadable_for_others(image: Breakable) -> None:
    """An extended attribute record in front of the content, whose permissions count."""
    last = image.record(*LAST)
    image.data[last.at + 1] = 1
    image.flag(last, 16)
    image.data[last.extent * SECTOR + 8 : last.extent * SECTOR + 10] = b"\xba\xaa"


def readable_for_all(image: Breakable) -> None:
    unreadable_for_others(image)
    last = image.record(*LAST)
    image.data[last.extent * SECTOR + 8 : last.extent * SECTOR + 10] = b"\xaa\xaa"


def no_date(image: Breakable) -> None:
    at = image.record(*LAST).at + 18
    image.data[at : at + 7] = bytes(7)


def longer_name(image: Breakable) -> None:
    """The last record is the last of its folder, so that it can grow."""
    last = image.directory(image.root)[-1]
    name = b"ZZZZZZZZZ.;1"
    record = image.data[last.at : last.at + 33] + name + b"\0"
    record[0], record[32] = len(record), len(name)
    image.data[last.at : last.at + len(record)] = record


def beyond_the_volume(image: Breakable) -> None:
    last = image.record(*LAST)
    image.both(PVD + 80, last.extent)


def no_date_of_the_volume(image: Breakable) -> None:
    image.data[PVD + 813 : PVD + 830] = b"2026130105060700\0"


def beyond_the_end(image: Breakable) -> None:
    image.set_size(image.record(*LAST), 10_000_000)


def on_top_of_another(image: Breakable) -> None:
    image.set_extent(image.record(*I2), image.record(*I1).extent + 1)


def on_top_of_a_directory(image: Breakable) -> None:
    # Not quite at its place: there it would be taken for a shared one.
    image.set_size(image.record(*LAST), 100)
    image.set_extent(image.record(*LAST), image.root)


def shared(image: Breakable) -> None:
    first, second = image.record(*I1), image.record(*I2)
    image.set_extent(second, first.extent)
    image.set_size(second, first.size)


def rock_ridge(image: Breakable) -> None:
    last = image.directory(image.root)[-1]
    image.data[last.at] += 8
    at = last.at + 33 + len(last.identifier) + 1
    image.data[at : at + 8] = b"NM\x08\x01\x00zzz"


def joliet(image: Breakable) -> None:
    image.descriptor(b"\x02CD001\x01".ljust(88, b"\0") + b"%/E")


def boot(image: Breakable) -> None:
    image.descriptor(b"\x00CD001\x01EL TORITO SPECIFICATION")


def udf(image: Breakable) -> None:
    image.data[PVD + 2 * SECTOR : PVD + 2 * SECTOR + 7] = b"\x00NSR02\x01"


def nine_levels(image: Breakable) -> None:
    """Turn the last file into a folder, with a chain of folders below it in the padding."""
    chain = [b"ZZZAAA", *(bytes((c,)) for c in b"BCDEFGHI")]
    block, above = len(image.data) // SECTOR - 10, image.root
    last = image.record(*LAST)
    image.rename(last, chain[0])
    image.flag(last, 2)
    image.set_extent(last, block)
    image.set_size(last, SECTOR)
    for depth in range(len(chain)):
        here = block + depth
        content = folder_content(here, above, chain[depth + 1 : depth + 2])
        image.data[here * SECTOR : (here + 1) * SECTOR] = content
        above = here
    write_path_tables(image)


def folder_content(here: int, above: int, children: list[bytes]) -> bytes:
    records = [folder_record(b"\0", here), folder_record(b"\1", above)]
    records += [folder_record(child, here + 1) for child in children]
    return b"".join(records).ljust(SECTOR, b"\0")


def folder_record(name: bytes, block: int) -> bytes:
    record = bytearray(33 + len(name) + 1 - len(name) % 2)
    record[0] = len(record)
    pack_into("<I", record, 2, block)
    pack_into(">I", record, 6, block)
    pack_into("<I", record, 10, SECTOR)
    pack_into(">I", record, 14, SECTOR)
    record[18:25] = bytes((126, 1, 1, 0, 0, 0, 0))
    record[25] = 2
    record[28:32] = b"\1\0\0\1"
    record[32] = len(name)
    record[33 : 33 + len(name)] = name
    return bytes(record)


def write_path_tables(image: Breakable) -> None:
    """Make both path tables anew from the directories."""
    listed: list[tuple[bytes, int, int]] = [(b"\0", image.root, 1)]
    for number, (_, extent, _) in enumerate(listed, 1):
        listed += [
            (r.identifier, r.extent, number)
            for r in image.directory(extent)
            if r.flags & 2 and r.identifier not in (b"\0", b"\1")
        ]
    for big, order in ((False, "little"), (True, "big")):
        table = b"".join(
            bytes((len(name), 0))
            + extent.to_bytes(4, order)  # type: ignore[arg-type]
            + parent.to_bytes(2, order)  # type: ignore[arg-type]
            + name
            + b"\0" * (len(name) % 2)
            for name, extent, parent in listed
        )
        at = image.path_table(big=big)
        image.data[at : at + len(table)] = table
    image.both(PVD + 132, len(table))


CASES: list[tuple[str, Callable[[Breakable], None]]] = [
    ("ISO-DESCRIPTOR-VERSION", one_byte(PVD + 6, 2)),
    ("ISO-DESCRIPTOR-VERSION", one_byte(PVD + 881, 0)),
    ("ISO-TERMINATOR", no_terminator),
    ("ISO-BLOCK-SIZE", strange_block_size),
    ("ISO-BOTH-ORDERS", one_byte(PVD + 87, 1)),
    ("ISO-BOTH-ORDERS", one_byte(PVD + 127, 9)),
    ("ISO-BOTH-ORDERS", one_byte(PVD + 156 + 9, 99)),
    ("ISO-BOTH-ORDERS", record_with_two_sizes),
    ("ISO-BOTH-ORDERS", folder_with_two_extents),
    ("ISO-SYSTEM-IDENTIFIER", system_linux),
    ("ISO-VOLUME-IDENTIFIER", one_byte(PVD + 40, ord("s"))),
    ("ISO-VOLUME-DATE", no_date_of_the_volume),
    ("ISO-VOLUME-DATE", one_byte(PVD + 813 + 16, 99)),
    ("ISO-TRUNCATED", cut_off),
    ("ISO-LONGER", run_on),
    ("ISO-PATH-TABLE-L", path_table_l_wrong_extent),
    ("ISO-PATH-TABLE-L", path_table_l_with_endless_name),
    ("ISO-PATH-TABLE-M", path_table_m_wrong_parent),
    ("ISO-DIRECTORY-LOOP", folder_in_a_loop),
    ("ISO-DIRECTORY-SIZE", folder_of_a_broken_size),
    ("ISO-RECORD", short_record),
    ("ISO-RECORD", record_without_name),
    ("ISO-SELF-RECORDS", self_record_elsewhere),
    ("ISO-SELF-RECORDS", parent_record_elsewhere),
    ("ISO-SELF-RECORDS", parent_record_of_another_size),
    ("ISO-ORDER", swapped),
    ("ISO-NAME", lower_case),
    ("ISO-NAME", control_character),
    ("ISO-NAME", lower_case_folder),
    ("ISO-NAME-LEVEL", longer_name),
    ("ISO-NAME-VERSION", version_two),
    ("ISO-NAME-VERSION", no_version),
    ("ISO-NAME-DOT", no_dot),
    ("ISO-NAME-DUPLICATE", same_name),
    ("ISO-DEPTH", nine_levels),
    ("ISO-EXTENDED-ATTRIBUTES", extended_attributes),
    ("ISO-RECORD-FORMAT", in_last_record(25, 8)),
    ("ISO-PROTECTION", in_last_record(25, 16)),
    ("ISO-HIDDEN", in_last_record(25, 1)),
    ("ISO-ASSOCIATED", in_last_record(25, 4)),
    ("ISO-EXTENT-MISSING", in_last_record(25, 128)),
    ("ISO-INTERLEAVE", in_last_record(26, 1)),
    ("ISO-DATE-MISSING", no_date),
    ("ISO-DATE", in_last_record(19, 0)),
    ("ISO-DATE", in_last_record(20, 32)),
    ("ISO-DATE", in_last_record(24, 60)),
    ("ISO-OUTSIDE", beyond_the_end),
    ("ISO-OVERLAP", on_top_of_another),
    ("ISO-OVERLAP", on_top_of_a_directory),
    ("ISO-SHARED", shared),
    ("ISO-ROCK-RIDGE", rock_ridge),
    ("ISO-JOLIET", joliet),
    ("ISO-BOOT", boot),
    ("ISO-UDF", udf),
]
# Tested below
ELSEWHERE = {
    "ISO-DIRECTORY-UNREADABLE",
    "ISO-MULTI-EXTENT",
    "ISO-OUTSIDE-VOLUME",
    "ISO-PATH-LENGTH",
    "ISO-PERMISSIONS",
    "ISO-SESSION-BROKEN",  # with others of sessions
    "ISO-TOO-MANY",
}
OF_A_CD = {
    "ISO-DATE-MISSING",
    "ISO-EXTENDED-ATTRIBUTES",
    "ISO-MULTI-EXTENT",
    "ISO-NAME-LEVEL",
    "ISO-PROTECTION",
    "ISO-RECORD-FORMAT",
    "ISO-SYSTEM-IDENTIFIER",
}


def rules_broken(image: bytes, folder: Path, demands: str | None = "cd") -> set[str]:
    path = folder / "broken.iso"
    path.write_bytes(image)
    with open_medium(path) as medium:
        return {finding.rule for finding in medium.findings(demands)}


@pytest.mark.parametrize(("rule", "break_it"), CASES, ids=lambda v: getattr(v, "__name__", v))
def test_one_break_is_one_rule(
    rule: str, break_it: Callable[[Breakable], None], small_image: bytes, tmp_path: Path
) -> None:
    image = Breakable(small_image)
    break_it(image)
    assert bytes(image.data) != small_image
    # Who says that there is UDF as well, and has none, hides something or is damaged.
    also = {"UDF-BRIDGE-UNREADABLE"} if rule == "ISO-UDF" else set()
    elsewhere = set() if rule in OF_A_CD else {rule} | also
    if rule == "ISO-EXTENT-MISSING":
        also = {"ISO-MULTI-EXTENT"}
    assert rules_broken(bytes(image.data), tmp_path) == {rule} | also
    assert rules_broken(bytes(image.data), tmp_path, None) == elsewhere
    assert rules_broken(bytes(image.data), tmp_path, "dvd") == elsewhere


@pytest.mark.parametrize(
    ("break_it", "cd", "dvd"),
    [
        (unreadable_for_others, {"ISO-EXTENDED-ATTRIBUTES", "ISO-PROTECTION"}, {"ISO-PERMISSIONS"}),
        (readable_for_all, {"ISO-EXTENDED-ATTRIBUTES", "ISO-PROTECTION"}, set()),
    ],
)
def test_a_dvd_may_have_extended_attributes_that_let_everybody_read(
    break_it: Callable[[Breakable], None],
    cd: set[str],
    dvd: set[str],
    small_image: bytes,
    tmp_path: Path,
) -> None:
    image = Breakable(small_image)
    break_it(image)
    assert rules_broken(bytes(image.data), tmp_path, "cd") == cd
    assert rules_broken(bytes(image.data), tmp_path, "dvd") == dvd
    assert rules_broken(bytes(image.data), tmp_path, None) == set()


def test_a_file_behind_the_end_of_its_volume_is_told(small_image: bytes, tmp_path: Path) -> None:
    image = Breakable(small_image)
    beyond_the_volume(image)
    assert rules_broken(bytes(image.data), tmp_path) == {"ISO-OUTSIDE-VOLUME", "ISO-LONGER"}


def test_the_image_that_is_broken_was_good(small_image: bytes, tmp_path: Path) -> None:
    assert rules_broken(small_image, tmp_path) == set()


def test_a_cd_i_bridge_is_allowed(small_image: bytes, tmp_path: Path) -> None:
    image = Breakable(small_image)
    image.data[PVD + 8 : PVD + 40] = b"CD-RTOS CD-BRIDGE".ljust(32)
    assert rules_broken(bytes(image.data), tmp_path) == set()


def test_every_rule_is_tested_and_says_what_an_operator_needs() -> None:
    assert {rule.id for rule in RULES} == {rule for rule, _ in CASES} | ELSEWHERE
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id.startswith("ISO-")
        assert rule.meaning
        assert rule.remedy
        assert rule.reference == "Filmjacket" or rule.reference.startswith(("PS3.12 ", "ECMA-119 "))


class Scratched:
    """An image with one sector that cannot be read."""

    def __init__(self, image: bytes, bad: int) -> None:
        self._image, self._bad, self.size = image, bad, len(image)

    def pread(self, length: int, offset: int) -> bytes:
        if offset <= self._bad < offset + length:
            raise CannotRead("scratched", f"byte {offset}", "Clean it")
        return self._image[offset : offset + length]


def test_a_scratch_in_a_folder_costs_that_folder_and_no_more(small_image: bytes) -> None:
    leaf = Breakable(small_image).record(b"LEAF").extent
    reader = Scratched(small_image, leaf * SECTOR + 5)
    volume = iso9660_volume.read_volume(reader)
    assert volume is not None
    assert len(volume.files) == 5
    findings = check_volume(volume, reader)
    assert [(f.rule, f.where) for f in findings] == [("ISO-DIRECTORY-UNREADABLE", "/LEAF")]


def test_stops_at_more_records_than_any_medium_has(
    small_image: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iso9660_volume, "_MOST_RECORDS", 16)
    assert rules_broken(small_image, tmp_path) == {"ISO-TOO-MANY"}


def test_notes_paths_that_are_too_long(
    small_image: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iso9660_check_records, "MAXIMUM_PATH", len("/DICOM/P1/I1.;1") - 1)
    assert rules_broken(small_image, tmp_path) == {"ISO-PATH-LENGTH"}


def test_a_hundred_findings_of_a_kind_are_enough(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sources = [NamedSource((f"I{n}",), (b"x",), now) for n in range(150)]
    write_iso9660(sources, tmp_path / "t.iso", volume_identifier="", recorded=now)
    data = (tmp_path / "t.iso").read_bytes().replace(b".;1", b".;2")
    (tmp_path / "t.iso").write_bytes(data)
    with open_medium(tmp_path / "t.iso") as medium:
        findings = medium.findings()
    assert len(findings) == 101
    assert findings[-1].message == "and 50 more of this kind"


def test_findings_never_steer_a_terminal(small_image: bytes, tmp_path: Path) -> None:
    image = Breakable(small_image)
    image.rename(image.record(*LAST), b"Z\x1b[;1H")
    (tmp_path / "t.iso").write_bytes(image.data)
    with open_medium(tmp_path / "t.iso") as medium:
        findings = medium.findings()
    assert findings
    assert all(f.where.isprintable() and f.message.isprintable() for f in findings)


def test_errors_are_what_the_standard_forbids() -> None:
    notes = {rule.id for rule in RULES if rule.severity is Severity.NOTE}
    assert notes == {
        *("ISO-LONGER", "ISO-SHARED", "ISO-ROCK-RIDGE", "ISO-JOLIET", "ISO-UDF", "ISO-BOOT"),
    }


def test_a_broken_image_still_opens_as_an_image(small_image: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.iso").write_bytes(small_image[: 22 * SECTOR])
    with open_image(tmp_path / "t.iso") as image:
        assert iso9660_volume.read_volume(image) is not None
