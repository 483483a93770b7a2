"""A file on a medium whose content lies in several runs, or partly nowhere."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from drivers.closing import ClosesItself
from media.entry import BlockReader, Entry
from media.iso9660.names import shown
from media.source import Name
from reporting import CannotRead

NOWHERE: Final = -1  # offset of a run that was never written: it reads as zeros


class Extent(NamedTuple):
    """One run of a file's bytes."""

    offset: int  # byte of the image, or NOWHERE
    length: int  # bytes


class ExtentFile(ClosesItself):
    """One file of an image, open: a window over its runs that cannot be left."""

    __slots__ = ("_ends", "_extents", "_image", "_name", "size")

    def __init__(self, image: BlockReader, extents: Sequence[Extent], name: Name) -> None:
        self._image, self._extents, self._name = image, extents, name
        self._ends = list(accumulate(extent.length for extent in extents))
        self.size = self._ends[-1] if self._ends else 0

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* of the file on.

        Raises:
            CannotRead: the file ends before, or the medium is damaged there.
        """
        if length < 0 or offset < 0 or offset + length > self.size:
            raise CannotRead(
                f"{length} bytes at byte {offset} are beyond its end at {self.size}",
                shown(self._name),
                "The file is shorter than what is in it says",
            )
        pieces = []
        number = bisect_right(self._ends, offset)
        while length:
            extent = self._extents[number]
            within = offset - (self._ends[number] - extent.length)
            step = min(length, extent.length - within)
            if step:
                pieces.append(self._run(extent, within, step))
            offset, length, number = offset + step, length - step, number + 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _run(self, extent: Extent, within: int, length: int) -> bytes:
        if extent.offset == NOWHERE:
            return bytes(length)
        return self._image.pread(length, extent.offset + within)

    def close(self) -> None:
        """Leave the image open: it belongs to the medium."""


def open_entry(image: BlockReader, entry: Entry) -> ExtentFile:
    """Open a file that lies in *image*.

    Raises:
        CannotRead: it does not lie within the image, or is not whole on the medium.
    """
    runs = [Extent(*run) for run in entry.extents or ((entry.offset, entry.size),)]
    # A run of nothing may be said to lie anywhere.
    placed = (run for run in runs if run.length and run.offset != NOWHERE)
    outside = any(run.offset + run.length > image.size for run in placed)
    if outside or sum(run.length for run in runs) != entry.size:
        raise CannotRead(
            "does not lie within the image" if outside else "is not whole on the medium",
            shown(entry.name),
            "The image is cut off or damaged; make a new copy of the medium",
        )
    return ExtentFile(image, runs, entry.name)
