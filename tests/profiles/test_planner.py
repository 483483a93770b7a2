import random
from collections import Counter
from collections.abc import Callable
from time import process_time

import pytest

from dicomdir.instance import NOT_WELL_FORMED, Instance, NotIndexed
from profiles.file_ids import assign_file_ids
from profiles.order import in_reading_order
from profiles.plan import Action, Plan
from profiles.planner import plan
from profiles.profile_table import PROFILES
from profiles.selection import select
from profiles.transfer_syntaxes import DECODABLE
from reporting import NotSupported, WrongUsage

MakeInstance = Callable[..., Instance]
CD = PROFILES["STD-GEN-CD"]
IMPLICIT = "1.2.840.10008.1.2"
JPEG = "1.2.840.10008.1.2.4.50"
MPEG = "1.2.840.10008.1.2.4.100"


def planned(
    *instances: Instance,
    not_indexed: tuple[NotIndexed, ...] = (),
    decoders: frozenset[str] = DECODABLE,
    same: bool = False,
) -> Plan:
    return plan(instances, not_indexed, CD, decoders=decoders, same_bytes=lambda one, other: same)


def test_a_conformant_file_is_copied(make_instance: MakeInstance) -> None:
    result = planned(make_instance())
    assert [(item.action, item.reason) for item in result.instances] == [(Action.COPY, "")]
    assert result.left_out == ()
    assert result.remarks == ()
    assert result.profile == "STD-GEN-CD"


def test_a_good_data_set_under_a_bad_head_gets_a_new_head(make_instance: MakeInstance) -> None:
    result = planned(make_instance(departures=("no preamble", "wrong version")))
    assert result.instances[0].action is Action.REHEAD
    assert result.instances[0].reason == "no preamble, wrong version"


def test_a_data_set_that_is_not_well_formed_is_written_anew(make_instance: MakeInstance) -> None:
    doubt = f"{NOT_WELL_FORMED}: b'  ' is not a VR"
    result = planned(make_instance(departures=(doubt, "no preamble")))
    assert result.instances[0].action is Action.TRANSCODE
    assert result.instances[0].reason == doubt


@pytest.mark.parametrize(
    "syntax", [IMPLICIT, "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", JPEG]
)
def test_another_syntax_is_converted(make_instance: MakeInstance, syntax: str) -> None:
    result = planned(make_instance(syntax=syntax, departures=("no preamble",)))
    assert result.instances[0].action is Action.TRANSCODE
    assert result.instances[0].reason.startswith("STD-GEN-CD does not allow")


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        (JPEG, "JPEG Baseline, and no decoder"),
        (MPEG, "MPEG2 Main Profile / Main Level, and video cannot be stored uncompressed"),
        ("1.2.840.10008.1.2.4.94", "JPIP Referenced, and the pixel data is not in the file"),
        ("1.2.840.113619.5.2", "unknown transfer syntax 1.2.840.113619.5.2, and nobody"),
    ],
)
def test_what_cannot_be_converted_is_left_out_with_the_syntax_named(
    make_instance: MakeInstance, syntax: str, words: str
) -> None:
    result = planned(make_instance("/in/a", syntax=syntax), decoders=frozenset())
    assert result.instances == ()
    (left_out,) = result.left_out
    assert left_out.kind == "not-convertible"
    assert left_out.source == "/in/a"
    assert words in left_out.reason
    # Elements alone need no decoder.
    assert planned(make_instance(syntax=IMPLICIT), decoders=frozenset()).instances


@pytest.mark.parametrize(
    ("sop_class", "record_type", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.6", "IMAGE", "retired SOP Class, which STD-GEN-CD excludes"),
        ("1.2.840.10008.5.1.4.1.1.5", "IMAGE", "retired SOP Class"),
        ("1.3.46.670589.11.0.0.12.1", "", "private SOP Class"),
        ("1.2.840.10008.5.1.4.1.1.99999", "", "or newer than this"),
        ("1.2.840.10008.5.1.4.1.1.200.1", "", "no Directory Record may name"),
        ("", "", "does not say of which SOP Class"),
    ],
)
def test_classes_without_a_place_are_left_out_and_named(
    make_instance: MakeInstance, sop_class: str, record_type: str, words: str
) -> None:
    result = planned(make_instance(sop_class=sop_class, record_type=record_type))
    assert result.instances == ()
    assert result.left_out[0].kind == "not-allowed"
    assert words in result.left_out[0].reason


def test_the_same_file_twice_is_stored_once(make_instance: MakeInstance) -> None:
    twins = [make_instance(path, uid="1.2.3") for path in ("/in/b", "/in/a", "/in/c")]
    result = planned(*twins, same=True)
    assert [item.instance.source for item in result.instances] == ["/in/a"]
    assert [(n.source, n.kind) for n in result.left_out] == [
        ("/in/b", "duplicate"),
        ("/in/c", "duplicate"),
    ]
    assert "/in/a" in result.left_out[0].reason


@pytest.mark.parametrize("size", [1000, 1002])
def test_two_objects_with_one_uid_are_a_contradiction(
    make_instance: MakeInstance, size: int
) -> None:
    one, other = make_instance("/in/a", uid="1.2.3"), make_instance("/in/b", uid="1.2.3", size=size)
    result = planned(other, one, same=size == 1002)
    assert [item.instance.source for item in result.instances] == ["/in/a"]
    (left_out,) = result.left_out
    assert (left_out.source, left_out.kind) == ("/in/b", "contradiction")
    assert "/in/a" in left_out.reason


def test_a_file_that_cannot_be_stored_does_not_stand_in_for_its_twin(
    make_instance: MakeInstance,
) -> None:
    video, plain = (
        make_instance("/in/a", uid="1.2.3", syntax=MPEG),
        make_instance("/in/b", uid="1.2.3"),
    )
    result = planned(video, plain)
    assert [item.instance.source for item in result.instances] == ["/in/b"]


def test_two_people_with_one_patient_id_are_kept_apart(make_instance: MakeInstance) -> None:
    one = make_instance("/in/a", name="Jacket^Film")
    other = make_instance("/in/b", name="Sleeve^Paper", study="1.2.3.2", series="1.2.3.2.1")
    result = planned(one, other)
    assert [item.instance.source for item in result.instances] == ["/in/a"]
    (left_out,) = result.left_out
    assert left_out.kind == "patient-conflict"
    assert "Jacket" not in left_out.reason
    assert "Sleeve" not in left_out.reason


def test_what_the_scan_could_not_take_in_comes_first(make_instance: MakeInstance) -> None:
    broken = NotIndexed("/in/z", "cut off", "truncated")
    result = planned(make_instance("/in/a", syntax=MPEG), not_indexed=(broken,))
    assert [n.source for n in result.left_out] == ["/in/z", "/in/a"]


def test_the_order_is_that_of_reading_and_not_of_the_file_system(
    make_instance: MakeInstance,
) -> None:
    wanted = [
        make_instance(f"/in/{p}{s}{e}{9 - n}", patient=p, study=f"1.{ord(p)}.{s}", number=str(n),
                      date=f"202601{s:02d}", series=f"1.{ord(p)}.{s}.{e}", series_number=str(e))
        for p in "AB"
        for s in (1, 2)
        for e in (2, 10)
        for n in (1, 2, 3)
    ]  # fmt: skip
    for seed in range(5):
        shuffled = wanted.copy()
        random.Random(seed).shuffle(shuffled)  # noqa: S311 (an order, not a secret)
        result = planned(*shuffled)
        assert [item.instance for item in result.instances] == wanted


def test_a_study_stays_together_although_its_files_describe_it_differently(
    make_instance: MakeInstance,
) -> None:
    dates = ("20260101", "20260103", "20260102")
    studies = ("1.1", "1.1", "1.2")
    instances = [
        make_instance(study=study, date=date, series=f"{study}.{date}")
        for study, date in zip(studies, dates, strict=True)
    ]
    ordered = in_reading_order(instances)
    assert [instance.study[-4:-1] for instance in ordered] == [b"1.1", b"1.1", b"1.2"]


def test_file_ids_number_patients_studies_series_and_instances(
    make_instance: MakeInstance,
) -> None:
    instances = [
        make_instance(patient=p, study=f"1.{p}.{s}", series=f"1.{p}.{s}.{e}", number=str(n),
                      date=f"2026010{s}", series_number=str(e))
        for p in "12" for s in (1, 2) for e in (1, 2) for n in (1, 2)
    ]  # fmt: skip
    palette = make_instance("/in/~", record_type="PALETTE", sop_class="1.2.840.10008.5.1.4.39.1")
    palette = palette._replace(patient=b"", study=b"", series=b"")
    result = planned(*instances, palette)
    ids = ["/".join(file_id) for file_id in assign_file_ids(result.instances)]
    assert ids[:3] == [
        "DICOM/P0000001/S0000001/E0000001/I0000001",
        "DICOM/P0000001/S0000001/E0000001/I0000002",
        "DICOM/P0000001/S0000001/E0000002/I0000001",
    ]
    assert ids[8] == "DICOM/P0000002/S0000001/E0000001/I0000001"
    assert ids[-1] == "DICOM/N0000001"
    assert len(set(ids)) == len(ids) == 17


def test_a_series_of_more_instances_than_a_folder_shall_have_goes_on_in_another(
    make_instance: MakeInstance,
) -> None:
    items = planned(make_instance(series="1.1.1"), make_instance(series="1.1.2")).instances
    first, second = items
    ids = assign_file_ids([first] * 50_000 + [second] + [first] * 50_001 + [second])
    assert len(set(ids)) == len(ids)
    count = Counter(file_id[:-1] for file_id in ids)
    assert [(folder[-1], number) for folder, number in count.items()] == [
        ("E0000001", 50_000),
        ("E0000002", 2),
        ("E0000003", 50_000),
        ("E0000004", 1),
    ]
    assert ids[-2:] == (
        ("DICOM", "P0000001", "S0000001", "E0000004", "I0000001"),
        ("DICOM", "P0000001", "S0000001", "E0000002", "I0000002"),
    )


def test_more_entries_than_seven_digits_count_are_refused(
    make_instance: MakeInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profiles.file_ids._MOST", 2)
    result = planned(*(make_instance(number=str(n)) for n in range(3)))
    with pytest.raises(NotSupported, match="more than 2 entries"):
        assign_file_ids(result.instances)


def test_selections_of_different_kinds_narrow_each_other(make_instance: MakeInstance) -> None:
    one = make_instance(patient="1", study="1.1", series="1.1.1", accession="X")
    two = make_instance(patient="1", study="1.2", series="1.2.1", accession="Y")
    three = make_instance(patient="3", study="1.3", series="1.3.1", accession="X")
    everything = (one, two, three)
    assert select(everything) == everything
    assert select(everything, patients=["1"]) == (one, two)
    assert select(everything, patients=["1"], accessions=["X"]) == (one,)
    assert select(everything, studies=["1.2", "1.3"]) == (two, three)
    assert select(everything, series=["1.1.1"]) == (one,)


def test_a_selection_that_misses_says_what_is_there_without_names(
    make_instance: MakeInstance,
) -> None:
    instances = [make_instance(patient="Secret-7", study=f"1.{n}") for n in range(3)]
    with pytest.raises(WrongUsage) as caught:
        select(instances, patients=["Secret-7", "Secret-8"])
    assert caught.value.what == "value 2 of 2 matches nothing that was found"
    assert caught.value.where == "--patient"
    assert "1 patient, 3 studies, 1 series, 3 instances" in caught.value.remedy
    assert "Secret" not in str(caught.value)
    with pytest.raises(WrongUsage, match="nothing matches all"):
        select([make_instance(study="1.8"), make_instance(study="1.9", series="2")],
               studies=["1.8"], series=["2"])  # fmt: skip


def test_planning_is_quick_and_does_not_slow_down_with_number(make_instance: MakeInstance) -> None:
    def seconds(number: int) -> float:
        first = make_instance()
        keys = [make_instance(number=str(n)).keys for n in range(number)]
        instances = [
            first._replace(source=f"/in/{n:06d}", sop_instance_uid=f"1.2.{n}", keys=keys[n])
            for n in range(number)
        ]
        began = process_time()
        result = planned(*instances)
        assign_file_ids(result.instances)
        return process_time() - began

    assert min(seconds(20_000) for _ in range(3)) / 20_000 < 25e-6  # a busy machine; alone: 5


def test_a_study_under_two_patients_is_not_put_under_both(make_instance: MakeInstance) -> None:
    first = make_instance(source="/in/a", patient="1", study="1.2.3")
    other = make_instance(source="/in/b", patient="2", study="1.2.3")
    result = planned(first, other)
    assert [item.instance.source for item in result.instances] == ["/in/a"]
    assert [(n.source, n.kind) for n in result.left_out] == [("/in/b", "patient-conflict")]
    assert "/in/a" in result.left_out[0].reason


def test_what_the_scan_found_odd_is_told_once_with_a_number(make_instance: MakeInstance) -> None:
    odd = [
        make_instance(source=f"/in/{n}", uid=f"1.2.{n + 1}")._replace(remarks=("it is odd",))
        for n in range(3)
    ]
    assert planned(*odd).remarks == ("it is odd (3 instances, /in/0 is the first)",)
