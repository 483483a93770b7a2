"""What a verifier asks of one JPEG or JPEG-LS frame: process, tables, depth (PS3.5 A.4.1, A.4.3).

ITU-T T.81 B.2 and B.5 (interchange format), T.87 C.2. Only the head of a frame is read.
"""

from struct import Struct
from typing import Final, NamedTuple

_LENGTH: Final = Struct(">H").unpack_from
_FRAME: Final = Struct(">BHHB").unpack_from

_DHT: Final = 0xC4
_DQT: Final = 0xDB
_SOS: Final = 0xDA
_SOI: Final = b"\xff\xd8"
JPEG_LS: Final = 0xF7
LOSSLESS: Final = 0xC3
_FRAME_MARKERS: Final = frozenset((*range(0xC0, 0xD0), JPEG_LS)) - {_DHT, 0xC8, 0xCC}
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
_MOST_SEGMENTS: Final = 1000
MARKER_NAMES: Final = {
    0xC0: "baseline (SOF0)",
    0xC1: "extended sequential (SOF1)",
    0xC2: "progressive (SOF2)",
    0xC3: "lossless (SOF3)",
    JPEG_LS: "JPEG-LS (SOF55)",
}


class NeedsMore(Exception):
    """The head does not reach to the first scan."""


class NotJpeg(ValueError):
    """The bytes are no JPEG frame; the message says why."""


class JpegHead(NamedTuple):
    """What the segments before the first scan say."""

    process: int  # second byte of the frame marker
    precision: int  # bits per sample
    rows: int
    columns: int
    samples: int
    selection: int  # Ss of the first scan: the predictor of a lossless process
    near: int  # of JPEG-LS: how far a sample may be off
    missing: str  # the tables that the frame uses and does not bring, in words; "" for none


class _Tables:
    """Tables as they are defined and used."""

    def __init__(self) -> None:
        self.defined: set[tuple[str, int]] = set()

    def take_quantization(self, body: bytes) -> None:
        position = 0
        while position < len(body):
            wide, name = body[position] >> 4, body[position] & 15
            self.defined.add(("quantization", name))
            position += 1 + (128 if wide else 64)

    def take_huffman(self, body: bytes) -> None:
        position = 0
        while position + 17 <= len(body):
            kind, name = body[position] >> 4, body[position] & 15
            self.defined.add(("AC Huffman" if kind else "DC Huffman", name))
            position += 17 + sum(body[position + 1 : position + 17])

    def missing(self, used: set[tuple[str, int]]) -> str:
        return ", ".join(f"{kind} table {name}" for kind, name in sorted(used - self.defined))


def read_head(data: bytes) -> JpegHead:
    """Read what comes before the first scan of a frame.

    Raises:
        NeedsMore: *data* ends before it.
        NotJpeg: it is no JPEG frame.
    """
    if data[:2] != _SOI:
        raise NotJpeg("no SOI marker at its beginning")
    tables = _Tables()
    frame: bytes | None = None
    process = 0
    position = 2
    for _ in range(_MOST_SEGMENTS):
        marker, body, position = _segment(data, position)
        if marker == _DQT:
            tables.take_quantization(body)
        elif marker == _DHT:
            tables.take_huffman(body)
        elif marker in _FRAME_MARKERS:
            process, frame = marker, body
        elif marker == _SOS:
            if frame is None:
                raise NotJpeg("a scan before any frame header")
            return _head(process, frame, body, tables)
    raise NotJpeg(f"no scan within {_MOST_SEGMENTS} segments")


def _segment(data: bytes, position: int) -> tuple[int, bytes, int]:
    """Return marker, content and end of the segment at *position*."""
    while True:
        if position + 4 > len(data):
            raise NeedsMore
        if data[position] != 0xFF:
            raise NotJpeg(f"no marker at byte {position} of the frame")
        marker = data[position + 1]
        if marker == 0xFF:  # fill
            position += 1
        elif marker in _STANDALONE:
            position += 2
        elif marker == 0xD9:
            raise NotJpeg("the image ends before its first scan")
        else:
            break
    (length,) = _LENGTH(data, position + 2)
    end = position + 2 + length
    if length < 2:
        raise NotJpeg(f"a segment without length at byte {position} of the frame")
    if end > len(data):
        raise NeedsMore
    return marker, data[position + 4 : end], end


def _head(process: int, frame: bytes, scan: bytes, tables: _Tables) -> JpegHead:
    if len(frame) < 6:
        raise NotJpeg("a frame header that is cut off")
    precision, rows, columns, samples = _FRAME(frame)
    count = scan[0] if scan else 0
    if len(frame) < 6 + 3 * samples or len(scan) < 4 + 2 * count or not samples or not count:
        raise NotJpeg("a frame or scan header that is cut off")
    lossless = process == LOSSLESS
    used: set[tuple[str, int]] = set()
    if process != JPEG_LS and process < 0xC8:  # the arithmetic processes use no Huffman tables
        chosen = scan[2 : 2 + 2 * count : 2]
        used |= {("DC Huffman", code >> 4) for code in chosen}
        if not lossless:
            used |= {("quantization", frame[8 + 3 * n]) for n in range(samples)}
            if scan[2 + 2 * count]:  # Se: the scan holds more than the first coefficient
                used |= {("AC Huffman", code & 15) for code in chosen}
    last = 1 + 2 * count
    return JpegHead(
        process,
        precision,
        rows,
        columns,
        samples,
        selection=scan[last] if lossless else 0,
        near=scan[last] if process == JPEG_LS else 0,
        missing=tables.missing(used),
    )
