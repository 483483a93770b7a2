"""Which profile suits what is to go on a medium: a ranking with reasons. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dicomdir.instance import Instance
from profiles.application_profiles import ApplicationProfile, Composite, Medium, Security
from profiles.estimate import size_after
from profiles.judge import Judge, Verdict
from profiles.plan import AUTO, Policy

_Alike = tuple[str, str, str, bytes]  # what a verdict depends on
_Group = list[Instance]  # those that a profile judges alike


class Proposal(NamedTuple):
    """One profile held against everything that is to go on a medium."""

    profile: ApplicationProfile
    fitting: int  # instances that can be on such a medium
    lost: int  # instances that would be left out
    changed: int  # of the fitting ones: converted or completed
    unmet: int  # of the fitting ones: not compressed though that was wished for
    bytes: int  # about how much room the fitting ones need
    too_large: bool  # they need more than such a medium holds
    reason: str  # a sentence for the operator


def propose(
    instances: Iterable[Instance],
    rows: Iterable[ApplicationProfile],
    media: Sequence[Medium],
    *,
    decoders: frozenset[str],
    policy: Policy = AUTO,
    capacities: Mapping[Medium, int] | None = None,
) -> tuple[Proposal, ...]:
    """Return the profiles for some media, the best first.

    The profile that leaves out least comes first, where what a medium cannot hold counts as left
    out; then the medium that is named first; then the profile that fulfils the wish to compress;
    then the one that changes least; then one for all kinds of objects before one for a few.

    Args:
        instances: what shall go on the medium, with the keys and facts of all *rows*.
        rows: profiles to choose from; those with security are not proposed, because somebody has
            to name the recipients.
        media: that come into question, the preferred one first.
        decoders: transfer syntaxes whose frames can be decoded here.
        policy: how far objects may be changed.
        capacities: bytes that a medium holds; one that is not named holds anything.
    """
    groups = _groups(instances)
    limits = capacities or {}
    ranked = []
    for number, row in enumerate(rows):
        if row.medium not in media or row.security is not Security.NONE:
            continue
        found = _proposal(row, groups, Judge(row, decoders, policy), limits.get(row.medium))
        special = all(not isinstance(a.sop_classes, Composite) for a in row.allowed)
        # What does not fit on the medium is as good as lost.
        lost = found.lost + (found.fitting if found.too_large else 0)
        order = media.index(row.medium)
        rank = (lost, found.lost, order, found.unmet, found.changed, special)
        ranked.append((rank, number, found))
    ranked.sort(key=lambda entry: entry[:2])
    return tuple(found for _, _, found in ranked)


def _groups(instances: Iterable[Instance]) -> list[_Group]:
    groups: dict[_Alike, _Group] = defaultdict(list)
    for instance in instances:
        alike = (
            instance.sop_class_uid,
            instance.transfer_syntax_uid,
            instance.record_type,
            instance.facts,
        )
        groups[alike].append(instance)
    return list(groups.values())


def _proposal(
    row: ApplicationProfile, groups: Iterable[_Group], judge: Judge, capacity: int | None
) -> Proposal:
    fitting = changed = unmet = room = 0
    why: Counter[str] = Counter()
    for group in groups:
        verdict = judge.verdict(group[0])
        if verdict.why_not is not None:
            why[verdict.why_not[0]] += len(group)
            continue
        missing = Counter(filter(None, (_refusal(instance, judge) for instance in group)))
        why += missing
        number = len(group) - missing.total()
        fitting += number
        changed += number if verdict.reason else _written_anew(group, judge)
        unmet += number * bool(verdict.not_compressed)
        room += _room(group, verdict) * number // len(group)
    too_large = capacity is not None and room > capacity
    reason = _reason(fitting, changed, unmet, why)
    return Proposal(row, fitting, why.total(), changed, unmet, room, too_large, reason)


def _refusal(instance: Instance, judge: Judge) -> str:
    """Return why one of a group that may be on the medium cannot; "" mostly."""
    if not instance.departures:
        return judge.missing_key(instance)
    refused = judge.why_not(instance)
    return refused[0] if refused is not None else ""


def _written_anew(group: _Group, judge: Judge) -> int:
    """Return how many are rewritten although the profile asks for nothing else: malformed ones."""
    return sum(
        judge.planned(instance).rewritten
        for instance in group
        if instance.departures and judge.why_not(instance) is None
    )


def _room(group: _Group, verdict: Verdict) -> int:
    """Return about how many bytes the instances of a group will have."""
    first = group[0]
    size = sum(instance.size for instance in group)
    if not verdict.target:
        return size
    after = size_after(
        size // len(group),
        first.transfer_syntax_uid,
        first.facts,
        verdict.target,
        lossy=verdict.lossy,
    )
    return after * len(group)


def _reason(fitting: int, changed: int, unmet: int, why: Counter[str]) -> str:
    how = _how(fitting, changed)
    if unmet:
        how += ", not compressed" if fitting == 1 else f", {unmet:,} not compressed"
    if not why:
        takes = "the one instance" if fitting == 1 else f"all {fitting:,} instances"
        return f"takes {takes}, {how}"
    every = fitting + why.total()
    ((commonest, _),) = why.most_common(1)
    # What to do about it is told where the file itself is named.
    cause = commonest.partition(": ")[0]
    if not fitting:
        lost = "the one instance" if every == 1 else f"all {every:,} instances"
        return f"leaves out {lost} ({cause})"
    others = "takes the other one" if fitting == 1 else f"takes the other {fitting:,}"
    return f"leaves out {why.total():,} of {every:,} instances ({cause}) and {others}, {how}"


def _how(fitting: int, changed: int) -> str:
    if not changed:
        return "unchanged" if fitting == 1 else "none is changed"
    if fitting == 1:
        return "converted or completed"
    return f"{'all' if changed == fitting else f'{changed:,}'} converted or completed"
