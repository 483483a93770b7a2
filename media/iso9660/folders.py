"""The directories of an ISO 9660 volume to be: their order, their sizes, and what lies in them.

Directories come in the order of the path tables, level by level (ECMA-119 6.9.1), and the records
of each in the order of their identifiers (ECMA-119 9.3).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from media.iso9660.fields import ROOT, record_length
from media.source import Name
from reporting import CannotWrite

BLOCK: Final = 2048  # bytes; logical sectors and logical blocks alike (ECMA-119 6.1.2, 6.2.2)
_PATH_TABLE_HEAD: Final = 8  # bytes of a path table record before its identifier (ECMA-119 9.4)
_LAST_PARENT: Final = 0xFFFF  # number of a directory that path tables can name as a parent

# A component, and the number of the file or IS_FOLDER. The order of components is that of their
# records: the dot is below all that may stand in a name, as is the padding of ECMA-119 9.3.
Child = tuple[str, int]
IS_FOLDER: Final = -1


class Folder(NamedTuple):
    """One directory."""

    name: Name
    parent: int  # place of the directory above it among all; the root is its own
    block: int  # counted from that of the root directory
    size: int  # bytes, whole blocks
    children: list[Child]  # in the order of their records

    @property
    def identifier(self) -> bytes:
        return self.name[-1].encode() if self.name else ROOT


def path_table_size(folders: Iterable[Folder]) -> int:
    """Return the bytes of one path table."""
    return sum(_PATH_TABLE_HEAD + (len(folder.identifier) + 1 & ~1) for folder in folders)


def blocks_of(size: int) -> int:
    return -(-size // BLOCK)


def lay_out_folders(
    names: Iterable[Name], lengths: Sequence[int], records: Mapping[int, int]
) -> dict[Name, Folder]:
    """Return all directories by name, in the order of the path tables.

    Args:
        names: of the files in them.
        lengths: bytes of one record of each file.
        records: how many records those files have, by number, that do not have one.

    Raises:
        CannotWrite: there are more directories than path tables can number.
    """
    children: dict[Name, list[Child]] = {(): []}
    for number, name in enumerate(names):
        above = name[:-1]
        if above not in children:
            _add_folder(above, children)
        children[above].append((name[-1], number))
    for inside in children.values():
        inside.sort()
    ends = {name: _end_of(inside, lengths, records) for name, inside in children.items()}
    return _placed(children, ends)


def _add_folder(name: Name, children: dict[Name, list[Child]]) -> None:
    if name not in children:
        _add_folder(name[:-1], children)
        children[name] = []
        children[name[:-1]].append((name[-1], IS_FOLDER))


def _placed(children: Mapping[Name, list[Child]], ends: Mapping[Name, int]) -> dict[Name, Folder]:
    order: list[tuple[Name, int]] = [((), 0)]
    placed: dict[Name, Folder] = {}
    block = 0
    for number, (name, parent) in enumerate(order):  # It grows while it is walked.
        inside = children[name]
        size = blocks_of(ends[name]) * BLOCK
        placed[name] = Folder(name, parent, block, size, inside)
        block += size // BLOCK
        inner = [((*name, part), number) for part, file in inside if file == IS_FOLDER]
        if inner and number >= _LAST_PARENT:
            raise CannotWrite(
                f"has folders in more than {_LAST_PARENT:,} folders",
                "volume",
                "Use fewer folders, or several volumes",
            )
        order += inner
    return placed


def _end_of(children: list[Child], lengths: Sequence[int], records: Mapping[int, int]) -> int:
    """Return where the last record ends; none crosses into another block (ECMA-119 6.8.1.1)."""
    end = 2 * record_length(len(ROOT))
    for component, number in children:
        length = record_length(len(component)) if number == IS_FOLDER else lengths[number]
        for _ in range(records.get(number, 1)):
            room = BLOCK - end % BLOCK
            end += length if length <= room else room + length
    return end
