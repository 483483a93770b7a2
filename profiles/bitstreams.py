"""What the headers of compressed frames say: precision, colour, lossy or not.

JPEG: ITU-T T.81 B.2; JPEG-LS: T.87 C.2; JPEG 2000: T.800 A.5 and A.6. Bounded by the header.
"""

from struct import Struct
from typing import Final, NamedTuple

_LENGTH: Final = Struct(">H").unpack_from
_FRAME_HEADER: Final = Struct(">BHHB").unpack_from
_SIZ: Final = Struct(">HIIII").unpack_from
_SCAN: Final = 0xDA
_JPEG_LS_FRAME: Final = 0xF7
_LOSSLESS_JPEG: Final = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_NOT_A_FRAME: Final = frozenset((0xC4, 0xC8, 0xCC))
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))


class Stream(NamedTuple):
    """What a frame says of itself."""

    rows: int
    columns: int
    samples: int
    precision: int  # bits per sample
    signed: bool  # JPEG 2000 alone can say so
    lossy: bool
    luminance: bool | None  # colour as luminance and chrominance; None: it does not say


class UnknownStream(ValueError):
    """The bytes are not the stream that the transfer syntax promises."""


def read_jpeg(frame: bytes) -> Stream:
    """Read the header of a JPEG or JPEG-LS frame."""
    adobe: bool | None = None
    jfif = False
    found: Stream | None = None
    jpeg_ls = False
    position = 2
    if frame[:2] != b"\xff\xd8":
        raise UnknownStream("no JPEG stream")
    while position + 4 <= len(frame):
        if frame[position] != 0xFF:
            break
        marker = frame[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        body, (length,) = position + 4, _LENGTH(frame, position + 2)
        if marker == 0xE0 and frame[body : body + 4] == b"JFIF":
            jfif = True
        elif marker == 0xEE and frame[body : body + 5] == b"Adobe" and length >= 14:
            adobe = frame[body + 11] == 1
        elif marker == _JPEG_LS_FRAME or (0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME):
            found = _jpeg_frame(frame, body, marker)
            jpeg_ls = marker == _JPEG_LS_FRAME
        elif marker == _SCAN:
            if found is not None and jpeg_ls:
                found = found._replace(lossy=_near(frame, body) > 0)
            break
        position += 2 + length
    if found is None:
        raise UnknownStream("a JPEG stream without a frame header")
    if adobe is not None or jfif:
        found = found._replace(luminance=adobe if adobe is not None else True)
    return found


def _near(frame: bytes, body: int) -> int:
    """Return NEAR of a JPEG-LS scan: how far a sample may be off (T.87 C.2.3)."""
    at = body + 1 + 2 * frame[body] if body < len(frame) else body
    return frame[at] if at < len(frame) else 0


def _jpeg_frame(frame: bytes, body: int, marker: int) -> Stream:
    if body + 6 > len(frame):
        raise UnknownStream("a JPEG stream that is cut off")
    precision, rows, columns, samples = _FRAME_HEADER(frame, body)
    names = frame[body + 6 : body + 6 + 3 * samples : 3]
    luminance = False if names in (b"RGB", b"rgb") else None
    return Stream(rows, columns, samples, precision, False, marker not in _LOSSLESS_JPEG, luminance)


def read_jpeg_2000(frame: bytes) -> Stream:
    """Read the header of a JPEG 2000 or High-Throughput JPEG 2000 frame, also within JP2."""
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or start + 42 > len(frame):
        raise UnknownStream("no JPEG 2000 stream")
    _, width, height, left, top = _SIZ(frame, start + 6)
    (samples,) = _LENGTH(frame, start + 40)
    if start + 42 + 3 * samples > len(frame) or not samples:
        raise UnknownStream("a JPEG 2000 stream that is cut off")
    depths = set(frame[start + 42 : start + 42 + 3 * samples : 3])
    if len(depths) != 1:
        raise UnknownStream("components of different depth")
    depth = depths.pop()
    return Stream(
        rows=height - top,
        columns=width - left,
        samples=samples,
        precision=(depth & 0x7F) + 1,
        signed=depth >= 0x80,
        lossy=_irreversible(frame, start + 2),
        luminance=None,
    )


def _irreversible(frame: bytes, position: int) -> bool:
    """Return whether the wavelet is the irreversible 9-7 (T.800 A.6.1)."""
    while position + 14 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0x52:
            return frame[position + 13] == 0
        if marker == 0x90:  # start of a tile-part
            break
        position += 2 + _LENGTH(frame, position + 2)[0]
    return False
