"""What a decrypted DICOMDIR names and the medium does not have: an image that is lost is named."""

from pathlib import Path
from typing import Final

from dicomdir.check_reference import references
from dicomdir.file_ids import located, shown
from dicomdir.instance import NotIndexed
from dicomdir.read import read_directory
from media import Medium
from reporting import FilmjacketError

_WHY: Final = "the DICOMDIR names it, and there is no such file on the medium"


def missing(folder: Path, medium: Medium) -> tuple[NotIndexed, ...]:
    """Return the files that the DICOMDIR in *folder* names and that are not on *medium*.

    Args:
        folder: with what was decrypted. Where its DICOMDIR is missing or none, nothing is named:
            to judge that is for `verify`.
        medium: that it comes from.
    """
    try:
        directory = read_directory((folder / "DICOMDIR").read_bytes()).directory
    except (OSError, FilmjacketError):
        return ()
    named = dict.fromkeys(record.file_id for record, _ in references(directory))
    lost = (name for name in named if not medium.find_tolerant(located(name) or name))
    return tuple(NotIndexed(shown(name), _WHY, "unreadable") for name in lost)
