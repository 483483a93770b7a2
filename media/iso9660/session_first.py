"""Brings the first descriptors of an image up to its newest session.

A drive tells where the last session of a disc begins. An image tells it to nobody: most programs
read what sector 16 leads to, and so does every drive after the whole image was written to a new
disc. What the first descriptors do not show is there for nobody, and what they still show is not
removed.
"""

from typing import Final

from media.entry import BlockReader
from media.iso9660.encode import FIRST_DESCRIPTOR
from media.iso9660.fields import both_32, terminator
from media.iso9660.records import SECTOR
from media.iso9660.volume import Descriptor, Volume
from reporting import NotSupported

FIRST_AT: Final = FIRST_DESCRIPTOR * SECTOR  # byte of an image
_MOST: Final = 64  # sectors that are looked at
_PRIMARY, _SUPPLEMENTARY, _TERMINATOR = 1, 2, 255  # types of descriptors


def first_descriptors(image: BlockReader) -> bytes:
    """Return the descriptors at the front of an image, with all their terminators."""
    data = image.pread(max(min(_MOST * SECTOR, image.size - FIRST_AT), 0), FIRST_AT)
    end, terminated = 0, False
    while data[end + 1 : end + 6] == b"CD001" and (not terminated or data[end] == _TERMINATOR):
        terminated = data[end] == _TERMINATOR
        end += SECTOR
    return data[:end]


def of_one_volume(last: Volume) -> bytes:
    """Return the descriptors of the *last* session as of one volume from the first block on."""
    # The primary one comes first; others of its type are copies.
    others = (d for d in last.descriptors if d.type != _PRIMARY)
    blocks = last.end // SECTOR
    return b"".join(_of_blocks(d, blocks) for d in (last.primary, *others)) + terminator()


def _of_blocks(descriptor: Descriptor, blocks: int) -> bytes:
    data = descriptor.data
    if descriptor.type not in (_PRIMARY, _SUPPLEMENTARY):
        return data
    return data[:80] + both_32(blocks) + data[88:]


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
