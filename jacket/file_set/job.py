"""An update of a File-set: what is asked, what is planned, and what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dicomdir.instance import KINDS, Instance, NotIndexed
from profiles.order import NOBODY, HeadCount
from reporting import CannotRead, Progress, WrongUsage

if TYPE_CHECKING:
    from profiles.application_profiles import ApplicationProfile

FileID = tuple[str, ...]


class Unwanted(NamedTuple):
    """What the operator wants to be gone."""

    uids: frozenset[str] = frozenset()  # of studies, series or SOP instances
    patients: frozenset[str] = frozenset()  # Patient IDs

    def refuse_empty(self) -> None:
        """Raise WrongUsage where a word is empty, which would match whatever has no number."""
        for option, values in (("--remove", self.uids), ("--remove-patient", self.patients)):
            if "" in values:
                raise WrongUsage("is empty", option, "Say which one; `jacket ls` shows them")


class Request(NamedTuple):
    """What the operator wants, checked."""

    row: "ApplicationProfile | None"
    icons: bool | None
    label: str | None
    prune: bool
    anew: bool
    add: tuple[str | Path, ...]
    remove: Unwanted
    jobs: int | None
    progress: Progress


class Indexed(NamedTuple):
    """What became of a DICOMDIR and its files; after a dry run, what would."""

    path: str  # of the DICOMDIR; of the image that it lies in
    kind: str  # "folder", or the file system as `media.Medium.kind` has it
    created: bool
    changed: bool  # False: it was right already and was not written
    file_set_uid: str
    instances: int  # in the directory now
    added: int  # new records
    removed: tuple[FileID, ...]  # whose records were dropped
    missing: tuple[FileID, ...]  # named by the directory, not there, and kept
    added_files: tuple[FileID, ...]  # that came onto the medium
    removed_files: tuple[FileID, ...]  # that were taken off it
    left_out: tuple[NotIndexed, ...]
    remarks: tuple[str, ...]
    flaws: tuple[str, ...] = ()  # what is missing of the medium itself
    doubts: tuple[str, ...] = ()  # where files disagree about whose they are
    not_yet: str = ""  # what keeps it from being a medium of the profile
    dry_run: bool = False
    heads: HeadCount = NOBODY  # whose instances the directory names: a person for each Patient ID

    @property
    def lost(self) -> tuple[NotIndexed, ...]:
        """What is not in the directory though it may matter to the patient."""
        return tuple(item for item in self.left_out if KINDS[item.kind])


class Planned(NamedTuple):
    """What is to be written, and what is told of it afterwards."""

    path: Path
    done: Indexed
    add: tuple[tuple[FileID, Instance], ...]
    remove: tuple[FileID, ...]
    last: tuple[tuple[FileID, bytes], ...]  # the DICOMDIR is the last of them
    digests: Mapping[FileID, str]  # of what is added, as far as they were asked for
    volume_label: str | None  # a new one; None: it stays


class NothingToIndex(CannotRead):
    """No file of the File-set can be named by a directory."""

    left_out: tuple[NotIndexed, ...] = ()
