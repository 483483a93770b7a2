"""Brings the first descriptors of an image up to its newest session.

A drive tells where the last session of a disc begins. An image tells it to nobody: most programs
read what sector 16 leads to, and so does every drive after the whole image was written to a new
disc. What the first descriptors do not show is there for nobody, and what they still show is not
removed.
"""

from typing import Final

from media.entry import BlockReader
from media.iso9660.encode import FIRST_DESCRIPTOR
from media.iso9660.fields import terminator
from media.iso9660.records import SECTOR
from reporting import NotSupported

FIRST_AT: Final = FIRST_DESCRIPTOR * SECTOR  # byte of an image
_MOST: Final = 64  # sectors that are looked at
_TERMINATOR: Final = 255  # type of a descriptor


def first_descriptors(image: BlockReader) -> bytes:
    """Return the descriptors at the front of an image, with all their terminators."""
    data = image.pread(max(min(_MOST * SECTOR, image.size - FIRST_AT), 0), FIRST_AT)
    end, terminated = 0, False
    while data[end + 1 : end + 6] == b"CD001" and (not terminated or data[end] == _TERMINATOR):
        terminated = data[end] == _TERMINATOR
        end += SECTOR
    return data[:end]


def in_place_of(old: bytes, new: bytes, where: str) -> bytes:
    """Return *new* descriptors in the length of the *old* ones.

    More than one terminator may end them (ECMA-119 6.7.1); more than that is not written over, as
    what follows may be anything.

    Raises:
        NotSupported: there are more new ones.
    """
    if len(new) > len(old):
        raise NotSupported(
            f"has {len(new) // SECTOR} volume descriptors in its last session and room for "
            f"{len(old) // SECTOR} at its front, where readers that know no sessions look",
            where,
            "Make a new medium from its files instead",
        )
    return new + terminator() * ((len(old) - len(new)) // SECTOR)
