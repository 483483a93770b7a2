"""Decides what goes on the medium, how, and what stays off and why. Pure: same input, same plan."""

from collections.abc import Callable, Iterable

from dicomdir.build import separate_patients
from dicomdir.instance import Instance, NotIndexed
from profiles.application_profiles import ApplicationProfile
from profiles.homes import separate_homes
from profiles.judge import Judge
from profiles.order import SOURCE, in_reading_order
from profiles.plan import AUTO, Plan, Policy
from profiles.wishes import told, why_profile_cannot

SameBytes = Callable[[str, str], bool]  # two sources: do they hold the same bytes?


def plan(
    instances: Iterable[Instance],
    not_indexed: Iterable[NotIndexed],
    profile: ApplicationProfile,
    *,
    decoders: frozenset[str],
    same_bytes: SameBytes,
    policy: Policy = AUTO,
) -> Plan:
    """Return what is written, in the order of the medium, and what is left out.

    Args:
        instances: what the scan found, in any order.
        not_indexed: what it could not take in; it opens the list of what is left out.
        profile: that the medium shall conform to.
        decoders: transfer syntaxes whose frames can be decoded here.
        same_bytes: compares two sources of equal size; asked only for instances with one UID.
        policy: how far objects may be changed.
    """
    left_out = list(not_indexed)
    judge = Judge(profile, decoders, policy)
    wanted = []
    for instance in sorted(instances, key=SOURCE):
        reason = judge.why_not(instance)
        if reason is None:
            wanted.append(instance)
        else:
            left_out.append(NotIndexed(instance.source, *reason))
    kept = without_contradictions(wanted, same_bytes, left_out)
    planned = tuple(map(judge.planned, in_reading_order(kept)))
    remarks = (*_remarks(kept), *_wishes(kept, judge, profile, policy))
    return Plan(profile.identifier, planned, tuple(left_out), remarks)


def without_contradictions(
    instances: Iterable[Instance], same_bytes: SameBytes, left_out: list[NotIndexed]
) -> list[Instance]:
    """Return what can be on one medium together; the others are added to *left_out*.

    Args:
        instances: in the order in which the first of several that contradict each other wins.
        same_bytes: compares two sources of equal size.
        left_out: takes in duplicates, other objects with one UID, and mixed up patients.
    """
    unique = _without_twins(instances, same_bytes, left_out)
    kept, strangers = separate_patients(unique)
    kept, homeless = separate_homes(kept)
    left_out += (*strangers, *homeless)
    return list(kept)


def _wishes(
    kept: Iterable[Instance], judge: Judge, profile: ApplicationProfile, policy: Policy
) -> tuple[str, ...]:
    """Return what of the operator's wish to compress is not fulfilled, and why."""
    lacking = why_profile_cannot(profile, policy.transcode)
    if lacking:
        return (lacking,)
    return told(judge.verdict(instance).not_compressed for instance in kept)


def _without_twins(
    instances: Iterable[Instance], same_bytes: SameBytes, left_out: list[NotIndexed]
) -> list[Instance]:
    """Return one instance per SOP Instance UID: the first (PS3.10 6.2, a UID names one object)."""
    first: dict[str, Instance] = {}
    for instance in instances:
        other = first.setdefault(instance.sop_instance_uid, instance)
        if other is not instance:
            left_out.append(_twin(instance, other, same_bytes))
    return list(first.values())


def _twin(instance: Instance, other: Instance, same_bytes: SameBytes) -> NotIndexed:
    if instance.size == other.size and same_bytes(instance.source, other.source):
        return NotIndexed(instance.source, f"the same bytes as {other.source}", "duplicate")
    reason = (
        f"another object with the SOP Instance UID of {other.source}, which is on the medium; "
        "only one of them can be: if both are wanted, put this one on a medium of its own"
    )
    return NotIndexed(instance.source, reason, "contradiction")


def _remarks(instances: Iterable[Instance]) -> tuple[str, ...]:
    """Return what the scan found odd in instances that are planned, each oddity once."""
    counts: dict[str, int] = {}
    example: dict[str, str] = {}
    for instance in instances:
        for remark in instance.remarks:
            counts[remark] = counts.get(remark, 0) + 1
            example.setdefault(remark, instance.source)
    return tuple(
        f"{remark} ({number} instances, {example[remark]} is the first)"
        if number > 1
        else f"{remark} ({example[remark]})"
        for remark, number in counts.items()
    )
