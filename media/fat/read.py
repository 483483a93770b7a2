"""A FAT image, stick or card as a medium: its files, by their short names."""

from collections.abc import Iterator
from functools import cached_property

from drivers import ImageFile
from media.closing import ClosesItself
from media.demands import asked
from media.entry import Entry
from media.extents import Extent, ExtentFile
from media.fat.check import check_fat
from media.fat.volume import FatFile, FatVolume, shown_name
from media.iso9660.names import shown
from media.source import Name
from media.tolerant_names import TolerantNames
from reporting import CannotRead, Finding


class FatMedium(ClosesItself):
    """Reads from the image it was given and closes it in the end.

    A name is made of 8.3 names as they are recorded; what is to be shown in lower case is not.
    A long name is kept in `Entry.recorded`.
    """

    def __init__(self, image: ImageFile, volume: FatVolume) -> None:
        self._image, self._volume = image, volume

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

    def open(self, entry: Entry) -> ExtentFile:
        """Open a file of this medium.

        Raises:
            CannotRead: its clusters end before it does, or do not lie within the image.
        """
        extents = entry.extents or ((entry.offset, entry.size),)
        runs = [Extent(*extent) for extent in extents]
        if sum(run.length for run in runs) != entry.size:
            raise CannotRead(
                "is not whole on the medium: its clusters end before it does",
                shown(entry.name),
                "Copy the medium again, or ask for another one",
            )
        if entry.size and any(run.offset + run.length > self._image.size for run in runs):
            raise CannotRead(
                "does not lie within the image",
                shown(entry.name),
                "The image is cut off or damaged; make a new copy of the medium",
            )
        return ExtentFile(self._image, runs, entry.name)

    def findings(self, demands: str | None = None) -> list[Finding]:
        return asked(self._findings, demands)

    def close(self) -> None:
        self._image.close()

    @cached_property
    def _findings(self) -> list[Finding]:
        """By all rules, whatever the kind of medium."""
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
