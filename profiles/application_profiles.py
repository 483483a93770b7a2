"""Media Storage Application Profiles as rows (PS3.11): what may be where, and in which shape."""

from enum import Enum, StrEnum
from typing import Final, NamedTuple

from dicomdir.record_types import AdditionalKey
from dicomdir.sop_classes import KNOWN_STORAGE, RETIRED_STORAGE


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


class Support(StrEnum):
    """What a role must do with the objects of one row, as the tables of PS3.11 have it."""

    MANDATORY = "M"
    OPTIONAL = "O"
    DECLARED = "CS"  # as the Conformance Statement declares
    MANDATORY_IF_DECLARED = "M for every SOP Class that is declared"
    UNDEFINED = "-"  # the profile does not define the role, or says nothing


class Traits(NamedTuple):
    """What of one instance decides which row of a table it falls under."""

    photometric: str  # Photometric Interpretation (0028,0004), "" when absent
    multi_frame: bool  # it has Number of Frames (0028,0008)


class Allowed(NamedTuple):
    """One row of a table of SOP Classes and transfer syntaxes."""

    sop_classes: frozenset[str] | Composite
    transfer_syntaxes: frozenset[str] | Declared
    source: str
    photometrics: frozenset[str] = frozenset()  # Photometric Interpretations; empty: any
    creator: Support = Support.UNDEFINED
    reader: Support = Support.UNDEFINED
    updater: Support = Support.UNDEFINED


class Ask(Enum):
    """What a `ValueRule` asks of an attribute of the instance."""

    ONE_OF = "one of the values"
    AT_MOST = "not more than the value"
    EQUAL_TO = "equal to the attribute whose tag is the value"
    ONE_LESS_THAN = "one less than the attribute whose tag is the value"
    PRESENT = "present, also with no value"  # type 2
    SEPARATE_OVERLAYS = "no overlay plane in unused bits of the pixel cells"
    NO_OVERLAYS = "no overlay plane"
    REGIONS = "spatial calibration: Sequence of Ultrasound Regions with its type 1 attributes"
    CALIBRATED_REGIONS = "REGIONS, and pixel component calibration in each"


class ValueRule(NamedTuple):
    """One line of a table that limits the attributes of an image (PS3.11 A.3-3, B.3-3, …)."""

    sop_classes: frozenset[str]
    tag: int  # (60xx,eeee) is given as (6000,eeee)
    vr: bytes
    ask: Ask
    values: tuple[str | int, ...]
    source: str
    # It holds only where this attribute has one of these values: (tag, VR, values).
    where: tuple[int, bytes, tuple[str | int, ...]] | None = None
    syntaxes: frozenset[str] = frozenset()  # it holds only in these; empty: in every one


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
    values: tuple[ValueRule, ...] = ()
    closing: str = ""  # how the creator must be able to close the medium; "" when no clause
    directory_optional: bool = False  # the File-set may be without DICOMDIR (PS3.11 G)
    base: str = ""  # of an augmented or private profile: the identifier it was made from
    purpose: str = ""  # for people: what the profile is for, in a sentence
    notes: tuple[str, ...] = ()  # for people: what the columns cannot say, each with its section

    @property
    def roles_in_order(self) -> tuple[Role, ...]:
        """The roles as PS3.11 lists them: creator, reader, updater."""
        return tuple(role for role in Role if role in self.roles)

    def allowed_syntaxes(
        self, sop_class_uid: str, traits: Traits | None = None
    ) -> frozenset[str] | Declared | None:
        """Return the syntaxes that an instance may have; None: the profile has no place for it.

        Args:
            sop_class_uid: of the instance.
            traits: what else decides; None: every row of the SOP Class counts.
        """
        found: frozenset[str] = frozenset()
        matched = False
        for row in self.allowed:
            if _includes(row, sop_class_uid, traits):
                if isinstance(row.transfer_syntaxes, Declared):
                    return row.transfer_syntaxes
                found |= row.transfer_syntaxes
                matched = True
        return found if matched else None


def _includes(row: Allowed, sop_class_uid: str, traits: Traits | None) -> bool:
    classes = row.sop_classes
    if traits is not None and row.photometrics and traits.photometric not in row.photometrics:
        return False
    if isinstance(classes, frozenset):
        return sop_class_uid in classes
    if classes is Composite.ANY_MULTI_FRAME and traits is not None and not traits.multi_frame:
        return False
    return sop_class_uid in KNOWN_STORAGE and sop_class_uid not in RETIRED_STORAGE
