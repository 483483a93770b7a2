"""Which general purpose profiles a File-set kept to, and no longer does with what is added.

A medium does not tell its profile. Who adds to one without naming it should know all the same when
the medium may no longer be called what it could be called before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from dicomdir.instance import Instance
from jacket.console import amount
from profiles.application_profiles import FILE_SYSTEMS, Medium, Security
from profiles.judge import Judge
from profiles.profile_table import PROFILES
from profiles.transfer_syntaxes import DECODABLE

if TYPE_CHECKING:
    from profiles.application_profiles import ApplicationProfile

_GENERAL: Final = "STD-GEN-"  # how the identifiers of PS3.11 D, G, H, J, L, M and N begin


def no_longer_kept(
    kind: str, there: Sequence[Instance], new: Sequence[Instance]
) -> tuple[str, ...]:
    """Tell of each kind of media the profile that is lost when none is left for it.

    Objects alone are judged, with the keys that their records have: what else speaks against a
    profile is what `jacket verify` finds.

    Args:
        kind: of the File-set, as `media.Medium.kind` has it.
        there: the instances that stay, with the facts of `profiles.values.ALWAYS`.
        new: those that come in.
    """
    if not there or not new or any(instance.departures for instance in there):
        return ()
    lost: dict[Medium, tuple[Judge, str]] = {}
    kept: set[Medium] = set()
    for row in _general(kind):
        judge = Judge(row, DECODABLE, in_place=True)
        if row.medium in kept or any(map(judge.why_not, there)):
            continue
        if any(map(judge.why_not, new)):
            lost.setdefault(row.medium, (judge, row.identifier))
        else:
            kept.add(row.medium)
    judges = [found for medium, found in lost.items() if medium not in kept]
    return (_told(judges, new),) if judges else ()


def _general(kind: str) -> "list[ApplicationProfile]":
    return [
        row
        for row in PROFILES.values()
        if row.identifier.startswith(_GENERAL)
        and row.security is Security.NONE
        and (kind == "folder" or kind in FILE_SYSTEMS[row.file_system])
    ]


def _told(lost: Sequence[tuple[Judge, str]], new: Sequence[Instance]) -> str:
    (judge, _), *_ = lost
    against = [(instance, why[0]) for instance in new if (why := judge.why_not(instance))]
    (first, reason), *others = against
    source = f"{first.source} and {amount(len(others), 'other')}" if others else first.source
    *before, last = (identifier for _, identifier in lost)
    names = f"{', '.join(before)} and {last}" if before else last
    return f"until now what is here kept to {names}, and with {source} no longer does: {reason}"
