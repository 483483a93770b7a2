"""A small drive with an operator who puts in another disc whenever one is let out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scripted_drive import BLOCK, ScriptedDrive

Change = Callable[["DiscChanger"], None]
CD_R, CD_RW, DVD_PLUS_R = 0x09, 0x0A, 0x1B


def blank(drive: "DiscChanger") -> None:
    """Put in what was there before, new."""
    drive.profile, drive.capacity = drive.first
    drive.blocks.clear()
    drive.status = drive.next_writable = drive.last_session = 0


def closed(drive: "DiscChanger") -> None:
    """Put in a disc on which something is."""
    blank(drive)
    drive.blocks[0], drive.status = b"\x01" * BLOCK, 2


def small(drive: "DiscChanger") -> None:
    """Put in a disc with room for next to nothing."""
    blank(drive)
    drive.capacity = 30


def dvd(drive: "DiscChanger") -> None:
    """Put in a disc of another kind."""
    blank(drive)
    drive.profile = DVD_PLUS_R


@dataclass
class DiscChanger(ScriptedDrive):
    """A drive that is given the *coming* discs, one after the other; then none any more."""

    coming: list[Change] = field(default_factory=list)
    made: list[bytes] = field(default_factory=list)  # what was on discs that were let out
    is_loaded: bool = True

    def __post_init__(self) -> None:
        self.first = self.profile, self.capacity

    def _1b(self, cdb: bytes, data: bytes) -> Any:
        answer = super()._1b(cdb, data)
        if answer is None and cdb[4] == 2 and self.is_loaded:
            if len(self.blocks) > 1:
                self.made.append(self.image(0, max(self.blocks) + 1))
            self.is_loaded = bool(self.coming)
            if self.coming:
                self.coming.pop(0)(self)
        return answer

    def _4a(self, cdb: bytes, data: bytes) -> bytes:
        return super()._4a(cdb, data) if self.is_loaded else b"\0\x06\x04\x10\0\x01\0\0"
