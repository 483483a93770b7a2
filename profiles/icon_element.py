"""Icon Image Sequence (0088,0200) as bytes, and its place in a record's keys (PS3.3 F.7)."""

from functools import cache
from struct import Struct
from typing import Final

from dicomdir.elements import encode_element, encode_item, iterate_elements

ICON_TAG: Final = 0x00880200
_PIXEL_DATA: Final = 0x7FE00010
_US: Final = Struct("<H").pack
_GREY: Final = 0x60
_LINE: Final = 0x90


def encode_icon(rows: int, columns: int, cells: bytes) -> bytes:
    """Return the element (0088,0200) in Explicit VR Little Endian.

    Args:
        rows: of the icon.
        columns: of the icon.
        cells: one byte a pixel, row by row; 0 is black.
    """
    pixel_data = encode_element(_PIXEL_DATA, b"OB", cells)  # OW is deprecated (PS3.11 B.3.3.2)
    return encode_element(ICON_TAG, b"SQ", encode_item(_description(rows, columns) + pixel_data))


@cache
def _description(rows: int, columns: int) -> bytes:
    """Return the Image Pixel Macro without its pixels, as narrow as any profile asks for it."""
    return b"".join(
        (
            encode_element(0x00280002, b"US", _US(1)),  # Samples per Pixel
            encode_element(0x00280004, b"CS", b"MONOCHROME2"),
            encode_element(0x00280010, b"US", _US(rows)),
            encode_element(0x00280011, b"US", _US(columns)),
            encode_element(0x00280100, b"US", _US(8)),  # Bits Allocated
            encode_element(0x00280101, b"US", _US(8)),  # Bits Stored
            encode_element(0x00280102, b"US", _US(7)),  # High Bit
            encode_element(0x00280103, b"US", _US(0)),  # Pixel Representation
        )
    )


@cache
def neutral_cells(rows: int, columns: int) -> bytes:
    """Return what stands for a picture that could not be made: grey with a cross, no anatomy."""
    cells = bytearray([_GREY]) * (rows * columns)
    for row in range(rows):
        column = row * columns // rows
        cells[row * columns + column] = _LINE
        cells[row * columns + columns - 1 - column] = _LINE
    return bytes(cells)


def with_icon(keys: bytes, icon: bytes) -> bytes:
    """Return the keys of a record with the icon in its place; one that is there is replaced.

    Args:
        keys: elements in Explicit VR Little Endian and tag order.
        icon: the element (0088,0200).

    Raises:
        BadEncoding: *keys* do not parse.
    """
    for tag, _, offset, _, after in iterate_elements(keys):
        if tag == ICON_TAG:
            return keys[:offset] + icon + keys[after:]
        if tag > ICON_TAG:
            return keys[:offset] + icon + keys[offset:]
    return keys + icon
