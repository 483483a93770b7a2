"""The profiles of PS3.11 Annexes A, B, C, E, K and L: those that list their SOP Classes."""

from itertools import product
from typing import Final

from profiles.application_profiles import (
    Allowed,
    ApplicationProfile,
    Composite,
    Declared,
    Format,
    Medium,
    Role,
    Security,
    Support,
)
from profiles.key_tables import ICON_A, ICON_B, ICON_E, KEYS_A, KEYS_B, KEYS_E
from profiles.media_kinds import (
    CREATOR_READER,
    EVERY_ROLE,
    MediumKind,
    closing_of,
)
from profiles.transfer_syntaxes import (
    EXPLICIT_LITTLE,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    RLE,
)
from profiles.value_tables import (
    CT,
    DIGITAL_XRAY,
    DOSE_SR,
    GSPS,
    INTRA_ORAL,
    MR,
    SC,
    STRUCTURED_DISPLAY,
    US,
    US_MULTI_FRAME,
    VALUES_A,
    VALUES_B,
    VALUES_C,
    VALUES_C_COMBINED,
    VALUES_C_SPATIAL,
    VALUES_E,
    VALUES_K,
    VALUES_L,
    XA,
)

_M: Final = Support.MANDATORY
_O: Final = Support.OPTIONAL
_CS: Final = Support.DECLARED
_NONE: Final = Support.UNDEFINED
_Supports = tuple[Support, Support, Support]  # creator, reader, updater


def _allowed(
    source: str,
    classes: tuple[str, ...],
    syntaxes: tuple[str, ...],
    support: _Supports,
    *photometrics: str,
) -> Allowed:
    return Allowed(
        frozenset(classes), frozenset(syntaxes), source, frozenset(photometrics), *support
    )


def _without_updater(rows: tuple[Allowed, ...]) -> tuple[Allowed, ...]:
    return tuple(row._replace(updater=_NONE) for row in rows)


ROWS_A: Final = (
    ApplicationProfile(
        identifier="STD-XABC-CD",
        medium=Medium.CD_R,
        file_system=Format.P12_F,
        allowed=(_allowed("PS3.11 A.3-1", (XA,), (JPEG_LOSSLESS,), (_M, _M, _O)),),
        additional_keys=KEYS_A,
        icon=ICON_A,
        roles=EVERY_ROLE,
        security=Security.NONE,
        capacity=MediumKind.CD.capacity,
        source="PS3.11 A",
        values=VALUES_A,
        closing=closing_of("A", EVERY_ROLE),
        purpose="cardiac X-ray runs of up to 512 x 512 pixels and 8 bits, for every cine viewer",
    ),
)

_B_CD: Final = (
    _allowed("PS3.11 B.3-1", (XA,), (JPEG_LOSSLESS,), (_M, _M, _O)),
    _allowed("PS3.11 B.3-1", (SC,), (EXPLICIT_LITTLE,), (_O, _M, _O)),
    _allowed("PS3.11 B.3-1", (GSPS,), (EXPLICIT_LITTLE,), (_O, _O, _O)),
)
_B_DVD: Final = _without_updater(
    (
        *_B_CD,
        _allowed("PS3.11 B.3-1", (XA,), (JPEG_BASELINE, JPEG_EXTENDED), (_O, _M, _NONE)),
    )
)


def _angiography(kind: MediumKind, allowed: tuple[Allowed, ...]) -> ApplicationProfile:
    return ApplicationProfile(
        identifier=f"STD-XA1K-{kind.suffix}",
        medium=kind.medium,
        file_system=kind.format,
        allowed=allowed,
        additional_keys=KEYS_B,
        icon=ICON_B,
        roles=kind.roles,
        security=Security.NONE,
        capacity=kind.capacity,
        source="PS3.11 B",
        values=VALUES_B,
        closing=closing_of("B", kind.roles),
        purpose="X-ray angiography of up to 1024 x 1024 pixels and 12 bits, with captured screens",
    )


ROWS_B: Final = (
    _angiography(MediumKind.CD, _B_CD),
    _angiography(MediumKind.DVD, _B_DVD),
)

# Photometric Interpretation → the syntaxes in which it may be (C.3-2).
_COLORS: Final[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = (
    (("MONOCHROME2", "RGB", "PALETTE COLOR"), (EXPLICIT_LITTLE, RLE)),
    (("YBR_FULL",), (RLE,)),
    (("YBR_FULL_422",), (EXPLICIT_LITTLE, JPEG_BASELINE)),
)
_FRAMES: Final[dict[str, tuple[str, ...]]] = {"SF": (US,), "MF": (US, US_MULTI_FRAME)}
_FRAMES_IN_WORDS: Final = {"SF": "single images", "MF": "single images and loops"}
_CALIBRATION: Final = {
    "ID": (VALUES_C, "for looking at"),
    "SC": (VALUES_C_SPATIAL, "in which distances can be measured"),
    "CC": (VALUES_C_COMBINED, "in which distances and what pixels mean can be measured"),
}
_NOTES_C: Final = (
    "who writes chooses one transfer syntax of the three; who reads must read all (C.3.1)",
)
_ULTRASOUND_MEDIA: Final = (
    MediumKind.MOD_23,
    MediumKind.CD,
    MediumKind.DVD_RAM,
    MediumKind.DVD,
)


def _ultrasound(calibration: str, frames: str, kind: MediumKind) -> ApplicationProfile:
    values, words = _CALIBRATION[calibration]
    # The table has no columns for roles: C.3.1 lets who writes choose one syntax of the three.
    allowed = tuple(
        _allowed("PS3.11 C.3-1, C.3-2", _FRAMES[frames], syntaxes, (_O, _M, _O), *photometrics)
        for photometrics, syntaxes in _COLORS
    )
    suffix = "CDR" if kind is MediumKind.CD else kind.suffix
    return ApplicationProfile(
        identifier=f"STD-US-{calibration}-{frames}-{suffix}",
        medium=kind.medium,
        file_system=kind.format,
        allowed=allowed if Role.UPDATER in kind.roles else _without_updater(allowed),
        additional_keys=(),
        icon=None,
        roles=kind.roles,
        security=Security.NONE,
        capacity=kind.capacity,
        source="PS3.11 C",
        values=values,
        closing=closing_of("C", kind.roles),
        purpose=f"ultrasound, {_FRAMES_IN_WORDS[frames]}, {words}",
        notes=_NOTES_C,
    )


ROWS_C: Final = tuple(
    _ultrasound(calibration, frames, kind)
    for calibration, frames, kind in product(_CALIBRATION, _FRAMES, _ULTRASOUND_MEDIA)
)

_IMAGES_E: Final = (JPEG_LOSSLESS, EXPLICIT_LITTLE)
_ALLOWED_E: Final = (
    _allowed("PS3.11 E.3-1", (CT, MR), _IMAGES_E, (_O, _M, _O)),
    _allowed("PS3.11 E.3-1", (SC,), _IMAGES_E, (_O, _M, _O), "MONOCHROME2"),
    _allowed("PS3.11 E.3-1", (SC,), _IMAGES_E, (_O, _O, _O), "PALETTE COLOR"),
    _allowed("PS3.11 E.3-1", (GSPS, DOSE_SR), (EXPLICIT_LITTLE,), (_O, _O, _O)),
)


def _cross_sections(kind: MediumKind) -> ApplicationProfile:
    updated = Role.UPDATER in kind.roles
    return ApplicationProfile(
        identifier=f"STD-CTMR-{kind.suffix}",
        medium=kind.medium,
        file_system=kind.format,
        allowed=_ALLOWED_E if updated else _without_updater(_ALLOWED_E),
        additional_keys=KEYS_E,
        icon=ICON_E,
        roles=kind.roles,
        security=Security.NONE,
        capacity=kind.capacity,
        source="PS3.11 E",
        values=VALUES_E,
        closing=closing_of("E", kind.roles),
        purpose="CT and MR slices with captured screens, presentation states and dose reports",
    )


ROWS_E: Final = tuple(
    map(
        _cross_sections,
        (MediumKind.MOD_41, MediumKind.CD, MediumKind.DVD_RAM, MediumKind.DVD),
    )
)

_ONE_IMAGE_CLASS: Final = "a creator must write one of the two X-ray image classes at least ({})"
ROWS_K: Final = (
    ApplicationProfile(
        identifier="STD-DEN-CD",
        medium=Medium.CD_R,
        file_system=Format.P12_F,
        allowed=(
            _allowed("PS3.11 K.3-1", (INTRA_ORAL,), (EXPLICIT_LITTLE,), (_O, _M, _NONE)),
            _allowed("PS3.11 K.3-1", (DIGITAL_XRAY,), (EXPLICIT_LITTLE,), (_O, _M, _NONE)),
            _allowed("PS3.11 K.3-1", (STRUCTURED_DISPLAY,), (EXPLICIT_LITTLE,), (_O, _O, _NONE)),
            _allowed("PS3.11 K.3-1", (GSPS,), (EXPLICIT_LITTLE,), (_O, _O, _NONE)),
        ),
        additional_keys=(),
        icon=None,
        roles=CREATOR_READER,
        security=Security.NONE,
        capacity=MediumKind.CD.capacity,
        source="PS3.11 K",
        values=VALUES_K,
        closing=closing_of("K", CREATOR_READER),
        purpose="dental X-ray images, scanned film included, with hanging and presentation states",
        notes=(_ONE_IMAGE_CLASS.format("K.3.1"),),
    ),
)

_ALLOWED_MAIL: Final = (
    Allowed(
        Composite.ANY,
        Declared.BY_CONFORMANCE_STATEMENT,
        "PS3.11 L.3-1",
        frozenset(),
        *(_CS, _CS, _NONE),
    ),
)
_ALLOWED_DENTAL_MAIL: Final = (
    _allowed("PS3.11 L.3-2", (INTRA_ORAL,), (EXPLICIT_LITTLE,), (_O, _M, _NONE)),
    _allowed("PS3.11 L.3-2", (DIGITAL_XRAY,), (EXPLICIT_LITTLE,), (_O, _M, _NONE)),
)
_ENVELOPE: Final = (
    "the attachment is DICOM.ZIP, the subject contains DICOM-ZIP, and the mail itself is not "
    "compressed (L.3.2)",
)
_MAIL: Final = ApplicationProfile(
    identifier="STD-GEN-ZIP-MAIL",
    medium=Medium.ZIP_MAIL,
    file_system=Format.P12_VW,
    allowed=_ALLOWED_MAIL,
    additional_keys=(),
    icon=None,
    roles=CREATOR_READER,
    security=Security.NONE,
    capacity=MediumKind.ZIP_MAIL.capacity,
    source="PS3.11 L",
    purpose="any DICOM objects in one ZIP file, sent by e-mail",
    notes=_ENVELOPE,
)
ROWS_L: Final = (
    _MAIL,
    _MAIL._replace(
        identifier="STD-GEN-SEC-ZIP-MAIL",
        security=Security.SMIME,
        purpose="any DICOM objects in one ZIP file, sent by encrypted and signed e-mail",
    ),
    _MAIL._replace(
        identifier="STD-DTL-SEC-ZIP-MAIL",
        allowed=_ALLOWED_DENTAL_MAIL,
        security=Security.SMIME,
        values=VALUES_L,
        purpose="dental X-ray images in one ZIP file, sent by encrypted and signed e-mail",
        notes=(*_ENVELOPE, _ONE_IMAGE_CLASS.format("L.4.1")),
    ),
)
