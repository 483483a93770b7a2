"""How a FAT volume is cut up: type, size of a cluster, size of the tables.

The rows are those of Microsoft's FAT specification (3.5), by which Windows formats as well.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from media.fat.boot import FEWEST_16, FEWEST_32, MEDIA, MOST_32, SECTOR, Boot
from reporting import CannotWrite

Kind = Literal["fat16", "fat32"]

ROOT_RECORDS: Final = 512  # of FAT16 (PS3.12 Annex A)
_ROOT_SECTORS: Final = ROOT_RECORDS * 32 // SECTOR
_RESERVED_16: Final = 1  # sectors (PS3.12 Annex A)
_RESERVED_32: Final = 32  # sectors; what every FAT32 has at least
_TABLES: Final = 2
# Many programs count the clusters wrongly by a few, so nobody goes near the limits (3.5).
_AWAY: Final = 16
_LARGEST: Final = 0xFFFFFFFF  # sectors of a volume


class _Row(NamedTuple):
    most: int  # sectors of the volume
    per_cluster: int  # sectors


_ROWS: Final[dict[Kind, tuple[_Row, ...]]] = {
    "fat16": (
        _Row(32_680, 2),
        _Row(262_144, 4),
        _Row(524_288, 8),
        _Row(1_048_576, 16),
        _Row(2_097_152, 32),
        _Row(4_194_304, 64),
    ),
    "fat32": (
        _Row(532_480, 1),
        _Row(16_777_216, 8),
        _Row(33_554_432, 16),
        _Row(67_108_864, 32),
        _Row(_LARGEST, 64),
    ),
}
_FEWEST_CLUSTERS: Final[dict[Kind, int]] = {
    "fat16": FEWEST_16 + _AWAY,
    "fat32": FEWEST_32 + _AWAY,
}
_MOST_CLUSTERS: Final[dict[Kind, int]] = {
    "fat16": FEWEST_32 - 1 - _AWAY,
    "fat32": MOST_32 - _AWAY,
}
LARGEST_16: Final = _ROWS["fat16"][-1].most  # sectors

Needed = Callable[[int], int]  # from the bytes of a cluster to the clusters that all takes


def smallest(needed: Needed, kind: Kind | None) -> Boot:
    """Return the smallest volume that has room for what is *needed*.

    Raises:
        CannotWrite: no volume of this *kind* has.
    """
    for each in _kinds(kind):
        for row in _ROWS[each]:
            clusters = max(needed(row.per_cluster * SECTOR), _FEWEST_CLUSTERS[each])
            boot = _for_clusters(each, row.per_cluster, clusters)
            if boot.total <= row.most and clusters <= _MOST_CLUSTERS[each]:
                return boot
    raise CannotWrite(
        "needs more than 2 GiB, which FAT16 cannot hold"
        if kind == "fat16"
        else "is larger than any FAT volume can be",
        "volume",
        "Select fewer studies for one medium",
    )


def fitted(sectors: int, needed: Needed, kind: Kind | None) -> Boot:
    """Return the volume that fills *sectors*, or as many of them as its kind can use.

    Raises:
        CannotWrite: they are too few for this *kind*, or for what is *needed*.
    """
    if kind is None:
        kind = "fat16" if sectors <= LARGEST_16 else "fat32"
    sectors = min(sectors, _ROWS[kind][-1].most)
    row = next(row for row in _ROWS[kind] if sectors <= row.most)
    boot = _for_sectors(kind, row.per_cluster, sectors)
    if boot.clusters < _FEWEST_CLUSTERS[kind]:
        fewest = _for_clusters(kind, _ROWS[kind][0].per_cluster, _FEWEST_CLUSTERS[kind])
        raise CannotWrite(
            f"of {sectors * SECTOR:,} bytes is too small for {kind.upper()}",
            "volume",
            f"Use at least {fewest.total * SECTOR:,} bytes",
        )
    clusters = needed(boot.cluster)
    if clusters > boot.clusters:
        raise CannotWrite(
            f"needs {clusters * boot.cluster:,} bytes where the medium has "
            f"{boot.clusters * boot.cluster:,}",
            "volume",
            "Select fewer studies for one medium",
        )
    return boot


def _kinds(kind: Kind | None) -> tuple[Kind, ...]:
    return ("fat16", "fat32") if kind is None else (kind,)


def _for_sectors(kind: Kind, per_cluster: int, sectors: int) -> Boot:
    """Return the volume of that many sectors, or of fewer where its clusters become too many."""
    per_sector = SECTOR * 8 // _bits(kind)  # entries of a table
    space = sectors - (_RESERVED_16 + _ROOT_SECTORS if kind == "fat16" else _RESERVED_32)
    table = -(-(space + 2 * per_cluster) // (per_sector * per_cluster + _TABLES))
    boot = _volume(kind, per_cluster, table, sectors)
    if boot.clusters > _MOST_CLUSTERS[kind]:
        return _for_clusters(kind, per_cluster, _MOST_CLUSTERS[kind])
    return boot


def _for_clusters(kind: Kind, per_cluster: int, clusters: int) -> Boot:
    table = -(-(clusters + 2) * _bits(kind) // (SECTOR * 8))
    empty = _volume(kind, per_cluster, table, 0)
    return empty._replace(total=empty.data_at // SECTOR + clusters * per_cluster)


def _bits(kind: Kind) -> int:
    return 16 if kind == "fat16" else 32


def _volume(kind: Kind, per_cluster: int, table: int, sectors: int) -> Boot:
    if kind == "fat16":
        return Boot(
            SECTOR, per_cluster, _RESERVED_16, _TABLES, ROOT_RECORDS, MEDIA, table, sectors, False
        )
    # Clusters that begin where those of flash memory do are written faster.
    reserved = _RESERVED_32 + -(_RESERVED_32 + _TABLES * table) % max(per_cluster, 8)
    boot = Boot(SECTOR, per_cluster, reserved, _TABLES, 0, MEDIA, table, sectors, True)
    return boot._replace(root_cluster=2, fsinfo=1, backup=6)
