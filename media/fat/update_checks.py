"""Looks whether a FAT volume is sound enough to be written to, before anything is written.

A volume that another system left without taking it out is gone on with, as sticks often are left
so: what counts is that every chain is whole and belongs to one file. Clusters that belong to none
are left alone, whoever lost them: only a repair program can ask whether their content is wanted.
"""

from collections.abc import Collection, Iterator
from itertools import compress, count
from operator import ne
from typing import Final

from media.entry import BlockReader
from media.fat.check import check_fat
from media.fat.table import FIRST_CLUSTER, ClusterMap, FatTable
from media.fat.update_space import Run
from media.fat.update_table import Patch, chain
from media.fat.volume import FatVolume
from reporting import CannotWrite, Finding

_CHUNK: Final = 1 << 20  # bytes of a table that are compared at a time

# The rules that a volume must not break: what is written next to such faults may destroy files.
_DANGEROUS: Final = frozenset(
    (
        "FAT-PARTITION-SIZE",
        "FAT-BOOT-DAMAGED",
        "FAT-TYPE",
        "FAT-TRUNCATED",
        "FAT-TABLE-SHORT",
        "FAT-TABLE-UNREADABLE",
        "FAT-FOLDER-UNREADABLE",
        "FAT-FOLDER-LOOP",
        "FAT-FOLDER-SIZE",
        "FAT-TOO-MANY",
        "FAT-CHAIN",
        "FAT-CHAIN-LONG",
        "FAT-CROSS-LINK",
        "FAT-SHARED",
        "FAT-OUTSIDE",
    )
)


def refuse_damaged(volume: FatVolume, reader: BlockReader) -> list[Finding]:
    """Return the findings of a volume that can be written to.

    Raises:
        CannotWrite: it is damaged in a way that makes writing to it dangerous.
    """
    findings = check_fat(volume, reader)
    for finding in findings:
        if finding.rule in _DANGEROUS:
            raise _damaged(finding)
    for finding in findings:
        if finding.rule == "FAT-COPIES" and not _is_left_by_an_update(volume, reader):
            raise _damaged(finding)
    return findings


def is_unfinished(volume: FatVolume, findings: Collection[Finding]) -> bool:
    """Return whether an update was stopped when only its last steps were missing.

    Args:
        volume: as it was read.
        findings: what `refuse_damaged` returned of it.
    """
    rules = {finding.rule for finding in findings}
    if "FAT-COPIES" in rules:
        return True
    # Lost clusters keep their mark, and a system that has the volume mounted sets one of its own.
    bit = clean_bit(volume.boot.bits)
    marked = bit and not volume.table.entry(1) & bit
    return bool(marked) and "FAT-LOST" not in rules and not volume.boot.state & 1


def _damaged(finding: Finding) -> CannotWrite:
    return CannotWrite(
        f"has a damaged FAT file system, and nothing was written to it: {finding.message}",
        finding.where,
        "Copy what is needed from it, then let fsck.fat or chkdsk repair it, or format it anew",
    )


def clean_bit(bits: int) -> int:
    """Return the bit of the second entry that says "taken out in order"; 0 where there is none."""
    return 1 << min(bits, 28) - 1 if bits > 12 else 0


def _is_left_by_an_update(volume: FatVolume, reader: BlockReader) -> bool:
    """Return whether tables differ in nothing that a file or folder depends on.

    An update of ours that is killed leaves them so: of clusters that nobody has yet, or no longer,
    and of folders that are made longer, which is done in the first table first.
    """
    bit = clean_bit(volume.boot.bits)
    others = [_table(volume, reader, number) for number in volume.table.differences()]
    # The mark is written before all else, but not to all tables at once.
    if bit and all(table.entry(1) & bit for table in (volume.table, *others)):
        return False  # Nobody was killed: that is a damage.
    return all(_differ_harmlessly(volume, table) for table in others)


def _table(volume: FatVolume, reader: BlockReader, number: int) -> FatTable:
    boot = volume.boot._replace(flags=0x80 | number)  # as if it were the one in use
    return FatTable(reader, boot, volume.place.offset)


def _differ_harmlessly(volume: FatVolume, other: FatTable) -> bool:
    files, folders = ClusterMap(other.clusters), ClusterMap(other.clusters)
    for run in _runs_of_files(volume):
        files.claim(*run)
    for folder in volume.folders:
        for run in chain(volume.table, folder.cluster) if folder.cluster else ():
            folders.claim(*run)
    for (base, first), (_, second) in zip(volume.table.chunks(), other.chunks(), strict=True):
        if first == second:
            continue
        for at in compress(count(), map(ne, first, second)):
            cluster = base + at
            if files.claim(cluster, 1):
                return False
            if folders.claim(cluster, 1) and not other.is_end(second[at]):
                return False
    return True


def _runs_of_files(volume: FatVolume) -> Iterator[Run]:
    data_at, cluster = volume.place.offset + volume.boot.data_at, volume.boot.cluster
    for file in volume.files:
        for at, size in file.extents or ((file.at, file.size),):
            if size:
                yield FIRST_CLUSTER + (at - data_at) // cluster, -(-size // cluster)


def equalizing(volume: FatVolume, reader: BlockReader) -> Iterator[Patch]:
    """Yield what makes all tables that are kept equal the same as the one in use."""
    table = volume.table
    if volume.boot.flags & 0x80:
        return
    for place in table.places[1:]:
        for at in range(0, table.bytes, _CHUNK):
            size = min(_CHUNK, table.bytes - at)
            data = reader.pread(size, table.places[0] + at)
            if reader.pread(size, place + at) != data:
                yield Patch(place + at, data)
