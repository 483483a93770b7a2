"""What goes wrong between a job and its disc; the errors of a command are in `drivers.sense`."""

from drivers.mmc.recording_facts import WrittenDisc
from drivers.sense import CommandFailed
from reporting import CannotRead, CannotWrite, FilmjacketError


class NoMedium(FilmjacketError):
    """There is no medium in the drive; or none that the drive knows."""


class TookTooLong(CommandFailed):
    """A device is still busy after the longest time that an operation of its kind takes."""


class MediumRefused(CannotWrite):
    """The medium that is in is not one that the job could be written to. Nothing was written."""


class StillOpen(CannotWrite):
    """All commands of a recording succeeded, and the disc is not closed all the same."""


class WriteFailed(CannotWrite):
    """A recording ended early. What is on the disc now stands in *disc*."""

    def __init__(self, what: str, where: str, remedy: str, disc: WrittenDisc) -> None:
        super().__init__(what, where, remedy)
        self.disc = disc
        self.details = {"disc": disc._asdict()}

    def __reduce__(self) -> tuple[type["WriteFailed"], tuple[str, str, str, WrittenDisc]]:
        return type(self), (self.what, self.where, self.remedy, self.disc)


class UnreadableBlocks(CannotRead):
    """Some blocks, *start* and the *blocks* from there on, could not be read in one piece."""

    def __init__(self, what: str, where: str, remedy: str, start: int, blocks: int) -> None:
        super().__init__(what, where, remedy)
        self.start, self.blocks = start, blocks

    def __reduce__(self) -> tuple[type["UnreadableBlocks"], tuple[str, str, str, int, int]]:
        return type(self), (self.what, self.where, self.remedy, self.start, self.blocks)
