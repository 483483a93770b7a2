"""Media whose blocks are written in any order, again and again (MMC-6 4.4, 4.5).

DVD-RAM, DVD+RW, BD-RE, and DVD-RW once it is formatted for restricted overwrite.
"""

from dataclasses import dataclass
from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Refused
from drivers.simulator.kinds import Kind
from drivers.simulator.sequential import Track
from drivers.simulator.surface import Surface

NOT_BEGUN, STOPPED, GOES_ON, DONE = range(4)  # background format (6.22)
_RESTRICTED_UNIT: Final = 16  # blocks; a DVD-RW is overwritten by whole ECC blocks (4.4)


@dataclass(slots=True)
class Overwritable:
    """What is recorded on one medium."""

    kind: Kind
    surface: Surface
    blocks: int  # formatted to
    formatted: bool = True
    background: int = NOT_BEGUN
    restricted: bool = False
    edge: int | None = None  # DVD-RW, quick format: writing goes on here, until the session closes

    @property
    def status(self) -> int:
        if not self.formatted:
            return 0
        if self.background in (STOPPED, GOES_ON) or self.edge is not None:
            return 1
        # "Others" is for what cannot tell (6.22, DVD-RAM and BD-RE); plus and minus can.
        return 2 if self.restricted or self.kind.name == "dvd+rw" else 3

    @property
    def last_session(self) -> int:
        if not self.formatted:
            return 0
        return 1 if self.status == 1 else 3

    @property
    def last_block(self) -> int:
        return self.blocks - 1 if self.formatted else -1

    @property
    def track(self) -> Track:
        return Track(1, 1, 0, self.blocks if self.formatted else 0, closed=self.edge is None)

    def place(self, lba: int, blocks: int) -> None:
        """Check that these blocks can be written.

        Raises:
            Refused: it is not formatted, they lie outside, or are no whole units.
        """
        if not self.formatted:
            raise Refused(sense.NOT_FORMATTED)
        if lba < 0 or lba + blocks > self.blocks:
            raise Refused(sense.OUT_OF_RANGE, information=lba)
        if self.restricted:
            broken = lba % _RESTRICTED_UNIT or blocks % _RESTRICTED_UNIT
            if broken or (self.edge is not None and lba > self.edge):
                raise Refused(sense.WRONG_PLACE, information=lba)

    def took(self, lba: int, blocks: int) -> None:
        if self.edge is not None:
            self.edge = max(self.edge, lba + blocks)

    def unreadable(self, lba: int, blocks: int) -> Refused | None:
        """Return why not all of these blocks can be read; its information says where it begins."""
        if not self.formatted:
            return Refused(sense.NOT_FORMATTED)
        end = self.blocks if self.edge is None else self.edge
        if lba < 0 or lba + blocks > end:
            return Refused(sense.OUT_OF_RANGE, information=max(lba, end))
        return None

    def close(self) -> None:
        """End the intermediate state of a quick format; the formatted area ends where data do."""
        if self.edge is not None:
            self.blocks, self.edge = max(self.edge, self.kind.unit), None
