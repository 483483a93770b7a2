"""Makes entries of files and folders, and what says where their content lies (ECMA-167 4/14)."""

from datetime import datetime
from struct import Struct
from typing import Final

from media.udf.encode import BLOCK, IMPLEMENTATION, long_allocation, tagged, timestamp
from media.udf.entries import EMBEDDED, LONG, SHORT, STRATEGY
from media.udf.fields import EXTENDED_FILE_ENTRY, FILE_ENTRY

LONGEST_EXTENT: Final = (1 << 30) - BLOCK  # bytes: whole blocks within 30 bits
# Everybody may read, write, change the attributes of and delete; and enter directories.
FILE_PERMISSIONS: Final = 0b11110_11110_11110
FOLDER_PERMISSIONS: Final = 0b11111_11111_11111
NOBODY: Final = 0xFFFFFFFF  # owner and group of what has none (UDF 2.3.6.1)
ENTRY_LENGTH: Final = {2: 176, 3: 216}  # bytes before the allocation descriptors

_HEAD: Final = Struct("<IHHHBB6xHIII")
_BODY: Final = Struct("<32sH6xQQ12s12s12sI16x32sQII")
_EXTENDED_BODY: Final = Struct("<32sH6xQQQ12s12s12s12sI36x32sQII")
_SHORT: Final = Struct("<II")
_CHECKPOINT: Final = 1


class EntryForm:
    """Makes entries that differ in little: place, size, time, number and links."""

    def __init__(self, version: int, kind: int, permissions: int, form: int) -> None:
        """Set what all have in common.

        Args:
            version: of all descriptors: 2 makes File Entries, 3 Extended ones.
            kind: type of the files.
            permissions: of everybody.
            form: of the allocation descriptors.
        """
        self._version, self._embedded = version, form == EMBEDDED
        self._head = _HEAD.pack(0, STRATEGY, 0, 1, 0, kind, form, NOBODY, NOBODY, permissions)

    def entry(
        self,
        location: int,
        size: int,
        modified: datetime,
        unique_id: int,
        allocation: bytes,
        links: int = 1,
    ) -> bytes:
        """Return the block with one entry.

        Args:
            location: block where the entry itself lies.
            size: bytes of the content.
            modified: aware.
            unique_id: number of the file.
            allocation: descriptors, or the content itself.
            links: that lead to the file.
        """
        blocks = 0 if self._embedded else -(-size // BLOCK)
        time = timestamp(modified)
        ends = _CHECKPOINT, IMPLEMENTATION, unique_id, 0, len(allocation)
        if self._version == 2:
            body = _BODY.pack(self._head, links, size, blocks, time, time, time, *ends)
            data = tagged(FILE_ENTRY, 2, location, body + allocation)
        else:
            body = _EXTENDED_BODY.pack(
                self._head, links, size, size, blocks, time, time, time, time, *ends
            )
            data = tagged(EXTENDED_FILE_ENTRY, self._version, location, body + allocation)
        return data.ljust(BLOCK, b"\0")


def allocations(size: int, block: int, partition: int | None) -> bytes:
    """Return the descriptors of one run: short ones, or long ones into another *partition*."""
    if partition is None and 0 < size <= LONGEST_EXTENT:
        return _SHORT.pack(size, block)
    pieces = []
    while size:
        step = min(size, LONGEST_EXTENT)
        if partition is None:
            pieces.append(_SHORT.pack(step, block))
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
