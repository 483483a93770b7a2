"""Changes the files of a FAT volume in place: a stick, a memory card, or an image of one.

Foreign files, folders and names stay byte for byte, as do the boot code and whatever a table has
in bits that mean nothing. How a medium stands that is pulled out meanwhile: `update_plan`.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Final

from drivers import ImageFile, open_image
from media.aside import refuse_too_much
from media.extents import Extent, ExtentFile
from media.fat.place import find_volume
from media.fat.update_checks import equalizing, is_unfinished, refuse_damaged
from media.fat.update_plan import Placed, UpdatePlan, plan_update
from media.fat.update_table import Patch
from media.fat.update_target import ImageTarget, Target
from media.fat.volume import read_fat, read_fat_at
from media.source import Name
from media.update import Change, Updated
from media.update_lock import alone
from reporting import CannotWrite, NotSupported, Progress, interruption, silent

_CHUNK: Final = 1 << 20  # bytes that are read back at a time


def update_fat(
    path: Path,
    change: Change,
    *,
    recorded: datetime,
    capacity: int | None = None,
    progress: Progress = silent,
) -> Updated:
    """Add, replace and remove files of the first FAT volume on a medium.

    New names are 8.3 names; new folders are made as they are needed. A file is found by its short
    or its long name; one that is replaced keeps both, and its attributes. Folders above a removed
    file go with it when nothing else is in them.

    A volume that another system left marked as in use is gone on with when all its chains are
    whole: sticks often are left so. Clusters that belong to no file are left alone, those that a
    killed update lost too, as nothing tells whose they are; a repair program frees them.

    Args:
        path: an image file or a block device, partitioned or not.
        change: what is to become of the files.
        recorded: the date of new folders; aware, recorded as the wall clock of its zone.
        capacity: bytes of the medium; an image that is larger is refused.
        progress: told of the stage "write" in bytes of what is added.

    Raises:
        NotSupported: there is no FAT volume.
        NameDoesNotFit: a name cannot be recorded, or is in the way of another one.
        CannotRead: a source or the medium does not read, or a source changed meanwhile.
        CannotWrite: not enough room, write protected or mounted, a file to remove that is not
            there, or a volume that is damaged.
    """
    with alone(path), ImageTarget(path) as target, open_image(path) as image:
        if capacity is not None:
            refuse_too_much(path, image.size, capacity)
        return change_volume(image, target, change, recorded=recorded, progress=progress)


def finish_update(path: Path, *, dry_run: bool = False) -> bool:
    """Do the last steps of an update that was stopped before them.

    Tables are made equal, free clusters counted, and the mark is taken off that says that the
    volume is in use. A volume that is damaged is left alone.

    Returns:
        whether anything was to be done.

    Raises:
        CannotRead: the medium does not read.
        CannotWrite: it is write protected or mounted, or somebody else is changing it.
    """
    with open_image(path) as image:
        if not _is_to_be_finished(image):
            return False
    if dry_run:
        return True
    update_fat(path, Change(), recorded=datetime.now(UTC))
    return True


def _is_to_be_finished(image: ImageFile) -> bool:
    volume = read_fat(image)
    if volume is None:
        return False
    try:
        return is_unfinished(volume, refuse_damaged(volume, image))
    except CannotWrite:
        return False


def change_volume(
    image: ImageFile,
    target: Target,
    change: Change,
    *,
    recorded: datetime,
    progress: Progress = silent,
) -> Updated:
    """Do what `update_fat` does: read from *image*, write to *target*, which is the same.

    Without a *change* only what `finish_update` does.
    """
    place = find_volume(image)
    if place is None:
        raise NotSupported("has no FAT volume", image.path, "Name the image of a stick or a card")
    volume = read_fat_at(image, place)
    findings = refuse_damaged(volume, image)
    rules = {finding.rule for finding in findings}
    digests: dict[Name, str] = {}
    if change != Change() or is_unfinished(volume, findings):
        plan = plan_update(volume, image, change, recorded, lost="FAT-LOST" in rules)
        digests = _copy(plan, image, target, progress)
        unequal = equalizing(volume, image) if "FAT-COPIES" in rules else ()
        _write_structures(plan, unequal, target)
    return Updated(
        f"fat{place.boot.bits}",
        len(change.add) + len(change.last),
        len(change.remove),
        image.size,
        digests,
    )


def _copy(
    plan: UpdatePlan, image: ImageFile, target: Target, progress: Progress
) -> dict[Name, str]:
    """Write all contents to clusters that are free, and read them back."""
    done, total = 0, sum(placed.source.size for placed in plan.contents)

    def step(position: int) -> None:
        progress("write", done + position, total)

    with ThreadPoolExecutor(1, "digest") as hashing:  # hashlib lets the next file be copied
        digests = []
        for placed in plan.contents:
            target.copy(placed.source, placed.extents, step)
            digests.append(hashing.submit(_digest, placed, image))
            done += placed.source.size
        progress("write", total, total)
        names = (placed.source.name for placed in plan.contents)
        return {name: digest.result() for name, digest in zip(names, digests, strict=True)}


def _digest(placed: Placed, image: ImageFile) -> str:
    digest = sha256()
    with ExtentFile(image, placed.extents or (Extent(0, 0),), placed.source.name) as file:
        for at in range(0, file.size, _CHUNK):
            digest.update(file.pread(min(_CHUNK, file.size - at), at))
    return digest.hexdigest()


def _write_structures(plan: UpdatePlan, unequal: Iterable[Patch], target: Target) -> None:
    # What was begun is finished: an interruption between two phases would leave lost clusters.
    interruption.commit()
    try:
        first, *others = plan.phases
        _write(chain(unequal, first), target)
        for phase in others:
            if phase:
                _write(phase, target)
    except BaseException:
        interruption.take_back()
        raise


def _write(patches: Iterable[Patch], target: Target) -> None:
    for patch in patches:
        target.write(patch.data, patch.position)
    target.barrier()
