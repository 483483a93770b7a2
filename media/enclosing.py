"""A medium within something else: what surrounds it is checked too, the files are its own."""

from collections.abc import Iterator

from drivers.closing import ClosesItself
from media.entry import Entry, FileReader, Medium
from media.source import Name


class EnclosedMedium(ClosesItself):
    """Hands everything on to the medium inside; who surrounds it adds findings and closing."""

    def __init__(self, files: Medium) -> None:
        self.files = files

    @property
    def kind(self) -> str:
        """Return the kind of the medium inside."""
        return self.files.kind

    @property
    def label(self) -> str:
        return self.files.label

    def entries(self) -> Iterator[Entry]:
        return self.files.entries()

    def find(self, name: Name) -> Entry | None:
        return self.files.find(name)

    def find_tolerant(self, name: Name) -> Entry | None:
        return self.files.find_tolerant(name)

    def open(self, entry: Entry) -> FileReader:
        """Open a file of the medium inside; it is unpacked as far as it is asked for.

        Raises:
            CannotRead: it cannot be opened, decoded or unpacked, or is not whole.
        """
        return self.files.open(entry)
