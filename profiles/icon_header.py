"""What an icon needs of a data set, found by a cheap walk: pixel cells, window, place of pixels.

Thousands of files are walked, so nothing is decoded that is not asked for, and pixel data is
never touched here.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final, Literal, NamedTuple, cast

from dicomdir.elements import LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, BadEncoding, end_of_undefined
from profiles.fields import BIG, Buffer, Encoding, Field, read_items, read_level

PIXEL_DATA: Final = 0x7FE00010
_FLOAT_PIXEL_DATA: Final = 0x7FE00008
_DOUBLE_PIXEL_DATA: Final = 0x7FE00009
_EXTENDED_OFFSETS: Final = 0x7FE00001
_PIXELS: Final = frozenset((PIXEL_DATA, _FLOAT_PIXEL_DATA, _DOUBLE_PIXEL_DATA))
_SHARED_GROUPS: Final = 0x52009229
_PER_FRAME_GROUPS: Final = 0x52009230
_FRAME_VOI: Final = 0x00289132
_PIXEL_VALUE_TRANSFORMATION: Final = 0x00289145
_PIXEL_MEASURES: Final = 0x00289110
_PIXEL_SPACING: Final = 0x00280030
_IMAGER_SPACING: Final = 0x00181164
_PRESENTATION_LUT_SHAPE: Final = 0x20500020
_WINDOW_CENTER: Final = 0x00281050
_WINDOW_WIDTH: Final = 0x00281051
_MODALITY_SEQUENCE: Final = 0x00283000
_VOI_FUNCTION: Final = 0x00281056
_INTERCEPT: Final = 0x00281052
_SLOPE: Final = 0x00281053
_REPRESENTATIVE: Final = 0x00286010

_LONGEST_VALUE: Final = 1 << 20  # bytes; the longest look-up tables have 128 KiB
_WANTED: Final = frozenset(
    (_IMAGER_SPACING, _PRESENTATION_LUT_SHAPE, _SHARED_GROUPS, _PER_FRAME_GROUPS, _EXTENDED_OFFSETS)
)
_SHORT: Final = Struct("<HH2sH").unpack_from
_LONG: Final = Struct("<I").unpack_from
_IMPLICIT: Final = Struct("<HHI").unpack_from
# The classes whose Modality LUT leads back to intensities and is not for display (PS3.3 C.8.7.1).
_NOT_FOR_DISPLAY: Final = frozenset(
    ("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2", "1.2.840.10008.5.1.4.1.1.12.3")
)


class NoIcon(Exception):
    """No picture can be made of the pixels; the message is for the operator."""


class Window(NamedTuple):
    """A window of (0028,1050), (0028,1051), in values after the modality transformation."""

    center: float
    width: float
    function: str  # VOI LUT Function (0028,1056); "" means LINEAR


class Header:
    """The elements of one data set that say how its pixels are to be shown."""

    def __init__(self, data: Buffer, encoding: Encoding, fields: list[Field]) -> None:
        """Keep the fields by their tags.

        Raises:
            NoIcon: there is no pixel data.
        """
        self.data = data
        self.encoding = encoding
        self.fields = {field.tag: field for field in fields}
        found = [self.fields[tag] for tag in _PIXELS if tag in self.fields]
        if not found:
            raise NoIcon("it has no pixel data")
        self.pixel_data = found[0]

    def value(self, tag: int) -> bytes:
        """Return the bytes of a value, b"" when it is absent."""
        field = self.fields.get(tag)
        if field is None or field.undefined:
            return b""
        return bytes(self.data[field.start : min(field.stop, field.start + _LONGEST_VALUE)])

    def number(self, tag: int, default: int | None = None) -> int:
        """Return the first number of an element of VR US.

        Raises:
            NoIcon: it is absent and there is no default.
        """
        value = self.value(tag)
        if len(value) >= 2:
            return int.from_bytes(value[:2], self.byte_order)
        if default is None:
            raise NoIcon(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is missing")
        return default

    @property
    def byte_order(self) -> Literal["little", "big"]:
        """Return how numbers of several bytes are stored."""
        return "big" if self.encoding.big else "little"

    def text(self, tag: int) -> str:
        """Return the first value of a text of the default repertoire."""
        value = self.value(tag)[:256].decode("ascii", "replace")
        return value.split("\\")[0].strip(" \0")

    def decimals(self, tag: int) -> list[float]:
        """Return the finite numbers of a DS or IS, [] when one is nonsense."""
        try:
            numbers = [float(part) for part in self.value(tag)[:4096].split(b"\\")]
        except ValueError:
            return []
        return numbers if all(abs(number) < 1e300 for number in numbers) else []

    def items(self, tag: int) -> list["Header"]:
        """Return the Items of a sequence; [] when it is absent or does not parse."""
        field = self.fields.get(tag)
        if field is None:
            return []
        return [
            _Item(self.data, self.encoding, read_level(self.data, start, stop, self.encoding))
            for start, stop in read_items(self.data, field, self.encoding)[:1]
        ]

    @property
    def frames(self) -> int:
        """Return Number of Frames; nonsense counts as one."""
        found = self.decimals(0x00280008)
        return max(1, int(found[0])) if found else 1

    @property
    def representative(self) -> int:
        """Return the frame that stands for the image, counted from 0 (PS3.11 A.3.3.2 note)."""
        chosen = self.number(_REPRESENTATIVE, 0)
        if not chosen:
            chosen = self.frames // 3 if self.frames > 3 else 1
        return min(chosen, self.frames) - 1

    @property
    def extended_offsets(self) -> bytes:
        """Return the value of Extended Offset Table, whole."""
        field = self.fields.get(_EXTENDED_OFFSETS)
        return bytes(self.data[field.start : field.stop]) if field else b""

    @property
    def inverted(self) -> bool:
        """Return whether low values are bright.

        MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing, and in DX images both
        are there (PS3.3 C.8.11.3.1.2): the picture is inverted once.
        """
        return (
            self.text(0x00280004) == "MONOCHROME1"
            or self.text(_PRESENTATION_LUT_SHAPE) == "INVERSE"
        )

    def groups(self, frame: int) -> list["Header"]:
        """Return the functional groups of one frame: its own first, then the shared ones."""
        found = []
        per_frame = self.fields.get(_PER_FRAME_GROUPS)
        if per_frame is not None:
            places = read_items(self.data, per_frame, self.encoding)
            if frame < len(places):
                start, stop = places[frame]
                level = read_level(self.data, start, stop, self.encoding)
                found.append(_Item(self.data, self.encoding, level))
        return [*found, *self.items(_SHARED_GROUPS)]

    def levels(self, macro: int, frame: int) -> list["Header"]:
        """Return where the attributes of a macro may stand: the data set, then its groups."""
        nested = [item for group in self.groups(frame) for item in group.items(macro)]
        return [self, *nested]

    def window(self, frame: int) -> Window | None:
        """Return the first window that can be used."""
        for level in self.levels(_FRAME_VOI, frame):
            center, width = level.decimals(_WINDOW_CENTER), level.decimals(_WINDOW_WIDTH)
            function = level.text(_VOI_FUNCTION)
            least = 1.0 if function in ("", "LINEAR") else 1e-9  # PS3.3 C.11.2.1.2
            if center and width and width[0] >= least:
                return Window(center[0], width[0], function)
        return None

    def rescaling(self, sop_class_uid: str, frame: int) -> tuple[float, float]:
        """Return Rescale Slope and Intercept as they count for display."""
        if sop_class_uid in _NOT_FOR_DISPLAY or _MODALITY_SEQUENCE in self.fields:
            return 1.0, 0.0
        for level in self.levels(_PIXEL_VALUE_TRANSFORMATION, frame):
            slope, intercept = level.decimals(_SLOPE), level.decimals(_INTERCEPT)
            if slope and intercept:
                return (slope[0], intercept[0]) if slope[0] else (1.0, 0.0)
        return 1.0, 0.0

    def modality_table_counts(self, sop_class_uid: str) -> bool:
        """Return whether a Modality LUT Sequence is for display."""
        return sop_class_uid not in _NOT_FOR_DISPLAY

    def pixel_height(self, frame: int) -> float:
        """Return how high a pixel is for its width: 1.0 when it is square or nobody says."""
        pairs = [self.decimals(0x00280034)]
        pairs += [level.decimals(_PIXEL_SPACING) for level in self.levels(_PIXEL_MEASURES, frame)]
        pairs.append(self.decimals(_IMAGER_SPACING))
        for pair in pairs:
            if len(pair) == 2 and min(pair) > 0:
                return min(20.0, max(0.05, pair[0] / pair[1]))
        return 1.0


class _Item(Header):
    """One Item of a sequence; it needs no pixel data."""

    def __init__(self, data: Buffer, encoding: Encoding, fields: list[Field]) -> None:
        self.data = data
        self.encoding = encoding
        self.fields = {field.tag: field for field in fields}


def read_header(data: Buffer, start: int, stop: int, encoding: Encoding) -> Header:
    """Walk a data set up to its pixel data.

    Args:
        data: the file, or the inflated data set.
        start: offset of the data set.
        stop: offset at which it ends.
        encoding: how it is encoded.

    Raises:
        NoIcon: there is no pixel data.
        BadEncoding: the data set does not parse.
        CannotTranscode: the same, of a data set in big endian.
    """
    if encoding.big:
        return Header(data, BIG, read_level(data, start, stop, BIG))
    walk: Callable[[Buffer, int, int], list[Field]]
    walk = _walk_implicit if encoding.implicit else _walk_explicit
    return Header(data, encoding, walk(data, start, stop))


def _walk_explicit(data: Buffer, position: int, stop: int) -> list[Field]:
    """Return the fields that an icon may need, the pixel data last."""
    fields = []
    last = stop - 12
    while position <= last:
        group, element, vr, length = _SHORT(data, position)
        value = position + 8
        if vr in LONG_VRS:
            (length,) = _LONG(data, value)
            value += 4
        elif vr not in SHORT_VRS:
            raise BadEncoding(f"{vr.hex()} is not a VR at byte {position}")
        if group == 0x7FE0 and group << 16 | element in _PIXELS:
            fields.append(_pixel_field(group << 16 | element, vr, position, value, length, stop))
            break
        undefined = length == UNDEFINED_LENGTH
        if undefined:
            after = end_of_undefined(cast(bytes, data), value, stop, implicit=vr == b"UN")
        else:
            after = value + length
        if group == 0x0028 or group << 16 | element in _WANTED:
            tag = group << 16 | element
            fields.append(Field(tag, vr, position, value, min(after, stop), undefined))
        position = after
    return fields


def _walk_implicit(data: Buffer, position: int, stop: int) -> list[Field]:
    fields = []
    last = stop - 8
    while position <= last:
        group, element, length = _IMPLICIT(data, position)
        tag = group << 16 | element
        value = position + 8
        if tag in _PIXELS:
            fields.append(_pixel_field(tag, b"", position, value, length, stop))
            break
        undefined = length == UNDEFINED_LENGTH
        after = value + length
        if undefined:
            after = end_of_undefined(cast(bytes, data), value, stop, implicit=True)
        if group == 0x0028 or tag in _WANTED:
            fields.append(Field(tag, b"", position, value, min(after, stop), undefined))
        position = after
    return fields


def _pixel_field(tag: int, vr: bytes, header: int, start: int, length: int, stop: int) -> Field:
    """Return the pixel data; the end of encapsulated pixels is left to who reads its items."""
    if length == UNDEFINED_LENGTH:
        return Field(tag, vr, header, start, stop, undefined=True)
    return Field(tag, vr, header, start, min(start + length, stop), undefined=False)
