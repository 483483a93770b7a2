"""The boot sector of a FAT volume: the numbers from which everything else follows.

Bytes are counted from 0 here; Annex A of PS3.12 counts them from 1.
"""

from struct import Struct
from typing import Final, NamedTuple

SECTOR: Final = 512  # bytes; of what is written here, and the smallest that is read
SIGNATURE: Final = b"\x55\xaa"  # bytes 510 and 511
MEDIA: Final = 0xF8  # media descriptor of what is no diskette
# Microsoft's FAT specification, 3.5: the number of clusters alone decides on the type.
FEWEST_16: Final = 4085
FEWEST_32: Final = 65_525
MOST_32: Final = 0x0FFFFFF5

_COMMON: Final = Struct("<3s8sHBHBHHBHHHII")  # up to byte 36
_EXTENDED: Final = Struct("<BBBI11s8s")  # from byte 36, or 64 for FAT32
_OF_32: Final = Struct("<IHHIHH12x")  # from byte 36
_FSINFO: Final = Struct("<I480xIII12xI")
_FSINFO_MARKS: Final = (0x41615252, 0x61417272, 0xAA550000)

# A computer that starts from the medium is sent on to its next drive: INT 18h, then HLT for ever.
BOOT_CODE: Final = bytes.fromhex("cd18f4ebfd")


class Boot(NamedTuple):
    """What a boot sector says. Where 32 or 16 bits can hold a number, the one that is used."""

    sector: int  # bytes
    per_cluster: int  # sectors
    reserved: int  # sectors before the first table
    tables: int
    root_records: int  # of a root directory apart from the clusters; 0 for FAT32
    media: int
    table_sectors: int  # of one table
    total: int  # sectors of the volume
    of_32: bool  # whether it is laid out as FAT32
    serial: int = 0
    label: bytes = b"NO NAME    "
    root_cluster: int = 0  # FAT32
    flags: int = 0  # FAT32: which table is in use, where they are not kept equal
    fsinfo: int = 0  # sector; FAT32
    backup: int = 0  # sector; FAT32
    hidden: int = 0  # sectors before the volume
    state: int = 0  # byte in which Windows NT and Linux note that the volume is in use
    type_label: bytes = b""
    has_signature: bool = True

    @property
    def cluster(self) -> int:
        """Return the bytes of one cluster."""
        return self.sector * self.per_cluster

    @property
    def table_at(self) -> int:
        """Return the byte of the volume at which the first table begins."""
        return self.reserved * self.sector

    @property
    def root_at(self) -> int:
        """Return the byte of the volume after the tables."""
        return (self.reserved + self.tables * self.table_sectors) * self.sector

    @property
    def data_at(self) -> int:
        """Return the byte of the volume at which the first cluster begins, number 2."""
        return self.root_at + -(-self.root_records * 32 // self.sector) * self.sector

    @property
    def clusters(self) -> int:
        return (self.total - self.data_at // self.sector) // self.per_cluster

    @property
    def bits(self) -> int:
        """Return how wide an entry of the tables is: 12, 16 or 32."""
        if self.of_32:
            return 32
        return 12 if self.clusters < FEWEST_16 else 16


def parse_boot(data: bytes) -> Boot | None:
    """Return what a boot sector of at least 512 bytes says; None where it is of no FAT volume."""
    common = _COMMON.unpack_from(data)
    _, _, sector, per_cluster, reserved, tables, roots, total16, media, small, *_ = common
    hidden, total32 = common[12], common[13]
    of_32 = small == 0
    large, flags, _, root_cluster, fsinfo, backup = _OF_32.unpack_from(data, 36)
    drive = 64 if of_32 else 36
    _, state, mark, serial, label, type_label = _EXTENDED.unpack_from(data, drive)
    known = mark == 0x29
    boot = Boot(
        sector,
        per_cluster,
        reserved,
        tables,
        roots,
        media,
        large if of_32 else small,
        total16 or total32,
        of_32,
        serial if known else 0,
        label if known else b"",
        root_cluster if of_32 else 0,
        flags if of_32 else 0,
        fsinfo if of_32 else 0,
        backup if of_32 else 0,
        hidden,
        state if known else 0,
        type_label if known else b"",
        data[510:512] == SIGNATURE,
    )
    return boot if _is_plausible(boot, data) else None


def _is_plausible(boot: Boot, data: bytes) -> bool:
    return (
        (boot.has_signature or data[0] in (0xEB, 0xE9))
        and boot.sector in (512, 1024, 2048, 4096)
        and boot.per_cluster in (1, 2, 4, 8, 16, 32, 64, 128)
        and boot.reserved > 0
        and 1 <= boot.tables <= 4
        and (boot.media >= 0xF8 or boot.media == 0xF0)
        and boot.table_sectors > 0
        and (boot.root_records > 0 or boot.of_32)
        and boot.clusters > 0
    )


def encode_boot(boot: Boot) -> bytes:
    """Return the boot sector of 512 bytes that says *boot*."""
    small = 0 if boot.of_32 else boot.table_sectors
    # PS3.12 Annex A prefers this name; what Microsoft's specification prefers is for FAT32.
    maker = b"MSWIN4.1" if boot.of_32 else b"MSDOS4.0"
    start = 90 if boot.of_32 else 62
    # The 16 bits for the size stay 0, as Annex A has them (bytes 20 and 21 there).
    data = _COMMON.pack(
        bytes((0xEB, start - 2, 0x90)),
        maker,
        boot.sector,
        boot.per_cluster,
        boot.reserved,
        boot.tables,
        boot.root_records,
        0,
        boot.media,
        small,
        SECTORS_PER_TRACK,
        HEADS,
        boot.hidden,
        boot.total,
    )
    if boot.of_32:
        data += _OF_32.pack(boot.table_sectors, 0, 0, boot.root_cluster, boot.fsinfo, boot.backup)
    type_label = b"FAT32   " if boot.of_32 else b"FAT16   "
    data += _EXTENDED.pack(0x80, 0, 0x29, boot.serial, boot.label, type_label)
    return (data + BOOT_CODE).ljust(510, b"\0") + SIGNATURE


SECTORS_PER_TRACK: Final = 63  # what every BIOS makes of a drive
HEADS: Final = 255


def encode_fsinfo(free: int, following: int) -> bytes:
    """Return the sector that tells how many clusters are free, and where to look for one."""
    first, second, third = _FSINFO_MARKS
    return _FSINFO.pack(first, second, free, following, third)


def parse_fsinfo(data: bytes) -> tuple[int, int] | None:
    """Return the free clusters and the next of them; None where it is no such sector."""
    first, second, free, following, third = _FSINFO.unpack_from(data)
    return (free, following) if (first, second, third) == _FSINFO_MARKS else None
