"""The tables of a FAT volume while they are changed: sectors as they stand, and as they will."""

import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.fat.boot import Boot
from media.fat.table import FatTable
from media.fat.update_space import Run

_STEP: Final = 1 << 16  # entries that are changed at a time; even, as two of 12 bits go together
_UNUSED: Final = 0xF0000000  # bits of an entry of FAT32 that are no part of it and stay


class Patch(NamedTuple):
    """Bytes that are to stand somewhere: whole sectors."""

    position: int  # byte of the image
    data: bytes


def joined(sectors: Iterable[tuple[int, bytes]]) -> Iterator[Patch]:
    """Join sectors, in ascending order, to as few patches as they can be written in."""
    start, pieces, end = 0, list[bytes](), -1
    for position, data in sectors:
        if position != end and pieces:
            yield Patch(start, b"".join(pieces))
            pieces = []
        if not pieces:
            start = position
        pieces.append(data)
        end = position + len(data)
    if pieces:
        yield Patch(start, b"".join(pieces))


def chain(table: FatTable, first: int) -> list[Run]:
    """Return all runs of a chain that is known to end."""
    runs, cluster = [], first
    while not table.is_end(cluster):
        count, link = table.run(cluster, table.clusters)
        runs.append((cluster, count))
        cluster = link
    return runs


class TableDraft:
    """What is to become of all the tables that are kept equal. Nothing is written here."""

    def __init__(self, reader: BlockReader, table: FatTable, boot: Boot) -> None:
        self._reader, self._bits, self._mask = reader, table.bits, table.mask
        self._at = table.places[0]
        # Where the tables are not kept equal there is one that counts, and the others stay.
        self._places = table.places[:1] if boot.flags & 0x80 else table.places
        self._sector = boot.sector
        self._drafted: dict[int, bytes] = {}  # by number of the sector in a table
        self._changed: set[int] = set()

    def link(self, runs: Iterable[Run]) -> None:
        """Make the clusters of *runs* one chain that ends with the last of them."""
        last = 0
        for first, count in runs:
            if last:
                self.put(last, first)
            self._put(first, array("I", range(first + 1, first + count + 1)))
            last = first + count - 1
        if last:
            self.put(last, self._mask)

    def free(self, runs: Iterable[Run]) -> None:
        for first, count in runs:
            self._put(first, array("I", bytes(4 * count)))

    def put(self, cluster: int, link: int) -> None:
        """Let the entry of *cluster*, one of the first two included, say *link*."""
        self._put(cluster, array("I", (link,)))

    def straddles(self, cluster: int) -> bool:
        """Return whether the entry of *cluster* lies in two sectors."""
        start = cluster * self._bits // 8
        return start // self._sector != self._end(cluster, 1) // self._sector

    def take(self, *, first: bool = True, others: bool = True) -> list[Patch]:
        """Return what is to be written since it was last asked for.

        Args:
            first: to the table that readers go by. Without it the rest is returned next time.
            others: to the ones that are the same.
        """
        numbers = sorted(self._changed)
        places = (self._places[:1] if first else []) + (self._places[1:] if others else [])
        if others:
            self._changed.clear()
        return [
            patch
            for place in places
            for patch in joined((place + n * self._sector, self._drafted[n]) for n in numbers)
        ]

    def _put(self, cluster: int, links: "array[int]") -> None:
        for at in range(0, len(links), _STEP):
            self._put_some(cluster + at, links[at : at + _STEP])

    def _put_some(self, cluster: int, links: "array[int]") -> None:
        size = self._sector
        start = cluster * self._bits // 8 // size
        stop = self._end(cluster, len(links)) // size + 1
        before = self._sectors(start, stop)
        after = bytearray(before)
        _PATCHERS[self._bits](after, cluster, start * size, links)
        for number in range(start, stop):
            at = (number - start) * size
            if before[at : at + size] != after[at : at + size]:
                self._drafted[number] = bytes(after[at : at + size])
                self._changed.add(number)

    def _end(self, cluster: int, count: int) -> int:
        """Return the last byte of a table in which some of that many entries is."""
        return -(-(cluster + count) * self._bits // 8) - 1

    def _sectors(self, start: int, stop: int) -> bytes:
        size = self._sector
        data = bytearray(self._reader.pread((stop - start) * size, self._at + start * size))
        for number in range(start, stop):
            drafted = self._drafted.get(number)
            if drafted is not None:
                at = (number - start) * size
                data[at : at + size] = drafted
        return bytes(data)


def _patch_12(data: bytearray, cluster: int, base: int, links: "array[int]") -> None:
    for number, link in enumerate(links, cluster):
        at = number * 3 // 2 - base
        if number & 1:
            data[at] = data[at] & 0x0F | link << 4 & 0xF0
            data[at + 1] = link >> 4
        else:
            data[at] = link & 0xFF
            data[at + 1] = data[at + 1] & 0xF0 | link >> 8


def _patch_16(data: bytearray, cluster: int, base: int, links: "array[int]") -> None:
    at = cluster * 2 - base
    data[at : at + 2 * len(links)] = _little(array("H", links))


def _patch_32(data: bytearray, cluster: int, base: int, links: "array[int]") -> None:
    at = cluster * 4 - base
    end = at + 4 * len(links)
    unused = _UNUSED.to_bytes(4, "little") * len(links)
    kept = int.from_bytes(data[at:end], "little") & int.from_bytes(unused, "little")
    new = int.from_bytes(_little(links), "little") | kept
    data[at:end] = new.to_bytes(end - at, "little")


_PATCHERS: Final = {12: _patch_12, 16: _patch_16, 32: _patch_32}


def _little(entries: "array[int]") -> bytes:
    if sys.byteorder == "big":
        entries = array(entries.typecode, entries)
        entries.byteswap()
    return entries.tobytes()
