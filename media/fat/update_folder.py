"""A folder of a FAT volume while it is changed: its records as they stand, and as they will."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from media.extents import Extent
from media.fat.names import parse_long_name, shown_field
from media.fat.records import (
    ABOVE,
    DELETED,
    END,
    FOLDER,
    ITSELF,
    LABEL,
    LONG_NAME,
    MOST_RECORDS,
    RECORD,
    RECORD_SIZE,
    Moment,
)
from media.fat.update_table import Patch, joined
from media.iso9660.names import shown
from media.safe_names import safe_component
from media.source import Name
from reporting import CannotWrite

_NAMED: Final = 0x3F  # the attributes that have a meaning
_LAST_LONG: Final = 0x40  # in the first byte of the first record of a long name


class Member(NamedTuple):
    """A file or a folder, by its record."""

    name: str  # the short one
    at: int  # byte of the folder at which its record stands
    long_at: int  # byte at which the records of its long name begin; *at* where it has none
    is_folder: bool
    cluster: int  # first one; 0: none
    is_twice: bool = False  # whether there is another one of the same name


class FolderDraft:
    """One folder, in memory. Nothing is written here."""

    def __init__(
        self, name: Name, cluster: int, data: bytes, extents: Sequence[Extent], sector: int
    ) -> None:
        """Take a folder as it stands on the medium.

        Args:
            name: of the folder.
            cluster: the first one of the folder; 0: it is a root that lies in none.
            data: its content, all clusters of it; none of a folder that is to be made.
            extents: where that is on the medium.
            sector: bytes of a sector.
        """
        self.name, self.cluster = name, cluster
        self.cleaned: list[Patch] = []  # to be written before any record is
        self._data = bytearray(data)
        self._standing = bytes(data)  # what is on the medium, as far as it is told to be written
        self._extents, self._sector = list(extents), sector
        self._members: dict[str, Member] = {}  # by the short name
        self._folded: dict[str, str] = {}  # the short name by every name, in upper case
        self._free: list[int] = []  # slots between others
        self._end = len(data)  # the first slot of those that never held anything
        self._is_clean = False
        self._read()
        self._free.reverse()  # as they are taken from the end

    @property
    def is_empty(self) -> bool:
        return not self._members

    def member(self, component: str) -> Member | None:
        """Return the file or folder of this name, which may be a long one, in any case."""
        known = self._members.get(component)
        return known or self._members.get(self._folded.get(component.upper(), ""))

    def find_slot(self) -> int | None:
        """Return where a new record can stand, and keep it for that; None: it has to grow."""
        if self._free:
            return self._free.pop()
        if self._end >= len(self._data):
            return None
        self._clean()
        self._end += RECORD_SIZE
        return self._end - RECORD_SIZE

    def grow(self, extent: Extent) -> None:
        """Make it longer by clusters that lie at *extent*.

        Raises:
            CannotWrite: it is as long as a folder can be.
        """
        if len(self._data) + extent.length > MOST_RECORDS * RECORD_SIZE:
            raise CannotWrite(
                f"has more than the {MOST_RECORDS:,} records that a folder can have",
                shown(self.name),
                "Put the files into other folders",
            )
        self._extents.append(extent)
        self._data += bytes(extent.length)

    def expect(self, member: Member) -> None:
        """Take note that there is going to be a member of this name."""
        self._members[member.name] = member
        self._folded.setdefault(member.name.upper(), member.name)

    def put(self, at: int, record: bytes) -> None:
        """Let *record* stand in a slot that was found for it."""
        self._data[at : at + RECORD_SIZE] = record

    def repoint(self, member: Member, cluster: int, size: int, when: Moment) -> None:
        """Let a record lead to another content; its names and attributes stay."""
        record = list(RECORD.unpack_from(self._data, member.at))
        record[7:] = (cluster >> 16, when.time, when.date, cluster & 0xFFFF, size)
        RECORD.pack_into(self._data, member.at, *record)

    def remove(self, member: Member) -> None:
        """Let a member be gone, with its long name."""
        for at in range(member.long_at, member.at + RECORD_SIZE, RECORD_SIZE):
            self._data[at] = DELETED
        del self._members[member.name]

    def take(self) -> list[Patch]:
        """Return what changed since it was last asked for, of clusters that were there before."""
        end = len(self._standing)
        changed = self._changed(self._standing, bytes(self._data[:end]))
        self._standing = bytes(self._data[:end])
        return changed

    def take_grown(self) -> list[Patch]:
        """Return all of the clusters that are new, and have them there from now on."""
        start = len(self._standing)
        grown = [
            (position, bytes(self._data[at : at + size]))
            for position, at, size in self._sectors()
            if at >= start
        ]
        self._standing += bytes(self._data[start:])
        return list(joined(grown))

    def _changed(self, before: bytes, after: bytes) -> list[Patch]:
        if before == after:
            return []
        return list(
            joined(
                (position, after[at : at + size])
                for position, at, size in self._sectors()
                if before[at : at + size] != after[at : at + size]
            )
        )

    def _sectors(self) -> Iterator[tuple[int, int, int]]:
        """Yield for each sector its byte of the image, its byte of the folder, and its bytes."""
        base = 0
        for extent in self._extents:
            for at in range(0, extent.length, self._sector):
                yield extent.offset + at, base + at, min(self._sector, extent.length - at)
            base += extent.length

    def _clean(self) -> None:
        """Let nothing stand behind the end: it would be taken for records once that moves."""
        if not self._is_clean and any(self._data[self._end :]):
            cleaned = self._standing[: self._end].ljust(len(self._standing), b"\0")
            self.cleaned = self._changed(self._standing, cleaned)
            self._standing = cleaned
            self._data[self._end :] = bytes(len(self._data) - self._end)
        self._is_clean = True

    def _read(self) -> None:
        data, long = self._data, list[int]()  # slots of a long name whose file is still to come
        for at in range(0, len(data) // RECORD_SIZE * RECORD_SIZE, RECORD_SIZE):
            first, attributes = data[at], data[at + 11] & _NAMED
            if first == END:
                self._end = at
                return
            if first == DELETED:
                self._free.append(at)
                long.clear()
            elif attributes == LONG_NAME:
                if first & _LAST_LONG:
                    long.clear()
                long.append(at)
            else:
                if not attributes & LABEL and data[at : at + 11] not in (ITSELF, ABOVE):
                    self._take_member(at, long)
                long.clear()

    def _take_member(self, at: int, long: list[int]) -> None:
        data = self._data
        field, attributes, _, _, _, _, _, high, _, _, low, _ = RECORD.unpack_from(data, at)
        records = [bytes(data[slot : slot + RECORD_SIZE]) for slot in long]
        long_name = parse_long_name(records, field) if records else None
        # What does not belong to this file stays where it is.
        long_at = long[0] if long_name else at
        name = safe_component(shown_field(field))
        member = Member(name, at, long_at, bool(attributes & FOLDER), high << 16 | low)
        if name in self._members:
            member = member._replace(is_twice=True)
        self._members[name] = member
        for each in (name, long_name or name):
            self._folded.setdefault(each.upper(), name)
