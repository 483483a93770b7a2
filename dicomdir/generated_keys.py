"""Values for keys that a directory must have and a file lacks (PS3.3 F.5, PS3.11 D.3.3.1).

The file itself is never touched. The same input gives the same values, and each of them is
reported. The rule and its reasons: docs/decisions/0003-generated-keys.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import (
    LONG_LENGTH,
    LONG_VRS,
    UNDEFINED_LENGTH,
    encode_element,
    encode_item,
    iterate_elements,
    text,
    values_by_tag,
)
from dicomdir.patient_identity import PATIENT_ID, person_of
from dicomdir.record import DirectoryRecord
from dicomdir.record_types import RECORD_TYPES, AdditionalKey, When, keys_of

STUDY_UID: Final = 0x0020000D
SERIES_UID: Final = 0x0020000E
STUDY_ID: Final = 0x00200010
SERIES_NUMBER: Final = 0x00200011
INSTANCE_NUMBER: Final = 0x00200013
MODALITY: Final = 0x00080060

# Said of everything that nobody can know: a date before any digital image, so that no one takes
# it for a real one.
UNKNOWN_DATE: Final = b"19000101"
UNKNOWN_TIME: Final = b"000000"
UNKNOWN_CODE: Final = encode_item(
    encode_element(0x00080100, b"SH", b"UNKNOWN")
    + encode_element(0x00080102, b"SH", b"99FILMJACKET")
    + encode_element(0x00080104, b"LO", b"Unknown")
)
_BY_VR: Final[dict[bytes, bytes]] = {
    b"DA": UNKNOWN_DATE,
    b"TM": UNKNOWN_TIME,
    b"DT": UNKNOWN_DATE + UNKNOWN_TIME,
    b"IS": b"0",
    b"DS": b"0",
    b"SQ": UNKNOWN_CODE,
    b"UI": b"2.25.0",  # the nil UUID (PS3.5 B.2)
    b"UL": bytes(4),
    b"US": bytes(2),
    b"UV": bytes(8),
}
# Where a defined term says it better, or where "UNKNOWN" is not among the enumerated values.
_BY_TAG: Final[dict[int, bytes]] = {
    MODALITY: b"OT",
    0x0040A491: b"PARTIAL",  # Completion Flag
    0x0040A493: b"UNVERIFIED",  # Verification Flag
    0x00420012: b"application/octet-stream",  # MIME Type of Encapsulated Document
    0x0072000C: encode_item(  # Hanging Protocol Definition Sequence
        encode_element(MODALITY, b"CS", b"OT")
        + encode_element(0x00081032, b"SQ", b"")
        + encode_element(0x0040100A, b"SQ", b"")
    ),
}
_NUMBERED: Final = {
    STUDY_ID: "lowest number not in use by the patient",
    SERIES_NUMBER: "lowest number not in use in the study",
    INSTANCE_NUMBER: "lowest number not in use in the series",
}
_ELEMENT: Final = Struct("<HH2sH").unpack_from
_PADDING: Final = b" \0"
# Of these every value is one; zero bytes are the number 0 and no padding.
_BINARY: Final = frozenset((b"FD", b"FL", b"SL", b"SS", b"SV", b"UL", b"US", b"UV"))
_NOT_TEXT: Final = _BINARY | {b"SQ"}


class GeneratedKey(NamedTuple):
    """One value that stands in the directory and in no file."""

    record_type: str
    file_id: tuple[str, ...]  # of the first file at or below the record
    tag: int
    value: str
    why: str


class MissingUid(ValueError):
    """A Study or Series Instance UID is missing: the instance has no place in a directory."""


class Requirements:
    """Which keys each record type must have: compiled once, asked for every record."""

    def __init__(self, additional: Iterable[AdditionalKey] = ()) -> None:
        """Compile the record tables together with a profile's *additional* keys."""
        self.vrs: dict[str, dict[int, bytes]] = {}
        self.needs_value: dict[str, dict[int, bool]] = {}
        additional = tuple(additional)
        for record_type in RECORD_TYPES:
            keys = [
                key
                for key in keys_of(record_type, additional)
                if key.type in ("1", "2") and key.when is When.ALWAYS
            ]
            self.vrs[record_type] = {key.tag: key.vr for key in keys}
            self.needs_value[record_type] = {key.tag: key.type == "1" for key in keys}

    def missing(self, record_type: str, keys: bytes) -> Sequence[int]:
        """Return the tags of type 1 keys without a value and of type 2 keys that are absent.

        Raises:
            BadEncoding: *keys* is not a run of elements.
        """
        wanted = self.needs_value.get(record_type)
        if not wanted:
            return ()
        found = 0
        position, stop = 0, len(keys)
        # Asked once per instance: no generator and no slice for what is not wanted.
        while position + 8 <= stop:
            group, element, vr, length = _ELEMENT(keys, position)
            value = position + 8
            if vr in LONG_VRS:
                (length,) = LONG_LENGTH.unpack_from(keys, value)
                value += 4
                if length == UNDEFINED_LENGTH:
                    return self._missing_slowly(wanted, keys)
            position = value + length
            needs_value = wanted.get(group << 16 | element)
            if needs_value is not None and (
                not needs_value
                or keys[value:position].strip(_PADDING)
                or (length and vr in _BINARY)
            ):
                found += 1
        if found == len(wanted) and position == stop:
            return ()
        return self._missing_slowly(wanted, keys)

    @staticmethod
    def _missing_slowly(wanted: dict[int, bool], keys: bytes) -> list[int]:
        # True for those that have a value.
        there = {
            tag: after > value and (vr in _BINARY or _says_something(keys[value:after]))
            for tag, vr, _, value, after in iterate_elements(keys)
        }
        return [
            tag
            for tag, needs_value in wanted.items()
            if tag not in there or (needs_value and not there[tag])
        ]


def _says_something(value: bytes) -> bool:
    # A sequence of undefined length without items is nothing but its delimiter.
    return bool(value.strip(_PADDING)) and not value.startswith(b"\xfe\xff\xdd\xe0")


class KeyGenerator:
    """Fills in what records lack, once the tree that they stand in is complete."""

    def __init__(self, additional: Iterable[AdditionalKey] = ()) -> None:
        """Require the keys of PS3.3 F.5 and the *additional* ones of a profile."""
        self.requirements = Requirements(additional)
        self.generated: list[GeneratedKey] = []
        # Numbers in reserve by tag and Directory Entity; the entity is kept so that its id is.
        self._numbers: dict[tuple[int, int], tuple[Iterator[int], Sequence[DirectoryRecord]]] = {}

    def complete(
        self,
        record: DirectoryRecord,
        siblings: Sequence[DirectoryRecord],
        file_id: tuple[str, ...],
        *,
        study_number: int = 0,
    ) -> None:
        """Give *record* the keys that it must have; what was made up is in ``generated``.

        Args:
            record: changed in place, and left alone when it is complete.
            siblings: all records of its Directory Entity; always the same list for one entity.
            file_id: of the first file at or below *record*, for the report.
            study_number: where a STUDY record stands in the directory, from 1.

        Raises:
            MissingUid: the record has no Study or Series Instance UID.
            BadEncoding: its keys are not a run of elements.
        """
        missing = self.requirements.missing(record.record_type, record.keys)
        if not missing:
            return
        vrs = self.requirements.vrs[record.record_type]
        needs_value = self.requirements.needs_value[record.record_type]
        new: dict[int, bytes] = {}
        for tag in missing:
            value = b""
            if needs_value[tag]:
                value, why = self._value(tag, vrs[tag], record, siblings, study_number)
                shown = text(value) if vrs[tag] not in _NOT_TEXT else f"{len(value)} bytes"
                self.generated.append(GeneratedKey(record.record_type, file_id, tag, shown, why))
            new[tag] = encode_element(tag, vrs[tag], value)
        record.keys = with_elements(record.keys, new)

    def _value(
        self,
        tag: int,
        vr: bytes,
        record: DirectoryRecord,
        siblings: Sequence[DirectoryRecord],
        study_number: int,
    ) -> tuple[bytes, str]:
        if tag in (STUDY_UID, SERIES_UID):
            raise MissingUid(f"a {record.record_type} record without its UID has no place")
        if tag == PATIENT_ID:
            study = record.children[0].keys if record.children else b""
            return patient_id_for(record.keys, study), "from name and birth date, or the study"
        if tag == STUDY_ID and study_number:
            return b"%d" % study_number, "running number of the study in this directory"
        if tag in _NUMBERED:
            return b"%d" % self._next_number(tag, siblings), _NUMBERED[tag]
        return _BY_TAG.get(tag) or _BY_VR.get(vr, b"UNKNOWN"), "the file has no value"

    def _next_number(self, tag: int, siblings: Sequence[DirectoryRecord]) -> int:
        known = self._numbers.get((tag, id(siblings)))
        if known is None:
            used = {_number(record.keys, tag) for record in siblings}
            free = (number for number in count(1) if number not in used)
            known = self._numbers[tag, id(siblings)] = (free, siblings)
        return next(known[0])


def patient_id_for(patient_keys: bytes, study_keys: bytes) -> bytes:
    """Return the Patient ID of a person who has none.

    The same person gets the same one in every directory: it depends on name and birth date, or
    where neither is known on the study, so that strangers without a name stay apart.
    """
    from hashlib import sha256  # loads OpenSSL; few jobs come here

    person = person_of(patient_keys)
    name = person.name if isinstance(person.name, bytes) else person.name.encode()
    known = [name, person.born]
    if not any(known):
        known = [values_by_tag(study_keys).get(STUDY_UID, b"").strip(_PADDING)]
    return b"FJ-" + sha256(b"\\".join(filter(None, known))).hexdigest()[:12].upper().encode("ascii")


def with_elements(keys: bytes, new: Mapping[int, bytes]) -> bytes:
    """Return *keys* with the encoded elements *new* added or put in place, in tag order."""
    elements = {tag: keys[a:b] for tag, _, a, _, b in iterate_elements(keys)}
    elements.update(new)
    return b"".join(element for _, element in sorted(elements.items()))


def _number(keys: bytes, tag: int) -> int:
    try:
        return int(values_by_tag(keys).get(tag, b"").strip(_PADDING)[:12])
    except ValueError:  # no number, or no well-formed keys: it is in nobody's way
        return 0
