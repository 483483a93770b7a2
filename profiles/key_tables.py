"""The tables of additional keys of PS3.11, and its rules on icons, as rows.

What a sequence nests travels with it: only the sequence itself is a row here.
"""

from typing import Final

from dicomdir.record_types import AdditionalKey, Key, When
from profiles.application_profiles import IconRule

_PATIENT: Final = frozenset({"PATIENT"})
_SERIES: Final = frozenset({"SERIES"})
_IMAGE: Final = frozenset({"IMAGE"})
_MEASURED: Final = frozenset({"IMAGE", "SPECTROSCOPY"})

_IMAGE_TYPE: Final = (0x00080008, b"CS")
_REFERENCED_IMAGES: Final = (0x00081140, b"SQ")
_CALIBRATION_IMAGE: Final = (0x00500004, b"CS")
_LOSSY_RATIO: Final = (0x00282112, b"DS")
_ICON: Final = (0x00880200, b"SQ")
_ROWS: Final = (0x00280010, b"US")
_COLUMNS: Final = (0x00280011, b"US")
_FRAME_OF_REFERENCE: Final = (0x00200052, b"UI")
# Image Position, Image Orientation, Pixel Spacing.
_PLANE: Final = ((0x00200032, b"DS"), (0x00200037, b"DS"), (0x00280030, b"DS"))
_PATIENT_KEYS: Final = ((0x00100030, b"DA"), (0x00100040, b"CS"))  # birth date, sex
# Institution Name and Address, Performing Physician's Name.
_SERIES_KEYS: Final = ((0x00080080, b"LO"), (0x00080081, b"ST"), (0x00081050, b"PN"))


def _keys(
    table: str,
    record_types: frozenset[str],
    type_: str,
    when: When,
    *tags: tuple[int, bytes],
) -> tuple[AdditionalKey, ...]:
    source = f"PS3.11 {table}"
    return tuple(AdditionalKey(record_types, Key(tag, vr, type_, when), source) for tag, vr in tags)


KEYS_A: Final = (
    *_keys("A.3-2", _PATIENT, "2", When.ALWAYS, *_PATIENT_KEYS),
    *_keys("A.3-2", _SERIES, "2", When.ALWAYS, *_SERIES_KEYS),
    *_keys("A.3-2", _IMAGE, "1", When.OFFERED, _ICON),
    *_keys("A.3-2", _IMAGE, "1", When.ALWAYS, _IMAGE_TYPE),
    *_keys("A.3-2", _IMAGE, "2", When.ALWAYS, _CALIBRATION_IMAGE),
    *_keys("A.3-2", _IMAGE, "1C", When.BIPLANE, _REFERENCED_IMAGES),
)
KEYS_B: Final = (
    *_keys("B.3-2", _PATIENT, "2", When.ALWAYS, *_PATIENT_KEYS),
    *_keys("B.3-2", _SERIES, "2", When.ALWAYS, *_SERIES_KEYS),
    *_keys("B.3-2", _IMAGE, "1", When.OFFERED, _ICON),
    *_keys("B.3-2", _IMAGE, "1C", When.X_RAY_ANGIOGRAPHIC, _IMAGE_TYPE),
    *_keys("B.3-2", _IMAGE, "2", When.ALWAYS, _CALIBRATION_IMAGE),
    *_keys("B.3-2", _IMAGE, "1C", When.BIPLANE, _REFERENCED_IMAGES),
    *_keys("B.3-2", _IMAGE, "1C", When.PRESENT_WITH_VALUE, _LOSSY_RATIO),
)
KEYS_D: Final = _keys("D.3-2", _IMAGE, "1C", When.PRESENT, _IMAGE_TYPE, _REFERENCED_IMAGES)
KEYS_E: Final = (
    *_keys("E.3-2", _IMAGE, "1C", When.PRESENT, _REFERENCED_IMAGES),
    *_keys("E.3-2", _IMAGE, "1C", When.PRESENT, *_PLANE[:2], _FRAME_OF_REFERENCE),
    *_keys("E.3-2", _IMAGE, "1", When.ALWAYS, _ROWS, _COLUMNS),
    *_keys("E.3-2", _IMAGE, "1C", When.PRESENT, _PLANE[2]),
)
# Condition (a) of H.3-2: some object below the record has a value. Each instance brings its own
# and the record takes what any of them knows.
KEYS_H: Final = (
    *_keys("H.3-2", _PATIENT, "1C", When.PRESENT_WITH_VALUE, *_PATIENT_KEYS),
    *_keys("H.3-2", _SERIES, "1C", When.PRESENT_WITH_VALUE, *_SERIES_KEYS),
    *_keys("H.3-2", _IMAGE, "1C", When.PRESENT, _IMAGE_TYPE),
    *_keys("H.3-2", _IMAGE, "1C", When.PRESENT_WITH_VALUE, _CALIBRATION_IMAGE),
    *_keys("H.3-2", _MEASURED, "1C", When.SHARED_TOO_WITH_ITEMS, _REFERENCED_IMAGES),
    *_keys("H.3-2", _IMAGE, "1C", When.PRESENT_WITH_VALUE, _LOSSY_RATIO),
    *_keys("H.3-2", _MEASURED, "1", When.ALWAYS, _ROWS, _COLUMNS),
    *_keys("H.3-2", _MEASURED, "1C", When.PRESENT, _FRAME_OF_REFERENCE),
    *_keys("H.3-2", _MEASURED, "1C", When.PRESENT, (0x00200200, b"UI")),  # synchronization
    *_keys("H.3-2", _MEASURED, "1C", When.PRESENT, (0x00280008, b"IS")),  # Number of Frames
    # Acquisition Time Synchronized, Acquisition DateTime.
    *_keys("H.3-2", _MEASURED, "1C", When.PRESENT, (0x00181800, b"CS"), (0x0008002A, b"DT")),
    *_keys("H.3-2", _MEASURED, "1C", When.SHARED_TOO, *_PLANE),
)
KEYS_I: Final = (
    *_keys("I.3-2", _PATIENT, "1C", When.PRESENT_WITH_VALUE, *_PATIENT_KEYS),
    *_keys("I.3-2", _SERIES, "1C", When.PRESENT_WITH_VALUE, *_SERIES_KEYS),
    *_keys("I.3-2", _IMAGE, "1C", When.PRESENT, _IMAGE_TYPE),
    *_keys("I.3-2", _IMAGE, "1C", When.PRESENT_WITH_VALUE, _LOSSY_RATIO),
    *_keys("I.3-2", _IMAGE, "1", When.ALWAYS, _ROWS, _COLUMNS),
)

_GRAY: Final = frozenset({"MONOCHROME2"})
_ANY_ICON: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})  # PS3.3 F.7
ICON_A: Final = IconRule(_IMAGE, True, 128, 128, 8, None, _ANY_ICON, "PS3.11 A.3.3.2")
ICON_B: Final = IconRule(_IMAGE, True, 128, 128, 8, 8, _GRAY, "PS3.11 B.3.3.2")
ICON_E: Final = IconRule(
    _SERIES | _IMAGE, False, 64, 64, 8, 8, _GRAY | {"PALETTE COLOR"}, "PS3.11 E.3.3.3"
)
