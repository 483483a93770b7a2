"""A folder that is no medium and holds some: images, archives and mails, one of which was meant."""

from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Final

from jacket.writing import FILES
from reporting import CannotRead

_MOST_NAMES: Final = 8  # in a sentence


def no_dicom_in(path: str) -> CannotRead:
    """Return the error that a medium holds nothing of DICOM; it names media that lie in a folder.

    They are told by their names alone: what is in them is seen when one is opened.
    """
    files = _media_in(Path(path))
    if not files:
        return CannotRead("there is no DICOM on it", path, "Look at it with a file manager")
    names = ", ".join(file.name for file in islice(files, _MOST_NAMES))
    more = f" and {len(files) - _MOST_NAMES:,} more" if len(files) > _MOST_NAMES else ""
    look = "look like media" if len(files) > 1 else "looks like a medium"
    return CannotRead(
        f"there is no DICOM in the folder itself; {names}{more} in it {look}",
        path,
        f"Name one of them, as in: jacket ls {quote(str(files[0]))}",
    )


def _media_in(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in FILES]
        return sorted(path for path in found if path.is_file() and path.stat().st_size)
    except OSError:
        return []  # no folder, or none that can be looked at: others tell
