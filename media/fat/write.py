"""Makes a FAT image from named sources (PS3.12 Annexes R, S, T, U)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from media.fat.layout import lay_out_fat
from media.fat.shape import Kind
from media.source import DigestList, NamedSource, Written
from media.volume_write import planned_files, write_volume
from reporting import Progress, silent
from reporting.uncollected import uncollected


@uncollected()
def write_fat(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    label: str,
    recorded: datetime,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
    size: int | None = None,
    kind: Kind | None = None,
    partitioned: bool = True,
    long_names: bool = False,
    image_digest: bool = True,
) -> Written:
    """Write the image *target* with the content of *sources* in their order.

    The image appears under its name when it is complete and durable, and replaces one that was
    there. The same sources and the same *recorded* give the same bytes. What is empty of it takes
    no room on this machine.

    Args:
        sources: what goes on the volume; read in this order by whoever reads by block.
        target: the image file to make.
        label: see `lay_out_fat`, as for *recorded*, *size*, *kind*, *partitioned*, *long_names*.
        recorded: when the volume is made; aware.
        progress: told of the stage "write" in bytes of the image.
        digest_list: a file that lists the digests of all others; it gets the last place. Without
            one the files are not hashed, and the result has no digests of them.
        capacity: bytes of the medium; an image that is larger is not begun.
        size: bytes of the image; None: as few as hold everything.
        kind: FAT16 or FAT32.
        partitioned: whether the volume is in a partition.
        long_names: whether names that are no 8.3 names are recorded as long ones.
        image_digest: whether to tell the digest of the image; it takes long where *size* is
            large, as what is empty is hashed as well.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *size* or *capacity*, no space, no permission, or something else
            is in the target's place.
    """
    plan = lay_out_fat(
        planned_files(sources, digest_list),
        label=label,
        recorded=recorded,
        size=size,
        kind=kind,
        partitioned=partitioned,
        long_names=long_names,
    )
    return write_volume(
        plan,
        sources,
        target,
        progress=progress,
        digest_list=digest_list,
        capacity=capacity,
        image_digest=image_digest,
    )
