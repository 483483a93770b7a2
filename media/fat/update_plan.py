"""Plans what is written to a FAT volume so that files are added, replaced and removed.

Everything is decided, and every refusal made, before anything is written. The plan is a row of
phases: each is durable before the next one begins, and within one the order does not matter.

    1  contents, new folders and new ends of folders, in clusters that are free; marked as in use
    2  the chains of these clusters, in all tables
    3  records of what is added or replaced, and the links to the new ends of folders
    4  records of what comes last
    5  records of what is removed
    6  clusters that nothing leads to any more become free, and the count of those that are
    7  marked as taken out in order

A medium that is pulled out before 3 is as it was, before 4 has its old directory and all files.
At the worst some clusters are in use that belong to no file.
"""

from collections.abc import Sequence
from datetime import datetime
from struct import Struct
from typing import Final, NamedTuple

from drivers import ImageFile
from media.extents import Extent
from media.fat.boot import parse_fsinfo
from media.fat.records import LARGEST_FILE
from media.fat.update_checks import clean_bit
from media.fat.update_space import FreeClusters
from media.fat.update_table import Patch, TableDraft
from media.fat.update_tree import Home, TreeDraft
from media.fat.volume import FatVolume
from media.iso9660.names import shown
from media.source import NamedSource
from media.update import Change
from reporting import CannotWrite

_COUNTS: Final = Struct("<II")  # free clusters, and the last one that was given out
_COUNTS_AT: Final = 488  # byte of the sector


class Placed(NamedTuple):
    """A source, and where its content goes."""

    source: NamedSource
    extents: tuple[Extent, ...]
    cluster: int  # first one; 0: it has no content


class UpdatePlan(NamedTuple):
    """What is to be written."""

    contents: tuple[Placed, ...]
    phases: tuple[tuple[Patch, ...], ...]  # the first one is written together with the contents


def plan_update(
    volume: FatVolume, reader: ImageFile, change: Change, recorded: datetime, *, lost: bool
) -> UpdatePlan:
    """Plan a *change* of a volume.

    Args:
        volume: read from *reader*, and not refused by `refuse_damaged`.
        reader: the image or device.
        change: what is to become of the files.
        recorded: the date of new folders.
        lost: whether clusters are in use that belong to no file.

    Raises:
        NameDoesNotFit: a name cannot be recorded, or is in the way of another one.
        CannotWrite: there is not enough room, or a file that is to be removed is not there.
    """
    return _Planner(volume, reader, recorded).plan(change, lost=lost)


class _Planner:
    def __init__(self, volume: FatVolume, reader: ImageFile, recorded: datetime) -> None:
        self._volume, self._boot, self._reader = volume, volume.boot, reader
        self._table = TableDraft(reader, volume.table, volume.boot)
        self._space = FreeClusters(volume.table, reader.path)
        self._tree = TreeDraft(volume, reader, self._table, self._space, recorded)

    def plan(self, change: Change, *, lost: bool) -> UpdatePlan:
        table, tree, adding = self._table, self._tree, len(change.add)
        sources = (*change.add, *change.last)
        self._refuse_without_room(sources, removing=bool(change.remove))
        phases = [self._mark()]
        homes = [tree.home(source.name) for source in sources]
        removals = [tree.standing(name) for name in change.remove]
        contents = [self._place(source) for source in sources]

        self._record(homes[:adding], contents[:adding])
        phases[0] += [*tree.take_cleaned(), *tree.take_grown()]
        tree.link_new_clusters()
        phases.append(table.take())

        # From here on readers see what is written, so that after each phase the volume is sound.
        tree.link_grown_folders()
        phases.append([*table.take(others=False), *tree.take()])
        self._record(homes[adding:], contents[adding:])
        phases.append([*table.take(first=False), *tree.take()])
        for home in removals:
            tree.remove(home)
        phases.append(tree.take())
        table.free(tree.freed)
        phases.append([*table.take(), *self._counted()])
        phases.append(self._unmark(lost=lost))
        return UpdatePlan(tuple(contents), tuple(tuple(phase) for phase in phases))

    def _refuse_without_room(self, sources: Sequence[NamedSource], *, removing: bool) -> None:
        for source in sources:
            if source.size > LARGEST_FILE:
                raise CannotWrite(
                    "has 4 GiB or more, which a FAT volume cannot hold in one file",
                    shown(source.name),
                    "Choose a medium with another file system",
                )
        size = self._boot.cluster
        needed = sum(-(-source.size // size) for source in sources)
        if needed > self._space.left:
            raise CannotWrite(
                f"needs {needed * size:,} bytes where {self._space.left * size:,} are free",
                self._reader.path,
                # What the old directory names is whole until the new one stands.
                "What is removed keeps its room until all that is new is written: put what stays "
                "on a new medium"
                if removing
                else "Remove what is not needed, or use a new medium",
            )

    def _place(self, source: NamedSource) -> Placed:
        runs = self._space.take(-(-source.size // self._boot.cluster))
        self._table.link(runs)
        extents, left = [], source.size
        for run in runs:
            at, size = self._tree.extent(run)
            extents.append(Extent(at, min(size, left)))
            left -= size
        return Placed(source, tuple(extents), runs[0][0] if runs else 0)

    def _record(self, homes: Sequence[Home], contents: Sequence[Placed]) -> None:
        for home, placed in zip(homes, contents, strict=True):
            self._tree.record(home, placed.source, placed.cluster)

    def _mark(self) -> list[Patch]:
        """Return what says that the volume is in use."""
        bit = clean_bit(self._boot.bits)
        self._table.put(1, self._volume.table.entry(1) & ~bit)
        return self._table.take()

    def _unmark(self, *, lost: bool) -> list[Patch]:
        """Return what says that it no longer is: by us, and by nobody where nothing is wrong."""
        before, bit = self._volume.table.entry(1), clean_bit(self._boot.bits)
        self._table.put(1, before if lost else before | bit)
        return self._table.take()

    def _counted(self) -> list[Patch]:
        """Return the sector of FAT32 in which the free clusters are counted."""
        boot = self._boot
        if not 0 < boot.fsinfo < boot.reserved:
            return []
        at = self._volume.place.offset + boot.fsinfo * boot.sector
        before = self._reader.pread(boot.sector, at)
        known = parse_fsinfo(before)
        if known is None:
            return []
        space, after = self._space, bytearray(before)
        free = space.free - space.taken + sum(count for _, count in self._tree.freed)
        given_out = space.following - 1 if space.taken else known[1]
        _COUNTS.pack_into(after, _COUNTS_AT, free, given_out)
        return [Patch(at, bytes(after))] if before != after else []
