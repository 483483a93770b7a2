"""DICOMDIRs of every maker, of none, and of people who mean harm."""

import contextlib
import random
import re
import struct
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import dicomdir.read
from dicomdir.elements import encode_element, encode_item
from dicomdir.encode import encode_dicomdir
from dicomdir.file_ids import departure_of, is_legal_file_id, located
from dicomdir.file_meta import encode_file_meta
from dicomdir.foreign_syntax import EXPLICIT_BIG, IMPLICIT_LITTLE
from dicomdir.read import DirectoryRead, DirectoryTooLarge, NotADirectory, read_directory
from dicomdir.record import Directory, DirectoryRecord

WHEEL = ["DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-reordered"]
SHARED = [
    *("dcmswift/DICOMDIR/DICOMDIR1.dicomdir", "nema-wg04-compsamples/DICOMDIR"),
    *("toolmade/dcmtk-charsets/DICOMDIR", "toolmade/dicom3tools-mixed/DICOMDIR"),
    *("toolmade/gdcm-series/DICOMDIR", "dicomkit/syn-dicomdir"),
    *("philips-brconn-dirfile/DICOMDIR", "philips-brconn-dirfile/S21570/DIRFILE"),
    "philips-brconn-dirfile/S21570/S2020/DIRFILE",
    *("pydicom/dicomdirtests/TINY_ALPHA/DICOMDIR", "pydicom/dicomdirtests/DICOMDIR-empty.dcm"),
]

# The headers of (0004,1400), (0004,1420), (0004,1200) and (0004,1202).
LINKS = re.compile(rb"\x04\0(?:[\0\x20]\x14|[\0\x02]\x12)UL\x04\0", re.DOTALL)


def walk(read: DirectoryRead) -> Iterator[tuple[int, DirectoryRecord]]:
    """Yield depth and record of the whole tree, parents first."""
    stack = [(0, record) for record in reversed(read.directory.records)]
    while stack:
        depth, record = stack.pop()
        yield depth, record
        stack += [(depth + 1, child) for child in reversed(record.children)]


def outline(read: DirectoryRead) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(depth, r.record_type, r.file_id) for depth, r in walk(read)]


def rules(read: DirectoryRead) -> set[str]:
    return {problem.rule for problem in read.problems}


def wheel(files: list[Path], name: str) -> bytes:
    return next(p for p in files if p.as_posix().endswith("dicomdirtests/" + name)).read_bytes()


def as_pydicom(data: bytes) -> Any:
    from io import BytesIO

    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(BytesIO(data), force=True)


def same_keys(record: DirectoryRecord, item: Any) -> bool:
    """Compare our encoded keys with what pydicom makes of the original."""
    import pydicom
    from pydicom.filebase import DicomBytesIO
    from pydicom.filereader import read_dataset

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = read_dataset(DicomBytesIO(record.keys), False, True)
        theirs = pydicom.Dataset()
        for element in item:
            if element.tag.group != 4:
                theirs.add(element)
        # Nested data sets know their encoding: compare what they hold.
        return str(ours) == str(theirs) and set(ours.keys()) == set(theirs.keys())


def pydicom_outline(dataset: Any) -> list[tuple[int, str, tuple[str, ...]]]:
    """Follow the offsets with another library, and without any tolerance."""
    items = {item.seq_item_tell: item for item in dataset.DirectoryRecordSequence}
    first = dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity
    found, stack = [], [(0, first)]
    while stack:
        depth, offset = stack.pop()
        if not offset:
            continue
        item = items[offset]
        name = item.get("ReferencedFileID") or ()
        name = (name,) if isinstance(name, str) else tuple(name)
        found.append((depth, item.DirectoryRecordType, name))
        stack.append((depth, item.OffsetOfTheNextDirectoryRecord))
        stack.append((depth + 1, item.OffsetOfReferencedLowerLevelDirectoryEntity))
    return found


@pytest.mark.parametrize("name", WHEEL)
def test_the_tree_is_the_one_that_pydicom_sees(pydicom_files: list[Path], name: str) -> None:
    data = wheel(pydicom_files, name)
    read, dataset = read_directory(data), as_pydicom(data)
    assert outline(read) == pydicom_outline(dataset)
    assert read.directory.file_set_uid == dataset.file_meta.MediaStorageSOPInstanceUID
    assert read.directory.file_set_id == dataset.FileSetID
    for raw, item in zip(read.raw, dataset.DirectoryRecordSequence, strict=True):
        assert raw.offset == item.seq_item_tell
        assert same_keys(raw.record, item)


@pytest.mark.parametrize("name", SHARED)
def test_records_of_other_makers_are_those_that_pydicom_sees(shared_data: Path, name: str) -> None:
    data = (shared_data / name).read_bytes()
    read, dataset = read_directory(data), as_pydicom(data)
    items = dataset.DirectoryRecordSequence or []
    for raw, item in zip(read.raw, items, strict=True):
        assert raw.record.record_type == item.DirectoryRecordType
        assert raw.record.sop_instance_uid == item.get("ReferencedSOPInstanceUIDInFile", "")
        assert same_keys(raw.record, item)
    if dataset.get("OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity"):
        assert outline(read) == pydicom_outline(dataset)
    assert len(list(walk(read))) == len(items)


@pytest.mark.parametrize("name", SHARED[:5])
def test_records_are_where_dcmdump_finds_them(
    shared_data: Path, peer: Callable[[str], str], name: str
) -> None:
    dump = subprocess.run(
        [peer("dcmdump"), shared_data / name], capture_output=True, check=True
    ).stdout.decode("latin-1")
    offsets = re.findall(r'"Directory Record" ([A-Z ]+?) #=.*\n *#  offset=\$(\d+)', dump)
    read = read_directory((shared_data / name).read_bytes())
    assert [(r.record.record_type, str(r.offset)) for r in read.raw] == offsets


def test_other_encodings_give_the_same_directory(pydicom_files: list[Path]) -> None:
    good = read_directory(wheel(pydicom_files, "DICOMDIR"))
    assert good.problems == ()
    for name, syntax in (
        ("DICOMDIR-implicit", IMPLICIT_LITTLE.uid),
        ("DICOMDIR-bigEnd", EXPLICIT_BIG.uid),
    ):
        read = read_directory(wheel(pydicom_files, name))
        assert read.transfer_syntax == syntax
        assert rules(read) == {"DIR-TRANSFER-SYNTAX"}
        assert [(d, r.keys, r.file_id) for d, r in walk(read)] == [
            (d, r.keys, r.file_id) for d, r in walk(good)
        ]


def test_what_is_read_can_be_written_and_is_the_same(shared_data: Path) -> None:
    for name in SHARED:
        first = read_directory((shared_data / name).read_bytes())
        second = read_directory(encode_dicomdir(first.directory))
        assert second.directory == first.directory, name


def test_records_without_links_are_put_together_by_order_and_type(
    pydicom_files: list[Path],
) -> None:
    data = wheel(pydicom_files, "DICOMDIR")
    good = read_directory(data)
    damaged = bytearray(data)
    for tag in (b"\4\0\0\x14UL\4\0", b"\4\0\x20\x14UL\4\0", b"\4\0\0\x12UL\4\0"):
        for match in re.finditer(re.escape(tag), data):
            damaged[match.end() : match.end() + 4] = bytes(4)
    read = read_directory(bytes(damaged))
    assert outline(read) == outline(good)
    assert rules(read) == {"DIR-NO-OFFSETS"}


def test_links_that_are_wrong_by_a_constant_are_corrected(pydicom_files: list[Path]) -> None:
    data = wheel(pydicom_files, "DICOMDIR")
    for shift in (-132, -128, 8, 12, -396, 100_000):
        read = read_directory(_shifted(data, shift))
        assert outline(read) == outline(read_directory(data)), shift
        assert rules(read) == {"DIR-OFFSETS-SHIFTED"}


def _shifted(data: bytes, by: int) -> bytes:
    out = bytearray(data)
    for match in LINKS.finditer(data):
        (offset,) = struct.unpack_from("<I", data, match.end())
        if offset:
            struct.pack_into("<I", out, match.end(), offset + by)
    return bytes(out)


def test_a_directory_without_preamble_or_without_meta_is_read(pydicom_files: list[Path]) -> None:
    data = wheel(pydicom_files, "DICOMDIR")
    good = read_directory(data)
    for cut in (128, 132, good.meta.end):
        read = read_directory(data[cut:])
        assert outline(read) == outline(good)
        assert "DIR-OFFSETS-SHIFTED" in rules(read)


def test_no_record_that_names_a_file_is_lost_to_wrong_links(pydicom_files: list[Path]) -> None:
    data = wheel(pydicom_files, "DICOMDIR")
    good = read_directory(data)
    offsets = [0, 1, 2**32 - 1, *(raw.offset for raw in good.raw)]
    places = [m.end() for m in LINKS.finditer(data)]
    names = sorted(raw.record.file_id for raw in good.raw if raw.record.file_id)
    for seed in range(300):
        chance = random.Random(seed)  # noqa: S311 (repeatable damage, no secret)
        damaged = bytearray(data)
        for place in chance.sample(places, chance.randint(1, len(places))):
            struct.pack_into("<I", damaged, place, chance.choice(offsets))
        read = read_directory(bytes(damaged))
        found = [record for _, record in walk(read)]
        assert len(found) == len({id(record) for record in found}) == len(good.raw), seed
        assert sorted(r.file_id for r in found if r.file_id) == names


def test_what_is_there_of_a_truncated_directory_is_returned(pydicom_files: list[Path]) -> None:
    data = wheel(pydicom_files, "DICOMDIR")
    before = 0
    for length in range(400, len(data), 97):
        read = read_directory(data[:length])
        assert rules(read) >= {"DIR-TRUNCATED"}
        assert before <= len(read.raw) == len(list(walk(read)))
        before = len(read.raw)
    assert before == 52


def test_random_damage_ends_in_a_tree_or_a_typed_error(
    pydicom_files: list[Path], shared_data: Path
) -> None:
    sources = [wheel(pydicom_files, name) for name in WHEEL]
    sources.append((shared_data / "toolmade" / "gdcm-series" / "DICOMDIR").read_bytes())
    for seed in range(400):
        chance = random.Random(seed)  # noqa: S311 (repeatable damage, no secret)
        damaged = bytearray(chance.choice(sources))
        for _ in range(chance.choice((1, 3, 30))):
            at = chance.randrange(len(damaged))
            kind = chance.randrange(3)
            if kind == 0:
                damaged[at] = chance.randrange(256)
            elif kind == 1:
                damaged[at : at + 4] = b"\xff\xff\xff\xff"
            else:
                del damaged[at : at + chance.randrange(1, 40)]
        try:
            read = read_directory(bytes(damaged))
        except NotADirectory:
            continue
        assert len(list(walk(read))) == len({id(record) for _, record in walk(read)})
        encode_dicomdir(read.directory)


def test_the_legacy_tree_of_nested_directories_is_read(shared_data: Path) -> None:
    root = shared_data / "philips-brconn-dirfile"
    top = read_directory((root / "DICOMDIR").read_bytes())
    assert outline(top) == [
        (0, "STUDY", ("S21610", "DIRFILE")),
        (0, "STUDY", ("S21570", "DIRFILE")),
    ]
    assert "DIR-NO-OFFSETS" in rules(top)
    images = 0
    for _, study in walk(top):
        for _, series in walk(read_directory(root.joinpath(*study.file_id).read_bytes())):
            if root.joinpath(*series.file_id).exists():
                lower = read_directory(root.joinpath(*series.file_id).read_bytes())
                assert {r.record_type for _, r in walk(lower)} == {"IMAGE"}
                images += len(lower.raw)
    assert images == 1 + 28 + 140 + 140 + 6


def test_a_record_of_unknown_type_and_what_is_below_it_are_kept(
    pydicom_files: list[Path],
) -> None:
    read = read_directory(wheel(pydicom_files, "DICOMDIR-nopatient"))
    assert {record.record_type for record in read.directory.records} == {"UNKNOWN"}
    assert len(list(walk(read))) == 52


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"DICM", bytes(132), b"\x89PNG\r\n\x1a\n" + bytes(400), b"\2\0" * 300),
        bytes(128) + b"DICM" + bytes(1000),
        encode_file_meta("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1")
        + encode_element(0x00080016, b"UI", b"1.2"),
        encode_file_meta("1.2.840.10008.1.3.10", "1.2.3", "1.2.840.10008.1.2.1") + b"x\x9c" * 50,
    ],
)
def test_what_is_no_directory_is_refused_with_what_to_do(data: bytes) -> None:
    with pytest.raises(NotADirectory) as caught:
        read_directory(data)
    assert caught.value.exit_code == 3
    assert "Scan" in caught.value.remedy


def test_an_encrypted_directory_is_told_apart() -> None:
    with pytest.raises(NotADirectory) as caught:
        read_directory(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" + bytes(200))
    assert "Decrypt" in caught.value.remedy


def test_real_files_that_are_no_directories_are_refused(
    pydicom_files: list[Path], shared_data: Path
) -> None:
    others = [p for p in pydicom_files if not p.name.startswith("DICOMDIR")][:80]
    for path in (*others, shared_data / "dcmswift" / "DICOMDIR" / "DICOMDIR0.notdicmdir"):
        with pytest.raises(NotADirectory):
            read_directory(path.read_bytes())


def test_more_than_a_gibibyte_is_refused_before_it_is_looked_at() -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return dicomdir.read.LARGEST + 1

    with pytest.raises(DirectoryTooLarge):
        read_directory(Huge())


def test_more_records_than_any_directory_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomdir.raw_records.MOST_RECORDS", 1000)
    with pytest.raises(DirectoryTooLarge):
        read_directory(_head() + encode_element(0x00041220, b"SQ", encode_item(b"") * 1001))


def _head() -> bytes:
    meta = encode_file_meta("1.2.840.10008.1.3.10", "1.2.3", "1.2.840.10008.1.2.1")
    return meta + encode_element(0x00041130, b"CS", b"")


def test_names_are_kept_as_recorded_and_noted() -> None:
    for name, rule in (
        (("dicom", "i1"), "DIR-FILE-ID-CHARACTERS"),
        (("IM1.DCM;1",), "DIR-FILE-ID-CHARACTERS"),
        (("IM1.",), "DIR-FILE-ID-CHARACTERS"),
        (("DICOM/IM1",), "DIR-FILE-ID-CHARACTERS"),
        (("LONGER_THAN_EIGHT",), "DIR-FILE-ID-LENGTH"),
        (tuple("ABCDEFGHI"), "DIR-FILE-ID-DEPTH"),
        (("A", "..", "B"), "DIR-FILE-ID-OUTSIDE"),
        (("A/../../B",), "DIR-FILE-ID-OUTSIDE"),
        (("C:", "B"), "DIR-FILE-ID-OUTSIDE"),
        (("B\u00e9",), "DIR-FILE-ID-CHARACTERS"),
    ):
        record = DirectoryRecord("IMAGE", b"", name, "1.2", "1.2.3", "1.2")
        read = read_directory(encode_dicomdir(Directory("1.2", "", [record])))
        assert read.directory.records[0].file_id == name
        assert rules(read) == {rule}


@pytest.mark.parametrize(
    ("recorded", "on_medium"),
    [
        (("dicom", "im1"), ("DICOM", "IM1")),
        (("DICOM/IM1",), ("DICOM", "IM1")),
        (("DICOM", "IM1.;1"), ("DICOM", "IM1")),
        (("DICOM", "IM1;1"), ("dicom", "im1.")),
        (("/DICOM", "IM1"), ("DICOM", "IM1")),
        ((".", "IM1"), ("IM1",)),
    ],
)
def test_a_file_is_found_under_what_a_file_system_makes_of_its_name(
    recorded: tuple[str, ...], on_medium: tuple[str, ...]
) -> None:
    assert located(recorded) == located(on_medium)


@pytest.mark.parametrize(
    "name", [("..",), ("A", ".."), ("A/../B",), ("A\\..\\B",), ("C:",), ("A\0B",), ("",), ()]
)
def test_a_name_that_leads_outside_leads_nowhere(name: tuple[str, ...]) -> None:
    assert located(name) is None
    assert departure_of(name) == "outside"
    assert not is_legal_file_id(name)


# --- hostile directories


def many(count: int, *, deep: bool) -> bytes:
    """Return a directory of *count* records, in one chain or each below the one before."""
    records = [
        DirectoryRecord(
            *("IMAGE", encode_element(0x00200013, b"IS", b"%06d" % n), ("DICOM", f"I{n:07}")),
            *("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{n:08}", "1.2.840.10008.1.2.1"),
        )
        for n in range(count)
    ]
    if deep:
        for above, below in pairwise(records):
            above.children.append(below)
    return encode_dicomdir(Directory("1.2", "", records[:1] if deep else records))


@pytest.mark.parametrize("deep", [False, True])
def test_a_hundred_thousand_records_are_read_in_two_seconds_however_deep(deep: bool) -> None:
    data = many(100_000, deep=deep)
    start = time.process_time()
    read = read_directory(data)
    seconds = time.process_time() - start
    assert read.problems == ()
    assert len(read.raw) == 100_000
    assert len(read.directory.records) == (1 if deep else 100_000)
    assert seconds < 4  # 1 s on an idle machine; CI may be busy


def seconds_to_read(data: bytes) -> float:
    start = time.process_time()
    with contextlib.suppress(NotADirectory):
        read_directory(data)
    return time.process_time() - start


def unterminated(count: int) -> bytes:
    # Each record opens a sequence that never ends, so that a naive reader looks through all of
    # the rest for the delimiter, again and again.
    opening = b"\x88\0\0\2SQ\0\0\xff\xff\xff\xff"
    item = b"\xfe\xff\0\xe0\xff\xff\xff\xff" + encode_element(0x00041430, b"CS", b"IMAGE")
    body = (item + opening) * count
    return _head() + b"\4\0\x20\x12SQ\0\0\xff\xff\xff\xff" + body


def nested(count: int) -> bytes:
    opening = b"\x88\0\0\2SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    item = b"\xfe\xff\0\xe0\xff\xff\xff\xff" + encode_element(0x00041430, b"CS", b"IMAGE")
    return _head() + b"\4\0\x20\x12SQ\0\0\xff\xff\xff\xff" + item + opening * count


def garbage(count: int) -> bytes:
    return _head() + b"\4\0\x20\x12SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\4\0\0\0zzzz" * count


def circle(count: int) -> bytes:
    # All records lie in one chain that bites its tail and is not reached from the root.
    data = bytearray(many(count, deep=False))
    read = read_directory(bytes(data))
    struct.pack_into("<I", data, read.raw[-1].offset + 16, read.raw[0].offset)
    place = bytes(data).index(b"\4\0\0\x12UL") + 8
    struct.pack_into("<I", data, place, 7)
    return bytes(data)


def implicit_nested(count: int) -> bytes:
    head = _head().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0")
    head = head[: -len(encode_element(0x00041130, b"CS", b""))]
    opening = b"\x88\0\0\2\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    item = b"\xfe\xff\0\xe0\xff\xff\xff\xff\4\0\x30\x14\6\0\0\0IMAGE "
    return head + b"\4\0\x20\x12\xff\xff\xff\xff" + (item + opening) * count


@pytest.mark.parametrize("hostile", [unterminated, nested, garbage, circle, implicit_nested])
def test_hostile_directories_cost_time_in_proportion_to_their_size(
    hostile: Callable[[int], bytes],
) -> None:
    seconds_to_read(hostile(100))
    small = max(seconds_to_read(hostile(1_000)), 0.02)
    assert seconds_to_read(hostile(16_000)) < 16 * 3 * small


def test_a_circle_of_links_ends() -> None:
    read = read_directory(circle(1000))
    assert len(list(walk(read))) == 1000
    assert rules(read) >= {"DIR-ROOT-FIRST", "DIR-CYCLE"}


def test_a_length_that_swallows_the_next_record_does_not_hide_it(
    pydicom_files: list[Path],
) -> None:
    data = bytearray(wheel(pydicom_files, "DICOMDIR"))
    good = read_directory(bytes(data))
    struct.pack_into("<I", data, good.raw[3].offset + 4, 4096)
    read = read_directory(bytes(data))
    assert outline(read) == outline(good)
    assert rules(read) == {"DIR-DAMAGED"}


def test_files_named_through_multi_referenced_records_are_found() -> None:
    shared = DirectoryRecord("MRDR", b"", ("A",), "1.2.3", "1.2.4", "1.2.5")
    place = encode_element(0x00041503, b"UL", bytes(4))
    pointing = [DirectoryRecord("IMAGE", b"", other=place) for _ in range(2)]
    data = encode_dicomdir(Directory("1.2", "", [*pointing, shared]))
    offset = read_directory(data).raw[2].offset
    data = data.replace(place, encode_element(0x00041504, b"UL", struct.pack("<I", offset)))
    second = read_directory(data).raw[1].offset
    data = data[: second + 16] + bytes(4) + data[second + 20 :]  # it lies outside the tree
    read = read_directory(data)
    assert [r.file_id for r in read.directory.records] == [("A",), ("A",)]
    assert [r.sop_instance_uid for r in read.directory.records] == ["1.2.4", "1.2.4"]


def test_foreign_elements_of_group_0004_and_keys_are_kept_as_they_stand() -> None:
    private = encode_element(0x00041432, b"UI", b"1.2.3")
    keys = (
        encode_element(0x00080005, b"CS", b"ISO_IR 100")
        + encode_element(0x00090010, b"LO", b"ACME")
        + encode_element(0x00091001, b"UN", b"\1\2\3\4")
    )
    record = DirectoryRecord("PRIVATE", keys, other=private)
    read = read_directory(encode_dicomdir(Directory("1.2", "X", [record])))
    assert read.directory.records == [record]


def test_keys_out_of_order_are_sorted_and_of_doubled_ones_the_first_counts() -> None:
    number, name = encode_element(0x00100020, b"LO", b"ID"), encode_element(0x00100010, b"PN", b"A")
    twice = encode_element(0x00100020, b"LO", b"OTHER")
    stray = encode_element(0x00041432, b"UI", b"1.2.3")
    record = DirectoryRecord("PATIENT", number + name + twice + stray)
    read = read_directory(encode_dicomdir(Directory("1.2", "", [record])))
    assert read.directory.records == [DirectoryRecord("PATIENT", name + number, other=stray)]
    assert rules(read) == {"DIR-ELEMENT-ORDER"}
