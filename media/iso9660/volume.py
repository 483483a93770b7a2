"""Reads the structures of an ISO 9660 volume: tolerant of what is wrong, bounded in all it does.

Nothing here trusts the medium. Directories are visited once each and never twice at one place,
lengths are held against the image, and there is an upper limit to the number of records.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.finding_list import FindingList
from media.iso9660.names import printable
from media.iso9660.records import (
    ASSOCIATED,
    MULTI_EXTENT,
    SECTOR,
    Iso9660Record,
    Malformed,
    parse_directory,
    parse_numbers,
    parse_record,
)
from media.iso9660.rules import new_list
from media.source import Name
from reporting import CannotRead

FIRST_DESCRIPTOR: Final = 16  # sector (ECMA-119 6.2.1)
_MOST_DESCRIPTORS: Final = 64
_MOST_RECORDS: Final = 500_000
_DEEPEST: Final = 64  # levels; discs of eight are legal, what is deeper is only an attack
_LARGEST_DIRECTORY: Final = 32 << 20  # bytes
_LARGEST_DIRECTORIES: Final = 64 << 20  # bytes of all together
_MOST_DIRECTORIES: Final = 65_535  # more the path table cannot number (ECMA-119 9.4.4)

Decode = Callable[[bytes], str]  # identifier → text


class Directory(NamedTuple):
    """One directory with its content as it stands on the medium."""

    name: Name  # () for the root
    identifier: bytes
    parent: int  # number of the directory above; the root's is its own
    extent: int  # block
    size: int  # bytes, as recorded
    at: int  # byte in the image where its content begins
    data: bytes
    whole: bool  # whether all of it could be read


class RecordedFile(NamedTuple):
    """One file: sorts by its place."""

    at: int  # byte in the image where its content begins
    size: int  # bytes
    directory: int  # number of its directory
    identifier: bytes
    # (byte in the image, bytes) of every extent where they do not follow one another.
    extents: tuple[tuple[int, int], ...] = ()


class Descriptor(NamedTuple):
    """One volume descriptor."""

    sector: int
    data: bytes

    @property
    def type(self) -> int:
        return self.data[0]


class Volume(NamedTuple):
    """Everything that the structures of a volume say."""

    descriptors: tuple[Descriptor, ...]
    primary: Descriptor
    terminated: bool
    block_size: int  # bytes
    directories: list[Directory]
    files: list[RecordedFile]  # ascending
    problems: FindingList  # what came to light on the way
    first: int = FIRST_DESCRIPTOR  # sector of the first descriptor
    earlier: tuple[int, ...] = ()  # the same of the sessions before this one

    @property
    def label(self) -> str:
        return self.primary.data[40:72].decode("latin-1").rstrip(" \0")

    @property
    def end(self) -> int:
        """Return the byte of the image at which the volume says that it ends."""
        # The size is that of the session, and the places of files count from the disc's start.
        before = (self.first - FIRST_DESCRIPTOR) * SECTOR
        return before + parse_numbers(self.primary.data)[0].blocks * self.block_size


def read_volume(
    reader: BlockReader, earlier: tuple[int, ...] = (), *, first: int = FIRST_DESCRIPTOR
) -> Volume | None:
    """Read a volume, or return None where there is none.

    Args:
        reader: the image.
        earlier: first sectors of the descriptors of earlier sessions.
        first: sector of the first descriptor.
    """
    problems = new_list()
    descriptors, terminated = _read_descriptors(reader, first)
    primary = next((d for d in descriptors if d.type == 1), None)
    if primary is None:
        return None
    block_size = _block_size(primary, problems)
    walk = _walk(reader, primary, block_size, problems)
    return Volume(
        descriptors,
        primary,
        terminated,
        block_size,
        walk.directories,
        walk.files,
        problems,
        first,
        earlier,
    )


class Tree(NamedTuple):
    """The directories and files below another descriptor than the primary one."""

    directories: list[Directory]
    files: list[RecordedFile]  # ascending
    problems: FindingList


def read_tree(
    reader: BlockReader, descriptor: Descriptor, block_size: int, decode: Decode
) -> Tree | None:
    """Read what a supplementary or enhanced descriptor leads to; None where it has no root.

    Args:
        reader: the image.
        descriptor: of type 2.
        block_size: bytes.
        decode: how its identifiers become text.
    """
    if not descriptor.data[156]:
        return None
    problems = new_list()
    walk = _walk(reader, descriptor, block_size, problems, decode)
    return Tree(walk.directories, walk.files, problems)


def _read_descriptors(reader: BlockReader, first: int) -> tuple[tuple[Descriptor, ...], bool]:
    descriptors: list[Descriptor] = []
    for sector in range(first, first + _MOST_DESCRIPTORS):
        if (sector + 1) * SECTOR > reader.size:
            break
        data = reader.pread(SECTOR, sector * SECTOR)
        if data[1:6] != b"CD001":
            break
        if data[0] == 255:
            return tuple(descriptors), True
        descriptors.append(Descriptor(sector, data))
    return tuple(descriptors), False


def _block_size(primary: Descriptor, problems: FindingList) -> int:
    for numbers in parse_numbers(primary.data):
        if numbers.block_size in (512, 1024, 2048):
            return numbers.block_size
    problems.add("ISO-BLOCK-SIZE", "Primary Volume Descriptor")
    return SECTOR


def _text(identifier: bytes) -> str:
    # Every byte is a character there, so that foreign names survive and can be told apart.
    return identifier.decode("latin-1")


def _walk(
    reader: BlockReader,
    descriptor: Descriptor,
    block_size: int,
    problems: FindingList,
    decode: Decode = _text,
) -> "_Walk":
    walk = _Walk(reader, block_size, problems, decode)
    walk.run(parse_record(descriptor.data[:190], 156, descriptor.sector * SECTOR + 156))
    walk.files.sort()
    return walk


class _Walk:
    """Visits all directories, level by level as path tables count them."""

    def __init__(
        self, reader: BlockReader, block_size: int, problems: FindingList, decode: Decode
    ) -> None:
        self._decode = decode
        self.directories: list[Directory] = []
        self.files: list[RecordedFile] = []
        self._reader, self._block, self._problems = reader, block_size, problems
        self._queue: deque[tuple[Iso9660Record, int]] = deque()  # with the number of the parent
        self._seen: set[int] = set()  # sectors of directories
        self._records = 0
        self._bytes = 0

    def run(self, root: Iso9660Record) -> None:
        self._queue.append((root, 0))
        while self._queue:
            record, parent = self._queue.popleft()
            directory = self._read(record, parent)
            if directory is None:
                continue
            self.directories.append(directory)
            self._take_records(directory, len(self.directories) - 1)
            if self._is_too_much():
                self._problems.add("ISO-TOO-MANY", _where(directory.name))
                return

    def place(self, record: Iso9660Record) -> int:
        """Return the byte at which the content begins, by whichever byte order makes sense."""
        at = (record.extent + record.extended) * self._block
        if at < self._reader.size:
            return at
        other = (record.big[0] + record.extended) * self._block
        return other if other < self._reader.size else at

    def _is_too_much(self) -> bool:
        return (
            self._records > _MOST_RECORDS
            or self._bytes > _LARGEST_DIRECTORIES
            or len(self.directories) + len(self._queue) > _MOST_DIRECTORIES
        )

    def _read(self, record: Iso9660Record, parent: int) -> Directory | None:
        root = not self.directories
        name = () if root else (*self.directories[parent].name, self._decode(record.identifier))
        where = _where(name)
        at = self.place(record)
        if len(name) > _DEEPEST:
            self._problems.add("ISO-TOO-MANY", where, "folders are nested without end")
            return None
        size = min(record.size, _LARGEST_DIRECTORY, max(self._reader.size - at, 0))
        sectors = range(at // SECTOR, -(-(at + size) // SECTOR) or 1)
        if not self._seen.isdisjoint(sectors):
            self._problems.add("ISO-DIRECTORY-LOOP", where)
            return None
        self._seen.update(sectors)
        self._bytes += size
        data, whole = self._content(at, size)
        if not whole or size < record.size or not size:
            whole = False
            self._problems.add("ISO-DIRECTORY-UNREADABLE", where)
        return Directory(
            name, record.identifier, parent, record.extent, record.size, at, data, whole
        )

    def _content(self, at: int, size: int) -> tuple[bytes, bool]:
        try:
            return self._reader.pread(size, at), True
        except CannotRead:
            # A bad sector takes its own records along and no others.
            sectors = range(0, size, SECTOR)
            return b"".join(self._sector(at + i, min(SECTOR, size - i)) for i in sectors), False

    def _sector(self, at: int, size: int) -> bytes:
        try:
            return self._reader.pread(size, at)
        except CannotRead:
            return bytes(size)

    def _take_records(self, directory: Directory, number: int) -> None:
        unfinished: list[Iso9660Record] = []  # earlier extents of a file of several
        for record in parse_directory(directory.data, directory.at):
            self._records += 1
            if self._records > _MOST_RECORDS:
                return
            if isinstance(record, Malformed):
                self._problems.add("ISO-RECORD", _where(directory.name), record.why)
            elif record.is_special:
                continue
            elif record.is_directory:
                # What lies where the walk has been is told by _read(), but only a few of it wait.
                if len(self._queue) <= _MOST_DIRECTORIES:
                    self._queue.append((record, number))
            elif not record.flags & ASSOCIATED:
                if unfinished and unfinished[0].identifier != record.identifier:
                    self._take_file(unfinished, number)  # Its last extent is missing.
                    unfinished = []
                unfinished.append(record)
                if not record.flags & MULTI_EXTENT:
                    self._take_file(unfinished, number)
                    unfinished = []
        if unfinished:
            self._take_file(unfinished, number)

    def _take_file(self, extents: list[Iso9660Record], number: int) -> None:
        if any(extent.unit or extent.gap for extent in extents):
            return  # What is interleaved with others is not read.
        first = extents[0]
        at = end = self.place(first)
        runs = []
        for extent in extents:
            runs.append((self.place(extent), extent.size))
            end = end + extent.size if runs[-1][0] == end else -1
        size = sum(extent.size for extent in extents)
        if end == at + size:  # Most are: a content in one piece is one run of bytes.
            runs = []
        self.files.append(RecordedFile(at, size, number, first.identifier, tuple(runs)))


def _where(name: Name, identifier: bytes = b"") -> str:
    parts = (*name, _text(identifier)) if identifier else name
    return "/" + printable("/".join(parts))


def path_of(directory: Directory, identifier: bytes = b"") -> str:
    """Return where something is on the medium, as recorded and fit to be printed."""
    return _where(directory.name, identifier)
