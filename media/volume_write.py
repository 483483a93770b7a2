"""Writes any volume that is laid out: structures, sources and gaps, in ascending order.

Of the gaps nothing is written: the image is made sparse, and they read as zeros.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from media.aside import aside_path, file_aside, refuse_too_much, refuse_without_space
from media.copying import Copier
from media.iso9660_names import shown
from media.source import DigestList, Name, NamedSource, Written
from media.trailing_digest import Span, TrailingDigests
from media.volume_plan import PlannedFile, Structure, VolumePlan
from reporting import CannotWrite, Progress, silent

_BATCH: Final = 1 << 20  # bytes of structures that are gathered before they are written

_Step = tuple[int, Callable[[], None]]  # byte of the volume, what writes there


def planned_files(
    sources: Sequence[NamedSource], digest_list: DigestList | None
) -> list[PlannedFile]:
    """Return what a layout has to know of what `write_volume` is going to write."""
    planned = [PlannedFile(s.name, s.size, s.modified) for s in sources]
    if digest_list is not None:
        planned.append(PlannedFile(digest_list.name, digest_list.size, digest_list.modified))
    return planned


def write_volume(
    plan: VolumePlan,
    sources: Sequence[NamedSource],
    target: Path,
    *,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
    image_digest: bool = True,
) -> Written:
    """Write the image *target* as *plan* lays it out.

    The image appears under its name when it is complete and durable, and replaces one that was
    there.

    Args:
        plan: made from `planned_files` of the same *sources* and *digest_list*.
        sources: what goes on the volume, in the order in which it was planned.
        target: the image file to make.
        progress: told of the stage "write" in bytes of the image.
        digest_list: a file that lists the digests of all others; it is the last of the plan.
            Without one the files are not hashed, and the result has no digests of them.
        capacity: bytes of the medium; an image that is larger is not begun.
        image_digest: whether to tell the digest of the image. Every byte of it is hashed, those
            of a large medium's empty rest as well.

    Raises:
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or something else is in the
            target's place.
    """
    if capacity is not None:
        refuse_too_much(target, plan.size, capacity)
    listed = 0 if digest_list is None else digest_list.size
    refuse_without_space(target, _written_bytes(plan, sources) + listed)
    spans = _spans(plan, sources) if digest_list is not None else []
    hashed = plan.size if image_digest else 0
    with (
        file_aside(target) as descriptor,
        TrailingDigests(aside_path(target), hashed, spans) as digests,
    ):
        os.ftruncate(descriptor, plan.size)
        writing = _Writing(Copier(descriptor, str(target)), plan, digests, progress)
        writing.run(sources, digest_list)
        digests.watermark.tell(plan.size)
        os.fsync(descriptor)  # The disk works while the last of the digest is computed.
        sha256_of_image = digests.of_image() if image_digest else None
    progress("write", plan.size, plan.size)
    return Written(str(target), plan.size, sha256_of_image, writing.of_files)


def _written_bytes(plan: VolumePlan, sources: Sequence[NamedSource]) -> int:
    return sum(s.length for s in plan.structures) + sum(source.size for source in sources)


def _spans(plan: VolumePlan, sources: Sequence[NamedSource]) -> list[Span]:
    # The list of digests has the last place and is not among the sources.
    spans = [
        Span(source.name, offset, source.size)
        for source, offset in zip(sources, plan.offsets, strict=False)
    ]
    return sorted(spans, key=lambda span: span.start)


class _Writing:
    """One image on its way from a plan to its file."""

    def __init__(
        self, copier: Copier, plan: VolumePlan, digests: TrailingDigests, progress: Progress
    ) -> None:
        self.of_files: Mapping[Name, str] = {}
        self._copier, self._plan, self._digests = copier, plan, digests
        self._progress = progress

    def run(self, sources: Sequence[NamedSource], digest_list: DigestList | None) -> None:
        # Ascending, so that those who hash can follow, and hardware gets it in its own order.
        for _, write in sorted(self._steps(sources, digest_list), key=lambda step: step[0]):
            write()

    def _steps(
        self, sources: Sequence[NamedSource], digest_list: DigestList | None
    ) -> Iterator[_Step]:
        for structure in self._plan.structures:
            yield structure.offset, partial(self._structure, structure)
        for source, offset in zip(sources, self._plan.offsets, strict=False):
            yield offset, partial(self._copier.copy, source, offset, self._reached)
        if digest_list is not None:
            offset = self._plan.offsets[-1]
            yield offset, partial(self._digest_list, digest_list, offset)

    def _reached(self, position: int) -> None:
        self._digests.watermark.advance(position)
        self._progress("write", position, self._plan.size)

    def _structure(self, structure: Structure) -> None:
        position, waiting, length = structure.offset, [], 0
        for piece in structure.pieces():
            waiting.append(piece)
            length += len(piece)
            if length >= _BATCH:
                self._copier.write(b"".join(waiting), position)
                position, waiting, length = position + length, [], 0
                self._reached(position)
        self._copier.write(b"".join(waiting), position)
        self._reached(position + length)

    def _digest_list(self, digest_list: DigestList, offset: int) -> None:
        self._digests.watermark.tell(offset)
        digests = self._digests.of_files()
        content = digest_list.compose(digests)
        if len(content) != digest_list.size:
            raise CannotWrite(
                f"has {len(content)} bytes where {digest_list.size} were planned",
                shown(digest_list.name),
                "Report this: it is a mistake in the program, not on your side",
            )
        self._copier.write(content, offset)
        read_back = self._copier.read(len(content), offset)
        self.of_files = digests | {digest_list.name: sha256(read_back).hexdigest()}
