"""Makes the parts of a UDF volume: fields, tags, records of directories.

After ECMA-167 1/7 and 4/14, and OSTA UDF 2. Blocks are of 2048 bytes, character sets are OSTA's,
nothing reads a clock.
"""

from binascii import crc_hqx
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct, pack
from typing import Final

from media.udf.fields import (
    FILE_IDENTIFIER,
    SPACE_BITMAP,
    TAG_LENGTH,
)

BLOCK: Final = 2048  # bytes; sectors of every optical disc

_TAG: Final = Struct("<HHBBHHHI")
_RECORD: Final = Struct("<HBBIIHxxIH")


def tagged(identifier: int, version: int, location: int, body: bytes) -> bytes:
    """Return a descriptor: *body* with the tag that says what it is and where it lies."""
    crc, length = crc_hqx(body, 0), len(body)
    head = _TAG.pack(identifier, version, 0, 0, 0, crc, length, location)
    return head[:4] + (sum(head) & 0xFF).to_bytes(1, "little") + head[5:] + body


def compressed(text: str) -> bytes:
    """Return *text* as compressed Unicode, in 8 bits where it fits (UDF 2.1.1)."""
    try:
        return b"\x08" + text.encode("latin-1") if text else b""
    except UnicodeEncodeError:
        return b"\x10" + text.encode("utf-16-be")


def dstring(text: str, length: int) -> bytes:
    """Return a field of *length* bytes whose last byte counts the others."""
    field = compressed(text)
    if len(field) >= length:
        raise ValueError(f"{len(field)} bytes do not fit into {length - 1}")
    return field.ljust(length - 1, b"\0") + bytes((len(field),))


def entity(identifier: bytes, suffix: bytes = b"") -> bytes:
    """Return an entity identifier (ECMA-167 1/7.4)."""
    return b"\0" + identifier.ljust(23, b"\0") + suffix.ljust(8, b"\0")


DEVELOPER: Final = b"*Filmjacket"
IMPLEMENTATION: Final = entity(DEVELOPER)


def extent(length: int, sector: int) -> bytes:
    return pack("<II", length, sector)


def long_allocation(length: int, block: int, partition: int, unique_id: int = 0) -> bytes:
    return pack("<IIHHI", length, block, partition, 0, unique_id)


def timestamp(moment: datetime) -> bytes:
    """Return a timestamp with its offset from UTC (ECMA-167 1/7.3); *moment* is aware."""
    kind_and_zone = _LOCAL_TIME if moment.tzinfo is UTC else _kind_and_zone(moment.utcoffset())
    if kind_and_zone is None:
        moment, kind_and_zone = moment.astimezone(UTC), _LOCAL_TIME
    fraction = moment.microsecond
    return _TIMESTAMP.pack(
        kind_and_zone,
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        fraction // 10_000,
        fraction // 100 % 100,
        fraction % 100,
    )


_TIMESTAMP: Final = Struct("<HhBBBBBBBB")
_LOCAL_TIME: Final = 1 << 12  # the type; its offset from UTC in minutes is added


@lru_cache(maxsize=64)
def _kind_and_zone(offset: timedelta | None) -> int | None:
    """Return the first field of a timestamp; None where *offset* has no whole minutes."""
    if offset is None:
        raise ValueError("a time without its offset from UTC has no place in the standard")
    minutes, rest = divmod(offset, timedelta(minutes=1))
    return None if rest else _LOCAL_TIME | minutes & 0xFFF


def in_blocks(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")


def compressed_length(text: str) -> int:
    """Return the bytes of `compressed` *text*."""
    return len(text) + 1 if text.isascii() and text else len(compressed(text))


def record_length(name: int) -> int:
    """Return the bytes of a record of a directory whose compressed name has *name* bytes."""
    return (38 + name + 3) & ~3


def record(
    version: int,
    location: int,
    name: bytes,
    characteristics: int,
    address: tuple[int, int, int],
) -> bytes:
    """Return a File Identifier Descriptor that lies in block *location*.

    Args:
        version: that of all descriptors.
        location: block in which it begins.
        name: compressed; empty for the directory above.
        characteristics: of the file.
        address: block and partition of its entry, and its unique id.
    """
    body = _RECORD.pack(1, characteristics, len(name), BLOCK, *address, 0) + name
    return tagged(
        FILE_IDENTIFIER, version, location, body.ljust(record_length(len(name)) - TAG_LENGTH, b"\0")
    )


def bitmap_head(facts_version: int, location: int, bits: int) -> bytes:
    """Return a Space Bitmap Descriptor up to its bits; a bit of one is a free block.

    Its CRC is left out, as UDF allows (2.3.8.1).
    """
    head = bytearray(_TAG.pack(SPACE_BITMAP, facts_version, 0, 0, 0, 0, 0, location))
    head[4] = sum(head) & 0xFF
    return bytes(head) + pack("<II", bits, -(-bits // 8))


def free_bits(blocks: int, free: int) -> bytes:
    """Return the bits of a Space Bitmap Descriptor of *blocks*, the last *free* of which are."""
    return ((1 << free) - 1 << blocks - free).to_bytes(-(-blocks // 8), "little")
