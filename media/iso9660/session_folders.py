"""The folders of a session that is to come: what they hold, and their bytes in their place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from media.iso9660.names import order_key
from media.iso9660.records import SECTOR
from media.iso9660.session_records import (
    PathEntry,
    directory_content,
    directory_size,
    moved,
    path_table,
    placed,
)
from media.source import Name
from reporting import CannotWrite

ROOT: Final = b"\0"  # identifier of the root, and of every directory in itself (ECMA-119 7.6.2)
ABOVE: Final = b"\x01"  # that of the directory above (ECMA-119 6.8.2.2)
_LAST_PARENT: Final = 0xFFFF  # number of a directory that path tables can name as a parent

Place = tuple[tuple[int, int], ...]  # first block and bytes of every extent


@dataclass(slots=True, eq=False)
class SessionFile:
    """One file: all records of its identifier, that of an associated file included."""

    folder: "SessionFolder"
    name: str
    identifier: bytes
    records: list[bytes]
    place: Place | None = None  # None: it is new, and counts from where the content begins

    @property
    def path(self) -> Name:
        return (*self.folder.path, self.name)


@dataclass(slots=True, eq=False)
class SessionFolder:
    """One folder with what the session is to show in it."""

    above: "SessionFolder | None"
    name: str
    identifier: bytes
    record: bytes  # in the folder above
    own_record: bytes  # in itself
    above_record: bytes  # in itself, of the folder above
    number: int | None = None  # among the directories of the session before; None: it is new
    folders: list["SessionFolder"] = field(default_factory=list)
    files: dict[bytes, SessionFile] = field(default_factory=dict)

    @property
    def path(self) -> Name:
        return () if self.above is None else (*self.above.path, self.name)

    def entries(self) -> "list[SessionFile | SessionFolder]":
        """Return all that is in it, in the order of the records (ECMA-119 9.3)."""
        entries: list[SessionFile | SessionFolder] = [*self.files.values(), *self.folders]
        return sorted(entries, key=lambda entry: order_key(entry.identifier))


class EncodedTree(NamedTuple):
    """The path tables and directories of a tree, and what a descriptor says of them."""

    data: bytes
    path_table_size: int  # bytes
    little: int  # block of the path table
    big: int
    root: bytes  # record of the root directory


class FolderLayout:
    """Where the folders below a root go."""

    def __init__(self, root: SessionFolder) -> None:
        """Lay them out.

        Raises:
            CannotWrite: there are more of them than path tables can number.
        """
        self._folders = _in_path_table_order(root)
        self._numbers = {id(folder): n for n, folder in enumerate(self._folders)}
        self._sizes = [directory_size(_records(folder)) for folder in self._folders]
        self._table = len(path_table(self._path_entries([0] * len(self._sizes)), big_endian=True))
        self._table_blocks = -(-self._table // SECTOR)
        self.blocks = 2 * self._table_blocks + sum(self._sizes) // SECTOR

    def encode(self, first: int, content: int) -> EncodedTree:
        """Return the structures.

        Args:
            first: block where they are to lie.
            content: block from which the extents of new files count.
        """
        big = first + self._table_blocks
        block = big + self._table_blocks
        extents = []
        for size in self._sizes:
            extents.append(block)
            block += size // SECTOR
        entries = self._path_entries(extents)
        tables = (path_table(entries, big_endian=order) for order in (False, True))
        pieces = [table.ljust(self._table_blocks * SECTOR, b"\0") for table in tables]
        for folder in self._folders:
            pieces.append(directory_content(self._placed(folder, extents, content)))
        root = self._at(self._folders[0], self._folders[0].own_record, extents)
        # A descriptor has room for no more than the 34 bytes of the shortest record.
        root = b"\x22" + root[1:34]
        return EncodedTree(b"".join(pieces), self._table, first, big, root)

    def _path_entries(self, extents: Sequence[int]) -> list[PathEntry]:
        return [
            PathEntry(folder.identifier, extent, self._numbers[id(folder.above or folder)] + 1)
            for folder, extent in zip(self._folders, extents, strict=True)
        ]

    def _placed(
        self, folder: SessionFolder, extents: Sequence[int], content: int
    ) -> Iterator[bytes]:
        yield self._at(folder, folder.own_record, extents)
        yield self._at(folder.above or folder, folder.above_record, extents)
        for entry in folder.entries():
            if isinstance(entry, SessionFolder):
                yield self._at(entry, entry.record, extents)
            elif entry.place is None:
                yield from (moved(record, content) for record in entry.records)
            else:
                yield from entry.records

    def _at(self, folder: SessionFolder, record: bytes, extents: Sequence[int]) -> bytes:
        number = self._numbers[id(folder)]
        return placed(record, extents[number], self._sizes[number])


def _in_path_table_order(root: SessionFolder) -> list[SessionFolder]:
    """Return all folders by level, then by the folder above, then by name (ECMA-119 6.9.1)."""
    folders = [root]
    for folder in folders:  # It grows while it is walked.
        folders += sorted(folder.folders, key=lambda inner: inner.identifier.rstrip(b" "))
    if len(folders) > _LAST_PARENT:
        raise CannotWrite(
            f"has more than {_LAST_PARENT:,} folders",
            "volume",
            "Make a new medium with fewer folders",
        )
    return folders


def _records(folder: SessionFolder) -> Iterator[bytes]:
    """Yield the records of a folder, wherever they point."""
    yield folder.own_record
    yield folder.above_record
    for entry in folder.entries():
        if isinstance(entry, SessionFolder):
            yield entry.record
        else:
            yield from entry.records
