"""The tree has each patient, study and series once, and every value it lacks is accounted for."""

import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomdir.build import Built, Conflict, build_directory, separate_patients
from dicomdir.elements import encode_element, encode_item, values_by_tag
from dicomdir.generated_keys import MissingUid
from dicomdir.instance import Instance
from dicomdir.patient_identity import comparable_name
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.record_types import RECORD_TYPES, AdditionalKey, Key
from dicomdir.scan import scan
from dicomdir.sop_classes import RECORD_TYPE_OF

CT = "1.2.840.10008.5.1.4.1.1.2"
VRS = {key.tag: key.vr for row in RECORD_TYPES.values() for key in row.keys}
VRS[0x00100030] = b"DA"

PATIENT = {0x00100010: b"Doe^Jane", 0x00100020: b"4711"}
STUDY = {
    0x00080020: b"20260102",
    0x00080030: b"0304",
    0x00080050: b"A1",
    0x00081030: b"Head",
    0x0020000D: b"1.2.3",
    0x00200010: b"9",
}
SERIES = {0x00080060: b"CT", 0x0020000E: b"1.2.3.4", 0x00200011: b"5"}
IMAGE = {0x00200013: b"1"}


def block(*tables: dict[int, bytes]) -> bytes:
    merged = {tag: value for table in tables for tag, value in table.items()}
    return b"".join(encode_element(tag, VRS[tag], merged[tag]) for tag in sorted(merged))


def instance(
    patient: dict[int, bytes] = PATIENT,
    study: dict[int, bytes] = STUDY,
    series: dict[int, bytes] = SERIES,
    keys: dict[int, bytes] = IMAGE,
    *,
    record_type: str = "IMAGE",
    source: str = "a file",
    uid: str = "1.2.3.4.5",
) -> Instance:
    return Instance(
        *(source, 1000, 300, CT, uid, "1.2.840.10008.1.2.1", b"", record_type),
        *(block(patient), block(study), block(series), block(keys), (), ()),
    )


def built(*instances: Instance) -> Built:
    numbered = [(each, ("DICOM", f"I{number}")) for number, each in enumerate(instances, 1)]
    return build_directory(numbered, file_set_uid="1.2.3")


def without(table: dict[int, bytes], *tags: int) -> dict[int, bytes]:
    return {tag: value for tag, value in table.items() if tag not in tags}


def all_records(directory: Directory) -> list[DirectoryRecord]:
    found, stack = [], list(directory.records)
    while stack:
        record = stack.pop()
        found.append(record)
        stack += record.children
    return found


def value(record: DirectoryRecord, tag: int) -> bytes:
    return values_by_tag(record.keys)[tag].strip(b" \0")


def test_each_patient_study_and_series_stands_once_in_order_of_appearance() -> None:
    other_series = SERIES | {0x0020000E: b"1.2.3.5", 0x00200011: b"6"}
    other_study = STUDY | {0x0020000D: b"1.2.9"}
    other_patient = {0x00100010: b"Roe^Rick", 0x00100020: b"4712"}
    third_study = STUDY | {0x0020000D: b"1.2.10"}
    result = built(
        instance(uid="1.1"),
        instance(series=other_series, uid="1.2"),
        instance(other_patient, third_study, SERIES | {0x0020000E: b"1.2.10.1"}, uid="1.3"),
        instance(uid="1.4", keys={0x00200013: b"2"}),
        instance(study=other_study, series=SERIES | {0x0020000E: b"1.2.9.1"}, uid="1.5"),
    )
    shape = [
        [[[leaf.sop_instance_uid for leaf in e.children] for e in s.children] for s in p.children]
        for p in result.directory.records
    ]
    assert shape == [[[["1.1", "1.4"], ["1.2"]], [["1.5"]]], [[["1.3"]]]]
    assert [record.sop_instance_uid for record in result.records] == [f"1.{n}" for n in range(1, 6)]
    assert result.generated == ()
    assert result.conflicts == ()


def test_complete_keys_are_passed_on_byte_for_byte() -> None:
    one = instance()
    (patient,) = built(one).directory.records
    (study,) = patient.children
    (series,) = study.children
    (leaf,) = series.children
    assert (patient.keys, study.keys, series.keys) == (one.patient, one.study, one.series)
    assert leaf.keys == one.keys
    assert leaf.file_id == ("DICOM", "I1")
    assert (leaf.sop_class_uid, leaf.transfer_syntax_uid) == (CT, "1.2.840.10008.1.2.1")


def test_objects_without_a_patient_stand_at_the_root() -> None:
    palette = Instance(
        *("p", 1, 1, "1.2.840.10008.5.1.4.39.1", "1.9", "1.2.840.10008.1.2.1", b"", "PALETTE"),
        *(b"", b"", b"", encode_element(0x00700080, b"CS", b"HOT_IRON"), (), ()),
    )
    result = built(palette, instance())
    assert [r.record_type for r in result.directory.records] == ["PALETTE", "PATIENT"]
    assert value(result.records[0], 0x00700081) == b""  # type 2, added empty and not reported
    assert result.generated == ()


@pytest.mark.parametrize("record_type", ["", "PRIVATE", "STUDY", "OVERLAY", "NEWER"])
def test_an_instance_that_no_standard_record_names_is_refused(record_type: str) -> None:
    with pytest.raises(ValueError, match="no standard record"):
        built(instance(record_type=record_type))


def test_an_instance_without_study_or_series_uid_is_refused() -> None:
    with pytest.raises(MissingUid):
        built(instance(study=without(STUDY, 0x0020000D)))
    with pytest.raises(MissingUid):
        built(instance(series=SERIES | {0x0020000E: b""}))


def test_a_file_set_id_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="File-set ID"):
        build_directory([], file_set_uid="1.2.3", file_set_id="my disc")


def test_missing_numbers_are_the_lowest_that_are_free() -> None:
    nameless = [instance(keys={0x00200013: b" "}, uid=f"1.{n}") for n in range(3)]
    taken = [instance(keys={0x00200013: n}, uid=f"2.{n.decode()}") for n in (b"1", b"+3 ", b"x")]
    result = built(*nameless, *taken)
    assert [value(r, 0x00200013) for r in result.records[:3]] == [b"2", b"4", b"5"]
    assert [(g.record_type, g.value, g.file_id) for g in result.generated] == [
        ("IMAGE", "2", ("DICOM", "I1")),
        ("IMAGE", "4", ("DICOM", "I2")),
        ("IMAGE", "5", ("DICOM", "I3")),
    ]


def test_missing_study_ids_are_running_numbers_and_series_numbers_free_ones() -> None:
    studies = [STUDY | {0x0020000D: b"1.2.%d" % n, 0x00200010: b""} for n in range(3)]
    series = [{0x00080060: b"CT", 0x0020000E: b"1.2.%d.1" % n} for n in range(3)]
    result = built(*(instance(study=s, series=e) for s, e in zip(studies, series, strict=True)))
    (patient,) = result.directory.records
    assert [value(study, 0x00200010) for study in patient.children] == [b"1", b"2", b"3"]
    assert {value(study.children[0], 0x00200011) for study in patient.children} == {b"1"}


def test_an_unknown_date_modality_and_title_are_recognisable() -> None:
    bare_study = {0x0020000D: b"1.2.3"}
    result = built(
        instance(
            study=bare_study, series={0x0020000E: b"1.2.3.4"}, keys={}, record_type="SR DOCUMENT"
        )
    )
    (study,) = result.directory.records[0].children
    assert value(study, 0x00080020) == b"19000101"
    assert value(study, 0x00080030) == b"000000"
    assert value(study, 0x00081030) == b""
    assert value(study.children[0], 0x00080060) == b"OT"
    report = result.records[0]
    assert value(report, 0x0040A493) == b"UNVERIFIED"
    assert b"99FILMJACKET" in value(report, 0x0040A043)
    tags = list(values_by_tag(report.keys))
    assert tags == sorted(tags)
    assert {g.tag for g in result.generated} == {
        *(0x00080020, 0x00080030, 0x00200010, 0x00080060, 0x00200011, 0x00200013),
        *(0x00080023, 0x00080033, 0x0040A491, 0x0040A493, 0x0040A043),
    }


@pytest.mark.parametrize("record_type", sorted(set(RECORD_TYPE_OF.values())))
def test_every_record_type_gets_all_its_type_1_and_2_keys(record_type: str) -> None:
    result = built(instance(keys={}, record_type=record_type))
    values = values_by_tag(result.records[0].keys)
    for key in RECORD_TYPES[record_type].keys:
        if key.type == "1":
            assert values[key.tag], hex(key.tag)
        if key.type == "2":
            assert values[key.tag] == b""


def test_zero_in_a_binary_key_is_a_value() -> None:
    keys = {0x00720014: bytes(2)}
    result = built(instance(keys=keys, record_type="HANGING PROTOCOL"))
    assert 0x00720014 not in {g.tag for g in result.generated}


@pytest.mark.parametrize("sequence", [b"", b"\xfe\xff\xdd\xe0\0\0\0\0"])
def test_a_sequence_without_items_counts_as_no_value(sequence: bytes) -> None:
    length = b"\xff\xff\xff\xff" if sequence else bytes(4)
    empty = b"\x40\x00\x43\xa0SQ\0\0" + length + sequence
    document = instance(keys={}, record_type="KEY OBJECT DOC")._replace(keys=empty)
    (record,) = built(document).records
    assert b"99FILMJACKET" in value(record, 0x0040A043)


def test_a_nested_number_is_not_taken_for_the_number_of_the_instance() -> None:
    nested = encode_element(0x00081140, b"SQ", encode_item(encode_element(0x00200013, b"IS", b"7")))
    (record,) = built(instance()._replace(keys=nested)).records
    assert value(record, 0x00200013) == b"1"
    assert record.keys.startswith(nested)


def test_a_generated_patient_id_is_the_same_everywhere_and_keeps_names_apart() -> None:
    def patient_id(patient: dict[int, bytes], study: dict[int, bytes] = STUDY) -> bytes:
        return value(built(instance(patient, study)).directory.records[0], 0x00100020)

    jane = patient_id({0x00100010: b"Doe^Jane"})
    assert jane == b"FJ-280165F891AD"  # printf %s "doe jane" | sha256sum
    assert patient_id({0x00100010: b"DOE^JANE^^ "}) == jane
    other_study = STUDY | {0x0020000D: b"1.2.99"}
    assert patient_id({0x00100010: b"Doe^Jane", 0x00100020: b""}, other_study) == jane
    assert patient_id({0x00100010: b"Roe^Rick"}) != jane
    assert patient_id({0x00100010: b"Doe^Jane", 0x00100030: b"19700101"}) != jane
    assert patient_id({}) != patient_id({}, other_study)


def test_nameless_instances_of_one_study_share_a_patient() -> None:
    result = built(instance({}), instance({0x00100010: b"", 0x00100020: b" "}))
    assert len(result.directory.records) == 1
    assert [g.tag for g in result.generated] == [0x00100020]


def test_a_profile_s_type_1_key_is_generated_too() -> None:
    comment = AdditionalKey(frozenset(("STUDY",)), Key(0x00324000, b"LT", "1"), "a profile")
    result = build_directory([(instance(), ("I1",))], file_set_uid="1.2.3", additional=[comment])
    assert [(g.record_type, g.value) for g in result.generated] == [("STUDY", "UNKNOWN")]


def test_the_first_file_counts_and_each_difference_is_told_once() -> None:
    renamed = PATIENT | {0x00100010: b"Doe^Jane^M"}
    described = STUDY | {0x00081030: b"Skull"}
    again = PATIENT | {0x00100010: b"Doe^J"}
    result = built(instance(), instance(renamed, described), instance(again, described))
    (patient,) = result.directory.records
    assert value(patient, 0x00100010) == b"Doe^Jane"
    assert value(patient.children[0], 0x00081030) == b"Head"
    first, second = ("DICOM", "I1"), ("DICOM", "I2")
    assert result.conflicts == (
        Conflict("keys", "PATIENT", 0x00100010, first, second),
        Conflict("keys", "STUDY", 0x00081030, first, second),
    )
    assert "Doe" not in " ".join(map(str, result.conflicts))


def test_a_value_that_the_first_file_lacks_comes_from_the_next() -> None:
    undated = STUDY | {0x00080020: b"", 0x00081030: b""}
    greek = STUDY | {0x00080005: b"ISO_IR 126", 0x00081030: b"\xca\xe5\xf6\xe1\xeb\xde"}
    result = built(instance(study=undated), instance(study=greek))
    (study,) = result.directory.records[0].children
    assert result.generated == ()
    assert result.conflicts == ()
    assert study.keys == block(undated, greek)


def test_a_value_in_another_character_set_is_not_mixed_in() -> None:
    latin = STUDY | {0x00080005: b"ISO_IR 100", 0x00080050: b"\xc4", 0x00081030: b""}
    greek = STUDY | {0x00080005: b"ISO_IR 126", 0x00080050: b"\xc4", 0x00081030: b"\xca\xe5\xf6"}
    (patient,) = built(instance(study=latin), instance(study=greek)).directory.records
    assert patient.children[0].keys == block(latin)


def test_a_study_of_two_patients_and_a_series_of_two_studies_are_reported() -> None:
    stranger = {0x00100010: b"Roe^Rick", 0x00100020: b"4712"}
    elsewhere = STUDY | {0x0020000D: b"1.2.99"}
    result = built(instance(), instance(stranger), instance(study=elsewhere))
    kinds = [(c.kind, c.first, c.other) for c in result.conflicts]
    first, second, third = (("DICOM", f"I{n}") for n in (1, 2, 3))
    assert kinds == [
        ("study of two patients", first, second),
        ("series of two studies", first, second),
        ("series of two studies", first, third),
    ]
    assert len(result.directory.records) == 2


def test_all_real_files_find_their_place(pydicom_files: list[Path]) -> None:
    """What pydicom reads out of each file stands above its record."""
    scanned = scan(pydicom_files, jobs=1)
    placed = [each for each in scanned.instances if each.record_type]
    kept, _ = separate_patients(placed)
    result = build_directory(
        [(each, ("DICOM", f"I{n}")) for n, each in enumerate(kept)], file_set_uid="1.2.3"
    )
    assert len(result.records) > 60
    path = {}
    for patient in result.directory.records:
        for study in patient.children:
            for series in study.children:
                path.update({id(leaf): (patient, study, series) for leaf in series.children})
    for each, record in zip(kept, result.records, strict=True):
        if id(record) not in path:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(each.source, force=True, stop_before_pixels=True)
            patient_id = str(dataset.get("PatientID") or "")
        above = path[id(record)]
        if patient_id.isascii() and patient_id.strip():
            assert value(above[0], 0x00100020).decode() == patient_id.strip(), each.source
        assert value(above[1], 0x0020000D).decode() == dataset.StudyInstanceUID
        assert value(above[2], 0x0020000E).decode() == dataset.SeriesInstanceUID
    for record in all_records(result.directory):
        values = values_by_tag(record.keys)
        for key in RECORD_TYPES[record.record_type].keys:
            if key.type == "1":
                assert values[key.tag], (record.file_id, hex(key.tag))


@given(
    st.lists(
        st.tuples(*(st.integers(0, 3) for _ in range(3)), st.sampled_from([b"", b"1", b"2"])),
        max_size=30,
    )
)
def test_every_instance_is_in_the_tree_once_and_the_result_repeats(
    rows: list[tuple[int, int, int, bytes]],
) -> None:
    instances = [
        instance(
            {0x00100020: b"%d" % patient if patient else b""},
            {0x0020000D: b"1.%d" % study},
            {0x0020000E: b"1.2.%d" % series},
            {0x00200013: number},
        )
        for patient, study, series, number in rows
    ]
    first, second = built(*instances), built(*instances)
    assert first == second
    leaves = [r for r in all_records(first.directory) if r.record_type == "IMAGE"]
    assert sorted(map(id, leaves)) == sorted(map(id, first.records))


def test_work_grows_with_the_number_of_instances_and_not_faster() -> None:
    """Twenty thousand instances without a number: the slowest way there is."""
    many = [(instance(keys={0x00200013: b""}), ("DICOM", f"I{n}")) for n in range(20_000)]
    begin = time.process_time()
    result = build_directory(many, file_set_uid="1.2.3")
    assert len(result.generated) == 20_000
    assert time.process_time() - begin < 5  # seconds; 0.3 where nothing else runs


def person(name: bytes, born: bytes = b"", patient_id: bytes = b"4711") -> dict[int, bytes]:
    return {0x00100010: name, 0x00100020: patient_id, 0x00100030: born}


def kept_sources(people: Iterable[dict[int, bytes]]) -> list[int]:
    instances = [instance(p, source=f"/in/{n}") for n, p in enumerate(people)]
    kept, left_out = separate_patients(instances)
    assert len(kept) + len(left_out) == len(instances)
    assert all(each.kind == "patient-conflict" for each in left_out)
    return [int(each.source.removeprefix("/in/")) for each in kept]


@pytest.mark.parametrize(
    "people",
    [
        [person(b"Doe^Jane"), person(b"DOE^JANE^^^")],
        [person(b"Doe^Jane"), person(b"doe jane ")],
        [person(b"Yamada^Tarou=\x1b$B;3ED\x1b(B"), person(b"YAMADA^TAROU")],
        [person(b"Doe^Jane", b"19700101"), person(b"Doe-Roe^Jane", b"19700101")],
        [person(b"Doe^Jane"), person(b"")],
        [person(b""), person(b"Doe^Jane"), person(b"doe^jane")],
        [person(b"Doe^Jane", b"19700101"), person(b"Doe^Jane", b"19700110")],  # a slip
        [person(b"Doe^Jane"), person(b"Roe^Rick", patient_id=b"4712")],
        [person(b"Doe^Jane", patient_id=b""), person(b"Roe^Rick", patient_id=b"")],
        [
            person(b"M\xfcller^Hans") | {0x00080005: b"ISO_IR 100"},
            person(b"M\xc3\x9cLLER^HANS") | {0x00080005: b"ISO_IR 192"},
        ],
    ],
)
def test_one_person_stays_together(people: list[dict[int, bytes]]) -> None:
    assert kept_sources(people) == list(range(len(people)))


@pytest.mark.parametrize(
    ("people", "kept"),
    [
        ([person(b"Doe^Jane"), person(b"Roe^Rick"), person(b"Doe^Jane")], [0, 2]),
        ([person(b"Doe^Jane", b"19700101"), person(b"Roe^Rick", b"19800101")], [0]),
        ([person(b""), person(b"Doe^Jane"), person(b"Roe^Rick")], [0, 1]),
        ([person(b"", b"19700101"), person(b"", b"19800101")], [0]),
        ([person(b"\x1b$B;3ED\x1b(B"), person(b"\x1b$BNS@n\x1b(B")], [0]),
    ],
)
def test_a_second_person_under_one_patient_id_is_left_out(
    people: list[dict[int, bytes]], kept: list[int]
) -> None:
    assert kept_sources(people) == kept


def test_whoever_is_left_out_is_named_with_both_files_and_no_names() -> None:
    _, (left_out,) = separate_patients(
        [instance(source="/in/a"), instance(person(b"Roe^Rick"), source="/in/b")]
    )
    assert left_out.source == "/in/b"
    assert "/in/a" in left_out.reason
    assert "Roe" not in left_out.reason
    assert "Doe" not in left_out.reason


def test_half_a_character_is_not_taken_for_the_end_of_a_component_group() -> None:
    # In JIS X 0208 the byte of "=" is one half of many letters.
    first, second = b"\x1b$B=)ED\x1b(B", b"\x1b$B=)K\\\x1b(B"
    assert comparable_name(first, "\\ISO 2022 IR 87") != comparable_name(second, "\\ISO 2022 IR 87")


@given(st.binary(max_size=64), st.sampled_from(["", "ISO_IR 100", "ISO_IR 192", "GB18030", "?"]))
def test_any_bytes_have_a_comparable_form(name: bytes, character_set: str) -> None:
    comparable_name(name, character_set)
