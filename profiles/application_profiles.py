"""Media Storage Application Profiles as rows (PS3.11): what may be where, and in which shape."""

from enum import Enum, StrEnum
from typing import Final, NamedTuple

from dicomdir.record_types import AdditionalKey, Key, When
from dicomdir.sop_classes import KNOWN_STORAGE, RETIRED_STORAGE
from profiles.identifiers import CLASS_NAMES, STANDARD_IDENTIFIERS
from profiles.transfer_syntaxes import EXPLICIT_LITTLE
from reporting import WrongUsage


class Medium(StrEnum):
    """Physical media of PS3.11, spelled as its summary table does."""

    CD_R = "CD-R"
    DVD = "DVD-not-RAM"  # DVD-ROM, -R, -RW, +R, +RW
    DVD_RAM = "DVD-RAM"
    BD = "BD"
    MOD_23 = "MOD-2.3GB-90mm"
    MOD_41 = "MOD-4.1GB-130mm"
    USB = "USB"
    MMC = "MMC"
    CF = "CF"
    SD = "SD"
    MIME = "MIME"
    ZIP_MAIL = "ZIP-MAIL"


class Format(StrEnum):
    """File systems and packings by the annex of PS3.12 that defines them."""

    P12_F = "P12-F"  # ISO 9660 level 1 on CD-R
    P12_J = "P12-J"  # UDF 1.5 on DVD-RAM
    P12_M = "P12-M"  # FAT12/16 on 130 mm magneto-optical disks
    P12_P = "P12-P"  # UDF and/or ISO 9660 on other DVDs
    P12_Q = "P12-Q"  # FAT12/16 on 90 mm magneto-optical disks
    P12_R = "P12-R"  # FAT16/32 on USB
    P12_S = "P12-S"  # FAT16/32 on CompactFlash
    P12_T = "P12-T"  # FAT16 on MMC
    P12_U = "P12-U"  # FAT16 on SD
    P12_X = "P12-X"  # UDF 2.5/2.6 on BD
    P12_K = "P12-K"  # MIME
    P12_VW = "P12-V+W"  # ZIP by e-mail


# Format → what the media room calls a file system that can be it.
FILE_SYSTEMS: Final[dict[Format, frozenset[str]]] = {
    Format.P12_F: frozenset({"iso9660"}),
    Format.P12_J: frozenset({"udf"}),
    Format.P12_M: frozenset({"fat12", "fat16"}),
    Format.P12_P: frozenset({"iso9660", "udf", "iso9660+udf"}),
    Format.P12_Q: frozenset({"fat12", "fat16"}),
    Format.P12_R: frozenset({"fat16", "fat32"}),
    Format.P12_S: frozenset({"fat16", "fat32"}),
    Format.P12_T: frozenset({"fat16"}),
    Format.P12_U: frozenset({"fat16"}),
    Format.P12_X: frozenset({"udf"}),
    Format.P12_K: frozenset({"mime"}),
    Format.P12_VW: frozenset({"zip"}),
}


class Composite(Enum):
    """Sets of SOP Classes that PS3.11 names by a rule and not by a list."""

    ANY = "every Storage and Non-Patient Object Storage class of PS3.4, no retired, no private"
    ANY_MULTI_FRAME = "those of ANY that are multi-frame"


class Declared(Enum):
    """What PS3.11 leaves to the Conformance Statement of the creator."""

    BY_CONFORMANCE_STATEMENT = "CS"


class Role(StrEnum):
    """Roles of an implementation (PS3.10 8.3)."""

    CREATOR = "C"  # FSC
    READER = "R"  # FSR
    UPDATER = "U"  # FSU


class Security(StrEnum):
    """How the files are protected."""

    NONE = "none"  # the Secure DICOM File Format must not be used at all (PS3.11 8 X.3.5)
    CMS = "CMS"  # every DICOM file with the DICOMDIR is a Secure DICOM File (PS3.15 D.1)
    SMIME = "SMIME"  # the mail is protected, the files in it are plain (PS3.15 B.8)


class Allowed(NamedTuple):
    """One row of a table of SOP Classes and transfer syntaxes."""

    sop_classes: frozenset[str] | Composite
    transfer_syntaxes: frozenset[str] | Declared
    source: str


class IconRule(NamedTuple):
    """What a profile asks of Icon Image Sequence (0088,0200)."""

    record_types: frozenset[str]
    required: bool
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int | None  # None: only limited by PS3.3 F.7
    photometric_interpretations: frozenset[str]
    source: str


class ApplicationProfile(NamedTuple):
    """One row of PS3.11: everything that a planner and a checker ask of a profile."""

    identifier: str  # as PS3.11 spells it
    medium: Medium
    file_system: Format
    allowed: tuple[Allowed, ...]
    additional_keys: tuple[AdditionalKey, ...]
    icon: IconRule | None  # None: no rule but PS3.3 F.7
    roles: frozenset[Role]
    security: Security
    capacity: str  # for people: what the medium holds and what does not fit
    source: str  # section of PS3.11

    @property
    def roles_in_order(self) -> tuple[Role, ...]:
        """The roles as PS3.11 lists them: creator, reader, updater."""
        return tuple(role for role in Role if role in self.roles)

    def allowed_syntaxes(self, sop_class_uid: str) -> frozenset[str] | Declared | None:
        """Return the syntaxes that instances of a SOP Class may have; None: not allowed."""
        found: frozenset[str] = frozenset()
        matched = False
        for row in self.allowed:
            if _includes(row.sop_classes, sop_class_uid):
                if isinstance(row.transfer_syntaxes, Declared):
                    return row.transfer_syntaxes
                found |= row.transfer_syntaxes
                matched = True
        return found if matched else None


def _includes(classes: frozenset[str] | Composite, sop_class_uid: str) -> bool:
    if isinstance(classes, frozenset):
        return sop_class_uid in classes
    return sop_class_uid in KNOWN_STORAGE and sop_class_uid not in RETIRED_STORAGE


_IMAGE = frozenset({"IMAGE"})
# Additional keys of Annex D. The elements inside the items of the sequence are copied with it.
KEYS_D: Final = (
    AdditionalKey(_IMAGE, Key(0x00080008, b"CS", "1C", When.PRESENT), "PS3.11 D.3-2"),
    AdditionalKey(_IMAGE, Key(0x00081140, b"SQ", "1C", When.PRESENT), "PS3.11 D.3-2"),
)

ROWS: Final[tuple[ApplicationProfile, ...]] = (
    ApplicationProfile(
        identifier="STD-GEN-CD",
        medium=Medium.CD_R,
        file_system=Format.P12_F,
        allowed=(Allowed(Composite.ANY, frozenset({EXPLICIT_LITTLE}), "PS3.11 D.3-1"),),
        additional_keys=KEYS_D,
        icon=None,
        roles=frozenset(Role),
        security=Security.NONE,
        capacity="A CD-R holds 650 to 700 MB. One File-set per disc, never one over several.",
        source="PS3.11 D",
    ),
)
PROFILES: Final = {row.identifier: row for row in ROWS}


def profile(identifier: str) -> ApplicationProfile:
    """Return the row of a profile.

    Raises:
        WrongUsage: there is no such profile here; the message says whether PS3.11 has it.
    """
    row = PROFILES.get(identifier)
    if row is not None:
        return row
    known = f"This version has: {', '.join(PROFILES)}"
    wanted = identifier.upper()
    if identifier in STANDARD_IDENTIFIERS:
        raise WrongUsage(f"{identifier} is known to PS3.11, not in this version", "profile", known)
    if wanted in STANDARD_IDENTIFIERS:
        remedy = f"Identifiers are written in capitals: {wanted}. {known}"
        raise WrongUsage("not a profile identifier as PS3.11 spells it", "profile", remedy)
    if wanted in CLASS_NAMES:
        what = f"{wanted} names a class of profiles, not one profile"
        raise WrongUsage(what, "profile", f"PS3.11 means {CLASS_NAMES[wanted]}. {known}")
    if wanted.startswith(("AUG-", "PRI-")):
        what = "augmented and private profiles are not in this version"
        raise WrongUsage(what, "profile", known)
    raise WrongUsage(f"{identifier[:64]!r} is not a profile of PS3.11", "profile", known)
