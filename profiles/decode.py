"""Compressed frames brought to native pixel cells (PS3.5 8). Runs in the transcoder's worker.

The codecs decode streams; what DICOM adds is done here: which colours a stream holds, cells of
Bits Allocated, the sign of Bits Stored, planes and packed bits.
"""

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from profiles.bitstreams import Stream, UnknownStream, read_jpeg, read_jpeg_2000
from profiles.fields import CannotTranscode
from profiles.frames import holds_another_stream
from profiles.transfer_syntaxes import (
    DEFLATED_FRAMES,
    ENCAPSULATED_UNCOMPRESSED,
    RLE,
    TRANSFER_SYNTAXES,
)

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


class Pixels(NamedTuple):
    """The Image Pixel attributes of one level of a data set (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    planar: int | None  # Planar Configuration; None when absent
    photometric: str
    frames: int
    overlays: bool  # overlay planes stand in the unused bits of the cells (retired)

    @property
    def frame_bits(self) -> int:
        return self.rows * self.columns * self.samples * self.allocated

    @property
    def total_bytes(self) -> int:
        """Bytes of all frames in native encoding, padding left out (PS3.5 8.1.1)."""
        return (self.frame_bits * self.frames + 7) // 8


class Frame(NamedTuple):
    """One decoded frame."""

    cells: bytes  # native, little endian, colours by pixel; one byte per bit when allocated is 1
    photometric: str
    lossy: bool


def decode_frame(frame: bytes, syntax: str, pixels: Pixels) -> Frame:
    """Return one frame as native cells.

    Raises:
        CannotTranscode: the frame is damaged, or is not what the data set says of it.
    """
    decoder = _DECODERS.get(_family(syntax))
    if decoder is None:
        raise CannotTranscode("the pixel data is encapsulated, and its syntax has no frames")
    if _family(syntax).startswith("ISO_") and holds_another_stream(frame):
        raise CannotTranscode("there are more frames than the data set announces")
    try:
        return decoder(frame, pixels)
    except UnknownStream as problem:
        raise CannotTranscode(f"a frame holds {problem}") from problem
    except CannotTranscode:
        raise
    except MemoryError as problem:
        raise CannotTranscode("a frame needs more memory than a conversion may take") from problem
    except Exception as problem:  # codecs raise what they like
        raise CannotTranscode(f"a frame does not decode: {str(problem)[:200]}") from problem


def _family(syntax: str) -> str:
    method = TRANSFER_SYNTAXES[syntax].method
    return method or syntax


def _decode_jpeg(frame: bytes, pixels: Pixels) -> Frame:
    import imagecodecs

    stream = read_jpeg(frame)
    _agree(stream, pixels)
    if stream.samples != 3:
        array = imagecodecs.jpeg8_decode(frame)
        _second_opinion(frame, array, stream)
        return Frame(_cells(array, stream, pixels), pixels.photometric, stream.lossy)
    luminance = stream.luminance
    if luminance is None:
        luminance = pixels.photometric.startswith("YBR")
    if pixels.photometric.startswith("YBR_PARTIAL"):
        raise CannotTranscode(f"{pixels.photometric} is retired and cannot be converted")
    if not stream.lossy or not luminance:  # lossless streams keep their colours as they are
        array = imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB")
        photometric = "RGB" if stream.lossy else _full(pixels.photometric)
        _second_opinion(frame, array, stream)
    else:
        array = imagecodecs.jpeg8_decode(frame, colorspace="YCBCR", outcolorspace="RGB")
        photometric = "RGB"
    return Frame(_cells(array, stream, pixels), photometric, stream.lossy)


def _second_opinion(frame: bytes, array: "Array", stream: Stream) -> None:
    """Decode a lossless frame with another decoder as well, and insist that both agree."""
    import imagecodecs
    import numpy as np

    if stream.lossy or stream.precision < 8:
        return
    try:
        other = imagecodecs.jpegsof3_decode(frame)
    except Exception:  # it knows fewer kinds of streams
        return
    if other.shape == array.shape and not np.array_equal(other, array):
        raise CannotTranscode("two decoders read a lossless JPEG frame differently")


def _decode_jpeg_ls(frame: bytes, pixels: Pixels) -> Frame:
    import imagecodecs

    stream = read_jpeg(frame)
    _agree(stream, pixels)
    array = imagecodecs.jpegls_decode(frame)
    return Frame(_cells(array, stream, pixels), _full(pixels.photometric), stream.lossy)


def _decode_jpeg_2000(frame: bytes, pixels: Pixels) -> Frame:
    import imagecodecs

    stream = read_jpeg_2000(frame)
    _agree(stream, pixels)
    array = imagecodecs.jpeg2k_decode(frame)
    photometric = pixels.photometric
    if photometric in ("YBR_RCT", "YBR_ICT"):  # the decoder undoes the transformation
        photometric = "RGB"
    return Frame(_cells(array, stream, pixels), _full(photometric), stream.lossy)


def _decode_rle(frame: bytes, pixels: Pixels) -> Frame:
    import numpy as np

    if pixels.allocated == 1:
        count = pixels.rows * pixels.columns * pixels.samples
        packed = _unpacked_rle(frame, pixels._replace(allocated=8, columns=0), (count + 7) // 8)
        bits = np.unpackbits(packed, count=count, bitorder="little")
        return Frame(bits.tobytes(), pixels.photometric, False)
    if pixels.allocated % 8:
        raise CannotTranscode(f"cells of {pixels.allocated} bits cannot be RLE coded")
    segments = pixels.samples * pixels.allocated // 8
    size = pixels.rows * pixels.columns
    planes = _unpacked_rle(frame, pixels, size * segments)
    # Segments: the most significant byte of the first sample first (PS3.5 G.2).
    cells = planes.reshape(pixels.samples, pixels.allocated // 8, size)[:, ::-1]
    _agree_with_pydicom(frame, pixels, cells.transpose(0, 2, 1).tobytes())
    return Frame(cells.transpose(2, 0, 1).tobytes(), _full(pixels.photometric), False)


def _unpacked_rle(frame: bytes, pixels: Pixels, size: int) -> "Array":
    """Return the bytes of all segments, one after another."""
    import imagecodecs
    import numpy as np

    if len(frame) < 64:
        raise CannotTranscode("an RLE frame without its header")
    header = np.frombuffer(frame[:64], "<u4")
    number = int(header[0])
    expected = max(1, pixels.samples * pixels.allocated // 8)
    if number != expected:
        raise CannotTranscode(f"an RLE frame has {number} segments instead of {expected}")
    ends = [*map(int, header[2 : number + 1]), len(frame)]
    each = size // number
    out = bytearray()
    for start, end in zip(map(int, header[1 : number + 1]), ends, strict=True):
        if not 64 <= start <= end <= len(frame):
            raise CannotTranscode("an RLE frame points outside itself")
        segment = imagecodecs.packbits_decode(frame[start:end])
        if len(segment) < each:
            raise CannotTranscode("an RLE segment is too short")
        out += segment[:each]
    return np.frombuffer(bytes(out), np.uint8)


def _agree_with_pydicom(frame: bytes, pixels: Pixels, by_plane: bytes) -> None:
    """Insist that pydicom's own decoder reads the frame in the same way."""
    from pydicom.pixels.decoders.rle import _rle_decode_frame

    other = _rle_decode_frame(
        frame, pixels.rows, pixels.columns, pixels.samples, pixels.allocated, ">"
    )
    if bytes(other) != by_plane:
        raise CannotTranscode("two decoders read an RLE frame differently")


def _decode_native(frame: bytes, pixels: Pixels) -> Frame:
    import numpy as np

    size = (pixels.frame_bits + 7) // 8
    if pixels.photometric == "YBR_FULL_422":
        raise CannotTranscode("subsampled colours that are not compressed cannot be told apart")
    if len(frame) < size:
        raise CannotTranscode("a frame is too short")
    if pixels.allocated == 1:
        packed = np.frombuffer(frame[:size], np.uint8)
        bits = np.unpackbits(packed, count=pixels.frame_bits, bitorder="little")
        return Frame(bits.tobytes(), pixels.photometric, False)
    return Frame(frame[:size], pixels.photometric, False)


def _decode_deflated(frame: bytes, pixels: Pixels) -> Frame:
    size = (pixels.frame_bits + 7) // 8
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, size + 1)
    return _decode_native(inflated, pixels)


_DECODERS: Final[dict[str, Callable[[bytes, Pixels], Frame]]] = {
    "ISO_10918_1": _decode_jpeg,
    "ISO_14495_1": _decode_jpeg_ls,
    "ISO_15444_1": _decode_jpeg_2000,
    "ISO_15444_15": _decode_jpeg_2000,
    RLE: _decode_rle,
    ENCAPSULATED_UNCOMPRESSED: _decode_native,
    DEFLATED_FRAMES: _decode_deflated,
}


def _agree(stream: Stream, pixels: Pixels) -> None:
    """Raise when a frame is not of the size that the data set announces; before decoding."""
    announced = (pixels.rows, pixels.columns, pixels.samples)
    if (stream.rows, stream.columns, stream.samples) != announced:
        raise CannotTranscode(
            f"a frame of {stream.rows} x {stream.columns} x {stream.samples} where the data set "
            f"announces {pixels.rows} x {pixels.columns} x {pixels.samples}"
        )
    if stream.precision > max(pixels.allocated, 1):
        raise CannotTranscode(f"a frame of {stream.precision} bits in {pixels.allocated} bit cells")


def _full(photometric: str) -> str:
    """Return what colours are called when every pixel has all of them (PS3.3 C.7.6.3.1.2)."""
    return "YBR_FULL" if photometric == "YBR_FULL_422" else photometric


def _cells(array: "Array", stream: Stream, pixels: Pixels) -> bytes:
    """Return decoded samples as cells of Bits Allocated, with the sign in all unused bits.

    Codecs return what the stream holds; a stream of 16 bits may hold a signed value of 12
    without its sign in the upper four (PS3.5 8.1.1 leaves unused bits open).
    """
    import numpy as np

    if array.size != pixels.rows * pixels.columns * pixels.samples:
        raise CannotTranscode("a frame decodes to another size than the data set announces")
    if pixels.allocated == 1:
        return (array.astype(np.uint8) & 1).tobytes()
    if pixels.allocated not in (8, 16, 32):
        raise CannotTranscode(f"cells of {pixels.allocated} bits")
    if stream.signed and not pixels.signed:
        array = array & ((1 << stream.precision) - 1)
    cells = array.astype(f"<i{pixels.allocated // 8}")
    extendable = pixels.high_bit == pixels.stored - 1 and not pixels.overlays
    shift = pixels.allocated - pixels.stored
    if pixels.signed and shift > 0 and extendable:
        cells = (cells << shift) >> shift
    return cells.tobytes()
