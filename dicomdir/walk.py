"""The walk over a data set's elements, on bytes, once, keeping only what was asked for.

This is the hot path of the house: thousands of headers pass through it, so the two common
encodings have a loop of their own with everything in local names, and no object is made per
element. A value that is not wanted is jumped over; what lies past the window that was read with
the head costs one small read at the place jumped to.

Tags are kept *swapped* in here, as the four bytes read as one little-endian number give them
(element in the upper half): that saves two operations per element.
"""

from collections.abc import Callable, Mapping
from struct import Struct, error
from typing import Final

from dicomdir.elements import LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH
from dicomdir.layout_memo import INSIDE, LONGEST, LayoutMemo, Met

PRead = Callable[[int, int], bytes]  # (length, offset) -> bytes, like os.pread on one file

HEAD: Final = 16384  # bytes read at once when a file is opened
JUMP: Final = 4096  # bytes read where a jump lands past what is in memory
# A selection key is small. Anything larger than this is not one, whatever it says.
LARGEST_KEY: Final = 16 * 1024 * 1024
LARGEST_KEYS: Final = 32 * 1024 * 1024  # bytes of all keys of one file that go past the window
DEEPEST: Final = 128  # levels of sequences; real objects have fewer than ten

PIXEL_DATA: Final = 0x00107FE0  # (7FE0,0010), swapped
_EXPLICIT: Final = Struct("<I2sH").unpack_from
_TAG_LITTLE: Final = Struct("<HH2sH").unpack_from
_EXPLICIT_BIG: Final = Struct(">HH2sH").unpack_from
_IMPLICIT: Final = Struct("<II").unpack_from
_IMPLICIT_BIG: Final = Struct(">HHI").unpack_from
_LENGTH: Final = Struct("<I").unpack_from
_ITEM: Final = 0xE000FFFE  # swapped
_ITEM_END: Final = 0xE00DFFFE
_SEQUENCE_END: Final = 0xE0DDFFFE
_MOST_INSIDE: Final = 400  # headers within one sequence that still may be part of a run
_PADDING: Final = b" \0"
_LENGTH_BIG: Final = Struct(">I").unpack_from


def swap(tag: int) -> int:
    """Return (gggg,eeee) as 0xggggeeee in swapped form 0xeeeegggg, and back."""
    return (tag & 0xFFFF) << 16 | tag >> 16


class Truncated(ValueError):
    """The file ends inside an element."""


class Malformed(ValueError):
    """The bytes do not parse as elements in this encoding."""


class Twice(ValueError):
    """An element that says whose the file is stands there twice, and says two things."""

    def __init__(self, tag: int) -> None:
        super().__init__(tag)
        self.tag = tag  # 0xggggeeee


class Window:
    """A run of a file's bytes in memory that moves forward over it."""

    __slots__ = ("base", "data", "encapsulated", "other_vrs", "pread", "size", "taken")

    def __init__(self, pread: PRead, size: int, data: bytes, base: int = 0) -> None:
        self.pread, self.size, self.data, self.base = pread, size, data, base
        self.taken = 0  # bytes of values that were read past the window
        self.other_vrs = False  # a wanted element stood under another VR than its own
        # Offset of the value of pixel data of undefined length at the top level; 0: none seen.
        self.encapsulated = 0

    def move(self, offset: int, length: int = JUMP) -> None:
        """Put the window at *offset*; raises Truncated where the file does not go so far."""
        if offset > self.size:
            raise Truncated(f"an element ends at byte {offset}, the file at byte {self.size}")
        length = min(length, self.size - offset)
        self.data = self.pread(length, offset)
        self.base = offset
        if len(self.data) < length:
            raise Truncated(f"the file ends before byte {offset + length}, it has shrunk")

    def take(self, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end* of the file."""
        if end > self.size:
            raise Truncated(f"an element ends at byte {end}, the file at byte {self.size}")
        if end - start > LARGEST_KEY:
            raise Malformed(f"the value at byte {start} is too large for a selection key")
        base = self.base
        if start >= base and end <= base + len(self.data):
            return self.data[start - base : end - base]
        self.taken += end - start
        if self.taken > LARGEST_KEYS:
            raise Malformed("its selection keys are too large together")
        if start >= base and start < base + len(self.data):
            have = self.data[start - base :]
            return have + self.pread(end - start - len(have), start + len(have))
        return self.pread(end - start, start)


Found = dict[int, bytes]

# What says whose a file is and where it belongs: of two that differ, one reader believes the
# first and another the last.
_IDENTIFYING: Final = frozenset(
    map(
        swap,
        (
            0x00080005,  # Specific Character Set
            0x00080016,  # SOP Class UID
            0x00080018,  # SOP Instance UID
            0x00080050,  # Accession Number
            0x00100010,  # Patient's Name
            0x00100020,  # Patient ID
            0x00100021,  # Issuer of Patient ID
            0x00100030,  # Patient's Birth Date
            0x00100040,  # Patient's Sex
            0x0020000D,  # Study Instance UID
            0x0020000E,  # Series Instance UID
        ),
    )
)


def _refuse_other(tag: int, before: bytes, element: bytes, header: int = 8) -> None:
    """Raise Twice where an identifying element says something else than *before*."""
    # The VRs of all of these have headers of eight bytes; the padding says nothing.
    if tag in _IDENTIFYING and before[header:].strip(_PADDING) != element[header:].strip(_PADDING):
        raise Twice(swap(tag))


def _keep(found: Found, tag: int, element: bytes, header: int = 8) -> None:
    """Add an element; the loops in which each call counts do the same in place.

    Args:
        found: receives it.
        tag: swapped.
        element: as it stands.
        header: bytes of it before the value.
    """
    if tag in found:
        _refuse_other(tag, found[tag], element, header)
    found[tag] = element


def walk_explicit(
    window: Window,
    start: int,
    wanted: Mapping[int, bytes],
    found: Found,
    memo: LayoutMemo | None = None,
) -> None:
    """Walk an Explicit VR Little Endian data set from *start* to the end of the file.

    Args:
        window: holds the file's bytes around *start*.
        start: offset of the first element.
        wanted: swapped tags to keep.
        found: receives swapped tag → the whole element, header included, as it stands.
        memo: what earlier files of the same scan taught, for the same *wanted*.

    Raises:
        Truncated: the file ends inside an element.
        Malformed: a VR is none, or a delimiter is missing; another encoding may fit.
    """
    offset = start
    while True:
        # By runs as far as they are known, then element by element to the window's end.
        if memo is not None:
            offset = _walk_runs(window, offset, wanted, found, memo)
        offset = _walk_elements(window, offset, wanted, found)
        left = window.size - offset
        if left == 0:
            return
        if 0 < left < 12:
            _last_element(window, offset, wanted, found)
            return
        if offset < window.base or offset + 12 > window.base + len(window.data):
            window.move(offset)


def _walk_elements(window: Window, start: int, wanted: Mapping[int, bytes], found: Found) -> int:
    """Walk element by element to the end of the window; return the offset of what comes next."""
    short, long_ = SHORT_VRS, LONG_VRS
    data, base = window.data, window.base
    limit = len(data) - 12  # the last place at which a whole header is in the window
    position = start - base
    while position <= limit:
        tag, vr, length = _EXPLICIT(data, position)
        if vr in short:
            after = position + 8 + length
        elif vr in long_:
            (length,) = _LENGTH(data, position + 8)
            if length == UNDEFINED_LENGTH:
                after = end_of_value(window, base + position + 12, tag, vr) - base
                if window.base != base:  # the window has moved on; go on in the new one
                    if tag in wanted:
                        _keep(found, tag, window.take(base + position, base + after))
                        window.other_vrs = window.other_vrs or vr != wanted[tag]
                    return base + after
            else:
                after = position + 12 + length
        else:
            raise Malformed(f"{vr.hex()} is not a VR, at byte {base + position}")
        if tag in wanted:
            element = (
                data[position:after]
                if after <= len(data)
                else window.take(base + position, base + after)
            )
            if tag in found:
                _refuse_other(tag, found[tag], element)
            found[tag] = element
            window.other_vrs = window.other_vrs or vr != wanted[tag]
        position = after
    return base + position


def _walk_runs(
    window: Window,
    start: int,
    wanted: Mapping[int, bytes],
    found: Found,
    memo: LayoutMemo,
) -> int:
    """Walk as far as the memo knows or can learn; return the offset of what comes next."""
    data, base = window.data, window.base
    room = len(data)
    known = memo.runs.get
    position = start - base
    hits = 0
    while position <= room - 12:
        key = data[position : position + 8]
        run = known(key)
        if run is None:
            if memo.credit <= 0:
                break
            after = _learn(data, position, wanted, found, memo)
            if after == position:
                memo.give_up(key)
                continue
            position = after
            continue
        unpack, expected, kept, length = run
        after = position + length
        if after == position:
            after = _one(window, base + position, wanted, found) - window.base
            if window.base != base:
                return window.base + after
            position = after
            continue
        if after > room:
            break
        if unpack(data, position) != expected:
            memo.shorten(data, position, wanted)
            continue
        for tag, first, last in kept:
            element = data[position + first : position + last]
            if tag in found:
                _refuse_other(tag, found[tag], element)
            found[tag] = element
        position = after
        hits += 1
    memo.credit += hits
    return base + position


def _one(window: Window, offset: int, wanted: Mapping[int, bytes], found: Found) -> int:
    """Walk one element and return the offset just past it; the window may move."""
    data, position = window.data, offset - window.base
    tag, vr, length = _EXPLICIT(data, position)
    value = offset + 8
    if vr in LONG_VRS:
        (length,) = _LENGTH(data, position + 8)
        value += 4
    elif vr not in SHORT_VRS:
        raise Malformed(f"{vr.hex()} is not a VR, at byte {offset}")
    undefined = length == UNDEFINED_LENGTH
    end = end_of_value(window, value, tag, vr) if undefined else value + length
    if tag in wanted:
        _keep(found, tag, window.take(offset, end))
        window.other_vrs = window.other_vrs or vr != wanted[tag]
    return end


def _inside(  # noqa: C901 (one state machine: its branches share everything)
    data: bytes, start: int, vr: bytes, met: list[Met]
) -> int:
    """Note every header within a sequence of undefined length; return its end, 0 if in doubt.

    Encapsulated data is not for runs: its fragments differ from file to file.
    """
    if vr != b"SQ":
        return 0
    position = start
    stack: list[bool] = []  # what is open: True inside an Item, False inside a sequence
    inner = False
    while position + 12 <= len(data) and len(met) < _MOST_INSIDE:
        tag, vr, length = _EXPLICIT(data, position)
        value = position + 8
        if tag & 0xFFFF == 0xFFFE:
            (length,) = _LENGTH(data, position + 4)
            if tag == _ITEM and not inner:
                if length == UNDEFINED_LENGTH:
                    stack.append(inner)
                    inner, length = True, 0
            elif tag == (_ITEM_END if inner else _SEQUENCE_END):
                met.append((INSIDE, 8, 0, 8))
                if not stack:
                    return value
                inner = stack.pop()
                position = value
                continue
            else:
                return 0
        elif not inner:
            return 0
        elif vr in LONG_VRS:
            (length,) = _LENGTH(data, value)
            value += 4
            if length == UNDEFINED_LENGTH:
                if vr != b"SQ":
                    return 0
                stack.append(inner)
                inner, length = False, 0
        elif vr not in SHORT_VRS:
            return 0
        met.append((INSIDE, value - position, length, value - position + length))
        position = value + length
    return 0


def _learn(
    data: bytes, start: int, wanted: Mapping[int, bytes], found: Found, memo: LayoutMemo
) -> int:
    """Walk the elements that may form a run, teach it to the memo, return what comes next."""
    met: list[Met] = []
    position = start
    room = len(data)
    while position <= room - 12 and len(met) < LONGEST:
        tag, vr, length = _EXPLICIT(data, position)
        if vr in SHORT_VRS:
            value = position + 8
        elif vr in LONG_VRS:
            (length,) = _LENGTH(data, position + 8)
            value = position + 12
        else:
            break
        if met and memo.ends_before(tag):
            break
        inside: list[Met] = []
        after = value + length
        if length == UNDEFINED_LENGTH:
            after = _inside(data, value, vr, inside) if tag != PIXEL_DATA else 0
            length = 0
        # Nothing that leaves the window is part of a run, and no key under another VR than its
        # own; whoever walks it element by element takes note of that.
        if not position < after <= room or (tag in wanted and vr != wanted[tag]):
            break
        if tag in wanted:
            _keep(found, tag, data[position:after])
        met.append((tag, value - position, length, after - position))
        met += inside
        position = after
    if met:
        memo.learn(data, start, met, wanted)
    return position


def _last_element(window: Window, offset: int, wanted: Mapping[int, bytes], found: Found) -> None:
    """Take in one short element within the last eleven bytes of a file."""
    data = window.take(offset, window.size)
    if len(data) < 8:
        raise Truncated(f"{len(data)} bytes after the last element, at byte {offset}")
    tag, vr, length = _EXPLICIT(data, 0)
    if vr not in SHORT_VRS:
        if vr in LONG_VRS:
            raise Truncated(f"the file ends in the element at byte {offset}")
        raise Malformed(f"{vr.hex()} is not a VR, at byte {offset}")
    if 8 + length > len(data):
        raise Truncated(f"the file ends in the element at byte {offset}")
    if tag in wanted:
        _keep(found, tag, data[: 8 + length])
        window.other_vrs = window.other_vrs or vr != wanted[tag]
    if 8 + length < len(data):
        raise Truncated(f"{len(data) - 8 - length} bytes after the last element")


def walk_implicit(window: Window, start: int, wanted: Mapping[int, bytes], found: Found) -> None:
    """Walk an Implicit VR Little Endian data set; *found* receives the values alone.

    Raises:
        Truncated, Malformed: as walk_explicit; groups out of order count as malformed, because
            without VRs the order of groups is the only sign that bytes are elements at all.
    """
    data = window.data
    limit = len(data) - 8
    base = window.base
    position = start - base
    group = 0
    while True:
        while position <= limit:
            tag, length = _IMPLICIT(data, position)
            if tag & 0xFFFF < group:
                raise Malformed(f"groups go backwards at byte {base + position}")
            group = tag & 0xFFFF
            if length == UNDEFINED_LENGTH:
                value = base + position + 8
                end = end_of_value(window, value, tag, b"", implicit=True)
                if tag in wanted:
                    _keep(found, tag, window.take(value, end), 0)
                if window.base != base:
                    data, base = window.data, window.base
                    limit = len(data) - 8
                position = end - base
                continue
            after = position + 8 + length
            if tag in wanted:
                element = (
                    data[position + 8 : after]
                    if after <= len(data)
                    else window.take(base + position + 8, base + after)
                )
                _keep(found, tag, element, 0)
            position = after
        offset = base + position
        left = window.size - offset
        if left == 0:
            return
        if 0 < left < 8:
            raise Truncated(f"{left} bytes after the last element, at byte {offset}")
        window.move(offset)
        data, base, position = window.data, offset, 0
        limit = len(data) - 8


def walk_explicit_big(
    window: Window, start: int, wanted: Mapping[int, bytes], found: Found
) -> None:
    """Walk an Explicit VR Big Endian data set (retired); *found* receives the values alone."""
    offset = start
    while offset < window.size:
        header = window.take(offset, min(offset + 12, window.size))
        if len(header) < 8:
            raise Truncated(f"{len(header)} bytes after the last element, at byte {offset}")
        group, element, vr, length = _EXPLICIT_BIG(header, 0)
        tag = element << 16 | group
        value = offset + 8
        if vr in LONG_VRS:
            if len(header) < 12:
                raise Truncated(f"the file ends in the element at byte {offset}")
            (length,) = _LENGTH_BIG(header, 8)
            value += 4
        elif vr not in SHORT_VRS:
            raise Malformed(f"{vr.hex()} is not a VR, at byte {offset}")
        if length == UNDEFINED_LENGTH:
            end = end_of_value(window, value, tag, vr, big=True)
        else:
            end = value + length
        if end > window.size:
            raise Truncated(f"the element at byte {offset} ends at byte {end}")
        if tag in wanted:
            _keep(found, tag, window.take(value, end), 0)
        offset = end
        if offset + 12 > window.base + len(window.data) and offset < window.size:
            window.move(offset)


def end_of_value(  # noqa: C901 (one state machine: its branches share everything)
    window: Window,
    start: int,
    tag: int,
    vr: bytes,
    *,
    implicit: bool = False,
    big: bool = False,
) -> int:
    """Return the offset just past a value of undefined length that begins at *start*.

    Sequences are walked by their elements and encapsulated pixel data by its fragments. The
    window follows. Iterative, and bounded in depth: hostile files nest thousands of levels.

    Raises:
        Truncated, Malformed: as the walks.
    """
    encapsulated = tag == PIXEL_DATA or vr in (b"OB", b"OW")
    if tag == PIXEL_DATA:
        window.encapsulated = start
    read_tag, read_length = (_EXPLICIT_BIG, _LENGTH_BIG) if big else (_TAG_LITTLE, _LENGTH)
    # What is open, innermost last: (inside an Item?, without VRs?). UN of undefined length
    # holds Implicit VR Little Endian whatever the rest is (PS3.5 6.2.2 note).
    is_implicit = implicit or vr == b"UN"
    in_item = False
    stack: list[tuple[bool, bool]] = []
    offset = start
    short, long_ = SHORT_VRS, LONG_VRS
    while True:
        position = offset - window.base
        if position < 0 or position + 12 > len(window.data):
            if offset + 8 > window.size:
                raise Truncated(f"the file ends in a sequence at byte {offset}")
            window.move(offset)
            position = 0
        try:
            group, element, code, length16 = read_tag(window.data, position)
            (length,) = read_length(window.data, position + 4)
        except error as short_read:
            raise Truncated(f"the file ends in a sequence at byte {offset}") from short_read
        if group == 0xFFFE:
            offset += 8
            if element == 0xE000 and not in_item:
                if length == UNDEFINED_LENGTH:
                    if encapsulated:
                        raise Malformed(f"a fragment of undefined length at byte {offset - 8}")
                    stack.append((in_item, is_implicit))
                    in_item = True
                    if len(stack) > DEEPEST:
                        raise Malformed(f"more than {DEEPEST} levels of sequences")
                else:
                    offset += length
            elif element == (0xE00D if in_item else 0xE0DD):
                if not stack:
                    return offset
                in_item, is_implicit = stack.pop()
            else:
                raise Malformed(f"an unexpected delimiter at byte {offset - 8}")
            continue
        if not in_item:
            raise Malformed(f"an element where an Item belongs, at byte {offset}")
        if is_implicit:
            offset += 8
        elif code in short:
            offset += 8
            length = length16
        elif code in long_:
            try:
                (length,) = read_length(window.data, position + 8)
            except error as short_read:
                raise Truncated(f"the file ends in a sequence at byte {offset}") from short_read
            offset += 12
        else:
            raise Malformed(f"{code.hex()} is not a VR, at byte {offset}")
        if length == UNDEFINED_LENGTH:
            stack.append((in_item, is_implicit))
            in_item = False
            is_implicit = is_implicit or code == b"UN"
            if len(stack) > DEEPEST:
                raise Malformed(f"more than {DEEPEST} levels of sequences")
        else:
            offset += length
