"""File IDs for planned instances: DICOM/P0000001/S0000001/E0000001/I0000001 (PS3.10 8.2)."""

from collections.abc import Iterable
from typing import Final

from profiles.order import Places
from profiles.plan import PlannedInstance
from reporting import NotSupported

FileID = tuple[str, ...]

_ROOT: Final = "DICOM"
# Instances of a series in one folder. FAT has 65,536 records for a folder (Microsoft's FAT
# specification, 6), two of which are its own, and Windows is slow with far fewer.
_MOST_IN_FOLDER: Final = 50_000
_MOST: Final = 9_999_999  # seven digits after the letter: eight characters (PS3.10 8.2)


def assign_file_ids(planned: Iterable[PlannedInstance]) -> tuple[FileID, ...]:
    """Return one File ID per instance, in the same order.

    Folders are patient, study and series; numbers begin again in each folder. A series of more
    than 50,000 instances goes on in a further folder. An object that belongs to no patient (a
    hanging protocol, a palette) stands in the root folder as N0000001.

    Raises:
        NotSupported: more than 9,999,999 entries in one folder.
    """
    places = Places()
    numbers = _Numbers()
    series_folders: dict[tuple[str, ...], FileID] = {}
    assigned = []
    for item in planned:
        place = places.of(item.instance)
        folder = series_folders.get(place)
        if folder is None:
            folder = series_folders[place] = numbers.folder_of(place)
        elif place.patient and numbers.is_full(folder):
            folder = series_folders[place] = numbers.beside(folder)
        assigned.append((*folder, numbers.next("I" if place.patient else "N", folder)))
    return tuple(assigned)


class _Numbers:
    """Running numbers of each folder, and the folders that have one already."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, FileID], int] = {}
        self._folders: dict[tuple[str, ...], FileID] = {}

    def next(self, letter: str, folder: FileID) -> str:
        number = self._used.get((letter, folder), 0) + 1
        if number > _MOST:
            remedy = "Select fewer studies for one medium"
            raise NotSupported(f"more than {_MOST} entries", "/".join(folder), remedy)
        self._used[letter, folder] = number
        return f"{letter}{number:07d}"

    def is_full(self, folder: FileID) -> bool:
        """Tell whether the folder of a series has as many instances as one shall have."""
        return self._used.get(("I", folder), 0) >= _MOST_IN_FOLDER

    def beside(self, folder: FileID) -> FileID:
        """Return a further folder for the series of *folder*."""
        study = folder[:-1]
        return (*study, self.next("E", study))

    def folder_of(self, place: tuple[str, ...]) -> FileID:
        """Return the folder of a series, giving numbers to what is new on the way."""
        folder: FileID = (_ROOT,)
        if not place[0]:
            return folder
        for depth, letter in enumerate("PSE", start=1):
            known = self._folders.get(place[:depth])
            if known is None:
                known = self._folders[place[:depth]] = (*folder, self.next(letter, folder))
            folder = known
        return folder
