"""Free File IDs for what is added to a File-set, beside what is there (PS3.10 8.2)."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from dicomdir.file_ids import COMPONENTS, is_legal_file_id, located, shown
from dicomdir.instance import Instance
from profiles.order import Place, Places
from reporting import NotSupported

FileID = tuple[str, ...]

_ROOT: Final = "DICOM"
_MOST: Final = 9_999_999  # seven digits after the letter
_numbered: Final = re.compile(r"([A-Z])([0-9]{7})").fullmatch


class FreePlaces:
    """Gives out File IDs that meet no name of the medium.

    A series whose files lie in a folder of its own goes on in that folder; so do the new series
    of a study, and the new studies of a patient. Everything else gets folders as on a new medium:
    DICOM/P0000001/S0000001/E0000001/I0000001.
    """

    def __init__(
        self,
        names: Iterable[FileID],
        there: Iterable[tuple[Instance, FileID]],
        is_taken: Callable[[FileID], bool],
    ) -> None:
        """Look at what is there.

        Args:
            names: of all files on the medium.
            there: the instances that stay, with their names.
            is_taken: `FileSetFiles.is_taken`, where *names* do not tell.
        """
        self._files: set[FileID] = set()
        self._in: defaultdict[FileID, set[str]] = defaultdict(set)  # folder → what is in it
        self._last: dict[tuple[FileID, str], int] = {}  # folder and letter → highest number
        self._is_taken = is_taken
        self._places = Places()
        for name in names:
            folded = located(name)
            if folded is not None:
                self._take(folded)
        self._folders = _own_folders(there, self._places)

    def file_ids(self, instances: Sequence[Instance]) -> list[FileID]:
        """Return a free File ID for each instance, in the same order.

        Raises:
            NotSupported: a folder is full.
        """
        return [self._next(*self._folder_of(instance)) for instance in instances]

    def _take(self, name: FileID) -> None:
        self._files.add(name)
        for depth, component in enumerate(name):
            folder = name[:depth]
            if component in self._in[folder]:
                continue
            self._in[folder].add(component)
            number = _numbered(component)
            if number is not None:
                key = (folder, number[1])
                self._last[key] = max(self._last.get(key, 0), int(number[2]))

    def _folder_of(self, instance: Instance) -> tuple[FileID, str]:
        """Return the folder for an instance, made up where there is none, and a letter."""
        place = self._places.of(instance)
        if not place.patient:
            return self._root(), "N"
        folder = self._root()
        for depth, letter in enumerate("PSE", start=1):
            known = self._folders.get(place[:depth])
            if known is None or len(known) + 4 - depth > COMPONENTS:
                known = self._folders[place[:depth]] = self._next(folder, letter)
            folder = known
        return folder, "I"

    def _root(self) -> FileID:
        """Return the folder in which new ones are made: one whose name no file bears."""
        known = self._folders.get(())
        if known is None:
            names = (_ROOT, *(f"{_ROOT}{number}" for number in range(1, 1000)))
            known = next((name,) for name in names if (name,) not in self._files)
            self._folders[()] = known
        return known

    def _next(self, folder: FileID, letter: str) -> FileID:
        number = self._last.get((folder, letter), 0)
        while True:
            number += 1
            if number > _MOST:
                raise NotSupported(
                    f"more than {_MOST:,} entries", shown(folder), "Make a new medium"
                )
            name = (*folder, f"{letter}{number:07d}")
            if name[-1] not in self._in[folder] and not self._is_taken(name):
                break
        self._last[folder, letter] = number
        self._in[folder].add(name[-1])
        return name


def _own_folders(
    there: Iterable[tuple[Instance, FileID]], places: Places
) -> dict[tuple[str, ...], FileID]:
    """Return the folders that belong to one patient, study or series alone, by its place."""
    candidates: defaultdict[tuple[str, ...], set[FileID]] = defaultdict(set)
    below: defaultdict[FileID, set[Place]] = defaultdict(set)  # folder → series in and below it
    for instance, name in there:
        place = places.of(instance)
        if is_legal_file_id(name):
            candidates[place].add(name[:-1])
        for depth in range(1, len(name)):
            below[name[:depth]].add(place)
    own: dict[tuple[str, ...], FileID] = {}
    for depth in (3, 2, 1):
        above: defaultdict[tuple[str, ...], set[FileID]] = defaultdict(set)
        for owner, folders in candidates.items():
            folder = next(iter(folders)) if len(folders) == 1 else ()
            alone = folder and {other[:depth] for other in below[folder]} == {owner}
            if alone and owner[0]:
                own[owner] = folder
            above[owner[:-1]].add(folder[:-1] if alone else ())
        candidates = above
    return own
