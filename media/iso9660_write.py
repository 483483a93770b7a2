"""Makes an ISO 9660 level 1 image from named sources (PS3.12 Annex F)."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from media.aside import aside_path, file_aside, refuse_too_much, refuse_without_space
from media.copying import Copier
from media.iso9660_names import shown
from media.iso9660_structure import SECTOR, PlannedFile, VolumeLayout, lay_out
from media.source import DigestList, Name, NamedSource, Written
from media.trailing_digest import Span, TrailingDigests, Watermark
from reporting import CannotWrite, Progress, silent


def write_iso9660(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    volume_identifier: str,
    recorded: datetime,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
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

    Raises:
        NameDoesNotFit: a name or the label cannot be recorded.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or something else is in the
            target's place.
    """
    layout = lay_out(_planned(sources, digest_list), volume_identifier, recorded)
    size = layout.blocks * SECTOR
    if capacity is not None:
        refuse_too_much(target, size, capacity)
    refuse_without_space(target, size)
    spans = _spans(sources, layout) if digest_list is not None else []
    with (
        file_aside(target) as descriptor,
        TrailingDigests(aside_path(target), size, spans) as digests,
    ):
        copier = _start_image(descriptor, target, layout)
        _copy_all(copier, sources, layout, digests.watermark, progress)
        of_files: Mapping[Name, str] = {}
        if digest_list is not None:
            digests.watermark.tell(layout.extents[-1] * SECTOR)
            of_files = _write_list(copier, digest_list, layout.extents[-1], digests.of_files())
        digests.watermark.tell(size)
        os.fsync(descriptor)  # The disk works while the last of the digest is computed.
        sha256_of_image = digests.of_image()
    progress("write", size, size)
    return Written(str(target), size, sha256_of_image, of_files)


def _planned(sources: Sequence[NamedSource], digest_list: DigestList | None) -> list[PlannedFile]:
    planned = [PlannedFile(s.name, s.size, s.modified) for s in sources]
    if digest_list is not None:
        planned.append(PlannedFile(digest_list.name, digest_list.size, digest_list.modified))
    return planned


def _spans(sources: Sequence[NamedSource], layout: VolumeLayout) -> list[Span]:
    return [
        Span(source.name, extent * SECTOR, source.size)
        for source, extent in zip(sources, layout.extents, strict=False)
    ]


def _start_image(descriptor: int, target: Path, layout: VolumeLayout) -> Copier:
    copier = Copier(descriptor, str(target))
    # Everything that nobody writes, between files and at the end, is zeros from the start.
    os.ftruncate(descriptor, layout.blocks * SECTOR)
    copier.write(layout.structure, 0)
    return copier


def _copy_all(
    copier: Copier,
    sources: Sequence[NamedSource],
    layout: VolumeLayout,
    watermark: Watermark,
    progress: Progress,
) -> None:
    total = layout.blocks * SECTOR

    def step(position: int) -> None:
        watermark.advance(position)
        progress("write", position, total)

    # The list of digests has the last extent and is not among the sources.
    for source, extent in zip(sources, layout.extents, strict=False):
        copier.copy(source, extent * SECTOR, step)


def _write_list(
    copier: Copier, digest_list: DigestList, extent: int, digests: dict[Name, str]
) -> dict[Name, str]:
    content = digest_list.compose(digests)
    if len(content) != digest_list.size:
        raise CannotWrite(
            f"has {len(content)} bytes where {digest_list.size} were planned",
            shown(digest_list.name),
            "Report this: it is a mistake in the program, not on your side",
        )
    copier.write(content, extent * SECTOR)
    read_back = copier.read(len(content), extent * SECTOR)
    return digests | {digest_list.name: sha256(read_back).hexdigest()}
