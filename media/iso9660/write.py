"""Makes an ISO 9660 image from named sources (PS3.12 Annex F)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from media.iso9660.layout import lay_out_iso9660
from media.source import DigestList, NamedSource, Written
from media.volume_write import planned_files, write_volume
from reporting import Progress, silent


def write_iso9660(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    volume_identifier: str,
    recorded: datetime,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
    level: int = 1,
) -> Written:
    """Write the image *target* with the content of *sources* in their order.

    The image appears under its name when it is complete and durable, and replaces one that was
    there. The same sources and the same *recorded* give the same bytes.

    Args:
        sources: what goes on the volume; read in this order by whoever reads by block.
        target: the image file to make.
        volume_identifier: label, up to 32 of ``A-Z 0-9 _`` and space; "" for none.
        recorded: when the volume is made; aware.
        progress: told of the stage "write" in bytes of the image.
        digest_list: a file that lists the digests of all others; it gets the last place. Without
            one the files are not hashed, and the result has no digests of them.
        capacity: bytes of the medium; an image that is larger is not begun.
        level: of interchange: 1 for DICOM's own files, 2 for longer names, 3 also for files of
            4 GiB and more.

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: a file is too large, more than *capacity*, no space, no permission, or
            something else is in the target's place.
    """
    plan = lay_out_iso9660(
        planned_files(sources, digest_list),
        label=volume_identifier,
        recorded=recorded,
        level=level,
    )
    return write_volume(
        plan, sources, target, progress=progress, digest_list=digest_list, capacity=capacity
    )
