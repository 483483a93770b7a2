"""The job "make the directory right": create or update a DICOMDIR in place (FSC, FSU).

Files are never moved, renamed or changed (PS3.10 8.3); only the DICOMDIR is, and at once.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from dicomdir.build import build_directory, separate_patients
from dicomdir.encode import encode_dicomdir
from dicomdir.file_ids import is_legal_file_id
from dicomdir.index import Indexer
from dicomdir.instance import KINDS, Instance, NotIndexed
from dicomdir.record import Directory
from dicomdir.record_types import AdditionalKey
from dicomdir.replace_file import remove_leftover, replace_atomically
from dicomdir.scan import scan
from jacket.console import amount
from jacket.file_set_names import why_illegal
from jacket.file_set_profile import (
    about_required_icons,
    allowed,
    facts_of,
    icons_of,
    not_yet_compliant,
    row_for,
)
from jacket.generated_words import told
from jacket.labels import checked_label
from jacket.manifest_refresh import refresh_manifest
from profiles.homes import separate_homes
from reporting import CannotRead, CannotWrite, Progress, silent

if TYPE_CHECKING:
    from jacket.layout import Icons
    from profiles.application_profiles import ApplicationProfile

FileID = tuple[str, ...]

_NAME: Final = "DICOMDIR"
# Kinds of what is left out that are DICOM files for certain.
_DICOM: Final = frozenset(
    (
        *("duplicate", "contradiction", "patient-conflict", "not-allowed", "not-convertible"),
        *("truncated", "malformed", "secure"),
    )
)


class Indexed(NamedTuple):
    """What became of the DICOMDIR of a folder."""

    path: str
    created: bool
    changed: bool  # False: it was right already and was not written
    file_set_uid: str
    instances: int  # in the directory now
    added: int
    removed: tuple[FileID, ...]
    missing: tuple[FileID, ...]  # named by the directory, not there, and kept
    left_out: tuple[NotIndexed, ...]
    remarks: tuple[str, ...]
    not_yet: str = ""  # what keeps the folder from being a medium of the profile

    @property
    def lost(self) -> tuple[NotIndexed, ...]:
        """What is not in the directory though it may matter to the patient."""
        return tuple(item for item in self.left_out if KINDS[item.kind])


class NothingToIndex(CannotRead):
    """No file of the folder can be named by a directory."""

    left_out: tuple[NotIndexed, ...] = ()


def update_file_set(
    folder: str | Path,
    *,
    profile_id: "str | ApplicationProfile | None" = None,
    icons: bool | None = None,
    label: str | None = None,
    prune: bool = False,
    anew: bool = False,
    jobs: int | None = None,
    progress: Progress = silent,
) -> Indexed:
    """Create the DICOMDIR of *folder*, or bring the one that is there up to date.

    Args:
        folder: root of the File-set.
        profile_id: leave out what this application profile does not allow, and add its keys; as
            PS3.11 spells it, or a row of one.
        icons: give new IMAGE records an icon; where the profile requires them they have one in
            any case.
        label: File-set ID of a new DICOMDIR; an update keeps the one there is.
        prune: drop records whose files are gone, and their lines in MANIFEST.TXT; otherwise they
            are kept and named.
        anew: make the directory from the files alone, without regard to the one that is there.
        jobs: processes to use; all cores when None.
        progress: told about files.

    Raises:
        CannotRead: the folder or its DICOMDIR cannot be read, or holds no instance.
        CannotWrite: the DICOMDIR cannot be written; it is as before.
    """
    root = Path(folder)
    if not os.path.isdir(root):  # noqa: PTH112 (Path.is_dir raises where it may not look)
        raise CannotRead("is not a folder", str(root), "Name the root folder of the File-set")
    checked_label(label)
    row = None if profile_id is None else row_for(profile_id, root)
    remove_leftover(root / _NAME)
    additional = () if row is None else row.additional_keys
    scanned = scan([root], Indexer(additional, facts_of(row)), jobs=jobs, progress=progress)
    base = len(str(root)) + (0 if str(root).endswith("/") else 1)
    left_out = [
        _of_another(item) for item in scanned.not_indexed if not _is_the_directory(item, root)
    ]
    instances = allowed(scanned.instances, row, left_out)
    pairs = [(item, tuple(item.source[base:].split("/"))) for item in instances]
    job = _Job(root, pairs, left_out, additional, icons_of(row, icons, jobs, progress))
    if anew or not os.path.lexists(root / _NAME):
        done = job.create(label or "")
    else:
        done = job.update(prune=prune)
        if label is not None:
            remark = "the File-set ID stays as it is: --label names a new directory only (--anew)"
            done = done._replace(remarks=(*done.remarks, remark))
    files = [file_id for _, file_id in job.pairs]
    remarks = refresh_manifest(root, files, changed=done.changed, prune=prune)
    if row is not None:
        remarks += about_required_icons(row, no_icons=icons is False)
        if not anew and not done.created and done.instances > done.added and row.additional_keys:
            keep = f"records that were there keep their keys: --anew gives them {row.identifier}'s"
            remarks = (*remarks, keep)
        unnamed = job.unnamed_files(done.left_out)
        done = done._replace(not_yet=not_yet_compliant(row, unnamed))
    return done._replace(remarks=(*done.remarks, *remarks))


def _of_another(item: NotIndexed) -> NotIndexed:
    """Return *item*; of a DICOMDIR further down this command makes nothing, and nothing anew."""
    if item.kind != "directory":
        return item
    return item._replace(reason="a DICOMDIR below the root, which stays as it is")


def _is_the_directory(item: NotIndexed, root: Path) -> bool:
    return item.kind == "directory" and Path(item.source) == root / _NAME


class _Job:
    """One folder, scanned."""

    def __init__(
        self,
        root: Path,
        pairs: list[tuple[Instance, FileID]],
        left_out: list[NotIndexed],
        additional: Iterable[AdditionalKey],
        icons: "Icons | None" = None,
    ) -> None:
        self.root = root
        self.icons = icons
        self.left_out = left_out
        self.additional = tuple(additional)
        self.pairs = self._unique(self._legal(pairs))
        self._kept_names: frozenset[FileID] = frozenset()  # that records of before still name

    def unnamed_files(self, left_out: Iterable[NotIndexed]) -> int:
        """Return how many DICOM files of the folder no record names."""
        base = len(str(self.root)) + (0 if str(self.root).endswith("/") else 1)
        return sum(
            item.kind in _DICOM and tuple(item.source[base:].split("/")) not in self._kept_names
            for item in left_out
        )

    def _unique(self, pairs: list[tuple[Instance, FileID]]) -> list[tuple[Instance, FileID]]:
        """One file per SOP Instance UID, one person per Patient ID."""
        first: dict[str, Instance] = {}
        kept = []
        for instance, file_id in pairs:
            other = first.setdefault(instance.sop_instance_uid, instance)
            if other is instance:
                kept.append((instance, file_id))
            else:
                self.left_out.append(_twin(instance, other))
        people, strangers = separate_patients(instance for instance, _ in kept)
        people, homeless = separate_homes(people)
        if strangers or homeless:
            self.left_out += (*strangers, *homeless)
            known = set(map(id, people))
            kept = [pair for pair in kept if id(pair[0]) in known]
        return kept

    def _legal(self, pairs: list[tuple[Instance, FileID]]) -> list[tuple[Instance, FileID]]:
        kept = []
        for instance, file_id in pairs:
            if is_legal_file_id(file_id):
                kept.append((instance, file_id))
            else:
                reason = why_illegal(file_id)
                self.left_out.append(NotIndexed(instance.source, reason, "not-allowed"))
        return kept

    def create(self, label: str) -> Indexed:
        """Write a DICOMDIR where there is none."""
        if not self.pairs:
            error = NothingToIndex(
                "no instance was found that a directory can name",
                str(self.root),
                "Look at the reasons; `jacket author` gives files legal names on a new medium"
                if self.left_out
                else "Check the folder: it holds no file",
            )
            error.left_out = tuple(self.left_out)
            raise error
        uid = _new_uid()
        pairs, remarks = self._with_icons(self.pairs)
        try:
            built = build_directory(
                pairs, file_set_uid=uid, file_set_id=label, additional=self.additional
            )
        except ValueError as error:
            raise CannotWrite(str(error), "--label", "Choose another label") from error
        replace_atomically(self.root / _NAME, encode_dicomdir(built.directory))
        return Indexed(
            str(self.root / _NAME),
            created=True,
            changed=True,
            file_set_uid=uid,
            instances=len(self.pairs),
            added=len(self.pairs),
            removed=(),
            missing=(),
            left_out=tuple(self.left_out),
            remarks=(
                *told(built.generated),
                *map(str, built.conflicts),
                *remarks,
                *self._departures(),
            ),
        )

    def _with_icons(
        self, pairs: Sequence[tuple[Instance, FileID]]
    ) -> tuple[list[tuple[Instance, FileID]], tuple[str, ...]]:
        if self.icons is None:
            return list(pairs), ()
        instances, _, remarks = self.icons.added_to([instance for instance, _ in pairs], {})
        return list(zip(instances, (file_id for _, file_id in pairs), strict=True)), remarks

    def update(self, *, prune: bool) -> Indexed:
        """Bring the DICOMDIR up to date; other people's records stay as they are."""
        from dicomdir.check_reference import references
        from dicomdir.compare import compare
        from dicomdir.read import read_directory
        from dicomdir.update import update_directory

        path = self.root / _NAME
        read = read_directory(_content(path))
        base = len(str(self.root)) + 1
        others = [tuple(item.source[base:].split("/")) for item in self.left_out]
        comparison = compare(read, self.pairs, others=others)
        removals = [*(id_ for _, id_ in comparison.changed)]
        if prune:
            removals += comparison.missing_files
        additions, remarks = self._with_icons((*comparison.to_add, *comparison.changed))
        updated = update_directory(
            read,
            additions,
            removals,
            additional_keys=self.additional,
        )
        changed = bool(updated.added or updated.removed)
        named = sum(1 for _ in references(updated.directory))
        if changed:
            replace_atomically(path, encode_dicomdir(updated.directory))
        self._kept_names = frozenset(record.file_id for record, _ in references(updated.directory))
        return Indexed(
            str(path),
            created=False,
            changed=changed,
            file_set_uid=updated.directory.file_set_uid,
            instances=named,
            added=len(updated.added),
            removed=updated.removed,
            missing=() if prune else comparison.missing_files,
            left_out=(*self.left_out, *updated.left_out),
            remarks=(
                *told(updated.generated),
                *updated.remarks,
                *remarks,
                *self._still_named(updated.directory),
                *self._departures(),
            ),
        )

    def _still_named(self, directory: Directory) -> tuple[str, ...]:
        """Tell of records that were there already and name what this job would leave out."""
        from dicomdir.check_reference import references

        base = len(str(self.root)) + 1
        refused = {
            tuple(item.source[base:].split("/"))
            for item in self.left_out
            if item.kind == "not-allowed"
        }
        number = sum(record.file_id in refused for record, _ in references(directory))
        if not number:
            return ()
        return (
            f"{amount(number, 'record')} of before name files that the profile does not allow, and "
            "stay; --anew makes the directory without them",
        )

    def _departures(self) -> tuple[str, ...]:
        """Tell which files stand in the directory though they depart from PS3.10."""
        number = sum(bool(instance.departures) for instance, _ in self.pairs)
        if not number:
            return ()
        return (
            f"{amount(number, 'file')} not as PS3.10 asks (see `jacket verify`), indexed all the "
            "same; `jacket author` would mend that",
        )


def _content(path: Path) -> bytes:
    """Return the bytes of a DICOMDIR; never waits at a pipe, never follows a link elsewhere."""
    from dicomdir.read import LARGEST

    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                raise CannotRead(
                    "is not a file, or larger than any directory", str(path), "Take it away"
                )
            return file.read()
    except OSError as error:
        raise CannotRead(
            f"cannot be read ({error.strerror})",
            str(path),
            "Check the permissions; a link in its place is not followed",
        ) from error


def _twin(instance: Instance, other: Instance) -> NotIndexed:
    """Return why a second file with one SOP Instance UID is not in the directory."""
    from filecmp import cmp

    try:
        same = cmp(instance.source, other.source, shallow=False)
    except OSError:
        same = False
    if same:
        reason = f"the same bytes as {other.source}, which is in the directory"
        return NotIndexed(instance.source, reason, "duplicate")
    reason = (
        f"another object with the SOP Instance UID of {other.source}, which is in the directory"
    )
    return NotIndexed(instance.source, reason, "contradiction")


def _new_uid() -> str:
    """Return a new File-set UID (PS3.5 B.2): a random UUID as a number."""
    number = int.from_bytes(os.urandom(16), "big")
    number = number & ~(0xF << 76) | 4 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    return f"2.25.{number}"
