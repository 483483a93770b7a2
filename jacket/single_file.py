"""A single Secure DICOM File in place of a medium: it came by mail, or was copied from a disc."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from drivers import ImageFile, open_image
from drivers.closing import ClosesItself
from jacket.locked_medium import is_secure
from media import Entry, Medium, open_medium
from media.source import Name
from reporting import CannotRead, Finding

SINGLE: Final = "file"  # the kind of such a medium


class SingleFile(ClosesItself):
    """One file, read as a medium that holds nothing else."""

    kind: Final = SINGLE
    label: Final = ""

    def __init__(self, path: Path, size: int) -> None:
        """Take the file at *path*, of *size* bytes."""
        self._entry = Entry((path.name,), path.name, size, str(path), 0)

    def entries(self) -> Iterator[Entry]:
        """Yield the file."""
        yield self._entry

    def find(self, name: Name) -> Entry | None:
        """Return the file where it has this name."""
        return self._entry if name == self._entry.name else None

    def find_tolerant(self, name: Name) -> Entry | None:
        """Return the same: nobody else named the file."""
        return self.find(name)

    def open(self, entry: Entry) -> ImageFile:
        """Open the file.

        Raises:
            CannotRead: it cannot be opened any more.
        """
        return open_image(entry.path)

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return nothing: there is no file system, whatever *demands* are."""
        return []

    def close(self) -> None:
        """Have nothing to close."""


def open_medium_or_file(path: Path, *, password: bytes | None = None) -> Medium:
    """Open a medium as `media.open_medium` does, or a single Secure DICOM File as one.

    Raises:
        CannotRead: it is neither.
    """
    try:
        return open_medium(path, password=password)
    except CannotRead:
        single = _single(path)
        if single is None:
            raise
        return single


def _single(path: Path) -> SingleFile | None:
    try:
        if not path.is_file():
            return None
        with open_image(path) as file:
            return SingleFile(path, file.size) if is_secure(file) else None
    except (CannotRead, OSError):
        return None  # told by whoever opened it as a medium
