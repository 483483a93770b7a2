"""Reads a UDF volume: tolerant of what is wrong, bounded in all it does.

Nothing here trusts the medium. Every directory is visited once, addresses are held against
partitions and the image, and there is an upper limit to everything that is counted.
"""

from typing import Final, NamedTuple

from media.entry import BlockReader
from media.finding_list import FindingList
from media.udf.blocks import Blocks
from media.udf.fields import (
    FILE_SET,
    REVISIONS,
    Address,
    parse_dstring,
    parse_identifier,
    parse_long,
    parse_tag,
    parse_u16,
    parse_u32,
    tag_fault,
)
from media.udf.maps import build_space
from media.udf.rules import new_list
from media.udf.sequence import VolumeStructure, read_structure, recognised
from media.udf.space import Space
from media.udf.tree import Tree, UdfDirectory, UdfFile
from reporting import CannotRead
from reporting.uncollected import uncollected

_DOMAIN: Final = b"*OSTA UDF Compliant"
_NSR: Final = frozenset((b"NSR02", b"NSR03"))
_MOST_FILE_SETS: Final = 16  # blocks of the file set sequence that are looked at


class UdfVolume(NamedTuple):
    """Everything that the structures of a volume say."""

    revision: str  # "1.02"; as hexadecimal where it is none that is known
    label: str  # the Logical Volume Identifier
    sector_size: int  # bytes
    structure: VolumeStructure
    recognition: list[bytes]  # identifiers of the volume recognition sequence
    partitions: tuple[str, ...]  # kinds, by number of the partition map
    file_set: bytes  # its descriptor
    directories: list[UdfDirectory]
    files: list[UdfFile]  # by ascending place
    unlisted: int  # files that are none to a reader, such as symbolic links
    problems: FindingList  # what came to light on the way

    @property
    def size(self) -> int:
        """Return the bytes up to the end of the last partition."""
        ends = (parse_u32(d.data, 188) + parse_u32(d.data, 192) for d in self.structure.partitions)
        return max(ends, default=0) * self.sector_size


def read_udf(image: BlockReader) -> UdfVolume | None:
    """Read a volume, or return None where there is no UDF volume.

    Raises:
        CannotRead: there is one, and it is too damaged to be read.
        NotSupported: its root directory is recorded by strategy 4096.
    """
    where = str(getattr(image, "path", "image"))
    blocks = Blocks(image)
    problems = new_list()
    recognition = recognised(blocks)
    structure = read_structure(blocks, problems)
    if structure is None:
        if not _NSR.isdisjoint(recognition):
            raise _lost(where, "has no readable anchor or no logical volume")
        return None
    logical = structure.logical.data
    space = build_space(blocks, structure, problems)
    file_set = _file_set(space, parse_long(logical, 248), problems)
    if file_set is None:
        raise _lost(where, "has no readable file set")
    tree = Tree(space, problems)
    with uncollected():
        tree.walk(parse_long(file_set, 400), where)
    tree.files.sort(key=lambda file: file.at)
    return UdfVolume(
        revision_of(logical[216:248]),
        parse_dstring(logical[84:212]),
        structure.sector_size,
        structure,
        recognition,
        tuple(p.kind for number, p in sorted(space.partitions.items()) if number >= 0),
        file_set,
        tree.directories,
        tree.files,
        tree.unlisted,
        problems,
    )


def says_udf(image: BlockReader) -> bool:
    """Whether the volume recognition sequence of *image* announces UDF."""
    return not _NSR.isdisjoint(recognised(Blocks(image)))


def revision_of(domain: bytes) -> str:
    """Return the revision in a domain identifier (UDF 2.1.5.3); "" where it is not UDF's."""
    if parse_identifier(domain) != _DOMAIN:
        return ""
    number = parse_u16(domain, 24)
    return REVISIONS.get(number, f"{number:04x}h")


def _lost(where: str, why: str) -> CannotRead:
    return CannotRead(
        f"is a UDF volume that {why}",
        where,
        "Read the medium again up to its last written block, or in another drive",
    )


def _file_set(space: Space, address: Address, problems: FindingList) -> bytes | None:
    """Return the last File Set Descriptor of the sequence at *address* (ECMA-167 4/8.3.1)."""
    best = None
    length = max(address.length // space.block_size, 1)
    for block in range(address.block, address.block + min(length, _MOST_FILE_SETS)):
        found = space.read_block(address.partition, block)
        tag = parse_tag(found[0]) if found else None
        if found is None or tag is None or tag.identifier != FILE_SET:
            break
        fault = tag_fault(found[0], tag, block)
        if fault:
            problems.add("UDF-FILE-SET", f"byte {found[1]}", fault)
        best = found[0]
    return best
