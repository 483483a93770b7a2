"""Files as they are found on a medium, and what every kind of medium can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from media.source import Name
from reporting import Finding


@dataclass(frozen=True, slots=True)
class Entry:
    """One file on a medium.

    Its content is one run of bytes of a file on this machine, unless `extents` says otherwise.
    """

    name: Name  # components as recorded, without ";1" and without the dot of an empty extension
    recorded: str  # last component exactly as recorded, "DICOMDIR.;1"
    size: int  # bytes
    path: str  # the image, or the file itself
    offset: int  # byte in *path* at which the content begins
    # (offset, bytes) of every run where there are several; offset -1: zeros that lie nowhere.
    extents: tuple[tuple[int, int], ...] = ()


class BlockReader(Protocol):
    """Something to read from at any place: an image, a drive, a file on a medium."""

    @property
    def size(self) -> int: ...

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on, or raise CannotRead."""


class FileReader(BlockReader, Protocol):
    """A file on a medium that is open; a context that closes it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Medium(Protocol):
    """A medium that is open for reading; a context that closes it."""

    @property
    def kind(self) -> str:
        """Return what it is.

        "iso9660", "udf", "iso9660+udf", "fat12", "fat16", "fat32", "zip", "mime", "folder", or
        "smime": an encrypted mail that is not opened.
        """

    @property
    def label(self) -> str:
        """Return the Volume Identifier without its padding; "" for a folder."""

    def entries(self) -> Iterator[Entry]:
        """Yield the files: of an image by ascending place, of a folder by name."""

    def find(self, name: Name) -> Entry | None:
        """Return the file of exactly this name."""

    def find_tolerant(self, name: Name) -> Entry | None:
        """Return the file that a foreign medium means by *name*.

        In this order: the very name; then without regard to case, version and trailing dot;
        then with an extension that the name does not have (``.DCM`` first, else the only one).
        """

    def open(self, entry: Entry) -> FileReader:
        """Open a file of this medium.

        Raises:
            CannotRead: it cannot be opened, or is not whole on the medium.
        """

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return every departure of the medium as a file system.

        Args:
            demands: a word of `media.demands` for the kind of medium that it is to be; None: only
                what is wrong on any that can have such a file system.
        """

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
