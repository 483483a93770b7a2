"""What the job "make a medium" is asked for, and what it made."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from dicomdir.instance import KINDS, NotIndexed
from dicomdir.tidy_keys import MALFORMED_UID
from profiles.identity_doubts import Doubt
from profiles.judge import broken_frames
from profiles.order import NOBODY, HeadCount, head_count
from profiles.plan import Action, PlannedInstance


@dataclass(frozen=True, slots=True)
class Selection:
    """What of the sources goes on the medium; empty filters let everything through."""

    patients: Collection[str] = ()
    studies: Collection[str] = ()
    series: Collection[str] = ()
    accessions: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class AuthoredVolume:
    """A volume that was made, or that a dry run planned."""

    number: int  # from 1
    path: str
    size: int  # bytes
    label: str
    instances: int
    sha256: str | None = None  # of the file; None for a folder, and after a dry run
    file_set_uid: str = ""  # "" after a dry run
    on_medium: int | None = None  # bytes that a folder takes of its medium; None: *size*
    heads: HeadCount = NOBODY  # whose instances these are: a person for each Patient ID

    def plain(self) -> dict[str, object]:
        """Return it as the contract of the command line has it."""
        return {
            "path": self.path,
            "bytes": self.size,
            "sha256": self.sha256,
            "file_set_uid": self.file_set_uid,
            "label": self.label,
            "instances": self.instances,
            **self.heads._asdict(),
        } | ({} if self.on_medium is None else {"bytes_on_medium": self.on_medium})

    def planned(self) -> dict[str, object]:
        """Return what a dry run tells of it."""
        told: dict[str, object] = {
            "path": self.path,
            "label": self.label,
            "instances": self.instances,
            **self.heads._asdict(),
            "estimated_bytes": self.size,
        }
        return told | ({} if self.on_medium is None else {"bytes_on_medium": self.on_medium})


@dataclass(frozen=True, slots=True)
class Authored:
    """What a job made, and every source that is not on the medium with its reason."""

    profile: str
    volumes: tuple[AuthoredVolume, ...]  # made in this run; after a dry run those planned
    dry_run: bool
    label: str
    exact: bool  # whether the sizes of a dry run are those that a real run has
    planned: tuple[PlannedInstance, ...]  # of all volumes, made in this run or not
    left_out: tuple[NotIndexed, ...]
    remarks: tuple[str, ...]
    clock: datetime  # the same clock, sources and words make the same bytes again
    of: int = 1  # how many volumes the set has
    medium: str = ""  # what the profile is for, as PS3.11 calls it
    why_profile: str = ""  # why "auto" chose it
    not_selected: int = 0  # instances that were found and not asked for
    icons: int = 0  # records that have, or would get, an icon
    next_step: str = ""  # what is left to do until it is a medium of the profile
    opened_with: tuple[str, ...] = ()  # words of a command that is to open what is encrypted
    password_slip: str = ""  # where the sheet with the password is
    password: str | None = field(default=None, repr=False)  # where the operator asked for it
    set_id: str = ""  # what a set of several volumes is known by
    doubts: tuple[Doubt, ...] = ()  # whose the instances are
    about_patients: tuple[str, ...] = ()  # what else is to be known of whose they are

    @property
    def size(self) -> int:
        """Bytes of the volumes; after a dry run as far as it can be told."""
        return sum(volume.size for volume in self.volumes)

    @property
    def belongs_to(self) -> HeadCount:
        """How many patients (one for each Patient ID) and studies are on all volumes together."""
        return head_count(item.instance for item in self.planned)

    @property
    def lost(self) -> tuple[NotIndexed, ...]:
        """What was left out though it may matter to the patient (duplicates do not)."""
        return tuple(item for item in self.left_out if KINDS[item.kind])

    @property
    def flaws(self) -> tuple[str, ...]:
        """What keeps the medium from being compliant though everything was done right."""
        uids = [remark for remark in self.remarks if MALFORMED_UID in remark]
        frames: dict[str, list[str]] = {}
        for item in self.planned:
            what = "" if item.rewritten else broken_frames(item.instance)
            if what:
                frames.setdefault(what, []).append(item.instance.source)
        streams = [
            f"{len(where):,} copied as they are, {where[0]} among them: {what}"
            for what, where in frames.items()
        ]
        return (*uids, *streams)

    @property
    def clean(self) -> bool:
        """Whether nothing that may matter was left out and the medium is as it should be.

        A medium of which nobody knows whose it is, is not.
        """
        return not self.lost and not self.flaws and not self.doubts

    def count(self, action: Action) -> int:
        """Return how many instances came on the medium by *action*."""
        return sum(item.action is action for item in self.planned)

    @property
    def transcoded_to(self) -> dict[str, int]:
        """How many instances were brought to which transfer syntax, by UID."""
        counts = Counter(item.target_syntax for item in self.planned if item.target_syntax)
        return dict(counts.most_common())
