"""Makes the parts of a UDF volume: fields, entries of files, records of directories.

After ECMA-167 1/7 and 4/14, and OSTA UDF 2. Blocks are of 2048 bytes, character sets are OSTA's,
nothing reads a clock.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct, pack
from typing import Final

from media.udf_entries import EMBEDDED, LONG, SHORT, STRATEGY
from media.udf_fields import (
    EXTENDED_FILE_ENTRY,
    FILE_ENTRY,
    FILE_IDENTIFIER,
    SPACE_BITMAP,
    TAG_LENGTH,
)

BLOCK: Final = 2048  # bytes; sectors of every optical disc
LONGEST_EXTENT: Final = (1 << 30) - BLOCK  # bytes: whole blocks within 30 bits
# Everybody may read, write, change the attributes of and delete; and enter directories.
FILE_PERMISSIONS: Final = 0b11110_11110_11110
FOLDER_PERMISSIONS: Final = 0b11111_11111_11111
NOBODY: Final = 0xFFFFFFFF  # owner and group of what has none (UDF 2.3.6.1)

_TAG: Final = Struct("<HHBBHHHI")


def tagged(identifier: int, version: int, location: int, body: bytes) -> bytes:
    """Return a descriptor: *body* with the tag that says what it is and where it lies."""
    head = bytearray(_TAG.pack(identifier, version, 0, 0, 0, crc_hqx(body, 0), len(body), location))
    head[4] = sum(head) & 0xFF
    return bytes(head) + body


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
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a time without its offset from UTC has no place in the standard")
    return _timestamp(moment, offset)


@lru_cache(maxsize=4096)
def _timestamp(moment: datetime, offset: timedelta) -> bytes:
    # The offset is an argument of its own, as one instant in two zones is the same to the cache.
    minutes, rest = divmod(offset, timedelta(minutes=1))
    if rest:
        moment, minutes = moment.astimezone(UTC), 0
    hundredths, rest_of = divmod(moment.microsecond, 10_000)
    return pack(
        "<HhBBBBBBBB",
        1 << 12 | minutes & 0xFFF,
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        hundredths,
        *divmod(rest_of, 100),
    )


def in_blocks(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What an entry says of a file or folder."""

    location: int  # block where the entry itself lies
    type: int
    permissions: int
    links: int
    size: int  # bytes
    modified: datetime
    unique_id: int
    allocation: bytes
    form: int  # of the allocation descriptors


_HEAD: Final = Struct("<IHHHBB6xHIIIHBBIQ")
_FILE_TAIL: Final = Struct("<Q12s12s12sI16x32sQII")
_EXTENDED_TAIL: Final = Struct("<QQ12s12s12s12sI4x16x16x32sQII")
ENTRY_LENGTH: Final = {2: 176, 3: 216}  # bytes before the allocation descriptors


def entry(version: int, facts: EntryFacts) -> bytes:
    """Return the block with a File Entry, or an Extended one where the revision has them."""
    head = _HEAD.pack(
        0,
        STRATEGY,
        0,
        1,
        0,
        facts.type,
        facts.form,
        NOBODY,
        NOBODY,
        facts.permissions,
        facts.links,
        0,
        0,
        0,
        facts.size,
    )
    blocks = 0 if facts.form == EMBEDDED else -(-facts.size // BLOCK)
    time = timestamp(facts.modified)
    lengths = 0, len(facts.allocation)
    if version == 2:
        tail = _FILE_TAIL.pack(
            blocks, time, time, time, 1, IMPLEMENTATION, facts.unique_id, *lengths
        )
        identifier = FILE_ENTRY
    else:
        tail = _EXTENDED_TAIL.pack(
            facts.size,
            blocks,
            time,
            time,
            time,
            time,
            1,
            IMPLEMENTATION,
            facts.unique_id,
            *lengths,
        )
        identifier = EXTENDED_FILE_ENTRY
    body = head + tail + facts.allocation
    return tagged(identifier, version, facts.location, body).ljust(BLOCK, b"\0")


def allocations(size: int, block: int, partition: int | None) -> bytes:
    """Return the descriptors of one run: short ones, or long ones into another *partition*."""
    pieces = []
    while size:
        step = min(size, LONGEST_EXTENT)
        if partition is None:
            pieces.append(pack("<II", step, block))
        else:
            pieces.append(long_allocation(step, block, partition))
        size -= step
        block += step // BLOCK
    return b"".join(pieces)


def allocations_length(size: int, partition: int | None) -> int:
    """Return the bytes of the descriptors of a run of *size* bytes."""
    return -(-size // LONGEST_EXTENT) * (8 if partition is None else 16)


def form_of(partition: int | None) -> int:
    return SHORT if partition is None else LONG


def record_length(name: bytes) -> int:
    """Return the bytes of a record of a directory whose compressed name is *name*."""
    return (38 + len(name) + 3) & ~3


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
    block, partition, unique_id = address
    body = (
        pack("<HBB", 1, characteristics, len(name))
        + long_allocation(BLOCK, block, partition, unique_id)
        + bytes(2)
        + name
    )
    return tagged(
        FILE_IDENTIFIER, version, location, body.ljust(record_length(name) - TAG_LENGTH, b"\0")
    )


def bitmap_head(facts_version: int, location: int, bits: int) -> bytes:
    """Return a Space Bitmap Descriptor up to its bits; a bit of one is a free block.

    Its CRC is left out, as UDF allows (2.3.8.1).
    """
    head = bytearray(_TAG.pack(SPACE_BITMAP, facts_version, 0, 0, 0, 0, 0, location))
    head[4] = sum(head) & 0xFF
    return bytes(head) + pack("<II", bits, -(-bits // 8))
