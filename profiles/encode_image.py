"""Writes a data set anew with its frames compressed, or with them as they are.

The source is in Explicit VR Little Endian, native or encapsulated: all elements that do not
change are copied as bytes. Frames are coded one at a time, so that memory stays flat.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final, NamedTuple

from dicomdir.elements import (
    ITEM_HEADER,
    LONG_LENGTH,
    SEQUENCE_END,
    TAG_VR_LENGTH,
    UNDEFINED_LENGTH,
    encode_element,
    name_of,
)
from dicomdir.file_meta import encode_file_meta
from profiles.decode import Pixels
from profiles.encodable import LOSSLESS, Shape, why_not_shape
from profiles.encode import Coder, NativeFrames, encode_frame, make_coder
from profiles.encode_lossy import RATIO, RATIO_BYTES, derived_uid, describe_lossy, why_not_lossy
from profiles.fields import EXPLICIT, Buffer, CannotTranscode, Field, read_level
from profiles.pixel_plan import PIXEL_DATA, read_pixels

_STEP: Final = 1 << 20  # bytes copied at once
_PHOTOMETRIC: Final = 0x00280004
_PLANAR: Final = 0x00280006
_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102
_UI_PADDED: Final = (b"UI", b"OB", b"UN")
_NUMBER: Final = Struct("<H").pack
_LAST_OFFSET: Final = 0xFFFFFFFF  # of a Basic Offset Table

Added = Sequence[tuple[int, bytes]]  # tag and VR of elements to add with no value


class Order(NamedTuple):
    """What is to become of an image."""

    target_syntax: str
    sop_class_uid: str
    sop_instance_uid: str
    added: Added = ()
    quality: int = 0  # of a lossy syntax, 1 to 100


class Written(NamedTuple):
    """What stands in the target, for the check."""

    head: int  # bytes before the data set
    changed: dict[int, bytes]  # tag → element as written; b"": left out
    coder: Coder | None  # how the frames were coded; None: they were copied


def add_empty(fields: list[Field], added: Added) -> dict[int, bytes]:
    """Return the elements of *added* that a level does not have, with no value."""
    present = {field.tag for field in fields}
    return {tag: encode_element(tag, vr, b"") for tag, vr in added if tag not in present}


def copy_image(data: Buffer, start: int, target: Path, order: Order) -> Written:
    """Write a data set with elements added and its frames untouched.

    Raises:
        CannotTranscode: it is not well-formed.
    """
    fields = read_level(data, start, len(data), EXPLICIT)
    changed = add_empty(fields, order.added)
    head = encode_file_meta(order.sop_class_uid, order.sop_instance_uid, order.target_syntax)
    with target.open("wb") as out:
        out.write(head)
        _write_level(out, data, fields, changed, None)
    return Written(len(head), changed, None)


def encode_image(data: Buffer, start: int, target: Path, order: Order) -> Written:
    """Write a data set with native pixel data as one with compressed frames.

    Raises:
        CannotTranscode: it is no image, or one that the syntax does not take.
    """
    fields = read_level(data, start, len(data), EXPLICIT)
    pixels, frames = _native(data, fields, order)
    changed = add_empty(fields, order.added)
    uid = order.sop_instance_uid
    if order.target_syntax not in LOSSLESS:
        why_not = why_not_lossy(order.sop_class_uid, order.quality, data, fields)
        if why_not:
            raise CannotTranscode(why_not)
        uid = derived_uid(uid, order.target_syntax, order.quality)
        changed |= describe_lossy(
            data, fields, order.sop_class_uid, uid, order.target_syntax, order.quality
        )
    coder = make_coder(order.target_syntax, frames, pixels, order.quality)
    changed |= _described(coder)
    head = encode_file_meta(order.sop_class_uid, uid, order.target_syntax)
    with target.open("w+b") as out:
        out.write(head)
        places = _write_level(out, data, fields, changed, (coder, frames))
        if RATIO in changed and order.target_syntax not in LOSSLESS:
            changed[RATIO] = _fill_ratio(out, places, pixels)
    return Written(len(head), changed, coder)


def _native(data: Buffer, fields: list[Field], order: Order) -> tuple[Pixels, NativeFrames]:
    """Return the native pixel data of a data set, when the target's syntax takes it."""
    found = next((field for field in fields if field.tag == PIXEL_DATA), None)
    if found is None:
        raise CannotTranscode("it is not an image with pixel data")
    if found.undefined:
        raise CannotTranscode("its pixel data is encapsulated, and its syntax says that it is not")
    pixels = read_pixels(data, fields)
    why_not = why_not_shape(order.target_syntax, _shape(pixels))
    if why_not:
        raise CannotTranscode(why_not)
    stop = found.start + pixels.total_bytes
    if stop > found.stop:
        raise CannotTranscode(
            f"the pixel data has {found.stop - found.start} bytes, and its frames "
            f"{pixels.total_bytes}"
        )
    if found.stop - stop > 1 and any(data[stop : found.stop]):
        raise CannotTranscode("the pixel data goes on after the last frame")
    return pixels, NativeFrames(data, found.start, pixels)


def _shape(pixels: Pixels) -> Shape:
    return Shape(
        pixels.samples,
        pixels.photometric,
        pixels.rows,
        pixels.columns,
        pixels.allocated,
        pixels.stored,
        pixels.high_bit,
        int(pixels.signed),
    )


def _described(coder: Coder) -> dict[int, bytes]:
    """Return the elements of the Image Pixel Module that follow the frames (PS3.3 C.7.6.3)."""
    pixels = coder.pixels
    changed: dict[int, bytes] = {}
    if coder.photometric != pixels.photometric:
        changed[_PHOTOMETRIC] = encode_element(_PHOTOMETRIC, b"CS", coder.photometric.encode())
    if coder.planar is not None and coder.planar != pixels.planar:
        changed[_PLANAR] = encode_element(_PLANAR, b"US", _NUMBER(coder.planar))
    if coder.stored != pixels.stored:
        changed[_STORED] = encode_element(_STORED, b"US", _NUMBER(coder.stored))
        changed[_HIGH_BIT] = encode_element(_HIGH_BIT, b"US", _NUMBER(coder.stored - 1))
    return changed


class _Places(NamedTuple):
    """Where in the target something is to be filled in or counted."""

    ratio: int  # offset of the value of the ratio; 0: there is none
    coded_bytes: int  # of all frames, padding included


def _write_level(
    out: BinaryIO,
    data: Buffer,
    fields: list[Field],
    changed: Mapping[int, bytes],
    coded: tuple[Coder, NativeFrames] | None,
) -> _Places:
    ratio = coded_bytes = 0
    pending = sorted(tag for tag, element in changed.items() if element)

    def write_pending(limit: int) -> None:
        nonlocal ratio
        while pending and pending[0] <= limit:
            tag = pending.pop(0)
            if tag == RATIO:
                ratio = out.tell() + 8
            out.write(changed[tag])

    for field in fields:
        write_pending(field.tag)
        if field.tag in changed or not field.tag & 0xFFFF:  # group lengths are retired
            continue
        if field.tag == PIXEL_DATA and coded is not None:
            coded_bytes = _write_frames(out, *coded)
        else:
            _copy_field(out, data, field)
    write_pending(0xFFFFFFFF)
    return _Places(ratio, coded_bytes)


def _copy_field(out: BinaryIO, data: Buffer, field: Field) -> None:
    if (field.stop - field.start) % 2 == 0:
        for position in range(field.header, field.stop, _STEP):
            out.write(data[position : min(position + _STEP, field.stop)])
    elif field.undefined or field.stop - field.start > _STEP:
        raise CannotTranscode(f"{name_of(field.tag)} has an odd length")
    else:
        out.write(encode_element(field.tag, field.vr, data[field.start : field.stop]))


def _write_frames(out: BinaryIO, coder: Coder, frames: NativeFrames) -> int:
    """Write encapsulated pixel data, a fragment per frame and its offset in the table (A.4)."""
    out.write(TAG_VR_LENGTH.pack(0x7FE0, 0x0010, b"OB", 0) + LONG_LENGTH.pack(UNDEFINED_LENGTH))
    number = coder.pixels.frames
    out.write(ITEM_HEADER.pack(0xFFFE, 0xE000, 4 * number))
    table = out.tell()
    out.write(bytes(4 * number))
    offsets = []
    offset = total = 0
    for frame in frames:
        stream = encode_frame(frame, coder)
        if offset > _LAST_OFFSET:
            raise CannotTranscode("the compressed frames are too large for an offset table")
        offsets.append(offset)
        out.write(ITEM_HEADER.pack(0xFFFE, 0xE000, len(stream)))
        out.write(stream)
        offset += 8 + len(stream)
        total += len(stream)
    out.write(ITEM_HEADER.pack(SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0))
    end = out.tell()
    out.seek(table)
    out.write(Struct(f"<{number}I").pack(*offsets))
    out.seek(end)
    return total


def _fill_ratio(out: BinaryIO, places: _Places, pixels: Pixels) -> bytes:
    ratio = pixels.total_bytes / max(places.coded_bytes, 1)
    value = f"{ratio:.2f}".encode().ljust(RATIO_BYTES)
    out.seek(places.ratio)
    out.write(value)
    return encode_element(RATIO, b"DS", value)
