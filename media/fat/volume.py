"""Reads the structures of a FAT volume: tolerant of what is wrong, bounded in all it does.

Nothing here trusts the medium. Folders are visited once each, chains are followed as far as a
size asks for, and there is an upper limit to the number of records, of runs and of bytes.
"""

from collections import deque
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.extents import Extent
from media.fat.boot import Boot
from media.fat.names import parse_long_name, shown_field
from media.fat.place import Place, find_volume
from media.fat.records import (
    ABOVE,
    DELETED,
    END,
    FOLDER,
    ITSELF,
    LABEL,
    LONG_NAME,
    MOST_RECORDS,
    RECORD,
    RECORD_SIZE,
    FatRecord,
)
from media.fat.rules import new_list
from media.fat.table import FIRST_CLUSTER, ClusterMap, FatTable
from media.finding_list import FindingList
from media.iso9660.names import printable
from media.safe_names import safe_component
from media.source import Name
from reporting import CannotRead

_MOST_FILES: Final = 500_000
_MOST_FOLDERS: Final = 65_535
_MOST_RUNS: Final = 400_000  # of all files together
_DEEPEST: Final = 64  # levels; media of eight are legal, what is deeper is only an attack
_LARGEST_FOLDER: Final = MOST_RECORDS * RECORD_SIZE  # bytes
_LARGEST_FOLDERS: Final = 64 << 20  # bytes of all together
_NOWHERE: Final = (Extent(0, 0),)  # the runs of what has none, though it has a size
_NAMED: Final = 0x3F  # the attributes that have a meaning


class FatFolder(NamedTuple):
    """One folder."""

    name: Name  # () for the root
    parent: int  # number of the folder above; the root's is its own
    cluster: int  # first one; 0 for the root of FAT12 and FAT16
    record: FatRecord | None  # None for the root
    long_name: str  # "" where it has none
    dots: tuple[FatRecord, ...]  # its first two records


class FatFile(NamedTuple):
    """One file: sorts by its place."""

    at: int  # byte of the image where its content begins
    size: int  # bytes
    folder: int  # number of its folder
    record: FatRecord
    long_name: str
    extents: tuple[Extent, ...]  # () where the content is one run


class FatVolume(NamedTuple):
    """Everything that the structures of a volume say."""

    place: Place
    table: FatTable
    folders: list[FatFolder]
    files: list[FatFile]  # ascending
    labels: tuple[bytes, ...]  # fields of the labels in the root
    used: int  # clusters that belong to a file or a folder, and that the table says so of
    problems: FindingList  # what came to light on the way

    @property
    def boot(self) -> Boot:
        return self.place.boot

    @property
    def label(self) -> str:
        field = self.labels[0] if self.labels else self.boot.label
        label = field.decode("cp437").rstrip(" \0")
        return "" if label == "NO NAME" else label


def read_fat(image: BlockReader) -> FatVolume | None:
    """Read the first FAT volume of a medium, or return None where there is none."""
    place = find_volume(image)
    return None if place is None else read_fat_at(image, place)


def read_fat_at(image: BlockReader, place: Place) -> FatVolume:
    """Read the FAT volume that was found at *place*."""
    problems = new_list()
    table = FatTable(image, place.boot, place.offset)
    walk = _Walk(image, place, table, problems)
    walk.run()
    walk.files.sort()
    used = walk.claimed.count() - len(walk.broken)
    return FatVolume(place, table, walk.folders, walk.files, tuple(walk.labels), used, problems)


def shown_name(record: FatRecord) -> str:
    """Return the 8.3 name of a record, but for what would lead elsewhere."""
    return safe_component(shown_field(record.field))


class _Chain(NamedTuple):
    runs: list[tuple[int, int]]  # first cluster, clusters
    clusters: int
    fault: str  # why it does not go on; "" where it has all that was asked for
    goes_on: bool  # whether there is more than was asked for


class _Waiting(NamedTuple):
    record: FatRecord
    long_name: str
    parent: int


class _Walk:
    """Visits all folders, level by level."""

    def __init__(
        self, reader: BlockReader, place: Place, table: FatTable, problems: FindingList
    ) -> None:
        self.folders: list[FatFolder] = []
        self.files: list[FatFile] = []
        self.labels: list[bytes] = []
        self.claimed = ClusterMap(table.clusters)
        self.broken: set[int] = set()  # clusters with an entry that no cluster in use has
        self._reader, self._place, self._boot = reader, place, place.boot
        self._table, self._problems = table, problems
        self._cluster = place.boot.cluster  # bytes
        self._data_at = place.offset + place.boot.data_at
        self._queue: deque[_Waiting] = deque()
        self._seen: set[int] = set()  # first clusters of folders
        self._starts: dict[int, int] = {}  # first clusters of files, with their sizes
        self._runs = 0
        self._bytes = 0

    def run(self) -> None:
        self._root()
        while self._queue and not self._is_too_much():
            self._folder(self._queue.popleft())
        if self._is_too_much():
            self._problems.add("FAT-TOO-MANY", _where(self.folders[-1].name))

    def _is_too_much(self) -> bool:
        return (
            len(self.files) >= _MOST_FILES
            or self._bytes > _LARGEST_FOLDERS
            or self._runs > _MOST_RUNS
            or len(self.folders) + len(self._queue) > _MOST_FOLDERS
        )

    # Folders

    def _root(self) -> None:
        boot = self._boot
        if boot.of_32:
            self._seen.add(boot.root_cluster)
            data = self._chain_content(boot.root_cluster, ())
        else:
            at, size = self._place.offset + boot.root_at, boot.root_records * RECORD_SIZE
            data = self._content(at, max(min(size, self._reader.size - at), 0), ())
        self.folders.append(FatFolder((), 0, boot.root_cluster, None, "", ()))
        self._take_records(data, 0)

    def _folder(self, waiting: _Waiting) -> None:
        record = waiting.record
        name = (*self.folders[waiting.parent].name, shown_name(record))
        if len(name) > _DEEPEST:
            self._problems.add("FAT-TOO-MANY", _where(name), "folders are nested without end")
            return
        if record.cluster in self._seen:
            self._problems.add("FAT-FOLDER-LOOP", _where(name))
            return
        self._seen.add(record.cluster)
        data = self._chain_content(record.cluster, name)
        dots = tuple(_record(data, at) for at in (0, RECORD_SIZE) if at + RECORD_SIZE <= len(data))
        folder = FatFolder(name, waiting.parent, record.cluster, record, waiting.long_name, dots)
        self.folders.append(folder)
        self._take_records(data, len(self.folders) - 1)

    def _chain_content(self, first: int, name: Name) -> bytes:
        """Return the content of a folder that lies in clusters."""
        most = max(_LARGEST_FOLDER // self._cluster, 1)
        chain = self._follow(first, most, to_end=True)
        if chain.fault:
            self._problems.add("FAT-FOLDER-UNREADABLE", _where(name), chain.fault)
        if chain.goes_on:
            self._problems.add("FAT-FOLDER-SIZE", _where(name))
        if self._claim(chain):
            self._problems.add("FAT-CROSS-LINK", _where(name))
        pieces = []
        for run in chain.runs:
            extent = self._extent(run)
            if self._bytes > _LARGEST_FOLDERS:
                break
            size = max(min(extent.length, self._reader.size - extent.offset), 0)
            if size < extent.length:
                self._problems.add("FAT-OUTSIDE", _where(name))
            self._bytes += size
            pieces.append(self._content(extent.offset, size, name))
        return b"".join(pieces)

    def _content(self, at: int, size: int, name: Name) -> bytes:
        if not size:
            return b""
        try:
            return self._reader.pread(size, at)
        except CannotRead:
            # A bad sector takes its own records along and no others.
            self._problems.add("FAT-FOLDER-UNREADABLE", _where(name))
            step = self._boot.sector
            return b"".join(self._sector(at + i, min(step, size - i)) for i in range(0, size, step))

    def _sector(self, at: int, size: int) -> bytes:
        try:
            return self._reader.pread(size, at)
        except CannotRead:
            return bytes((DELETED,)) * size

    # Records

    def _take_records(self, data: bytes, number: int) -> None:
        long: list[bytes] = []  # records of a long name whose file is still to come
        for at in range(0, len(data) // RECORD_SIZE * RECORD_SIZE, RECORD_SIZE):
            first, attributes = data[at], data[at + 11]
            if first == END:
                break
            if first == DELETED:
                self._orphans(long, number)
            elif attributes & _NAMED == LONG_NAME:
                if data[at] & 0x40:
                    self._orphans(long, number)
                long.append(data[at : at + RECORD_SIZE])
            else:
                self._take(_record(data, at), long, number)
                long.clear()
            if len(self.files) >= _MOST_FILES or self._runs > _MOST_RUNS:
                return
        self._orphans(long, number)

    def _orphans(self, long: list[bytes], number: int) -> None:
        if long:
            self._problems.add("FAT-LONG-NAME-BROKEN", _where(self.folders[number].name))
            long.clear()

    def _take(self, record: FatRecord, long: list[bytes], number: int) -> None:
        folder = self.folders[number]
        if record.field in (ITSELF, ABOVE):
            return
        long_name = parse_long_name(long, record.field) if long else ""
        if long_name is None:
            self._problems.add("FAT-LONG-NAME-BROKEN", _where((*folder.name, shown_name(record))))
            long_name = ""
        if record.attributes & LABEL:
            if not number and len(self.labels) < 2:
                self.labels.append(record.field)
        elif record.attributes & FOLDER:
            # What lies where the walk has been is told by _folder(), but only a few of it wait.
            if len(self._queue) <= _MOST_FOLDERS:
                self._queue.append(_Waiting(record, long_name, number))
        else:
            self._take_file(record, long_name, number)

    def _take_file(self, record: FatRecord, long_name: str, number: int) -> None:
        at, extents = 0, tuple[Extent, ...]()
        if record.size:
            at, extents = self._place_file(record, number)
        elif record.cluster:
            self._tell("FAT-CHAIN-LONG", record, number)
        self.files.append(FatFile(at, record.size, number, record, long_name, extents))

    def _tell(self, rule: str, record: FatRecord, number: int, message: str = "") -> None:
        where = _where((*self.folders[number].name, shown_name(record)))
        self._problems.add(rule, where, message)

    def _place_file(self, record: FatRecord, number: int) -> tuple[int, tuple[Extent, ...]]:
        needed = -(-record.size // self._cluster)
        chain = self._follow(record.cluster, needed, to_end=False)
        if chain.fault:
            self._tell("FAT-CHAIN", record, number, chain.fault)
        if chain.goes_on:
            self._tell("FAT-CHAIN-LONG", record, number)
        if self._claim(chain):
            same = self._starts.get(record.cluster) == record.size
            self._tell("FAT-SHARED" if same else "FAT-CROSS-LINK", record, number)
        self._starts.setdefault(record.cluster, record.size)
        extents = self._extents(chain, record.size)
        if any(at + size > self._reader.size for at, size in extents):
            self._tell("FAT-OUTSIDE", record, number)
        if len(extents) == 1 and not chain.fault:
            return extents[0].offset, ()
        return extents[0].offset, extents

    def _extents(self, chain: _Chain, size: int) -> tuple[Extent, ...]:
        """Return the runs of a file of *size* bytes; fewer where its clusters end too early."""
        if not chain.runs:
            return _NOWHERE
        extents, left = [], size
        for run in chain.runs:
            at, length = self._extent(run)
            extents.append(Extent(at, min(length, left)))
            left -= length
        return tuple(extents)

    # Chains

    def _extent(self, run: tuple[int, int]) -> Extent:
        first, clusters = run
        at = self._data_at + (first - FIRST_CLUSTER) * self._cluster
        return Extent(at, clusters * self._cluster)

    def _follow(self, first: int, most: int, *, to_end: bool) -> _Chain:
        """Follow a chain for *most* clusters, or to its end where that comes earlier.

        Args:
            first: the cluster with which it begins.
            most: clusters.
            to_end: whether it is to be as long as it is; otherwise *most* are to be there.
        """
        table = self._table
        runs: list[tuple[int, int]] = []
        seen: set[int] = set()
        cluster, taken = first, 0
        while taken < most:
            if not table.has(cluster):
                fault = _leads_to(table, cluster) if runs else f"it begins in cluster {cluster}"
                return _Chain(runs, taken, fault, goes_on=False)
            if cluster in seen:
                return _Chain(runs, taken, "its clusters go in a circle", goes_on=False)
            seen.add(cluster)
            count, link = table.run(cluster, most - taken)
            runs.append((cluster, count))
            taken += count
            self._runs += 1
            if table.is_end(link):
                short = "" if to_end or taken == most else "it has fewer clusters than its size"
                return _Chain(runs, taken, short, goes_on=False)
            if link in (0, table.bad):
                self.broken.add(cluster + count - 1)
            if self._runs > _MOST_RUNS:
                return _Chain(runs, taken, "the volume is in too many pieces", goes_on=False)
            cluster = link
        # All that is needed is there: a wrong end does no harm to the content.
        return _Chain(runs, taken, "", goes_on=True)

    def _claim(self, chain: _Chain) -> bool:
        """Take the clusters of a chain; return whether one of them was taken."""
        taken = [self.claimed.claim(first, clusters) for first, clusters in chain.runs]
        return any(taken)


def _leads_to(table: FatTable, link: int) -> str:
    if link == 0:
        return "its clusters end in one that is free"
    if link == table.bad:
        return "its clusters end in one that is bad"
    return f"its clusters lead to number {link}, which there is not"


def _record(data: bytes, at: int) -> FatRecord:
    field, attributes, case, _, _, _, _, high, time, day, low, size = RECORD.unpack_from(data, at)
    return FatRecord(field, attributes, case, high << 16 | low, size, day, time)


def _where(name: Name) -> str:
    return "/" + printable("/".join(name))


def path_of(folder: FatFolder, record: FatRecord | None = None) -> str:
    """Return where something is on the medium, fit to be printed."""
    return _where(folder.name if record is None else (*folder.name, shown_name(record)))
