"""The file of a medium that a Directory Record means by its Referenced File ID."""

from dicomdir.file_ids import located
from media import Entry, Medium


def referenced_file(medium: Medium, file_id: tuple[str, ...]) -> Entry | None:
    """Return the file of *medium* that a record names, however either spells it; None: none."""
    return medium.find_tolerant(located(file_id) or file_id)
