"""What can be encoded in which transfer syntax, as rows (PS3.5 8.2, A.4). Pure and light."""

from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, iterate_elements, name_of, text
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, RLE, name_of_syntax

JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS: Final = "1.2.840.10008.1.2.4.70"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000: Final = "1.2.840.10008.1.2.4.91"

_GREY: Final = frozenset(("MONOCHROME1", "MONOCHROME2"))
_COLOURS: Final = frozenset(("RGB", "YBR_FULL"))
_ANY: Final = _GREY | _COLOURS | {"PALETTE COLOR"}
# What colours become when they are decoded; uncompressed they are hardly ever called so.
_DECODED: Final = {"YBR_FULL_422": "RGB", "YBR_RCT": "RGB", "YBR_ICT": "RGB"}
_SAMPLES: Final = {"RGB": 3, "YBR_FULL": 3}  # Samples per Pixel; 1 for all others
_LARGEST_SIDE: Final = 65500  # rows or columns that the JPEG library takes

_SAMPLES_PER_PIXEL: Final = 0x00280002
_PHOTOMETRIC: Final = 0x00280004
_ROWS: Final = 0x00280010
_COLUMNS: Final = 0x00280011
_ALLOCATED: Final = 0x00280100
_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102
_SIGNED: Final = 0x00280103
_LOSSY: Final = 0x00282110
_NUMBER: Final = Struct("<H").unpack_from


class Coding(NamedTuple):
    """What one transfer syntax takes."""

    uid: str
    lossless: bool
    photometrics: frozenset[str]
    allocated: frozenset[int]  # Bits Allocated
    stored: range  # Bits Stored
    signed: bool  # Pixel Representation may be 1
    whole_cells: bool  # bits above Bits Stored are coded too, and High Bit does not matter
    source: str


CODINGS: Final[tuple[Coding, ...]] = (
    Coding(RLE, True, _ANY, frozenset((8, 16)), range(1, 17), True, True, "PS3.5 8.2.2, A.4.2, G"),
    Coding(
        JPEG_BASELINE,
        False,
        _GREY | _COLOURS,
        frozenset((8,)),
        range(8, 9),
        False,
        False,
        "PS3.5 8.2.1, A.4.1",
    ),
    Coding(
        JPEG_EXTENDED,
        False,
        _GREY,
        frozenset((16,)),
        range(1, 13),
        False,
        False,
        "PS3.5 8.2.1, A.4.1",
    ),
    Coding(
        JPEG_LOSSLESS,
        True,
        _ANY,
        frozenset((8, 16)),
        range(1, 17),
        True,
        False,
        "PS3.5 8.2.1, A.4.1",
    ),
    Coding(
        JPEG_2000_LOSSLESS,
        True,
        _ANY,
        frozenset((8, 16)),
        range(1, 17),
        True,
        False,
        "PS3.5 8.2.4, A.4.4",
    ),
    Coding(
        JPEG_2000,
        False,
        _GREY | _COLOURS,
        frozenset((8, 16)),
        range(1, 17),
        True,
        False,
        "PS3.5 8.2.4, A.4.4",
    ),
)
CODING: Final = {row.uid: row for row in CODINGS}

# What `profiles.transcode` can write.
ENCODABLE: Final = frozenset((EXPLICIT_LITTLE, *CODING))
LOSSLESS: Final = frozenset((EXPLICIT_LITTLE, *(row.uid for row in CODINGS if row.lossless)))


class Shape(NamedTuple):
    """What of an image decides how it can be encoded; None where an attribute is absent."""

    samples: int | None
    photometric: str
    rows: int | None
    columns: int | None
    allocated: int | None
    stored: int | None
    high_bit: int | None
    signed: int | None


def why_not_encodable(target_syntax: str, facts: bytes) -> str:
    """Return "" when an image can be encoded in a transfer syntax, else why not, for an operator.

    Args:
        target_syntax: UID.
        facts: attributes of the image in Explicit VR Little Endian, such as `Instance.facts`:
            those of `profiles.values.ALWAYS`, and Lossy Image Compression (0028,2110) if known.
    """
    if target_syntax == EXPLICIT_LITTLE:
        return ""
    try:
        values = {
            tag: facts[value:after]
            for tag, _, _, value, after in iterate_elements(facts)
            if tag >> 16 == 0x0028
        }
    except BadEncoding:
        return "its attributes do not parse"
    photometric = text(values.get(_PHOTOMETRIC, b""))
    shape = Shape(
        samples=_number(values, _SAMPLES_PER_PIXEL),
        photometric=_DECODED.get(photometric, photometric),
        rows=_number(values, _ROWS),
        columns=_number(values, _COLUMNS),
        allocated=_number(values, _ALLOCATED),
        stored=_number(values, _STORED),
        high_bit=_number(values, _HIGH_BIT),
        signed=_number(values, _SIGNED),
    )
    return why_not_shape(target_syntax, shape, was_lossy=text(values.get(_LOSSY, b"")) == "01")


def _number(values: dict[int, bytes], tag: int) -> int | None:
    value = values.get(tag, b"")
    return int(_NUMBER(value)[0]) if len(value) >= 2 else None


def why_not_shape(target_syntax: str, shape: Shape, *, was_lossy: bool = False) -> str:
    """Return "" when an image of *shape* can be encoded in a syntax, else why not.

    Args:
        target_syntax: UID.
        shape: of the image.
        was_lossy: its pixels have been through lossy compression already.
    """
    coding = CODING.get(target_syntax)
    if coding is None:
        return f"{name_of_syntax(target_syntax)} is not written"
    return (
        _why_no_image(shape) or _why_not_cells(coding, shape) or _why_not_again(coding, was_lossy)
    )


def _why_no_image(shape: Shape) -> str:
    if not shape.rows or not shape.columns or not shape.photometric:
        return "it is not an image with pixel data"
    if shape.allocated is None or shape.stored is None:
        absent = _ALLOCATED if shape.allocated is None else _STORED
        return f"{name_of(absent)} is missing"
    if max(shape.rows, shape.columns) > _LARGEST_SIDE:
        return f"it is larger than {_LARGEST_SIDE} rows or columns"
    wanted = _SAMPLES.get(shape.photometric, 1)
    if (shape.samples or 1) != wanted:
        return f"it is {shape.photometric} with {shape.samples} samples per pixel, not {wanted}"
    return ""


def _why_not_cells(coding: Coding, shape: Shape) -> str:
    name = name_of_syntax(coding.uid)
    allocated, stored = shape.allocated or 0, shape.stored or 0
    if shape.photometric not in coding.photometrics:
        return f"{name} is not written for {shape.photometric}"
    if allocated not in coding.allocated or stored not in coding.stored or stored > allocated:
        return f"{name} is not written for {stored} bits in cells of {allocated}"
    if shape.signed and not coding.signed:
        return f"{name} is not written for signed values"
    if not coding.whole_cells and shape.high_bit not in (None, stored - 1):
        return f"{name} needs High Bit one less than Bits Stored, and it is {shape.high_bit}"
    return ""


def _why_not_again(coding: Coding, was_lossy: bool) -> str:
    if was_lossy and not coding.lossless:
        return "it has been through lossy compression already, and must not go through it again"
    return ""
