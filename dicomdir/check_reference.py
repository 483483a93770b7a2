"""Whether the records and the files they name agree (PS3.3 F.2.1, F.3.2.2, F.5).

Made to be fed one file after the other, in whatever order a medium is read, and to keep
nothing of a file once it was compared.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dicomdir.check_keys import (
    CHARACTER_SET,
    Elements,
    absent_where_the_rest_is_equal,
    elements_of,
    value_of,
)
from dicomdir.elements import name_of
from dicomdir.file_ids import DICOMDIR, is_legal_file_id, located, shown
from dicomdir.index import NO_STUDY_DATE
from dicomdir.instance import Instance, NotIndexed
from dicomdir.patient_identity import Person, may_be_one, person_of
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.record_types import RECORD_TYPES, When
from dicomdir.rules import RULE
from dicomdir.sequences import says_no_more
from reporting import Finding

Name = tuple[str, ...]
Broken = tuple[str, str]  # rule, message
# What a finding is about that is told once: a record above (by identity), keys of its files.
Once = tuple[int, bytes]

# What tells patients, studies and series apart, and the rule that a misfiled file breaks.
_PATIENT_ID: Final = 0x00100020
_IDENTITY: Final = (
    (_PATIENT_ID, "DIR-REF-PATIENT"),
    (0x0020000D, "DIR-REF-STUDY"),
    (0x0020000E, "DIR-REF-SERIES"),
)
_STUDY_DATE: Final = (0x00080020, 0x00080030)  # with Study Time
# Keys that a record must have when its file has them.
_CONDITIONAL: Final = {
    name: frozenset(
        key.tag for key in row.keys if key.type == "1C" and key.when is not When.EXTENDED_CHARACTERS
    )
    for name, row in RECORD_TYPES.items()
}
_DAMAGED: Final = frozenset(("unreadable", "truncated", "malformed", "contradiction"))
_NOT_DICOM: Final = frozenset(("not-dicom", "litter", "foreign"))


class Parents(NamedTuple):
    """The records above a referenced file, None where the tree has none of that level."""

    patient: DirectoryRecord | None = None
    study: DirectoryRecord | None = None
    series: DirectoryRecord | None = None


def references(directory: Directory) -> Iterator[tuple[DirectoryRecord, Parents]]:
    """Yield every record that names a file, with those above it; in tree order, iteratively."""
    stack = [(record, Parents()) for record in reversed(directory.records)]
    while stack:
        record, above = stack.pop()
        if record.file_id:
            yield record, above
        level = record.record_type.lower()
        if level in Parents._fields:
            above = above._replace(**{level: record})
        stack += [(child, above) for child in reversed(record.children)]


def check_reference(
    record: DirectoryRecord, instance: Instance, parents: Parents, where: str
) -> list[Finding]:
    """Compare one record, and those above it, with the file that it names.

    A key that the file lacks, or has no value for, may have any value in the record: the
    creator had to supply one (PS3.11 D.3.3.1). Text is compared as bytes, and only where record
    and file name the same character set. Of a sequence the record may leave elements out.
    """
    broken = [*_uids(record, instance), *_placed(instance, parents), *_keys(record, instance)]
    return [RULE[rule].at(where, message) for rule, message in broken]


def _uids(record: DirectoryRecord, instance: Instance) -> Iterator[Broken]:
    for rule, stated, own in (
        ("DIR-REF-SOP-CLASS", record.sop_class_uid, instance.sop_class_uid),
        ("DIR-REF-SOP-INSTANCE", record.sop_instance_uid, instance.sop_instance_uid),
        ("DIR-REF-TRANSFER-SYNTAX", record.transfer_syntax_uid, instance.transfer_syntax_uid),
    ):
        if stated and stated != own:
            yield rule, f"The record says {stated}, the file {own}"
    if instance.related_general.rstrip(b" \0") != record.related_general.rstrip(b" \0"):
        yield "DIR-REF-RELATED", ""
    fits = instance.record_type or "PRIVATE"
    if record.record_type not in (fits, "PRIVATE", "MRDR") and record.record_type in RECORD_TYPES:
        yield "DIR-REF-RECORD-TYPE", f"{record.record_type} for a file of {fits}"


def _placed(instance: Instance, parents: Parents) -> Iterator[Broken]:
    for level, above, own in _levels(instance, parents):
        yield from _level(level, above, own, dated=_is_dated(instance))


def _levels(instance: Instance, parents: Parents) -> Iterator[tuple[int, DirectoryRecord, bytes]]:
    """Yield the levels at which the record above and the file can be compared and differ."""
    blocks = (instance.patient, instance.study, instance.series)
    for level, (above, own) in enumerate(zip(parents, blocks, strict=True)):
        if above is not None and own and above.keys != own:
            yield level, above, own


def _is_dated(instance: Instance) -> bool:
    """Return whether the Study Date in the keys of *instance* is the file's own."""
    return not any(remark.startswith(NO_STUDY_DATE) for remark in instance.remarks)


def _level(level: int, above: DirectoryRecord, own: bytes, *, dated: bool) -> Iterator[Broken]:
    tag, rule = _IDENTITY[level]
    stated, elements = elements_of(above.keys), elements_of(own)
    if value_of(elements, tag) and value_of(elements, tag) != value_of(stated, tag):
        yield rule, ""
    elif tag == _PATIENT_ID and not may_be_one(person_of(above.keys), person_of(own)):
        yield rule, "The file has the name of another person than the record it is filed under"
    passed_over = (tag,) if dated else (tag, *_STUDY_DATE)
    differing = [t for t in _differing(stated, elements) if t not in passed_over]
    if differing:
        names = ", ".join(map(name_of, differing))
        yield "DIR-REF-PARENT-KEY", f"The {above.record_type} record differs in {names}"


def _may_be(record: Person, own: Person) -> bool:
    """Tell whether the patient of a file is the one of a PATIENT record."""
    return own.patient_id in (b"", record.patient_id) and may_be_one(record, own)


def _keys(record: DirectoryRecord, instance: Instance) -> Iterator[Broken]:
    if record.keys == instance.keys or record.record_type != instance.record_type:
        return
    absent = absent_where_the_rest_is_equal(record.keys, instance.keys)
    if absent is None:
        stated, elements = elements_of(record.keys), elements_of(instance.keys)
        for tag in _differing(stated, elements):
            yield "DIR-REF-KEY", f"{name_of(tag)} differs"
        absent = [tag for tag in elements if tag not in stated]
    for tag in _CONDITIONAL[record.record_type].intersection(absent):
        yield "DIR-REF-KEY-ABSENT", f"{name_of(tag)} is missing"


def _differing(stated: Elements, own: Elements) -> list[int]:
    """Return the tags that both have, with different values."""
    same_characters = value_of(stated, CHARACTER_SET) == value_of(own, CHARACTER_SET)
    found = []
    for tag, (vr, value) in own.items():
        if tag == CHARACTER_SET or tag not in stated or not value.strip(b" \0"):
            continue
        other_vr, other = stated[tag]
        readable = same_characters or (value.isascii() and other.isascii())
        if readable and vr == other_vr and not says_no_more(vr, other, value):
            found.append(tag)
    return found


class ReferenceCheck:
    """Compares a directory with the files of its medium, one by one.

    Keeps one entry per record that names a file and nothing per file. What the directory shows
    by itself, two records for one file among it, is for ``check_directory``.
    """

    def __init__(self, directory: Directory) -> None:
        # Under the name that finds the file; of several records for one file the first counts.
        self._expected: dict[Name, tuple[DirectoryRecord, Parents]] = {}
        # What a comparison of (record above, keys of a file) gives.
        self._known: dict[Once, tuple[Broken, ...]] = {}
        for record, parents in references(directory):
            name = located(record.file_id)
            if name is not None:
                self._expected.setdefault(name, (record, parents))
        self._missing = dict.fromkeys(self._expected)
        self._people: dict[bytes, bool] = {}  # keys of patients who are in no record's file
        self._patients = [
            person_of(r.keys) for r in directory.records if r.record_type == "PATIENT"
        ]
        self._told: set[Once] = set()

    def __len__(self) -> int:
        """Return how many files the directory names."""
        return len(self._expected)

    def record_of(self, file_id: Name) -> tuple[DirectoryRecord, Parents] | None:
        """Return the record that names a file of the medium, with those above it."""
        expected = self._expected.get(file_id)
        if expected is not None and expected[0].file_id == file_id:
            return expected  # nearly always
        return self._expected.get(located(file_id) or file_id)

    def see(
        self, file_id: Name, instance: Instance | None, not_indexed: NotIndexed | None = None
    ) -> list[Finding]:
        """Take in one file of the medium, DICOM or not; the DICOMDIR itself may be among them.

        Args:
            file_id: its name as it stands on the medium, folders first, without ``;1``.
            instance: what the scan knows of it, None when it could not be taken in.
            not_indexed: why it could not.
        """
        self.arrive((file_id,))
        return self.told_once(self.compare(file_id, instance, not_indexed))

    def arrive(self, names: Iterable[Name]) -> None:
        """Note that the files of these names are on the medium."""
        for name in names:
            if name != DICOMDIR:
                self._missing.pop(located(name) or name, None)

    def told_once(self, found: Iterable[tuple[Finding, Once | None]]) -> list[Finding]:
        """Return *found* without what was told already of the same record for the same keys."""
        fresh = []
        for finding, once in found:
            if once is None:
                fresh.append(finding)
            elif once not in self._told:
                fresh.append(finding)
                self._told.add(once)
        return fresh

    def compare(
        self, file_id: Name, instance: Instance | None, not_indexed: NotIndexed | None = None
    ) -> list[tuple[Finding, Once | None]]:
        """Compare one file, as ``see``, without taking note of it.

        Processes that share the work of a medium can do so on their own: what ``told_once``
        makes of the results in the order of the medium is the same as if one had seen all.

        Returns:
            Findings; with some of them what they are about, so that each is told once only.
        """
        if file_id == DICOMDIR:
            return []
        expected = self.record_of(file_id)
        where = shown(file_id)
        if expected is None:
            return [(f, None) for f in self._unreferenced(file_id, instance, where)]
        record, parents = expected
        if instance is None:
            return [(f, None) for f in _no_instance(not_indexed, where)]
        found: list[tuple[Finding, Once | None]] = []
        broken: list[Broken] = []
        if not _same_object(record, instance):
            broken += _uids(record, instance)
        for level, above, own in _levels(instance, parents):
            for rule, message in self._level(level, above, own, instance):
                once = None if rule == _IDENTITY[level][1] else (id(above), own)
                found.append((RULE[rule].at(where, message), once))
        if record.keys != instance.keys:
            broken += _keys(record, instance)
        found[:0] = [(RULE[rule].at(where, message), None) for rule, message in broken]
        if record.file_id != file_id:
            message = f"The directory calls this file {shown(record.file_id)}"
            found.append((RULE["DIR-FILE-NAME-DIFFERS"].at(where, message), None))
        return found

    def finish(self) -> list[Finding]:
        """Return a finding for every file that was named and never seen."""
        return [
            RULE["DIR-FILE-MISSING"].at(shown(self._expected[name][0].file_id))
            for name in self._missing
        ]

    def _unreferenced(
        self, file_id: Name, instance: Instance | None, where: str
    ) -> Iterator[Finding]:
        if instance is None:
            return  # other files may lie in a File-set (PS3.10 8.1)
        # Of a name that is not legal no record could speak.
        yield RULE["DIR-FILE-UNREFERENCED" if is_legal_file_id(file_id) else "DIR-FILE-NAME"].at(
            where
        )
        if instance.patient and self._patients and not self._knows(instance.patient):
            yield RULE["DIR-FILE-STRANGER"].at(where)

    def _knows(self, patient: bytes) -> bool:
        """Tell whether somebody may be a patient of the directory: each is looked up once."""
        known = self._people.get(patient)
        if known is None:
            own = person_of(patient)
            known = self._people[patient] = any(_may_be(one, own) for one in self._patients)
        return known

    def _level(
        self, level: int, above: DirectoryRecord, own: bytes, instance: Instance
    ) -> tuple[Broken, ...]:
        known = self._known.get((id(above), own))
        if known is None:
            known = tuple(_level(level, above, own, dated=_is_dated(instance)))
            self._known[id(above), own] = known
        return known


def _same_object(record: DirectoryRecord, instance: Instance) -> bool:
    """Tell that nothing in ``_uids`` can differ: nearly always so, and cheap to see."""
    return (
        record.sop_instance_uid == instance.sop_instance_uid
        and record.sop_class_uid == instance.sop_class_uid
        and record.transfer_syntax_uid == instance.transfer_syntax_uid
        and record.related_general == instance.related_general
        and record.record_type == instance.record_type
    )


def _no_instance(not_indexed: NotIndexed | None, where: str) -> list[Finding]:
    kind = not_indexed.kind if not_indexed else "not-dicom"
    reason = not_indexed.reason if not_indexed else ""
    if kind in _NOT_DICOM:
        return [RULE["DIR-FILE-NOT-DICOM"].at(where)]
    return [RULE["DIR-FILE-DAMAGED"].at(where, reason)] if kind in _DAMAGED else []
