"""The folders of a FAT volume while they are changed: found by name, made, grown and emptied."""

from datetime import datetime
from typing import NamedTuple

from media.entry import BlockReader
from media.extents import Extent
from media.fat.names import short_field
from media.fat.records import (
    ABOVE,
    ARCHIVE,
    FOLDER,
    ITSELF,
    RECORD_SIZE,
    encode_record,
    moment_of,
)
from media.fat.table import FIRST_CLUSTER
from media.fat.update_folder import FolderDraft, Member
from media.fat.update_space import FreeClusters, Run
from media.fat.update_table import Patch, TableDraft, chain
from media.fat.volume import FatVolume
from media.iso9660.names import MAXIMUM_LEVELS, NameDoesNotFit, shown
from media.source import Name, NamedSource
from reporting import CannotWrite


class Home(NamedTuple):
    """Where the record of a file stands, or is going to."""

    name: Name
    folder: FolderDraft
    member: Member
    is_new: bool


class TreeDraft:
    """All folders that a change touches. Nothing is written here."""

    def __init__(
        self,
        volume: FatVolume,
        reader: BlockReader,
        table: TableDraft,
        space: FreeClusters,
        recorded: datetime,
    ) -> None:
        """Take a volume as it stands.

        Args:
            volume: read from *reader*, and sound.
            reader: the image or device.
            table: where chains of folders are noted.
            space: from which folders get their clusters.
            recorded: the date of new folders.
        """
        self.freed: list[Run] = []  # clusters that nothing leads to after the change
        self._volume, self._boot, self._reader = volume, volume.boot, reader
        self._table, self._space = table, space
        self._moment = moment_of(recorded)
        # All by the first cluster of a folder.
        self._folders: dict[int, FolderDraft] = {}
        self._above: dict[int, tuple[FolderDraft, Member]] = {}
        self._grown: dict[int, list[Run]] = {}
        self._tails: dict[int, int] = {}  # the last cluster of those it has on the medium
        self._touched: set[tuple[int, int]] = set()  # folder and place of records that change
        self._root = self._load(self._boot.root_cluster, ())

    def home(self, name: Name) -> Home:
        """Return where the record of a file to be added is going to be; make its folders.

        Raises:
            NameDoesNotFit: the name cannot be recorded, or is in the way of another one.
            CannotWrite: a folder is full, or there is no room.
        """
        if not 1 <= len(name) <= MAXIMUM_LEVELS:
            raise NameDoesNotFit(
                f"has {len(name)} levels",
                shown(name),
                f"Use at least a file name and at most {MAXIMUM_LEVELS - 1} folders above it",
            )
        folder = self._root
        for depth in range(1, len(name)):
            folder = self._below(folder, name[:depth]) or self._make(folder, name[:depth])
        member = folder.member(name[-1])
        is_new = member is None
        if member is None:
            short_field(name[-1])  # refuses what is no name
            slot = self._slot(folder)
            member = Member(name[-1], slot, slot, is_folder=False, cluster=0)
            folder.expect(member)
        elif member.is_folder:
            raise NameDoesNotFit("is a folder there", shown(name), "Choose another name")
        return self._once(Home(name, folder, member, is_new))

    def standing(self, name: Name) -> Home:
        """Return where the record of a file is that is to be removed.

        Raises:
            CannotWrite: there is no such file.
        """
        folder: FolderDraft | None = self._root
        for depth in range(1, len(name)):
            folder = None if folder is None else self._below(folder, name[:depth])
        member = None if folder is None or not name else folder.member(name[-1])
        if folder is None or member is None or member.is_folder:
            raise CannotWrite("is no file on the medium", shown(name), "Name one that is there")
        return self._once(Home(name, folder, member, is_new=False))

    def record(self, home: Home, source: NamedSource, cluster: int) -> None:
        """Let the record of a file lead to its new content."""
        moment = moment_of(source.modified)
        if home.is_new:
            field = short_field(home.name[-1])
            record = encode_record(field, ARCHIVE, cluster, source.size, moment)
            home.folder.put(home.member.at, record)
        else:
            home.folder.repoint(home.member, cluster, source.size, moment)
            self._free(home.member.cluster)

    def remove(self, home: Home) -> None:
        """Remove a file, and each folder above it that is empty then."""
        folder, member = home.folder, home.member
        while True:
            folder.remove(member)
            self._free(member.cluster)
            if not folder.is_empty or folder.cluster not in self._above:
                return
            del self._folders[folder.cluster]  # Nothing need be written to it any more.
            folder, member = self._above[folder.cluster]

    def link_new_clusters(self) -> None:
        """Note the chains of the clusters that folders got, to which nothing leads yet."""
        for runs in self._grown.values():
            self._table.link(runs)

    def link_grown_folders(self) -> None:
        """Note that what was the end of a folder leads on."""
        for cluster, runs in self._grown.items():
            if cluster in self._tails:
                self._table.put(self._tails[cluster], runs[0][0])

    def take_cleaned(self) -> list[Patch]:
        """Return what is to be written before any record is."""
        return [patch for folder in self._folders.values() for patch in folder.cleaned]

    def take_grown(self) -> list[Patch]:
        """Return the clusters to which nothing leads yet."""
        return [patch for folder in self._folders.values() for patch in folder.take_grown()]

    def take(self) -> list[Patch]:
        """Return what changed since it was last asked for."""
        return [patch for folder in self._folders.values() for patch in folder.take()]

    def _once(self, home: Home) -> Home:
        place = (home.folder.cluster, home.member.at)
        if place in self._touched or home.member.is_twice:
            raise NameDoesNotFit("is there twice", shown(home.name), "Give every file its own name")
        self._touched.add(place)
        return home

    def _free(self, cluster: int) -> None:
        if cluster:
            self.freed += chain(self._volume.table, cluster)

    # Folders

    def _below(self, folder: FolderDraft, name: Name) -> FolderDraft | None:
        """Return the folder *name*, which is in *folder*; None where there is nothing."""
        member = folder.member(name[-1])
        if member is None:
            return None
        if not member.is_folder:
            raise NameDoesNotFit("is a file and a folder", shown(name), "Rename one of them")
        if member.is_twice:
            raise NameDoesNotFit("is there twice", shown(name), "Rename one of the two folders")
        self._above.setdefault(member.cluster, (folder, member))
        return self._folders.get(member.cluster) or self._load(member.cluster, name)

    def _load(self, cluster: int, name: Name) -> FolderDraft:
        boot = self._boot
        if cluster:
            runs = chain(self._volume.table, cluster)
            self._tails[cluster] = sum(runs[-1]) - 1
            extents = [self.extent(run) for run in runs]
        else:
            at = self._volume.place.offset + boot.root_at
            extents = [Extent(at, boot.root_records * RECORD_SIZE)]
        data = b"".join(self._reader.pread(size, at) for at, size in extents)
        folder = FolderDraft(name, cluster, data, extents, boot.sector)
        self._folders[cluster] = folder
        return folder

    def _make(self, above: FolderDraft, name: Name) -> FolderDraft:
        field = short_field(name[-1])
        slot = self._slot(above)
        run = self._space.take(1)[0]
        folder = FolderDraft(name, run[0], b"", (), self._boot.sector)
        folder.grow(self.extent(run))
        # The root is cluster 0 there, wherever it really lies.
        up = 0 if above is self._root else above.cluster
        for dots, cluster in ((ITSELF, run[0]), (ABOVE, up)):
            at = folder.find_slot()
            folder.put(at or 0, encode_record(dots, FOLDER, cluster, 0, self._moment))
        above.put(slot, encode_record(field, FOLDER, run[0], 0, self._moment))
        member = Member(name[-1], slot, slot, is_folder=True, cluster=run[0])
        above.expect(member)
        self._folders[run[0]], self._above[run[0]] = folder, (above, member)
        self._grown[run[0]] = [run]
        return folder

    def _slot(self, folder: FolderDraft) -> int:
        slot = folder.find_slot()
        while slot is None:
            self._grow(folder)
            slot = folder.find_slot()
        return slot

    def _grow(self, folder: FolderDraft) -> None:
        tail = self._tails.get(folder.cluster)
        # An entry in two sectors may be written by half, and here a folder would be lost by that.
        stuck = tail is not None and self._table.straddles(tail)
        if not folder.cluster or stuck:
            raise CannotWrite(
                "has no room for another name, and cannot be made longer",
                shown(folder.name),
                "Put the files into other folders",
            )
        run = self._space.take(1)[0]
        folder.grow(self.extent(run))
        self._grown.setdefault(folder.cluster, []).append(run)

    def extent(self, run: Run) -> Extent:
        """Return where a run of clusters is on the medium."""
        first, clusters = run
        size = self._boot.cluster
        start = self._volume.place.offset + self._boot.data_at
        return Extent(start + (first - FIRST_CLUSTER) * size, clusters * size)
