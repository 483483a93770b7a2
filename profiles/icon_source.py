"""From a DICOM file to the picture of its icon. Runs in the icons' worker processes alone.

Native pixels are read from the file band by band; compressed ones are decoded, one frame alone.
"""

import mmap
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from profiles.decode import decode_frame
from profiles.fields import BIG, EXPLICIT, IMPLICIT, Buffer, Encoding
from profiles.frames import join, split_into_frames
from profiles.icon_cells import Bytes, Layout, open_cells, read_layout
from profiles.icon_header import Header, NoIcon, Window, read_header
from profiles.icon_pixels import Look, centred, fit, render
from profiles.icon_tables import voi_table
from profiles.pixel_plan import read_pixels
from profiles.transfer_syntaxes import DECODABLE

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_ENCODINGS: Final[dict[str, Encoding]] = {
    "1.2.840.10008.1.2": IMPLICIT,
    "1.2.840.10008.1.2.2": BIG,
}
_Read = Callable[[int, int], bytes]  # (offset in the pixel data, number of bytes)
_MOST_INFLATED: Final = 512 << 20  # bytes of a data set that is held inflated


class Order(NamedTuple):
    """One icon to make: plain values, because it goes through a pipe."""

    path: str
    dataset_offset: int  # bytes
    transfer_syntax_uid: str
    sop_class_uid: str
    rows: int  # of the icon
    columns: int


def draw(order: Order) -> bytes:
    """Return the cells of an icon.

    Raises:
        NoIcon: the pixels cannot be shown.
        Exception: whatever a damaged file makes of the libraries.
    """
    return centred(draw_picture(order, stretched=False), order.rows, order.columns)


def draw_picture(order: Order, *, stretched: bool) -> "Array":
    """Return the picture of an icon without what is around it.

    Args:
        order: what to draw.
        stretched: the picture takes all rows and columns, whatever its shape.
    """
    with _opened(order) as (descriptor, data):
        start = order.dataset_offset
        stop = len(data)
        if order.transfer_syntax_uid == _DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:], _MOST_INFLATED)
            start, stop, descriptor = 0, len(data), -1
        encoding = _ENCODINGS.get(order.transfer_syntax_uid, EXPLICIT)
        header = read_header(data, start, stop, encoding)
        return _picture(order, header, descriptor, stretched=stretched)


def _picture(order: Order, header: Header, descriptor: int, *, stretched: bool) -> "Array":
    frame = header.representative
    layout = read_layout(header, native=not header.pixel_data.undefined)
    if header.pixel_data.undefined:
        layout, pieces = _decoded(order, header, layout, frame)
    else:
        pieces = _native(header, layout, frame, descriptor)
    for_display = header.modality_table_counts(order.sop_class_uid)
    cells = open_cells(header, layout, pieces, for_display=for_display)
    rows, columns = order.rows, order.columns
    if not stretched:
        height = layout.rows * header.pixel_height(frame)
        rows, columns = fit(height, layout.columns, rows, columns)
    return render(cells, _look(order, header, layout, frame), rows, columns)


def _look(order: Order, header: Header, layout: Layout, frame: int) -> Look:
    slope, intercept = header.rescaling(order.sop_class_uid, frame)
    window = header.window(frame)
    if window is not None and window.function != "SIGMOID" and layout.floats:
        # Of real numbers a window is meant as it reads, whatever it is called: widths of 1 abound.
        window = window._replace(function="LINEAR_EXACT")
    if window is not None and slope != 1.0 and not layout.floats:
        lowest = -(1 << layout.stored - 1) if layout.signed else 0
        ends = (lowest * slope, (lowest + (1 << layout.stored) - 1) * slope)
        if not _fills(min(ends) + intercept, max(ends) + intercept, window):
            slope, intercept = 1.0, 0.0  # a window of stored values: PET and MR have such
    table = voi_table(header, signed=layout.signed or intercept < 0)
    return Look(slope, intercept, window, table, header.inverted)


def _fills(low: float, high: float, window: Window) -> bool:
    """Return whether values from *low* to *high* can be told apart in a window."""
    lower, upper = window.center - window.width / 2, window.center + window.width / 2
    return min(high, upper) - max(low, lower) > window.width / 100


@contextmanager
def _opened(order: Order) -> Iterator[tuple[int, Buffer]]:
    descriptor = os.open(order.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
            yield descriptor, data
    finally:
        os.close(descriptor)


def _native(header: Header, layout: Layout, frame: int, descriptor: int) -> Bytes:
    """Return the reader of the bytes of a native frame."""
    first_bit = frame * layout.frame_bits
    if header.pixel_data.start * 8 + first_bit + layout.frame_bits > header.pixel_data.stop * 8:
        raise NoIcon("its pixel data is cut off")
    read = partial(_read, header, descriptor)
    if layout.big and layout.allocated <= 8 and header.pixel_data.vr == b"OW":
        return _reader(layout, first_bit, partial(_read_words, read))
    return _reader(layout, first_bit, read)


def _read(header: Header, descriptor: int, at: int, size: int) -> bytes:
    """Return bytes of the pixel data; from the file, whose mapping is slower to read."""
    start = header.pixel_data.start + at
    if descriptor < 0 or not hasattr(os, "pread"):
        found = bytes(header.data[start : start + size])
    else:
        found = os.pread(descriptor, size, start)
    if len(found) != size:
        raise NoIcon("its pixel data is cut off")
    return found


def _read_words(read: _Read, at: int, size: int) -> bytes:
    """Return bytes that stand in words of the other byte order (PS3.5 7.3, 8.1.1)."""
    first, past = at & ~1, (at + size + 1) & ~1
    swapped = bytearray(read(first, past - first))
    swapped[0::2], swapped[1::2] = swapped[1::2], swapped[0::2]
    return bytes(swapped[at - first : at - first + size])


def _reader(layout: Layout, first_bit: int, read: _Read) -> Bytes:
    import numpy as np

    def whole(bit: int, bits: int) -> "Array":
        return np.frombuffer(read((first_bit + bit) // 8, bits // 8), np.uint8)

    def single(bit: int, bits: int) -> "Array":
        begin, end = first_bit + bit, first_bit + bit + bits
        packed = np.frombuffer(read(begin // 8, (end + 7) // 8 - begin // 8), np.uint8)
        return np.unpackbits(packed, bitorder="little")[begin % 8 : begin % 8 + bits]

    return single if layout.allocated == 1 else whole


def _decoded(order: Order, header: Header, layout: Layout, frame: int) -> tuple[Layout, Bytes]:
    """Return the layout and the bytes of a compressed frame once it is decoded."""
    import numpy as np

    if order.transfer_syntax_uid not in DECODABLE:
        raise NoIcon("its pixels are compressed in a way that is not decoded")
    fields = list(header.fields.values())
    pixels = read_pixels(header.data, fields)
    places = split_into_frames(
        header.data, header.pixel_data, pixels.frames, header.extended_offsets
    )
    decoded = decode_frame(join(header.data, places[frame]), order.transfer_syntax_uid, pixels)
    cells = np.frombuffer(decoded.cells, np.uint8)
    layout = layout._replace(photometric=decoded.photometric, by_plane=False, big=False)
    # Decoded cells have all colours of every pixel, and a byte for a single bit.
    if layout.photometric.endswith("_422"):
        layout = layout._replace(photometric="YBR_FULL")
    size = 8 if layout.allocated == 1 else 1
    return layout, lambda bit, bits: cells[bit * size // 8 : (bit + bits) * size // 8]
