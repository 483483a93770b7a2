"""What is put on a medium: names and where their bytes come from. No DICOM here."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple


class FileRange(NamedTuple):
    """A run of bytes of a file on this machine."""

    path: str
    offset: int
    length: int  # bytes
    # Bytes of the whole file when it was planned, to tell that it grew since; None: it is a run
    # in a larger file, such as an image. A file that is taken alone and from its start is always
    # taken to be whole.
    file_size: int | None = None
    # (time of the last change in nanoseconds, number of the file) when it was looked at, to tell
    # that another file took its place; None: not known.
    stamp: tuple[int, int] | None = None


class Streamed(NamedTuple):
    """A run of bytes that nobody holds: made anew whenever it is read, such as an envelope."""

    length: int  # bytes
    pieces: Callable[[], Iterator[bytes]]  # the same bytes at every call, together *length*


Part = FileRange | Streamed | bytes
Name = tuple[str, ...]  # ("DICOM", "P0000001", "I0000001") or ("README.TXT",)


class NamedSource(NamedTuple):
    """One file of the medium to be: its content is the concatenation of its parts."""

    name: Name
    parts: tuple[Part, ...]
    modified: datetime  # aware; becomes the recording date

    @property
    def size(self) -> int:
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], FileRange):  # as of most, and asked often
            return parts[0].length
        size = 0
        for part in parts:
            size += len(part) if isinstance(part, bytes) else part.length
        return size


class DigestList(NamedTuple):
    """A file whose content is made from the SHA-256 of all the others, after they are written.

    Its size must be known before, as everything gets its place first.
    """

    name: Name
    size: int
    compose: Callable[[Mapping[Name, str]], bytes]  # lower-case hexadecimal digests by name
    modified: datetime


class Written(NamedTuple):
    """A volume that was written and is complete under its name."""

    path: str
    size: int
    sha256: str | None  # of the image; None for a folder
    digests: Mapping[Name, str]  # SHA-256 of every file as it stands on the medium
