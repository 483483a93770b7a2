"""Makes the structures of an ISO 9660 volume whose files have their places (ECMA-119).

Nothing reads a clock and nothing is decided here but the order of directories and records: the
same input gives the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from struct import Struct
from typing import Final, NamedTuple

from media.iso9660.fields import (
    ABOVE,
    FOLDER,
    MULTI_EXTENT,
    ROOT,
    directory_record,
    primary_descriptor,
    record_date,
    record_length,
    terminator,
)
from media.iso9660.folders import (
    BLOCK,
    IS_FOLDER,
    Folder,
    blocks_of,
    lay_out_folders,
    path_table_size,
)
from media.iso9660.names import file_identifier, folder_identifier
from media.source import Name
from media.volume_plan import PlannedFile

FIRST_DESCRIPTOR: Final = 16  # sector (ECMA-119 6.7.1)
LARGEST_EXTENT: Final = 0xFFFFFFFF  # bytes
_WHOLE_EXTENT: Final = 0xFFFFF800  # bytes: the most that fits in whole blocks, as more follow
_PATH_LITTLE: Final = Struct("<BBIH")
_PATH_BIG: Final = Struct(">BBIH")


# First block on the disc and bytes of each extent of a file, in order; () where it is empty.
Extents = tuple[tuple[int, int], ...]


class LaidFile(NamedTuple):
    """A file whose place is known."""

    name: Name
    size: int  # bytes
    modified: datetime  # aware
    extents: Extents


class IsoStructures(NamedTuple):
    """All that a volume has besides the content of its files."""

    descriptors: bytes  # Primary Volume Descriptor and terminator
    tables: bytes  # path tables and directories


def extents_of(size: int, block: int) -> Extents:
    """Return the extents of a file in one run from *block* on: one, but from 4 GiB on several."""
    if size <= LARGEST_EXTENT:
        return ((block, size),)
    extents = []
    while size > LARGEST_EXTENT:
        extents.append((block, _WHOLE_EXTENT))
        size -= _WHOLE_EXTENT
        block += _WHOLE_EXTENT // BLOCK
    return (*extents, (block, size))


def tables_length(files: Sequence[PlannedFile | LaidFile], level: int) -> int:
    """Return the blocks that path tables and directories of *files* take.

    Raises:
        NameDoesNotFit: a name cannot be recorded at this *level* of interchange.
        CannotWrite: there are too many directories.
    """
    return Tables(files, level).blocks


def encode_volume(
    files: Sequence[LaidFile],
    *,
    label: str,
    recorded: datetime,
    level: int,
    tables: int,
    blocks: int,
) -> IsoStructures:
    """Return the structures of a volume. All numbers of blocks are absolute on the disc.

    Args:
        files: everything on the volume.
        label: up to 32 of ``A-Z 0-9 _`` and space; "" for none.
        recorded: when the volume was made; aware.
        level: of interchange, which decides what names there may be.
        tables: block from which on path tables and directories are to lie.
        blocks: Volume Space Size.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotWrite: there are too many directories.
    """
    return Tables(files, level).encode(
        [file.extents for file in files],
        label=label,
        recorded=recorded,
        start=tables,
        blocks=blocks,
    )


class Tables:
    """Path tables and directories of files that need not have their places yet."""

    def __init__(self, files: Sequence[PlannedFile | LaidFile], level: int) -> None:
        """Lay the directories out; `tables_length` and `encode_volume` say how."""
        self._files = files
        self._identifiers = [file_identifier(file.name[-1], level) for file in files]
        lengths = [record_length(len(identifier)) for identifier in self._identifiers]
        records = {n: m for n, m in enumerate(map(_records_of, files)) if m != 1}
        self._by_name = lay_out_folders((file.name for file in files), lengths, records)
        self._folders = list(self._by_name.values())
        for component in {folder.name[-1] for folder in self._folders[1:]}:
            folder_identifier(component, level)
        self._path_table_bytes = path_table_size(self._folders)
        # Each has an even number of blocks, as most other programs leave room to grow.
        self._path_table_blocks = blocks_of(self._path_table_bytes) + 1 & ~1
        last = self._folders[-1]
        self.blocks = 2 * self._path_table_blocks + last.block + last.size // BLOCK

    def encode(
        self,
        places: Sequence[Extents],
        *,
        label: str,
        recorded: datetime,
        start: int,
        blocks: int,
    ) -> IsoStructures:
        """Return the structures, with the tables from block *start* on.

        Args:
            places: of every file, in their order.
            label: up to 32 characters.
            recorded: when the volume was made; aware.
            start: block.
            blocks: Volume Space Size.
        """
        big = start + self._path_table_blocks
        first = big + self._path_table_blocks
        date = record_date(recorded)
        descriptor = primary_descriptor(
            label=label,
            recorded=recorded,
            blocks=blocks,
            path_table_bytes=self._path_table_bytes,
            path_tables=(start, big),
            root=_folder_record(ROOT, self._folders[0], first, date),
        )
        pieces = [self._path_table(_PATH_LITTLE, first), self._path_table(_PATH_BIG, first)]
        pieces += (self._directory(folder, places, first, date) for folder in self._folders)
        return IsoStructures(descriptor + terminator(), b"".join(pieces))

    def _path_table(self, form: Struct, first: int) -> bytes:
        records = []
        for folder in self._folders:
            identifier = folder.identifier
            records.append(form.pack(len(identifier), 0, first + folder.block, folder.parent + 1))
            records.append(identifier + b"\0" * (len(identifier) % 2))
        return b"".join(records).ljust(self._path_table_blocks * BLOCK, b"\0")

    def _directory(
        self, folder: Folder, places: Sequence[Extents], first: int, date: bytes
    ) -> bytes:
        above = self._folders[folder.parent]
        records = [
            _folder_record(ROOT, folder, first, date),
            _folder_record(ABOVE, above, first, date),
        ]
        for component, number in folder.children:
            if number == IS_FOLDER:
                inner = self._by_name[*folder.name, component]
                records.append(_folder_record(component.encode(), inner, first, date))
            else:
                identifier, when = self._identifiers[number], self._files[number].modified
                records += _file_records(identifier, places[number], record_date(when))
        return _in_blocks(records).ljust(folder.size, b"\0")


def _records_of(file: PlannedFile | LaidFile) -> int:
    if isinstance(file, LaidFile):
        return max(1, len(file.extents))
    return 1 if file.size <= LARGEST_EXTENT else len(extents_of(file.size, 0))


def _folder_record(identifier: bytes, folder: Folder, first: int, date: bytes) -> bytes:
    return directory_record(identifier, first + folder.block, folder.size, date, FOLDER)


def _file_records(identifier: bytes, extents: Extents, date: bytes) -> list[bytes]:
    if not extents:
        return [directory_record(identifier, 0, 0, date)]
    last = directory_record(identifier, *extents[-1], date)
    if len(extents) == 1:
        return [last]
    before = (directory_record(identifier, *extent, date, MULTI_EXTENT) for extent in extents[:-1])
    return [*before, last]


def _in_blocks(records: Iterable[bytes]) -> bytes:
    """Return *records* side by side, none across two blocks (ECMA-119 6.8.1.1)."""
    pieces, end = [], 0  # The end is counted in the block.
    for record in records:
        length = len(record)
        if end + length > BLOCK:
            pieces.append(bytes(BLOCK - end))
            end = 0
        pieces.append(record)
        end += length
    return b"".join(pieces)
