"""From instances to a directory: patients, studies, series, each once (PS3.3 F.4, F.5).

Pure: the same instances in the same order give the same directory, generated keys included.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from dicomdir.elements import name_of, values_by_tag
from dicomdir.generated_keys import (
    SERIES_UID,
    STUDY_UID,
    GeneratedKey,
    KeyGenerator,
    MissingUid,
    patient_id_for,
)
from dicomdir.instance import Instance, NotIndexed
from dicomdir.merged_record import MergedRecord
from dicomdir.patient_identity import PATIENT_ID, KnownPerson, Person, person_of
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.record_types import RECORD_TYPES, AdditionalKey

FileID = tuple[str, ...]

_LEAVES: Final = frozenset(n for n, row in RECORD_TYPES.items() if "SERIES" in row.parents)
_TOP_LEVEL: Final = frozenset(n for n, row in RECORD_TYPES.items() if "" in row.parents)
_PLACED: Final = _LEAVES - {"PRIVATE"}
_ALONE: Final = _TOP_LEVEL - {"PRIVATE", "PATIENT"}
_FILE_SET_ID: Final = re.compile(r"[A-Z0-9_]{0,16}").fullmatch  # PS3.10 8.5


class Conflict(NamedTuple):
    """Two files that disagree about what they share; what the first says is in the directory."""

    kind: str  # "keys", "study of two patients" or "series of two studies"
    record_type: str
    tag: int  # the key that differs, or the UID that stands twice
    first: FileID
    other: FileID

    def __str__(self) -> str:
        """Return a sentence for the operator; no value, as it may be a name."""
        where = f"{'/'.join(self.first)} and {'/'.join(self.other)}"
        if self.kind == "keys":
            return f"{name_of(self.tag)} of one {self.record_type} differs between {where}"
        return f"{where} belong to a {self.kind}: it has two {self.record_type} records"


class Built(NamedTuple):
    """A directory, and what an operator should know about it."""

    directory: Directory
    generated: tuple[GeneratedKey, ...]
    conflicts: tuple[Conflict, ...]
    records: tuple[DirectoryRecord, ...]  # the one of each instance, in the order given


def build_directory(
    instances: Sequence[tuple[Instance, FileID]],
    *,
    file_set_uid: str,
    file_set_id: str = "",
    additional: Iterable[AdditionalKey] = (),
) -> Built:
    """Return the directory of *instances*, each with the File ID under which it will stand.

    Patients are told apart by Patient ID, studies by Study Instance UID within the patient,
    series by Series Instance UID within the study. Where files disagree about a key, the first
    one counts; where the first has no value, the next one that has. Keys that no file has are
    generated (docs/decisions/0003-generated-keys.md).

    Args:
        instances: in the order in which the records are to stand.
        file_set_uid: becomes the SOP Instance UID of the DICOMDIR.
        file_set_id: 0 to 16 characters A-Z 0-9 and underscore (PS3.10 8.5).
        additional: keys of a profile that must be there as well.

    Raises:
        ValueError: a File-set ID that is none, an instance that has no Study or Series Instance
            UID (MissingUid), no standard record type, or keys that are not well-formed.
    """
    if not _FILE_SET_ID(file_set_id):
        raise ValueError("a File-set ID has at most 16 characters of A-Z, 0-9 and underscore")
    tree = _Tree(Directory(file_set_uid, file_set_id), KeyGenerator(additional))
    records = tuple([tree.add(instance, file_id) for instance, file_id in instances])
    tree.complete()
    return Built(tree.directory, tuple(tree.keys.generated), tuple(tree.conflicts), records)


class _Tree:
    """The directory while it grows."""

    def __init__(self, directory: Directory, keys: KeyGenerator) -> None:
        self.directory = directory
        self.keys = keys
        self.conflicts: list[Conflict] = []
        self._entities: dict[tuple[bytes, bytes, bytes], list[DirectoryRecord]] = {}
        self._records: dict[tuple[bytes, ...], MergedRecord] = {}  # by the UIDs that lead there
        self._homes: dict[tuple[str, bytes], MergedRecord] = {}  # studies and series by UID alone
        self._incomplete: list[tuple[DirectoryRecord, list[DirectoryRecord], FileID]] = []

    def add(self, instance: Instance, file_id: FileID) -> DirectoryRecord:
        """Add the record of one instance, and those above it that are not there yet."""
        record_type = instance.record_type
        blocks = (instance.patient, instance.study, instance.series)
        entity = self._entities.get(blocks)
        if record_type not in _PLACED:
            entity = self._root_for(record_type)
        elif entity is None:
            entity = self._entities[blocks] = self._place(blocks, file_id)
        record = DirectoryRecord(
            record_type,
            instance.keys,
            file_id,
            instance.sop_class_uid,
            instance.sop_instance_uid,
            instance.transfer_syntax_uid,
            instance.related_general,
        )
        entity.append(record)
        if self.keys.requirements.missing(record_type, instance.keys):
            self._incomplete.append((record, entity, file_id))
        return record

    def _root_for(self, record_type: str) -> list[DirectoryRecord]:
        if record_type not in _ALONE:
            raise ValueError(f"no standard record may name an instance as {record_type!r}")
        return self.directory.records

    def _place(self, blocks: tuple[bytes, bytes, bytes], file_id: FileID) -> list[DirectoryRecord]:
        """Return the Directory Entity for an instance with these keys of its three parents."""
        patient, study, series = (values_by_tag(block) for block in blocks)
        study_uid, series_uid = _uid(study, STUDY_UID), _uid(series, SERIES_UID)
        patient_id = patient.get(PATIENT_ID, b"").strip(b" \0")
        path: tuple[bytes, ...] = (patient_id or patient_id_for(blocks[0], blocks[1]),)
        entity = self._below(self.directory.records, path, "PATIENT", blocks[0], file_id)
        path = (*path, study_uid)
        entity = self._below(entity, path, "STUDY", blocks[1], file_id)
        return self._below(entity, (*path, series_uid), "SERIES", blocks[2], file_id)

    def _below(
        self,
        entity: list[DirectoryRecord],
        path: tuple[bytes, ...],
        record_type: str,
        keys: bytes,
        file_id: FileID,
    ) -> list[DirectoryRecord]:
        """Return what is below the record at *path*; make it in *entity* when it is new."""
        merged = self._records.get(path)
        if merged is None:
            merged = self._records[path] = MergedRecord(record_type, keys, file_id)
            entity.append(merged.record)
            self._note_second_home(merged, path)
        else:
            self.conflicts += [
                Conflict("keys", record_type, tag, merged.file_id, file_id)
                for tag in merged.merge(keys)
            ]
        return merged.record.children

    def _note_second_home(self, merged: MergedRecord, path: tuple[bytes, ...]) -> None:
        record_type = merged.record.record_type
        if record_type == "PATIENT":
            return
        first = self._homes.setdefault((record_type, path[-1]), merged)
        if first is not merged:
            study = record_type == "STUDY"
            kind = "study of two patients" if study else "series of two studies"
            tag = STUDY_UID if study else SERIES_UID
            self.conflicts.append(Conflict(kind, record_type, tag, first.file_id, merged.file_id))

    def complete(self) -> None:
        """Generate the keys that are missing, now that all that share a number are known."""
        studies = 0
        for path, merged in self._records.items():
            record = merged.record
            studies += record.record_type == "STUDY"
            siblings = self._records[path[:-1]].record.children if path[1:] else ()
            self.keys.complete(record, siblings, merged.file_id, study_number=studies)
        for record, siblings, file_id in self._incomplete:
            self.keys.complete(record, siblings, file_id)


def _uid(values: dict[int, bytes], tag: int) -> bytes:
    uid = values.get(tag, b"").strip(b" \0")
    if not uid:
        raise MissingUid(f"an instance without {name_of(tag)} has no place in a directory")
    return uid


def separate_patients(
    instances: Iterable[Instance],
) -> tuple[list[Instance], tuple[NotIndexed, ...]]:
    """Leave out the instances of a second person under a Patient ID that is in use. Pure.

    Two instances with one Patient ID are one person's when the names are equal (case, spaces
    and carets aside, alphabetic component group only) or the birth dates are, or when one of
    them tells neither. Otherwise the later ones are left out and named, as nobody but the
    operator can tell whose they are. Instances without Patient ID never meet here.

    Returns:
        (those that stay, in their order; those left out, of kind "patient-conflict").
    """
    known: dict[bytes, KnownPerson] = {}
    verdicts: dict[bytes, str] = {}  # by the bytes of the patient's keys: with whom they clash
    kept: list[Instance] = []
    left_out: list[NotIndexed] = []
    for instance in instances:
        clash = verdicts.get(instance.patient)
        if clash is None:
            person = person_of(instance.patient)
            clash = verdicts[instance.patient] = _clash(known, person, instance.source)
        if clash:
            left_out.append(_stranger(instance.source, clash))
        else:
            kept.append(instance)
    return kept, tuple(left_out)


def _clash(known: dict[bytes, KnownPerson], person: Person, source: str) -> str:
    """Return the file of another person with the same Patient ID, "" when there is none."""
    if not person.patient_id:
        return ""
    first = known.setdefault(person.patient_id, KnownPerson(person, source))
    if not first.is_the_same_as(person):
        return first.source
    first.learn(person)
    return ""


def _stranger(source: str, other: str) -> NotIndexed:
    reason = (
        f"it has the Patient ID of {other} but another patient's name: correct the "
        "Patient ID of one of them, or put them on two media"
    )
    return NotIndexed(source, reason, "patient-conflict")
