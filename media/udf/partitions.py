"""Where a block of a partition lies on the volume: directly, or by one of UDF's detours.

A physical partition is a run of sectors. A virtual one has a table that tells where a block was
last written (write-once media), a sparable one a table of packets that were moved away from
defects (rewritable media), and a metadata partition is itself the content of a file.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

NOWHERE: Final = -1  # sector of a run that was never written: it reads as zeros
_UNUSED: Final = 0xFFFFFFFF  # an entry of a virtual allocation table (UDF 2.2.11)


class Run(NamedTuple):
    """Blocks that lie side by side."""

    sector: int  # of the volume, or NOWHERE
    blocks: int


class OutsidePartition(ValueError):
    """A structure points to where its partition is not."""


class Partition(Protocol):
    """What a partition map of a logical volume stands for."""

    kind: str  # "physical", "virtual", "sparable", "metadata"

    @property
    def blocks(self) -> int: ...

    def runs(self, block: int, count: int) -> list[Run]:
        """Return where *count* blocks from *block* on lie.

        Raises:
            OutsidePartition: not all of them belong to the partition.
        """


class PhysicalPartition:
    """A run of sectors."""

    kind = "physical"

    def __init__(self, start: int, blocks: int) -> None:
        self.start, self.blocks = start, blocks

    def runs(self, block: int, count: int) -> list[Run]:
        _refuse_outside(self, block, count)
        return [Run(self.start + block, count)]


class VirtualPartition:
    """Blocks that are found by the table written last."""

    kind = "virtual"

    def __init__(self, physical: PhysicalPartition, table: "array[int]") -> None:
        self._physical, self._table = physical, table

    @property
    def blocks(self) -> int:
        return len(self._table)

    def runs(self, block: int, count: int) -> list[Run]:
        _refuse_outside(self, block, count)
        runs: list[Run] = []
        for real in self._table[block : block + count]:
            if real == _UNUSED:
                raise OutsidePartition(f"virtual block {block} is not in use")
            (run,) = self._physical.runs(real, 1)
            if runs and runs[-1].sector + runs[-1].blocks == run.sector:
                runs[-1] = Run(runs[-1].sector, runs[-1].blocks + 1)
            else:
                runs.append(run)
        return runs


class SparablePartition:
    """A run of sectors from which some packets were moved away."""

    kind = "sparable"

    def __init__(self, start: int, blocks: int, packet: int, moved: dict[int, int]) -> None:
        """Take a partition whose packets of *packet* blocks are at other sectors if in *moved*."""
        self.start, self.blocks = start, blocks
        self._packet, self._moved = packet, moved
        self._origins = sorted(moved)

    def runs(self, block: int, count: int) -> list[Run]:
        _refuse_outside(self, block, count)
        runs: list[Run] = []
        end = block + count
        first = bisect_left(self._origins, block - self._packet + 1)
        for origin in self._origins[first : bisect_left(self._origins, end)]:
            start, stop = max(block, origin), min(end, origin + self._packet)
            if start > block:
                runs.append(Run(self.start + block, start - block))
            if start < stop:
                runs.append(Run(self._moved[origin] + start - origin, stop - start))
                block = stop
        if block < end:
            runs.append(Run(self.start + block, end - block))
        return runs


class MetadataPartition:
    """The content of the metadata file of a physical partition (UDF 2.2.13)."""

    kind = "metadata"

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._ends = list(accumulate(run.blocks for run in runs))

    @property
    def blocks(self) -> int:
        return self._ends[-1] if self._ends else 0

    def runs(self, block: int, count: int) -> list[Run]:
        _refuse_outside(self, block, count)
        found: list[Run] = []
        number = bisect_right(self._ends, block)
        while count:
            run = self._runs[number]
            within = block - (self._ends[number] - run.blocks)
            step = min(count, run.blocks - within)
            if step:
                found.append(Run(run.sector if run.sector < 0 else run.sector + within, step))
            block, count, number = block + step, count - step, number + 1
        return found


def _refuse_outside(partition: Partition, block: int, count: int) -> None:
    if block < 0 or count < 0 or block + count > partition.blocks:
        raise OutsidePartition(
            f"blocks {block} to {block + count - 1} of a partition of {partition.blocks}"
        )
