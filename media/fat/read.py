"""A FAT image, stick or card as a medium: its files, by their short names."""

from collections.abc import Iterator
from functools import cached_property

from drivers import ImageFile
from media.entry import Entry
from media.fat.check import check_fat
from media.fat.volume import FatFile, FatVolume, shown_name
from media.image_medium import ImageMedium
from media.source import Name
from media.tolerant_names import TolerantNames
from reporting import Finding


class FatMedium(ImageMedium):
    """The files of a FAT volume.

    A name is made of 8.3 names as they are recorded; what is to be shown in lower case is not.
    A long name is kept in `Entry.recorded`.
    """

    def __init__(self, image: ImageFile, volume: FatVolume) -> None:
        super().__init__(image)
        self._volume = volume

    @property
    def kind(self) -> str:
        return f"fat{self._volume.boot.bits}"

    @property
    def label(self) -> str:
        return self._volume.label

    def entries(self) -> Iterator[Entry]:
        return map(self._entry, self._volume.files)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        """Return the file that a foreign medium means by *name*, its long name at last."""
        number = self._names.find_tolerant(name)
        return self._numbered(self._long_names.find_tolerant(name) if number is None else number)

    @cached_property
    def _findings(self) -> list[Finding]:
        return check_fat(self._volume, self._image)

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(map(self._name, self._volume.files))

    @cached_property
    def _long_names(self) -> TolerantNames:
        return TolerantNames(map(self._long_name, self._volume.files))

    @cached_property
    def _long_folders(self) -> list[Name]:
        names: list[Name] = [()]
        for folder in self._volume.folders[1:]:
            names.append((*names[folder.parent], folder.long_name or folder.name[-1]))
        return names

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self._entry(self._volume.files[number])

    def _name(self, file: FatFile) -> Name:
        return (*self._volume.folders[file.folder].name, shown_name(file.record))

    def _long_name(self, file: FatFile) -> Name:
        return (*self._long_folders[file.folder], file.long_name or shown_name(file.record))

    def _entry(self, file: FatFile) -> Entry:
        name = self._name(file)
        recorded = file.long_name or name[-1]
        return Entry(name, recorded, file.size, self._image.path, file.at, file.extents)
