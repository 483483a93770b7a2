"""One simulated medium: its blocks, what is recorded on it, and how it changes its nature."""

from typing import Final, Literal

from drivers.simulator.kinds import QUICK_FORMAT, FormatRow, Kind
from drivers.simulator.overwritable import GOES_ON, Overwritable
from drivers.simulator.sequential import PREGAP, SHORTEST, Cue, Sequential
from drivers.simulator.surface import BLOCK, Surface

State = Literal["blank", "appendable", "closed"]
_STATES: Final[tuple[State, ...]] = ("blank", "appendable", "closed", "closed")  # (6.22)


class SimulatedMedium:
    """A disc; it keeps what was written when it is taken out."""

    def __init__(self, kind: Kind, capacity: int | None = None) -> None:
        self.kind, self.capacity = kind, capacity or kind.capacity
        self.surface = Surface()
        self.protected = False  # a cartridge with its tab set, or a disc that the drive locks
        self.layout: Sequential | Overwritable
        if kind.family == "random":
            ready = not kind.needs_format
            self.layout = Overwritable(kind, self.surface, self.capacity, formatted=ready)
        else:
            self.layout = Sequential(kind, self.surface, self.capacity)
        if kind.formatted:
            self.layout = self._restricted(self.capacity, quick=True)

    def _restricted(self, blocks: int, *, quick: bool) -> Overwritable:
        """Return a DVD-RW formatted for restricted overwrite (4.4)."""
        edge = 0 if quick else None
        return Overwritable(self.kind, self.surface, blocks, restricted=True, edge=edge)

    @property
    def profile(self) -> int:
        if isinstance(self.layout, Overwritable) and self.layout.restricted:
            return self.kind.rewritten_as or self.kind.profile
        return self.kind.profile

    @property
    def state(self) -> State:
        return _STATES[self.layout.status]

    def fill(self, image: bytes, *, closed: bool = True) -> None:
        """Record *image* as a factory would: in one track from block 0."""
        image = image or bytes(BLOCK * SHORTEST)
        data = image + bytes(-len(image) % (BLOCK * self.kind.unit))
        blocks = len(data) // BLOCK
        self.surface.write(0, data)
        if isinstance(self.layout, Overwritable):
            self.layout.formatted, self.layout.edge = True, None
            return
        if self.kind.family == "cd":
            self.layout.expect(Cue(-PREGAP, (0,), blocks))
            self.layout.at = blocks
            self.layout.flush(2, stays_open=not closed)
            return
        self.layout.tracks[0].end = blocks
        self.layout.close_session(stays_open=not closed)

    def image(self, start: int = 0, blocks: int | None = None) -> bytes:
        """Return what a reader gets: every block from *start* to the last one that was written.

        What lies between sessions reads as zeros here; `unreadable` of the layout tells it apart.
        """
        if blocks is None:
            end = self.surface.top
            if isinstance(self.layout, Sequential):
                end = max((t.end - t.run_out for t in self.layout.tracks if not t.blank), default=0)
            blocks = max(end - start, 0)
        return self.surface.read(start, blocks)

    def format(self, row: FormatRow, blocks: int) -> None:
        """Format to *blocks*; everything that was recorded is lost."""
        self.surface.clear()
        if isinstance(self.layout, Sequential) and not row.restricted:
            self.layout.capacity, self.layout.formatted = blocks, True  # BD-R: spare areas made
            return
        if row.restricted:
            self.layout = self._restricted(blocks, quick=row.type == QUICK_FORMAT)
            return
        self.layout = Overwritable(self.kind, self.surface, blocks)
        if row.background:
            self.layout.background = GOES_ON

    def blank(self, *, full: bool) -> None:
        """Blank; a DVD-RW becomes sequential again (MMC-6 6.2)."""
        self.layout = Sequential(self.kind, self.surface, self.capacity)
        self.layout.blank(full=full or self.kind.family == "cd")
