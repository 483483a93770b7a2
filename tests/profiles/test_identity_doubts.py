"""What makes it doubtful whose images are, and what does not: spelling, marriage, other people."""

from pathlib import Path
from typing import Any

import pytest
from people import person

from dicomdir.index import Indexer
from dicomdir.scan import scan
from profiles.identity_doubts import IDENTITY_FACTS, Doubt, doubts_on
from profiles.selection import select

Person = dict[str, Any]
ANNA: Person = {"name": "SMITH^ANNA"}


def doubts(folder: Path, *people: Person, **wanted: list[str]) -> list[Doubt]:
    """Return the doubts on files of *people*, one file each, of which some are selected."""
    for number, one in enumerate(people, start=1):
        person(folder / str(number), number, **one)
    found = scan([folder], Indexer((), IDENTITY_FACTS), jobs=1).instances
    return list(doubts_on(found, select(found, **wanted)))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"name": "ROE^JANE", "born": "19900101"}, "two people by their names"),
        ({"name": "SMITH^ANNA", "born": "19700102"}, "two birth dates"),
        ({"name": "SMITH^BERTA"}, "two given names with one birth date"),
        ({**ANNA, "PatientSex": "F"}, "once male and once female"),
        ({**ANNA, "born": "", "IssuerOfPatientID": "B"}, "given out by two issuers"),
        ({**ANNA, "patient_id": "2", "StudyInstanceUID": "1.2.1.1"}, "one study under two"),
        ({**ANNA, "patient_id": "2", "SeriesInstanceUID": "1.2.1.2"}, "one series under two"),
        ({**ANNA, "patient_id": "2", "SOPInstanceUID": "1.2.1.3"}, "one SOP Instance UID under"),
    ],
)
def test_one_difference_is_one_doubt(other: Person, what: str, tmp_path: Path) -> None:
    first = {**ANNA, "PatientSex": "M", "IssuerOfPatientID": "A"}
    (doubt,) = doubts(tmp_path, first, {"PatientSex": "M", "IssuerOfPatientID": "A"} | other)
    assert what in doubt.what
    assert (doubt.first, doubt.other, doubt.files) == (
        str(tmp_path / "1"),
        str(tmp_path / "2"),
        1,
    )


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Smith^Anna^^"},
        {"name": "JONES^ANNA"},
        {"name": "ANNA SMITH"},
        {"name": "SMITH^A"},
        {"name": "SMITH"},
        {"name": "SMITH^ANNA", "born": ""},
        {"name": "SMITH^ANNA", "born": "19000101"},
        {"name": "SMITH^ANNA", "PatientSex": "O"},
        {"name": "SMITH^ANNA", "PatientSex": ""},
        {"name": "SMITH^ANNA", "IssuerOfPatientID": "HOSPITAL B"},
        {"name": "ROE^JANE", "patient_id": "2", "born": "19900101"},
        {"name": "SMITH^ANNA", "patient_id": "2"},
    ],
)
def test_what_hospitals_do_every_day_is_no_doubt(other: Person, tmp_path: Path) -> None:
    first = {**ANNA, "PatientSex": "F", "IssuerOfPatientID": "A"}
    assert doubts(tmp_path, first, {"PatientSex": "F"} | other) == []


def test_a_study_that_another_patient_has_as_well_is_in_doubt_whoever_is_selected(
    tmp_path: Path,
) -> None:
    other = {"name": "ROE^JANE", "patient_id": "2", "StudyInstanceUID": "1.2.1.1"}
    (doubt,) = doubts(tmp_path, ANNA, other, other, patients=["2"])
    assert doubt.what == "one study under two Patient IDs"
    assert (doubt.first, doubt.other) == (str(tmp_path / "2"), str(tmp_path / "1"))


def test_somebody_else_with_the_number_is_no_doubt_on_a_study_that_was_selected(
    tmp_path: Path,
) -> None:
    other = {"name": "ROE^JANE", "born": "19900101"}
    assert doubts(tmp_path, ANNA, other, studies=["1.2.2.1"]) == []
    assert len(doubts(tmp_path, ANNA, other, patients=["1"])) == 1


def test_many_files_that_disagree_in_one_way_are_one_doubt(tmp_path: Path) -> None:
    other = {"name": "SMITH^ANNA", "born": "19700102"}
    (doubt,) = doubts(tmp_path, ANNA, other, other, other)
    assert doubt.files == 3
    assert str(doubt).endswith(f"{tmp_path / '1'} and {tmp_path / '2'}, and 2 more files")


def test_what_the_first_file_does_not_know_is_learnt_from_the_next(tmp_path: Path) -> None:
    unknown = {"name": "SMITH^ANNA", "born": "", "PatientSex": ""}
    told = doubts(tmp_path, unknown, {**ANNA, "PatientSex": "F"}, {**ANNA, "PatientSex": "M"})
    assert [doubt.what for doubt in told] == ["one Patient ID, once male and once female"]


def test_names_that_nobody_wrote_in_letters_are_compared_with_their_kind(tmp_path: Path) -> None:
    utf_8 = {"SpecificCharacterSet": "ISO_IR 192", "born": ""}
    taro = {"name": "=\u5c71\u7530^\u592a\u90ce", **utf_8}
    hanako = {"name": "=\u9234\u6728^\u82b1\u5b50", **utf_8}
    (doubt,) = doubts(tmp_path / "two", taro, hanako)
    assert doubt.what == "one Patient ID, two people by their names"
    assert doubts(tmp_path / "one", taro, taro, {"name": "YAMADA^TARO", "born": ""}) == []


def test_people_without_a_number_are_not_one_by_a_name_that_says_nothing(tmp_path: Path) -> None:
    unknown = {"name": "UNKNOWN", "patient_id": "", "born": ""}
    men = {**unknown, "PatientSex": "M"}
    (doubt,) = doubts(tmp_path / "two", men, {**unknown, "PatientSex": "F"})
    assert doubt.what == "no Patient ID, once male and once female"
    assert doubts(tmp_path / "one", men, men) == []


def test_a_study_of_two_people_with_one_number_is_in_doubt_whoever_is_selected(
    tmp_path: Path,
) -> None:
    other = {"name": "ROE^JANE", "born": "19900101", "StudyInstanceUID": "1.2.1.1"}
    (doubt,) = doubts(tmp_path, ANNA, other, series=["1.2.1.2"])
    assert doubt.what == "one study of two people by their names"


def test_an_accession_number_of_two_patients_is_a_doubt_where_it_was_asked_for(
    tmp_path: Path,
) -> None:
    number = {"AccessionNumber": "77"}
    for place, one in enumerate(
        ({**ANNA, **number}, {"name": "ROE^J", "patient_id": "2", **number})
    ):
        person(tmp_path / str(place), place + 1, **one)
    found = scan([tmp_path], Indexer((), IDENTITY_FACTS), jobs=1).instances
    (doubt,) = doubts_on(found, found, by_accession=True)
    assert doubt.what == "one Accession Number under two Patient IDs"
    assert doubts_on(found, found) == ()
