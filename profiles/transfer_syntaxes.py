"""Transfer syntaxes as rows: what they are called and what it takes to undo them (PS3.5 A)."""

from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What stands between a data set in this syntax and one in Explicit VR Little Endian."""

    TARGET = "nothing"
    PLAIN = "another encoding of the elements"
    FRAMES = "frames that a decoder opens"
    VIDEO = "a video stream"
    ELSEWHERE = "pixel data kept on a server"


class TransferSyntax(NamedTuple):
    """One transfer syntax of PS3.6 table A-1."""

    uid: str
    name: str
    kind: Kind
    source: str  # section of PS3.5
    lossy: bool = False  # the stream is, or may be, lossy
    method: str = ""  # Lossy Image Compression Method (0028,2114), PS3.3 C.7.6.1.1.5.1


EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
RLE: Final = "1.2.840.10008.1.2.5"
JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS: Final = "1.2.840.10008.1.2.4.70"
J2K_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
J2K: Final = "1.2.840.10008.1.2.4.91"
ENCAPSULATED_UNCOMPRESSED: Final = "1.2.840.10008.1.2.1.98"
DEFLATED_FRAMES: Final = "1.2.840.10008.1.2.8.1"

_JPEG = ("ISO_10918_1", "A.4.1")
_JLS = ("ISO_14495_1", "A.4.3")
_JPEG_2000 = ("ISO_15444_1", "A.4.4")
_HTJ2K = ("ISO_15444_15", "A.4.11")


def _frames(
    suffix: str, name: str, codec: tuple[str, str], *, lossy: bool = False
) -> TransferSyntax:
    method, source = codec
    return TransferSyntax(
        f"1.2.840.10008.1.2.4.{suffix}", name, Kind.FRAMES, f"PS3.5 {source}", lossy, method
    )


def _video(suffix: str, name: str, source: str) -> tuple[TransferSyntax, ...]:
    uid = f"1.2.840.10008.1.2.4.{suffix}"
    return (
        TransferSyntax(uid, name, Kind.VIDEO, f"PS3.5 {source}", lossy=True),
        TransferSyntax(f"{uid}.1", f"Fragmentable {name}", Kind.VIDEO, f"PS3.5 {source}", True),
    )


ROWS: Final[tuple[TransferSyntax, ...]] = (
    TransferSyntax(EXPLICIT_LITTLE, "Explicit VR Little Endian", Kind.TARGET, "PS3.5 A.2"),
    TransferSyntax(IMPLICIT_LITTLE, "Implicit VR Little Endian", Kind.PLAIN, "PS3.5 A.1"),
    TransferSyntax(EXPLICIT_BIG, "Explicit VR Big Endian", Kind.PLAIN, "PS3.5 A.3 (2016b)"),
    TransferSyntax(DEFLATED, "Deflated Explicit VR Little Endian", Kind.PLAIN, "PS3.5 A.5"),
    TransferSyntax(
        ENCAPSULATED_UNCOMPRESSED, "Encapsulated Uncompressed", Kind.FRAMES, "PS3.5 A.4.11"
    ),
    TransferSyntax(DEFLATED_FRAMES, "Deflated Image Frame Compression", Kind.FRAMES, "PS3.5 A.4"),
    TransferSyntax(RLE, "RLE Lossless", Kind.FRAMES, "PS3.5 A.4.2"),
    _frames("50", "JPEG Baseline", _JPEG, lossy=True),
    _frames("51", "JPEG Extended", _JPEG, lossy=True),
    _frames("53", "JPEG Spectral Selection (retired)", _JPEG, lossy=True),
    _frames("55", "JPEG Full Progression (retired)", _JPEG, lossy=True),
    _frames("57", "JPEG Lossless", _JPEG),
    _frames("70", "JPEG Lossless, First-Order Prediction", _JPEG),
    _frames("80", "JPEG-LS Lossless", _JLS),
    _frames("81", "JPEG-LS Near-Lossless", _JLS, lossy=True),
    _frames("90", "JPEG 2000 Lossless", _JPEG_2000),
    _frames("91", "JPEG 2000", _JPEG_2000, lossy=True),
    _frames("201", "High-Throughput JPEG 2000 Lossless", _HTJ2K),
    _frames("202", "High-Throughput JPEG 2000 with RPCL Lossless", _HTJ2K),
    _frames("203", "High-Throughput JPEG 2000", _HTJ2K, lossy=True),
    *_video("100", "MPEG2 Main Profile / Main Level", "8.2.5"),
    *_video("101", "MPEG2 Main Profile / High Level", "8.2.6"),
    *_video("102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", "8.2.7"),
    *_video("103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", "8.2.7"),
    *_video("104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", "8.2.8"),
    *_video("105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", "8.2.8"),
    *_video("106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", "8.2.9"),
    _video("107", "HEVC/H.265 Main Profile / Level 5.1", "8.2.10")[0],
    _video("108", "HEVC/H.265 Main 10 Profile / Level 5.1", "8.2.11")[0],
    TransferSyntax("1.2.840.10008.1.2.4.94", "JPIP Referenced", Kind.ELSEWHERE, "PS3.5 A.6"),
    TransferSyntax(
        "1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", Kind.ELSEWHERE, "PS3.5 A.7"
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", Kind.ELSEWHERE, "PS3.5 A.12"
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", Kind.ELSEWHERE, "PS3.5 A.13"
    ),
)
TRANSFER_SYNTAXES: Final = {row.uid: row for row in ROWS}
# UID suffix → the name of PS3.6, where it is longer than people say it.
_REGISTERED: Final[dict[str, str]] = {
    "1.98": "Encapsulated Uncompressed Explicit VR Little Endian",
    "4.50": "JPEG Baseline (Process 1)",
    "4.51": "JPEG Extended (Process 2 & 4)",
    "4.53": "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8) (Retired)",
    "4.55": "JPEG Full Progression, Non-Hierarchical (Process 10 & 12) (Retired)",
    "4.57": "JPEG Lossless, Non-Hierarchical (Process 14)",
    "4.70": "JPEG Lossless, Non-Hierarchical, First-Order Prediction "
    "(Process 14 [Selection Value 1])",
    "4.80": "JPEG-LS Lossless Image Compression",
    "4.81": "JPEG-LS Lossy (Near-Lossless) Image Compression",
    "4.90": "JPEG 2000 Image Compression (Lossless Only)",
    "4.91": "JPEG 2000 Image Compression",
    "4.201": "High-Throughput JPEG 2000 Image Compression (Lossless Only)",
    "4.202": "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)",
    "4.203": "High-Throughput JPEG 2000 Image Compression",
}

# What `profiles.transcode` brings to Explicit VR Little Endian on its own: no decoder needed.
ALWAYS_CONVERTIBLE: Final = frozenset(row.uid for row in ROWS if row.kind is Kind.PLAIN)
# What it can decode with the codecs that are a dependency of this project.
DECODABLE: Final = frozenset(row.uid for row in ROWS if row.kind is Kind.FRAMES)


def name_of_syntax(uid: str) -> str:
    """Return the readable name of a transfer syntax, or say that nobody knows it."""
    row = TRANSFER_SYNTAXES.get(uid)
    if row is not None:
        return row.name
    return f"unknown transfer syntax {uid}" if uid else "no transfer syntax"


def registered_name(uid: str) -> str:
    """Return the name of a transfer syntax as PS3.6 has it, for who compares with the standard."""
    return _REGISTERED.get(uid.removeprefix("1.2.840.10008.1.2.")) or name_of_syntax(uid)
