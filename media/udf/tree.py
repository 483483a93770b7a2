"""Walks the directories of a UDF volume: each once, whatever they say."""

from collections import deque
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from media.extents import NOWHERE, Extent
from media.finding_list import FindingList
from media.iso9660.names import printable
from media.safe_names import safe_component
from media.source import Name
from media.udf.entries import EMBEDDED, STRATEGY
from media.udf.fields import (
    DELETED,
    FILE_IDENTIFIER,
    FOLDER,
    IS_FOLDER,
    PARENT,
    STREAMS,
    SYMBOLIC_LINK,
    TAG_LENGTH,
    Address,
    Tag,
    parse_long,
    parse_tag,
    parse_text,
    tag_fault,
)
from media.udf.space import Content, Found, Space
from reporting import CannotRead, NotSupported

_MOST_FILES: Final = 400_000
_MOST_DIRECTORIES: Final = 65_535
_DEEPEST: Final = 64  # levels; eight are legal, what is deeper is only an attack
_LARGEST_DIRECTORY: Final = 32 << 20  # bytes
_LARGEST_DIRECTORIES: Final = 96 << 20  # bytes of all together
# In the root of a volume with sparing tables: it holds what no file may have (UDF 1.50 2.3.13).
_NO_SPACE: Final = "Non-Allocatable Space"
_ILLEGAL: Final = ("", ".", "..")
_RECORD: Final = Struct("<HBB16xH")  # after the tag: version, characteristics, lengths
_FIXED: Final = 38  # bytes of a File Identifier Descriptor before its name


class UdfDirectory(NamedTuple):
    """One directory."""

    name: Name  # () for the root
    entry_at: int  # byte of the image where its entry lies
    address: tuple[int, int]  # partition and block of its entry
    parent: int  # number of the directory above; the root's is its own
    extents: tuple[Extent, ...]
    permissions: int
    characteristics: int
    dated: bool  # whether its times are times
    unique_id: int


class UdfFile(NamedTuple):
    """One name of one file."""

    at: int  # byte of the image where its content begins; of its entry where it has none
    directory: int  # number of its directory
    recorded: str  # but for what would lead elsewhere
    size: int  # bytes
    extents: tuple[Extent, ...]  # together the size, unless there is a fault
    fault: str  # why it cannot be read; "" if it can
    entry_at: int  # byte of the image where its entry lies
    type: int
    characteristics: int
    version: int
    permissions: int
    links: int
    unique_id: int
    dated: bool  # whether its times are times
    embedded: bool  # whether its content is in its entry


class _Record(NamedTuple):
    """A File Identifier Descriptor (ECMA-167 4/14.4)."""

    version: int
    characteristics: int
    address: Address
    name: str
    legible: bool  # whether the name is compressed Unicode
    fault: str
    length: int  # bytes, with its padding to a multiple of four


class _Seen(NamedTuple):
    """What an entry of a file said, for its further names."""

    found: Found
    content: Content


class Tree:
    """The directories and files below a root."""

    def __init__(self, space: Space, problems: FindingList) -> None:
        self.directories: list[UdfDirectory] = []
        self.files: list[UdfFile] = []
        self.unlisted = 0  # files that are none to a reader
        self._space, self._problems = space, problems
        self._queue: deque[tuple[Address, int, _Record | None]] = deque()
        self._visited: set[int] = set()
        self._linked: dict[int, _Seen] = {}  # entries that say they have several names
        self._bytes = 0

    def walk(self, root: Address, where: str) -> None:
        """Visit everything below *root*, level by level.

        Raises:
            CannotRead: the root directory cannot be read.
            NotSupported: the root directory is recorded by strategy 4096.
        """
        self._refuse_root(root, where)
        self._queue.append((root, 0, None))
        while self._queue:
            address, parent, record = self._queue.popleft()
            self._visit(address, parent, record)
            if self._is_too_much():
                self._problems.add("UDF-TOO-MANY", "/")
                return

    def _is_too_much(self) -> bool:
        return (
            len(self.files) >= _MOST_FILES
            or self._bytes > _LARGEST_DIRECTORIES
            or len(self.directories) + len(self._queue) > _MOST_DIRECTORIES
        )

    def _refuse_root(self, root: Address, where: str) -> None:
        found = self._space.entry(root.partition, root.block)
        if found is None or found.entry.type != FOLDER:
            raise CannotRead(
                "is a UDF volume whose root directory cannot be read",
                where,
                "Read the medium again, or in another drive",
            )
        if found.entry.strategy != STRATEGY:
            raise NotSupported(
                f"is a UDF volume recorded by strategy {found.entry.strategy}",
                where,
                "Copy its files with the software that wrote the medium",
            )

    def _visit(self, address: Address, parent: int, record: _Record | None) -> None:
        """Take in the directory whose entry is at *address*, and what is in it."""
        name = () if record is None else (*self.directories[parent].name, record.name)
        where = shown_path(name)
        found = self._space.entry(address.partition, address.block)
        if found is None:
            return  # Told when its record was read.
        if found.at in self._visited or len(name) > _DEEPEST:
            rule = "UDF-DIRECTORY-LOOP" if found.at in self._visited else "UDF-TOO-MANY"
            self._problems.add(rule, where)
            return
        self._visited.add(found.at)
        content = self._space.content(found, address.partition)
        entry = found.entry
        number = len(self.directories)
        self.directories.append(
            UdfDirectory(
                name,
                found.at,
                (address.partition, address.block),
                parent,
                content.extents,
                entry.permissions,
                0 if record is None else record.characteristics,
                all(map(is_time, entry.times)),
                entry.unique_id,
            )
        )
        if entry.streams:
            self._problems.add("UDF-NAMED-STREAM", where)
        self._take_records(number, content, where)

    def _take_records(self, number: int, content: Content, where: str) -> None:
        data, whole = self._space.read(content, _LARGEST_DIRECTORY)
        self._bytes += len(data)
        if content.rule:
            self._problems.add(content.rule, where, content.fault)
        elif not whole:
            self._problems.add("UDF-DIRECTORY", where)
        records = []
        parents = []
        for record in _parse_records(data):
            if isinstance(record, str):
                self._problems.add("UDF-DIRECTORY", where, record)
                continue
            if record.fault:
                self._problems.add("UDF-TAG", shown_path((where[1:], record.name)), record.fault)
            if record.characteristics & PARENT:
                parents.append((record.address.partition, record.address.block))
            elif not record.characteristics & DELETED:
                records.append(record)
        above = self.directories[self.directories[number].parent]
        if whole and parents != [above.address]:
            self._problems.add("UDF-PARENT", where)
        # By address, as entries of one directory lie side by side and are read in larger pieces.
        for record in sorted(records, key=lambda r: r.address[2:0:-1]):
            if len(self.files) >= _MOST_FILES or len(self._queue) > _MOST_DIRECTORIES:
                return
            self._take(record, number)

    def _take(self, record: _Record, number: int) -> None:
        where = shown_path((*self.directories[number].name, record.name))
        if not record.legible:
            self._problems.add("UDF-NAME-CHARACTERS", where)
        if record.name in _ILLEGAL or "/" in record.name or "\0" in record.name:
            self._problems.add("UDF-NAME-ILLEGAL", where)
        record = record._replace(name=safe_component(record.name))
        seen = self._entry(record.address, where)
        if seen is None:
            return
        entry = seen.found.entry
        if entry.strategy != STRATEGY:
            self._problems.add(
                "UDF-STRATEGY", where, f"it is recorded by strategy {entry.strategy}"
            )
            return
        if bool(record.characteristics & IS_FOLDER) != (entry.type == FOLDER):
            said = "a folder" if record.characteristics & IS_FOLDER else "a file"
            why = f"its name says that it is {said}, its entry that it is of type {entry.type}"
            self._problems.add("UDF-FILE-TYPE", where, why)
        if entry.type == FOLDER:
            self._queue.append((record.address, number, record))
        elif entry.type == SYMBOLIC_LINK:
            self._problems.add("UDF-SYMBOLIC-LINK", where)
            self.unlisted += 1
        elif not number and record.name == _NO_SPACE:
            self.unlisted += 1
        elif entry.type != STREAMS:
            self._take_file(record, number, seen, where)

    def _entry(self, address: Address, where: str) -> _Seen | None:
        found = self._space.entry(address.partition, address.block)
        if found is None:
            self._problems.add(
                "UDF-ENTRY",
                where,
                f"block {address.block} of partition {address.partition} is no entry",
            )
            return None
        if found.at in self._linked:
            return self._linked[found.at]
        if found.fault:
            self._problems.add("UDF-TAG", where, found.fault)
        if found.entry.type == FOLDER:
            return _Seen(found, Content((), "", ""))
        seen = _Seen(found, self._space.content(found, address.partition))
        if seen.content.rule:
            self._problems.add(seen.content.rule, where, seen.content.fault)
        if found.entry.links > 1 and len(self._linked) < _MOST_DIRECTORIES:
            self._linked[found.at] = seen
        return seen

    def _take_file(self, record: _Record, number: int, seen: _Seen, where: str) -> None:
        found, content = seen
        entry = found.entry
        starts = [e.offset for e in content.extents if e.offset != NOWHERE]
        if entry.streams:
            self._problems.add("UDF-NAMED-STREAM", where)
        self.files.append(
            UdfFile(
                starts[0] if starts else found.at,
                number,
                record.name,
                entry.size,
                content.extents,
                content.fault,
                found.at,
                entry.type,
                record.characteristics,
                record.version,
                entry.permissions,
                entry.links,
                entry.unique_id,
                all(map(is_time, entry.times)),
                entry.form == EMBEDDED,
            )
        )


def _parse_records(data: bytes) -> Iterator[_Record | str]:
    """Yield the records of a directory, and in words what no record can be made of."""
    at = 0
    while at + _FIXED <= len(data):
        tag = parse_tag(data[at : at + TAG_LENGTH])
        record = _parse_record(data, at, tag) if tag else None
        if record is None:
            following = _following(data, at + 4)
            # Where directories are not written record by record, zeros fill the last block.
            if any(data[at:following]):
                yield f"{following - at} bytes at byte {at} of it are no records"
            at = following
            continue
        yield record
        at += record.length


def _parse_record(data: bytes, at: int, tag: Tag) -> _Record | None:
    version, characteristics, named, use = _RECORD.unpack_from(data, at + TAG_LENGTH)
    length = (_FIXED + use + named + 3) & ~3
    if tag.identifier != FILE_IDENTIFIER or at + length > len(data):
        return None
    fault = tag_fault(data[at : at + length], tag, tag.location)
    start = at + _FIXED + use
    field = data[start : start + named]
    name = parse_text(field)
    return _Record(
        version,
        characteristics,
        parse_long(data, at + 20),
        field.decode("latin-1") if name is None else name,
        name is not None,
        fault,
        length,
    )


def _following(data: bytes, at: int) -> int:
    """Return where the next record begins that has a good checksum; else where *data* ends."""
    while (at := data.find(b"\x01\x01", at)) >= 0:
        head = data[at : at + TAG_LENGTH]
        good = len(head) == TAG_LENGTH and (sum(head[:4]) + sum(head[5:])) & 0xFF == head[4]
        if good and at % 4 == 0:
            return at
        at += 1
    return len(data)


def is_time(field: bytes) -> bool:
    """Whether a timestamp is one (ECMA-167 1/7.3)."""
    month, day, hour, minute, second, centi = field[4:10]
    return (
        1 <= month <= 12
        and 1 <= day <= 31
        and hour < 24
        and minute < 60
        and second < 60
        and centi < 100
    )


def shown_path(name: Name) -> str:
    """Return where something is on the medium, fit to be printed."""
    return "/" + printable("/".join(part for part in name if part))
