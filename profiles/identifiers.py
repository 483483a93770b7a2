"""The 82 profile identifiers of PS3.11, so that a wrong word is told from a missing feature."""

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
