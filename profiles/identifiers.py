"""The words of PS3.11 for profiles: the 82 identifiers, names of classes, and what is retired."""

from itertools import product
from typing import Final

_ULTRASOUND = (
    f"STD-US-{calibration}-{frames}-{medium}"
    for calibration, frames, medium in product(
        ("ID", "SC", "CC"), ("SF", "MF"), ("MOD23-90", "CDR", "DVD-RAM", "DVD")
    )
)  # PS3.11 C.1
_GENERAL = (
    f"STD-GEN-{secure}{medium}"
    for secure, medium in product(("", "SEC-"), ("CD", "DVD-RAM", "BD", "DVD-JPEG", "DVD-J2K"))
)  # PS3.11 D.1, H.1
_FLASH = (
    f"STD-GEN-{secure}{medium}-{codec}"
    for secure, medium, codec in product(("", "SEC-"), ("USB", "MMC", "CF", "SD"), ("JPEG", "J2K"))
)  # PS3.11 J.1
_BLU_RAY = (
    f"STD-GEN-{secure}BD-{codec}"
    for secure, codec in product(
        ("", "SEC-"),
        (
            *("JPEG", "J2K", "MPEG2-MPML", "MPEG2-MPHL", "MPEG4-HPLV41", "MPEG4-HPLV41BD"),
            *("MPEG4-HPLV42-2D", "MPEG4-HPLV42-3D", "MPEG4-SHPLV42"),
        ),
    )
)  # PS3.11 M.1, N.1
_OTHERS = (
    *("STD-XABC-CD", "STD-XA1K-CD", "STD-XA1K-DVD"),  # PS3.11 A.1, B.1
    *("STD-CTMR-MOD41", "STD-CTMR-CD", "STD-CTMR-DVD-RAM", "STD-CTMR-DVD"),  # PS3.11 E.1
    *("STD-DVD-MPEG2-MPML", "STD-DVD-SEC-MPEG2-MPML"),  # PS3.11 I.1
    *("STD-GEN-MIME", "STD-DEN-CD"),  # PS3.11 G.1, K.1
    *("STD-GEN-ZIP-MAIL", "STD-GEN-SEC-ZIP-MAIL", "STD-DTL-SEC-ZIP-MAIL"),  # PS3.11 L.1
)

STANDARD_IDENTIFIERS: Final = frozenset((*_ULTRASOUND, *_GENERAL, *_FLASH, *_BLU_RAY, *_OTHERS))

# Words that PS3.11 uses for a whole class and people for a profile → how the real ones go on.
CLASS_NAMES: Final[dict[str, str]] = {
    "STD-GEN-DVD": "STD-GEN-DVD-JPEG, STD-GEN-DVD-J2K or STD-GEN-DVD-RAM",
    "STD-GEN-SEC-DVD": "STD-GEN-SEC-DVD-JPEG, STD-GEN-SEC-DVD-J2K or STD-GEN-SEC-DVD-RAM",
    "STD-GEN-USB": "STD-GEN-USB-JPEG or STD-GEN-USB-J2K",
    "STD-GEN-MMC": "STD-GEN-MMC-JPEG or STD-GEN-MMC-J2K",
    "STD-GEN-CF": "STD-GEN-CF-JPEG or STD-GEN-CF-J2K",
    "STD-GEN-SD": "STD-GEN-SD-JPEG or STD-GEN-SD-J2K",
    "STD-GEN-BD-MPEG4-LV42": "STD-GEN-BD-MPEG4-HPLV42-2D, -HPLV42-3D or -SHPLV42",
    "STD-GEN-SEC-BD-MPEG4-LV42": "STD-GEN-SEC-BD-MPEG4-HPLV42-2D, -HPLV42-3D or -SHPLV42",
    "STD-CTMR": "STD-CTMR-CD, STD-CTMR-DVD, STD-CTMR-DVD-RAM or STD-CTMR-MOD41",
    "STD-GEN": "STD-GEN-CD",
    "STD-US": "STD-US-ID-SF-CDR and 23 more",
}

_SINCE = "last described in PS3.11-2004, no longer in the edition of 2008"
_WAVEFORM_REMEDY = "Any general profile (STD-GEN-…) carries waveforms today"
_MOD_REMEDY = "For a CT or MR study take STD-CTMR-CD, -DVD, -DVD-RAM or -MOD41"
_US_REMEDY = "Take the same profile on a current medium: …-CDR, -DVD, -DVD-RAM or -MOD23-90"
_RETIRED_MEDIA = ("FLOP", "MOD128", "MOD230", "MOD540", "MOD640", "MOD650", "MOD12", "MOD23")

# Retired identifier → (what it was and since when it is retired, what to do). PS3.11 C.3.2, E.1, F.
RETIRED: Final[dict[str, tuple[str, str]]] = {
    "STD-WVFM-ECG-FD": (f"12-lead ECG on a diskette, {_SINCE}", _WAVEFORM_REMEDY),
    "STD-WVFM-HD-FD": (f"hemodynamic waveforms on a diskette, {_SINCE}", _WAVEFORM_REMEDY),
    **{
        f"STD-CTMR-{medium}": (f"CT and MR on a magneto-optical disk, {_SINCE}", _MOD_REMEDY)
        for medium in ("MOD650", "MOD12", "MOD23")
    },
    **{
        f"STD-US-{calibration}-{frames}-{medium}": (f"ultrasound on {medium}, {_SINCE}", _US_REMEDY)
        for calibration, frames, medium in product(("ID", "SC", "CC"), ("SF", "MF"), _RETIRED_MEDIA)
    },
}
