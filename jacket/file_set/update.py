"""The job "make the directory right": create or update a DICOMDIR in place (FSC, FSU).

Files are never moved, renamed or changed (PS3.10 8.3); they come and go only where the operator
says so. Whatever happens meanwhile, the DICOMDIR is the old one or the new one, and whole.
"""

import os
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from jacket.file_set.files import open_file_set
from jacket.file_set.job import Indexed, NothingToIndex, Request, Unwanted
from jacket.file_set.plan import plan_update
from jacket.file_set.profile import row_for
from jacket.file_set.room import refuse_without_room
from jacket.file_set.write import finish, write_change
from jacket.labels import checked_label
from media.update_lock import alone
from reporting import Progress, WrongUsage, silent

if TYPE_CHECKING:
    from profiles.application_profiles import ApplicationProfile

__all__ = ["Indexed", "NothingToIndex", "update_file_set"]


def update_file_set(
    target: str | Path,
    *,
    profile_id: "str | ApplicationProfile | None" = None,
    icons: bool | None = None,
    label: str | None = None,
    prune: bool = False,
    anew: bool = False,
    add: Iterable[str | Path] = (),
    remove: Iterable[str] = (),
    remove_patients: Iterable[str] = (),
    capacity: int | None = None,
    dry_run: bool = False,
    jobs: int | None = None,
    progress: Progress = silent,
) -> Indexed:
    """Create the DICOMDIR of *target*, or bring the one that is there up to date.

    Args:
        target: root of the File-set: a folder; or an image or drive with a FAT volume, or an
            ISO 9660 image, to which a session is appended.
        profile_id: leave out what this application profile does not allow, and add its keys; as
            PS3.11 spells it, or a row of one.
        icons: give new IMAGE records an icon; where the profile requires them they have one in
            any case.
        label: File-set ID of a new DICOMDIR; an update keeps the one there is.
        prune: drop records whose files are gone, and their lines in MANIFEST.TXT; otherwise they
            are kept and named.
        anew: make the directory from the files alone, without regard to the one that is there.
        add: files and folders whose instances are copied into the File-set.
        remove: Study, Series or SOP Instance UIDs of what is taken off the medium.
        remove_patients: Patient IDs of those whose objects are taken off the medium.
        capacity: bytes of the medium; more is refused before anything is written.
        dry_run: say what would be done, and write nothing.
        jobs: processes to use; all cores when None.
        progress: told about files and bytes.

    Raises:
        CannotRead: the target or its DICOMDIR cannot be read, or holds no instance, or has nothing
            of what shall be removed.
        CannotWrite: it cannot be written, or another program is changing it; it is as before.
        NotSupported: a kind of medium that is not changed in place.
    """
    path = Path(target)
    checked_label(label)
    unwanted = Unwanted(
        frozenset(uid.strip(" ") for uid in remove),
        frozenset(patient.strip(" ") for patient in remove_patients),
    )
    unwanted.refuse_empty()
    row = None if profile_id is None else row_for(profile_id, path)
    request = Request(row, icons, label, prune, anew, tuple(add), unwanted, jobs, progress)
    # What is planned is true as long as nobody else changes anything.
    with nullcontext() if dry_run else alone(_changed_with(path)):
        files = open_file_set(path)
        try:
            if capacity is not None and files.kind.startswith("fat"):
                raise WrongUsage(
                    "a FAT volume says by itself how much it holds", "--capacity", "Leave it out"
                )
            planned = plan_update(files, request)
        finally:
            files.close()  # what is open cannot be replaced everywhere
        if dry_run:
            refuse_without_room(planned, capacity)
        else:
            write_change(planned, capacity, progress)
        return finish(planned, dry_run=dry_run)._replace(dry_run=dry_run)


def _changed_with(path: Path) -> Path:
    """Return the folder of a DICOMDIR that was named, and of all else *path*."""
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where it may not look)
        return path
    from media.medium import folder_of

    return folder_of(path) or path
