"""Writes a DICOMDIR in one pass over its records (PS3.3 F.3, PS3.10 8.6).

Everything is of defined length, so that the place of every record is known by adding up before
a single byte is joined: linear in records, and no recursion, as foreign trees may be deep.
"""

from struct import Struct
from typing import Final

from dicomdir.elements import TAG_VR_LENGTH as _SHORT
from dicomdir.elements import encode_element, iterate_elements
from dicomdir.file_meta import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    FILMJACKET,
    Implementation,
    encode_file_meta,
)
from dicomdir.record import Directory, DirectoryRecord
from reporting import NotSupported

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"

# An Item and the three elements that open a record: next, in-use flag, lower level.
_OPENING: Final = Struct("<HHI HH2sHI HH2sHH HH2sHI")
_IN_USE: Final = 0xFFFF  # the only value that may be written (PS3.3 F.3.2.2)
_ITEM_HEADER_SIZE: Final = 8  # bytes
# UL holds offsets, and a length of FFFFFFFF would mean "undefined".
_LARGEST: Final = 0xFFFFFFFE
_SEQUENCE_HEADER: Final = Struct("<HH2sHI")
# Group length and the offset of a multi-referenced record: both would be wrong in a new place.
_STALE: Final = frozenset((0x00040000, 0x00041504))


class DirectoryTooLarge(NotSupported):
    """The directory needs offsets beyond 32 bits (PS3.3 F.3.2.2: VR UL)."""


def encode_dicomdir(directory: Directory, *, implementation: Implementation = FILMJACKET) -> bytes:
    """Return the DICOMDIR file that holds *directory*, its records depth first.

    Raises:
        DirectoryTooLarge: the file would be 4 GiB or more.
    """
    meta = encode_file_meta(
        *(MEDIA_STORAGE_DIRECTORY, directory.file_set_uid, EXPLICIT_VR_LITTLE_ENDIAN),
        implementation=implementation,
    )
    file_set_id = directory.file_set_id.encode("latin-1", "replace")
    head = meta + encode_element(0x00041130, b"CS", file_set_id) + directory.descriptor
    # What follows the head takes 12 + 12 + 10 bytes, then comes the sequence.
    start = len(head) + 34 + _SEQUENCE_HEADER.size
    items = _Items(directory, start)
    if items.end > _LARGEST:
        raise DirectoryTooLarge(
            f"the directory would take {items.end} bytes, and its offsets end at 4 GiB",
            "DICOMDIR",
            "Put fewer instances on one medium",
        )
    return b"".join(
        (
            head,
            _offset(0x00041200, start if directory.records else 0),
            _offset(0x00041202, items.last_of_root),
            encode_element(0x00041212, b"US", b"\0\0"),  # no known inconsistency
            _SEQUENCE_HEADER.pack(0x0004, 0x1220, b"SQ", 0, items.end - start),
            *items.parts(),
        )
    )


class _Items:
    """The Items of the Directory Record Sequence, laid out but not joined yet."""

    def __init__(self, directory: Directory, start: int) -> None:
        # For each record three pieces: its opening, group 0004 from the type on, its keys.
        self._pieces: list[bytes] = []
        self._sizes: list[int] = []
        self._next: list[int] = []  # offsets, 0 for none
        self._lower: list[int] = []
        self._strays: dict[int, tuple[bytes, bytes, bytes]] = {}
        self._known: dict[tuple[int, str], bytes] = {}
        self.last_of_root = 0
        self.end = self._place(directory.records, start)

    def _place(self, records: list[DirectoryRecord], offset: int) -> int:
        """Give every record its offset, depth first; return the offset just past the last."""
        next_, lower, sizes = self._next, self._lower, self._sizes
        # What is open: siblings still to come, index of the one before them, and of the parent.
        # An index counts records in the order of the file.
        stack = [(iter(records), -1, -1)]
        while stack:
            siblings, before, parent = stack.pop()
            for record in siblings:
                if before >= 0:
                    next_[before] = offset
                elif parent >= 0:
                    lower[parent] = offset
                if parent < 0:
                    self.last_of_root = offset
                before = len(sizes)
                offset += self._add(record, before)
                if record.children:
                    stack.append((siblings, before, parent))
                    stack.append((iter(record.children), -1, before))
                    break
        return offset

    def _add(self, record: DirectoryRecord, index: int) -> int:
        """Add a record whose links are not known yet; return its size in bytes."""
        group_4 = self._group_4(record, index)
        self._pieces += (b"", group_4, record.keys)
        self._next.append(0)
        self._lower.append(0)
        size = _OPENING.size + len(group_4) + len(record.keys)
        if index in self._strays:
            size += sum(map(len, self._strays[index]))
        self._sizes.append(size)
        return size

    def _group_4(self, record: DirectoryRecord, index: int) -> bytes:
        """Return group 0004 from Directory Record Type on, in tag order."""
        element = self._element
        own = element(0x00041430, b"CS", record.record_type)
        if record.file_id:
            file_id = "\\".join(record.file_id).encode("latin-1", "replace")
            if len(file_id) & 1:
                file_id += b" "
            own += _SHORT.pack(0x0004, 0x1500, b"CS", len(file_id)) + file_id
        if record.sop_class_uid:
            own += element(0x00041510, b"UI", record.sop_class_uid)
        if record.sop_instance_uid:
            uid = record.sop_instance_uid.encode("latin-1", "replace")
            if len(uid) & 1:
                uid += b"\0"
            own += _SHORT.pack(0x0004, 0x1511, b"UI", len(uid)) + uid
        if record.transfer_syntax_uid:
            own += element(0x00041512, b"UI", record.transfer_syntax_uid)
        if record.related_general:
            own += encode_element(0x0004151A, b"UI", record.related_general)
        return self._merged(own, record.other, index) if record.other else own

    def _element(self, tag: int, vr: bytes, value: str) -> bytes:
        """Encode a value that recurs from record to record."""
        known = self._known.get((tag, value))
        if known is None:
            known = encode_element(tag, vr, value.encode("latin-1", "replace"))
            self._known[tag, value] = known
        return known

    def _merged(self, own: bytes, other: bytes, index: int) -> bytes:
        """Merge a foreign record's further elements of group 0004 with ours, by tag."""
        ours = [(tag, own[a:b]) for tag, _, a, _, b in iterate_elements(own)]
        taken = {tag for tag, _ in ours} | _STALE
        theirs = [(t, other[a:b]) for t, _, a, _, b in iterate_elements(other) if t not in taken]
        # Three gaps between the elements of the opening, which the standard leaves empty.
        gaps = ((0, 0x00041400), (0x00041400, 0x00041410), (0x00041410, 0x00041420))
        strays = [b"".join(e for t, e in theirs if low < t < high) for low, high in gaps]
        if any(strays):
            self._strays[index] = (strays[0], strays[1], strays[2])
        after = [pair for pair in theirs if pair[0] > 0x00041420]
        return b"".join(element for _, element in sorted(ours + after, key=_first))

    def parts(self) -> list[bytes]:
        """Return the bytes of all Items, in pieces."""
        pack = _OPENING.pack
        self._pieces[::3] = [
            pack(
                *(0xFFFE, 0xE000, size - _ITEM_HEADER_SIZE, 0x0004, 0x1400, b"UL", 4, next_),
                *(0x0004, 0x1410, b"US", 2, _IN_USE, 0x0004, 0x1420, b"UL", 4, lower),
            )
            for size, next_, lower in zip(self._sizes, self._next, self._lower, strict=True)
        ]
        for index, strays in self._strays.items():
            self._pieces[3 * index] = _with_strays(self._pieces[3 * index], strays)
        return self._pieces


def _offset(tag: int, offset: int) -> bytes:
    return encode_element(tag, b"UL", offset.to_bytes(4, "little"))


def _first(pair: tuple[int, bytes]) -> int:
    return pair[0]


def _with_strays(opening: bytes, strays: tuple[bytes, bytes, bytes]) -> bytes:
    first, second, third = strays
    return opening[:8] + first + opening[8:20] + second + opening[20:30] + third + opening[30:]
