"""Native pixel cells brought to compressed frames. Runs in the transcoder's worker.

No lossless encoder changes colours: what goes in as RGB stays RGB, so that nothing has to be
undone and every reader agrees on the cells.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from profiles.decode import Pixels
from profiles.encodable import (
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
)
from profiles.fields import Buffer, CannotTranscode
from profiles.transfer_syntaxes import RLE

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

_SHORTEST_JPEG: Final = 2  # bits per sample; lossless JPEG knows no less (T.81 B.2.2)
_EXTENDED_BITS: Final = 12  # of JPEG Extended, process 4
_RLE_HEADER: Final = 16  # numbers of four bytes (PS3.5 G.5)
_COLOUR_SPACE: Final = {"RGB": "RGB", "YBR_FULL": "YCBCR"}
# libjpeg-turbo 3.1 gives lossless YCbCr a second Huffman table and codes with it what no decoder
# but one reads; with unknown colours it takes one table for all, and says nothing of them.
_UNCHANGED_SPACE: Final = {"RGB": "RGB", "YBR_FULL": "UNKNOWN"}
# (syntax, photometric of the cells) → photometric of the frames, where it is another one.
_PHOTOMETRIC: Final = {
    (JPEG_BASELINE, "RGB"): "YBR_FULL_422",
    (JPEG_BASELINE, "YBR_FULL"): "YBR_FULL_422",
    (JPEG_2000, "RGB"): "YBR_ICT",
}


class Coder(NamedTuple):
    """How the frames of one image are coded."""

    syntax: str
    pixels: Pixels  # of the native image
    precision: int  # bits per sample of the streams
    quality: int  # 1 to 100; nothing to a lossless syntax

    @property
    def photometric(self) -> str:
        """Photometric Interpretation of the frames."""
        own = self.pixels.photometric
        return _PHOTOMETRIC.get((self.syntax, own), own)

    @property
    def planar(self) -> int | None:
        """Planar Configuration of the frames: RLE alone codes plane by plane (PS3.5 G.2)."""
        if self.pixels.samples == 1:
            return None
        return 1 if self.syntax == RLE else 0

    @property
    def stored(self) -> int:
        """Bits Stored of the frames: JPEG Extended may use all its twelve bits."""
        return _EXTENDED_BITS if self.syntax == JPEG_EXTENDED else self.pixels.stored


class NativeFrames:
    """The frames of native pixel data as arrays, one at a time."""

    def __init__(self, data: Buffer, start: int, pixels: Pixels) -> None:
        self._data = data
        self._start = start
        self._pixels = pixels
        self._bytes = pixels.frame_bits // 8

    def __iter__(self) -> Iterator["Array"]:
        for number in range(self._pixels.frames):
            yield self.frame(number)

    def frame(self, number: int) -> "Array":
        """Return unsigned cells, rows by columns, by samples where there are several."""
        import numpy as np

        pixels = self._pixels
        start = self._start + number * self._bytes
        cells = np.frombuffer(self._data[start : start + self._bytes], f"<u{pixels.allocated // 8}")
        if pixels.samples == 1:
            return cells.reshape(pixels.rows, pixels.columns)
        if pixels.planar == 1:
            planes = cells.reshape(pixels.samples, pixels.rows, pixels.columns)
            return np.ascontiguousarray(planes.transpose(1, 2, 0))
        return cells.reshape(pixels.rows, pixels.columns, pixels.samples)


def make_coder(syntax: str, frames: NativeFrames, pixels: Pixels, quality: int) -> Coder:
    """Return how to code an image: with as few bits as keep all that stands in its cells.

    Raises:
        CannotTranscode: a lossy syntax would lose what stands above Bits Stored.
    """
    plain = pixels.stored == pixels.allocated or all(_is_plain(frame, pixels) for frame in frames)
    lossy = syntax in (JPEG_BASELINE, JPEG_EXTENDED, JPEG_2000)
    if lossy and not plain:
        raise CannotTranscode("bits above Bits Stored are in use, and would be lost")
    precision = pixels.stored if plain else pixels.allocated
    if syntax == JPEG_EXTENDED:
        precision = _EXTENDED_BITS
    return Coder(syntax, pixels, precision, quality)


def _is_plain(cells: "Array", pixels: Pixels) -> bool:
    """Return whether the bits above Bits Stored only repeat the sign, or are zero."""
    if not pixels.signed:
        return not int(cells.max()) >> pixels.stored
    shift = pixels.allocated - pixels.stored
    signed = cells.view(f"<i{pixels.allocated // 8}")
    return bool((((signed << shift) >> shift) == signed).all())


def encode_frame(cells: "Array", coder: Coder) -> bytes:
    """Return one frame as a stream of even length (PS3.5 A.4).

    Raises:
        CannotTranscode: the encoder does not take it.
    """
    try:
        stream = _ENCODERS[coder.syntax](cells, coder)
    except MemoryError as problem:
        raise CannotTranscode("a frame needs more memory than a conversion may take") from problem
    except Exception as problem:  # codecs raise what they like
        raise CannotTranscode(f"a frame does not encode: {str(problem)[:200]}") from problem
    return stream + b"\0" if len(stream) % 2 else stream


def _encode_rle(cells: "Array", coder: Coder) -> bytes:
    import imagecodecs
    import numpy as np

    pixels = coder.pixels
    width = pixels.allocated // 8
    planes = cells.view(np.uint8).reshape(pixels.rows, pixels.columns, pixels.samples, width)
    segments = []
    for sample in range(pixels.samples):
        for byte in reversed(range(width)):  # the most significant byte first (PS3.5 G.2)
            plane = np.ascontiguousarray(planes[:, :, sample, byte])
            packed = imagecodecs.packbits_encode(plane)  # row by row (PS3.5 G.3.1)
            segments.append(packed + b"\0" if len(packed) % 2 else packed)
    header = np.zeros(_RLE_HEADER, "<u4")
    header[0] = len(segments)
    offset = header.nbytes
    for number, segment in enumerate(segments, start=1):
        header[number] = offset
        offset += len(segment)
    return header.tobytes() + b"".join(segments)


def _encode_jpeg_lossless(cells: "Array", coder: Coder) -> bytes:
    import imagecodecs

    # Signed values as the two's complement of their bits: JPEG knows no sign (PS3.5 A.4.1).
    return bytes(
        imagecodecs.jpeg8_encode(
            _unsigned(cells, coder.precision),
            lossless=True,
            predictor=1,
            bitspersample=max(coder.precision, _SHORTEST_JPEG),
            **_unchanged_colours(coder.pixels),
        )
    )


def _unchanged_colours(pixels: Pixels) -> dict[str, Any]:
    if pixels.samples == 1:
        return {}
    space = _UNCHANGED_SPACE[pixels.photometric]
    return {"colorspace": space, "outcolorspace": space}


def _encode_jpeg_baseline(cells: "Array", coder: Coder) -> bytes:
    import imagecodecs

    colours: dict[str, Any] = {}
    if coder.pixels.samples > 1:
        space = _COLOUR_SPACE[coder.pixels.photometric]
        colours = {"colorspace": space, "outcolorspace": "YCBCR", "subsampling": "422"}
    return bytes(imagecodecs.jpeg8_encode(cells, level=coder.quality, **colours))


def _encode_jpeg_extended(cells: "Array", coder: Coder) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(cells, level=coder.quality, bitspersample=12))


def _encode_jpeg_2000(cells: "Array", coder: Coder) -> bytes:
    import imagecodecs

    lossy = coder.syntax == JPEG_2000
    return bytes(
        imagecodecs.jpeg2k_encode(
            _as_numbers(cells, coder),
            level=_signal_to_noise(coder) if lossy else None,
            codecformat="j2k",  # no JP2 header (PS3.5 A.4.4)
            reversible=not lossy,
            bitspersample=coder.precision,
            mct=coder.photometric == "YBR_ICT",
            numthreads=1,
        )
    )


def _signal_to_noise(coder: Coder) -> int:
    """Return the ratio of peak to error, in dB, that a quality stands for.

    The same quality is about the same error in grey steps whatever the depth, and about that of
    JPEG: 90 is an error of two steps.
    """
    return round(20 + coder.quality / 4 + 6.02 * (coder.precision - 8))


def _unsigned(cells: "Array", precision: int) -> "Array":
    """Return the lowest bits of cells, in the smallest type that holds them."""
    import numpy as np

    kept: Array = cells & cells.dtype.type((1 << precision) - 1)
    return kept.astype(np.uint8 if precision <= 8 else np.uint16)


def _as_numbers(cells: "Array", coder: Coder) -> "Array":
    """Return cells as numbers with their sign, in the smallest type that holds them."""
    import numpy as np

    if not coder.pixels.signed:
        return _unsigned(cells, coder.precision)
    signed = cells.view(f"<i{coder.pixels.allocated // 8}")
    return signed.astype(np.int8 if coder.precision <= 8 else np.int16)


_ENCODERS: Final[dict[str, Callable[["Array", Coder], bytes]]] = {
    RLE: _encode_rle,
    JPEG_BASELINE: _encode_jpeg_baseline,
    JPEG_EXTENDED: _encode_jpeg_extended,
    JPEG_LOSSLESS: _encode_jpeg_lossless,
    JPEG_2000_LOSSLESS: _encode_jpeg_2000,
    JPEG_2000: _encode_jpeg_2000,
}
