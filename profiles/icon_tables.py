"""Look-up tables of an image as arrays: palettes, Modality LUT, VOI LUT (PS3.3 C.7.6.3, C.11)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from profiles.icon_header import Header, NoIcon

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

# Descriptor, plain data and segmented data of the red, green and blue palette.
_PALETTES: Final = (
    (0x00281101, 0x00281201, 0x00281221),
    (0x00281102, 0x00281202, 0x00281222),
    (0x00281103, 0x00281203, 0x00281223),
)
_WEIGHTS: Final = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
_DESCRIPTOR: Final = 0x00283002
_DATA: Final = 0x00283006
_MODALITY_SEQUENCE: Final = 0x00283000
_VOI_SEQUENCE: Final = 0x00283010
_DEEPEST_INDIRECTION: Final = 4096  # segments copied by reference; real palettes have a few


@dataclass(frozen=True, slots=True)
class Table:
    """A look-up table; values below its first or above its last entry take that entry."""

    first: int  # the value that the first entry stands for
    entries: "Array"  # float32
    top: float  # the highest value that an entry may have

    def look_up(self, values: "Array") -> "Array":
        """Return the entries of whole numbers."""
        import numpy as np

        indices = values.astype(np.int64) - self.first
        return np.asarray(self.entries[np.clip(indices, 0, len(self.entries) - 1)])


def modality_table(header: Header, *, signed: bool) -> Table | None:
    """Return the first Modality LUT that can be used."""
    return _first_table(header, _MODALITY_SEQUENCE, signed=signed)


def voi_table(header: Header, *, signed: bool) -> Table | None:
    """Return the first VOI LUT that can be used."""
    return _first_table(header, _VOI_SEQUENCE, signed=signed)


def _first_table(header: Header, sequence: int, *, signed: bool) -> Table | None:
    for item in header.items(sequence):
        return _table(item, _DESCRIPTOR, item.value(_DATA), signed=signed)
    return None


def luminance_palette(header: Header, *, signed: bool) -> Table:
    """Return the brightness, from 0 to 255, of each entry of the palettes.

    Raises:
        NoIcon: there is no palette, or one that cannot be read.
    """
    import numpy as np

    tables = []
    for descriptor, data, segmented in _PALETTES:
        value = header.value(data)
        if not value and header.value(segmented):
            value = _expanded(header, descriptor, segmented)
        table = _table(header, descriptor, value, signed=signed)
        if table is None:
            raise NoIcon("its palette cannot be read")
        tables.append(table)
    length = min(len(table.entries) for table in tables)
    mixed = np.zeros(length, np.float32)
    for weight, table in zip(_WEIGHTS, tables, strict=True):
        mixed += table.entries[:length] * np.float32(weight * 255 / table.top)
    return Table(tables[0].first, mixed, 255.0)


def _descriptor(header: Header, tag: int, *, signed: bool) -> tuple[int, int, int] | None:
    """Return number of entries, first value and bits of an entry."""
    value = header.value(tag)
    if len(value) < 6:
        return None
    numbers = [int.from_bytes(value[i : i + 2], header.byte_order) for i in (0, 2, 4)]
    if (signed or header.fields[tag].vr == b"SS") and numbers[1] > 0x7FFF:
        numbers[1] -= 0x10000
    return numbers[0] or 0x10000, numbers[1], numbers[2]


def _table(header: Header, descriptor: int, data: bytes, *, signed: bool) -> Table | None:
    import numpy as np

    described = _descriptor(header, descriptor, signed=signed)
    if described is None or not data:
        return None
    length, first, bits = described
    order = ">" if header.encoding.big else "<"
    # Entries of 8 bits stand two to a word, or, in many files, one.
    packed = len(data) < 2 * length and bits <= 8
    if packed and header.encoding.big:  # the words are OW
        data = np.frombuffer(data[: len(data) // 2 * 2], np.uint16).byteswap().tobytes()
    width = np.dtype(np.uint8) if packed else np.dtype(f"{order}u2")
    entries = np.frombuffer(data[: len(data) // width.itemsize * width.itemsize], width)[:length]
    if not len(entries):
        return None
    # A descriptor of 8 bits with entries of 16 is common; the entries are believed.
    top = (1 << min(max(bits, 1), 16)) - 1
    if int(entries.max()) > top:
        top = 0xFFFF
    return Table(first, entries.astype(np.float32), float(top))


def _expanded(header: Header, descriptor: int, segmented: int) -> bytes:
    """Return segmented palette data as plain entries (PS3.3 C.7.9.2).

    Raises:
        NoIcon: a segment is of no known kind, or points outside.
    """
    import numpy as np

    described = _descriptor(header, descriptor, signed=False)
    if described is None:
        raise NoIcon("its palette cannot be read")
    length, _, bits = described
    order = ">" if header.encoding.big else "<"
    width = np.dtype(np.uint8) if bits <= 8 else np.dtype(f"{order}u2")
    value = header.value(segmented)
    words = np.frombuffer(value[: len(value) // width.itemsize * width.itemsize], width).tolist()
    entries: list[int] = []
    _Segments(words, 2 if bits <= 8 else 1).expand(entries, length)
    plain = np.clip(np.array(entries[:length]), 0, 0xFFFF)
    return bytes(plain.astype(np.uint8 if bits <= 8 else f"{order}u2").tobytes())


class _Segments:
    """The words of a segmented palette."""

    def __init__(self, words: list[int], halves: int) -> None:
        self._words = words
        self._halves = halves  # an offset takes two words of 16 bits, four of 8 bits

    def expand(self, entries: list[int], length: int) -> None:
        position, steps = 0, 0
        while position + 1 < len(self._words) and len(entries) < length:
            steps += 1
            position = self._segment(entries, position, steps)

    def _segment(self, entries: list[int], position: int, steps: int) -> int:
        """Add the entries of one segment; return where the next one begins."""
        words = self._words
        kind, count = words[position], words[position + 1]
        position += 2
        if kind == 0:  # discrete
            entries += words[position : position + count]
            return position + count
        if kind == 1 and position < len(words):  # linear
            start, end = entries[-1] if entries else 0, words[position]
            entries += [round(start + (end - start) * i / count) for i in range(1, count + 1)]
            return position + 1
        if kind == 2 and steps < _DEEPEST_INDIRECTION:  # indirect: segments that stand elsewhere
            return self._indirect(entries, position, count)
        raise NoIcon("its palette has segments of an unknown kind")

    def _indirect(self, entries: list[int], position: int, count: int) -> int:
        parts = self._words[position : position + 2 * self._halves]
        unit = 8 if self._halves == 2 else 16
        offset = sum(part << unit * i for i, part in enumerate(parts))
        place = offset // (1 if self._halves == 2 else 2)
        for _ in range(count):
            if place + 1 >= len(self._words) or self._words[place] == 2:
                raise NoIcon("its palette points outside itself")
            place = self._segment(entries, place, 0)
        return position + 2 * self._halves
