"""The tree of a UDF volume to be: which block every entry and directory gets, and their bytes.

Everything here is counted in blocks of one partition: the physical one, or from UDF 2.50 on the
metadata partition in it. A directory's entry lies right before its content, and the entries of
all files follow in the order in which the files lie on the medium.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from media.iso9660_names import MAXIMUM_LEVELS, NameDoesNotFit, shown
from media.source import Name
from media.udf_encode import (
    BLOCK,
    ENTRY_LENGTH,
    FILE_PERMISSIONS,
    FOLDER_PERMISSIONS,
    EntryFacts,
    allocations,
    allocations_length,
    compressed,
    entry,
    form_of,
    record,
    record_length,
)
from media.udf_encode_volume import (
    VolumeFacts,
    file_set,
    terminator,
)
from media.udf_entries import SHORT
from media.udf_fields import BYTES, FOLDER, IS_FOLDER, PARENT
from media.volume_plan import PlannedFile
from reporting import CannotWrite

_FILE_SET: Final = 2  # blocks: its descriptor and the terminator
_FIRST_UNIQUE_ID: Final = 16  # those below are kept for others (UDF 3.2.1)
_LONGEST_NAME: Final = 255  # bytes with the one that tells how it is compressed
_LONGEST_PATH: Final = 1023  # bytes (UDF 2.1.1.1)


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
        for folder in self._folders:
            yield self._folder_entry(facts.version, folder)
            yield self._directory(facts.version, folder)
        form = form_of(data_partition)
        for number, (file, start) in enumerate(zip(self._planned, starts, strict=True)):
            yield entry(
                facts.version,
                EntryFacts(
                    self._first_file + number,
                    BYTES,
                    FILE_PERMISSIONS,
                    1,
                    file.size,
                    file.modified,
                    _FIRST_UNIQUE_ID + number,
                    allocations(file.size, start, data_partition),
                    form,
                ),
            )

    def refuse_sizes(self, version: int, data_partition: int | None) -> None:
        """Check that the extents of every file can be told in its entry.

        Raises:
            CannotWrite: a file is too large.
        """
        for file in self._planned:
            if ENTRY_LENGTH[version] + allocations_length(file.size, data_partition) > BLOCK:
                raise CannotWrite(
                    "is larger than any file on a disc can be", shown(file.name), "Split it"
                )

    def _unique_id(self, folder: _Folder) -> int:
        # The root directory has the number 0 (UDF 3.2.1.1).
        return _FIRST_UNIQUE_ID + len(self._planned) + folder.number if folder.number else 0

    def _folder_entry(self, version: int, folder: _Folder) -> bytes:
        facts = EntryFacts(
            folder.block,
            FOLDER,
            FOLDER_PERMISSIONS,
            1 + len(folder.folders),
            folder.size,
            self._recorded,
            self._unique_id(folder),
            allocations(folder.size, folder.block + 1, None),
            SHORT,
        )
        return entry(version, facts)

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
    names = {file.name[:depth] for file in files for depth in range(len(file.name))} | {()}
    ordered = sorted(names, key=lambda name: (len(name), name))
    numbers = {name: number for number, name in enumerate(ordered)}
    inner: list[list[int]] = [[] for _ in ordered]
    sizes = [record_length(b"")] * len(ordered)
    for name, number in numbers.items():
        if name:
            above = numbers[name[:-1]]
            inner[above].append(number)
            sizes[above] += record_length(compressed(name[-1]))
    contained: list[list[int]] = [[] for _ in ordered]
    for number in sorted(range(len(files)), key=lambda number: files[number].name):
        above = numbers[files[number].name[:-1]]
        contained[above].append(number)
        sizes[above] += record_length(compressed(files[number].name[-1]))
    folders = []
    block = _FILE_SET
    for number, name in enumerate(ordered):
        own = compressed(name[-1]) if name else b""
        parent = numbers[name[:-1]] if name else 0
        size = sizes[number]
        folders.append(_Folder(number, parent, own, block, size, inner[number], contained[number]))
        block += 1 + -(-size // BLOCK)
    return folders


def refuse_unsuited(files: Sequence[PlannedFile]) -> None:
    """Check that all names can stand together on one UDF volume of a DICOM medium.

    Raises:
        NameDoesNotFit: one is too deep or too long, there twice, or both file and folder.
    """
    names: set[Name] = set()
    folders: set[Name] = set()
    for file in files:
        name = file.name
        if not 1 <= len(name) <= MAXIMUM_LEVELS:
            raise NameDoesNotFit(
                f"has {len(name)} levels",
                shown(name),
                f"Use at least a file name and at most {MAXIMUM_LEVELS - 1} folders above it",
            )
        if name in names:
            raise NameDoesNotFit("is there twice", shown(name), "Give every file its own name")
        names.add(name)
        if name[:-1] not in folders:
            folders.update(name[:depth] for depth in range(1, len(name)))
            _refuse_components(name, name[:-1])
        _refuse_components(name, name[-1:])
    for name in names & folders:
        raise NameDoesNotFit("is a file and a folder", shown(name), "Rename one of them")


def _refuse_components(name: Name, components: Sequence[str]) -> None:
    for part in components:
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
