"""Lays out a FAT16 or FAT32 volume for a stick or a memory card (PS3.12 Annexes R, S, T, U).

Nothing is left to chance or to a clock: the same input gives the same bytes. The tables and the
folders are made piece by piece while they are written, however large they are.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple
from zlib import crc32

from media.fat.boot import SECTOR, SIGNATURE, Boot, encode_boot, encode_fsinfo
from media.fat.counting import ENTRIES, counting
from media.fat.names import label_field, long_records
from media.fat.partition_table import FIRST_SECTOR, encode_table
from media.fat.records import (
    ABOVE,
    ARCHIVE,
    FOLDER,
    ITSELF,
    LABEL,
    LARGEST_FILE,
    RECORD_SIZE,
    Moment,
    encode_record,
    moment_of,
)
from media.fat.shape import LARGEST_16, ROOT_RECORDS, Kind, fitted, smallest
from media.fat.tree import ROOT, Folder, plant
from media.iso9660.names import shown
from media.source import Name
from media.volume_plan import PlannedFile, Structure, VolumePlan
from reporting import CannotWrite

_FIRST_CLUSTER: Final = 2
_NO_LABEL: Final = b"NO NAME    "


def lay_out_fat(
    files: Sequence[PlannedFile],
    *,
    label: str,
    recorded: datetime,
    size: int | None = None,
    kind: Kind | None = None,
    partitioned: bool = True,
    long_names: bool = False,
    rewritten: Collection[Name] = (),
) -> VolumePlan:
    """Give every file its clusters, one after the other in the order of *files*.

    Pure: the same input gives the same layout.

    Args:
        files: what goes on the volume.
        label: the first 11 characters of it become the volume's label; of ``A-Z 0-9 _`` and
            space; "" for none.
        recorded: when the volume was made; aware. Dates are recorded as the wall clock of their
            own zone shows them, as a FAT volume knows no zones.
        size: bytes of the medium, all of which the image takes; None: as few as hold everything.
        kind: None: FAT16 up to 2 GiB and FAT32 above. MMC and SD take FAT16 only (PS3.12
            Annexes T and U); of a larger medium it then uses the first 2 GiB.
        partitioned: one partition behind a Master Boot Record, or the volume alone.
        long_names: whether files whose last component is no 8.3 name get a long name and a short
            one that stands for it.
        rewritten: names of files for which there shall be room a second time where no *size* is
            given: an update writes the new ones before it gives up the old ones.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotWrite: there is not enough room, or too much in one folder; a file has 4 GiB.
    """
    field = label_field(label)
    for file in files:
        _refuse_size(file)
    folders = plant([file.name for file in files], long_names=long_names)
    start = FIRST_SECTOR if partitioned else 0
    content = _Content(files, folders, bool(label.strip()))
    again = [file.size for file in files if file.name in rewritten]
    boot = (
        smallest(lambda cluster: content.clusters(cluster) + _clusters(again, cluster), kind)
        if size is None
        else fitted(_sectors(size, start, kind), content.clusters, kind)
    )
    if not boot.of_32:
        _refuse_root(folders[ROOT], content.root_records)
    serial, serial_of_medium = _serials(files, label, recorded)
    boot = boot._replace(
        hidden=start,
        serial=serial,
        label=field if label.strip() else _NO_LABEL,
    )
    places = content.place(boot)
    volume = _Volume(boot, content, places, start * SECTOR, moment_of(recorded))
    structures = [*volume.structures()]
    if partitioned:
        table = encode_table(boot.of_32, boot.total, serial_of_medium)
        structures.insert(0, Structure(0, SECTOR, lambda: iter((table,))))
    return VolumePlan(
        "fat32" if boot.of_32 else "fat16",
        (start + boot.total) * SECTOR if size is None else size,
        tuple(structures),
        volume.offsets(),
    )


def _clusters(sizes: Iterable[int], cluster: int) -> int:
    return sum([-(-size // cluster) for size in sizes])  # A list: twice as quick, asked often.


def _refuse_size(file: PlannedFile) -> None:
    if file.size > LARGEST_FILE:
        raise CannotWrite(
            "has 4 GiB or more, which a FAT volume cannot hold in one file",
            shown(file.name),
            "Choose a profile for another kind of medium",
        )


def _sectors(size: int, start: int, kind: Kind | None) -> int:
    """Return how many sectors of a medium of *size* bytes the volume may take."""
    sectors = max(min(size // SECTOR - start, 0xFFFFFFFF - start), 0)
    return min(sectors, LARGEST_16) if kind == "fat16" else sectors


def _refuse_root(root: Folder, records: int) -> None:
    if records > ROOT_RECORDS:
        raise CannotWrite(
            f"needs {records} records in its root, and FAT16 has {ROOT_RECORDS} there",
            shown(root.name),
            "Put the files into folders, or make a FAT32 volume where the profile allows it",
        )


def _serials(files: Sequence[PlannedFile], label: str, recorded: datetime) -> tuple[int, int]:
    """Return the serial numbers of volume and medium: of what is on them, not of a clock."""
    names = ("/".join(file.name) for file in files)
    told = "\n".join((label, recorded.isoformat(), *names)).encode("utf-8", "replace")
    return crc32(told), crc32(told, 1)


class _Places(NamedTuple):
    """First clusters, and the last of every chain; clusters count from 2."""

    folders: list[int]  # 0: the root of FAT16, which is in no cluster
    files: "array[int]"  # 0: no content, no cluster
    following: int  # the first cluster that is free
    ends: "array[int]"  # ascending


class _Content:
    """What needs clusters, however large these turn out to be."""

    def __init__(
        self, files: Sequence[PlannedFile], folders: list[Folder], has_label: bool
    ) -> None:
        self.files, self.folders, self.has_label = files, folders, has_label
        self._sizes = [file.size for file in files]

    @property
    def root_records(self) -> int:
        return self.folders[ROOT].records + self.has_label

    def clusters(self, cluster: int) -> int:
        """Return how many clusters of that many bytes all of it takes, with a root of FAT32."""
        return _clusters(self._sizes, cluster) + sum(
            self._of_folder(number, cluster) for number in range(len(self.folders))
        )

    def _of_folder(self, number: int, cluster: int) -> int:
        if number == ROOT:
            return -(-self.root_records * RECORD_SIZE // cluster) or 1
        return -(-(self.folders[number].records + 2) * RECORD_SIZE // cluster)

    def place(self, boot: Boot) -> _Places:
        """Give everything its clusters: all folders first, then the files."""
        following, ends = _FIRST_CLUSTER, array("I")
        folders, files = [], array("I")
        cluster = boot.cluster
        for number in range(len(self.folders)):
            in_clusters = number != ROOT or boot.of_32
            folders.append(following if in_clusters else 0)
            if in_clusters:
                following += self._of_folder(number, cluster)
                ends.append(following - 1)
        for size in self._sizes:
            files.append(following if size else 0)
            if size:
                following += -(-size // cluster)
                ends.append(following - 1)
        return _Places(folders, files, following, ends)


class _Volume:
    """The structures of a volume whose every cluster is given."""

    def __init__(
        self, boot: Boot, content: _Content, places: _Places, start: int, recorded: Moment
    ) -> None:
        self._boot, self._content, self._places = boot, content, places
        self._start = start  # byte of the image
        self._recorded = recorded

    def offsets(self) -> tuple[int, ...]:
        """Return the byte of the image at which each file begins; one without content nowhere."""
        offsets = []
        end, cluster = self._at(_FIRST_CLUSTER), self._boot.cluster
        at_none = end - _FIRST_CLUSTER * cluster
        for file, first in zip(self._content.files, self._places.files, strict=True):
            if first:
                end = at_none + first * cluster
            offsets.append(end)
            end += file.size
        return tuple(offsets)

    def structures(self) -> Iterator[Structure]:
        boot, start = self._boot, self._start
        yield _fixed(start, self._reserved())
        used = self._places.following * (4 if boot.of_32 else 2)  # The rest is zeros: free.
        for number in range(boot.tables):
            at = start + boot.table_at + number * boot.table_sectors * boot.sector
            yield Structure(at, used, self._table)
        if not boot.of_32:
            yield _fixed(start + boot.root_at, self._folder(ROOT))
        folders = range(0 if boot.of_32 else 1, len(self._content.folders))
        if folders:
            first = self._places.folders[folders[0]]
            end = self._places.ends[len(folders) - 1] + 1
            yield Structure(self._at(first), (end - first) * boot.cluster, self._folders)

    def _at(self, cluster: int) -> int:
        boot = self._boot
        return self._start + boot.data_at + (cluster - _FIRST_CLUSTER) * boot.cluster

    def _reserved(self) -> bytes:
        first = encode_boot(self._boot)
        if not self._boot.of_32:
            return first
        used = self._places.following
        free = self._boot.clusters - (used - _FIRST_CLUSTER)
        third = bytes(SECTOR - 2) + SIGNATURE
        three = first + encode_fsinfo(free, used if free else 0xFFFFFFFF) + third
        return three.ljust(self._boot.backup * SECTOR, b"\0") + three

    def _table(self) -> Iterator[bytes]:
        """Yield a table as far as it is used: every chain goes on by one up to its end."""
        width, last = (4, 0x0FFFFFFF) if self._boot.of_32 else (2, 0xFFFF)
        ends, terminal = self._places.ends, last.to_bytes(width, "little")
        for start in range(0, self._places.following, ENTRIES):
            stop = min(start + ENTRIES, self._places.following)
            table = counting(start, stop - start, width)
            if not start:
                own = last - 0xFF + self._boot.media
                table[: 2 * width] = own.to_bytes(width, "little") + terminal
            for end in ends[bisect_left(ends, start) : bisect_left(ends, stop)]:
                at = (end - start) * width
                table[at : at + width] = terminal
            yield bytes(table)

    def _folders(self) -> Iterator[bytes]:
        places = self._places
        first = 0 if self._boot.of_32 else 1
        limits = [*places.folders[first:], places.ends[len(places.folders) - first - 1] + 1]
        for number, (start, end) in enumerate(pairwise(limits), first):
            yield self._folder(number).ljust((end - start) * self._boot.cluster, b"\0")

    def _folder(self, number: int) -> bytes:
        folder, places = self._content.folders[number], self._places
        records = [self._label() if number == ROOT else self._dots(number)]
        for member in folder.members:
            if member.is_folder:
                first = places.folders[member.number]
                records.append(encode_record(member.short, FOLDER, first, 0, self._recorded))
                continue
            file = self._content.files[member.number]
            if member.long:
                records.append(long_records(member.long, member.short))
            first, modified = places.files[member.number], moment_of(file.modified)
            records.append(encode_record(member.short, ARCHIVE, first, file.size, modified))
        return b"".join(records)

    def _label(self) -> bytes:
        if not self._content.has_label:
            return b""
        return encode_record(self._boot.label, LABEL, 0, 0, self._recorded)

    def _dots(self, number: int) -> bytes:
        folders = self._places.folders
        parent = self._content.folders[number].parent
        # The root is cluster 0 there, wherever it really lies.
        above = folders[parent] if parent != ROOT else 0
        return encode_record(ITSELF, FOLDER, folders[number], 0, self._recorded) + encode_record(
            ABOVE, FOLDER, above, 0, self._recorded
        )


def _fixed(offset: int, data: bytes) -> Structure:
    return Structure(offset, len(data), lambda: iter((data,)))
