"""An ISO 9660 image or disc as a medium: its files, by their plain names."""

from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import Final, Self

from drivers import ImageFile
from media.entry import Entry
from media.iso9660_check import check_volume
from media.iso9660_names import shown, stripped
from media.iso9660_volume import RecordedFile, Volume
from media.source import Name
from media.tolerant_names import TolerantNames
from reporting import CannotRead, Finding


class Iso9660Medium:
    """Reads from the image it was given and closes it in the end."""

    kind: Final = "iso9660"

    def __init__(self, image: ImageFile, volume: Volume) -> None:
        self._image, self._volume = image, volume

    @property
    def label(self) -> str:
        return self._volume.label

    def entries(self) -> Iterator[Entry]:
        return map(self._entry, self._volume.files)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find_tolerant(name))

    def open(self, entry: Entry) -> "FileInImage":
        """Open a file of this medium.

        Raises:
            CannotRead: it does not lie within the image.
        """
        if entry.size and entry.offset + entry.size > self._image.size:
            raise CannotRead(
                "does not lie within the image",
                shown(entry.name),
                "The image is cut off or damaged; make a new copy of the medium",
            )
        return FileInImage(self._image, entry)

    def findings(self) -> list[Finding]:
        return check_volume(self._volume, self._image)

    def close(self) -> None:
        self._image.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(map(self._name, self._volume.files))

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self._entry(self._volume.files[number])

    def _name(self, file: RecordedFile) -> Name:
        folder = self._volume.directories[file.directory].name
        return (*folder, stripped(file.identifier.decode("latin-1")))

    def _entry(self, file: RecordedFile) -> Entry:
        recorded = file.identifier.decode("latin-1")
        return Entry(self._name(file), recorded, file.size, self._image.path, file.at)


class FileInImage:
    """One file of an image, open: a window that cannot be left."""

    __slots__ = ("_image", "_offset", "_where", "size")

    def __init__(self, image: ImageFile, entry: Entry) -> None:
        self._image, self._offset, self._where = image, entry.offset, entry.name
        self.size = entry.size

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* of the file on.

        Raises:
            CannotRead: the file ends before, or the medium is damaged there.
        """
        if length < 0 or offset < 0 or offset + length > self.size:
            raise CannotRead(
                f"{length} bytes at byte {offset} are beyond its end at {self.size}",
                shown(self._where),
                "The file is shorter than what is in it says",
            )
        return self._image.pread(length, self._offset + offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the image open: it belongs to the medium."""
