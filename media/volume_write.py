"""Writes any volume that is laid out into a file: structures, sources and gaps, ascending.

Of the gaps nothing is written, nor of the holes that a source has: the image is made sparse, and
they read as zeros.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from media.aside import aside_path, file_aside, refuse_too_much, refuse_without_space
from media.copying import Copier, Mover
from media.second_hand import Together, batches, is_worth_it
from media.source import DigestList, FileRange, Name, NamedSource, Written
from media.volume_plan import Structure, VolumePlan
from media.volume_steps import Step, composed, planned_files, spans_of, steps_of
from media.watched_file import hole_bytes
from reporting import Progress, silent
from reporting.uncollected import uncollected

if TYPE_CHECKING:
    from media.trailing_digest import TrailingDigests

__all__ = ["planned_files", "write_volume"]

_BATCH: Final = 1 << 20  # bytes of structures that are gathered before they are written


@uncollected()
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
    steps = steps_of(plan, sources, digest_list)
    refuse_without_space(target, sum(step.length for step in steps), lambda: _written_bytes(steps))
    spans = spans_of(steps) if digest_list is not None else []
    hashed = plan.size if image_digest else 0
    with file_aside(target) as descriptor, ExitStack() as threads:
        digests = None
        if hashed or digest_list is not None:
            # Only now: where nothing is hashed, what that takes is not even loaded.
            from media.trailing_digest import TrailingDigests

            digests = threads.enter_context(TrailingDigests(aside_path(target), hashed, spans))
        os.ftruncate(descriptor, plan.size)
        if digests is None:
            _write_bare(descriptor, target, plan.size, steps, progress)
            of_files: Mapping[Name, str] = {}
        else:
            writing = _Writing(descriptor, target, plan.size, digests, progress)
            for step in steps:
                writing.write(step)
            digests.watermark.tell(plan.size)
            of_files = writing.of_files
        os.fsync(descriptor)  # The disk works while the last of the digest is computed.
        sha256_of_image = digests.of_image() if digests is not None and image_digest else None
    progress("write", plan.size, plan.size)
    return Written(str(target), plan.size, sha256_of_image, of_files)


def _write_bare(
    descriptor: int, target: Path, size: int, steps: Sequence[Step], progress: Progress
) -> None:
    """Write all *steps*, with a second process where that is quicker: nothing is hashed."""

    def write(
        descriptor: int, batch: Sequence[Step], progress: Progress, mover: Mover | None = None
    ) -> None:
        writing = _Writing(descriptor, target, size, None, progress, mover)
        for step in batch:
            writing.write(step)

    parts = batches(steps)
    if is_worth_it(descriptor, steps, parts):
        Together(aside_path(target), descriptor, parts, write, progress).all()
    else:
        write(descriptor, steps, progress)


def _written_bytes(steps: Sequence[Step]) -> int:
    """Return how many bytes are really written: what is in the holes of a source is not."""
    return sum(step.length - _holes(step) for step in steps)


def _holes(step: Step) -> int:
    parts = step.content.parts if isinstance(step.content, NamedSource) else ()
    files = (part for part in parts if isinstance(part, FileRange))
    return sum(min(hole_bytes(file.path), file.length) for file in files)


class _Writing:
    """One image on its way to its file."""

    def __init__(
        self,
        descriptor: int,
        target: Path,
        size: int,
        digests: "TrailingDigests | None",
        progress: Progress,
        mover: Mover | None = None,
    ) -> None:
        self.of_files: Mapping[Name, str] = {}
        self._copier = Copier(descriptor, str(target), is_empty=True, mover=mover)
        self._size, self._digests, self._progress = size, digests, progress

    def write(self, step: Step) -> None:
        """Write what belongs at one place; everything before it is written."""
        offset, _, content = step
        if isinstance(content, NamedSource):
            self._copier.copy(content, offset, self._reached)
        elif isinstance(content, Structure):
            self._structure(content)
        elif self._digests is not None:
            self._digest_list(content, offset, self._digests)

    def _reached(self, position: int) -> None:
        if self._digests is not None:
            self._digests.watermark.advance(position)
        self._progress("write", position, self._size)

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

    def _digest_list(
        self, digest_list: DigestList, offset: int, following: "TrailingDigests"
    ) -> None:
        from hashlib import sha256

        following.watermark.tell(offset)
        digests = following.of_files()
        content = composed(digest_list, digests)
        self._copier.write(content, offset)
        read_back = self._copier.read(len(content), offset)
        self.of_files = digests | {digest_list.name: sha256(read_back).hexdigest()}
