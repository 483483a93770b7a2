"""Lays a UDF volume out for a disc that is written at once (PS3.12 Annexes J, P and X).

One partition, everything in one run in the order of the caller, closed, with an anchor in sector
256 and one in the last: that of the image, or of the medium where its size is told. From UDF 2.50
on the structures of the tree lie in a metadata partition, which is there twice. Nothing but the
positions is decided here: entries of files, 2048 bytes each, are made when they are written.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Final

from media.iso9660.names import NameDoesNotFit, printable
from media.udf.encode import BLOCK, bitmap_head, compressed, free_bits
from media.udf.encode_entries import FILE_PERMISSIONS, EntryForm, allocations
from media.udf.encode_volume import (
    ALIGNMENT,
    LABEL_LENGTH,
    OVERWRITABLE,
    READ_ONLY,
    MetadataFacts,
    Revision,
    VolumeFacts,
    anchor,
    integrity,
    recognition,
    sequence,
)
from media.udf.entries import SHORT
from media.udf.fields import METADATA, METADATA_BITMAP, METADATA_MIRROR, VolumeExtent
from media.udf.folders import FolderTree
from media.volume_plan import PlannedFile, Structure, VolumePlan
from reporting import CannotWrite

RECOGNITION: Final = 16  # sector
_MAIN: Final = 32  # sector
_SEQUENCE: Final = 16  # sectors, the least that is allowed (ECMA-167 3/8.4.2.1)
_INTEGRITY: Final = 64  # sector
_INTEGRITY_SECTORS: Final = 4  # the least that UDF asks for (UDF 2.2.4.6)
_ANCHOR: Final = 256  # sector
PARTITION: Final = 288  # sector; the first after the anchor that is aligned
_LARGEST: Final = 0xFFFFFFFF  # blocks
_BITMAP_HEAD: Final = 24  # bytes


def lay_out_udf(
    files: Sequence[PlannedFile],
    *,
    label: str,
    recorded: datetime,
    revision: Revision,
    overwritable: bool | None = None,
    size: int = 0,
) -> VolumePlan:
    """Give every file its place on a UDF volume.

    Pure: the same input gives the same bytes.

    Args:
        files: what goes on the volume, in the order in which it is to lie there.
        label: up to 30 characters; "" for none.
        recorded: when the volume was made; aware.
        revision: of UDF; 1.50 for DVD-RAM, up to 2.01 for other DVDs, 2.50 for BD-RE, 2.60 for
            BD-R.
        overwritable: whether others may change the volume on its medium; None: as a BD-RE with
            2.50 asks for, and no otherwise.
        size: blocks of the medium, of an overwritable volume; 0: as few as will do. What the
            files leave of it is free space, in which nothing needs to be written. A volume that
            has no room in it becomes as large as it must be.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotWrite: a file or all of them are too large.
    """
    refuse_label(label)
    if overwritable is None:
        overwritable = revision == "2.50"
    if size and not overwritable:
        raise ValueError("free space is for those who may write to it")
    layout = UdfLayout(files, label, recorded, revision, overwritable=overwritable, size=size)
    return VolumePlan("udf", layout.sectors * BLOCK, tuple(layout.structures()), layout.offsets)


def refuse_label(label: str) -> None:
    """Check that *label* can be the name of a volume.

    Raises:
        NameDoesNotFit: it cannot.
    """
    wide = any(ord(c) > 0xFF for c in label)
    if len(compressed(label)) > LABEL_LENGTH + 1 or wide or not label.isprintable():
        raise NameDoesNotFit(
            "is not a label of a UDF volume",
            printable(label),
            f"Use up to {LABEL_LENGTH} of A-Z, 0-9, _ and space",
        )


class UdfLayout:
    """Where everything of a volume is."""

    def __init__(
        self,
        files: Sequence[PlannedFile],
        label: str,
        recorded: datetime,
        revision: Revision,
        *,
        overwritable: bool = False,
        first: int = PARTITION,
        size: int = 0,
    ) -> None:
        """Lay out *files* in a partition that begins at sector *first*."""
        metadata = revision in ("2.50", "2.60")
        self._recorded, self._overwritable = recorded, overwritable
        # The partition that the tree names where contents are, if it is another than its own.
        self._data_partition = 0 if metadata else None
        self._tree = FolderTree(files, recorded, 1 if metadata else 0)
        self._metadata: MetadataFacts | None = None
        start = self._begin_metadata() if metadata else self._tree.blocks
        self._starts: list[int] = []  # blocks of the partition, of every file
        for file in files:
            self._starts.append(start)
            start += -(-file.size // BLOCK)
        least = max(size - first - _SEQUENCE - 1, 0)  # blocks of the partition
        end, bitmap = self._finish(start, least)
        total = max(end, least)
        self.facts = VolumeFacts(
            revision,
            label,
            _set_identifier(files, label, recorded),
            recorded,
            OVERWRITABLE if overwritable else READ_ONLY,
            VolumeExtent(total, first),
            bitmap,
            self._metadata,
            VolumeExtent(_INTEGRITY_SECTORS * BLOCK, _INTEGRITY),
            len(files),
            self._tree.folders,
            self._tree.next_unique_id,
            total - end,
        )
        self._tree.refuse_sizes(self.facts.version, self._data_partition)
        # Burners fill the last error correction block up, and the anchor is to be the last sector.
        self.sectors = size if total == least else aligned(first + total + _SEQUENCE + 1)
        if self.sectors > _LARGEST:
            raise CannotWrite("is larger than any volume can be", "volume", "Split it")
        self.offsets = tuple((first + start) * BLOCK for start in self._starts)

    def structures(self, recognition_at: int = RECOGNITION) -> Iterator[Structure]:
        """Yield the structures of the volume in ascending order."""
        facts = self.facts
        last = self.sectors - 1
        main = VolumeExtent(_SEQUENCE * BLOCK, _MAIN)
        reserve = VolumeExtent(_SEQUENCE * BLOCK, last - _SEQUENCE)
        yield _fixed(recognition_at, recognition(facts))
        yield _fixed(main.sector, sequence(facts, main.sector))
        yield _fixed(_INTEGRITY, integrity(facts, _INTEGRITY))
        yield _fixed(_ANCHOR, anchor(facts, _ANCHOR, main, reserve))
        yield from self._in_partition()
        yield _fixed(reserve.sector, sequence(facts, reserve.sector))
        yield _fixed(last, anchor(facts, last, main, reserve))

    def _begin_metadata(self) -> int:
        """Give the metadata file its place; return the block after it."""
        blocks = aligned(self._tree.blocks)
        start = aligned(2 + _bitmap_blocks(blocks))
        self._metadata = MetadataFacts(
            0, 0, 1 if self._overwritable else None, start, 0, blocks, blocks - self._tree.blocks
        )
        return start + blocks

    def _finish(self, end: int, least: int) -> tuple[int, VolumeExtent | None]:
        """Place what follows the files; return the block after all that, and the bitmap.

        Args:
            end: the block after the files.
            least: blocks that the partition has at least.
        """
        if self._metadata is not None:
            mirror = aligned(end)
            end = mirror + self._metadata.blocks
            self._metadata = self._metadata._replace(mirror_start=mirror, mirror_entry=end)
            end += 1
        if not self._overwritable:
            return end, None
        blocks = _bitmap_blocks(max(end, least))
        blocks = _bitmap_blocks(max(end + blocks, least))  # It covers itself.
        return end + blocks, VolumeExtent(blocks * BLOCK, end)

    def _in_partition(self) -> Iterator[Structure]:
        metadata, bitmap = self._metadata, self.facts.bitmap
        if metadata is None:
            yield self._tree_at(0)
        else:
            yield self._structure(metadata.entry, self._metadata_entry(metadata, mirror=False))
            if metadata.bitmap_entry is not None:
                yield self._structure(metadata.bitmap_entry, self._metadata_bitmap(metadata))
            yield self._tree_at(metadata.start)
            yield self._tree_at(metadata.mirror_start)
            yield self._structure(
                metadata.mirror_entry, self._metadata_entry(metadata, mirror=True)
            )
        if bitmap is not None:
            bits, free = self.facts.partition.length, self.facts.free
            head = bitmap_head(self.facts.version, bitmap.sector, bits)
            # Zeros are blocks that are taken: where all are they need not be written.
            yield self._structure(bitmap.sector, head + free_bits(bits, free) if free else head)

    def _structure(self, block: int, data: bytes) -> Structure:
        return _fixed(self.facts.partition.sector + block, data)

    def _tree_at(self, block: int) -> Structure:
        pieces = partial(self._tree.pieces, self.facts, self._starts, self._data_partition)
        offset = (self.facts.partition.sector + block) * BLOCK
        return Structure(offset, self._tree.blocks * BLOCK, pieces)

    def _metadata_entry(self, metadata: MetadataFacts, *, mirror: bool) -> bytes:
        size = metadata.blocks * BLOCK
        location, start, kind = (
            (metadata.mirror_entry, metadata.mirror_start, METADATA_MIRROR)
            if mirror
            else (metadata.entry, metadata.start, METADATA)
        )
        return self._file_of_volume(location, kind, size, start)

    def _metadata_bitmap(self, metadata: MetadataFacts) -> bytes:
        """Return the entry and the content of the file of the free blocks of the metadata."""
        bits = free_bits(metadata.blocks, metadata.free)
        location = metadata.entry + 2
        content = bitmap_head(self.facts.version, location, metadata.blocks) + bits
        return self._file_of_volume(1, METADATA_BITMAP, len(content), location) + content

    def _file_of_volume(self, location: int, kind: int, size: int, start: int) -> bytes:
        entries = EntryForm(self.facts.version, kind, FILE_PERMISSIONS, SHORT)
        described = allocations(size, start, None)
        return entries.entry(location, size, self._recorded, 0, described, links=0)


def aligned(blocks: int) -> int:
    """Return the next multiple of an error correction block."""
    return -(-blocks // ALIGNMENT) * ALIGNMENT


def _bitmap_blocks(bits: int) -> int:
    return -(-(_BITMAP_HEAD + -(-bits // 8)) // BLOCK)


def _fixed(sector: int, data: bytes) -> Structure:
    return Structure(sector * BLOCK, len(data), lambda: iter((data,)))


def _set_identifier(files: Sequence[PlannedFile], label: str, recorded: datetime) -> str:
    """Return a name that no other volume has, though the same input always gives the same."""
    digest = sha256(f"{label}\0{recorded.isoformat()}".encode())
    for file in files:
        digest.update(f"\0{'/'.join(file.name)}\0{file.size}".encode())
    # UDF wants the time in the first eight digits (2.2.2.5).
    seconds = int(recorded.timestamp()) & 0xFFFFFFFF
    return f"{seconds:08x}{digest.hexdigest()[:8]}{label}"
