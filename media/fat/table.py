"""The table of a FAT volume, read page by page: which cluster follows which.

Chains are followed by runs: a file that lies in one piece costs a few steps, however long it is.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.fat.boot import Boot
from reporting import CannotRead

FIRST_CLUSTER: Final = 2
_PAGE: Final = 1024  # entries
_MOST_PAGES: Final = 2048  # that are kept
_CHUNK: Final = 1 << 20  # bytes read at a time where all of the table is looked at


class _Page(NamedTuple):
    entries: "array[int]"
    breaks: "array[int]"  # places of the entries that do not go on by one


class Usage(NamedTuple):
    """What a table says of all its clusters."""

    taken: int  # clusters that belong to something
    bad: int  # clusters that are marked as bad


class FatTable:
    """One of the tables; where it cannot be read, another one that is to be the same."""

    def __init__(self, reader: BlockReader, boot: Boot, start: int) -> None:
        """Look at the tables of the volume that begins at byte *start* of what is read."""
        self._reader, self._boot = reader, boot
        self.bits = boot.bits
        self.mask = (1 << min(self.bits, 28)) - 1
        self.bad = self.mask - 8
        self.unreadable = False  # whether none of the tables could be read somewhere
        length = boot.table_sectors * boot.sector
        active = 0 if boot.flags & 0x80 == 0 else min(boot.flags & 0x0F, boot.tables - 1)
        numbers = [active, *(n for n in range(boot.tables) if n != active)]
        self.places = [start + boot.table_at + number * length for number in numbers]
        # No cluster is taken to be there whose entry is not.
        self.bytes = max(min(length, reader.size - self.places[0]), 0)
        there = min(self.bytes * 8 // self.bits, self.bad) - FIRST_CLUSTER
        self.clusters = max(min(boot.clusters, there), 0)
        self._pages: dict[int, _Page] = {}

    def has(self, cluster: int) -> bool:
        """Return whether there is such a cluster."""
        return FIRST_CLUSTER <= cluster < self.clusters + FIRST_CLUSTER

    def is_end(self, link: int) -> bool:
        """Return whether an entry says that its cluster is the last of a chain."""
        return link > self.bad

    def entry(self, cluster: int) -> int:
        """Return what the entry of *cluster* says, the first two included."""
        page, within = divmod(cluster, _PAGE)
        entries = self._page(page).entries
        return entries[within] if within < len(entries) else 0

    def run(self, first: int, most: int) -> tuple[int, int]:
        """Return how many clusters go on by one from *first*, and what the last of them says.

        Args:
            first: a cluster that there is.
            most: at least 1; no more clusters than that are looked at.
        """
        stop = min(first + most, self.clusters + FIRST_CLUSTER)  # the first not looked at
        cluster = first
        while True:
            number, within = divmod(cluster, _PAGE)
            page = self._page(number)
            found = bisect_left(page.breaks, within)
            last = number * _PAGE + (page.breaks[found] if found < len(page.breaks) else _PAGE)
            if last >= stop:  # They go on, and are enough.
                return stop - first, self.entry(stop - 1)
            if found < len(page.breaks):
                return last - first + 1, page.entries[last % _PAGE]
            cluster = last

    def usage(self) -> Usage:
        """Count over the whole table."""
        taken = bad = 0
        for _, entries in self.chunks():
            taken += len(entries) - entries.count(0)
            bad += entries.count(self.bad)
        return Usage(taken - bad, bad)

    def chunks(self) -> Iterator[tuple[int, "array[int]"]]:
        """Yield all entries but the first two: those of the clusters from a number on."""
        size = _CHUNK * 8 // self.bits // _PAGE * _PAGE
        end = self.clusters + FIRST_CLUSTER
        for base in range(0, end, size):
            entries = self._read(base, size)
            del entries[end - base :]
            first = max(FIRST_CLUSTER, base)
            del entries[: first - base]
            yield first, entries

    def differences(self) -> list[int]:
        """Return the numbers of the other tables that are not the same as the one in use."""
        differing = []
        for number, place in enumerate(self.places[1:], 1):
            size = min(self.bytes, self._reader.size - place)
            if size < self.bytes or any(
                self._bytes(self.places[0] + at, min(_CHUNK, size - at))
                != self._bytes(place + at, min(_CHUNK, size - at))
                for at in range(0, size, _CHUNK)
            ):
                differing.append(number)
        return differing

    def _bytes(self, at: int, size: int) -> bytes | None:
        try:
            return self._reader.pread(size, at)
        except CannotRead:
            return None

    def _page(self, number: int) -> _Page:
        page = self._pages.get(number)
        if page is None:
            if len(self._pages) >= _MOST_PAGES:
                del self._pages[next(iter(self._pages))]
            page = self._pages[number] = self._new_page(number)
        return page

    def _new_page(self, number: int) -> _Page:
        entries = self._read(number * _PAGE, _PAGE)
        following = number * _PAGE + 1
        # The table of a damaged volume may go on after the last number that has a link.
        code = "I" if following + len(entries) > 0xFFFF else entries.typecode
        if entries == array(code, range(following, following + len(entries))):
            return _Page(entries, array("H"))
        breaks = (place for place, entry in enumerate(entries, following) if entry != place)
        return _Page(entries, array("H", (place - following for place in breaks)))

    def _read(self, first: int, entries: int) -> "array[int]":
        """Return that many entries from *first* on, an even number, or those there are."""
        at = first * self.bits // 8
        size = max(min(-(-entries * self.bits // 8), self.bytes - at), 0)
        data = self._first_readable(at, size)
        if self.bits == 12:
            return _unpacked(data)
        if self.bits == 32:
            read = array("I", _masked(data[: len(data) // 4 * 4]))
        else:
            read = array("H", data[: len(data) // 2 * 2])
        if sys.byteorder == "big":
            read.byteswap()
        return read

    def _first_readable(self, at: int, size: int) -> bytes:
        if not size:
            return b""
        for place in self.places:
            data = self._bytes(place + at, size) if place + at + size <= self._reader.size else None
            if data is not None:
                return data
        self.unreadable = True
        return bytes(size)


def _unpacked(data: bytes) -> "array[int]":
    """Return the entries of 12 bits in *data*: two in three bytes."""
    entries = array("H")
    for at in range(0, len(data) - 1, 3):
        low, middle = data[at], data[at + 1]
        entries.append(low | (middle & 0x0F) << 8)
        if at + 2 < len(data):
            entries.append(middle >> 4 | data[at + 2] << 4)
    return entries


def _masked(data: bytes) -> bytes:
    """Return entries of 32 bits without the four that are no part of a cluster's number."""
    mask = int.from_bytes(b"\xff\xff\xff\x0f" * (len(data) // 4), "little")
    return (int.from_bytes(data, "little") & mask).to_bytes(len(data), "little")


class ClusterMap:
    """Which clusters are taken: one bit for each."""

    def __init__(self, clusters: int) -> None:
        self._bits = bytearray((clusters + FIRST_CLUSTER + 7) // 8 + 1)

    def claim(self, first: int, clusters: int) -> bool:
        """Take a run of clusters, and return whether one of them was taken before."""
        end = first + clusters
        low, high = first >> 3, end >> 3
        start_mask, end_mask = 0xFF << (first & 7) & 0xFF, (1 << (end & 7)) - 1
        bits = self._bits
        if low == high:
            mask = start_mask & end_mask
            before = bits[low] & mask
            bits[low] |= mask
            return before != 0
        middle = high - low - 1
        before = (
            bits[low] & start_mask
            or bits[high] & end_mask
            or bits.count(0, low + 1, high) != middle
        )
        bits[low] |= start_mask
        bits[high] |= end_mask
        bits[low + 1 : high] = b"\xff" * middle
        return before != 0

    def count(self) -> int:
        """Return how many clusters are taken."""
        return sum(
            int.from_bytes(self._bits[at : at + _CHUNK], "little").bit_count()
            for at in range(0, len(self._bits), _CHUNK)
        )
