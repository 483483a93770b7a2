"""Fields of a UDF volume, taken apart as they stand (ECMA-167 1/7, 3/7, 4/14; OSTA UDF 2.1)."""

from binascii import crc_hqx
from struct import Struct
from typing import Final, NamedTuple

# Identifiers of descriptor tags (ECMA-167 3/7.2.1, 4/7.2.1)
PRIMARY, ANCHOR, POINTER, IMPLEMENTATION_USE, PARTITION, LOGICAL = 1, 2, 3, 4, 5, 6
UNALLOCATED, TERMINATING, INTEGRITY = 7, 8, 9
FILE_SET, FILE_IDENTIFIER, MORE_ALLOCATION, INDIRECT, FILE_ENTRY = 256, 257, 258, 259, 261
SPACE_BITMAP, EXTENDED_FILE_ENTRY = 264, 266

# Types of files (ECMA-167 4/14.6.6, UDF 2.3.5.2)
UNSPECIFIED, FOLDER, BYTES, SYMBOLIC_LINK, STREAMS = 0, 4, 5, 12, 13
VIRTUAL_TABLE, REAL_TIME, METADATA, METADATA_MIRROR, METADATA_BITMAP = 248, 249, 250, 251, 252

# File characteristics (ECMA-167 4/14.4.3)
HIDDEN, IS_FOLDER, DELETED, PARENT = 1, 2, 4, 8

TAG_LENGTH: Final = 16  # bytes
REVISIONS: Final = {
    0x0101: "1.01",
    0x0102: "1.02",
    0x0150: "1.50",
    0x0200: "2.00",
    0x0201: "2.01",
    0x0250: "2.50",
    0x0260: "2.60",
}

_TAG: Final = Struct("<HHBBHHHI")
_SHORT: Final = Struct("<II")
_LONG: Final = Struct("<IIH6x")


class Tag(NamedTuple):
    """The first 16 bytes of a descriptor."""

    identifier: int
    version: int  # 2 for NSR02, 3 for NSR03
    checksum: int
    reserved: int
    serial: int
    crc: int
    crc_length: int  # bytes after the tag that the CRC covers
    location: int  # block of the partition, or sector of the volume


def parse_tag(data: bytes) -> Tag | None:
    """Return the tag that *data* begins with, whatever is wrong with it; None if it is shorter."""
    return Tag._make(_TAG.unpack_from(data)) if len(data) >= TAG_LENGTH else None


def tag_fault(data: bytes, tag: Tag, location: int) -> str:
    """Return in words what is wrong with a descriptor that lies at *location*; "" if nothing."""
    if (sum(data[:4]) + sum(data[5:TAG_LENGTH])) & 0xFF != tag.checksum:
        return "the checksum of its tag is wrong"
    if tag.location != location:
        return f"its tag says block {tag.location}, and it lies at {location}"
    if TAG_LENGTH + tag.crc_length > len(data):
        return f"its CRC is to cover {tag.crc_length} bytes, more than there are"
    if crc_hqx(data[TAG_LENGTH : TAG_LENGTH + tag.crc_length], 0) != tag.crc:
        return "its CRC is wrong"
    return ""


class Address(NamedTuple):
    """A long allocation descriptor without its implementation use (ECMA-167 4/14.14.2)."""

    length: int  # bytes
    kind: int  # 0 recorded, 1 allocated only, 2 neither, 3 more descriptors lie there
    block: int
    partition: int  # number of the partition map


def parse_long(data: bytes, at: int) -> Address:
    """Take a long allocation descriptor apart."""
    length, block, partition = _LONG.unpack_from(data, at)
    return Address(length & 0x3FFFFFFF, length >> 30, block, partition)


class VolumeExtent(NamedTuple):
    """A run of sectors of the volume (ECMA-167 3/7.1)."""

    length: int  # bytes
    sector: int


def parse_extent(data: bytes, at: int) -> VolumeExtent:
    """Take an extent descriptor apart."""
    return VolumeExtent._make(_SHORT.unpack_from(data, at))


def parse_text(field: bytes) -> str | None:
    """Return compressed Unicode as text (UDF 2.1.1); None where it is none.

    What cannot be a character comes out as the replacement character, so that every text can be
    written down.
    """
    if not field:
        return ""
    if field[0] in (8, 254):
        return field[1:].decode("latin-1")
    if field[0] in (16, 255) and len(field) % 2:
        return field[1:].decode("utf-16-be", "replace")
    return None


def parse_dstring(field: bytes) -> str:
    """Return the text of a field of fixed length, whose last byte counts the others (UDF 2.1.3)."""
    used = min(field[-1], len(field) - 1)
    text = parse_text(field[:used])
    return "" if text is None else text.rstrip("\0")


def parse_identifier(field: bytes) -> bytes:
    """Return the name in an entity identifier (ECMA-167 1/7.4) without its padding."""
    return field[1:24].rstrip(b"\0")


def parse_u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def parse_u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
