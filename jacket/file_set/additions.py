"""What comes into a File-set that is there: which files, which not and why, and their bytes."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from dicomdir.build import separate_patients
from dicomdir.instance import NOT_WELL_FORMED, Instance, NotIndexed
from dicomdir.scan import Scanned
from media.source import FileRange, Name, NamedSource
from profiles.homes import separate_homes
from profiles.order import SOURCE, in_reading_order
from profiles.rehead import rehead

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)  # digests do not depend on it

SameObject = Callable[[Instance, Instance], bool]


class Additions(NamedTuple):
    """What of the sources can come in, in the order of the medium, and what cannot."""

    instances: list[Instance]
    left_out: list[NotIndexed]


def additions(
    found: Scanned,
    allowed: Callable[[Iterable[Instance], list[NotIndexed]], list[Instance]],
    there: Sequence[Instance],
    is_same: SameObject,
) -> Additions:
    """Choose what of the sources comes in; what is there already has its place for certain.

    Args:
        found: what the scan of the sources found.
        allowed: returns what may stand in the directory; puts the others into the list.
        there: the instances of the medium that stay.
        is_same: compares two objects with one UID.
    """
    left_out = list(found.not_indexed)
    kept = allowed(found.instances, left_out)
    kept = [instance for instance in kept if _needs_no_more_than_a_head(instance, left_out)]
    kept = _without_twins(sorted(kept, key=SOURCE), there, is_same, left_out)
    old = set(map(id, there))
    people, strangers = separate_patients([*there, *kept])
    people, homeless = separate_homes(people)
    left_out += (*strangers, *homeless)
    return Additions(in_reading_order(i for i in people if id(i) not in old), left_out)


def _needs_no_more_than_a_head(instance: Instance, left_out: list[NotIndexed]) -> bool:
    broken = next((d for d in instance.departures if d.startswith(NOT_WELL_FORMED)), "")
    if broken:
        reason = f"{broken}; `jacket author` writes it anew: add what that makes"
        left_out.append(NotIndexed(instance.source, reason, "not-convertible"))
    return not broken


def _without_twins(
    instances: Iterable[Instance],
    there: Iterable[Instance],
    is_same: SameObject,
    left_out: list[NotIndexed],
) -> list[Instance]:
    """Return one instance per SOP Instance UID, and none of those that are there."""
    first = {instance.sop_instance_uid: instance for instance in there}
    kept = []
    for instance in instances:
        other = first.setdefault(instance.sop_instance_uid, instance)
        if other is instance:
            kept.append(instance)
        else:
            left_out.append(_twin(instance, other, same=is_same(instance, other)))
    return kept


def _twin(instance: Instance, other: Instance, *, same: bool) -> NotIndexed:
    if same:
        return NotIndexed(instance.source, f"the same object as {other.source}", "duplicate")
    reason = (
        f"another object with the SOP Instance UID of {other.source}; to replace an object of the "
        f"medium say --remove {instance.sop_instance_uid} as well"
    )
    return NotIndexed(instance.source, reason, "contradiction")


def source_of(instance: Instance, name: Name, recorded: datetime = _ANY_TIME) -> NamedSource:
    """Return the file that is written for an instance: its own bytes, or with a new head."""
    stamp = instance.stamp if instance.stamp != (0, 0) else None
    if not instance.departures:
        whole = FileRange(instance.source, 0, instance.size, instance.size, stamp)
        return NamedSource(name, (whole,), recorded)
    head, offset, length = rehead(instance)
    data_set = FileRange(instance.source, offset, length, instance.size, stamp)
    return NamedSource(name, (head, data_set), recorded)
