"""What can be wrong with an ISO 9660 volume that is to be a DICOM medium, one row a rule."""

from typing import Final

from media.finding_list import FindingList
from reporting import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_NEW_MEDIUM: Final = "Make the medium again with software that writes plain ISO 9660"
_DAMAGED: Final = "Read the medium again or in another drive; if that does not help, replace it"
_RENAME: Final = "Rename it to what PS3.10 allows and make the medium again"
_NOTHING: Final = "Nothing needs to be done"

RULES: Final = (
    # The volume
    Rule(
        "ISO-DESCRIPTOR-VERSION",
        _ERROR,
        "the Primary Volume Descriptor is not of version 1",
        _NEW_MEDIUM,
        "ECMA-119 8.4.3, 8.4.31",
    ),
    Rule(
        "ISO-TERMINATOR",
        _ERROR,
        "the volume descriptors are not ended by a terminator",
        _NEW_MEDIUM,
        "ECMA-119 8.3",
    ),
    Rule(
        "ISO-BLOCK-SIZE",
        _ERROR,
        "the logical block size is none that the standard knows; 2048 bytes are assumed",
        _NEW_MEDIUM,
        "ECMA-119 6.2.2, 8.4.12",
    ),
    Rule(
        "ISO-BOTH-ORDERS",
        _ERROR,
        "a number differs between its little-endian and its big-endian copy",
        _NEW_MEDIUM,
        "ECMA-119 7.2.3, 7.3.3",
    ),
    Rule(
        "ISO-SYSTEM-IDENTIFIER",
        _ERROR,
        "the System Identifier is neither spaces nor CD-RTOS CD-BRIDGE",
        "Make the medium again with an empty system identifier",
        "PS3.12 Annex F; ECMA-119 8.4.5",
    ),
    Rule(
        "ISO-VOLUME-IDENTIFIER",
        _ERROR,
        "the Volume Identifier has characters that a File-set ID cannot have",
        "Make the medium again with a label of A-Z, 0-9, _ and space",
        "PS3.12 Annex F; ECMA-119 8.4.6",
    ),
    Rule(
        "ISO-VOLUME-DATE",
        _WARNING,
        "a date of the volume is none",
        _NEW_MEDIUM,
        "ECMA-119 8.4.26",
    ),
    Rule(
        "ISO-TRUNCATED",
        _ERROR,
        "the image ends before the volume does",
        "Copy the medium again; if it is the medium itself, it was not written to its end",
        "ECMA-119 8.4.8",
    ),
    Rule(
        "ISO-LONGER",
        _NOTE,
        "the image goes on after the end of the volume",
        _NOTHING,
        "ECMA-119 8.4.8",
    ),
    Rule(
        "ISO-SESSION-BROKEN",
        _WARNING,
        "another session begins there and has no directory; the one before was read",
        "Ask for a new disc: writing this one was cut short, and files may be missing",
        "PS3.12 Annex F",
    ),
    Rule(
        "ISO-PATH-TABLE-L",
        _ERROR,
        "the little-endian path table does not agree with the directories",
        _NEW_MEDIUM,
        "ECMA-119 6.9, 9.4",
    ),
    Rule(
        "ISO-PATH-TABLE-M",
        _ERROR,
        "the big-endian path table does not agree with the directories",
        _NEW_MEDIUM,
        "ECMA-119 6.9, 9.4",
    ),
    # Directories
    Rule(
        "ISO-DIRECTORY-UNREADABLE",
        _ERROR,
        "a directory cannot be read",
        _DAMAGED,
        "ECMA-119 6.8.1",
    ),
    Rule(
        "ISO-DIRECTORY-LOOP",
        _ERROR,
        "a directory lies where another one does",
        _NEW_MEDIUM,
        "ECMA-119 6.8.2",
    ),
    Rule(
        "ISO-DIRECTORY-SIZE",
        _ERROR,
        "the size of a directory is not a whole number of sectors",
        _NEW_MEDIUM,
        "ECMA-119 6.8.1.3",
    ),
    Rule(
        "ISO-RECORD",
        _ERROR,
        "a directory record cannot be taken apart",
        _DAMAGED,
        "ECMA-119 9.1",
    ),
    Rule(
        "ISO-SELF-RECORDS",
        _ERROR,
        "a directory does not begin with the records of itself and of the one above",
        _NEW_MEDIUM,
        "ECMA-119 6.8.2.2",
    ),
    Rule(
        "ISO-ORDER",
        _ERROR,
        "the records of a directory are not sorted by name",
        _NEW_MEDIUM,
        "ECMA-119 9.3",
    ),
    Rule(
        "ISO-TOO-MANY",
        _ERROR,
        "there are more records than any medium has; the rest was not read",
        "Do not use this medium",
        "Filmjacket",
    ),
    # Names
    Rule(
        "ISO-NAME",
        _ERROR,
        "a name is longer than 31, or has other characters than A-Z 0-9 _",
        _RENAME,
        "PS3.12 Annexes F and P; ECMA-119 7.5, 7.6",
    ),
    Rule(
        "ISO-NAME-LEVEL",
        _ERROR,
        "a name is longer than 8.3, which is for level 2 and 3; a CD is of level 1",
        "Make the medium again with names of 8.3, or put the files on a DVD",
        "PS3.12 Annex F; ECMA-119 10.1",
    ),
    Rule(
        "ISO-NAME-VERSION",
        _ERROR,
        "a file is recorded without its version ;1",
        _NEW_MEDIUM,
        "PS3.12 Annex F; ECMA-119 7.5.1",
    ),
    Rule(
        "ISO-NAME-DOT",
        _ERROR,
        "a file is recorded without the dot between name and extension",
        _NEW_MEDIUM,
        "PS3.12 Annex F; ECMA-119 7.5.1",
    ),
    Rule(
        "ISO-NAME-DUPLICATE",
        _ERROR,
        "a name is there twice in one directory",
        _NEW_MEDIUM,
        "ECMA-119 9.3",
    ),
    Rule(
        "ISO-DEPTH",
        _ERROR,
        "a directory is below the eighth level",
        "Make the medium again with folders less deep",
        "PS3.12 Annex F; ECMA-119 6.8.2.1",
    ),
    Rule(
        "ISO-PATH-LENGTH",
        _ERROR,
        "the path of a file is longer than 255",
        "Make the medium again with shorter names",
        "ECMA-119 6.8.2.1",
    ),
    # Files
    Rule(
        "ISO-EXTENDED-ATTRIBUTES",
        _ERROR,
        "a file has an extended attribute record",
        _NEW_MEDIUM,
        "PS3.12 Annex F; ECMA-119 9.1.2",
    ),
    Rule(
        "ISO-PERMISSIONS",
        _ERROR,
        "the extended attribute record of a file keeps some from reading it",
        "Make the medium again without extended attributes",
        "PS3.12 Annex P; ECMA-119 9.5.3",
    ),
    Rule(
        "ISO-RECORD-FORMAT",
        _ERROR,
        "a file is marked as made of records (file flags, bit 3)",
        _NEW_MEDIUM,
        "PS3.12 Annex F; ECMA-119 9.1.6",
    ),
    Rule(
        "ISO-PROTECTION",
        _ERROR,
        "a file is marked as protected (file flags, bit 4)",
        _NEW_MEDIUM,
        "PS3.12 Annex F; ECMA-119 9.1.6",
    ),
    Rule(
        "ISO-HIDDEN",
        _WARNING,
        "a file or folder is marked as hidden (file flags, bit 0)",
        "Make the medium again without hidden files: some systems do not show them",
        "ECMA-119 9.1.6",
    ),
    Rule(
        "ISO-ASSOCIATED",
        _WARNING,
        "an associated file stands beside a file of the same name; it is not read",
        "Make the medium again without resource forks",
        "ECMA-119 6.5.4, 9.1.6",
    ),
    Rule(
        "ISO-MULTI-EXTENT",
        _ERROR,
        "a file has more than one extent, which is for level 3; a CD is of level 1",
        "Put the file on a DVD or another medium that takes it in one piece",
        "PS3.12 Annex F; ECMA-119 10.1",
    ),
    Rule(
        "ISO-EXTENT-MISSING",
        _ERROR,
        "the last extent of a file is missing; what is there of it was read",
        _DAMAGED,
        "ECMA-119 9.1.6",
    ),
    Rule(
        "ISO-INTERLEAVE",
        _ERROR,
        "a file is interleaved with others; it is not read",
        _NEW_MEDIUM,
        "ECMA-119 6.4.3, 9.1.7, 9.1.8",
    ),
    Rule(
        "ISO-DATE",
        _ERROR,
        "the Recording Date and Time of a file is no date",
        _NEW_MEDIUM,
        "ECMA-119 9.1.5",
    ),
    Rule(
        "ISO-DATE-MISSING",
        _ERROR,
        "a file has no Recording Date and Time",
        _NEW_MEDIUM,
        "PS3.12 Annex F; ECMA-119 9.1.5",
    ),
    Rule(
        "ISO-OUTSIDE",
        _ERROR,
        "a file lies beyond the end of the image; what is missing of it cannot be read",
        _DAMAGED,
        "ECMA-119 9.1.3",
    ),
    Rule(
        "ISO-OUTSIDE-VOLUME",
        _ERROR,
        "a file lies beyond the end of its volume, where not every system reads it",
        _NEW_MEDIUM,
        "ECMA-119 8.4.8, 9.1.3",
    ),
    Rule(
        "ISO-OVERLAP",
        _ERROR,
        "two things lie in the same blocks",
        _NEW_MEDIUM,
        "ECMA-119 6.4",
    ),
    Rule(
        "ISO-SHARED",
        _NOTE,
        "two names share one content",
        _NOTHING,
        "ECMA-119 6.4",
    ),
    # What else is on the disc
    Rule(
        "ISO-ROCK-RIDGE",
        _NOTE,
        "the volume has Rock Ridge names as well; the plain ones were checked",
        _NOTHING,
        "PS3.12 Annex F",
    ),
    Rule(
        "ISO-JOLIET",
        _NOTE,
        "the volume has Joliet names as well; the plain ones were checked",
        _NOTHING,
        "PS3.12 Annex F",
    ),
    Rule(
        "ISO-UDF",
        _NOTE,
        "the volume has a UDF file system as well; both were read and compared",
        _NOTHING,
        "PS3.12 Annex P",
    ),
    Rule(
        "ISO-BOOT",
        _NOTE,
        "the volume has a boot record; nothing on the medium was run",
        _NOTHING,
        "ECMA-119 8.2",
    ),
)


def new_list() -> FindingList:
    """Return an empty list for findings by these rules."""
    return FindingList(RULES)
