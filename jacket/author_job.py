"""The job "make a medium" once it is checked: what it needs, and whether that fits."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dicomdir.index import Indexer
from jacket.authored import Authored
from jacket.drafting import Draft, Drafter
from jacket.layout import Icons
from jacket.mail_seal import MailSeal
from jacket.protection import Protection
from jacket.split import drafts_of
from jacket.writing import Form
from profiles.application_profiles import ApplicationProfile
from profiles.choose_syntax import LOSSY_COMPRESSION
from profiles.identity_doubts import IDENTITY_FACTS, Doubt
from profiles.plan import Plan, Policy
from profiles.values import facts_for
from reporting import CannotWrite, Progress


@dataclass(frozen=True, slots=True)
class AuthorJob:
    """What was asked for, checked."""

    row: ApplicationProfile
    form: Form
    target: Path
    label: str
    clock: datetime
    policy: Policy
    icons: Icons | None
    no_icons: bool  # the operator said that there shall be none
    capacity: int | None  # bytes of a medium
    split: bool
    numbers: Collection[int]  # of the volumes to make; empty: all
    jobs: int | None
    progress: Progress
    why_profile: str
    medium: str | None  # as the operator said it
    protection: Protection | None  # of the files; None: everybody can read them
    seal: MailSeal | None  # of the mail that carries them
    is_device: bool  # what was begun there cannot be taken back
    announce: Callable[[Authored], None] | None
    own_label: str  # that the operator chose; "": none
    of_set: str  # that the volumes are to be of; "": nobody said
    not_selected: int = 0  # instances that were found and not asked for
    doubts: tuple[Doubt, ...] = ()  # whose the selected ones are

    @property
    def indexer(self) -> Indexer:
        facts = dict((*facts_for([self.row]), *IDENTITY_FACTS, LOSSY_COMPRESSION))
        if self.split:
            from jacket.volume_index import FACTS

            facts |= dict(FACTS)
        return Indexer(self.row.additional_keys, facts.items())

    def drafter(self, files: Mapping[str, str], *, icons_to_come: bool = False) -> Drafter:
        return Drafter(
            self.form,
            self.row,
            self.target,
            self.label,
            self.clock,
            files,
            self.protection,
            self.icons if icons_to_come else None,
        )

    def drafts(self, drafter: Drafter, decided: Plan) -> list[Draft]:
        if not self.split or self.capacity is None:
            return [drafter.one(decided)]
        return drafts_of(drafter, decided, self.capacity)


def refuse_early(job: AuthorJob, decided: Plan) -> None:
    """See before hours of converting that what is copied alone is not too much already."""
    copied = tuple(item for item in decided.instances if not item.rewritten)
    if not copied:
        return
    drafts = job.drafts(job.drafter({}), decided._replace(instances=copied))
    too_much = _too_much(job, drafts)
    if too_much is not None:
        whole = job.drafter({}, icons_to_come=True).one(decided).volume.measured.on_medium
        words = f"at least {too_much:,} bytes, about {whole:,} after conversion,"
        raise _does_not_fit(job, whole, words)


def refuse_too_much(job: AuthorJob, drafts: Sequence[Draft], about: str = "") -> None:
    too_much = _too_much(job, drafts)
    if too_much is not None:
        raise _does_not_fit(job, too_much, f"{about}{too_much:,} bytes")


def _too_much(job: AuthorJob, drafts: Sequence[Draft]) -> int | None:
    """Return what the first volume takes that is larger than a medium; None when all fit."""
    for draft in drafts:
        measured = draft.volume.measured
        # What is no image and not measured exactly may become smaller; it is refused as it grows.
        if job.capacity is not None and measured.on_medium > job.capacity and measured.exact:
            return measured.on_medium
    return None


def _does_not_fit(job: AuthorJob, needed: int, words: str) -> CannotWrite:
    error = CannotWrite(
        f"would need {words} where the medium has {job.capacity:,}",
        str(job.target),
        "Select fewer studies for one medium, or say --split",
    )
    error.details = {"needed_bytes": needed, "capacity_bytes": job.capacity}
    return error
