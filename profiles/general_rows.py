"""The profiles of PS3.11 Annexes D, G, H, I, J, M and N: those for any composite object."""

from itertools import product
from typing import Final

from profiles.application_profiles import (
    Allowed,
    ApplicationProfile,
    Composite,
    Declared,
    Security,
    Support,
)
from profiles.key_tables import KEYS_D, KEYS_H, KEYS_I
from profiles.media_kinds import MediumKind, closing_of
from profiles.transfer_syntaxes import (
    EXPLICIT_LITTLE,
    J2K,
    J2K_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
)

_CS: Final = Support.DECLARED
_IF_DECLARED: Final = Support.MANDATORY_IF_DECLARED
_O: Final = Support.OPTIONAL
_NONE: Final = Support.UNDEFINED

# How identifiers spell a family of codecs → its transfer syntaxes.
_CODECS: Final[dict[str, frozenset[str]]] = {
    "JPEG": frozenset((JPEG_LOSSLESS, JPEG_BASELINE, JPEG_EXTENDED)),
    "J2K": frozenset((J2K_LOSSLESS, J2K)),
}
_CODECS_IN_WORDS: Final = {"JPEG": "plain or with JPEG", "J2K": "plain or with JPEG 2000"}
# How identifiers spell a video codec → its transfer syntax and what people call it. One syntax
# per identifier: M.3-1 and N.3-1 do not say so, M.1-1 and N.1-1 do.
_VIDEO_M: Final[dict[str, tuple[str, str]]] = {
    "MPEG2-MPML": ("1.2.840.10008.1.2.4.100", "MPEG2 video of television size"),
    "MPEG2-MPHL": ("1.2.840.10008.1.2.4.101", "MPEG2 video in high definition"),
    "MPEG4-HPLV41": ("1.2.840.10008.1.2.4.102", "H.264 video"),
    "MPEG4-HPLV41BD": ("1.2.840.10008.1.2.4.103", "H.264 video that BD players understand"),
}
_VIDEO_N: Final[dict[str, tuple[str, str]]] = {
    "MPEG4-HPLV42-2D": ("1.2.840.10008.1.2.4.104", "H.264 video of up to 1080p60"),
    "MPEG4-HPLV42-3D": ("1.2.840.10008.1.2.4.105", "H.264 video in 3D, two views in one frame"),
    "MPEG4-SHPLV42": ("1.2.840.10008.1.2.4.106", "H.264 video in 3D, two views of full size"),
}
_FRAMES: Final = "multi-frame is here what has a Number of Frames (0028,0008)"
_ONE_VIDEO: Final = "the tables of the annex name several video syntaxes; here it is this one alone"
_ALL_SYNTAXES: Final = (
    "a reader must read the compressed and the uncompressed syntaxes; one of both is not enough",
)
_SECURITY: Final = {"": Security.NONE, "SEC-": Security.CMS}
_PROTECTED: Final = {"": "", "SEC-": ", each file encrypted"}


def _any(source: str, syntaxes: frozenset[str], *support: Support) -> Allowed:
    return Allowed(Composite.ANY, syntaxes, f"PS3.11 {source}", frozenset(), *support)


def _video(source: str, syntax: str, *support: Support) -> Allowed:
    row = _any(source, frozenset((syntax,)), *support)
    return row._replace(sop_classes=Composite.ANY_MULTI_FRAME)


_PLAIN: Final = frozenset((EXPLICIT_LITTLE,))


def _row(
    annex: str, kind: MediumKind, secure: str, allowed: tuple[Allowed, ...], what: str
) -> ApplicationProfile:
    """Return a row whose identifier is still that of the medium alone."""
    return ApplicationProfile(
        identifier=f"STD-GEN-{secure}{kind.suffix}",
        medium=kind.medium,
        file_system=kind.format,
        allowed=allowed,
        additional_keys=KEYS_H,
        icon=None,
        roles=kind.roles,
        security=_SECURITY[secure],
        capacity=kind.capacity,
        source=f"PS3.11 {annex}",
        closing=closing_of(annex, kind.roles),
        purpose=f"{what}{_PROTECTED[secure]}",
    )


def _uncompressed(secure: str, kind: MediumKind) -> ApplicationProfile:
    allowed = (_any("D.3-1", _PLAIN, _CS, _CS, _O),)
    row = _row("D", kind, secure, allowed, "any DICOM objects, not compressed")
    return row._replace(additional_keys=KEYS_D)


def _compressed(annex: str, secure: str, kind: MediumKind, codec: str) -> ApplicationProfile:
    updater = _NONE if annex == "H" else _CS
    allowed = (
        _any(f"{annex}.3-1", _PLAIN, _CS, _IF_DECLARED, updater),
        _any(f"{annex}.3-1", _CODECS[codec], _CS, _IF_DECLARED, updater),
    )
    row = _row(annex, kind, secure, allowed, f"any DICOM objects, {_CODECS_IN_WORDS[codec]}")
    return row._replace(identifier=f"{row.identifier}-{codec}", notes=_ALL_SYNTAXES)


def _with_video(secure: str, codec: str) -> ApplicationProfile:
    syntax, words = _VIDEO_M[codec]
    allowed = (
        _any("M.3-1", _PLAIN, _CS, _IF_DECLARED, _CS),
        _video("M.3-1", syntax, _CS, _IF_DECLARED, _CS),
    )
    row = _row("M", MediumKind.BD, secure, allowed, f"{words} with any other DICOM objects")
    return row._replace(identifier=f"{row.identifier}-{codec}", notes=(_FRAMES, _ONE_VIDEO))


def _video_only(secure: str, codec: str) -> ApplicationProfile:
    syntax, words = _VIDEO_N[codec]
    allowed = (_video("N.3-1", syntax, _CS, _IF_DECLARED, _CS),)
    row = _row("N", MediumKind.BD, secure, allowed, f"{words} and nothing else")
    return row._replace(identifier=f"{row.identifier}-{codec}", notes=(_FRAMES, _ONE_VIDEO))


def _video_dvd(secure: str) -> ApplicationProfile:
    allowed = (_video("I.3-1", "1.2.840.10008.1.2.4.100", _CS, _IF_DECLARED, _NONE),)
    words = "MPEG2 video of television size and nothing else"
    row = _row("I", MediumKind.DVD, secure, allowed, words)
    identifier = f"STD-DVD-{secure}MPEG2-MPML"
    return row._replace(identifier=identifier, additional_keys=KEYS_I, notes=(_FRAMES,))


ROWS_D: Final = tuple(
    _uncompressed(secure, kind)
    for kind, secure in product((MediumKind.CD, MediumKind.DVD_RAM, MediumKind.BD), _SECURITY)
)
ROWS_G: Final = (
    _row(
        *("G", MediumKind.MIME, ""),
        (
            Allowed(
                *(Composite.ANY, Declared.BY_CONFORMANCE_STATEMENT, "PS3.11 G.3-1", frozenset()),
                *(_CS, _CS, _NONE),
            ),
        ),
        "any DICOM objects as parts of an e-mail",
    )._replace(additional_keys=(), directory_optional=True),
)
ROWS_H: Final = tuple(
    _compressed("H", secure, MediumKind.DVD, codec) for secure, codec in product(_SECURITY, _CODECS)
)
ROWS_I: Final = tuple(map(_video_dvd, _SECURITY))
ROWS_J: Final = tuple(
    _compressed("J", secure, kind, codec)
    for kind, secure, codec in product(
        (MediumKind.USB, MediumKind.MMC, MediumKind.CF, MediumKind.SD), _SECURITY, _CODECS
    )
)
ROWS_M: Final = (
    *(
        row
        for secure in _SECURITY
        for row in (
            *(_compressed("M", secure, MediumKind.BD, codec) for codec in _CODECS),
            *(_with_video(secure, codec) for codec in _VIDEO_M),
        )
    ),
)
ROWS_N: Final = tuple(_video_only(secure, codec) for secure, codec in product(_SECURITY, _VIDEO_N))
