"""What can be wrong with a FAT volume that is to be a DICOM medium, one row a rule."""

from typing import Final

from media.finding_list import FindingList
from reporting import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_NEW_MEDIUM: Final = "Make the medium again, formatted as FAT16 or, where it may be, as FAT32"
_REPAIR: Final = "Take the files off it and make the medium again; do not add to it as it is"
_DAMAGED: Final = "Read the medium again or elsewhere; if that does not help, replace it"
_RENAME: Final = "Rename it to what PS3.10 allows and make the medium again"
_NOTHING: Final = "Nothing needs to be done"
_ANNEXES: Final = "PS3.12 Annexes R, S, T, U"
_FAT: Final = "Microsoft FAT specification"

RULES: Final = (
    # Where the volume is
    Rule(
        "FAT-PARTITION-FIRST",
        _ERROR,
        "the FAT volume is not in the first partition of the medium",
        "Make the medium again with one partition",
        _ANNEXES,
    ),
    Rule(
        "FAT-PARTITION-OTHER",
        _WARNING,
        "another partition holds a file system that was not looked at",
        "Look at what is in it; make the medium again with one partition",
        _ANNEXES,
    ),
    Rule(
        "FAT-PARTITION-TYPE",
        _WARNING,
        "the type of the partition is not that of the volume in it; some systems do not open it",
        "Make the medium again, or set the type of the partition",
        _ANNEXES,
    ),
    Rule(
        "FAT-PARTITION-SIZE",
        _ERROR,
        "the volume is larger than its partition",
        _NEW_MEDIUM,
        _ANNEXES,
    ),
    Rule(
        "FAT-PARTITION-LOGICAL",
        _WARNING,
        "the volume is in a logical partition, which not every reader looks for",
        "Make the medium again with one primary partition",
        _ANNEXES,
    ),
    Rule(
        "FAT-GPT",
        _ERROR,
        "the medium has a GPT, which no medium of DICOM has; computers read it all the same",
        "Make the medium again with a Master Boot Record or without partitions",
        _ANNEXES,
    ),
    Rule(
        "FAT-PARTITIONED",
        _ERROR,
        "the medium has partitions, which a magneto-optical disk must not have",
        "Make the medium again without partitions",
        "PS3.12 A.2, Annexes M and Q",
    ),
    # The boot sector
    Rule(
        "FAT-BOOT-SIGNATURE",
        _ERROR,
        "the boot sector does not end in 55 AA",
        _NEW_MEDIUM,
        "PS3.12 Annex A; Microsoft FAT specification 3.1",
    ),
    Rule(
        "FAT-BOOT-DAMAGED",
        _ERROR,
        "the boot sector is none; its copy was read instead",
        _REPAIR,
        f"{_FAT} 3.1",
    ),
    Rule(
        "FAT-BOOT-COPY",
        _WARNING,
        "the copy of the boot sector is not the same, or is not there",
        _REPAIR,
        f"{_FAT} 3",
    ),
    Rule(
        "FAT-FSINFO",
        _WARNING,
        "the sector that counts the free clusters is none, or counts more than there are",
        _NOTHING,
        f"{_FAT} 5",
    ),
    Rule(
        "FAT-GEOMETRY",
        _ERROR,
        "a number in the boot sector is none that every system reads",
        _NEW_MEDIUM,
        f"PS3.12 Annex A; {_FAT} 3.1",
    ),
    Rule(
        "FAT-BOOT-LAYOUT",
        _WARNING,
        "a number in the boot sector is not the one that PS3.12 has there",
        "Make the medium again with software that writes the boot sector of PS3.12 Annex A",
        "PS3.12 A.2",
    ),
    Rule(
        "FAT-TYPE",
        _ERROR,
        "the number of clusters is not that of the type as which the volume is laid out",
        _NEW_MEDIUM,
        f"{_FAT} 3.5",
    ),
    Rule(
        "FAT-12",
        _NOTE,
        "the volume is FAT12: magneto-optical disks may be, sticks and cards are FAT16 or FAT32",
        "Make the medium again, formatted as FAT16 or FAT32, unless it is a magneto-optical disk",
        f"PS3.12 Annex A; {_ANNEXES}",
    ),
    Rule(
        "FAT-TRUNCATED",
        _ERROR,
        "the medium ends before the volume does",
        "Copy the medium again; if it is the medium itself, it was not written to its end",
        f"{_FAT} 3.1",
    ),
    # The tables
    Rule(
        "FAT-TABLE-SHORT",
        _ERROR,
        "the tables have fewer entries than the volume has clusters",
        _NEW_MEDIUM,
        f"{_FAT} 3.5",
    ),
    Rule(
        "FAT-TABLE-UNREADABLE",
        _ERROR,
        "a part of the tables cannot be read in any of them",
        _DAMAGED,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-COPIES",
        _ERROR,
        "the tables are not the same",
        _REPAIR,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-MEDIA",
        _WARNING,
        "the first entry of the table does not repeat the media descriptor",
        _REPAIR,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-DIRTY",
        _WARNING,
        "the volume was not taken out in order; what was written last may be missing",
        "Compare it with its source; next time eject the medium before it is pulled out",
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-HARDWARE",
        _WARNING,
        "the volume is marked as one that could not be read or written somewhere",
        _DAMAGED,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-BAD-CLUSTERS",
        _NOTE,
        "clusters are marked as bad and not used",
        "Think of replacing the medium",
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-LOST",
        _WARNING,
        "clusters are marked as in use and belong to no file",
        _REPAIR,
        f"{_FAT} 4",
    ),
    # Folders
    Rule(
        "FAT-FOLDER-UNREADABLE",
        _ERROR,
        "a folder cannot be read to its end",
        _DAMAGED,
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-FOLDER-LOOP",
        _ERROR,
        "a folder lies where another one does",
        _REPAIR,
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-FOLDER-DOTS",
        _ERROR,
        "a folder does not begin with the records of itself and of the one above",
        _REPAIR,
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-FOLDER-SIZE",
        _ERROR,
        "a folder is larger than any can be, or is recorded with a size; the rest was not read",
        _REPAIR,
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-TOO-MANY",
        _ERROR,
        "there is more than any medium has; the rest was not read",
        "Do not use this medium",
        "Filmjacket",
    ),
    # Names
    Rule(
        "FAT-LABEL",
        _NOTE,
        "the label in the root is not that of the boot sector, or there are two",
        _NOTHING,
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-LABEL-CHARACTERS",
        _WARNING,
        "the label has characters that none can have, such as lower-case letters",
        "Give the medium a label of A-Z, 0-9 and _",
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-NAME",
        _ERROR,
        "a short name has characters that none can have, such as lower-case letters",
        _RENAME,
        f"{_ANNEXES}; {_FAT} 6",
    ),
    Rule(
        "FAT-NAME-CODE-PAGE",
        _WARNING,
        "a short name has characters that look different from system to system",
        _RENAME,
        f"{_ANNEXES}; {_FAT} 6",
    ),
    Rule(
        "FAT-NAME-CASE",
        _WARNING,
        "a name is marked to be shown in lower case, and some systems find it under that only",
        "Make the medium again with names in upper case",
        _ANNEXES,
    ),
    Rule(
        "FAT-NAME-DEVICE",
        _WARNING,
        "a name is that of a device, and Windows does not open it",
        _RENAME,
        "Filmjacket",
    ),
    Rule(
        "FAT-NAME-DUPLICATE",
        _ERROR,
        "a name is there twice in one folder",
        _REPAIR,
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-LONG-NAME",
        _NOTE,
        "a name that is a short one is recorded as a long one besides",
        _NOTHING,
        _ANNEXES,
    ),
    Rule(
        "FAT-LONG-NAME-BROKEN",
        _WARNING,
        "records of a long name do not belong to the file after them; the short name was read",
        _REPAIR,
        f"{_FAT} 7",
    ),
    Rule(
        "FAT-DEPTH",
        _ERROR,
        "a folder is below the eighth level",
        "Make the medium again with folders less deep",
        _ANNEXES,
    ),
    # Files
    Rule(
        "FAT-HIDDEN",
        _WARNING,
        "a file or folder is marked as hidden or as the system's",
        "Make the medium again without hidden files: some systems do not show them",
        f"{_FAT} 6",
    ),
    Rule(
        "FAT-DATE",
        _WARNING,
        "the date and time of a file are none",
        _NOTHING,
        f"PS3.12 Annex A; {_FAT} 6",
    ),
    Rule(
        "FAT-CHAIN",
        _ERROR,
        "the clusters of a file end before the file does; it cannot be read",
        _DAMAGED,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-CHAIN-LONG",
        _WARNING,
        "the clusters of a file go on after its end",
        _REPAIR,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-CROSS-LINK",
        _ERROR,
        "two things lie in the same clusters",
        _REPAIR,
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-SHARED",
        _WARNING,
        "two names have the same content in the same clusters",
        "Leave the medium as it is: what is changed under one name breaks the other",
        f"{_FAT} 4",
    ),
    Rule(
        "FAT-OUTSIDE",
        _ERROR,
        "a file lies beyond the end of the medium; what is missing of it cannot be read",
        _DAMAGED,
        f"{_FAT} 3.1",
    ),
)


def new_list() -> FindingList:
    """Return an empty list for findings by these rules."""
    return FindingList(RULES)
