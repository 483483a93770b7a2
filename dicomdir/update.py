"""The File-set Updater: a foreign directory with instances added and removed (PS3.4 I.3.3).

What others wrote stays: their records, private keys, names, order, File-set UID and ID. Files
are never touched (PS3.10 8.3): only the DICOMDIR's content changes.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from dicomdir.check_keys import elements_of, value_of
from dicomdir.check_reference import references
from dicomdir.file_ids import DICOMDIR, is_legal_file_id, located, shown
from dicomdir.generated_keys import GeneratedKey, KeyGenerator, patient_id_for
from dicomdir.instance import Instance, NotIndexed
from dicomdir.patient_identity import KnownPerson, person_of
from dicomdir.read import DirectoryRead
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.record_types import AdditionalKey
from dicomdir.replace_file import replace_atomically
from reporting import CannotWrite

__all__ = [
    "NoDirectoryInformation",
    "Updated",
    "replace_atomically",
    "update_directory",
    "without_branches",
]

FileID = tuple[str, ...]
Addition = tuple[Instance, FileID]

_PATIENT_ID: Final = 0x00100020
_STUDY_UID: Final = 0x0020000D
_SERIES_UID: Final = 0x0020000E


class NoDirectoryInformation(CannotWrite):
    """The DICOMDIR has no directory, and an updater must not add one (PS3.4 I.3.3 e)."""


class Updated(NamedTuple):
    """What became of a directory."""

    directory: Directory  # a new tree; the one that was read is as before
    added: tuple[FileID, ...]
    removed: tuple[FileID, ...]
    left_out: tuple[NotIndexed, ...]  # additions that have no place, ``source`` is the File ID
    generated: tuple[GeneratedKey, ...]
    remarks: tuple[str, ...]


def update_directory(
    existing: DirectoryRead,
    additions: Sequence[Addition],
    removals: Collection[FileID] = (),
    *,
    additional_keys: Iterable[AdditionalKey] = (),
) -> Updated:
    """Return the directory without *removals* and then with *additions*.

    Parents that lose their last child go with it. An addition goes below the patient, study and
    series that are there already, at the end; their records stay as they are.

    Args:
        existing: as it was read.
        additions: instances and the names that their files have on the medium.
        removals: File IDs of files that shall no longer be named.
        additional_keys: what a profile asks for in new records.

    Raises:
        NoDirectoryInformation: there is no directory to update.
    """
    if not existing.has_information:
        raise NoDirectoryInformation(
            "this DICOMDIR has no directory, and an update may not add one (PS3.4 I.3.3)",
            "DICOMDIR",
            "Make a new medium with `jacket author`",
        )
    records, removed, remarks = _without(existing.directory.records, removals, ())
    directory = existing.directory.replaced(records=records)
    remarks += _remarks_on(existing)
    adder = _Adder(directory, KeyGenerator(additional_keys))
    for instance, file_id in additions:
        adder.add(instance, file_id)
    adder.complete()
    return Updated(
        directory,
        tuple(adder.added),
        tuple(removed),
        tuple(adder.left_out),
        tuple(adder.generator.generated),
        (*remarks, *adder.remarks),
    )


def without_branches(
    existing: DirectoryRead,
    branches: Iterable[DirectoryRecord],
    removals: Collection[FileID] = (),
) -> tuple[DirectoryRead, tuple[FileID, ...]]:
    """Return the directory without *branches*, and the File IDs that are no longer in it.

    Of a branch nothing stays, whatever kind of record is below it; parents that lose their last
    child go too. The directory that was read is as before.

    Args:
        existing: as it was read.
        branches: records of its tree, each to go with all that is below it.
        removals: File IDs of files that shall no longer be named.
    """
    records, removed, _ = _without(existing.directory.records, removals, branches)
    directory = existing.directory.replaced(records=records)
    return replace(existing, directory=directory), tuple(removed)


def _remarks_on(existing: DirectoryRead) -> list[str]:
    rules = {problem.rule for problem in existing.problems}
    remarks = []
    if "DIR-INACTIVE" in rules:
        remarks.append("records that were marked as deleted are in use again, as PS3.3 has it")
    if "DIR-MRDR" in rules:
        remarks.append("files named through Multi-Referenced File records are named directly")
    return remarks


def _without(
    records: list[DirectoryRecord],
    removals: Collection[FileID],
    branches: Iterable[DirectoryRecord],
) -> tuple[list[DirectoryRecord], list[FileID], list[str]]:
    """Return a copy of the tree without *removals* and *branches*, what went, and remarks.

    Iterative: parents come before their children in a flat list, which is gone through backwards.
    """
    names = {located(file_id) for file_id in removals} - {None}
    whole = {id(record) for record in branches}
    gone: set[int] = set()  # places of what goes with its branch
    flat: list[tuple[DirectoryRecord, int]] = []  # record and the place of the one above
    stack = [(record, -1) for record in reversed(records)]
    while stack:
        record, above = stack.pop()
        place = len(flat)
        flat.append((record, above))
        if id(record) in whole or above in gone:
            gone.add(place)
        stack += [(child, place) for child in reversed(record.children)]
    kept: list[list[DirectoryRecord]] = [[] for _ in flat]
    roots: list[DirectoryRecord] = []
    removed: list[FileID] = []
    remarks: list[str] = []
    for place in range(len(flat) - 1, -1, -1):
        record, above = flat[place]
        children = kept[place][::-1]
        goes = bool(record.file_id) and (place in gone or located(record.file_id) in names)
        if goes:
            removed.append(record.file_id)
        if place in gone:
            continue
        emptied = bool(record.children) and not children and not record.file_id
        if emptied or (goes and not children):
            continue
        if goes:
            remarks.append(f"the record of {shown(record.file_id)} stays: others are below it")
        copy = _without_file(record, children) if goes else record.replaced(children=children)
        (kept[above] if above >= 0 else roots).append(copy)
    return roots[::-1], removed[::-1], remarks


def _without_file(record: DirectoryRecord, children: list[DirectoryRecord]) -> DirectoryRecord:
    return DirectoryRecord(record.record_type, record.keys, other=record.other, children=children)


class _Adder:
    """Puts instances into a directory, one after the other."""

    def __init__(self, directory: Directory, generator: KeyGenerator) -> None:
        self.directory, self.generator = directory, generator
        self.added: list[FileID] = []
        self.left_out: list[NotIndexed] = []
        self.remarks: list[str] = []
        # Level by level: (identity of the record above, identifying value) → record.
        self.known: dict[tuple[int, bytes], DirectoryRecord] = {}
        self.where: dict[bytes, int] = {}  # UID of a study or series → identity of its parent
        self.people: dict[bytes, KnownPerson] = {}
        self.files: dict[FileID | None, str] = {}  # name → SOP Instance UID
        self.instances: dict[str, FileID] = {}
        self.studies = 0
        # New records: the list that holds each, its first file, and the number of a study.
        self.pending: list[tuple[DirectoryRecord, list[DirectoryRecord], FileID, int]] = []
        for record, _ in references(directory):
            self.files[located(record.file_id)] = record.sop_instance_uid
            self.instances[record.sop_instance_uid] = record.file_id
        self._learn()

    def _learn(self) -> None:
        """Note which patients, studies and series there are."""
        for patient in self.directory.records:
            if patient.record_type != "PATIENT":
                continue
            name = value_of(elements_of(patient.keys), _PATIENT_ID)
            self.known.setdefault((0, name), patient)
            if name not in self.people:
                self.people[name] = KnownPerson(person_of(patient.keys), "the directory")
            for study in patient.children:
                self.studies += study.record_type == "STUDY"
                self._note(patient, study, _STUDY_UID)
                for series in study.children:
                    self._note(study, series, _SERIES_UID)

    def _note(self, above: DirectoryRecord, record: DirectoryRecord, tag: int) -> None:
        uid = value_of(elements_of(record.keys), tag)
        if uid:
            self.known.setdefault((id(above), uid), record)
            self.where.setdefault(uid, id(above))

    def add(self, instance: Instance, file_id: FileID) -> None:
        """Add one instance, or say in ``left_out`` why it has no place."""
        refusal = self._refusal(instance, file_id)
        if refusal:
            self.left_out.append(NotIndexed(shown(file_id), *refusal))
            return
        record = DirectoryRecord(
            instance.record_type,
            instance.keys,
            file_id,
            instance.sop_class_uid,
            instance.sop_instance_uid,
            instance.transfer_syntax_uid,
            instance.related_general,
        )
        siblings = self._siblings(instance, file_id)
        siblings.append(record)
        self.pending.append((record, siblings, file_id, 0))
        self.files[located(file_id)] = instance.sop_instance_uid
        self.instances[instance.sop_instance_uid] = file_id
        self.added.append(file_id)

    def complete(self) -> None:
        """Give the new records the keys that their files lack, now that all numbers are known."""
        for record, siblings, file_id, number in self.pending:
            self.generator.complete(record, siblings, file_id, study_number=number)

    def _refusal(self, instance: Instance, file_id: FileID) -> tuple[str, str] | None:
        """Return reason and kind (``instance.KINDS``) when the instance has no place."""
        if not is_legal_file_id(file_id) or file_id == DICOMDIR:
            return "its name is no legal File ID (PS3.10 8.2)", "not-allowed"
        if not instance.record_type:
            return "no directory record exists for its SOP Class", "not-allowed"
        if instance.series and not all(_place_uids(instance)):
            return "it has no Study or no Series Instance UID", "malformed"
        there = self.instances.get(instance.sop_instance_uid)
        if there is not None:
            return f"its SOP Instance is in the directory as {shown(there)}", "duplicate"
        if located(file_id) in self.files:
            return "the directory names another object under this name", "contradiction"
        if instance.patient:
            known = self.people.get(_patient_id(instance))
            if known and not known.is_the_same_as(person_of(instance.patient)):
                return "its Patient ID is that of another person here", "patient-conflict"
        return None

    def _siblings(self, instance: Instance, file_id: FileID) -> list[DirectoryRecord]:
        """Return the list that holds the instance's record, made where it is not there yet."""
        if not instance.series:
            return self.directory.records
        study_uid, series_uid = _place_uids(instance)
        patient = self._patient(instance, file_id)
        study = self._lower(patient, "STUDY", study_uid, instance.study, file_id)
        return self._lower(study, "SERIES", series_uid, instance.series, file_id).children

    def _patient(self, instance: Instance, file_id: FileID) -> DirectoryRecord:
        name = _patient_id(instance)
        person = person_of(instance.patient)
        self.people.setdefault(name, KnownPerson(person, instance.source)).learn(person)
        return self._new((0, name), "PATIENT", instance.patient, self.directory.records, file_id)

    def _lower(
        self, above: DirectoryRecord, level: str, uid: bytes, keys: bytes, file_id: FileID
    ) -> DirectoryRecord:
        if self.where.setdefault(uid, id(above)) != id(above):
            self.remarks.append(f"a {level} with the UID of another: {shown(file_id)}")
        return self._new((id(above), uid), level, keys, above.children, file_id)

    def _new(
        self,
        identity: tuple[int, bytes],
        level: str,
        keys: bytes,
        siblings: list[DirectoryRecord],
        file_id: FileID,
    ) -> DirectoryRecord:
        """Return the record of that identity, made at the end of *siblings* where there is none."""
        record = self.known.get(identity)
        if record is None:
            record = self.known[identity] = DirectoryRecord(level, keys)
            self.studies += level == "STUDY"
            siblings.append(record)
            self.pending.append((record, siblings, file_id, self.studies))
        return record


def _place_uids(instance: Instance) -> tuple[bytes, bytes]:
    return (
        value_of(elements_of(instance.study), _STUDY_UID),
        value_of(elements_of(instance.series), _SERIES_UID),
    )


def _patient_id(instance: Instance) -> bytes:
    stated = value_of(elements_of(instance.patient), _PATIENT_ID)
    return stated or patient_id_for(instance.patient, instance.study)
