"""Whose images are on a medium: what an operator must know before it is handed to anybody."""

from collections.abc import Iterator, Sequence
from typing import Any

from jacket.drafting import Draft
from jacket.known_words import known_words
from profiles.identity_doubts import Doubt
from profiles.order import head_count
from profiles.plan import Plan
from reporting import CannotWrite

LOOK = "find out whose they are, and choose one patient's studies with --study UID"


class DoubtfulPatient(CannotWrite):
    """Files disagree about whose they are; on a disc that cannot be taken back."""

    in_short = "it is not certain whose images these are"  # naming no file, as records name none


def refuse_doubts(doubts: Sequence[Doubt], target: str) -> None:
    """See that nobody doubts whose the images are.

    Args:
        doubts: on them.
        target: that is not written.

    Raises:
        DoubtfulPatient: there are some; its details name the files.
    """
    if not doubts:
        return
    more = f" (and {len(doubts) - 1:,} more; --dry-run tells all)" if len(doubts) > 1 else ""
    error = DoubtfulPatient(
        f"{DoubtfulPatient.in_short}: {doubts[0]}{more}",
        target,
        f"Nothing was written: {LOOK}, or correct the files. Where somebody has looked, say "
        "--identity-checked",
    )
    error.details = {"doubts": plain_doubts(doubts)}
    raise error


def plain_doubts(doubts: Sequence[Doubt]) -> list[dict[str, Any]]:
    """Return doubts for JSON."""
    return [doubt._asdict() for doubt in doubts]


def about_patients(decided: Plan, drafts: Sequence[Draft], label: str) -> tuple[str, ...]:
    """Return remarks on whose the instances are; they are told before all others.

    Args:
        decided: what is, or would be, on the medium or the volumes.
        drafts: the volumes.
        label: that the operator chose; "" where it tells the time alone.
    """
    told = dict.fromkeys(remark for draft in drafts for remark in draft.layout.about_patients)
    return (*_several(decided, len(drafts)), *_in_label(decided, label), *told)


def _several(decided: Plan, volumes: int) -> Iterator[str]:
    patients = head_count(item.instance for item in decided.instances).patients
    where = "IT" if volumes == 1 else f"THE {volumes} VOLUMES TOGETHER"
    if patients > 1:
        yield (
            f"{patients:,} PATIENTS ARE ON {where}: a medium for one of them is made with "
            "--patient ID"
        )


def _in_label(decided: Plan, label: str) -> Iterator[str]:
    if not label:
        return
    # Words of a label stand between underscores: FRAN is in FRANCE and says nothing of anybody.
    words = {label.casefold(), *label.casefold().split("_")}
    if any(
        not words.isdisjoint(known_words(keys))
        for keys in {item.instance.patient for item in decided.instances}
    ):
        yield (
            "THE LABEL TELLS WHO THE PATIENT IS, and everybody can read it: choose another one "
            "(--label)"
        )
