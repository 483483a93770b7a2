"""How new files are named in each system of names that a disc may have (PS3.12 P.2)."""

from collections.abc import Iterable
from datetime import datetime
from stat import S_IFDIR, S_IFREG
from typing import Final

from media.iso9660.encode import LARGEST_EXTENT
from media.iso9660.fields import both_32, record_date
from media.iso9660.names import NameDoesNotFit, file_identifier, folder_identifier, stripped
from media.iso9660.session_tree import FolderFields, Spelling
from media.iso9660.volume import Directory, Volume

_JOLIET_ESCAPES: Final = (b"%/@", b"%/C", b"%/E")
_FILE_MODE: Final = S_IFREG | 0o444
_FOLDER_MODE: Final = S_IFDIR | 0o555
_MODIFIED: Final = b"\x02"  # flags of TF: that is the only time in it (RRIP 4.1.6)


def _text(identifier: bytes) -> str:
    return stripped(identifier.decode("latin-1"))


def plain(level: int) -> Spelling:
    """Return how the plain names of a *level* of interchange are recorded."""
    return Spelling(
        "plain names",
        _text,
        lambda name: file_identifier(name, level),
        lambda name: folder_identifier(name, level),
    )


def joliet(directories: Iterable[Directory]) -> Spelling:
    """Return how the Joliet names of a disc are recorded: with versions only if others have them.

    A reader that appends ";1" itself does not find a name that ends so already (PS3.12 Annex F).
    """
    ending = ";1" if any(b"\0;\0001" in directory.data for directory in directories) else ""
    return Spelling(
        "Joliet",
        lambda identifier: stripped(identifier.decode("utf-16-be", "replace")),
        lambda name: f"{name}{ending}".encode("utf-16-be"),
        lambda name: name.encode("utf-16-be"),
    )


# ISO 9660:1999 does without versions.
ENHANCED: Final = Spelling(
    "the enhanced names",
    _text,
    lambda name: name.encode("latin-1"),
    lambda name: name.encode("latin-1"),
)


def is_joliet(descriptor: bytes) -> bool:
    """Return whether a supplementary descriptor leads to names of Joliet."""
    return descriptor[88:91] in _JOLIET_ESCAPES


def level_of(volume: Volume) -> int:
    """Return the level of interchange that the plain names keep to: 1, or 3 (ECMA-119 10).

    Nothing tells 2 from 3 but a file of 4 GiB or more that might have been there.
    """
    if any(file.extents or file.size > LARGEST_EXTENT for file in volume.files):
        return 3
    try:
        for file in volume.files:
            file_identifier(_text(file.identifier), 1)
        for directory in volume.directories[1:]:
            folder_identifier(_text(directory.identifier), 1)
    except NameDoesNotFit:
        return 3
    return 1


class RockRidgeFields:
    """What Rock Ridge says of new files and folders: name, kind and time (RRIP 4.1)."""

    def __init__(self, front: int, recorded: datetime) -> None:
        """Take how many bytes others put in front (SUSP 5.3), and the time of new folders."""
        self._front, self._recorded = bytes(front), recorded

    def of_file(self, name: str, modified: datetime) -> bytes:
        return self._front + _kind(_FILE_MODE, 1) + _time(modified) + _name(name)

    def of_folder(self, name: str) -> FolderFields:
        itself = self._front + _kind(_FOLDER_MODE, 2) + _time(self._recorded)
        return FolderFields(record_date(self._recorded), (itself + _name(name), itself, itself))


def _kind(mode: int, links: int) -> bytes:
    # Without a serial number, as RRIP 1.09 has it: every reader knows that form.
    return b"PX\x24\x01" + both_32(mode) + both_32(links) + both_32(0) + both_32(0)


def _time(moment: datetime) -> bytes:
    return b"TF\x0c\x01" + _MODIFIED + record_date(moment)


def _name(name: str) -> bytes:
    content = name.encode()
    return b"NM" + bytes((5 + len(content), 1, 0)) + content
