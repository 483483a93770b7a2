"""Rows of one frame as numbers: stored values of a monochrome image, brightness of a coloured one.

A frame is read in bands of rows, so that the largest image costs no more memory than a small one.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from profiles.icon_header import Header, NoIcon
from profiles.icon_tables import Table, luminance_palette, modality_table

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FLOATS: Final = {0x7FE00008: "f4", 0x7FE00009: "f8"}  # Float and Double Float Pixel Data
_MONOCHROME: Final = frozenset(("MONOCHROME1", "MONOCHROME2", ""))
_RED_GREEN_BLUE: Final = frozenset(("RGB", "YBR_RCT", "YBR_ICT"))  # the last two once decoded
_LUMINANCE_FIRST: Final = frozenset(("YBR_FULL", "YBR_FULL_422"))
_PARTIAL: Final = frozenset(("YBR_PARTIAL_422", "YBR_PARTIAL_420"))
_WEIGHTS: Final = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


class Layout(NamedTuple):
    """How the pixel cells of one frame stand in their bytes (PS3.3 C.7.6.3, PS3.5 8)."""

    rows: int
    columns: int
    samples: int
    allocated: int  # bits of a cell
    stored: int
    high_bit: int
    signed: bool
    by_plane: bool  # Planar Configuration 1
    photometric: str
    floats: str  # numpy's name of the type of float pixel data, "" for whole numbers
    big: bool  # byte order of cells of several bytes

    @property
    def halved(self) -> bool:
        """Return whether two pixels share their colours, as native YBR_…_422 does."""
        return self.samples == 3 and self.photometric.endswith("_422") and not self.by_plane

    @property
    def row_bits(self) -> int:
        """Return the bits of one row, of one plane where planes stand apart."""
        if self.halved:
            return self.columns * 2 * self.allocated
        return self.columns * (1 if self.by_plane else self.samples) * self.allocated

    @property
    def frame_bits(self) -> int:
        """Return the bits of one frame; frames of single bits need not begin at a byte."""
        return self.rows * self.row_bits * (self.samples if self.by_plane else 1)

    @property
    def cell_type(self) -> str:
        """Return numpy's name of the type of a cell of whole bytes."""
        kind = self.floats or f"u{self.allocated // 8}"
        return (">" if self.big else "<") + kind


def read_layout(header: Header, *, native: bool) -> Layout:
    """Return the layout that the data set announces.

    Raises:
        NoIcon: the attributes are missing, or nonsense.
    """
    floats = FLOATS.get(header.pixel_data.tag, "")
    allocated = header.number(0x00280100, int(floats[1:]) * 8 if floats else None)
    stored = header.number(0x00280101, allocated)
    samples = header.number(0x00280002, 1)
    layout = Layout(
        rows=header.number(0x00280010),
        columns=header.number(0x00280011),
        samples=samples,
        allocated=allocated,
        stored=stored,
        high_bit=header.number(0x00280102, stored - 1),
        signed=header.number(0x00280103, 0) == 1,
        by_plane=samples > 1 and header.number(0x00280006, 0) == 1,
        photometric=header.text(0x00280004),
        floats=floats,
        big=native and header.encoding.big,
    )
    _check(layout)
    return layout


def _check(layout: Layout) -> None:
    if not layout.rows or not layout.columns:
        raise NoIcon(f"an image of {layout.rows} x {layout.columns} pixels shows nothing")
    if layout.allocated not in (1, 8, 16, 32, 64) or layout.samples not in (1, 3, 4):
        raise NoIcon(f"{layout.samples} samples of {layout.allocated} bits cannot be shown")
    if layout.floats:
        if layout.allocated != int(layout.floats[1:]) * 8:
            raise NoIcon(f"float pixels of {layout.allocated} bits cannot be shown")
    elif not 0 < layout.stored <= layout.high_bit + 1 <= layout.allocated:
        raise NoIcon(
            f"Bits Stored {layout.stored} and High Bit {layout.high_bit} do not fit "
            f"{layout.allocated} bits"
        )


Rows = Callable[[int, int, int], "Array"]  # (first row, row past the last, step) → numbers


class Cells(NamedTuple):
    """A frame as rows of numbers."""

    rows: Rows
    height: int  # rows there are
    width: int  # columns there are
    scale: float  # > 0: a number of this size is white, and there is nothing to window
    whole: bool  # the numbers are whole numbers as stored


Bytes = Callable[[int, int], "Array"]  # (first bit, number of bits) → bytes around them


def open_cells(header: Header, layout: Layout, pieces: Bytes, *, for_display: bool) -> Cells:
    """Return the rows of a frame.

    Args:
        header: of the data set, for its tables.
        layout: of the bytes; the photometric interpretation is that of the bytes.
        pieces: reads them.
        for_display: the Modality LUT counts.

    Raises:
        NoIcon: the photometric interpretation is none that can be shown.
    """
    make = partial(Cells, height=layout.rows, width=layout.columns)
    stored = partial(_stored, layout, pieces)
    if layout.photometric == "PALETTE COLOR" and layout.samples == 1 and not layout.floats:
        palette = luminance_palette(header, signed=layout.signed)
        return make(_through(palette, stored), scale=palette.top, whole=False)
    if layout.samples == 1 and layout.photometric in _MONOCHROME:
        if layout.floats:
            return make(stored, scale=0, whole=False)
        if layout.stored == 1:  # of black and white there is nothing to window
            return make(stored, scale=1.0, whole=False)
        table = modality_table(header, signed=layout.signed) if for_display else None
        return make(_through(table, stored) if table else stored, scale=0, whole=True)
    if layout.samples < 3 or layout.floats:
        raise NoIcon(f"{layout.photometric or 'an unnamed kind of picture'} cannot be shown")
    white = float((1 << layout.stored) - 1)
    return make(partial(_brightness, layout, stored, white), scale=white, whole=False)


def _through(table: Table, stored: Rows) -> Rows:
    return lambda first, past, step: table.look_up(stored(first, past, step))


def _stored(layout: Layout, pieces: Bytes, first: int, past: int, step: int) -> "Array":
    """Return the stored values of some rows: (rows, columns) or (rows, columns, samples)."""
    import numpy as np

    if layout.by_plane:
        plane = layout._replace(samples=1, by_plane=False)
        size = plane.frame_bits
        planes = [
            _stored(plane, _from(pieces, at), first, past, step)
            for at in range(0, layout.samples * size, size)
        ]
        return np.stack(planes, axis=2)
    if step == 1:
        values = _values(layout, pieces(first * layout.row_bits, (past - first) * layout.row_bits))
    else:
        starts = (row * layout.row_bits for row in range(first, past, step))
        rows = [pieces(start, layout.row_bits) for start in starts]
        values = _values(layout, np.concatenate(rows))
    return _by_row(layout, values)


def _from(pieces: Bytes, at: int) -> Bytes:
    return lambda bit, bits: pieces(at + bit, bits)


def _values(layout: Layout, cells: "Array") -> "Array":
    """Return cells as numbers; *cells* are bytes, or single bits already taken apart."""
    import numpy as np

    if layout.allocated == 1:
        return cells
    values = cells.view(layout.cell_type)
    if layout.floats:
        return np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    spare = layout.allocated - 1 - layout.high_bit  # bits above the value
    unused = layout.allocated - layout.stored
    if layout.signed:
        values = values.view(f"i{layout.allocated // 8}")
        return (values << spare) >> unused if unused else values
    return ((values << spare) >> unused) if spare or unused else values


def _by_row(layout: Layout, values: "Array") -> "Array":
    columns = layout.columns
    if layout.halved:  # Y1 Y2 CB CR: the first two are all that brightness needs
        if columns % 2:
            raise NoIcon("its colours are halved, but its columns are odd in number")
        pairs = values.reshape(-1, columns // 2, 4)[:, :, :2]
        return pairs.reshape(-1, columns, 1)
    shape = (-1, columns) if layout.samples == 1 else (-1, columns, layout.samples)
    return values.reshape(shape)


def _brightness(
    layout: Layout, stored: Rows, white: float, first: int, past: int, step: int
) -> "Array":
    """Return how bright coloured pixels are, from 0 to *white*."""
    import numpy as np

    values = stored(first, past, step)
    photometric = layout.photometric
    if photometric in _RED_GREEN_BLUE:
        red, green, blue = (values[:, :, i].astype(np.float32) for i in range(3))
        return np.asarray(red * _WEIGHTS[0] + green * _WEIGHTS[1] + blue * _WEIGHTS[2])
    if photometric in _LUMINANCE_FIRST:
        return np.asarray(values[:, :, 0])
    if photometric in _PARTIAL:  # black is 16, white 235 (PS3.3 C.7.6.3.1.2)
        unit = (white + 1) / 256
        return (values[:, :, 0] - np.float32(16 * unit)) * np.float32(white / (219 * unit))
    raise NoIcon(f"{photometric or 'an unnamed kind of picture'} cannot be shown")
