"""Lays a session out that is appended to a disc (PS3.12 F.2: the last one describes all of it)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from media.iso9660.encode import FIRST_DESCRIPTOR
from media.iso9660.fields import both_32, descriptor_date, terminator
from media.iso9660.folders import blocks_of
from media.iso9660.layout import LARGEST_VOLUME, PADDING_BLOCKS, refuse_unsuited
from media.iso9660.names import volume_identifier_field
from media.iso9660.records import SECTOR
from media.iso9660.session_change import TreeChange
from media.iso9660.session_disc import Disc
from media.iso9660.session_folders import EncodedTree, FolderLayout
from media.iso9660.session_names import is_joliet
from media.iso9660.sessions import LARGEST_GAP
from media.iso9660.volume import Descriptor
from media.source import Name
from media.volume_plan import PlannedFile
from reporting import CannotWrite, WrongUsage

# A session begins with a whole group of blocks that a DVD keeps together for error correction.
SESSION_ALIGNMENT: Final = 16  # blocks
# What reads ahead of the last file of one session is not to run into the next one, where its
# writer left no room behind the file. Between sessions of a CD the drive leaves far more.
SESSION_LEAD: Final = 32  # blocks

_PRIMARY: Final = 1  # type of a descriptor


class SessionPlan(NamedTuple):
    """The layout of a session: where everything goes on the disc."""

    start: int  # block at which its system area begins
    blocks: int  # that it takes, from there on
    descriptor: bytes  # the primary one, by which the session counts
    structures: tuple[tuple[int, bytes], ...]  # byte of the disc, all else
    first: bytes  # all descriptors, for the front of an image: of one volume over all sessions
    offsets: tuple[int, ...]  # byte at which each file begins, in the order of the files

    @property
    def descriptor_at(self) -> int:
        return (self.start + FIRST_DESCRIPTOR) * SECTOR

    @property
    def end(self) -> int:
        """Return the byte of the disc at which the session ends."""
        return (self.start + self.blocks) * SECTOR


def plan_session(
    disc: Disc,
    files: Sequence[PlannedFile],
    remove: Sequence[Name],
    *,
    recorded: datetime,
    label: str | None = None,
    start: int | None = None,
) -> SessionPlan:
    """Lay out a session that shows what the disc shows, less *remove*, with *files*.

    Changes *disc*, which is of no further use.

    Args:
        disc: as its last session shows it.
        files: what is added or replaced, in the order in which it is to lie there.
        remove: names of files that are not to be shown any more.
        recorded: when the session is made; aware.
        label: of the volume; None: as it was.
        start: block at which the session is to begin; None: behind the last one.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded, or stands in another's way.
        CannotWrite: a file or the disc becomes too large, or a name to remove is not there.
        NotSupported: other names cannot be told apart.
        WrongUsage: *start* lies within the disc or too far behind it.
    """
    refuse_unsuited(files, label or "", disc.level)
    start = _start(disc, start)
    offsets, content_blocks = _relative(files)
    change = TreeChange(disc, recorded)
    change.take_out(remove, [file.name for file in files])
    for file, offset in zip(files, offsets, strict=True):
        change.put_in(file, offset)
    change.finish()
    layouts = [FolderLayout(named.tree.root) for named in disc.trees]
    descriptors = _descriptors(disc)
    tables = start + FIRST_DESCRIPTOR + len(descriptors) + 1
    content = tables + sum(layout.blocks for layout in layouts)
    blocks = content + content_blocks + PADDING_BLOCKS - start
    if start + blocks > LARGEST_VOLUME:
        raise CannotWrite("is larger than any volume can be", "volume", "Make a new medium")
    encoded, structures = [], []
    for layout in layouts:
        encoded.append(layout.encode(tables, content))
        structures.append((tables * SECTOR, encoded[-1].data))
        tables += layout.blocks
    primary, others = _encoded(descriptors, encoded, _DescriptorChange(blocks, recorded, label))
    structures.append(((start + FIRST_DESCRIPTOR + 1) * SECTOR, others))
    first = _encoded(descriptors, encoded, _DescriptorChange(start + blocks, recorded, label))
    at = tuple((content + offset) * SECTOR for offset in offsets)
    return SessionPlan(start, blocks, primary, tuple(structures), b"".join(first), at)


def _start(disc: Disc, start: int | None) -> int:
    # A reader that has the image alone looks for the next session so far and no further.
    furthest = disc.volume.end // SECTOR + LARGEST_GAP
    first = blocks_of(disc.end)
    if start is None:
        start = -(-(first + SESSION_LEAD) // SESSION_ALIGNMENT) * SESSION_ALIGNMENT
        if start >= furthest:
            raise CannotWrite(
                "is larger than it says, and nobody would find a session behind its end",
                "image",
                "Make a new medium from its files instead",
            )
    if not first <= start < furthest:
        raise WrongUsage(
            f"block {start} is no place for a session of this disc",
            "start",
            f"Choose one from {first} to {furthest - 1}",
        )
    return start


def _relative(files: Sequence[PlannedFile]) -> tuple[list[int], int]:
    """Return the block of each file, and of what follows, from the first file's on."""
    offsets, block = [], 0
    for file in files:
        offsets.append(block)
        block += blocks_of(file.size)
    return offsets, block


def _descriptors(disc: Disc) -> list[tuple[Descriptor, int | None]]:
    """Return what is recorded again, with the number of the tree that it leads to.

    The primary descriptor comes first, and the others in their order: a computer that starts from
    a disc looks for the boot record in the second place (El Torito 2.0).
    """
    trees = {
        descriptor.sector: number
        for number, named in enumerate(disc.trees)
        for descriptor in named.descriptors
    }
    others = [d for d in disc.volume.descriptors if d.type != _PRIMARY]  # The rest are copies.
    return [(d, trees.get(d.sector)) for d in (disc.volume.primary, *others)]


def _encoded(
    descriptors: Sequence[tuple[Descriptor, int | None]],
    trees: Sequence[EncodedTree],
    change: "_DescriptorChange",
) -> tuple[bytes, bytes]:
    """Return the primary descriptor, and all behind it."""
    primary, *others = (
        old.data if number is None else change.of(old.data, trees[number])
        for old, number in descriptors
    )
    return primary, b"".join((*others, terminator()))


class _DescriptorChange:
    """What becomes different in the descriptors that lead to directories."""

    def __init__(self, blocks: int, recorded: datetime, label: str | None) -> None:
        self._blocks, self._recorded, self._label = blocks, recorded, label

    def of(self, old: bytes, tree: EncodedTree) -> bytes:
        """Return a descriptor for this session (ECMA-119 8.4, 8.5)."""
        new = bytearray(old)
        if new[0] == _PRIMARY:
            new[6] = 1  # its version, by which sessions are found, whatever it was
        if self._label is not None:
            new[40:72] = self._label_field(old, self._label)
        new[80:88] = both_32(self._blocks)
        new[132:140] = both_32(tree.path_table_size)
        new[140:148] = tree.little.to_bytes(4, "little") + bytes(4)
        new[148:156] = tree.big.to_bytes(4, "big") + bytes(4)
        new[156:190] = tree.root
        new[830:847] = descriptor_date(self._recorded)  # when it was modified
        return bytes(new)

    def _label_field(self, old: bytes, label: str) -> bytes:
        if is_joliet(old):
            return label[:16].ljust(16).encode("utf-16-be")
        return volume_identifier_field(label)
