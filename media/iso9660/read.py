"""An ISO 9660 image or disc as a medium: its files, by their plain names."""

from collections.abc import Iterator
from functools import cached_property
from heapq import merge
from typing import Final

from drivers import ImageFile
from media.entry import Entry
from media.image_medium import ImageMedium
from media.iso9660.check import check_volume
from media.iso9660.plain_names import name_of
from media.iso9660.rock_ridge import has_rock_ridge
from media.iso9660.views import Views, has_views, read_views
from media.iso9660.volume import RecordedFile, Volume
from media.source import Name
from media.tolerant_names import TolerantNames
from reporting import Finding


class Iso9660Medium(ImageMedium):
    """The files of the plain tree, and those that other views alone have."""

    kind: Final = "iso9660"

    def __init__(self, image: ImageFile, volume: Volume) -> None:
        super().__init__(image)
        self._volume = volume

    @property
    def label(self) -> str:
        return self._volume.label

    def entries(self) -> Iterator[Entry]:
        if not self._is_more_than_plain:
            return map(self._entry, self._volume.files)
        plain = (self._entry(f) for n, f in enumerate(self._volume.files) if n not in self._hidden)
        return merge(plain, self._views.extra, key=lambda entry: entry.offset)

    def find(self, name: Name) -> Entry | None:
        found = self._numbered(self._names.find(name))
        if found is None and self._is_more_than_plain:
            found = next((entry for entry in self._views.extra if entry.name == name), None)
        return found

    def find_tolerant(self, name: Name) -> Entry | None:
        found = self.find(name) or self._numbered(self._names.find_tolerant(name))
        if found is None and self._is_more_than_plain:
            found = self._by_other_name(name)
        return found

    @cached_property
    def _findings(self) -> list[Finding]:
        found = check_volume(self._volume, self._image)
        return found + self._views.problems.findings() if self._is_more_than_plain else found

    @cached_property
    def _is_more_than_plain(self) -> bool:
        return has_views(self._volume) or has_rock_ridge(self._volume)

    @cached_property
    def _views(self) -> Views:
        return read_views(self._volume, self._image, self._image.path)

    @property
    def _hidden(self) -> frozenset[int]:
        """Numbers of files that only stand where a folder belongs."""
        rock_ridge = self._views.rock_ridge
        return rock_ridge.placeholders if rock_ridge is not None else frozenset()

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(name_of(self._volume, file) for file in self._volume.files)

    @cached_property
    def _other_names(self) -> tuple[TolerantNames, list[int]]:
        """Names by Rock Ridge, then by Joliet; with the numbers of their files."""
        rock_ridge = self._views.rock_ridge
        named = enumerate(rock_ridge.names) if rock_ridge is not None else ()
        others = [(name, n) for n, name in named if name is not None and n not in self._hidden]
        others += self._views.others
        return TolerantNames(name for name, _ in others), [number for _, number in others]

    def _by_other_name(self, name: Name) -> Entry | None:
        names, numbers = self._other_names
        number = names.find_tolerant(name)
        if number is not None:
            return self._numbered(numbers[number])
        number = TolerantNames(entry.name for entry in self._views.extra).find_tolerant(name)
        return None if number is None else self._views.extra[number]

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self._entry(self._volume.files[number])

    def _entry(self, file: RecordedFile) -> Entry:
        recorded = file.identifier.decode("latin-1")
        name = name_of(self._volume, file)
        return Entry(name, recorded, file.size, self._image.path, file.at, file.extents)
