"""Where everything goes on a volume, before a byte of it is written."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from media.source import Name


class PlannedFile(NamedTuple):
    """A file that is to get its place."""

    name: Name
    size: int  # bytes
    modified: datetime  # aware


class Structure(NamedTuple):
    """A run of bytes that the file system needs and no source has: made when it is written."""

    offset: int  # byte of the volume
    length: int  # bytes
    pieces: Callable[[], Iterator[bytes]]  # the same at every call, together *length* bytes


class Span(NamedTuple):
    """Where a file's content is on a volume."""

    name: Name
    start: int  # byte
    size: int  # bytes


class VolumePlan(NamedTuple):
    """The layout of a volume: every source in one run, everything else zeros."""

    kind: str  # "fat16", "fat32", "udf", "iso9660", "iso9660+udf"
    size: int  # bytes of the image
    structures: tuple[Structure, ...]  # in ascending order, apart from each other and the files
    offsets: tuple[int, ...]  # byte at which each source begins, in the order of the sources
