"""What becomes of one encapsulated Pixel Data and of the elements that describe it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from dicomdir.elements import LONG_LENGTH, TAG_VR_LENGTH, encode_element, text
from profiles.decode import Frame, Pixels, decode_frame
from profiles.fields import Buffer, CannotTranscode, Field, number_of, value_of
from profiles.frames import join, split_into_frames
from profiles.transfer_syntaxes import TRANSFER_SYNTAXES

PIXEL_DATA: Final = 0x7FE00010
EXTENDED_OFFSETS: Final = 0x7FE00001
# Extended Offset Table, its lengths and the total length describe the encapsulation alone.
_ENCAPSULATION: Final = (EXTENDED_OFFSETS, 0x7FE00002, 0x7FE00003)
_PHOTOMETRIC: Final = 0x00280004
_PLANAR: Final = 0x00280006
_LOSSY: Final = 0x00282110
_LOSSY_RATIO: Final = 0x00282112
_LOSSY_METHOD: Final = 0x00282114
_LARGEST: Final = 0xFFFFFFFE  # bytes; the length field has 32 bits and one value is taken

# Elements that a conversion may change; all others keep their bytes.
CHANGEABLE: Final = frozenset(
    (PIXEL_DATA, *_ENCAPSULATION, _PHOTOMETRIC, _PLANAR, _LOSSY, _LOSSY_RATIO, _LOSSY_METHOD)
)


@dataclass(slots=True)
class PixelPlan:
    """Changes to one level of a data set, and the pixel data as a stream of pieces."""

    changed: dict[int, bytes] = field(default_factory=dict)  # tag → element; b"": left out
    total: int = 0  # bytes of native pixel data
    pieces: Callable[[], Iterator[bytes]] = lambda: iter(())
    header: bytes = b""


def read_pixels(data: Buffer, fields: list[Field]) -> Pixels:
    """Return the Image Pixel attributes of a level.

    Raises:
        CannotTranscode: one that is needed is missing or is nonsense.
    """

    def number(tag: int, default: int | None = None) -> int:
        found = number_of(data, fields, tag)
        if found is None and default is None:
            raise CannotTranscode(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is missing")
        return found if found is not None else default or 0

    allocated = number(0x00280100)
    stored = number(0x00280101, allocated)
    if not 0 < stored <= allocated:
        raise CannotTranscode(f"Bits Stored is {stored}, Bits Allocated {allocated}")
    return Pixels(
        rows=number(0x00280010),
        columns=number(0x00280011),
        samples=number(0x00280002, 1),
        allocated=allocated,
        stored=stored,
        high_bit=number(0x00280102, stored - 1),
        signed=number(0x00280103, 0) == 1,
        planar=number_of(data, fields, _PLANAR),
        photometric=text(value_of(data, fields, _PHOTOMETRIC) or b""),
        frames=_number_of_frames(value_of(data, fields, 0x00280008)),
        overlays=_has_embedded_overlays(data, fields),
    )


def _number_of_frames(value: bytes | None) -> int:
    try:
        number = int(text(value)[:12]) if value and text(value) else 1
    except ValueError:
        number = 0
    if number < 1:
        raise CannotTranscode("Number of Frames is not a positive number")
    return number


def _has_embedded_overlays(data: Buffer, fields: list[Field]) -> bool:
    """Return whether overlay planes stand in unused bits of the cells (retired, PS3.5 8.1.2)."""
    with_data = {f.tag >> 16 for f in fields if f.tag & 0xFF01FFFF == 0x60003000}
    planes = {f.tag >> 16 for f in fields if f.tag & 0xFF01FFFF == 0x60000100}
    return any(
        (number_of(data, fields, group << 16 | 0x0100) or 1) > 1 for group in planes - with_data
    )


def plan_pixels(data: Buffer, fields: list[Field], syntax: str, *, top: bool) -> PixelPlan:
    """Return what becomes of a level; nothing changes when its pixel data is not encapsulated.

    Args:
        data: the source.
        fields: the level.
        syntax: transfer syntax of the source.
        top: the level is the data set itself, not an icon in an Item of it.
    """
    plan = PixelPlan()
    found = next((f for f in fields if f.tag == PIXEL_DATA and f.undefined), None)
    if found is None:
        return plan
    pixels = read_pixels(data, fields)
    if pixels.total_bytes > _LARGEST or not pixels.total_bytes:
        raise CannotTranscode(f"{pixels.total_bytes} bytes of pixel data cannot be stored")
    extended = next((f for f in fields if f.tag == EXTENDED_OFFSETS), None)
    offsets = data[extended.start : extended.stop] if extended else b""
    frames = split_into_frames(data, found, pixels.frames, offsets)
    first = decode_frame(join(data, frames[0]), syntax, pixels)
    plan.total = pixels.total_bytes
    plan.header = _pixel_header(pixels)
    plan.changed = dict.fromkeys(_ENCAPSULATION, b"")
    _describe(plan.changed, pixels, first.photometric)
    if top and first.lossy:
        compressed = sum(length for frame in frames for _, length in frame)
        _mark_lossy(plan.changed, data, fields, syntax, pixels.total_bytes / max(compressed, 1))

    def native() -> Iterator[Frame]:
        yield first
        for number, parts in enumerate(frames[1:], start=2):
            frame = decode_frame(join(data, parts), syntax, pixels)
            if frame.photometric != first.photometric:
                raise CannotTranscode(f"frame {number} has other colours than the first")
            yield frame

    plan.pieces = lambda: _packed(native()) if pixels.allocated == 1 else _plain(native())
    return plan


def _describe(changed: dict[int, bytes], pixels: Pixels, photometric: str) -> None:
    if photometric != pixels.photometric:
        changed[_PHOTOMETRIC] = encode_element(_PHOTOMETRIC, b"CS", photometric.encode())
    # Colours stand by pixel whatever they were; the element is required then (PS3.3 C.7.6.3).
    if pixels.samples > 1 and pixels.planar != 0:
        changed[_PLANAR] = encode_element(_PLANAR, b"US", b"\0\0")


def _mark_lossy(
    changed: dict[int, bytes], data: Buffer, fields: list[Field], syntax: str, ratio: float
) -> None:
    """Note that the pixels have been through lossy compression, where that is not noted yet."""
    if text(value_of(data, fields, _LOSSY) or b"") != "01":
        changed[_LOSSY] = encode_element(_LOSSY, b"CS", b"01")
    if not value_of(data, fields, _LOSSY_RATIO):
        changed[_LOSSY_RATIO] = encode_element(_LOSSY_RATIO, b"DS", f"{ratio:.2f}".encode())
    method = TRANSFER_SYNTAXES[syntax].method
    if method and not value_of(data, fields, _LOSSY_METHOD):
        changed[_LOSSY_METHOD] = encode_element(_LOSSY_METHOD, b"CS", method.encode())


def _pixel_header(pixels: Pixels) -> bytes:
    vr = b"OW" if pixels.allocated > 8 else b"OB"  # PS3.5 A.2
    length = pixels.total_bytes + pixels.total_bytes % 2
    return TAG_VR_LENGTH.pack(0x7FE0, 0x0010, vr, 0) + LONG_LENGTH.pack(length)


def _plain(frames: Iterator[Frame]) -> Iterator[bytes]:
    for frame in frames:
        yield frame.cells


def _packed(frames: Iterator[Frame]) -> Iterator[bytes]:
    """Pack cells of one bit: frames follow one another without a gap (PS3.5 8.1.1)."""
    import numpy as np

    left = np.zeros(0, np.uint8)
    for frame in frames:
        bits = np.concatenate((left, np.frombuffer(frame.cells, np.uint8)))
        whole = len(bits) // 8 * 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        left = bits[whole:]
    if len(left):
        yield np.packbits(left, bitorder="little").tobytes()
