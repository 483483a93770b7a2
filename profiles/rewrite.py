"""Writes a data set of any encoding as Explicit VR Little Endian (PS3.5 A.2), in a stream.

Values that need no change are copied as bytes. Sequences that are written anew get undefined
lengths, so that nothing is held in memory to learn its length.
"""

from array import array
from collections.abc import Sequence
from typing import BinaryIO, Final

from dicomdir.elements import LONG_LENGTH, LONG_VRS, TAG_VR_LENGTH, encode_element
from profiles.fields import (
    BIG,
    DEEPEST,
    EXPLICIT,
    IMPLICIT,
    SWAPPED,
    Buffer,
    CannotTranscode,
    Encoding,
    Field,
    number_of,
    read_items,
    read_level,
    settle_vrs,
)
from profiles.pixel_plan import PIXEL_DATA, PixelPlan, plan_pixels
from profiles.transfer_syntaxes import EXPLICIT_BIG, IMPLICIT_LITTLE

_STEP: Final = 1 << 20  # bytes copied at once
_ITEM_OPEN: Final = bytes.fromhex("feff00e0ffffffff")
_ITEM_CLOSE: Final = bytes.fromhex("feff0de000000000")
_SEQUENCE_CLOSE: Final = bytes.fromhex("feffdde000000000")
_UNDEFINED: Final = LONG_LENGTH.pack(0xFFFFFFFF)
# An encapsulated icon inside a sequence (PS3.5 A.4): OB or OW of undefined length.
_ENCAPSULATED: Final = (
    bytes.fromhex("e07f10004f420000ffffffff"),
    bytes.fromhex("e07f10004f570000ffffffff"),
)
_SIGNED: Final = 0x00280103
_BITS_ALLOCATED: Final = 0x00280100
_LAST: Final = 1 << 32  # no tag is larger


def encoding_of(syntax: str) -> Encoding:
    """Return how the elements of a data set are laid out, deflation already undone."""
    return {IMPLICIT_LITTLE: IMPLICIT, EXPLICIT_BIG: BIG}.get(syntax, EXPLICIT)


class Rewriter:
    """Copies one data set from a buffer into a file."""

    def __init__(
        self,
        data: Buffer,
        syntax: str,
        out: BinaryIO,
        added: Sequence[tuple[int, bytes]] = (),
    ) -> None:
        self._data = data
        self._added = added  # tag and VR of elements to add with no value
        self._view = memoryview(data)
        self._syntax = syntax
        self._out = out
        # Bytes of pixel data that were decoded, padding included; None when none were.
        self.pixel_bytes: int | None = None
        # Elements at the top that are others than in the source; b"": left out.
        self.changed: dict[int, bytes] = {}

    def close(self) -> None:
        """Let go of the buffer, so that it can be closed."""
        self._view.release()

    def write(self, start: int, stop: int) -> None:
        """Write the data set that stands between two offsets of the buffer.

        Raises:
            CannotTranscode: the source is not well-formed, or a frame does not decode.
        """
        self._level(start, stop, encoding_of(self._syntax), signed=False, depth=0)

    def _level(
        self, start: int, stop: int, encoding: Encoding, *, signed: bool, depth: int
    ) -> None:
        if depth > DEEPEST:
            raise CannotTranscode(f"sequences are nested more than {DEEPEST} levels deep")
        fields = read_level(self._data, start, stop, encoding)
        representation = number_of(self._data, fields, _SIGNED, encoding)
        if representation is not None:
            signed = representation == 1
        if encoding.implicit:
            fields = settle_vrs(self._data, fields, signed=signed)
        plan = PixelPlan()
        if encoding == EXPLICIT:
            plan = plan_pixels(self._data, fields, self._syntax, top=depth == 0)
        if depth == 0:
            present = {field.tag for field in fields}
            for tag, vr in self._added:
                if tag not in present:
                    plan.changed.setdefault(tag, encode_element(tag, vr, b""))
            self.changed = plan.changed
        pending = sorted(tag for tag, element in plan.changed.items() if element)
        for field in fields:
            while pending and pending[0] <= field.tag:
                self._out.write(plan.changed[pending.pop(0)])
            if field.tag & 0xFFFF and field.tag not in plan.changed:  # group lengths are retired
                self._field(field, encoding, plan, fields, signed=signed, depth=depth)
        for tag in pending:
            self._out.write(plan.changed[tag])

    def _field(
        self,
        field: Field,
        encoding: Encoding,
        plan: PixelPlan,
        level: list[Field],
        *,
        signed: bool,
        depth: int,
    ) -> None:
        if field.tag == PIXEL_DATA and field.undefined:
            self._pixel_data(plan)
            if depth == 0:
                self.pixel_bytes = plan.total + plan.total % 2
        elif field.vr == b"SQ" or (field.undefined and field.vr == b"UN"):
            self._sequence(field, encoding, signed=signed, depth=depth)
        elif field.undefined:
            raise CannotTranscode(f"{field.vr.decode()} of undefined length is no sequence")
        elif encoding == EXPLICIT and (field.stop - field.start) % 2 == 0:
            self._copy(field.header, field.stop)
        else:
            self._value(field, self._width(field, encoding, level))

    def _pixel_data(self, plan: PixelPlan) -> None:
        self._out.write(plan.header)
        written = 0
        for piece in plan.pieces():
            self._out.write(piece)
            written += len(piece)
        if written != plan.total:
            raise CannotTranscode(f"{written} bytes of pixel data came out, not {plan.total}")
        if written % 2:
            self._out.write(b"\0")

    def _sequence(self, field: Field, encoding: Encoding, *, signed: bool, depth: int) -> None:
        inner = IMPLICIT if field.vr == b"UN" else encoding
        if encoding == EXPLICIT and not self._holds_frames(field):
            self._copy(field.header, field.stop)
            return
        group, element = field.tag >> 16, field.tag & 0xFFFF
        self._out.write(TAG_VR_LENGTH.pack(group, element, b"SQ", 0) + _UNDEFINED)
        for start, stop in read_items(self._data, field, inner):
            self._out.write(_ITEM_OPEN)
            self._level(start, stop, inner, signed=signed, depth=depth + 1)
            self._out.write(_ITEM_CLOSE)
        self._out.write(_SEQUENCE_CLOSE)

    def _holds_frames(self, field: Field) -> bool:
        """Return whether an icon in a sequence is encapsulated; seldom said in vain."""
        content = self._data[field.start : field.stop]
        return any(mark in content for mark in _ENCAPSULATED)

    def _width(self, field: Field, encoding: Encoding, level: list[Field]) -> int:
        """Return how many bytes change places together; 1: none do."""
        if not encoding.big:
            return 1
        width = SWAPPED.get(field.vr, 1)
        if field.tag == PIXEL_DATA and field.vr == b"OW":
            # Cells larger than a word are numbers of that size, as toolkits write them.
            bits = number_of(self._data, level, _BITS_ALLOCATED, encoding) or 16
            return bits // 8 if bits in (32, 64) else 2
        return width

    def _value(self, field: Field, width: int) -> None:
        length = field.stop - field.start
        padded = length + length % 2
        group, element = field.tag >> 16, field.tag & 0xFFFF
        if field.vr in LONG_VRS:
            head = TAG_VR_LENGTH.pack(group, element, field.vr, 0) + LONG_LENGTH.pack(padded)
        else:
            head = TAG_VR_LENGTH.pack(group, element, field.vr, padded)
        self._out.write(head)
        self._copy(field.start, field.stop, width if length % width == 0 else 1)
        if length % 2:
            self._out.write(b"\0" if field.vr in (b"UI", b"OB", b"UN") else b" ")

    def _copy(self, start: int, stop: int, width: int = 1) -> None:
        for position in range(start, stop, _STEP):
            piece = self._view[position : min(position + _STEP, stop)]
            if width == 1:
                self._out.write(piece)
            else:
                numbers = array({2: "H", 4: "I", 8: "Q"}[width], bytes(piece))
                numbers.byteswap()
                self._out.write(numbers.tobytes())
            piece.release()
