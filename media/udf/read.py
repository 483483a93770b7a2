"""A UDF image or disc as a medium: its files, by their plain names."""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from drivers import ImageFile
from media.demands import DEMANDS
from media.entry import Entry
from media.image_medium import ImageMedium
from media.iso9660.names import stripped
from media.source import Name
from media.tolerant_names import TolerantNames
from media.udf.check import check_revision, check_udf
from media.udf.tree import UdfFile
from media.udf.volume import UdfVolume
from reporting import Finding


class UdfMedium(ImageMedium):
    """The files of a UDF volume."""

    kind: Final = "udf"

    def __init__(self, image: ImageFile, volume: UdfVolume) -> None:
        super().__init__(image)
        self.volume = volume

    @property
    def label(self) -> str:
        return self.volume.label

    def entries(self) -> Iterator[Entry]:
        return map(self.entry, self.volume.files)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find_tolerant(name))

    def findings(self, demands: str | None = None) -> list[Finding]:
        found = super().findings(demands)
        if demands is not None and "UDF-REVISION" in DEMANDS[demands].rules:
            found += check_revision(self.volume, DEMANDS[demands].revisions)
        return found

    @cached_property
    def _findings(self) -> list[Finding]:
        """By all rules but for the revision."""
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
