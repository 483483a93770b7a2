"""Reads ASN.1 values in BER (X.690): small ones whole, large strings as a stream.

Takes definite and indefinite lengths and strings in segments, as `openssl cms -stream` writes
them. Depth and sizes are bounded; input that is wrong ends in `BerError`, soon.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from secure.der import CONSTRUCTED, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, value

DEEPEST: Final = 24  # values inside of one another; CMS with certificates needs about 12
LARGEST: Final = 1 << 20  # bytes of a value that is read whole, such as all recipients together
_COST: Final = 16  # bytes that a value counts as beside its own: many empty ones take long too
_TINY: Final = 64  # bytes; people write segments of 1,000 and more
_MOST_TINY: Final = 1 << 17  # segments, beyond one for every `_TINY` bytes
_INDEFINITE: Final = 0x80
_END: Final = b"\0\0"  # end-of-contents octets (X.690 8.1.5)

Piece = bytes | memoryview


class BerError(ValueError):
    """The input is not what BER says it should be; the text tells what and at which byte."""


class BerTooMuch(BerError):
    """It is BER, but deeper or larger than is accepted."""


class Value(NamedTuple):
    """A value that was read whole."""

    tag: int  # identifier octet
    content: bytes  # without end-of-contents octets
    raw: bytes  # all of it, as it stood there

    def children(self, least: int = 0, most: int | None = None) -> list["Value"]:
        """Return the values inside.

        Raises:
            BerError: they do not fill it exactly, or are not as many as is said.
        """
        if not self.tag & CONSTRUCTED:
            raise BerError(f"tag {self.tag:02X}H is not constructed")
        found = values(self.content, most)
        if len(found) < least:
            raise BerError(f"{len(found)} values where {least} are needed")
        return found

    def octets(self, depth: int = 0) -> bytes:
        """Return the octets of a string, its segments joined; *depth* is how deep it stands."""
        if not self.tag & CONSTRUCTED:
            return self.content
        refuse_depth(depth)
        return b"".join(_segment(child, depth + 1) for child in self.children())

    def number(self) -> int:
        """Return an INTEGER of up to eight octets."""
        if self.tag != INTEGER or not 0 < len(self.content) <= 8:
            raise BerError("an INTEGER is missing or too long")
        return int.from_bytes(self.content, "big", signed=True)

    def oid(self) -> str:
        """Return an OBJECT IDENTIFIER as numbers with dots between."""
        content = self.content
        if self.tag != OBJECT_IDENTIFIER or not 0 < len(content) <= 64 or content[-1] & 0x80:
            raise BerError("an OBJECT IDENTIFIER is missing or malformed")
        numbers, number = [], 0
        for octet in content:
            number = number << 7 | octet & 0x7F
            if not octet & 0x80:
                numbers.append(number)
                number = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))

    def der(self, depth: int = 0) -> bytes:
        """Return it in definite lengths and whole strings, in the order that it is in.

        That is DER if what is inside of its strings is, and its sets are in order.
        """
        if self.tag == OCTET_STRING | CONSTRUCTED:
            return value(OCTET_STRING, self.octets(depth))
        if not self.tag & CONSTRUCTED:
            return value(self.tag, self.content)
        refuse_depth(depth)
        return value(self.tag, *(child.der(depth + 1) for child in self.children()))


def refuse_depth(depth: int) -> None:
    """Raise `BerTooMuch` for a value that stands inside of `DEEPEST` others."""
    if depth >= DEEPEST:
        raise BerTooMuch(f"values {depth} deep")


def _segment(child: Value, depth: int) -> bytes:
    if child.tag & ~CONSTRUCTED != OCTET_STRING:
        raise BerError("a string in segments holds something else")
    return child.octets(depth)


def values(data: bytes, most: int | None = None) -> list[Value]:
    """Return the values that fill *data*, one after the other.

    Raises:
        BerError: they do not, or there are more than *most*.
    """
    found: list[Value] = []
    position = 0
    while position < len(data):
        if most is not None and len(found) == most:
            raise BerTooMuch(f"more than {most} values")
        one, position = _value_at(data, position, 0)
        found.append(one)
    return found


def single(data: bytes) -> Value:
    """Return the one value that fills *data*."""
    found = values(data, 1)
    if not found:
        raise BerError("a value is missing")
    return found[0]


def _value_at(data: bytes, position: int, depth: int) -> tuple[Value, int]:
    """Return the value at *position*, and the position after it."""
    start = position
    tag, length, position = _head_at(data, position)
    if length is not None:
        end = position + length
        if end > len(data):
            raise BerError("a value is longer than what it is in")
        return Value(tag, data[position:end], data[start:end]), end
    refuse_depth(depth)
    begin = position
    while data[position : position + 2] != _END:
        _, position = _value_at(data, position, depth + 1)
    end = position + 2
    return Value(tag, data[begin:position], data[start:end]), end


def _head_at(data: bytes, position: int) -> tuple[int, int | None, int]:
    """Return tag, length (None: indefinite) and the position of the content."""
    try:
        tag, first = data[position], data[position + 1]
    except IndexError:
        raise BerError("ends within a value") from None
    position += 2
    if tag & 0x1F == 0x1F:
        raise BerError("a tag number that CMS does not use")
    if first < _INDEFINITE:
        return tag, first, position
    if first == _INDEFINITE:
        if not tag & CONSTRUCTED:
            raise BerError("an indefinite length where none can be")
        return tag, None, position
    octets = first & 0x7F
    if octets > 8 or position + octets > len(data):
        raise BerError("a length that no file can have")
    end = position + octets
    return tag, int.from_bytes(data[position:end], "big"), end


class Octets:
    """Pieces of bytes as they come, to be taken in other lengths."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Take from *pieces*, no more than is asked for."""
        self._pieces = iter(pieces)
        self._left = memoryview(b"")
        self.position = 0  # bytes taken

    def peek(self, length: int) -> bytes:
        """Return the next *length* bytes, or what is left before the end, without taking them."""
        if len(self._left) < length:
            self._pull(length)
        return bytes(self._left[:length])

    def _pull(self, length: int) -> None:
        """Have *length* bytes at once, or what is left before the end."""
        if not self._left:  # Most often: nothing has to be copied.
            self._left = memoryview(next(self._pieces, b""))
        parts: list[Piece] = [self._left]
        missing = length - len(self._left)
        while missing > 0 and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            missing -= len(piece)
        if len(parts) > 1:
            self._left = memoryview(b"".join(parts))

    def take(self, length: int) -> bytes:
        """Return exactly *length* bytes."""
        taken = self.peek(length)
        if len(taken) < length:
            raise BerError(f"ends at byte {self.position + len(taken)}, within a value")
        self._left = self._left[length:]
        self.position += length
        return taken

    def some(self, most: int) -> memoryview:
        """Return up to *most* bytes as they come; none only at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return self._left
            self._left = memoryview(piece)
        taken, self._left = self._left[:most], self._left[most:]
        self.position += len(taken)
        return taken


class BerReader:
    """Goes into values and through them, from front to back."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Read what *pieces* yields."""
        self.octets = Octets(pieces)
        self._ends: list[int | None] = []  # of what we are in; None: indefinite
        self._segments = 0  # of strings, so far
        self._limits: list[int | None] = [None]  # the nearest end that is known

    def enter(self, tag: int) -> None:
        """Go into the next value, which must be *tag*."""
        found, length = self._head()
        if found != tag:
            raise BerError(f"tag {found:02X}H instead of {tag:02X}H")
        self._push(length)

    def leave(self) -> None:
        """Go out of the value again, which must be at its end."""
        if self.has_more():
            raise BerError(f"something unknown at byte {self.octets.position}")
        self._limits.pop()
        if self._ends.pop() is None:
            self.octets.take(2)

    def has_more(self) -> bool:
        """Return whether there is another value in the one that we are in."""
        end = self._ends[-1]
        return self.octets.peek(2) != _END if end is None else self.octets.position < end

    def next_tag(self) -> int | None:
        """Return the identifier octet of the next value; None at the end of what we are in."""
        if not self.has_more():
            return None
        head = self.octets.peek(1)
        return head[0] if head else None

    def value(self, largest: int = LARGEST) -> Value:
        """Read the next value whole; one of more than *largest* bytes raises `BerTooMuch`."""
        raw = self._raw(largest, 0)
        return _value_at(raw, 0, 0)[0]

    def string(self, tag: int = OCTET_STRING) -> Iterator[memoryview]:
        """Yield the octets of the next value, a string, whole or in segments, as they come."""
        found, length = self._head()
        if found == tag and length is not None:
            yield from self._run(length)
        elif found == tag | CONSTRUCTED:
            self._push(length)
            while self.has_more():
                self._count_segment()
                yield from self.string()
            self.leave()
        else:
            raise BerError(f"tag {found:02X}H instead of {tag:02X}H")

    def _count_segment(self) -> None:
        self._segments += 1
        if self._segments > _MOST_TINY + self.octets.position // _TINY:
            raise BerTooMuch(f"a string in more than {self._segments - 1:,} tiny segments")

    def _run(self, length: int) -> Iterator[memoryview]:
        while length:
            piece = self.octets.some(length)
            if not piece:
                raise BerError(f"ends at byte {self.octets.position}, within a value")
            length -= len(piece)
            yield piece

    def _raw(self, largest: int, depth: int) -> bytes:
        before = self.octets.position
        start = self.octets.peek(10)
        _, length = self._head()
        head = start[: self.octets.position - before]
        if (length or 0) > largest:  # Below 0 where many values, however small, used it up.
            raise BerTooMuch(f"a value of {length or 0:,} bytes where it should be small")
        if length is not None:
            return head + self.octets.take(length)
        refuse_depth(depth)
        parts = [head]
        while self.octets.peek(2) != _END:
            parts.append(self._raw(largest, depth + 1))
            largest -= len(parts[-1]) + _COST
        parts.append(self.octets.take(2))
        return b"".join(parts)

    def _head(self) -> tuple[int, int | None]:
        """Take identifier and length octets of the next value."""
        start = self.octets.peek(10)
        tag, length, used = _head_at(start, 0)
        self.octets.take(used)
        limit = self._limits[-1]
        if limit is not None and self.octets.position + (length or 0) > limit:
            raise BerError("a value is longer than what it is in")
        return tag, length

    def _push(self, length: int | None) -> None:
        refuse_depth(len(self._ends))
        end = None if length is None else self.octets.position + length
        self._ends.append(end)
        self._limits.append(self._limits[-1] if end is None else end)
