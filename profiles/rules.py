"""The rules that a claimed profile adds to those of every medium, as rows (PS3.11)."""

from typing import Final

from reporting import Rule, Severity

SOP_CLASS: Final = Rule(
    "PRO-SOP-CLASS",
    Severity.ERROR,
    "the profile has no place for this SOP Class",
    "Leave the instance off this medium, or claim a profile that allows it",
    "PS3.11 8 X.3.1",
)
RETIRED: Final = Rule(
    "PRO-RETIRED-SOP-CLASS",
    Severity.ERROR,
    "a retired SOP Class is outside every standard profile",
    "Export the instance in a current SOP Class from the system that holds it",
    "PS3.4 B.6",
)
TRANSFER_SYNTAX: Final = Rule(
    "PRO-TRANSFER-SYNTAX",
    Severity.ERROR,
    "the profile does not allow this transfer syntax",
    "Write the medium again with the instance converted to a syntax of the profile",
    "PS3.11 8 X.3.1",
)
KEY_MISSING: Final = Rule(
    "PRO-KEY-MISSING",
    Severity.ERROR,
    "a key that the profile requires is missing in the Directory Record",
    "Write the DICOMDIR again with a creator that supports this profile",
    "PS3.11 8 X.3.3.1",
)
KEY_EMPTY: Final = Rule(
    "PRO-KEY-EMPTY",
    Severity.ERROR,
    "a key that the profile requires with a value is empty in the Directory Record",
    "Write the DICOMDIR again with a creator that supports this profile",
    "PS3.11 8 X.3.3.1",
)
KEY_ITEM: Final = Rule(
    "PRO-KEY-ITEM",
    Severity.ERROR,
    "an item of Referenced Image Sequence does not name the SOP Class and Instance it refers to",
    "Correct the reference at its source and write the medium again",
    "PS3.11 D.3-2",
)
EMPTY_DIRECTORY: Final = Rule(
    "PRO-EMPTY-DIRECTORY",
    Severity.ERROR,
    "the directory names no instance at all",
    "Write the medium again with the DICOM files referenced in its DICOMDIR",
    "PS3.11 D.3.3",
)
MEDIUM: Final = Rule(
    "PRO-MEDIUM",
    Severity.ERROR,
    "the profile is for another kind of medium",
    "Claim a profile for this medium, or write to a medium of the profile",
    "PS3.11 8 X.3.2",
)
FILE_SYSTEM: Final = Rule(
    "PRO-FILE-SYSTEM",
    Severity.ERROR,
    "the profile is for another file system",
    "Claim a profile for this file system, or write the medium again",
    "PS3.12",
)
FORMAT_NOT_JUDGED: Final = Rule(
    "PRO-FORMAT-NOT-JUDGED",
    Severity.NOTE,
    "a folder has no medium and no file system of its own: these are not judged",
    "Verify the image or the medium itself to have them judged",
    "Filmjacket",
)
SECURE_FILE: Final = Rule(
    "PRO-SECURE-FILE",
    Severity.ERROR,
    "a Secure DICOM File on a medium whose profile is not a secure one",
    "Claim the secure profile (…-SEC-…) and protect every file, or store the plain file",
    "PS3.10 6.2.4",
)
PLAIN_FILE: Final = Rule(
    "PRO-PLAIN-FILE",
    Severity.ERROR,
    "a plain DICOM file on a medium whose profile demands Secure DICOM Files",
    "Write the medium again with every DICOM file and the DICOMDIR protected",
    "PS3.11 8 X.3.5",
)

RULES: Final[tuple[Rule, ...]] = (
    SOP_CLASS,
    RETIRED,
    TRANSFER_SYNTAX,
    KEY_MISSING,
    KEY_EMPTY,
    KEY_ITEM,
    EMPTY_DIRECTORY,
    MEDIUM,
    FILE_SYSTEM,
    FORMAT_NOT_JUDGED,
    SECURE_FILE,
    PLAIN_FILE,
)
