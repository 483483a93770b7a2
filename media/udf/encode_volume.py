"""Makes the descriptors that say what a UDF volume is (ECMA-167 3/10, 4/14.1; OSTA UDF 2.2)."""

from datetime import datetime
from struct import pack
from typing import Final, Literal, NamedTuple

from media.udf.encode import (
    BLOCK,
    DEVELOPER,
    IMPLEMENTATION,
    dstring,
    entity,
    extent,
    in_blocks,
    long_allocation,
    tagged,
    timestamp,
)
from media.udf.fields import (
    ANCHOR,
    FILE_SET,
    IMPLEMENTATION_USE,
    INTEGRITY,
    LOGICAL,
    PARTITION,
    PRIMARY,
    TAG_LENGTH,
    TERMINATING,
    UNALLOCATED,
    VolumeExtent,
)

Revision = Literal["1.02", "1.50", "2.00", "2.01", "2.50", "2.60"]
NUMBERS: Final[dict[Revision, int]] = {
    "1.02": 0x0102,
    "1.50": 0x0150,
    "2.00": 0x0200,
    "2.01": 0x0201,
    "2.50": 0x0250,
    "2.60": 0x0260,
}

READ_ONLY, OVERWRITABLE = 1, 4  # access types of a partition (ECMA-167 3/10.5.7)
LABEL_LENGTH: Final = 30  # characters that fit a Volume Identifier with its two bytes of lengths
ALIGNMENT: Final = 32  # blocks; an error correction block of a BD, and two of a DVD

_CHARACTERS: Final = b"\0OSTA Compressed Unicode".ljust(64, b"\0")
_CLOSED: Final = 1


class VolumeFacts(NamedTuple):
    """What the descriptors of a volume say of it."""

    revision: Revision
    label: str
    set_identifier: str  # begins with 16 hexadecimal digits that no other volume has
    recorded: datetime
    access: int  # type of the partition
    partition: VolumeExtent  # length in *blocks*
    bitmap: VolumeExtent | None  # of unallocated space: bytes, block of the partition
    metadata: "MetadataFacts | None"
    integrity: VolumeExtent
    files: int
    folders: int
    next_unique_id: int
    free: int  # blocks of the partition

    @property
    def version(self) -> int:
        """Return the version of all descriptors: that of NSR02 or NSR03."""
        return 2 if self.revision in ("1.02", "1.50") else 3

    @property
    def domain(self) -> bytes:
        return entity(b"*OSTA UDF Compliant", pack("<H", NUMBERS[self.revision]))

    def own(self, identifier: bytes) -> bytes:
        """Return an identifier that UDF itself defines."""
        return entity(identifier, pack("<H", NUMBERS[self.revision]))


class MetadataFacts(NamedTuple):
    """Where a metadata partition lies in the physical one, in blocks."""

    entry: int
    mirror_entry: int
    bitmap_entry: int | None
    start: int
    mirror_start: int
    blocks: int
    free: int


def recognition(facts: VolumeFacts) -> bytes:
    """Return the volume recognition sequence, one sector each (ECMA-167 2/9)."""
    standard = b"NSR02" if facts.version == 2 else b"NSR03"
    names = (b"BEA01", standard, b"TEA01")
    return b"".join((b"\0" + name + b"\x01").ljust(BLOCK, b"\0") for name in names)


def sequence(facts: VolumeFacts, sector: int) -> bytes:
    """Return a volume descriptor sequence that begins at *sector*."""
    bodies = (
        (PRIMARY, _primary(facts)),
        (IMPLEMENTATION_USE, _implementation_use(facts)),
        (PARTITION, _partition(facts)),
        (LOGICAL, _logical(facts)),
        (UNALLOCATED, pack("<II", 0, 0).ljust(8, b"\0")),
        (TERMINATING, b""),
    )
    pieces = []
    for number, (identifier, body) in enumerate(bodies):
        if identifier not in (UNALLOCATED, TERMINATING):
            body = pack("<I", number) + body
        body = body.ljust(512 - TAG_LENGTH, b"\0")
        pieces.append(in_blocks(tagged(identifier, facts.version, sector + number, body)))
    return b"".join(pieces)


def _primary(facts: VolumeFacts) -> bytes:
    return b"".join(
        (
            pack("<I", 0),
            dstring(facts.label, 32),
            # One volume of one, interchange levels 2 and 2, character set 0 alone.
            pack("<HHHHII", 1, 1, 2, 2, 1, 1),
            dstring(facts.set_identifier, 128),
            _CHARACTERS * 2,
            bytes(16),
            entity(DEVELOPER),
            timestamp(facts.recorded),
            IMPLEMENTATION,
        )
    )


def _implementation_use(facts: VolumeFacts) -> bytes:
    return b"".join(
        (
            facts.own(b"*UDF LV Info"),
            _CHARACTERS,
            dstring(facts.label, 128),
            bytes(3 * 36),
            IMPLEMENTATION,
        )
    )


def _partition(facts: VolumeFacts) -> bytes:
    contents = entity(b"+NSR02" if facts.version == 2 else b"+NSR03")
    bitmap = facts.bitmap or VolumeExtent(0, 0)
    return b"".join(
        (
            pack("<HH", 1, 0),  # allocated; partition 0
            contents,
            bytes(8),
            pack("<II", *bitmap),
            bytes(112),
            pack("<III", facts.access, facts.partition.sector, facts.partition.length),
            IMPLEMENTATION,
        )
    )


def _logical(facts: VolumeFacts) -> bytes:
    maps = pack("<BBHH", 1, 6, 1, 0)
    if facts.metadata is not None:
        maps += _metadata_map(facts, facts.metadata)
    return b"".join(
        (
            _CHARACTERS,
            dstring(facts.label, 128),
            pack("<I", BLOCK),
            facts.domain,
            # The file set begins the metadata, or else the partition.
            long_allocation(2 * BLOCK, 0, 0 if facts.metadata is None else 1),
            pack("<II", len(maps), 1 if facts.metadata is None else 2),
            IMPLEMENTATION,
            bytes(128),
            extent(*facts.integrity),
            maps,
        )
    )


def _metadata_map(facts: VolumeFacts, metadata: MetadataFacts) -> bytes:
    return (
        pack("<BBH", 2, 64, 0)
        + facts.own(b"*UDF Metadata Partition")
        + pack(
            "<HHIIIIHB",
            1,
            0,
            metadata.entry,
            metadata.mirror_entry,
            0xFFFFFFFF if metadata.bitmap_entry is None else metadata.bitmap_entry,
            ALIGNMENT,
            ALIGNMENT,
            1,  # The mirror has a content of its own.
        )
    ).ljust(64, b"\0")


def anchor(facts: VolumeFacts, sector: int, main: VolumeExtent, reserve: VolumeExtent) -> bytes:
    body = (extent(*main) + extent(*reserve)).ljust(512 - TAG_LENGTH, b"\0")
    return in_blocks(tagged(ANCHOR, facts.version, sector, body))


def terminator(facts: VolumeFacts, location: int) -> bytes:
    return in_blocks(tagged(TERMINATING, facts.version, location, bytes(512 - TAG_LENGTH)))


def integrity(facts: VolumeFacts, sector: int) -> bytes:
    """Return the closed integrity descriptor and the terminator after it."""
    free, sizes = [facts.free], [facts.partition.length]
    if facts.metadata is not None:
        free.append(facts.metadata.free)
        sizes.append(facts.metadata.blocks)
    number = NUMBERS[facts.revision]
    use = IMPLEMENTATION + pack(
        "<IIHHH",
        facts.files,
        facts.folders,
        min(number, 0x0250),  # Whoever reads 2.50 reads 2.60 (UDF 2.60 2.2.6.4).
        number,
        number,
    )
    body = b"".join(
        (
            timestamp(facts.recorded),
            pack("<I", _CLOSED),
            bytes(8),
            pack("<Q24x", facts.next_unique_id),
            pack("<II", len(sizes), len(use)),
            pack(f"<{2 * len(sizes)}I", *free, *sizes),
            use,
        )
    )
    return in_blocks(tagged(INTEGRITY, facts.version, sector, body)) + terminator(facts, sector + 1)


def file_set(facts: VolumeFacts, root: int) -> bytes:
    """Return the File Set Descriptor for the root directory whose entry is block *root*."""
    partition = 0 if facts.metadata is None else 1
    body = b"".join(
        (
            timestamp(facts.recorded),
            pack("<HHIIII", 3, 3, 1, 1, 0, 0),
            _CHARACTERS,
            dstring(facts.label, 128),
            _CHARACTERS,
            dstring(facts.label, 32),
            bytes(64),
            long_allocation(BLOCK, root, partition),
            facts.domain,
        )
    ).ljust(512 - TAG_LENGTH, b"\0")
    return in_blocks(tagged(FILE_SET, facts.version, 0, body))
