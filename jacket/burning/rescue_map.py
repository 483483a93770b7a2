"""Which blocks of a medium read back as they were written; as a map that GNU ddrescue takes."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

# The signs of ddrescue's map files: not tried, failed in a run, bad alone, good.
Sign = Literal["?", "*", "-", "+"]
GOOD: Final = "+"


class Run(NamedTuple):
    """Blocks that follow one another and are alike."""

    start: int
    blocks: int
    sign: Sign

    @property
    def end(self) -> int:
        return self.start + self.blocks


class RescueMap:
    """What is known of every block, as few runs."""

    def __init__(self, blocks: int) -> None:
        """Begin with a medium of *blocks*, none of which was tried."""
        self.runs = [Run(0, blocks, "?")]

    @property
    def is_good(self) -> bool:
        """Whether all blocks are."""
        return all(run.sign == GOOD for run in self.runs)

    def put(self, start: int, blocks: int, sign: Sign) -> None:
        """Note that *blocks* from block *start* on are now known to be so."""
        new = Run(start, blocks, sign)
        pieces = [
            piece
            for run in self.runs
            for piece in (
                Run(run.start, min(run.end, start) - run.start, run.sign),
                Run(max(run.start, new.end), run.end - max(run.start, new.end), run.sign),
            )
            if piece.blocks > 0
        ]
        self.runs = list(_joined(sorted([*pieces, new])))

    def of(self, *signs: Sign) -> list[Run]:
        """Return the runs that have one of *signs*."""
        return [run for run in self.runs if run.sign in signs]

    def count(self, *signs: Sign) -> int:
        """Return how many blocks have one of *signs*."""
        return sum(run.blocks for run in self.of(*signs))

    def text(self, block: int) -> str:
        """Return a map file of GNU ddrescue, with positions in bytes.

        Args:
            block: bytes of a block.
        """
        finished = not self.of("?", "*")
        untried = self.of("?")
        position = untried[0].start * block if untried else 0
        status = "+" if finished else "?" if untried else "*"
        lines = [
            "# Mapfile. Written by Filmjacket; blocks that read back differently are bad, too",
            "# current_pos  current_status  current_pass",
            f"{position:#011x}     {status}               1",
            "#      pos        size  status",
            *(f"{r.start * block:#011x}  {r.blocks * block:#011x}  {r.sign}" for r in self.runs),
        ]
        return "\n".join(lines) + "\n"


def _joined(runs: list[Run]) -> Iterator[Run]:
    """Yield ascending *runs*, those that are alike and touch as one."""
    waiting: Run | None = None
    for run in runs:
        if waiting is not None and waiting.sign == run.sign:
            waiting = waiting._replace(blocks=waiting.blocks + run.blocks)
        else:
            if waiting is not None:
                yield waiting
            waiting = run
    if waiting is not None:
        yield waiting
