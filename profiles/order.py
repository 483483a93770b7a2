"""The order in which instances stand on the medium: as a person reads them.

Patients as they were found (sources sorted by name), then studies by date, series by number and
instances by number, so that a viewer that reads ahead never seeks back.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, text, values_by_tag
from dicomdir.generated_keys import patient_id_for
from dicomdir.instance import Instance
from dicomdir.record import Directory, DirectoryRecord

SOURCE: Final = attrgetter("source")
_PATIENT_ID: Final = 0x00100020
_STUDY_UID: Final = 0x0020000D
_STUDY_DATE: Final = 0x00080020
_STUDY_TIME: Final = 0x00080030
_SERIES_UID: Final = 0x0020000E
_SERIES_NUMBER: Final = 0x00200011
_INSTANCE_NUMBER: Final = b"\x20\x00\x13\x00IS"
_LAST: Final = 1 << 40  # where things without a number go


class Place(NamedTuple):
    """To whom an instance belongs; "" throughout for objects that belong to no patient."""

    patient: str
    study: str
    series: str


class Places:
    """Finds the place of instances; parses each distinct block of keys once."""

    def __init__(self) -> None:
        self._values: dict[bytes, dict[int, bytes]] = {}
        self._places: dict[tuple[bytes, bytes, bytes], Place] = {}

    def values(self, keys: bytes) -> dict[int, bytes]:
        """Return the values of a block of keys, {} when it cannot be parsed."""
        found = self._values.get(keys)
        if found is None:
            try:
                found = values_by_tag(keys)
            except BadEncoding:
                found = {}
            self._values[keys] = found
        return found

    def of(self, instance: Instance) -> Place:
        """Return to which patient, study and series an instance belongs."""
        blocks = (instance.patient, instance.study, instance.series)
        place = self._places.get(blocks)
        if place is None:
            place = self._places[blocks] = self._read(*blocks)
        return place

    def _read(self, patient: bytes, study: bytes, series: bytes) -> Place:
        if not patient and not study:
            return Place("", "", "")
        study_uid = text(self.values(study).get(_STUDY_UID, b""))
        series_uid = text(self.values(series).get(_SERIES_UID, b""))
        identity = text(self.values(patient).get(_PATIENT_ID, b""))
        if not identity:  # the one that the directory will have: by name and birth date, or study
            identity = patient_id_for(patient, study).decode("ascii")
        return Place(identity, study_uid, series_uid)


class HeadCount(NamedTuple):
    """Patients and studies: as many as a directory has records of them."""

    patients: int
    studies: int


NOBODY: Final = HeadCount(0, 0)


def head_count(instances: Iterable[Instance]) -> HeadCount:
    """Count to whom *instances* belong; objects that belong to no patient add nothing."""
    places = Places()
    found = {(place.patient, place.study) for place in map(places.of, instances) if place.patient}
    return HeadCount(len({patient for patient, _ in found}), len(found))


def heads_of(directory: Directory) -> HeadCount:
    """Count whose instances the records of a *directory* name.

    A patient is one Patient ID: a directory that another program wrote may have several records
    of one. Records without an identifier count one by one.
    """
    patients: set[str | int] = set()
    studies: set[str | int] = set()
    for patient in directory.records:
        if patient.record_type != "PATIENT":
            continue
        patients.add(_identity(patient, _PATIENT_ID))
        below = (child for child in patient.children if child.record_type == "STUDY")
        studies.update(_identity(study, _STUDY_UID) for study in below)
    return HeadCount(len(patients), len(studies))


def _identity(record: DirectoryRecord, tag: int) -> str | int:
    try:
        value = text(values_by_tag(record.keys).get(tag, b""))
    except BadEncoding:
        value = ""
    return value or id(record)


def in_reading_order(instances: Iterable[Instance]) -> list[Instance]:
    """Return the instances in the order in which they are written; ties break by source."""
    places = Places()
    patients: dict[str, int] = {}
    series_ranks: dict[tuple[bytes, bytes, bytes], tuple[int, str, str, int, str]] = {}
    keyed = []
    for instance in sorted(instances, key=SOURCE):
        blocks = (instance.patient, instance.study, instance.series)
        rank = series_ranks.get(blocks)
        if rank is None:
            rank = series_ranks[blocks] = _series_rank(
                places, places.of(instance), blocks, patients
            )
        keyed.append((rank, instance_number(instance.keys), instance.source, instance))
    keyed.sort()  # sources differ, so that instances are not compared
    # Keys of one study may differ from file to file; its files still stay together.
    return _kept_together([row[3] for row in keyed], places)


def _series_rank(
    places: Places,
    place: Place,
    blocks: tuple[bytes, bytes, bytes],
    patients: dict[str, int],
) -> tuple[int, str, str, int, str]:
    if not place.patient:
        return (_LAST, "", "", 0, "")
    study = places.values(blocks[1])
    when = text(study.get(_STUDY_DATE, b"")) + text(study.get(_STUDY_TIME, b""))
    number = number_in(places.values(blocks[2]).get(_SERIES_NUMBER, b""))
    patient = patients.setdefault(place.patient, len(patients))
    return (patient, when, place.study, number, place.series)


def _kept_together(instances: list[Instance], places: Places) -> list[Instance]:
    groups: dict[str, dict[str, dict[str, list[Instance]]]] = {}
    for instance in instances:
        patient, study, series = places.of(instance)
        in_patient = groups.setdefault(patient, {})
        in_patient.setdefault(study, {}).setdefault(series, []).append(instance)
    return [
        instance
        for studies in groups.values()
        for all_series in studies.values()
        for one_series in all_series.values()
        for instance in one_series
    ]


def instance_number(keys: bytes) -> int:
    """Return Instance Number from a block of keys, a large number when there is none.

    Searched and not parsed: the order alone depends on it, and a hit in a nested item does no
    harm. One parse costs as much as everything else that is done per instance.
    """
    at = keys.find(_INSTANCE_NUMBER)
    if at < 0:
        return _LAST
    length = int.from_bytes(keys[at + 6 : at + 8], "little")
    return number_in(keys[at + 8 : at + 8 + length])


def number_in(value: bytes) -> int:
    """Return the whole number in a value of VR IS; a large one when it holds none."""
    try:
        return int(value.strip(b" \0")[:13])
    except ValueError:
        return _LAST
