"""Every rule about a DICOMDIR, each broken alone in a directory that is otherwise good."""

import struct
from collections.abc import Callable

import pytest

from dicomdir.check_directory import check_directory
from dicomdir.elements import encode_element, encode_item, iterate_elements
from dicomdir.encode import encode_dicomdir
from dicomdir.file_meta import encode_file_meta
from dicomdir.raw_records import RawRecord
from dicomdir.read import read_directory
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.rules import KEY_RULES, RECORD_RULES, RULE, RULES, STRUCTURE_RULES
from reporting import Rule, Severity

CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.22"
EXPLICIT = "1.2.840.10008.1.2.1"
DIRECTORY = "1.2.840.10008.1.3.10"


def keys(*elements: tuple[int, bytes, bytes]) -> bytes:
    return b"".join(encode_element(*element) for element in elements)


def leaf(
    number: int, record_type: str = "IMAGE", *more: tuple[int, bytes, bytes]
) -> DirectoryRecord:
    return DirectoryRecord(
        record_type,
        keys((0x00200013, b"IS", b"%d" % number), *more),
        ("DICOM", f"I{number:07}"),
        SR if record_type == "SR DOCUMENT" else CT,
        f"1.2.3.4.{number}",
        EXPLICIT,
    )


def report(number: int) -> DirectoryRecord:
    title = encode_item(keys((0x00080100, b"SH", b"11528-7"), (0x00080104, b"LO", b"Report")))
    record = leaf(number, "SR DOCUMENT")
    record.keys = keys(
        *((0x00080023, b"DA", b"20260101"), (0x00080033, b"TM", b"101112.5")),
        (0x00200013, b"IS", b"%d" % number),
        (0x0040A030, b"DT", b"20260102101112"),
        (0x0040A043, b"SQ", title),
        *((0x0040A491, b"CS", b"COMPLETE"), (0x0040A493, b"CS", b"VERIFIED")),
    )
    return record


def branch(number: int, *leaves: DirectoryRecord) -> DirectoryRecord:
    """Return a patient with one study and one series."""
    series = DirectoryRecord(
        "SERIES",
        keys(
            (0x00080060, b"CS", b"CT"),
            (0x0020000E, b"UI", b"1.2.3.3.%d" % number),
            (0x00200011, b"IS", b"1"),
        ),
        children=list(leaves),
    )
    study = DirectoryRecord(
        "STUDY",
        keys(
            *((0x00080020, b"DA", b"20260101"), (0x00080030, b"TM", b"1011")),
            *((0x00080050, b"SH", b""), (0x00081030, b"LO", b"")),
            *((0x0020000D, b"UI", b"1.2.3.2.%d" % number), (0x00200010, b"SH", b"S1")),
        ),
        children=[series],
    )
    patient = keys((0x00100010, b"PN", b"Film^Jacket"), (0x00100020, b"LO", b"ID%d" % number))
    return DirectoryRecord("PATIENT", patient, children=[study])


def tree() -> Directory:
    """Return a directory of 9 records: two patients, two images, a report."""
    return Directory("1.2.3.1", "TEST", [branch(1, leaf(1), leaf(2)), branch(2, report(3))])


def good() -> bytes:
    return encode_dicomdir(tree())


def record(data: bytes, index: int) -> RawRecord:
    return read_directory(data).raw[index]


def element(data: bytes, index: int | None, tag: int) -> tuple[int, int, int]:
    """Return where an element of a record, or of the directory's head, begins and has its value."""
    if index is None:
        start, end = read_directory(data).meta.end, len(data)
    else:
        start, end = record(data, index).offset + 8, record(data, index).end
    return next((a, v, e) for t, _, a, v, e in iterate_elements(data, start, end) if t == tag)


def put(data: bytes, index: int | None, tag: int, value: bytes, vr: bytes = b"") -> bytes:
    """Return *data* with a value, and perhaps the VR, written over."""
    start, at, end = element(data, index, tag)
    assert len(value) == end - at
    data = data[:at] + value + data[end:]
    return data[: start + 4] + vr + data[start + 6 :] if vr else data


def long(number: int) -> bytes:
    return struct.pack("<I", number)


def link(data: bytes, index: int, tag: int, to: int) -> bytes:
    return put(data, index, tag, long(record(data, to).offset))


BREAKS: dict[str, Callable[[], bytes]] = {}


def breaks(rule: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        assert rule not in BREAKS
        BREAKS[rule] = make
        return make

    return register


# --- the file as a whole


@breaks("DIR-SOP-CLASS")
def _() -> bytes:
    body = good()[read_directory(good()).meta.end :]
    # The class of a CT is as long as this one padded: all offsets stay right.
    data = encode_file_meta("1.2.840.10008.1.3.11", "1.2.3.1", EXPLICIT) + body
    assert len(data) == len(good())
    return data


@breaks("DIR-TRANSFER-SYNTAX")
def _() -> bytes:
    return good().replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x14\x001.2.840.10008.1.2.2\0", 1)


@breaks("DIR-TRUNCATED")
def _() -> bytes:
    data = encode_dicomdir(tree())
    _, value, end = element(data, None, 0x00041220)
    return data[: value - 4] + long(end - value + 8) + data[value:]


@breaks("DIR-DAMAGED")
def _() -> bytes:
    directory = tree()
    image = directory.records[0].children[0].children[0].children[0]
    image.keys += keys((0x00204000, b"LT", b"free text"))
    data = encode_dicomdir(directory)
    start, _, _ = element(data, 3, 0x00204000)
    return data[: start + 4] + b"??" + data[start + 6 :]


@breaks("DIR-STRAY-BYTES")
def _() -> bytes:
    # What was an extra key of the last record is cut out of its Item and belongs to none then.
    directory = tree()
    directory.records[1].children[0].children[0].children[0].keys += keys(
        (0x30060002, b"UT", b"free text")
    )
    data = encode_dicomdir(directory)
    last = record(data, 8)
    start, _, _ = element(data, 8, 0x30060002)
    size = long(start - last.offset - 8)
    return data[: last.offset + 4] + size + data[last.offset + 8 :]


@breaks("DIR-ELEMENT-ORDER")
def _() -> bytes:
    directory = tree()
    patient = directory.records[0]
    name, number = patient.keys[:20], patient.keys[20:]
    assert number[:4] == b"\x10\0\x20\0"
    patient.keys = number + name
    return encode_dicomdir(directory)


@breaks("DIR-NO-INFORMATION")
def _() -> bytes:
    return encode_file_meta(DIRECTORY, "1.2.3.1", EXPLICIT) + keys((0x00041130, b"CS", b"TEST"))


@breaks("DIR-EMPTY")
def _() -> bytes:
    return encode_dicomdir(Directory("1.2.3.1", "TEST"))


@breaks("DIR-HEADER-MISSING")
def _() -> bytes:
    data = good()
    start, _, end = element(data, None, 0x00041202)
    head, rest = data[:start], data[end:]
    return _shifted(head + rest, start, -(end - start))


def _shifted(data: bytes, start: int, by: int) -> bytes:
    """Return *data* with all its links moved by *by* bytes, as after an insertion at *start*."""
    out = bytearray(data)
    for tag in (0x00041200, 0x00041202, 0x00041400, 0x00041420):
        header = encode_element(tag, b"UL", bytes(4))[:8]
        at = out.find(header)
        while at >= 0:
            (offset,) = struct.unpack_from("<I", out, at + 8)
            if offset:
                struct.pack_into("<I", out, at + 8, offset + by)
            at = out.find(header, at + 1)
    return bytes(out)


@breaks("DIR-HEADER-VALUE")
def _() -> bytes:
    return put(good(), None, 0x00041200, element_value(good(), 0x00041200), b"SL")


def element_value(data: bytes, tag: int) -> bytes:
    _, value, end = element(data, None, tag)
    return data[value:end]


@breaks("DIR-FILE-SET-ID")
def _() -> bytes:
    return encode_dicomdir(tree().replaced(file_set_id="My disc"))


@breaks("DIR-DESCRIPTOR-FILE-ID")
def _() -> bytes:
    return encode_dicomdir(
        tree().replaced(descriptor=encode_element(0x00041141, b"CS", b"README.TXT"))
    )


@breaks("DIR-CONSISTENCY-FLAG")
def _() -> bytes:
    return put(good(), None, 0x00041212, b"\xff\xff")


# --- links


@breaks("DIR-ROOT-FIRST")
def _() -> bytes:
    return put(good(), None, 0x00041200, long(0))


@breaks("DIR-ROOT-LAST")
def _() -> bytes:
    return put(good(), None, 0x00041202, long(record(good(), 8).offset))


@breaks("DIR-OFFSET")
def _() -> bytes:
    return put(good(), 3, 0x00041420, long(record(good(), 8).offset + 2))


@breaks("DIR-OFFSETS-SHIFTED")
def _() -> bytes:
    return _shifted(good(), 0, -132)


@breaks("DIR-NO-OFFSETS")
def _() -> bytes:
    data = good()
    for index in range(9):
        data = put(data, index, 0x00041400, long(0))
        data = put(data, index, 0x00041420, long(0))
    return data


@breaks("DIR-CYCLE")
def _() -> bytes:
    return link(good(), 4, 0x00041400, 3)


@breaks("DIR-SHARED")
def _() -> bytes:
    return link(good(), 8, 0x00041420, 3)


@breaks("DIR-ORPHAN")
def _() -> bytes:
    return put(good(), 3, 0x00041400, long(0))


# --- records


@breaks("DIR-INACTIVE")
def _() -> bytes:
    return put(good(), 4, 0x00041410, b"\0\0")


@breaks("DIR-IN-USE-FLAG")
def _() -> bytes:
    return put(good(), 4, 0x00041410, b"\1\0")


@breaks("DIR-RECORD-ATTRIBUTE")
def _() -> bytes:
    # The tag of the In-use Flag becomes one that says nothing: the flag is absent.
    data = good()
    start, _, _ = element(data, 4, 0x00041410)
    return data[: start + 2] + b"\x11\x14" + data[start + 4 :]


@breaks("DIR-RECORD-TYPE")
def _() -> bytes:
    return changed_leaf(record_type="IMAGINE")


@breaks("DIR-RETIRED-TYPE")
def _() -> bytes:
    return changed_leaf(record_type="OVERLAY")


def changed_leaf(**changes: object) -> bytes:
    directory = tree()
    leaves = directory.records[0].children[0].children[0].children
    leaves[0] = leaves[0].replaced(**changes)
    return encode_dicomdir(directory)


@breaks("DIR-MRDR")
def _() -> bytes:
    # The first image is named through the record of the second one's place.
    directory = tree()
    leaves = directory.records[0].children[0].children[0].children
    mrdr = leaves[0].replaced(record_type="MRDR", keys=b"")
    leaves[0] = leaves[0].replaced(file_id=(), sop_class_uid="", sop_instance_uid="")
    leaves[0].transfer_syntax_uid = ""
    # A place holder that is as long as the element to be; the encoder drops the real one.
    leaves[0].other = encode_element(0x00041503, b"UL", bytes(4))
    directory.records.append(mrdr)
    data = encode_dicomdir(directory)
    last = record(data, 9)
    data = put(data, 3, 0x00041503, long(last.offset))
    start, _, _ = element(data, 3, 0x00041503)
    data = data[: start + 2] + b"\x04\x15" + data[start + 4 :]
    data = put(data, 5, 0x00041400, long(0))  # such a record lies outside the tree
    return put(data, None, 0x00041202, long(record(data, 5).offset))


@breaks("DIR-PRIVATE-UID")
def _() -> bytes:
    return changed_leaf(record_type="PRIVATE")


@breaks("DIR-CHILD-TYPE")
def _() -> bytes:
    directory = tree()
    directory.records.append(leaf(9))
    return encode_dicomdir(directory)


@breaks("DIR-EMPTY-PARENT")
def _() -> bytes:
    directory = tree()
    directory.records[1].children.clear()
    return encode_dicomdir(directory)


@breaks("DIR-FILE-ID-OUTSIDE")
def _() -> bytes:
    return changed_leaf(file_id=("..", "ETC", "PASSWD"))


@breaks("DIR-FILE-ID-DEPTH")
def _() -> bytes:
    return changed_leaf(file_id=tuple("ABCDEFGHI"))


@breaks("DIR-FILE-ID-CHARACTERS")
def _() -> bytes:
    return changed_leaf(file_id=("DICOM", "i1"))


@breaks("DIR-FILE-ID-LENGTH")
def _() -> bytes:
    return changed_leaf(file_id=("DICOM", "I00000001"))


@breaks("DIR-REFERENCE-INCOMPLETE")
def _() -> bytes:
    return changed_leaf(transfer_syntax_uid="")


@breaks("DIR-UID")
def _() -> bytes:
    return changed_leaf(sop_instance_uid="1.2.03")


@breaks("DIR-FILE-TWICE")
def _() -> bytes:
    return changed_leaf(file_id=("DICOM", "I0000002"))


@breaks("DIR-INSTANCE-TWICE")
def _() -> bytes:
    return changed_leaf(sop_instance_uid="1.2.3.4.2")


@breaks("DIR-NAMES-DICOMDIR")
def _() -> bytes:
    return changed_leaf(file_id=("DICOMDIR",))


# --- keys


def changed_report(tag: int, value: bytes | None, vr: bytes = b"") -> bytes:
    """Return the directory with one key of the report another, or absent."""
    directory = tree()
    document = directory.records[1].children[0].children[0].children[0]
    parts = []
    for found, own, start, _, end in iterate_elements(document.keys):
        if found != tag:
            parts.append(document.keys[start:end])
        elif value is not None:
            parts.append(encode_element(tag, vr or own, value))
    document.keys = b"".join(parts)
    return encode_dicomdir(directory)


@breaks("DIR-KEY-MISSING")
def _() -> bytes:
    return changed_report(0x0040A043, None)


@breaks("DIR-KEY-EMPTY")
def _() -> bytes:
    return changed_report(0x00200013, b"")


@breaks("DIR-KEY-CONDITION")
def _() -> bytes:
    return changed_report(0x0040A030, None)


@breaks("DIR-KEY-VR")
def _() -> bytes:
    return changed_report(0x00200013, b"1", b"DS")


@breaks("DIR-KEY-VALUE")
def _() -> bytes:
    return changed_report(0x00080023, b"01.02.2026")


@breaks("DIR-CHARACTER-SET")
def _() -> bytes:
    directory = tree()
    directory.records[0].keys = directory.records[0].keys.replace(b"Film", "Fülm".encode("latin-1"))
    return encode_dicomdir(directory)


@breaks("DIR-PATIENT-TWICE")
def _() -> bytes:
    return good().replace(b"ID2 ", b"ID1 ")


@breaks("DIR-STUDY-TWICE")
def _() -> bytes:
    return good().replace(b"1.2.3.2.2", b"1.2.3.2.1")


@breaks("DIR-SERIES-TWICE")
def _() -> bytes:
    return good().replace(b"1.2.3.3.2", b"1.2.3.3.1")


def icon(**changes: tuple[int, bytes, bytes]) -> bytes:
    elements: dict[str, tuple[int, bytes, bytes]] = {
        "samples": (0x00280002, b"US", b"\1\0"),
        "colour": (0x00280004, b"CS", b"MONOCHROME2"),
        "rows": (0x00280010, b"US", b"\2\0"),
        "columns": (0x00280011, b"US", b"\2\0"),
        "allocated": (0x00280100, b"US", b"\x08\0"),
        "stored": (0x00280101, b"US", b"\x08\0"),
        "high": (0x00280102, b"US", b"\x07\0"),
        "sign": (0x00280103, b"US", b"\0\0"),
        "pixels": (0x7FE00010, b"OB", b"\x80\xff\1\2"),
    }
    return encode_element(
        0x00880200, b"SQ", encode_item(keys(*sorted((elements | changes).values())))
    )


@breaks("DIR-ICON")
def _() -> bytes:
    directory = tree()
    image = directory.records[0].children[0].children[0].children[0]
    image.keys += icon(stored=(0x00280101, b"US", b"\x0c\0"))
    return encode_dicomdir(directory)


# --- the tests


def rules_of(data: bytes) -> set[str]:
    return {finding.rule for finding in check_directory(data)}


def test_a_good_directory_breaks_no_rule() -> None:
    assert check_directory(good()) == []


@pytest.mark.parametrize("rule", sorted(BREAKS))
def test_an_input_that_breaks_one_rule_breaks_exactly_that_rule(rule: str) -> None:
    assert rules_of(BREAKS[rule]()) == {rule}


def test_every_rule_about_the_directory_has_an_input_that_breaks_it() -> None:
    assert set(BREAKS) == {rule.id for rule in (*STRUCTURE_RULES, *RECORD_RULES, *KEY_RULES)}


def test_rules_are_told_apart_and_say_what_to_do_and_where_it_is_written() -> None:
    assert len(RULE) == len(RULES)
    for rule in RULES:
        assert isinstance(rule, Rule)
        assert rule.id.startswith(("DIR-", "P10-")), rule.id
        assert rule.id == rule.id.upper()
        assert rule.reference.startswith("PS3."), rule.id
        assert len(rule.remedy) > 15, rule.id


def test_a_finding_names_the_record_and_its_file_but_no_patient() -> None:
    for make in BREAKS.values():
        for finding in check_directory(make()):
            assert finding.where.startswith("DICOMDIR")
            assert "Film" not in finding.message + finding.where
    (finding,) = check_directory(BREAKS["DIR-KEY-EMPTY"]())
    assert finding.where.endswith("(DICOM/I0000003)")


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": (0x00280002, b"US", b"\3\0")},
        {"colour": (0x00280004, b"CS", b"RGB")},
        {"planar": (0x00280006, b"US", b"\0\0")},
        {"high": (0x00280102, b"US", b"\6\0")},
        {"sign": (0x00280103, b"US", b"\1\0")},
        {"aspect": (0x00280034, b"IS", b"2\\1")},
        {"pixels": (0x7FE00010, b"OB", b"\x80\xff")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_icon_outside_the_rules_is_found(changes: dict[str, tuple[int, bytes, bytes]]) -> None:
    directory = tree()
    image = directory.records[0].children[0].children[0].children[0]
    own = image.keys
    image.keys = own + icon()
    assert rules_of(encode_dicomdir(directory)) == set()
    image.keys = own + icon(**changes)
    assert rules_of(encode_dicomdir(directory)) == {"DIR-ICON"}


BARE = encode_element(0x00280002, b"US", b"\1\0")


@pytest.mark.parametrize(
    "content",
    [
        *(b"", encode_item(b"") * 2, b"\xfe\xff\0\xe0", BARE),
        encode_element(
            0x00880200, b"SQ", encode_item(icon()[12:][8:] + keys((0x7FE10010, b"SQ", BARE)))
        )[12:],
    ],
    ids=["no item", "two items", "cut off", "no Item around it", "no Item around what is nested"],
)
def test_an_icon_that_is_no_single_item_is_found(content: bytes) -> None:
    directory = tree()
    image = directory.records[0].children[0].children[0].children[0]
    image.keys += encode_element(0x00880200, b"SQ", content)
    assert rules_of(encode_dicomdir(directory)) == {"DIR-ICON"}


def test_an_icon_in_a_record_that_may_have_none_is_found() -> None:
    directory = tree()
    directory.records[0].keys += icon()
    assert rules_of(encode_dicomdir(directory)) == {"DIR-ICON"}


def test_a_checked_directory_can_be_handed_in_already_read() -> None:
    data = BREAKS["DIR-FILE-TWICE"]()
    assert check_directory(read_directory(data)) == check_directory(data)


def test_the_severity_of_what_the_standard_allows_is_no_error() -> None:
    for rule in ("DIR-NO-INFORMATION", "DIR-EMPTY", "DIR-EMPTY-PARENT", "P10-PREAMBLE-TIFF"):
        assert RULE[rule].severity is not Severity.ERROR
