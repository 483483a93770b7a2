"""The rules about one file, and those about records and the files they name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dicomdir.check_file import check_file_meta
from dicomdir.check_reference import Parents, ReferenceCheck, check_reference, references
from dicomdir.elements import encode_element, encode_item
from dicomdir.instance import Instance, NotIndexed
from dicomdir.read import read_directory
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.rules import FILE_RULES, REFERENCE_RULES
from dicomdir.scan import scan
from dicomdir.uids import TRANSFER_SYNTAXES, is_uid
from reporting import Finding

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"

Meta = list[tuple[int, bytes, bytes]]


def meta() -> Meta:
    return [
        (0x00020001, b"OB", b"\0\1"),
        (0x00020002, b"UI", CT.encode() + b"\0"),
        (0x00020003, b"UI", b"1.2.3.4.5\0"),
        (0x00020010, b"UI", EXPLICIT.encode() + b"\0"),
        (0x00020012, b"UI", b"1.2.3.4.5.6\0"),
        (0x00020013, b"SH", b"FILMJACKET_010"),
    ]


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """Encode as it stands: ``encode_element`` would mend an odd length."""
    if len(value) % 2 == 0:
        return encode_element(tag, vr, value)
    return encode_element(tag, vr, value + b" ")[:6] + bytes((len(value), 0)) + value


def file_of(elements: Meta, preamble: bytes = b"", length: int | None = None) -> bytes:
    group = b"".join(element(*e) for e in elements)
    stated = len(group) if length is None else length
    head = element(0x00020000, b"UL", stated.to_bytes(4, "little"))
    data_set = encode_element(0x00080016, b"UI", CT.encode())
    return preamble.ljust(128, b"\0") + b"DICM" + head + group + data_set


def without(tag: int) -> Meta:
    return [e for e in meta() if e[0] != tag]


def with_value(tag: int, value: bytes, vr: bytes = b"") -> Meta:
    return [(t, vr or v, value) if t == tag else (t, v, b) for t, v, b in meta()]


def implicit() -> bytes:
    group = b"".join(
        (t >> 16).to_bytes(2, "little")
        + (t & 0xFFFF).to_bytes(2, "little")
        + len(value).to_bytes(4, "little")
        + value
        for t, _, value in meta()
    )
    head = b"\2\0\0\0\4\0\0\0" + len(group).to_bytes(4, "little")
    return bytes(128) + b"DICM" + head + group + encode_element(0x00080016, b"UI", CT.encode())


FILES: dict[str, Callable[[], bytes]] = {
    "P10-PREAMBLE-EXECUTABLE": lambda: file_of(meta(), b"MZ\x90\0\3"),
    "P10-PREAMBLE-UNKNOWN": lambda: file_of(meta(), b"acquired by"),
    "P10-PREAMBLE-TIFF": lambda: file_of(meta(), b"II*\0\x08\0\0\0"),
    "P10-PREFIX": lambda: file_of(meta())[132:],
    "P10-META-ENCODING": implicit,
    "P10-META-TRUNCATED": lambda: file_of(meta())[:-34],
    "P10-META-GROUP-LENGTH": lambda: file_of(meta(), length=100),
    "P10-META-MISSING": lambda: file_of(without(0x00020012)),
    "P10-META-VERSION": lambda: file_of(with_value(0x00020001, b"\1\0")),
    "P10-META-ORDER": lambda: file_of(meta()[::-1]),
    "P10-META-VR": lambda: file_of(with_value(0x00020013, b"FILMJACKET", b"LO")),
    "P10-META-UN": lambda: file_of([*meta(), (0x00020035, b"UN", b"\0\0")]),
    "P10-META-PADDING": lambda: file_of(with_value(0x00020003, b"1.2.3.4.5 ")),
    "P10-META-UID": lambda: file_of(with_value(0x00020003, b"1.2.03.4\0\0")),
    "P10-META-PRIVATE": lambda: file_of([*meta(), (0x00020102, b"OB", b"\1\2")]),
    "P10-META-VERSION-NAME": lambda: file_of(with_value(0x00020013, b"v 1.0.3 ")),
    "P10-TRANSFER-SYNTAX": lambda: file_of(with_value(0x00020010, b"1.2.840.113619.5.2")),
}


def check(data: bytes) -> set[str]:
    findings = check_file_meta(data[:4096], len(data), "DICOM/I1")
    assert all(f.where == "DICOM/I1" for f in findings)
    return {f.rule for f in findings}


def test_a_good_file_breaks_no_rule() -> None:
    assert check(file_of(meta())) == set()


@pytest.mark.parametrize("rule", sorted(FILES))
def test_a_file_that_breaks_one_rule_breaks_exactly_that_rule(rule: str) -> None:
    assert check(FILES[rule]()) == {rule}


def test_every_rule_about_a_file_has_an_input_that_breaks_it() -> None:
    assert set(FILES) == {rule.id for rule in FILE_RULES}


@pytest.mark.parametrize(
    "start",
    [
        *(b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"#!/bin/sh", b"PK\3\4", b"%PDF-1.7"),
        *(b"<html>", b"\xef\xbb\xbf\r\n <!DOCTYPE html>", b"<SCRIPT>", b"<?php", b"{\\rtf1"),
    ],
)
def test_a_program_or_page_in_the_preamble_raises_the_alarm(start: bytes) -> None:
    assert check(file_of(meta(), start)) == {"P10-PREAMBLE-EXECUTABLE"}


@pytest.mark.parametrize("start", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_a_dual_tiff_file_is_noted_only(start: bytes) -> None:
    assert check(file_of(meta(), start)) == {"P10-PREAMBLE-TIFF"}


def test_an_odd_length_and_a_lacking_creator_are_found() -> None:
    assert check(file_of(with_value(0x00020003, b"1.2.3"))) == {"P10-META-PADDING"}
    alone = [*meta(), (0x00020100, b"UI", b"1.2.3.4\0")]
    assert check(file_of(alone)) == {"P10-META-PRIVATE"}


@pytest.mark.parametrize("tag", [0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012])
def test_required_elements_may_be_neither_absent_nor_empty(tag: int) -> None:
    assert check(file_of(without(tag))) == {"P10-META-MISSING"}
    assert check(file_of(with_value(tag, b""))) == {"P10-META-MISSING"}


def test_a_head_that_was_read_too_short_is_not_held_against_the_file() -> None:
    data = file_of(meta())
    assert check_file_meta(data[:200], len(data), "X") == []
    assert [f.rule for f in check_file_meta(data[:200], 200, "X")] == ["P10-META-TRUNCATED"]


@pytest.mark.parametrize("length", range(0, 360, 7))
def test_no_head_is_too_short_to_be_judged(length: int) -> None:
    check(file_of(meta())[:length])
    check(implicit()[:length])


def test_real_files_of_many_makers_are_judged_without_an_error(
    pydicom_files: list[Path],
) -> None:
    seen = set()
    for path in pydicom_files:
        data = path.read_bytes()
        rules = check(data)
        seen |= rules
        if data[128:132] != b"DICM":
            assert "P10-PREFIX" in rules
    assert {"P10-PREFIX", "P10-META-MISSING", "P10-META-VERSION-NAME"} <= seen


def test_a_file_of_the_nema_set_is_a_dual_tiff(shared_data: Path) -> None:
    names = (shared_data / "nema-wg04-compsamples" / "IMAGES" / "REF").iterdir()
    assert any("P10-PREAMBLE-TIFF" in check(path.read_bytes()) for path in names)


def test_transfer_syntaxes_are_those_that_pydicom_knows() -> None:
    from pydicom._uid_dict import UID_dictionary

    known = {uid for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax"}
    papyrus = "1.2.840.10008.1.20"  # in the list by name, not a syntax of DICOM
    assert known - TRANSFER_SYNTAXES <= {papyrus}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *(("1.2.840", True), ("2.25.0", True), ("1.0", True), ("1." + "2" * 62, True)),
        *(("1.02", False), ("1..2", False), ("1.2.", False), ("3.1", False), ("1", False)),
        *(("1." + "2" * 63, False), ("1.2a", False), ("", False), ("1.2 ", False)),
    ],
)
def test_uids_are_digits_and_dots_without_leading_zeros(text: str, good: bool) -> None:
    assert is_uid(text) is good


# --- records and files


def keys(*elements: tuple[int, bytes, bytes]) -> bytes:
    return b"".join(encode_element(*e) for e in elements)


PATIENT = keys((0x00100010, b"PN", b"Film^Jacket"), (0x00100020, b"LO", b"ID1"))
STUDY = keys(
    *((0x00080020, b"DA", b"20260101"), (0x00080030, b"TM", b"1011")),
    *((0x00080050, b"SH", b""), (0x00081030, b"LO", b"")),
    *((0x0020000D, b"UI", b"1.2.3.2"), (0x00200010, b"SH", b"S1")),
)
SERIES = keys(
    *((0x00080060, b"CS", b"CT"), (0x0020000E, b"UI", b"1.2.3.3"), (0x00200011, b"IS", b"1")),
)
KEYS = keys((0x00200013, b"IS", b"1"))
NAME = ("DICOM", "I0000001")

INSTANCE = Instance(
    *("/somewhere", 1000, 400, CT, "1.2.3.4", EXPLICIT, b"", "IMAGE"),
    *(PATIENT, STUDY, SERIES, KEYS, (), ()),
)
RECORD = DirectoryRecord("IMAGE", KEYS, NAME, CT, "1.2.3.4", EXPLICIT)


def directory(
    leaf: DirectoryRecord = RECORD,
    *,
    patient: bytes = PATIENT,
    study: bytes = STUDY,
    series: bytes = SERIES,
) -> Directory:
    series_record = DirectoryRecord("SERIES", series, children=[leaf])
    study_record = DirectoryRecord("STUDY", study, children=[series_record])
    patient_record = DirectoryRecord("PATIENT", patient, children=[study_record])
    return Directory("1.2.3", "", [patient_record])


Seen = tuple[tuple[str, ...], Instance | None, NotIndexed | None]


def medium(tree: Directory, *files: Seen) -> list[Finding]:
    check = ReferenceCheck(tree)
    return [finding for file in files for finding in check.see(*file)] + check.finish()


def one(tree: Directory, name: tuple[str, ...] = NAME, **changes: object) -> list[Finding]:
    return medium(tree, (name, INSTANCE._replace(**changes), None))


def failed(kind: str) -> list[Finding]:
    return medium(directory(), (NAME, None, NotIndexed("/somewhere", "for a reason", kind)))


BLEND = (0x00700402, b"SQ", encode_item(keys((0x0020000D, b"UI", b"1.2"))))
STATE = keys(
    *((0x00200013, b"IS", b"1"), (0x00700080, b"CS", b"A"), (0x00700081, b"LO", b"")),
    *((0x00700082, b"DA", b"20260101"), (0x00700083, b"TM", b"10"), (0x00700084, b"PN", b"")),
)
STATE_CLASS = "1.2.840.10008.5.1.4.1.1.11.4"

MEDIA: dict[str, Callable[[], list[Finding]]] = {
    "DIR-FILE-MISSING": lambda: medium(directory()),
    "DIR-FILE-UNREFERENCED": lambda: medium(
        directory(),
        (NAME, INSTANCE, None),
        (("DICOM", "I0000002"), INSTANCE._replace(sop_instance_uid="1.2.3.5"), None),
    ),
    "DIR-FILE-NOT-DICOM": lambda: failed("not-dicom"),
    "DIR-FILE-DAMAGED": lambda: failed("truncated"),
    "DIR-FILE-NAME": lambda: medium(
        directory(), (NAME, INSTANCE, None), (("DICOM", "slice1.dcm"), INSTANCE, None)
    ),
    "DIR-FILE-NAME-DIFFERS": lambda: one(directory(), ("dicom", "i0000001")),
    "DIR-REF-SOP-CLASS": lambda: one(directory(), sop_class_uid=MR),
    "DIR-REF-SOP-INSTANCE": lambda: one(directory(), sop_instance_uid="1.2.3.5"),
    "DIR-REF-TRANSFER-SYNTAX": lambda: one(directory(), transfer_syntax_uid="1.2.840.10008.1.2"),
    "DIR-REF-RELATED": lambda: one(directory(), related_general=b"1.2.840.10008.5.1.4.1.1.2"),
    "DIR-REF-RECORD-TYPE": lambda: one(
        directory(RECORD.replaced(record_type="RAW DATA")), record_type="IMAGE"
    ),
    "DIR-REF-PATIENT": lambda: one(directory(patient=PATIENT.replace(b"ID1", b"ID2"))),
    "DIR-REF-STUDY": lambda: one(directory(study=STUDY.replace(b"1.2.3.2", b"1.2.3.9"))),
    "DIR-REF-SERIES": lambda: one(directory(series=SERIES.replace(b"1.2.3.3", b"1.2.3.9"))),
    "DIR-REF-PARENT-KEY": lambda: one(directory(patient=PATIENT.replace(b"Film", b"FILM"))),
    "DIR-REF-KEY": lambda: one(directory(RECORD.replaced(keys=KEYS.replace(b"1 ", b"2 ")))),
    "DIR-REF-KEY-ABSENT": lambda: one(
        directory(
            RECORD.replaced(record_type="PRESENTATION", keys=STATE, sop_class_uid=STATE_CLASS)
        ),
        keys=STATE + keys(BLEND),
        record_type="PRESENTATION",
        sop_class_uid=STATE_CLASS,
    ),
}


def test_a_record_and_its_file_that_agree_break_no_rule() -> None:
    assert one(directory()) == []


@pytest.mark.parametrize("rule", sorted(MEDIA))
def test_a_medium_that_breaks_one_rule_breaks_exactly_that_rule(rule: str) -> None:
    assert [finding.rule for finding in MEDIA[rule]()] == [rule]


def test_a_file_of_a_patient_whom_the_directory_does_not_have_is_told_as_well() -> None:
    other = INSTANCE._replace(
        sop_instance_uid="1.2.3.5", patient=INSTANCE.patient.replace(b"ID1", b"ID2")
    )
    found = medium(directory(), (NAME, INSTANCE, None), (("DICOM", "I0000002"), other, None))
    assert [finding.rule for finding in found] == ["DIR-FILE-UNREFERENCED", "DIR-FILE-STRANGER"]


def test_every_rule_about_references_has_a_medium_that_breaks_it() -> None:
    assert {*MEDIA, "DIR-FILE-STRANGER"} == {rule.id for rule in REFERENCE_RULES}


def test_a_key_that_the_file_lacks_may_have_any_value() -> None:
    assert one(directory(), keys=b"") == []
    assert one(directory(), keys=keys((0x00200013, b"IS", b""))) == []
    no_id = keys((0x00100010, b"PN", b"Film^Jacket"), (0x00100020, b"LO", b""))
    assert one(directory(), patient=no_id) == []


def test_padding_and_lengths_of_sequences_make_no_difference() -> None:
    state = {"record_type": "PRESENTATION", "sop_class_uid": STATE_CLASS}
    content = keys((0x0020000D, b"UI", b"1.2"))
    end = b"\xfe\xff\x0d\xe0\0\0\0\0"
    item = b"\xfe\xff\0\xe0\xff\xff\xff\xff" + content + end
    open_ended = b"p\0\2\4SQ\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    record = RECORD.replaced(keys=STATE + open_ended, **state)
    assert one(directory(record), keys=STATE + keys(BLEND), **state) == []
    more = encode_item(content + keys((0x00200010, b"SH", b"1")))
    assert one(directory(record), keys=STATE + keys((0x00700402, b"SQ", more)), **state) == []
    other = keys((0x00700402, b"SQ", encode_item(keys((0x0020000D, b"UI", b"1.3")))))
    found = one(directory(record), keys=STATE + other, **state)
    assert [f.rule for f in found] == ["DIR-REF-KEY"]


def test_text_in_another_character_set_is_not_compared() -> None:
    name = "Fülm"
    in_utf8 = keys((0x00080005, b"CS", b"ISO_IR 192"), (0x00100010, b"PN", name.encode()))
    latin = keys((0x00080005, b"CS", b"ISO_IR 100"), (0x00100010, b"PN", name.encode("latin-1")))
    number = keys((0x00100020, b"LO", b"ID1"))
    assert one(directory(patient=in_utf8 + number), patient=latin + number) == []


def test_each_misfiled_file_is_named_but_a_differing_parent_only_once() -> None:
    first, second = RECORD, RECORD.replaced(file_id=("B",), sop_instance_uid="1.2.3.5")
    twin = INSTANCE._replace(sop_instance_uid="1.2.3.5")
    for patient, count in ((PATIENT.replace(b"ID1", b"ID2"), 2), (PATIENT.replace(b"F", b"f"), 1)):
        tree = directory(first, patient=patient)
        tree.records[0].children[0].children[0].children.append(second)
        found = medium(tree, (NAME, INSTANCE, None), (("B",), twin, None))
        assert len(found) == count


def test_other_files_and_the_dicomdir_itself_are_passed_over() -> None:
    reason = NotIndexed("x", "not DICOM", "not-dicom")
    assert not medium(
        directory(),
        (("DICOMDIR",), None, NotIndexed("DICOMDIR", "a directory", "directory")),
        (("README.TXT",), None, reason),
        (NAME, INSTANCE, None),
    )


def test_a_name_that_leads_out_of_the_medium_is_expected_nowhere() -> None:
    tree = directory(RECORD.replaced(file_id=("..", "..", "ETC", "PASSWD")))
    assert medium(tree) == []


def test_references_are_found_at_any_depth_with_what_stands_above_them() -> None:
    tree = directory()
    record = tree.records[0]
    for number in range(20_000):
        record.children.append(DirectoryRecord("PRIVATE", b"", (f"P{number}",)))
        record = record.children[-1]
    found = list(references(tree))
    assert len(found) == 20_001
    above = next(parents for record, parents in found if record.file_id == NAME)
    assert [p and p.record_type for p in above] == ["PATIENT", "STUDY", "SERIES"]


def test_the_file_set_in_the_wheel_of_pydicom_agrees_with_its_files(
    pydicom_files: list[Path],
) -> None:
    root = next(p.parent for p in pydicom_files if p.as_posix().endswith("tests/DICOMDIR"))
    read = read_directory((root / "DICOMDIR").read_bytes())
    records = list(references(read.directory))
    check = ReferenceCheck(read.directory)
    paths = [root.joinpath(*record.file_id) for record, _ in records]
    by_path = {i.source: i for i in scan(paths, jobs=1).instances}
    found = []
    for record, path in zip((r for r, _ in records), paths, strict=True):
        found += check.see(record.file_id, by_path[str(path)])
    assert found + check.finish() == []
    assert len(records) == 31


@pytest.mark.parametrize(
    ("made_by", "expected"),
    [
        ("dcmtk-charsets", {"DIR-FILE-UNREFERENCED": ["CHARSET/FREN"]}),  # it has a twin
        ("dicom3tools-mixed", {}),
        ("gdcm-series", {}),
    ],
)
def test_file_sets_of_other_tools_agree_with_their_files(
    shared_data: Path, made_by: str, expected: dict[str, list[str]]
) -> None:
    root = shared_data / "toolmade" / made_by
    read = read_directory((root / "DICOMDIR").read_bytes())
    check = ReferenceCheck(read.directory)
    found = []
    for instance in scan([root], jobs=1).instances:
        found += check.see(Path(instance.source).relative_to(root).parts, instance)
    found += check.finish()
    assert {f.rule: [f.where] for f in found} == expected


def test_one_reference_can_be_compared_by_itself() -> None:
    tree = directory(patient=PATIENT.replace(b"ID1", b"ID2"))
    (found,) = references(tree)
    findings = check_reference(found[0], INSTANCE, found[1], "DICOM/I0000001")
    assert [f.rule for f in findings] == ["DIR-REF-PATIENT"]
    assert check_reference(found[0], INSTANCE, Parents(), "x") == []
