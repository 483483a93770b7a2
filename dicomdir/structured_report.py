"""What a directory record may hold of a structured report's content (PS3.3 F.5.25, F.5.26)."""

from collections.abc import Iterator

from dicomdir.elements import (
    ITEM_HEADER,
    UNDEFINED_LENGTH,
    iterate_elements,
    values_by_tag,
)


def items_of(value: bytes) -> Iterator[bytes]:
    """Yield the content of each Item of a sequence value, without delimiters.

    Raises:
        BadEncoding: an Item does not fit.
    """
    position = 0
    while position + 8 <= len(value):
        group, element, length = ITEM_HEADER.unpack_from(value, position)
        if (group, element) != (0xFFFE, 0xE000):
            return
        start = position + 8
        if length == UNDEFINED_LENGTH:
            # One Item of undefined length ends like a sequence that holds nothing else: walk
            # its elements until the delimiter.
            end = _end_of_item(value, start)
            yield value[start : end - 8]
        else:
            end = start + length
            yield value[start:end]
        position = end


def _end_of_item(value: bytes, start: int) -> int:
    position = start
    while value[position : position + 4] != b"\xfe\xff\x0d\xe0":
        _, _, _, _, position = next(iterate_elements(value, position))
    return position + 8


def concept_modifiers(content_sequence: bytes) -> list[bytes]:
    """Return the Items whose Relationship Type (0040,A010) is HAS CONCEPT MOD."""
    return [
        item
        for item in items_of(content_sequence)
        if values_by_tag(item).get(0x0040A010, b"").strip(b" \0") == b"HAS CONCEPT MOD"
    ]


def latest_verification(observers: bytes) -> bytes:
    """Return the latest Verification DateTime (0040,A030) of a Verifying Observer Sequence."""
    times = [values_by_tag(item).get(0x0040A030, b"").strip(b" \0") for item in items_of(observers)]
    return max(times, default=b"")
