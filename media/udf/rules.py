"""What can be wrong with a UDF volume that is to be a DICOM medium, one row a rule."""

from typing import Final

from media.finding_list import FindingList
from reporting import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_NEW_MEDIUM: Final = "Make the medium again with software that writes what PS3.12 asks for"
_DAMAGED: Final = "Read the medium again or in another drive; if that does not help, replace it"
_COPY: Final = "Copy what is on it to a new medium as long as it can be read"
_RENAME: Final = "Rename it to what PS3.10 allows and make the medium again"
_WITHIN: Final = (
    "Nothing needs to be done where it is read; else use a disc that ends with its data"
)
_NOTHING: Final = "Nothing needs to be done"

_VOLUME: Final = (
    Rule(
        "UDF-RECOGNITION",
        _ERROR,
        "the volume recognition sequence is missing or not BEA01, NSR02 or NSR03, TEA01",
        _NEW_MEDIUM,
        "ECMA-167 2/8.3; UDF 2.1.7",
    ),
    Rule(
        "UDF-ANCHOR",
        _ERROR,
        "there are not two good anchors among sector 256, the last one, and 256 before it",
        _COPY,
        "UDF 2.2.3",
    ),
    Rule(
        "UDF-ANCHOR-WITHIN",
        _WARNING,
        "the second anchor is where the volume ends, and the medium goes on behind it: readers "
        "that look for it at the end of the medium find the first one alone",
        _WITHIN,
        "UDF 2.2.3; ECMA-167 3/8.4.2.1",
    ),
    Rule(
        "UDF-SEQUENCE",
        _ERROR,
        "one of the two volume descriptor sequences is damaged; the other one was used",
        _COPY,
        "ECMA-167 3/8.4.2",
    ),
    Rule(
        "UDF-SEQUENCES-DIFFER",
        _WARNING,
        "the two volume descriptor sequences do not say the same",
        _NEW_MEDIUM,
        "ECMA-167 3/8.4.2",
    ),
    Rule(
        "UDF-DESCRIPTOR",
        _ERROR,
        "a volume descriptor is damaged; it was used as it stands",
        _COPY,
        "ECMA-167 3/7.2",
    ),
    Rule(
        "UDF-DESCRIPTOR-MISSING",
        _ERROR,
        "a volume descriptor that there has to be is missing",
        _NEW_MEDIUM,
        "UDF 2.2.2 to 2.2.7",
    ),
    Rule(
        "UDF-INTEGRITY-OPEN",
        _WARNING,
        "the volume was not closed: it may have changed since its structures were written",
        "Close the medium with the software that wrote it",
        "ECMA-167 3/10.10.3; UDF 2.2.6",
    ),
    Rule(
        "UDF-INTEGRITY",
        _WARNING,
        "the integrity descriptor of the volume cannot be read",
        _DAMAGED,
        "UDF 2.2.6",
    ),
    Rule(
        "UDF-REVISION",
        _ERROR,
        "the revision of UDF is not the one that is asked for on this kind of medium",
        _NEW_MEDIUM,
        "PS3.12 J.2.1, P.2.1, X.2",
    ),
    Rule(
        "UDF-REVISION-UNKNOWN",
        _WARNING,
        "the volume is of a revision of UDF that is not known here",
        _NEW_MEDIUM,
        "UDF 2.1.5.3",
    ),
    Rule(
        "UDF-DOMAIN",
        _ERROR,
        "the logical volume does not say that it complies with OSTA UDF",
        _NEW_MEDIUM,
        "UDF 2.2.4.3",
    ),
    Rule(
        "UDF-LABEL",
        _WARNING,
        "the label of the volume is not in OSTA compressed Unicode",
        "Make the medium again with a label of A-Z, 0-9 and _",
        "UDF 2.1.3, 2.2.4.1",
    ),
    Rule(
        "UDF-BLOCK-SIZE",
        _ERROR,
        "the logical block size is not the size of the medium's sectors",
        _NEW_MEDIUM,
        "UDF 2.2.4.2",
    ),
    Rule(
        "UDF-SECTOR-SIZE",
        _WARNING,
        "the sectors are not of 2048 bytes, as those of every optical disc are",
        _NEW_MEDIUM,
        "PS3.12 J.3, P.3, X.3",
    ),
    Rule(
        "UDF-INTERCHANGE",
        _ERROR,
        "the interchange levels of the volume are not 2 and 2",
        _NEW_MEDIUM,
        "PS3.12 J.2.1.1, P.2.1.1, X.2",
    ),
    Rule(
        "UDF-FILE-SET-INTERCHANGE",
        _ERROR,
        "the interchange levels of the file set are not 3 and 3",
        _NEW_MEDIUM,
        "PS3.12 P.2.1.1; UDF 2.3.2",
    ),
    Rule(
        "UDF-PARTITIONS",
        _ERROR,
        "there is not exactly one partition",
        _NEW_MEDIUM,
        "PS3.12 J.1.2, P.1.2, X.1.2",
    ),
    Rule(
        "UDF-VOLUMES",
        _ERROR,
        "the volume is one of several of a set, or holds several logical volumes",
        _NEW_MEDIUM,
        "PS3.12 J.1.2, P.1.2, X.1.2",
    ),
    Rule(
        "UDF-VIRTUAL",
        _ERROR,
        "there is a virtual allocation table, which this kind of medium must not have",
        "Make the medium again, written at once and closed",
        "PS3.12 J.2.1.2, X.2",
    ),
    Rule(
        "UDF-SPARABLE",
        _ERROR,
        "there are sparing tables, which this kind of medium must not have",
        "Make the medium again without packet writing",
        "PS3.12 J.2.1.3, X.2",
    ),
    Rule(
        "UDF-MAP",
        _ERROR,
        "a partition map cannot be followed",
        _DAMAGED,
        "ECMA-167 3/10.7; UDF 2.2.8 to 2.2.10",
    ),
    Rule(
        "UDF-VIRTUAL-TABLE",
        _ERROR,
        "the virtual allocation table is not where it has to be, or cannot be taken apart",
        "Read the medium again up to its last written block; it may never have been closed",
        "UDF 2.2.11",
    ),
    Rule(
        "UDF-SPARING-TABLE",
        _ERROR,
        "a sparing table cannot be read",
        _COPY,
        "UDF 2.2.12",
    ),
    Rule(
        "UDF-METADATA",
        _ERROR,
        "the metadata file is damaged; its mirror was used where there is one",
        _COPY,
        "UDF 2.2.13",
    ),
    Rule(
        "UDF-METADATA-MIRROR",
        _WARNING,
        "the mirror of the metadata file is damaged or not the same as the file",
        _COPY,
        "UDF 2.2.13",
    ),
    Rule(
        "UDF-TRUNCATED",
        _ERROR,
        "the image ends before the volume does",
        "Copy the medium again; if it is the medium itself, it was not written to its end",
        "ECMA-167 3/10.5.9",
    ),
)

_TREE: Final = (
    Rule(
        "UDF-FILE-SET",
        _ERROR,
        "the File Set Descriptor is damaged or missing",
        _DAMAGED,
        "UDF 2.3.2",
    ),
    Rule(
        "UDF-TAG",
        _ERROR,
        "a descriptor is damaged; it was used as it stands",
        _DAMAGED,
        "ECMA-167 4/7.2; UDF 2.3.1",
    ),
    Rule(
        "UDF-ENTRY",
        _ERROR,
        "the entry of a file or folder cannot be read",
        _DAMAGED,
        "ECMA-167 4/14.9, 4/14.17",
    ),
    Rule(
        "UDF-STRATEGY",
        _ERROR,
        "an entry is recorded by another strategy than 4, which is not read here",
        "Copy the file with the software that wrote the medium",
        "UDF 2.3.5.1",
    ),
    Rule(
        "UDF-DIRECTORY",
        _ERROR,
        "a part of a directory cannot be read",
        _DAMAGED,
        "ECMA-167 4/8.6",
    ),
    Rule(
        "UDF-DIRECTORY-LOOP",
        _ERROR,
        "a directory is found in two places, or within itself",
        _NEW_MEDIUM,
        "UDF 2.3.4; ECMA-167 4/8.6",
    ),
    Rule(
        "UDF-PARENT",
        _ERROR,
        "a directory does not begin with the record of the one above",
        _NEW_MEDIUM,
        "ECMA-167 4/8.6; UDF 2.3.4",
    ),
    Rule(
        "UDF-TOO-MANY",
        _ERROR,
        "there is more than any medium has; the rest was not read",
        "Do not use this medium",
        "Filmjacket",
    ),
    Rule(
        "UDF-ALLOCATION",
        _ERROR,
        "what is recorded of a content does not add up to its length",
        _DAMAGED,
        "ECMA-167 4/12; UDF 2.3.10",
    ),
    Rule(
        "UDF-TAIL",
        _WARNING,
        "the end of a content is not allocated; the rest of its last block was taken for it",
        "Compare the file with its source",
        "ECMA-167 4/12.1",
    ),
    Rule(
        "UDF-OUTSIDE",
        _ERROR,
        "content lies outside its partition or the image",
        _DAMAGED,
        "ECMA-167 4/8.8",
    ),
    Rule(
        "UDF-OVERLAP",
        _ERROR,
        "content lies in the same blocks as something else",
        _NEW_MEDIUM,
        "ECMA-167 4/8.8.1",
    ),
    Rule(
        "UDF-SHARED",
        _NOTE,
        "one content has several names",
        _NOTHING,
        "ECMA-167 4/8.6",
    ),
    Rule(
        "UDF-UNRECORDED",
        _WARNING,
        "a part of a file was never written and reads as zeros",
        "Compare the file with its source",
        "ECMA-167 4/14.14.1.1",
    ),
    Rule(
        "UDF-FILE-TYPE",
        _WARNING,
        "the type is none that a file of a DICOM medium has",
        _NEW_MEDIUM,
        "PS3.12 J.2.1.6, P.2.1; UDF 2.3.5.2",
    ),
    Rule(
        "UDF-SYMBOLIC-LINK",
        _WARNING,
        "a symbolic link is not followed here",
        "Make the medium again with the file itself in its place",
        "PS3.12 J.2.1.6, P.2.1; UDF 2.3.5.2",
    ),
    Rule(
        "UDF-HIDDEN",
        _ERROR,
        "the hidden flag is set",
        _NEW_MEDIUM,
        "PS3.12 J.2.1.5, P.2.1; UDF 2.3.4.2",
    ),
    Rule(
        "UDF-PERMISSIONS",
        _WARNING,
        "not everybody may read it",
        "Make the medium again with all permissions given to all",
        "PS3.12 J.2.1.5, P.2.1, X.2; UDF 2.3.6.3",
    ),
    Rule(
        "UDF-PERMISSIONS-CHANGE",
        _NOTE,
        "not everybody may write and delete it",
        "Give all permissions to all when the medium is made",
        "PS3.12 J.2.1.5, P.2.1, X.2; UDF 2.3.6.3",
    ),
    Rule(
        "UDF-NAMED-STREAM",
        _NOTE,
        "a file or the volume has named streams, which are not read here",
        _NOTHING,
        "PS3.12 J.2.1.6, P.2.1; UDF 3.3.5",
    ),
    Rule(
        "UDF-DATE",
        _WARNING,
        "a time is none",
        _NEW_MEDIUM,
        "ECMA-167 1/7.3; UDF 2.1.4",
    ),
    Rule(
        "UDF-LINKS",
        _WARNING,
        "the number of its names is not what its entry says",
        _NEW_MEDIUM,
        "UDF 2.3.6.4; ECMA-167 4/14.9.6",
    ),
    Rule(
        "UDF-UNIQUE-ID",
        _WARNING,
        "another file has the same unique id",
        _NEW_MEDIUM,
        "UDF 3.2.1",
    ),
    Rule(
        "UDF-COUNTS",
        _WARNING,
        "the numbers of files and folders are not what the integrity descriptor says",
        _NEW_MEDIUM,
        "UDF 2.2.6.4",
    ),
    # Names
    Rule(
        "UDF-NAME-CHARACTERS",
        _ERROR,
        "a name is not in OSTA compressed Unicode",
        _RENAME,
        "PS3.12 J.1.1, P.1.1; UDF 2.1.1",
    ),
    Rule(
        "UDF-NAME-ILLEGAL",
        _ERROR,
        "a name is empty, a dot or two, or has a slash or a NUL in it",
        _RENAME,
        "UDF 4.2.2",
    ),
    Rule(
        "UDF-NAME-DUPLICATE",
        _ERROR,
        "two files of one folder have the same name",
        _RENAME,
        "UDF 2.3.4; ECMA-167 4/8.6",
    ),
    Rule(
        "UDF-DEPTH",
        _ERROR,
        "the directories are nested deeper than eight levels",
        "Move the file up and make the medium again",
        "PS3.12 J.1.3, P.1.3, X.1.3",
    ),
    Rule(
        "UDF-VERSION",
        _WARNING,
        "the version of a file is not 1",
        _NEW_MEDIUM,
        "PS3.12 J.1.3, P.1.3; UDF 2.3.4.1",
    ),
)

_BRIDGE: Final = (
    Rule(
        "UDF-BRIDGE-ISO-ONLY",
        _WARNING,
        "a file is seen by readers of ISO 9660 and not by those of UDF",
        _NEW_MEDIUM,
        "PS3.12 P.1.2, P.2",
    ),
    Rule(
        "UDF-BRIDGE-UDF-ONLY",
        _WARNING,
        "a file is seen by readers of UDF and not by those of ISO 9660",
        _NEW_MEDIUM,
        "PS3.12 P.1.2, P.2",
    ),
    Rule(
        "UDF-BRIDGE-DIFFERS",
        _ERROR,
        "a file has one content in ISO 9660 and another in UDF",
        "Compare both files; make the medium again",
        "PS3.12 P.1.2, P.2",
    ),
    Rule(
        "UDF-BRIDGE-NAME",
        _NOTE,
        "a file has one name in ISO 9660 and another in UDF",
        _NOTHING,
        "PS3.12 P.1.3",
    ),
    Rule(
        "UDF-BRIDGE-UNREADABLE",
        _ERROR,
        "the disc says that it is a UDF volume as well, and that cannot be read",
        _DAMAGED,
        "PS3.12 P.2",
    ),
    Rule(
        "UDF-BRIDGE-LABEL",
        _WARNING,
        "the label of the ISO 9660 volume is not that of the UDF volume",
        _NEW_MEDIUM,
        "ECMA-119 8.4.6; UDF 2.2.4.1",
    ),
)

RULES: Final = (*_VOLUME, *_TREE, *_BRIDGE)


def new_list() -> FindingList:
    """Return a list that takes findings by the ids of these rules."""
    return FindingList(RULES)
