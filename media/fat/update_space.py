"""The free clusters of a FAT volume, given out in ascending order."""

import re
from array import array
from typing import Final

from media.fat.table import FatTable
from reporting import CannotWrite

Run = tuple[int, int]  # first cluster, clusters

_MOST_RUNS: Final = 400_000
_FREE: Final = re.compile(rb"\0+")


class FreeClusters:
    """What a table says is free. Of a volume in very many pieces only the first are given out."""

    def __init__(self, table: FatTable, where: str) -> None:
        """Look through all of *table*; errors call the volume *where*."""
        self._where = where
        self.free = 0  # clusters, whether they can be given out or not
        self.left = 0  # clusters that can still be given out
        self.taken = 0  # clusters that were given out
        self.following = 0  # the cluster after the last one of them
        self._firsts, self._counts = array("I"), array("I")
        for base, entries in table.chunks():
            self._note(base, entries)
        self._number = 0  # of the run from which the next is taken
        self._used = 0  # clusters of it

    def _note(self, base: int, entries: "array[int]") -> None:
        free = entries.count(0)
        self.free += free
        if not free or len(self._firsts) >= _MOST_RUNS:
            return
        for run in _FREE.finditer(bytes(map(bool, entries))):
            first, count = base + run.start(), run.end() - run.start()
            if self._firsts and self._firsts[-1] + self._counts[-1] == first:
                self._counts[-1] += count
            else:
                self._firsts.append(first)
                self._counts.append(count)
            self.left += count

    def take(self, clusters: int) -> list[Run]:
        """Give out that many clusters, in as few runs as the order allows.

        Raises:
            CannotWrite: there are not so many.
        """
        if clusters > self.left:
            raise CannotWrite(
                f"needs {clusters} more clusters where {self.left} are free",
                self._where,
                "Remove what is not needed, or use a new medium",
            )
        runs = []
        self.left -= clusters
        self.taken += clusters
        while clusters:
            count = min(clusters, self._counts[self._number] - self._used)
            first = self._firsts[self._number] + self._used
            runs.append((first, count))
            self.following = first + count
            self._used += count
            clusters -= count
            if self._used == self._counts[self._number]:
                self._number, self._used = self._number + 1, 0
        return runs
