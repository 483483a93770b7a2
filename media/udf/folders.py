"""The tree of a UDF volume to be: which block every entry and directory gets, and their bytes.

Everything here is counted in blocks of one partition: the physical one, or from UDF 2.50 on the
metadata partition in it. A directory's entry lies right before its content, and the entries of
all files follow in the order in which the files lie on the medium.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from media.iso9660.names import NameDoesNotFit, refuse_clashes, shown
from media.source import Name
from media.udf.encode import BLOCK, compressed, compressed_length, record, record_length
from media.udf.encode_entries import (
    ENTRY_LENGTH,
    FILE_PERMISSIONS,
    FOLDER_PERMISSIONS,
    LONGEST_EXTENT,
    EntryForm,
    allocations,
    allocations_length,
    form_of,
)
from media.udf.encode_volume import (
    VolumeFacts,
    file_set,
    terminator,
)
from media.udf.entries import SHORT
from media.udf.fields import BYTES, FOLDER, IS_FOLDER, PARENT
from media.volume_plan import PlannedFile
from reporting import CannotWrite

_FILE_SET: Final = 2  # blocks: its descriptor and the terminator
_FIRST_UNIQUE_ID: Final = 16  # those below are kept for others (UDF 3.2.1)
_LONGEST_NAME: Final = 255  # bytes with the one that tells how it is compressed
_LONGEST_PATH: Final = 1023  # bytes (UDF 2.1.1.1)
# What most components are: eight of them are short enough whatever else they are.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_]{1,60}(?:\.[A-Za-z0-9_]{1,60})?", re.ASCII)
_BATCH: Final = 256  # entries that are handed on together


class _Folder(NamedTuple):
    number: int  # among the folders
    parent: int
    name: bytes  # compressed
    block: int  # of its entry; its content follows
    size: int  # bytes of its content
    folders: list[int]  # in it, by name
    files: list[int]  # in it, by name


class FolderTree:
    """Folders and files with a block for each of their entries."""

    def __init__(self, files: Sequence[PlannedFile], recorded: datetime, partition: int) -> None:
        """Lay out *files* in the partition whose map has the number *partition*.

        Raises:
            NameDoesNotFit: a name cannot be recorded.
        """
        refuse_unsuited(files)
        self._planned, self._recorded, self._partition = files, recorded, partition
        self._folders = _lay_out_folders(files)
        last = self._folders[-1]
        self._first_file = last.block + 1 + -(-last.size // BLOCK)
        self.blocks = self._first_file + len(files)

    @property
    def root(self) -> int:
        """Return the block of the entry of the root directory."""
        return self._folders[0].block

    @property
    def folders(self) -> int:
        return len(self._folders)

    @property
    def next_unique_id(self) -> int:
        return _FIRST_UNIQUE_ID + len(self._planned) + len(self._folders)

    def pieces(
        self, facts: VolumeFacts, starts: Sequence[int], data_partition: int | None
    ) -> Iterator[bytes]:
        """Yield the blocks of the whole tree in their order.

        Args:
            facts: of the volume.
            starts: first block of the content of every file.
            data_partition: the one that these blocks are of; None where it is the tree's own.
        """
        yield file_set(facts, self.root)
        yield terminator(facts, 1)
        entries = EntryForm(facts.version, FOLDER, FOLDER_PERMISSIONS, SHORT)
        for folder in self._folders:
            yield self._folder_entry(entries, folder)
            yield self._directory(facts.version, folder)
        yield from self._file_entries(facts.version, starts, data_partition)

    def _file_entries(
        self, version: int, starts: Sequence[int], data_partition: int | None
    ) -> Iterator[bytes]:
        entry = EntryForm(version, BYTES, FILE_PERMISSIONS, form_of(data_partition)).entry
        for first in range(0, len(self._planned), _BATCH):
            batch = slice(first, first + _BATCH)
            block, unique_id = self._first_file + first, _FIRST_UNIQUE_ID + first
            entries = []
            for file, start in zip(self._planned[batch], starts[batch], strict=True):
                allocation = allocations(file.size, start, data_partition)
                entries.append(entry(block, file.size, file.modified, unique_id, allocation))
                block, unique_id = block + 1, unique_id + 1
            yield b"".join(entries)

    def refuse_sizes(self, version: int, data_partition: int | None) -> None:
        """Check that the extents of every file can be told in its entry.

        Raises:
            CannotWrite: a file is too large.
        """
        for file in self._planned:
            if file.size <= LONGEST_EXTENT:
                continue
            if ENTRY_LENGTH[version] + allocations_length(file.size, data_partition) > BLOCK:
                raise CannotWrite(
                    "is larger than any file on a disc can be", shown(file.name), "Split it"
                )

    def _unique_id(self, folder: _Folder) -> int:
        # The root directory has the number 0 (UDF 3.2.1.1).
        return _FIRST_UNIQUE_ID + len(self._planned) + folder.number if folder.number else 0

    def _folder_entry(self, entries: EntryForm, folder: _Folder) -> bytes:
        return entries.entry(
            folder.block,
            folder.size,
            self._recorded,
            self._unique_id(folder),
            allocations(folder.size, folder.block + 1, None),
            links=1 + len(folder.folders),
        )

    def _directory(self, version: int, folder: _Folder) -> bytes:
        content = bytearray()
        for name, characteristics, address in self._children(folder):
            location = folder.block + 1 + len(content) // BLOCK
            content += record(version, location, name, characteristics, address)
        return bytes(content.ljust(-(-len(content) // BLOCK) * BLOCK, b"\0"))

    def _children(self, folder: _Folder) -> Iterator[tuple[bytes, int, tuple[int, int, int]]]:
        above = self._folders[folder.parent]
        yield b"", PARENT | IS_FOLDER, (above.block, self._partition, self._unique_id(above))
        for number in folder.folders:
            child = self._folders[number]
            yield child.name, IS_FOLDER, (child.block, self._partition, self._unique_id(child))
        for number in folder.files:
            name = compressed(self._planned[number].name[-1])
            block = self._first_file + number
            yield name, 0, (block, self._partition, _FIRST_UNIQUE_ID + number)


def _lay_out_folders(files: Sequence[PlannedFile]) -> list[_Folder]:
    inside: dict[Name, list[tuple[str, int]]] = {(): []}
    for number, file in enumerate(files):
        above = file.name[:-1]
        while above not in inside:
            inside[above] = []
            above = above[:-1]
        inside[file.name[:-1]].append((file.name[-1], number))
    ordered = sorted(inside, key=lambda name: (len(name), name))
    numbers = {name: number for number, name in enumerate(ordered)}
    inner: list[list[int]] = [[] for _ in ordered]
    for name, number in numbers.items():
        if name:
            inner[numbers[name[:-1]]].append(number)
    folders = []
    block = _FILE_SET
    for number, name in enumerate(ordered):
        contained = sorted(inside[name])
        names = [component for component, _ in contained]
        names += [ordered[folder][-1] for folder in inner[number]]
        size = record_length(0) + sum([record_length(compressed_length(part)) for part in names])
        own, parent = (compressed(name[-1]), numbers[name[:-1]]) if name else (b"", 0)
        numbers_of_files = [file for _, file in contained]
        folders.append(_Folder(number, parent, own, block, size, inner[number], numbers_of_files))
        block += 1 + -(-size // BLOCK)
    return folders


def refuse_unsuited(files: Sequence[PlannedFile]) -> None:
    """Check that all names can stand together on one UDF volume of a DICOM medium.

    Raises:
        NameDoesNotFit: one is too deep or too long, there twice, or both file and folder.
    """
    names = [file.name for file in files]
    refuse_clashes(names)
    plain: dict[Name, bool] = {}  # of folders
    for name in names:
        above = name[:-1]
        if above not in plain:
            plain[above] = all(map(_PLAIN.fullmatch, above))
        if not (plain[above] and _PLAIN.fullmatch(name[-1])):
            _refuse_components(name)


def _refuse_components(name: Name) -> None:
    for part in name:
        illegal = part in ("", ".", "..") or "/" in part or "\0" in part
        if illegal or any(0xD800 <= ord(c) <= 0xDFFF or ord(c) > 0xFFFF for c in part):
            raise NameDoesNotFit(
                "is not a name of a UDF volume",
                shown(name),
                "Use letters, digits and _ only",
            )
        if len(compressed(part)) > _LONGEST_NAME:
            raise NameDoesNotFit(
                "is longer than a name of a UDF volume can be", shown(name), "Use a shorter one"
            )
    if sum(len(compressed(part)) + 1 for part in name) > _LONGEST_PATH:
        raise NameDoesNotFit("has too long a path", shown(name), "Use shorter names")
