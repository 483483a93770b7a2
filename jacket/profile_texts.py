"""What the words of the profile tables mean to people who do not read PS3.11."""

from collections.abc import Callable
from typing import Final

from dicomdir.elements import number_of
from dicomdir.record_types import AdditionalKey, When
from jacket.writing import FILES, ON_MEDIUM
from profiles.application_profiles import (
    ApplicationProfile,
    Ask,
    Format,
    Medium,
    Role,
    Security,
    Support,
    ValueRule,
)
from profiles.media_kinds import MEDIUM_NAMES
from profiles.value_asks import alternatives, name

MEDIA: Final = MEDIUM_NAMES
MEDIA_IN_FULL: Final[dict[Medium, str]] = {
    Medium.CD_R: "CD-R, 120 mm",
    Medium.DVD: "DVD, 120 mm: -ROM, -R, -RW, +R or +RW, but not DVD-RAM",
    Medium.DVD_RAM: "DVD-RAM, 120 mm",
    Medium.BD: "Blu-ray disc (BD-R or BD-RE), 120 mm",
    Medium.MOD_23: "magneto-optical disk of 2.3 GB, 90 mm",
    Medium.MOD_41: "magneto-optical disk of 4.1 GB, 130 mm",
    Medium.USB: "USB stick or any other USB storage that can be removed",
    Medium.MMC: "MultiMediaCard",
    Medium.CF: "CompactFlash card",
    Medium.SD: "SD card of up to 2 GB",
    Medium.MIME: "parts of one e-mail (MIME)",
    Medium.ZIP_MAIL: "one ZIP file attached to an e-mail",
}
FORMATS: Final[dict[Format, str]] = {
    Format.P12_F: "ISO 9660 level 1 (PS3.12 F)",
    Format.P12_J: "UDF 1.5 (PS3.12 J)",
    Format.P12_M: "FAT12 or FAT16, not partitioned (PS3.12 M)",
    Format.P12_P: "ISO 9660, or UDF up to 2.01, or both (PS3.12 P)",
    Format.P12_Q: "FAT12 or FAT16, not partitioned (PS3.12 Q)",
    Format.P12_R: "FAT16 or FAT32; never exFAT or NTFS (PS3.12 R)",
    Format.P12_S: "FAT16 or FAT32 (PS3.12 S)",
    Format.P12_T: "FAT16 (PS3.12 T)",
    Format.P12_U: "FAT16; cards of over 2 GB do not fit (PS3.12 U)",
    Format.P12_X: "UDF 2.5 on BD-RE, UDF 2.6 on BD-R (PS3.12 X)",
    Format.P12_K: "one application/dicom part per file (PS3.12 K)",
    Format.P12_VW: "DICOM.ZIP, subject with DICOM-ZIP (PS3.12 V, W; PS3.11 L.3.2)",
}
ROLES: Final[dict[Role, str]] = {
    Role.CREATOR: "creator (FSC)",
    Role.READER: "reader (FSR)",
    Role.UPDATER: "updater (FSU)",
}
# PS3.10 8.3, PS3.4 I.
DUTIES: Final[dict[Role, str]] = {
    Role.CREATOR: "makes a new File-set: valid DICOM files and a DICOMDIR that names all of them",
    Role.READER: "reads the DICOMDIR and the files, changes nothing, and passes over SOP Classes "
    "that it does not know",
    Role.UPDATER: "adds and deletes files and keeps the DICOMDIR true; never changes a file that "
    "is there, never the File-set UID",
}
MODALS: Final[dict[Support, str]] = {
    Support.MANDATORY: "must",
    Support.OPTIONAL: "may",
    Support.DECLARED: "as it declares",
    Support.MANDATORY_IF_DECLARED: "must, for each SOP Class it declares",
    Support.UNDEFINED: "not defined",
}
SECURITY: Final[dict[Security, str]] = {
    Security.NONE: "files are plain; an encrypted file has no place on such a medium "
    "(PS3.11 8, X.3.5)",
    Security.CMS: "every file, the DICOMDIR too, is wrapped as a Secure DICOM File: encrypted, and "
    "signed or with a digest (PS3.15 D.1). Who reads it needs a password or a key",
    Security.SMIME: "the whole mail is encrypted and signed (S/MIME, PS3.15 B.8); the files in "
    "the ZIP are plain",
}
_TYPES: Final[dict[str, str]] = {
    "1": "must have a value",
    "2": "must be there, may be empty",
    "3": "may be there",
}
_PARENTS: Final = frozenset(("PATIENT", "STUDY", "SERIES"))
_WHEN: Final[dict[When, str]] = {
    When.PRESENT: "if the object has it",
    When.PRESENT_WITH_VALUE: "if the object has it with a value",
    When.SHARED_TOO: "if the object has it, or its Shared Functional Groups do",
    When.SHARED_TOO_WITH_ITEMS: "if the object, or its Shared Functional Groups, have an item "
    "of it: copied whole",
    When.BIPLANE: "if Image Type value 3 is BIPLANE A or BIPLANE B",
    When.X_RAY_ANGIOGRAPHIC: "if the object is an X-Ray Angiographic Image",
}


# How a row is made → what that means.
MADE_AS: Final[dict[str, str]] = {
    ".iso": "an image of the disc to burn (-o NAME.iso), or a folder (-o NAME)",
    ".img": "an image of the stick, card or disk to be written onto it as a whole (-o NAME.img), "
    "or a folder (-o NAME)",
    ".zip": "a ZIP archive (-o NAME.zip), a mail with it (-o NAME.eml), or a folder (-o NAME)",
    ".eml": "a mail whose parts are the files (-o NAME.eml), or a folder (-o NAME)",
    "s/mime": "a mail with a ZIP archive, signed and encrypted as a whole (-o NAME.eml)",
}


def made_as(row: ApplicationProfile) -> str:
    """Return what this version makes for a profile: a word of `MADE_AS`."""
    if row.security is Security.SMIME:
        return "s/mime"
    return next(suffix for suffix in MADE_AS if row.medium in FILES[suffix])


def made_in_words(row: ApplicationProfile) -> str:
    """Return what this version makes for a profile, as a sentence."""
    word, file_system = made_as(row), ON_MEDIUM.get(row.medium)
    if file_system is None:
        return MADE_AS[word]
    return f"{MADE_AS[word]}, with {file_system.what}"


def ask_of_key(row: AdditionalKey) -> str:
    """Return what a profile asks of a key, in words."""
    kind, when = row.key.type, row.key.when
    if kind == "1" and when is When.OFFERED:
        return "must be made, see icons"
    if kind in _TYPES and when in (When.ALWAYS, When.OFFERED):
        return _TYPES[kind]
    words = _WHEN.get(when, _TYPES["1"])
    if row.record_types <= _PARENTS:
        words = words.replace("the object has", "an object below has")
    return words if kind.endswith("C") else f"{_TYPES[kind]} {words}"


def limit_in_words(rule: ValueRule) -> str:
    """Return one line of a value table as a sentence without its source."""
    limit = _LIMITS[rule.ask](rule)
    if rule.where is not None:
        tag, _, values = rule.where
        limit += f", where {name(tag)} is {alternatives(values)}"
    return limit


def named(tag: int) -> str:
    """Return name and number of any attribute: "Rows (0028,0010)"."""
    return f"{name(tag)} {number_of(tag)}"


def _with_number(rule: ValueRule) -> str:
    return named(rule.tag)


_LIMITS: Final[dict[Ask, Callable[[ValueRule], str]]] = {
    Ask.ONE_OF: lambda rule: f"{_with_number(rule)} is {alternatives(rule.values)}",
    Ask.AT_MOST: lambda rule: f"{_with_number(rule)} is at most {rule.values[0]}",
    Ask.EQUAL_TO: lambda rule: f"{_with_number(rule)} is the same as {name(int(rule.values[0]))}",
    Ask.ONE_LESS_THAN: lambda rule: (
        f"{_with_number(rule)} is one less than {name(int(rule.values[0]))}"
    ),
    Ask.PRESENT: lambda rule: f"{_with_number(rule)} must be there, may be empty",
    Ask.SEPARATE_OVERLAYS: lambda rule: (
        "overlays, if any, in Overlay Data (60xx,3000), not in the bits of the pixels"
    ),
    Ask.NO_OVERLAYS: lambda rule: "no overlay (60xx,eeee)",
    Ask.REGIONS: lambda rule: f"regions {number_of(rule.tag)} in which distances can be measured",
    Ask.CALIBRATED_REGIONS: lambda rule: (
        f"regions {number_of(rule.tag)} in which distances can be measured, each with Pixel "
        "Component Organization (0018,6044): what its pixels mean"
    ),
}
