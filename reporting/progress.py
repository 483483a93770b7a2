"""Progress is an observer that is passed in: a terminal bar, a kiosk page and a job store."""

from typing import Protocol


class Progress(Protocol):
    """Told how far a stage is. Called often: an observer must be cheap."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note that *done* of *total* are done; *total* is 0 while it is unknown."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
