"""Appends a session to the image of a CD-R: adds, replaces and deletes files (PS3.12 F.2).

What is on a disc stays where it is. A new session behind the last one names again what is kept,
and names what is new; what it does not name is deleted, though its bytes are still there.
Programs that read an image without knowing of sessions are shown the newest one as well.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from drivers import ImageFile, open_image
from media.aside import not_written, refuse_too_much, refuse_without_space
from media.copying import Copier
from media.iso9660.encode import FIRST_DESCRIPTOR
from media.iso9660.session_disc import Disc, read_disc
from media.iso9660.session_first import (
    FIRST_AT,
    first_descriptors,
    in_place_of,
    of_one_volume,
)
from media.iso9660.session_plan import SessionPlan, plan_session
from media.iso9660.sessions import session_starts
from media.iso9660.volume import read_volume
from media.source import Name, NamedSource
from media.update import Change, Updated
from media.update_lock import alone
from media.volume_plan import PlannedFile
from reporting import CannotWrite, FilmjacketError, NotSupported, Progress, interruption, silent

# Disks write so much at once or not at all. Everything by which a descriptor is known for one and
# leads to its directories is in it (ECMA-119 8.4.1 to 8.4.18).
_SWITCH: Final = 512  # bytes
_CHUNK: Final = 1 << 20  # bytes that are read back at once


def append_session(
    path: Path,
    change: Change,
    *,
    recorded: datetime,
    capacity: int | None = None,
    progress: Progress = silent,
    label: str | None = None,
    start: int | None = None,
    update_first: bool = True,
) -> Updated:
    """Append a session to an image, in which *change* is made.

    The session counts from the moment its primary descriptor is written, which is when all else
    is durable. Stopped before, the image reads as it did, and what is behind its end is written
    over by the next session. Then the descriptors at the front of the image, which readers that
    know no sessions go by, are made to show the same, as one volume from the first block to the
    end; stopped meanwhile, those readers see the disc as it was, until `finish_session` or the next
    session mends that.
    An image does not tell whether its disc was closed: whoever writes it to a disc must know.

    Args:
        path: the image of a disc with ISO 9660, which may have Joliet and Rock Ridge names.
        change: files to add, to replace and to remove, by their plain names without version.
        recorded: when the session is made; aware.
        capacity: bytes of the medium; a session beyond it is not begun.
        progress: told of the stage "write" in bytes of the session's files.
        label: of the volume; None: as it was.
        start: block at which the session is to begin, such as a drive's next writable address;
            None: at once behind the last one, by the rule of `media.iso9660.session_plan`.
        update_first: whether the first descriptors are to show the session too; False where the
            image stands for a disc on which nothing can be written twice.

    Returns:
        what was done, with the digests of all that is new as it reads back.

    Raises:
        CannotRead: the image or a source does not open, or a source changed.
        CannotWrite: the disc is damaged or full, or a file to remove is not on it.
        NameDoesNotFit: a name cannot be recorded, or is that of something else.
        NotSupported: it is no image of such a disc, or cannot be carried over without loss.
        WrongUsage: *start* is no place for a session.
    """
    sources = (*change.add, *change.last)
    with alone(path), _opened(path) as image:
        disc, plan = _planned(image, change, recorded, capacity, label, start)
        first = first_descriptors(image)
        new_first = in_place_of(first, plan.first, str(path)) if update_first else None
        with _restored_on_failure(image, disc.end, first):
            digests = _write(image, disc.end, plan, sources, progress)
            if new_first is not None:
                _write_first(image, new_first)
    return Updated("iso9660", len(sources), len(change.remove), plan.end, digests)


def refuse_session(
    path: Path,
    change: Change,
    *,
    recorded: datetime,
    capacity: int | None = None,
    label: str | None = None,
) -> None:
    """Refuse what `append_session` would refuse before it begins; nothing is written.

    Raises:
        FilmjacketError: as `append_session`.
    """
    with _opened(path) as image:
        _planned(image, change, recorded, capacity, label, None)


def finish_session(path: Path, *, dry_run: bool = False) -> bool:
    """Show the last session of an image to readers that know no sessions too.

    A session that was stopped between its end and the front of the image is not shown to them,
    nor is one of a program that leaves the front alone. Nothing is done where there is no room, or
    where the last session is damaged.

    Returns:
        whether anything was to be done.

    Raises:
        CannotRead: the image does not open.
        CannotWrite: it cannot be written to, or somebody else is changing it.
    """
    with open_image(path) as image:
        if _new_first(image) is None:
            return False
    if dry_run:
        return True
    with alone(path), _opened(path) as image:
        new, old = _new_first(image), first_descriptors(image)
        if new is None:
            return False
        try:
            _write_first(image, new)
        except BaseException:
            with suppress(OSError, FilmjacketError):
                _put_back(image, old)
            raise
    return True


def _new_first(image: ImageFile) -> bytes | None:
    """Return the descriptors that belong at the front of an image and are not there."""
    if len(session_starts(image)) == 1:
        return None
    try:
        volume = _read(image, rock_ridge=False).volume
        return in_place_of(first_descriptors(image), of_one_volume(volume), image.path)
    except (NotSupported, CannotWrite):
        return None


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    """Open an image for reading and writing.

    Raises:
        CannotWrite: the operating system refuses.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        with ImageFile(descriptor, str(path), os.fstat(descriptor).st_size) as image:
            yield image
    except OSError as error:
        raise not_written(error, str(path)) from error


def _read(image: ImageFile, *, rock_ridge: bool = True) -> Disc:
    is_file = stat.S_ISREG(os.fstat(image.fileno()).st_mode)
    disc = read_disc(image, image.path, rock_ridge=rock_ridge) if is_file else None
    if disc is None:
        raise NotSupported(
            "is not the image of a disc with ISO 9660, to which a session could be appended",
            image.path,
            "Name such an image",
        )
    return disc


def _planned(
    image: ImageFile,
    change: Change,
    recorded: datetime,
    capacity: int | None,
    label: str | None,
    start: int | None,
) -> tuple[Disc, SessionPlan]:
    sources = (*change.add, *change.last)
    files = [PlannedFile(source.name, source.size, source.modified) for source in sources]
    disc, path = _read(image), Path(image.path)
    plan = plan_session(disc, files, change.remove, recorded=recorded, label=label, start=start)
    if capacity is not None:
        refuse_too_much(path, plan.end, capacity)
    refuse_without_space(path, _written_bytes(plan, sources))
    return disc, plan


def _written_bytes(plan: SessionPlan, sources: Sequence[NamedSource]) -> int:
    return sum(len(data) for _, data in plan.structures) + sum(source.size for source in sources)


@contextmanager
def _restored_on_failure(image: ImageFile, end: int, first: bytes) -> Iterator[None]:
    """Make an image what it was where the body fails.

    Args:
        image: that is written to behind byte *end*, and last of all at its front.
        end: byte behind which nothing counted.
        first: descriptors at its front.
    """
    try:
        yield
    except BaseException:
        interruption.take_back()
        with suppress(OSError, FilmjacketError):
            # First of all the front: it must never lead to what is no longer there.
            _put_back(image, first)
            os.ftruncate(image.fileno(), end)  # A descriptor that was there already goes as well.
            os.ftruncate(image.fileno(), image.size)
            os.fsync(image.fileno())
        raise


def _put_back(image: ImageFile, first: bytes) -> None:
    if image.pread(len(first), FIRST_AT) == first:
        return
    copier = Copier(image.fileno(), image.path)
    for part, at in ((first[:_SWITCH], FIRST_AT), (first[_SWITCH:], FIRST_AT + _SWITCH)):
        copier.write(part, at)
        os.fsync(image.fileno())


def _write_first(image: ImageFile, first: bytes) -> None:
    """Write the descriptors at the front; they count from the moment their first part is there."""
    copier = Copier(image.fileno(), image.path)
    for part, at in ((first[_SWITCH:], FIRST_AT + _SWITCH), (first[:_SWITCH], FIRST_AT)):
        copier.write(part, at)
        os.fsync(image.fileno())


def _write(
    image: ImageFile,
    end: int,
    plan: SessionPlan,
    sources: Sequence[NamedSource],
    progress: Progress,
) -> dict[Name, str]:
    """Write a session behind byte *end* and return the digests of its files."""
    descriptor = image.fileno()
    os.ftruncate(descriptor, end)  # What a session left that was stopped is not to show up.
    os.ftruncate(descriptor, plan.end)
    copier = Copier(descriptor, image.path)
    for at, data in plan.structures:
        copier.write(data, at)
    _copy_all(copier, plan, sources, progress)
    copier.write(plan.descriptor[_SWITCH:], plan.descriptor_at + _SWITCH)
    os.fsync(descriptor)
    digests = _read_back(_Written(ImageFile(descriptor, image.path, plan.end), plan), plan, sources)
    interruption.commit()
    copier.write(plan.descriptor[:_SWITCH], plan.descriptor_at)
    os.fsync(descriptor)
    return digests


def _copy_all(
    copier: Copier, plan: SessionPlan, sources: Sequence[NamedSource], progress: Progress
) -> None:
    total = sum(source.size for source in sources)
    done = 0
    for source, offset in zip(sources, plan.offsets, strict=True):
        copier.copy(source, offset, partial(_tell, progress, done - offset, total))
        done += source.size
    progress("write", total, total)


def _tell(progress: Progress, before: int, total: int, position: int) -> None:
    progress("write", before + position, total)


class _Written:
    """An image as it is going to read: with the descriptor that is not yet written."""

    def __init__(self, image: ImageFile, plan: SessionPlan) -> None:
        self.size, self._image = image.size, image
        self._start, self._switch = plan.descriptor_at, plan.descriptor[:_SWITCH]

    def pread(self, length: int, offset: int) -> bytes:
        data = self._image.pread(length, offset)
        within = self._start - offset
        if not 0 <= within < length:
            return data
        return (data[:within] + self._switch + data[within + _SWITCH :])[:length]


def _read_back(
    image: _Written, plan: SessionPlan, sources: Sequence[NamedSource]
) -> dict[Name, str]:
    """Return the digests of new files, if a reader will find them.

    Raises:
        CannotWrite: it will not; the session must not count.
    """
    first = plan.start + FIRST_DESCRIPTOR
    volume = read_volume(image, first=first) if session_starts(image)[-1] == first else None
    places = set() if volume is None else {(file.at, file.size) for file in volume.files}
    new = [(s.name, at, s.size) for s, at in zip(sources, plan.offsets, strict=True)]
    if volume is None or volume.problems.findings() or not places.issuperset(n[1:] for n in new):
        raise CannotWrite(
            "would not be read as it was meant", "session", "Make a new medium from its files"
        )
    return {name: _digest(image, at, size) for name, at, size in new}


def _digest(image: _Written, offset: int, size: int) -> str:
    digest = sha256()
    for at in range(0, size, _CHUNK):
        digest.update(image.pread(min(_CHUNK, size - at), offset + at))
    return digest.hexdigest()
