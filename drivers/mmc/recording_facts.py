"""What a recorder tells: about the drive, about the medium, about what it has written."""

from typing import Literal, NamedTuple

State = Literal["blank", "appendable", "complete", "overwritable"]
Ending = Literal["finalize", "open"]


class Drive(NamedTuple):
    """A drive and what it can do."""

    name: str
    vendor: str
    product: str
    revision: str
    serial: str
    profiles: tuple[int, ...]
    write_speeds: tuple[int, ...]  # kB/s with the medium that is in, the fastest first
    buffer: int  # bytes; 0: not told
    records: bool  # at least one of its profiles can be written


class Medium(NamedTuple):
    """The medium that is in a drive."""

    kind: str  # "CD-R", "DVD+R", …
    profile: int
    state: State
    free: int  # blocks that can be written from *next_writable* on
    next_writable: int  # block
    sessions: int  # that are closed
    erasable: bool  # it can be made blank, or be overwritten
    capacity: int  # blocks, of the whole medium
    identifier: str = ""  # of this one disc, where it has one
    formatted: bool = True  # not: it is formatted before it is written
    damaged: bool = False  # a recording on it was broken off


class WrittenDisc(NamedTuple):
    """What a recording has left on a disc, whether it came to its end or not."""

    kind: str
    method: str
    start: int  # block
    blocks: int  # that the drive has taken, without padding
    padding: int  # blocks of zeros after them
    complete: bool  # all of it is written, and the disc is as it was asked for
    session_open: bool | None  # None: not known
    stage: str  # the step that it has come to
    seconds: float = 0.0  # that writing took
    waits: int = 0  # times that the drive was not ready for more
    lowest_buffer: float | None = None  # 0 to 1: how full the drive's buffer was at worst
    test_run: bool = False  # the laser stayed weak (mode page 05h): nothing is on the disc
    recovered: int = 0  # times that the drive succeeded only after an error of its own
    begun: bool = True  # some of it may be on the disc, if only what goes before its first block
