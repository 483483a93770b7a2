"""The rules this room checks, as rows; a test holds one breaking input for each.

``P10-`` rows are about one DICOM file, ``DIR-`` rows about the DICOMDIR and what it says of
the files. The wording is for operators; the section is for those who argue.
"""

from typing import Final

from dicomdir.file_rules import FILE_RULES
from reporting import Rule, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_ASK: Final = "Ask the sender for a medium that conforms"
_UPDATE: Final = "Make the directory again with `jacket dicomdir --anew`"
# A directory that is made again files everything that lies there, a stranger's image as well.
_WHOSE: Final = (
    "Find out first whose the file is (`jacket ls --files`): take it away where it is not the "
    "patient's; else make the directory again with `jacket dicomdir --anew`"
)

STRUCTURE_RULES: Final = (
    Rule(
        "DIR-SOP-CLASS",
        ERROR,
        "The DICOMDIR does not say that it is a Media Storage Directory",
        _UPDATE,
        "PS3.10 8.6",
    ),
    Rule(
        "DIR-TRANSFER-SYNTAX",
        ERROR,
        "The DICOMDIR is not in Explicit VR Little Endian",
        _UPDATE,
        "PS3.10 8.6",
    ),
    Rule(
        "DIR-TRUNCATED",
        ERROR,
        "The DICOMDIR ends within the directory",
        "Copy it again; the medium may be damaged",
        "PS3.3 F.2.2.2",
    ),
    Rule(
        "DIR-DAMAGED",
        ERROR,
        "A record does not parse to its end",
        _UPDATE,
        "PS3.5 7.1, 7.5",
    ),
    Rule(
        "DIR-STRAY-BYTES",
        ERROR,
        "There are bytes between the records that belong to none",
        _UPDATE,
        "PS3.5 7.5",
    ),
    Rule(
        "DIR-ELEMENT-ORDER",
        ERROR,
        "Elements of a record are doubled or out of order",
        _UPDATE,
        "PS3.5 7.1",
    ),
    Rule(
        "DIR-NO-INFORMATION",
        WARNING,
        "The DICOMDIR holds no directory: the Directory Information Module is absent",
        "Viewers must search the medium; make a new medium if its profile wants a directory",
        "PS3.3 F.3.1; PS3.11 D.3.3",
    ),
    Rule(
        "DIR-EMPTY",
        WARNING,
        "The directory has no record",
        "Make a new medium; most Application Profiles do not allow an empty directory",
        "PS3.10 8.6; PS3.11 D.3.3",
    ),
    Rule(
        "DIR-HEADER-MISSING",
        ERROR,
        "A required element of the directory's head is missing or empty",
        _UPDATE,
        "PS3.3 F.3.2",
    ),
    Rule(
        "DIR-HEADER-VALUE",
        ERROR,
        "An element of the directory's head has a wrong VR or length",
        _UPDATE,
        "PS3.3 F.3.2; PS3.6",
    ),
    Rule(
        "DIR-FILE-SET-ID",
        ERROR,
        "The File-set ID has more than 16 characters, or others than A-Z 0-9 _",
        _UPDATE,
        "PS3.10 8.1, 8.5",
    ),
    Rule(
        "DIR-DESCRIPTOR-FILE-ID",
        ERROR,
        "The name of the File-set Descriptor File is no legal File ID",
        _UPDATE,
        "PS3.3 F.3.2.1; PS3.10 8.2",
    ),
    Rule(
        "DIR-CONSISTENCY-FLAG",
        ERROR,
        "The File-set Consistency Flag is not 0000H",
        "The directory says of itself that it may be wrong: compare it with the files",
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-ROOT-FIRST",
        ERROR,
        "The offset of the first root record is zero or points at no record",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-ROOT-LAST",
        ERROR,
        "The offset of the last root record is not that of the last one in the root chain",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-OFFSET",
        ERROR,
        "A record's link points at no record",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-OFFSETS-SHIFTED",
        ERROR,
        "All links are wrong by the same number of bytes",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-NO-OFFSETS",
        ERROR,
        "No record links to another: the tree was rebuilt from the order of the records",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-CYCLE",
        ERROR,
        "A record's links lead back to where they came from",
        _UPDATE,
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-SHARED",
        ERROR,
        "Two links lead to one record",
        _UPDATE,
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-ORPHAN",
        ERROR,
        "A record cannot be reached from the root; it was put where the order suggests",
        _UPDATE,
        "PS3.3 F.2.1",
    ),
)

RECORD_RULES: Final = (
    Rule(
        "DIR-INACTIVE",
        ERROR,
        "A record is marked as deleted (Record In-use Flag 0000H, retired)",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-IN-USE-FLAG",
        ERROR,
        "The Record In-use Flag is not FFFFH",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-RECORD-ATTRIBUTE",
        ERROR,
        "A record lacks a link, its In-use Flag or its type",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-RECORD-TYPE",
        ERROR,
        "The record type is none of the standard's",
        "Viewers pass over such a record; a type of one's own is PRIVATE with a UID",
        "PS3.3 F.3.2.2, F.6.1",
    ),
    Rule(
        "DIR-RETIRED-TYPE",
        WARNING,
        "The record type was retired",
        "New viewers may pass over the record",
        "PS3.3 F.5, F.6",
    ),
    Rule(
        "DIR-MRDR",
        WARNING,
        "The record names its file through a Multi-Referenced File Directory Record (retired)",
        "New viewers may not find the file",
        "PS3.3-2004 F.6.2",
    ),
    Rule(
        "DIR-PRIVATE-UID",
        ERROR,
        "A PRIVATE record has no Private Record UID",
        _ASK,
        "PS3.3 F.6.1",
    ),
    Rule(
        "DIR-CHILD-TYPE",
        ERROR,
        "A record stands where its type may not stand",
        _UPDATE,
        "PS3.3 F.4",
    ),
    Rule(
        "DIR-EMPTY-PARENT",
        WARNING,
        "A patient, study or series record has nothing below it",
        _UPDATE,
        "PS3.3 F.4; PS3.11 D.3.3",
    ),
    Rule(
        "DIR-FILE-ID-OUTSIDE",
        ERROR,
        "The Referenced File ID leads out of the File-set; it was not followed",
        "Treat the medium with suspicion",
        "PS3.10 8.2, 8.6",
    ),
    Rule(
        "DIR-FILE-ID-DEPTH",
        ERROR,
        "The Referenced File ID has more than 8 components",
        _ASK,
        "PS3.10 8.2",
    ),
    Rule(
        "DIR-FILE-ID-CHARACTERS",
        ERROR,
        "The Referenced File ID has other characters than A-Z 0-9 _",
        _ASK,
        "PS3.10 8.2, 8.5",
    ),
    Rule(
        "DIR-FILE-ID-LENGTH",
        ERROR,
        "A component of the Referenced File ID has more than 8 characters",
        _ASK,
        "PS3.10 8.2",
    ),
    Rule(
        "DIR-REFERENCE-INCOMPLETE",
        ERROR,
        "A record names a file without its UIDs, or UIDs without a file",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-UID",
        ERROR,
        "A UID is not formed as UIDs are",
        _ASK,
        "PS3.5 9.1",
    ),
    Rule(
        "DIR-FILE-TWICE",
        ERROR,
        "Two records name one file",
        _UPDATE,
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-INSTANCE-TWICE",
        ERROR,
        "Two records have one SOP Instance UID",
        _UPDATE,
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-NAMES-DICOMDIR",
        ERROR,
        "A record names a DICOMDIR as its file",
        _UPDATE,
        "PS3.3 F.2.1; PS3.10 8.6",
    ),
)

KEY_RULES: Final = (
    Rule(
        "DIR-KEY-MISSING",
        ERROR,
        "A record lacks a key that it must have",
        _UPDATE,
        "PS3.3 F.5",
    ),
    Rule(
        "DIR-KEY-EMPTY",
        ERROR,
        "A key that must have a value is empty",
        _UPDATE,
        "PS3.3 F.5",
    ),
    Rule(
        "DIR-KEY-CONDITION",
        ERROR,
        "A record lacks a key that it must have because of another one",
        _UPDATE,
        "PS3.3 F.5",
    ),
    Rule(
        "DIR-KEY-VR",
        ERROR,
        "A key has another VR than the standard gives it",
        _UPDATE,
        "PS3.3 F.5; PS3.6",
    ),
    Rule(
        "DIR-KEY-VALUE",
        ERROR,
        "The value of a key is not formed as its VR wants, or has too many parts",
        _UPDATE,
        "PS3.5 6.2",
    ),
    Rule(
        "DIR-CHARACTER-SET",
        ERROR,
        "Keys use characters outside ASCII, but the record names no Specific Character Set",
        _UPDATE,
        "PS3.3 F.5; PS3.5 6.1.2",
    ),
    Rule(
        "DIR-PATIENT-TWICE",
        ERROR,
        "Two PATIENT records have one Patient ID",
        _UPDATE,
        "PS3.3 F.5.1; PS3.11 D.3.3",
    ),
    Rule(
        "DIR-STUDY-TWICE",
        ERROR,
        "Two STUDY records have one Study Instance UID",
        _UPDATE,
        "PS3.3 F.5.2",
    ),
    Rule(
        "DIR-SERIES-TWICE",
        ERROR,
        "Two SERIES records have one Series Instance UID",
        _UPDATE,
        "PS3.3 F.5.3",
    ),
    Rule(
        "DIR-ICON",
        ERROR,
        "An Icon Image is not formed as the directory wants it",
        "Viewers may not show the icon; " + _UPDATE[0].lower() + _UPDATE[1:],
        "PS3.3 F.7",
    ),
)

REFERENCE_RULES: Final = (
    Rule(
        "DIR-FILE-MISSING",
        ERROR,
        "A file that the directory names is not on the medium",
        "Ask the sender for a complete medium",
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-FILE-UNREFERENCED",
        ERROR,
        "A DICOM file on the medium is named by no record",
        _WHOSE,
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-FILE-STRANGER",
        WARNING,
        "A file that no record names is of a patient whom the directory does not have",
        "Find out how it came there (`jacket ls --files`) before anybody gets the medium",
        "PS3.3 F.2.1",
    ),
    Rule(
        "DIR-FILE-NOT-DICOM",
        ERROR,
        "A record names a file that is no DICOM file",
        _UPDATE,
        "PS3.3 F.2.1; PS3.10 8.1",
    ),
    Rule(
        "DIR-FILE-DAMAGED",
        ERROR,
        "A file that the directory names cannot be read to its end",
        "Copy it again, the medium may be damaged; if it stays so, ask who made it",
        "PS3.10 7.2",
    ),
    Rule(
        "DIR-FILE-NAME",
        ERROR,
        "A DICOM file has a name that no File ID can have",
        "Make a new medium with `jacket author`",
        "PS3.10 8.2, 8.5",
    ),
    Rule(
        "DIR-FILE-NAME-DIFFERS",
        WARNING,
        "The file is there under a name that is spelled differently",
        "Viewers on other systems may not find it; make a new medium with `jacket author`",
        "PS3.10 8.2; PS3.12",
    ),
    Rule(
        "DIR-REF-SOP-CLASS",
        ERROR,
        "The Referenced SOP Class UID is not the file's",
        _WHOSE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-REF-SOP-INSTANCE",
        ERROR,
        "The Referenced SOP Instance UID is not the file's",
        _WHOSE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-REF-TRANSFER-SYNTAX",
        ERROR,
        "The Referenced Transfer Syntax UID is not the file's",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-REF-RELATED",
        ERROR,
        "The Related General SOP Class UID of the file is not in the record",
        _UPDATE,
        "PS3.3 F.3.2.2",
    ),
    Rule(
        "DIR-REF-RECORD-TYPE",
        ERROR,
        "The record type does not fit the SOP Class of the file",
        _UPDATE,
        "PS3.3 F.5",
    ),
    Rule(
        "DIR-REF-PATIENT",
        ERROR,
        "The file belongs to another patient than the one it is filed under",
        "Do not use the medium before it is known whose the file is (`jacket ls --files`); take it "
        "away, or ask who made the medium",
        "PS3.3 F.5.1",
    ),
    Rule(
        "DIR-REF-STUDY",
        ERROR,
        "The file belongs to another study than the one it is filed under",
        _WHOSE,
        "PS3.3 F.5.2",
    ),
    Rule(
        "DIR-REF-SERIES",
        ERROR,
        "The file belongs to another series than the one it is filed under",
        _WHOSE,
        "PS3.3 F.5.3",
    ),
    Rule(
        "DIR-REF-PARENT-KEY",
        WARNING,
        "A key of the patient, study or series record differs from the file's value",
        "Compare the file's own values before you rely on the directory",
        "PS3.3 F.5",
    ),
    Rule(
        "DIR-REF-KEY",
        ERROR,
        "A key of the record differs from the file's value",
        _UPDATE,
        "PS3.3 F.5",
    ),
    Rule(
        "DIR-REF-KEY-ABSENT",
        ERROR,
        "The record lacks a key that it must have because the file has it",
        _UPDATE,
        "PS3.3 F.5",
    ),
)

RULES: Final[tuple[Rule, ...]] = (
    *FILE_RULES,
    *STRUCTURE_RULES,
    *RECORD_RULES,
    *KEY_RULES,
    *REFERENCE_RULES,
)
RULE: Final[dict[str, Rule]] = {rule.id: rule for rule in RULES}
