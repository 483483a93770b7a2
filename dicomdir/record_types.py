"""Directory record types and their keys as rows (PS3.3 F.3 to F.6)."""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple


class When(Enum):
    """Where a key's value comes from, and when the record must have it."""

    ALWAYS = "always"
    PRESENT = "the instance has it"  # also with no value
    PRESENT_WITH_VALUE = "the instance has it with a value"
    SHARED_TOO = "the instance has it, itself or in its Shared Functional Groups"
    SHARED_TOO_WITH_ITEMS = "it has at least one item there, itself or in the Shared Groups"
    BIPLANE = "the image is one of a biplane pair; copied wherever it is present"
    X_RAY_ANGIOGRAPHIC = "the instance is an X-Ray Angiographic Image; copied where present"
    VERIFIED = "Verification Flag is VERIFIED: latest in Verifying Observer Sequence"
    CONCEPT_MODIFIERS = "the root content item has HAS CONCEPT MOD children: only these"
    EXTENDED_CHARACTERS = "a key of this record uses an extended or replacement character set"
    OFFERED = "a profile or the caller makes one: never copied from the instance"


class Key(NamedTuple):
    """One Record Selection Key of one record type, or one that a profile adds."""

    tag: int
    vr: bytes
    type: str  # "1", "1C", "2", "2C" or "3" in the media sense of PS3.10 5
    when: When = When.ALWAYS


class RecordType(NamedTuple):
    """One value of Directory Record Type (0004,1430)."""

    name: str
    parents: frozenset[str]  # "" is the Root Directory Entity
    keys: tuple[Key, ...]  # in tag order
    source: str  # section of PS3.3
    retired: bool = False


class AdditionalKey(NamedTuple):
    """A key that an Application Profile asks for beyond PS3.3 F.5."""

    record_types: frozenset[str]
    key: Key
    source: str  # table of PS3.11


# Of the sequences only the sequence itself is a row: what it nests travels with it.
_CHARACTER_SET: Final = Key(0x00080005, b"CS", "1C", When.EXTENDED_CHARACTERS)
_ICON: Final = Key(0x00880200, b"SQ", "3", When.OFFERED)
_INSTANCE_NUMBER: Final = Key(0x00200013, b"IS", "1")
_CONTENT_TIME: Final = (Key(0x00080023, b"DA", "1"), Key(0x00080033, b"TM", "1"))
_PRESENTATION_TIME: Final = (Key(0x00700082, b"DA", "1"), Key(0x00700083, b"TM", "1"))
_REFERENCED_SERIES: Final = Key(0x00081115, b"SQ", "1C", When.PRESENT_WITH_VALUE)
_TITLE: Final = (
    Key(0x0040A043, b"SQ", "1"),  # Concept Name Code Sequence
    Key(0x0040A730, b"SQ", "1C", When.CONCEPT_MODIFIERS),  # Content Sequence
)
# Content Identification Macro (PS3.3 table 10-12).
_CONTENT_IDENTIFICATION: Final = (
    _INSTANCE_NUMBER,
    Key(0x0040A043, b"SQ", "3", When.PRESENT_WITH_VALUE),  # Concept Name Code Sequence
    Key(0x00700080, b"CS", "1"),  # Content Label
    Key(0x00700081, b"LO", "2"),  # Content Description
    Key(0x00700084, b"PN", "2"),  # Content Creator's Name
    # Content Creator's Identification Code and Alternate Content Description Sequence
    Key(0x00700086, b"SQ", "3", When.PRESENT_WITH_VALUE),
    Key(0x00700087, b"SQ", "3", When.PRESENT_WITH_VALUE),
)
_IDENTIFIED_CONTENT: Final = (*_CONTENT_TIME, *_CONTENT_IDENTIFICATION)

_ROOT: Final = frozenset(("",))
_SERIES: Final = frozenset(("SERIES",))


def _row(section: str, name: str, *keys: Key, parents: frozenset[str] = _SERIES) -> RecordType:
    """Return a row; all but the implant types list Specific Character Set (PS3.3 F.5)."""
    if not name.startswith("IMPLANT"):
        keys = (_CHARACTER_SET, *keys)
    return RecordType(name, parents, tuple(sorted(keys, key=_tag)), f"PS3.3 {section}")


def _tag(key: Key) -> int:
    return key.tag


_CURRENT: Final = (
    _row(
        *("F.5.1", "PATIENT"),
        Key(0x00100010, b"PN", "2"),
        Key(0x00100020, b"LO", "1"),
        # Any attribute of the Patient IE may be a key; this one tells people of one name apart.
        Key(0x00100030, b"DA", "3", When.PRESENT_WITH_VALUE),
        parents=_ROOT,
    ),
    _row(
        *("F.5.2", "STUDY"),
        Key(0x00080020, b"DA", "1"),
        Key(0x00080030, b"TM", "1"),
        Key(0x00080050, b"SH", "2"),  # Accession Number
        Key(0x00081030, b"LO", "2"),  # Study Description
        # 1C in the table, unless (0004,1511) is there: no study has been an object since 2004.
        Key(0x0020000D, b"UI", "1"),
        Key(0x00200010, b"SH", "1"),  # Study ID
        parents=frozenset(("PATIENT",)),
    ),
    _row(
        *("F.5.3", "SERIES"),
        Key(0x00080060, b"CS", "1"),  # Modality
        Key(0x0020000E, b"UI", "1"),
        Key(0x00200011, b"IS", "1"),
        _ICON,
        parents=frozenset(("STUDY",)),
    ),
    _row("F.5.4", "IMAGE", _INSTANCE_NUMBER, _ICON),
    _row(
        *("F.5.19", "RT DOSE"),
        _INSTANCE_NUMBER,
        _ICON,
        Key(0x30040006, b"LO", "3", When.PRESENT_WITH_VALUE),  # Dose Comment
        Key(0x3004000A, b"CS", "1"),  # Dose Summation Type
    ),
    _row(
        *("F.5.20", "RT STRUCTURE SET"),
        _INSTANCE_NUMBER,
        Key(0x30060002, b"SH", "1"),  # Structure Set Label, Date, Time
        Key(0x30060008, b"DA", "2"),
        Key(0x30060009, b"TM", "2"),
    ),
    _row(
        *("F.5.21", "RT PLAN"),
        _INSTANCE_NUMBER,
        Key(0x300A0002, b"SH", "1"),  # RT Plan Label, Date, Time
        Key(0x300A0006, b"DA", "2"),
        Key(0x300A0007, b"TM", "2"),
    ),
    _row(
        *("F.5.22", "RT TREAT RECORD"),
        _INSTANCE_NUMBER,
        Key(0x30080250, b"DA", "2"),  # Treatment Date, Time
        Key(0x30080251, b"TM", "2"),
    ),
    _row(
        *("F.5.23", "PRESENTATION"),
        *_PRESENTATION_TIME,
        *_CONTENT_IDENTIFICATION,
        _REFERENCED_SERIES,
        Key(0x00700402, b"SQ", "1C", When.PRESENT_WITH_VALUE),  # Blending Sequence
    ),
    _row("F.5.24", "WAVEFORM", _INSTANCE_NUMBER, *_CONTENT_TIME),
    _row(
        *("F.5.25", "SR DOCUMENT"),
        _INSTANCE_NUMBER,
        *_CONTENT_TIME,
        Key(0x0040A030, b"DT", "1C", When.VERIFIED),  # Verification DateTime
        Key(0x0040A491, b"CS", "1"),  # Completion Flag
        Key(0x0040A493, b"CS", "1"),  # Verification Flag
        *_TITLE,
    ),
    _row("F.5.26", "KEY OBJECT DOC", _INSTANCE_NUMBER, *_CONTENT_TIME, *_TITLE),
    _row(
        *("F.5.27", "SPECTROSCOPY"),
        Key(0x00080008, b"CS", "1"),  # Image Type
        *_CONTENT_TIME,
        _INSTANCE_NUMBER,
        # Referenced Image Evidence Sequence
        Key(0x00089092, b"SQ", "1C", When.PRESENT_WITH_VALUE),
        Key(0x00280008, b"IS", "1"),  # Number of Frames, Rows, Columns
        Key(0x00280010, b"US", "1"),
        Key(0x00280011, b"US", "1"),
        Key(0x00289001, b"UL", "1"),  # Data Point Rows, Columns
        Key(0x00289002, b"UL", "1"),
        _ICON,
    ),
    _row("F.5.28", "RAW DATA", *_CONTENT_TIME, Key(0x00200013, b"IS", "2"), _ICON),
    _row("F.5.29", "REGISTRATION", *_IDENTIFIED_CONTENT),
    _row("F.5.30", "FIDUCIAL", *_IDENTIFIED_CONTENT),
    _row(
        *("F.5.31", "HANGING PROTOCOL"),
        Key(0x00720002, b"SH", "1"),  # Name, Description, Level, Creator
        Key(0x00720004, b"LO", "1"),
        Key(0x00720006, b"CS", "1"),
        Key(0x00720008, b"LO", "1"),
        Key(0x0072000A, b"DT", "1"),  # Creation DateTime
        Key(0x0072000C, b"SQ", "1"),  # Definition Sequence
        Key(0x0072000E, b"SQ", "2"),  # User Identification Code Sequence
        Key(0x00720014, b"US", "1"),  # Number of Priors Referenced
        parents=_ROOT,
    ),
    _row(
        *("F.5.32", "ENCAP DOC"),
        Key(0x00080023, b"DA", "2"),
        Key(0x00080033, b"TM", "2"),
        _INSTANCE_NUMBER,
        Key(0x0040A043, b"SQ", "2"),  # Concept Name Code Sequence
        # HL7 Instance Identifier: every encapsulated HL7 document has it by its IOD.
        Key(0x0040E001, b"ST", "1C", When.PRESENT_WITH_VALUE),
        Key(0x00420010, b"ST", "2"),  # Document Title
        Key(0x00420012, b"LO", "1"),  # MIME Type of Encapsulated Document
    ),
    _row("F.5.34", "VALUE MAP", *_IDENTIFIED_CONTENT),
    _row("F.5.35", "STEREOMETRIC"),
    _row(
        *("F.5.36", "PALETTE"),
        Key(0x00700080, b"CS", "1"),  # Content Label, Description
        Key(0x00700081, b"LO", "2"),
        parents=_ROOT,
    ),
    _row(
        *("F.5.37", "IMPLANT"),
        Key(0x00080070, b"LO", "1"),  # Manufacturer
        Key(0x00221095, b"LO", "1"),  # Implant Name, Part Number
        Key(0x00221097, b"LO", "1"),
        Key(0x00686210, b"LO", "1C", When.PRESENT_WITH_VALUE),  # Implant Size
        parents=_ROOT,
    ),
    _row(
        *("F.5.38", "IMPLANT ASSY"),
        Key(0x00080070, b"LO", "1"),  # Manufacturer
        Key(0x00760001, b"LO", "1"),  # Implant Assembly Template Name
        Key(0x00760020, b"SQ", "1"),  # Procedure Type Code Sequence
        parents=_ROOT,
    ),
    _row(
        *("F.5.39", "IMPLANT GROUP"),
        Key(0x00780001, b"LO", "1"),  # Implant Template Group Name, Description, Issuer
        Key(0x00780010, b"ST", "3", When.PRESENT_WITH_VALUE),
        Key(0x00780020, b"LO", "1"),
        parents=_ROOT,
    ),
    _row("F.5.40", "PLAN"),
    _row("F.5.41", "MEASUREMENT", *_IDENTIFIED_CONTENT),
    _row("F.5.42", "SURFACE", *_IDENTIFIED_CONTENT),
    _row("F.5.43", "SURFACE SCAN", *_CONTENT_TIME),
    _row("F.5.44", "TRACT", *_IDENTIFIED_CONTENT),
    _row(
        *("F.5.45", "ASSESSMENT"),
        Key(0x00080012, b"DA", "1"),  # Instance Creation Date, Time
        Key(0x00080013, b"TM", "2"),
        _INSTANCE_NUMBER,
    ),
    _row(
        *("F.5.46", "RADIOTHERAPY"),
        _INSTANCE_NUMBER,
        Key(0x00700081, b"LO", "2"),  # Content Description, Creator's Name
        Key(0x00700084, b"PN", "2"),
        Key(0x30100033, b"SH", "1C", When.PRESENT_WITH_VALUE),  # User Content Label
        Key(0x30100034, b"LO", "1C", When.PRESENT_WITH_VALUE),  # User Content Long Label
    ),
    _row("F.5.47", "ANNOTATION", *_IDENTIFIED_CONTENT),
    _row(
        *("F.5.48", "INVENTORY"),
        *_CONTENT_TIME,
        Key(0x00080400, b"SQ", "2"),  # Scope of Inventory Sequence
        Key(0x00080401, b"LT", "2"),  # Inventory Purpose, Level, Completion Status
        Key(0x00080403, b"CS", "1"),
        Key(0x00080426, b"CS", "1"),
        Key(0x00080428, b"UV", "1"),  # Total Number of Study Records
        parents=_ROOT,
    ),
    # The text of F.5.49 does not spell the value; this is what the field writes.
    _row(
        *("F.5.49", "WF PRESENTATION"),
        *_PRESENTATION_TIME,
        *_CONTENT_IDENTIFICATION,
        _REFERENCED_SERIES,
    ),
)
_PRIVATE: Final = RecordType(
    "PRIVATE",
    frozenset(("", "PRIVATE", *(row.name for row in _CURRENT))),
    (_CHARACTER_SET,),
    "PS3.3 F.6.1",
)


def _retired(edition: str, *names: str) -> tuple[RecordType, ...]:
    # Where they stood in the tree no longer matters: they are read over, never written.
    source = f"PS3.3 F.5, last in {edition}"
    return tuple(RecordType(name, frozenset(), (), source, retired=True) for name in names)


_RETIRED: Final = (
    *_retired("1998", "PRINT QUEUE", "FILM SESSION", "FILM BOX", "IMAGE BOX"),
    *_retired("2004", "OVERLAY", "MODALITY LUT", "VOI LUT", "CURVE", "TOPIC", "VISIT"),
    *_retired("2004", "RESULTS", "INTERPRETATION", "STUDY COMPONENT", "STORED PRINT", "MRDR"),
    *_retired("2018b", "HL7 STRUC DOC"),
)
RECORD_TYPES: Final[dict[str, RecordType]] = {
    row.name: row for row in (*_CURRENT, _PRIVATE, *_RETIRED)
}
_STRICTNESS: Final = ("1", "1C", "2", "2C", "3")


def keys_of(record_type: str, additional: Iterable[AdditionalKey] = ()) -> tuple[Key, ...]:
    """Return the keys of *record_type* in tag order, with those that a profile adds or raises.

    A profile's row replaces the standard's where it is at least as strict (PS3.3 F.5: type 2
    may become 1, type 3 may become 2 or 1); a weaker one leaves the standard's as it is.

    Raises:
        KeyError: there is no such record type.
    """
    keys = {key.tag: key for key in RECORD_TYPES[record_type].keys}
    for row in additional:
        if record_type not in row.record_types:
            continue
        known = keys.get(row.key.tag)
        if known is None or _strictness(row.key) <= _strictness(known):
            keys[row.key.tag] = row.key
    return tuple(sorted(keys.values(), key=_tag))


def _strictness(key: Key) -> int:
    return _STRICTNESS.index(key.type)


def may_stand_under(record_type: str, parent: str) -> bool:
    """Tell whether table F.4-1 lets *record_type* be a child of *parent* ("" is the root).

    Below a PRIVATE record anything goes, and of unknown and retired types the table says
    nothing, so that they are not for it to refuse (PS3.4 I.3.2 d).
    """
    row = RECORD_TYPES.get(record_type)
    if row is None or row.retired or parent == "PRIVATE":
        return True
    return parent in row.parents or (record_type == "PRIVATE" and parent not in RECORD_TYPES)
