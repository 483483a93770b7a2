"""The space of a logical volume: partitions by number, and contents as runs of the image."""

from array import array
from typing import Final, NamedTuple

from media.extents import NOWHERE, Extent
from media.udf.blocks import Blocks
from media.udf.entries import (
    CONTINUED,
    EMBEDDED,
    RECORDED,
    FileEntry,
    parse_allocations,
    parse_entry,
)
from media.udf.fields import MORE_ALLOCATION, parse_tag, parse_u32, tag_fault
from media.udf.partitions import OutsidePartition, Partition

# Beyond the first of every file, all together: an attack has any number.
_MOST_ALLOCATIONS: Final = 150_000


class Content(NamedTuple):
    """Where the bytes of a file are."""

    extents: tuple[Extent, ...]  # neighbours are one; together the size in the entry
    fault: str  # why it is not whole; "" if it is
    rule: str  # the rule that is broken; "" if none is


class Found(NamedTuple):
    """An entry and where it was found."""

    entry: FileEntry
    at: int  # byte of the image
    fault: str  # what is wrong with its tag


class Space:
    """Translates addresses of a logical volume, and reads entries and contents by them."""

    def __init__(self, blocks: Blocks, block_size: int) -> None:
        self.blocks, self.block_size = blocks, block_size
        self.partitions: dict[int, Partition] = {}  # by number of the partition map
        self._allocations = 0

    def place(self, partition: int, block: int) -> int | None:
        """Return the byte of the image at which a block begins; None where it has no place."""
        try:
            (run, *_) = self.partitions[partition].runs(block, 1)
        except (KeyError, ValueError):
            return None
        return None if run.sector == NOWHERE else run.sector * self.block_size

    def read_block(self, partition: int, block: int) -> tuple[bytes, int] | None:
        """Return a block and its byte in the image; None where it cannot be read."""
        at = self.place(partition, block)
        data = None if at is None else self.blocks.read(at, self.block_size)
        return None if data is None or at is None else (data, at)

    def entry(self, partition: int, block: int) -> Found | None:
        """Return the entry at an address; None where there is none."""
        found = self.read_block(partition, block)
        tag = parse_tag(found[0]) if found else None
        entry = parse_entry(found[0], tag) if found and tag else None
        if found is None or tag is None or entry is None:
            return None
        return Found(entry, found[1], tag_fault(found[0], tag, block))

    def content(self, found: Found, partition: int) -> Content:
        """Return where the content of an entry lies that was found in *partition*."""
        entry = found.entry
        if entry.form == EMBEDDED:
            length = min(entry.size, len(entry.allocation))
            runs = [Extent(found.at + entry.embedded_at, length)] if length else []
            return _finish(runs, entry, entry.fault, "UDF-ALLOCATION")
        if entry.form > EMBEDDED:
            return _finish([], entry, "its allocation descriptors are of no known form")
        return self._by_allocations(entry, partition)

    def read(self, content: Content, most: int) -> tuple[bytes, bool]:
        """Return the first *most* bytes of a content, and whether all of it could be read."""
        pieces = []
        whole = not content.fault
        for extent in content.extents:
            length = min(extent.length, most)
            if not length:
                whole = whole and not extent.length
                break
            if extent.offset == NOWHERE:
                data, good = bytes(length), True
            else:
                data, good = self.blocks.read_tolerant(extent.offset, length, self.block_size)
            pieces.append(data)
            most -= length
            whole = whole and good and length == extent.length
        return b"".join(pieces), whole

    def _by_allocations(self, entry: FileEntry, partition: int) -> Content:
        runs: list[Extent] = []
        missing = entry.size
        self._allocations -= 1
        data, fault = entry.allocation, entry.fault
        seen: set[tuple[int, int]] = set()
        while data and missing:
            following = None
            for kind, length, block, number in parse_allocations(data, entry.form, partition):
                self._allocations += 1
                if self._allocations > _MOST_ALLOCATIONS:
                    return _finish(runs, entry, "there are too many extents", "UDF-TOO-MANY")
                if kind == CONTINUED:
                    following = (number, block)
                    break
                length = min(length, missing)
                missing -= length
                trouble = self._take(runs, kind, length, number, block)
                if trouble:
                    return _finish(runs, entry, trouble, "UDF-OUTSIDE")
                if not missing:
                    break
            if following is None or following in seen:
                break
            seen.add(following)
            data, trouble = self._continued(*following)
            fault = fault or trouble
        tail = entry.size - sum(run.length for run in runs)
        if not fault and runs and 0 < tail <= self._slack(runs[-1]):
            # Where a file grew within its last block, Linux leaves the extent as it was.
            runs[-1] = Extent(runs[-1].offset, runs[-1].length + tail)
            return Content(tuple(runs), "", "UDF-TAIL")
        return _finish(runs, entry, fault)

    def _slack(self, extent: Extent) -> int:
        """Return the bytes of the last block of an extent that are not in it."""
        if extent.offset == NOWHERE:
            return 0
        end = extent.offset + extent.length
        return min(-end % self.block_size, self.blocks.size - end)

    def _take(self, runs: list[Extent], kind: int, length: int, partition: int, block: int) -> str:
        """Add an extent to *runs*; return why it cannot be, in words."""
        if kind != RECORDED:
            _append(runs, Extent(NOWHERE, length))
            return ""
        if partition not in self.partitions:
            return f"it lies in partition {partition}, which there is not"
        try:
            places = self.partitions[partition].runs(block, -(-length // self.block_size))
        except OutsidePartition as error:
            return f"it lies at {error}"
        # Looking blocks up in a virtual table is work, too.
        looked_up = self.partitions[partition].kind == "virtual"
        self._allocations += length // self.block_size // 4 if looked_up else len(places) - 1
        for sector, count in places:
            step = min(length, count * self.block_size)
            at = NOWHERE if sector == NOWHERE else sector * self.block_size
            if at + step > self.blocks.size:
                return f"the image ends before byte {at + step}"
            _append(runs, Extent(at, step))
            length -= step
        return ""

    def _continued(self, partition: int, block: int) -> tuple[bytes, str]:
        """Return further allocation descriptors (ECMA-167 4/14.5), and what is wrong with them."""
        found = self.read_block(partition, block)
        tag = parse_tag(found[0]) if found else None
        if found is None or tag is None or tag.identifier != MORE_ALLOCATION:
            return b"", f"its allocation descriptors go on at block {block}, where there are none"
        return found[0][24 : 24 + parse_u32(found[0], 20)], tag_fault(found[0], tag, block)


def _append(runs: list[Extent], extent: Extent) -> None:
    if runs:
        last = runs[-1]
        both_nowhere = last.offset == extent.offset == NOWHERE
        if both_nowhere or (last.offset != NOWHERE and last.offset + last.length == extent.offset):
            runs[-1] = Extent(last.offset, last.length + extent.length)
            return
    runs.append(extent)


def _finish(
    runs: list[Extent], entry: FileEntry, fault: str, rule: str = "UDF-ALLOCATION"
) -> Content:
    there = sum(run.length for run in runs)
    if there < entry.size and not fault:
        fault = f"of {entry.size} bytes only {there} are allocated"
    return Content(tuple(runs), fault, rule if fault else "")


def whole_runs(space: Space, content: Content) -> "list[tuple[int, int]]":
    """Return a content as (sector, blocks), for a partition that lies in it."""
    size = space.block_size
    return [
        (NOWHERE if at == NOWHERE else at // size, -(-length // size))
        for at, length in content.extents
    ]


def numbers(data: bytes) -> "array[int]":
    """Return *data* as unsigned 32-bit little-endian numbers."""
    values = array("I")
    assert values.itemsize == 4  # noqa: S101 (so on every platform that Python runs on)
    values.frombytes(data[: len(data) // 4 * 4])
    if _BIG_ENDIAN:
        values.byteswap()
    return values


_BIG_ENDIAN: Final = array("H", [1]).tobytes()[0] == 0
