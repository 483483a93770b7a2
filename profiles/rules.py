"""The rules that a claimed profile adds to those of every medium, as rows (PS3.11)."""

from typing import Final

from profiles import stream_rules
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
PRIVATE: Final = Rule(
    "PRO-PRIVATE-SOP-CLASS",
    Severity.ERROR,
    "a private SOP Class is outside every standard profile",
    "Export the instance in a standard SOP Class, or claim a private profile that declares it",
    "PS3.2 7.4",
)
MULTI_FRAME: Final = Rule(
    "PRO-MULTI-FRAME",
    Severity.ERROR,
    "the profile takes multi-frame images alone in this transfer syntax",
    "Leave the instance off this medium, or claim a profile that allows it",
    "PS3.11 I.3-1, M.3-1, N.3-1",
)
ONE_FRAME: Final = Rule(
    "PRO-ONE-FRAME",
    Severity.WARNING,
    "a video of one frame: it is open whether that is a multi-frame image",
    "Export still pictures uncompressed, on a medium of another profile",
    "PS3.11 I.3-1, M.3-1, N.3-1",
)
UNCOMPRESSED_BESIDE_VIDEO: Final = Rule(
    "PRO-BESIDE-VIDEO",
    Severity.WARNING,
    "an uncompressed instance on a video medium: the standard allows it, some readers do not",
    "Put what is not video on a medium of its own if the recipient cannot read it here",
    "PS3.11 M.3-1",
)
PHOTOMETRIC: Final = Rule(
    "PRO-PHOTOMETRIC",
    Severity.ERROR,
    "the profile does not allow this Photometric Interpretation (0028,0004) here",
    "Export the image in a colour model of the profile, or claim another profile",
    "PS3.11 C.3-2, E.3-1",
)
UNCOMPRESSED_422: Final = Rule(
    "PRO-UNCOMPRESSED-422",
    Severity.WARNING,
    "uncompressed YBR_FULL_422: the profile allows it, the current ultrasound module does not",
    "Export the image in RGB so that every reader takes it",
    "PS3.11 C.3-2, PS3.3 C.8.5.6.1.2",
)
VALUE: Final = Rule(
    "PRO-VALUE",
    Severity.ERROR,
    "an attribute of the image has a value that the profile does not allow",
    "Leave the image off this medium, or claim a profile without this limit",
    "PS3.11 8 X.3.4",
)
TYPE_2_ABSENT: Final = Rule(
    "PRO-TYPE-2-ABSENT",
    Severity.ERROR,
    "an attribute that the profile wants present, even empty, is absent",
    "Write the medium again with `jacket author`, which adds it without a value",
    "PS3.11 K.3-4, L.4-2",
)
OVERLAY: Final = Rule(
    "PRO-OVERLAY",
    Severity.ERROR,
    "an overlay stands where the profile allows none",
    "Export the image with its overlays apart, in Overlay Data or a presentation state",
    "PS3.11 A.3.4.1, B.3.4.1",
)
CALIBRATION: Final = Rule(
    "PRO-CALIBRATION",
    Severity.ERROR,
    "the region calibration that the profile asks of every image is missing or incomplete",
    "Export with calibration from the ultrasound system, or claim STD-US-ID-…",
    "PS3.11 C.4, C.5",
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
KEY_NOT_VERBATIM: Final = Rule(
    "PRO-KEY-NOT-VERBATIM",
    Severity.ERROR,
    "Referenced Image Sequence is not a full copy of the one in the instance",
    "Write the DICOMDIR again with every item and element of the sequence, in the same order",
    "PS3.11 H.3-2",
)
ICON_MISSING: Final = Rule(
    "PRO-ICON-MISSING",
    Severity.ERROR,
    "the profile asks for an icon in this Directory Record, and there is none",
    "Write the DICOMDIR again with `jacket dicomdir` or `jacket author`, which make icons",
    "PS3.11 A.3.3.2, B.3.3.2",
)
ICON_SIZE: Final = Rule(
    "PRO-ICON-SIZE",
    Severity.ERROR,
    "the icon is not of the size that the profile asks for",
    "Write the DICOMDIR again with icons of the profile",
    "PS3.11 A.3.3.2, B.3.3.2, E.3.3.3",
)
ICON_BITS: Final = Rule(
    "PRO-ICON-BITS",
    Severity.ERROR,
    "the icon is not of the depth that the profile asks for",
    "Write the DICOMDIR again with icons of the profile",
    "PS3.11 A.3.3.2, B.3.3.2, E.3.3.3",
)
ICON_PHOTOMETRIC: Final = Rule(
    "PRO-ICON-PHOTOMETRIC",
    Severity.ERROR,
    "the icon has a Photometric Interpretation that the profile does not allow",
    "Write the DICOMDIR again with icons of the profile",
    "PS3.11 B.3.3.2, E.3.3.3",
)
EMPTY_DIRECTORY: Final = Rule(
    "PRO-EMPTY-DIRECTORY",
    Severity.ERROR,
    "the directory names no instance at all",
    "Write the medium again with the DICOM files referenced in its DICOMDIR",
    "PS3.11 D.3.3",
)
EMPTY_ULTRASOUND: Final = Rule(
    "PRO-EMPTY-ULTRASOUND",
    Severity.WARNING,
    "the directory names no instance; the ultrasound profiles do not forbid it, readers may",
    "Write the medium again with the DICOM files referenced in its DICOMDIR",
    "PS3.11 C.3.3",
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
SECURE_NOT_JUDGED: Final = Rule(
    "PRO-SECURE-NOT-JUDGED",
    Severity.NOTE,
    "what is inside the Secure DICOM Files was not judged",
    "Give its password or key too: --password-file FILE, --key FILE",
    "PS3.15 D.1",
)

RULES: Final[tuple[Rule, ...]] = (
    SOP_CLASS,
    RETIRED,
    PRIVATE,
    MULTI_FRAME,
    ONE_FRAME,
    UNCOMPRESSED_BESIDE_VIDEO,
    PHOTOMETRIC,
    UNCOMPRESSED_422,
    VALUE,
    TYPE_2_ABSENT,
    OVERLAY,
    CALIBRATION,
    TRANSFER_SYNTAX,
    KEY_MISSING,
    KEY_EMPTY,
    KEY_ITEM,
    KEY_NOT_VERBATIM,
    ICON_MISSING,
    ICON_SIZE,
    ICON_BITS,
    ICON_PHOTOMETRIC,
    EMPTY_DIRECTORY,
    EMPTY_ULTRASOUND,
    MEDIUM,
    FILE_SYSTEM,
    FORMAT_NOT_JUDGED,
    SECURE_FILE,
    PLAIN_FILE,
    SECURE_NOT_JUDGED,
    *stream_rules.RULES,
)
BY_ID: Final = {rule.id: rule for rule in RULES}
