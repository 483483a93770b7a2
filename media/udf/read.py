"""A UDF image or disc as a medium: its files, by their plain names."""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from drivers import ImageFile
from media.closing import ClosesItself
from media.demands import DEMANDS, asked
from media.entry import Entry
from media.extents import NOWHERE, Extent, ExtentFile
from media.iso9660.names import shown, stripped
from media.source import Name
from media.tolerant_names import TolerantNames
from media.udf.check import check_revision, check_udf
from media.udf.tree import UdfFile
from media.udf.volume import UdfVolume
from reporting import CannotRead, Finding


class UdfMedium(ClosesItself):
    """Reads from the image it was given and closes it in the end."""

    kind: Final = "udf"

    def __init__(self, image: ImageFile, volume: UdfVolume) -> None:
        self._image, self.volume = image, volume

    @property
    def label(self) -> str:
        return self.volume.label

    def entries(self) -> Iterator[Entry]:
        return map(self.entry, self.volume.files)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find_tolerant(name))

    def open(self, entry: Entry) -> ExtentFile:
        """Open a file of this medium.

        Raises:
            CannotRead: it is not whole on the medium.
        """
        return open_entry(self._image, entry)

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return every departure as a file system; with *demands* those of a kind of medium."""
        found = asked(self._findings, demands)
        if demands is not None and "UDF-REVISION" in DEMANDS[demands].rules:
            found += check_revision(self.volume, DEMANDS[demands].revisions)
        return found

    def close(self) -> None:
        self._image.close()

    @cached_property
    def _findings(self) -> list[Finding]:
        """By all rules, whatever the kind of medium, but for the revision."""
        return check_udf(self.volume, self._image)

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(map(self.name, self.volume.files))

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self.entry(self.volume.files[number])

    def name(self, file: UdfFile) -> Name:
        # As on other discs, ";1" may have been taken for a part of the name.
        return (*self.volume.directories[file.directory].name, stripped(file.recorded))

    def entry(self, file: UdfFile) -> Entry:
        """Return a file of the volume as one of the medium."""
        extents = tuple((e.offset, e.length) for e in file.extents)
        # One run is told by its place alone, unless it is not all there is to be.
        plain = len(extents) <= 1 and (not extents or extents[0][0] >= 0) and not file.fault
        return Entry(
            self.name(file),
            file.recorded,
            file.size,
            self._image.path,
            file.at,
            () if plain else extents or ((file.at, 0),),
        )


def open_entry(image: ImageFile, entry: Entry) -> ExtentFile:
    """Open a file that lies in *image*.

    Raises:
        CannotRead: it is not whole on the medium.
    """
    extents = [Extent(*e) for e in entry.extents or ((entry.offset, entry.size),)]
    outside = any(at != NOWHERE and at + length > image.size for at, length in extents)
    if outside or sum(e.length for e in extents) != entry.size:
        raise CannotRead(
            "does not lie within the image" if outside else "is not whole on the medium",
            shown(entry.name),
            "The image is cut off or damaged; make a new copy of the medium",
        )
    return ExtentFile(image, extents, entry.name)
