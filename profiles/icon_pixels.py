"""A frame made small and grey: pixels averaged, windowed as a viewer would, brought to 8 bits.

The arithmetic is that of a well-known directory maker where it is sound, so that two discs made
of the same images look alike; docs/decisions/0009-icons.md names the exceptions.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from profiles.icon_cells import Cells
from profiles.icon_header import Window
from profiles.icon_tables import Table

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

_UNIT: Final = 4096  # shares of a pixel of the icon
_BAND: Final = 4 << 20  # numbers of one band of rows: 16 to 32 MB while it is summed
_MOST: Final = 1 << 25  # numbers read of one frame; of a larger one rows are left out


class Look(NamedTuple):
    """What stands between stored values and light (PS3.3 C.11)."""

    slope: float
    intercept: float
    window: Window | None
    table: Table | None  # VOI LUT, used where there is no window
    inverted: bool


def fit(height: float, width: float, rows: int, columns: int) -> tuple[int, int]:
    """Return rows and columns of a picture inside an icon, its shape kept.

    Args:
        height: of the picture, in any unit.
        width: of the picture, in the same unit.
        rows: of the icon.
        columns: of the icon.
    """
    factor = min(rows / height, columns / width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def render(cells: Cells, look: Look, rows: int, columns: int) -> "Array":
    """Return the picture as bytes of *rows* x *columns*."""
    import numpy as np

    if look.slope != 1.0:  # whole stored values are no whole values then
        cells = cells._replace(whole=False)
    values = shrink(cells, rows, columns)
    if cells.scale:
        grey = np.rint(values * (255 / cells.scale))
    else:
        grey = _through_voi(values * look.slope + look.intercept, look, cells.whole)
    if look.inverted:
        grey = 255 - grey
    return np.asarray(np.clip(grey, 0, 255).astype(np.uint8))


def centred(picture: "Array", rows: int, columns: int) -> bytes:
    """Return a picture amid an icon; what it leaves is black."""
    import numpy as np

    height, width = picture.shape
    if (height, width) == (rows, columns):
        return bytes(picture.tobytes())
    icon = np.zeros((rows, columns), np.uint8)
    top, left = (rows - height) // 2, (columns - width) // 2
    icon[top : top + height, left : left + width] = picture
    return bytes(icon.tobytes())


def shrink(cells: Cells, rows: int, columns: int) -> "Array":
    """Return the average of the pixels under each pixel of the icon, (rows, columns).

    Whole numbers stay whole: they are rounded after each of the two directions.
    """
    import numpy as np

    step = max(1, math.ceil(cells.height * cells.width / _MOST))
    height = math.ceil(cells.height / step)
    shares = _shares(height, rows)
    alike = not height % rows and not _UNIT % (height // rows)
    at_once = max(1, _BAND * rows // (height * cells.width))
    bands = []
    for first in range(0, rows, at_once):
        wanted = shares[first : first + at_once]
        start, past = wanted[0].first, wanted[-1].past
        band = cells.rows(start * step, min(past * step, cells.height), step)
        bands.append(_average(band.reshape(past - start, cells.width), wanted, alike))
    tall = bands[0] if len(bands) == 1 else np.concatenate(bands)
    wide = _rounded(tall, cells) @ _matrix(cells.width, columns, tall.dtype.char)
    return _rounded(np.asarray(wide, np.float64), cells)


def _rounded(values: "Array", cells: Cells) -> "Array":
    import numpy as np

    return np.asarray(np.floor(values + 0.5)) if cells.whole else values


class _Share(NamedTuple):
    """What goes into one pixel of the icon: source pixels and their weights, which sum to 1."""

    first: int
    past: int
    weights: "Array"


@lru_cache(maxsize=8)
def _shares(source: int, target: int) -> list[_Share]:
    """Return how *source* pixels are poured into *target* ones, each *_UNIT* large.

    Every source pixel brings the same whole number of units; what is missing at the end is
    taken from the last. Where that would be more than one pixel, shares are exact.
    """
    import numpy as np

    brought: float = target * _UNIT // source
    if target * _UNIT - source * brought >= _UNIT:
        brought = target * _UNIT / source
    shares = []
    for position in range(target):
        begin, end = position * _UNIT, (position + 1) * _UNIT
        first = min(int(begin // brought), source - 1)
        past = min(math.ceil(end / brought), source)
        edges = np.arange(first, past + 1) * brought
        edges[0] = begin
        edges[-1] = end
        shares.append(_Share(first, past, np.diff(edges) / _UNIT))
    return shares


@lru_cache(maxsize=2)
def _matrix(source: int, target: int, kind: str) -> "Array":
    """Return the shares as (source, target) weights."""
    import numpy as np

    matrix = np.zeros((source, target), kind)
    for position, share in enumerate(_shares(source, target)):
        matrix[share.first : share.past, position] = share.weights
    return matrix


def _average(values: "Array", shares: list[_Share], alike: bool) -> "Array":
    """Return rows of *values* averaged, one row a share; the first share begins at the first.

    Args:
        values: the rows.
        shares: what to average.
        alike: every share takes the same number of whole rows.
    """
    import numpy as np

    kind = np.float32 if values.dtype.itemsize <= 2 else np.float64
    numbers = values.astype(kind, copy=False)
    height, width = numbers.shape
    if alike:
        whole = numbers.reshape(len(shares), -1, width)
        return np.asarray(np.add.reduce(whole, axis=1) * kind(len(shares) / height))
    start = shares[0].first
    averages = np.empty((len(shares), width), kind)
    for position, share in enumerate(shares):
        rows = numbers[share.first - start : share.past - start]
        averages[position] = np.dot(share.weights.astype(kind), rows)
    return averages


def _through_voi(values: "Array", look: Look, whole: bool) -> "Array":
    import numpy as np

    if look.window is not None:
        return _windowed(values, look.window)
    if look.table is not None:
        return look.table.look_up(np.rint(values)) * (255 / look.table.top)
    return _windowed(values, _range_of(values, whole))


def _range_of(values: "Array", whole: bool) -> Window:
    """Return the window from the least to the greatest value."""
    low, high = float(values.min()), float(values.max())
    if whole:  # PS3.3 C.11.2.1.2 counts values, not distances
        return Window((low + high + 1) / 2, high - low + 1, "LINEAR")
    return Window((low + high) / 2, high - low, "LINEAR_EXACT")


def _windowed(values: "Array", window: Window) -> "Array":
    """Return values from 0 to 255 (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    import numpy as np

    center, width, function = window
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return np.asarray(255 / (1 + np.exp(-4 * (values - center) / width)))
    if function != "LINEAR_EXACT":
        center, width = center - 0.5, width - 1
    if width <= 0:
        return np.where(values <= center, 0.0, 255.0)
    return np.asarray(np.clip((values - center) / width + 0.5, 0, 1) * 255)
