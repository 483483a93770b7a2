"""What is on a disc before a session is appended to it: everything that must not be lost."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.iso9660.check import check_volume
from media.iso9660.layout import PADDING_BLOCKS
from media.iso9660.records import SECTOR, parse_record
from media.iso9660.rock_ridge import read_rock_ridge
from media.iso9660.session_names import ENHANCED, is_joliet, joliet, level_of, plain
from media.iso9660.session_tree import SessionTree
from media.iso9660.sessions import MOST_SESSIONS, broken_session, session_starts
from media.iso9660.views_rules import new_list
from media.iso9660.volume import (
    Descriptor,
    Directory,
    RecordedFile,
    Volume,
    read_tree,
    read_volume,
)
from media.udf.volume import says_udf
from reporting import CannotWrite, Finding, NotSupported

_SUPPLEMENTARY: Final = 2  # type of a descriptor
_MOST_TREES: Final = 4
# What makes it doubtful that all names were read, or that they lead to their content.
_DAMAGE: Final = frozenset(
    (
        "ISO-TERMINATOR",
        "ISO-BLOCK-SIZE",
        "ISO-BOTH-ORDERS",
        "ISO-PATH-TABLE-L",
        "ISO-PATH-TABLE-M",
        "ISO-INTERLEAVE",
        "ISO-OUTSIDE",
    )
)
# Programs that copy a disc leave out what its end was padded with.
_MAY_BE_MISSING: Final = PADDING_BLOCKS * SECTOR  # bytes
_NEW_MEDIUM: Final = "Make a new medium from its files instead"


class NamedTree(NamedTuple):
    """A tree and the descriptors that lead to it."""

    tree: SessionTree
    descriptors: list[Descriptor]


class RockRidgeNames(NamedTuple):
    """What the disc's Rock Ridge asks of new files."""

    front: int  # bytes in front of each System Use field
    names: Mapping[tuple[int, bytes], str]  # by number of the directory and identifier


class Disc(NamedTuple):
    """A disc that can be appended to."""

    volume: Volume
    trees: list[NamedTree]  # the plain names first
    level: int  # of interchange, that the plain names keep to
    rock_ridge: RockRidgeNames | None
    end: int  # byte behind which nothing counts

    @property
    def plain(self) -> SessionTree:
        return self.trees[0].tree


def read_disc(image: BlockReader, where: str, *, rock_ridge: bool = True) -> Disc | None:
    """Read the last session of a disc, or return None where there is no ISO 9660 volume.

    Args:
        image: of the disc.
        where: what errors call it.
        rock_ridge: whether its names are to be carried over.

    Raises:
        NotSupported: what is on it can be read and not be carried over whole.
        CannotWrite: it is damaged, so that names might be lost, or has no more sessions.
    """
    starts = session_starts(image)
    volume = read_volume(image, starts[:-1], first=starts[-1])
    if volume is None:
        return None
    _refuse_unsupported(volume, image, where)
    if len(starts) >= MOST_SESSIONS:
        raise CannotWrite(f"has {len(starts)} sessions, the most of a disc", where, _NEW_MEDIUM)
    doubts = [finding for finding in check_volume(volume, image) if finding.rule in _DAMAGE]
    _refuse_damage(volume.problems.findings() + doubts, where)
    broken = broken_session(image, starts[-1])
    if broken is not None:
        raise CannotWrite(
            "is damaged: its last session cannot be read, and would be written over",
            f"{where}, sector {broken}",
            _NEW_MEDIUM,
        )
    if volume.end > image.size + _MAY_BE_MISSING:
        raise CannotWrite("ends before its last session does", where, _NEW_MEDIUM)
    level = level_of(volume)
    plain_names = SessionTree(volume.directories, plain(level))
    trees = [NamedTree(plain_names, [volume.primary])]
    end = _end_of(volume.directories, volume.files)
    for descriptor in volume.descriptors:
        if descriptor.type == _SUPPLEMENTARY:
            end = max(end, _take_tree(descriptor, trees, volume, image, where))
    # Where a disc is larger than it says, nothing is known of what is behind its end.
    end = volume.end if end <= volume.end else image.size
    names = _rock_ridge(volume, plain_names, image, where) if rock_ridge else None
    return Disc(volume, trees, level, names, end)


def _refuse_unsupported(volume: Volume, image: BlockReader, where: str) -> None:
    if says_udf(image):
        what = "has a UDF file system as well, which would not show what is added"
    elif volume.block_size != SECTOR:
        what = f"has blocks of {volume.block_size} bytes"
    else:
        return
    raise NotSupported(what, where, _NEW_MEDIUM)


def _refuse_damage(findings: Sequence[Finding], where: str) -> None:
    for finding in findings:
        raise CannotWrite(
            f"is damaged, and files might be lost: {finding.message} ({finding.rule})",
            f"{where}, {finding.where}",
            _NEW_MEDIUM,
        )


def _take_tree(
    descriptor: Descriptor, trees: list[NamedTree], volume: Volume, image: BlockReader, where: str
) -> int:
    """Read what a supplementary descriptor leads to, and return the byte at which that ends."""
    known = next((t for t in trees if _root(t.descriptors[0]) == _root(descriptor)), None)
    if known is not None:
        known.descriptors.append(descriptor)
        return 0
    tree = read_tree(image, descriptor, volume.block_size, _as_recorded)
    if tree is None or len(trees) == _MOST_TREES:
        raise NotSupported(
            "has a system of names that is not known",
            f"{where}, sector {descriptor.sector}",
            _NEW_MEDIUM,
        )
    spelling = joliet(tree.directories) if is_joliet(descriptor.data) else ENHANCED
    _refuse_damage(tree.problems.findings(), f"{where}, {spelling.title}")
    trees.append(NamedTree(SessionTree(tree.directories, spelling), [descriptor]))
    return _end_of(tree.directories, tree.files)


def _root(descriptor: Descriptor) -> int:
    return parse_record(descriptor.data[:190], 156, 0).extent


def _as_recorded(identifier: bytes) -> str:
    return identifier.decode("latin-1")


def _end_of(directories: Sequence[Directory], files: Sequence[RecordedFile]) -> int:
    ends = [directory.at + directory.size for directory in directories]
    for file in files:
        ends += (at + size for at, size in file.extents or ((file.at, file.size),) if size)
    return max(ends)


def _rock_ridge(
    volume: Volume, tree: SessionTree, image: BlockReader, where: str
) -> RockRidgeNames | None:
    found = read_rock_ridge(volume, image, new_list())
    if found is None:
        return None
    if found.placeholders:
        raise NotSupported(
            "has folders that Rock Ridge shows elsewhere than they are", where, _NEW_MEDIUM
        )
    names = {
        (file.directory, file.identifier): name[-1]
        for file, name in zip(volume.files, found.names, strict=True)
        if name is not None
    }
    use = parse_record(tree.root.own_record, 0, 0).system_use
    start = 0 if use[:2] == b"SP" else 14  # CD-ROM XA has 14 bytes of its own in front.
    front = int.from_bytes(use[start + 6 : start + 7], "little")
    return RockRidgeNames(front, names)
