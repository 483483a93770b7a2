"""Everything about a DICOMDIR that can be judged without the files it names (PS3.3 F)."""

import re
from collections.abc import Iterator
from typing import Final

from dicomdir.check_file import check_file_meta
from dicomdir.check_keys import Elements, check_keys, elements_of, value_of
from dicomdir.directory_tree import place
from dicomdir.elements import BadEncoding, name_of, number_of, values_by_tag
from dicomdir.file_ids import LEGAL_VALUE, located
from dicomdir.raw_records import RawRecord
from dicomdir.read import (
    CONSISTENCY,
    DESCRIPTOR,
    FILE_SET_ID,
    FIRST,
    LAST,
    MEDIA_STORAGE_DIRECTORY,
    SEQUENCE,
    DirectoryRead,
    read_directory,
)
from dicomdir.record import DirectoryRecord
from dicomdir.record_types import RECORD_TYPES, may_stand_under
from dicomdir.rules import RULE
from dicomdir.uids import is_uid
from reporting import Finding

# tag → VR and bytes of the value, None where the length is free (PS3.3 F.3.2, PS3.6).
_HEADER: Final = {
    FILE_SET_ID: (b"CS", None),
    **dict.fromkeys(DESCRIPTOR, (b"CS", None)),
    FIRST: (b"UL", 4),
    LAST: (b"UL", 4),
    CONSISTENCY: (b"US", 2),
    SEQUENCE: (b"SQ", None),
}
_FILE_SET_ID: Final = re.compile(r"[A-Z0-9_]{0,16}").fullmatch
_PRIVATE_UID: Final = 0x00041432
_UPPER: Final = frozenset(("PATIENT", "STUDY", "SERIES"))
_UNIQUE: Final = {
    "PATIENT": (0x00100020, "DIR-PATIENT-TWICE"),
    "STUDY": (0x0020000D, "DIR-STUDY-TWICE"),
    "SERIES": (0x0020000E, "DIR-SERIES-TWICE"),
}

Broken = tuple[str, str]  # rule, message


def check_directory(directory: bytes | DirectoryRead) -> list[Finding]:
    """Check a DICOMDIR against PS3.3 F and PS3.10 8.6, whatever its Application Profile.

    What the reader had to overlook is among the findings. Whether the files agree with the
    records is for ``check_reference``.

    Raises:
        NotADirectory, DirectoryTooLarge: as ``read_directory``.
    """
    read = read_directory(directory) if isinstance(directory, bytes) else directory
    findings = check_file_meta(read.head, len(read.head) + bool(read.header), "DICOMDIR")
    findings += read.problems
    findings += [
        RULE[rule].at(f"DICOMDIR, {number_of(tag)}", text) for tag, rule, text in _head(read)
    ]
    seen = _Seen()
    above = _parents(read)
    for raw in read.raw:
        broken = [*_record(raw), *_position(raw.record, above.get(id(raw.record)))]
        elements = elements_of(raw.record.keys)
        broken += check_keys(raw.record, elements)
        broken += seen.twice(raw, elements)
        findings += [RULE[rule].at(place(raw), text) for rule, text in broken]
    return findings


def _head(read: DirectoryRead) -> Iterator[tuple[int, str, str]]:
    header = read.header
    required = [FILE_SET_ID]
    if read.has_information:
        required += [FIRST, LAST, CONSISTENCY, SEQUENCE]
    else:
        yield SEQUENCE, "DIR-NO-INFORMATION", ""
    for tag in required:
        if tag not in header or not (header[tag][1] or _HEADER[tag][1] is None):
            yield tag, "DIR-HEADER-MISSING", f"{name_of(tag)} is missing or empty"
    for tag, (vr, value) in header.items():
        wanted, size = _HEADER.get(tag, (vr, None))
        if vr != wanted or (value and len(value) != (size or len(value))):
            yield tag, "DIR-HEADER-VALUE", f"{name_of(tag)} has a wrong VR or length"
    yield from _head_values(read)


def _head_values(read: DirectoryRead) -> Iterator[tuple[int, str, str]]:
    if not _FILE_SET_ID(read.directory.file_set_id):
        yield FILE_SET_ID, "DIR-FILE-SET-ID", ""
    descriptor = read.header.get(DESCRIPTOR[0], (b"", b""))[1].decode("latin-1").rstrip(" \0")
    if descriptor and not LEGAL_VALUE(descriptor):
        yield DESCRIPTOR[0], "DIR-DESCRIPTOR-FILE-ID", ""
    if any(read.header.get(CONSISTENCY, (b"", b""))[1]):
        yield CONSISTENCY, "DIR-CONSISTENCY-FLAG", ""
    if SEQUENCE in read.header and not read.raw:
        yield SEQUENCE, "DIR-EMPTY", ""


def _parents(read: DirectoryRead) -> dict[int, str]:
    """Return the type of the record above each one, by identity; "" for the root."""
    above = {id(record): "" for record in read.directory.records}
    for raw in read.raw:
        for child in raw.record.children:
            above[id(child)] = raw.record.record_type
    return above


def _record(raw: RawRecord) -> Iterator[Broken]:
    """Check the elements of group 0004 of one record (PS3.3 F.3.2.2)."""
    record = raw.record
    absent = [
        name
        for name, value in (("1400", raw.next), ("1410", raw.flag), ("1420", raw.lower))
        if value is None
    ]
    if not record.record_type:
        absent.append("1430")
    if absent:
        yield "DIR-RECORD-ATTRIBUTE", "Missing: " + ", ".join(f"(0004,{n})" for n in absent)
    row = RECORD_TYPES.get(record.record_type)
    if record.record_type and row is None:
        yield "DIR-RECORD-TYPE", ""
    elif row and row.retired and row.name != "MRDR":
        yield "DIR-RETIRED-TYPE", ""
    yield from _reference(record, raw.mrdr)


def _reference(record: DirectoryRecord, mrdr: int | None) -> Iterator[Broken]:
    uids = (record.sop_class_uid, record.sop_instance_uid, record.transfer_syntax_uid)
    if any((record.file_id, *uids)) and not all((record.file_id, *uids)):
        yield "DIR-REFERENCE-INCOMPLETE", ""
    other = _others(record)
    private = other.get(_PRIVATE_UID, b"").decode("latin-1").strip(" \0")
    if record.record_type == "PRIVATE" and not private:
        yield "DIR-PRIVATE-UID", ""
    related = record.related_general.decode("latin-1").rstrip(" \0").split("\\")
    if not all(is_uid(uid) for uid in (*uids, private, *related) if uid):
        yield "DIR-UID", ""
    is_directory = record.sop_class_uid == MEDIA_STORAGE_DIRECTORY
    if is_directory or (located(record.file_id) or ("",))[-1] == "DICOMDIR":
        yield "DIR-NAMES-DICOMDIR", ""


def _others(record: DirectoryRecord) -> dict[int, bytes]:
    try:
        return values_by_tag(record.other) if record.other else {}
    except BadEncoding:
        return {}


def _position(record: DirectoryRecord, parent: str | None) -> Iterator[Broken]:
    """Check where a record stands (PS3.3 F.4); *parent* is None outside the tree."""
    if parent is None:
        return
    if not may_stand_under(record.record_type, parent):
        yield "DIR-CHILD-TYPE", f"{record.record_type} stands under {parent or 'the root'}"
    if record.record_type in _UPPER and not record.children:
        yield "DIR-EMPTY-PARENT", f"The {record.record_type} record has nothing below it"


class _Seen:
    """What may stand in one record only, and did already."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, object], int] = {}  # (rule, value) → offset

    def twice(self, raw: RawRecord, elements: Elements) -> Iterator[Broken]:
        """Yield the rules that *raw* breaks by repeating an earlier record."""
        record = raw.record
        tag, rule = _UNIQUE.get(record.record_type, (0, ""))
        values: list[tuple[str, object]] = [(rule, value_of(elements, tag))]
        if record.file_id and not raw.mrdr and record.record_type != "MRDR":
            name = located(record.file_id)
            values += [("DIR-FILE-TWICE", name), ("DIR-INSTANCE-TWICE", record.sop_instance_uid)]
        for key in values:
            if not (key[0] and key[1]):
                continue
            earlier = self.first.setdefault(key, raw.offset)
            if earlier != raw.offset:
                yield key[0], f"{RULE[key[0]].meaning}: the other is at byte {earlier}"
                return
