"""UDF volumes as packet writers leave them: behind a virtual or a sparable partition.

No tool at hand writes such volumes with files on them, so that they are made from ours.
"""

from binascii import crc_hqx
from struct import pack, pack_into, unpack_from
from typing import Literal

SECTOR = 2048
PARTITION, LOGICAL_VOLUME, FILE_SET, RECORD = 5, 6, 256, 257  # identifiers of tags


def is_tag(data: bytes | bytearray, at: int) -> bool:
    """Return whether the checksum of a tag is right (ECMA-167 3/7.2)."""
    tag = data[at : at + 16]
    return len(tag) == 16 and tag[0:2] != b"\0\0" and (sum(tag) - tag[4]) & 0xFF == tag[4]


def seal(data: bytearray, at: int, length: int | None = None) -> None:
    """Make the tag at *at* good again, for *length* bytes behind it or as many as before."""
    covered = unpack_from("<H", data, at + 10)[0] if length is None else length
    pack_into("<HH", data, at + 8, crc_hqx(bytes(data[at + 16 : at + 16 + covered]), 0), covered)
    data[at + 4] = 0
    data[at + 4] = sum(data[at : at + 16]) & 0xFF


def _tags(data: bytearray, identifier: int, step: int) -> list[int]:
    start = pack("<H", identifier)
    found, at = [], data.find(start)
    while at >= 0:
        if at % step == 0 and is_tag(data, at):
            found.append(at)
        at = data.find(start, at + 1)
    return found


def _partition(data: bytearray) -> int:
    """Return the sector at which the first partition begins."""
    return int(unpack_from("<I", data, _tags(data, PARTITION, SECTOR)[0] + 188)[0])


def with_virtual_partition(image: bytes, revision: Literal["1.50", "2.00"]) -> bytes:
    """Let every entry of a volume without detours be found by a virtual allocation table."""
    data = bytearray(image)
    blocks = len(data) // SECTOR - _partition(data)
    for at in _tags(data, PARTITION, SECTOR):
        pack_into("<I", data, at + 192, 1 << 20)  # blocks: as long as the disc
        seal(data, at)
    for at in _tags(data, LOGICAL_VOLUME, SECTOR):
        virtual = pack("<BBH", 2, 64, 0) + b"\0*UDF Virtual Partition".ljust(32, b"\0")
        data[at + 446 : at + 510] = (virtual + pack("<HH", 1, 0)).ljust(64, b"\0")
        pack_into("<II", data, at + 264, 70, 2)
        pack_into("<H", data, at + 256, 1)  # where the file set is
        seal(data, at, 494)
    for at in _tags(data, FILE_SET, SECTOR):
        pack_into("<H", data, at + 408, 1)  # where the root is
        seal(data, at)
    for at in _tags(data, RECORD, 4):
        pack_into("<H", data, at + 28, 1)  # where its entry is
        seal(data, at)
    numbers = pack(f"<{blocks}I", *range(blocks))
    if revision == "1.50":
        table = numbers + b"\0*UDF Virtual Alloc Tbl".ljust(32, b"\0") + pack("<I", 0xFFFFFFFF)
    else:
        table = pack("<HH", 152, 0).ljust(152, b"\0") + numbers
    return bytes(data + _table_with_entry(data, table, 0 if revision == "1.50" else 248))


def _table_with_entry(data: bytearray, table: bytes, kind: int) -> bytes:
    """Return the table in blocks of its own, and behind it the entry of the file that it is."""
    start = len(data) // SECTOR - _partition(data)
    content = table.ljust(-(-len(table) // SECTOR) * SECTOR, b"\0")
    block = start + len(content) // SECTOR
    entry = bytearray(SECTOR)
    pack_into("<HH", entry, 0, 261, 2)
    pack_into("<I", entry, 12, block)
    pack_into("<IHHH", entry, 16, 0, 4, 0, 1)
    entry[27] = kind
    pack_into("<Q", entry, 56, len(table))
    pack_into("<I", entry, 172, 8)
    pack_into("<II", entry, 176, len(table), start)
    seal(entry, 0, 168)
    return content + bytes(entry)


def with_sparable_partition(image: bytes) -> bytes:
    """Move the first two packets of a volume's partition away, and tell by two sparing tables."""
    data = bytearray(image)
    first, packet = _partition(data), 32
    end = len(data) // SECTOR
    moved = {number * packet: end + number * packet for number in range(2)}
    for origin in moved:
        at = (first + origin) * SECTOR
        data += data[at : at + packet * SECTOR]
        data[at : at + packet * SECTOR] = b"\xee" * packet * SECTOR
    tables = [len(data) // SECTOR + number for number in range(2)]
    rows = [*moved.items(), (0xFFFFFFFF, 0), (0xFFFFFFF0, 0)]
    body = b"\0*UDF Sparing Table".ljust(32, b"\0") + pack("<HHI", len(rows), 0, 1)
    body += b"".join(pack("<II", *row) for row in rows)
    for sector in tables:
        table = bytearray((bytes(12) + pack("<I", sector) + body).ljust(SECTOR, b"\0"))
        seal(table, 0, len(body))
        data += table
    for at in _tags(data, LOGICAL_VOLUME, SECTOR):
        sparable = pack("<BBH", 2, 64, 0) + b"\0*UDF Sparable Partition".ljust(32, b"\0")
        sparable += pack("<HHHBBIII", 1, 0, packet, 2, 0, SECTOR, *tables)
        data[at + 440 : at + 504] = sparable.ljust(64, b"\0")
        pack_into("<II", data, at + 264, 64, 1)
        seal(data, at, 488)
    return bytes(data)
