"""The error root of the house, so that a face can tell any failure in the same three parts.

    FilmjacketError          3  it could not be done; nothing half-made is left
    ├── CannotRead           3  a source or a medium that does not open or ends too early
    ├── CannotWrite          3  no space, no permission, a target that is in the way
    ├── NotSupported         3  a thing that is right but that this version does not do
    ├── Interrupted        130  the operator stopped it; what it was making is as before
    └── WrongUsage           2  the words of the command do not go together

Rooms derive their own classes from these; a library's exception never leaves the room that
called the library.
"""

from typing import Any, ClassVar


class FilmjacketError(Exception):
    """What went wrong, where, and what the operator can do next.

    ``where`` is a path, a File ID, a tag, a byte offset or a drive; never a patient's name.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(what, where, remedy)  # all three, so that it pickles
        self.what, self.where, self.remedy = what, where, remedy
        # More for a program that reads the JSON output; plain values by name.
        self.details: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}."


class CannotRead(FilmjacketError):
    """A source or a medium does not open, or ends before it should."""


class CannotWrite(FilmjacketError):
    """The target cannot be made: no space, no permission, or something is in its place."""


class NotSupported(FilmjacketError):
    """The request is right, but this version does not do it."""


class Interrupted(FilmjacketError):
    """The operator stopped the job; what it was making is as before, what was complete stays."""

    exit_code = 130


class WrongUsage(FilmjacketError):
    """The words of the command do not go together."""

    exit_code = 2
