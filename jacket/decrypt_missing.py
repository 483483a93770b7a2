"""What is not there to be decrypted: an image that is lost is named, however it was lost."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from dicomdir.check_reference import references
from dicomdir.file_ids import shown
from dicomdir.instance import NotIndexed
from dicomdir.read import LARGEST, read_directory
from jacket.referenced import referenced_file
from media import Medium
from reporting import FilmjacketError

_WHY: Final = "the DICOMDIR names it, and there is no such file on the medium"
# Where one of these is broken there are files, or whole folders, that nobody sees. All others
# leave the files to be read, or to be named when they are met.
_HIDING: Final = frozenset(
    (
        *("FAT-FOLDER-UNREADABLE", "FAT-FOLDER-LOOP", "FAT-FOLDER-DOTS", "FAT-FOLDER-SIZE"),
        *("FAT-TOO-MANY", "FAT-TABLE-UNREADABLE"),
        *("ISO-DIRECTORY-UNREADABLE", "ISO-DIRECTORY-LOOP", "ISO-RECORD", "ISO-SELF-RECORDS"),
        *("ISO-TOO-MANY", "ISO-SESSION-BROKEN"),
        *("MED-LINK-LEAVES", "MED-SPECIAL", "MED-UNREADABLE", "MED-TOO-MANY"),
        *("MIM-CUT", "MIM-TOO-MANY", "MIM-SEVERAL", "MIM-FRAGMENT"),
        *("UDF-ENTRY", "UDF-STRATEGY", "UDF-DIRECTORY", "UDF-DIRECTORY-LOOP", "UDF-TOO-MANY"),
        *("ZIP-DIRECTORY-GONE", "ZIP-COUNT", "ZIP-HIDDEN", "ZIP-TOO-MANY", "ZIP-LINK"),
        *("ZIP-NAME-NONE", "ZIP-FOLDER-CONTENT"),
    )
)


def missing(medium: Medium, folder: Path | None) -> tuple[NotIndexed, ...]:
    """Return the files that the DICOMDIR of *medium* names and that are not there.

    Args:
        medium: read as the plain files that are in it. Where its DICOMDIR is missing or none,
            nothing is named: to judge that is for `verify`.
        folder: with what was decrypted, so that nothing is read twice; None: nothing was written.
    """
    try:
        directory = read_directory(_directory(medium, folder)).directory
    except FilmjacketError:
        return ()
    named = dict.fromkeys(record.file_id for record, _ in references(directory))
    lost = (name for name in named if referenced_file(medium, name) is None)
    return tuple(NotIndexed(shown(name), _WHY, "missing") for name in lost)


def _directory(medium: Medium, folder: Path | None) -> bytes:
    entry = medium.find_tolerant(("DICOMDIR",))
    if entry is not None and entry.size > LARGEST:
        return b""
    with suppress(OSError, FilmjacketError):  # it was left out, which is told
        if entry is not None and folder is not None:
            return folder.joinpath(*entry.name).read_bytes()
        if entry is not None:
            with medium.open(entry) as file:
                return file.pread(file.size, 0)
    return b""


def hidden(medium: Medium) -> list[NotIndexed]:
    """Return the places of *medium*, all of whose entries were read, that may hide files."""
    return [
        NotIndexed(finding.where, finding.message, "unreadable")
        for finding in medium.findings()
        if finding.rule in _HIDING
    ]
