"""Writes ASN.1 values in DER (X.690): what CMS needs of it, with the length known before."""

from collections.abc import Iterable
from functools import cache
from typing import Final

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
NULL_TAG: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONSTRUCTED: Final = 0x20


def context(number: int, *, is_constructed: bool = True) -> int:
    """Return the identifier octet of the context tag [*number*]."""
    return 0x80 | number | (CONSTRUCTED if is_constructed else 0)


def head(tag: int, length: int) -> bytes:
    """Return identifier and length octets of a value with *length* bytes of content."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def whole_size(content: int) -> int:
    """Return the size of a value with *content* bytes in it, its head included."""
    return len(head(0, content)) + content


def value(tag: int, *parts: bytes) -> bytes:
    """Return a value whose content is *parts* one after the other."""
    content = b"".join(parts)
    return head(tag, len(content)) + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of whole values."""
    return value(SEQUENCE, *parts)


def set_of(parts: Iterable[bytes], tag: int = SET) -> bytes:
    """Return a SET OF, in ascending order of what is in it (X.690 11.6)."""
    return value(tag, *sorted(parts))


def integer(number: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octet_string(content: bytes) -> bytes:
    """Return a primitive OCTET STRING."""
    return value(OCTET_STRING, content)


@cache
def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER (X.690 8.19)."""
    first, second, *others = map(int, dotted.split("."))
    return value(OBJECT_IDENTIFIER, *map(_base_128, (40 * first + second, *others)))


def _base_128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))


NULL: Final = value(NULL_TAG)
