"""What comes into a File-set that is there: which files, which not and why, and their bytes."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from dicomdir.build import separate_patients
from dicomdir.elements import BadEncoding, iterate_elements
from dicomdir.instance import NOT_WELL_FORMED, Instance, NotIndexed
from dicomdir.scan import Scanned
from media.source import FileRange, Name, NamedSource
from profiles.homes import separate_homes
from profiles.order import SOURCE, Places, in_reading_order
from profiles.rehead import rehead

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)  # digests do not depend on it

# How reasons begin that tell of what is on the medium.
ALREADY: Final = "on the medium already"
OTHER_SYNTAX: Final = "is there already, in another transfer syntax"
# By these an image in another transfer syntax is known again.
_SIZE: Final = ((0x00280010, b"US"), (0x00280011, b"US"))  # Rows, Columns

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
    on_medium = {instance.sop_instance_uid: instance for instance in there}
    first: dict[str, Instance] = {}
    kept = []
    for instance in instances:
        uid = instance.sop_instance_uid
        if uid in on_medium:
            other = on_medium[uid]
            same = is_same(instance, other)
            left_out.append(_there_already(instance, other) if same else _rival(instance, other))
        elif first.setdefault(uid, instance) is instance:
            kept.append(instance)
        else:
            left_out.append(_twin(instance, first[uid], same=is_same(instance, first[uid])))
    return kept


def _there_already(instance: Instance, other: Instance) -> NotIndexed:
    return NotIndexed(instance.source, f"{ALREADY}, as {other.source}", "duplicate")


def _rival(instance: Instance, other: Instance) -> NotIndexed:
    """Return why a file stays out whose UID another file of the medium has."""
    remedy = f"to replace it say --remove {instance.sop_instance_uid} as well"
    if _is_another_encoding(instance, other):
        reason = f"{OTHER_SYNTAX}, as {other.source}; {remedy}"
        return NotIndexed(instance.source, reason, "not-allowed")
    reason = f"another object with the SOP Instance UID of {other.source}; {remedy}"
    return NotIndexed(instance.source, reason, "contradiction")


def _is_another_encoding(one: Instance, other: Instance) -> bool:
    """Return whether two files with one UID seem to be one image in two transfer syntaxes."""
    if one.transfer_syntax_uid == other.transfer_syntax_uid:
        return False
    places = Places()
    sizes = _size(one), _size(other)
    return all(sizes) and sizes[0] == sizes[1] and places.of(one) == places.of(other)


def _size(instance: Instance) -> bytes:
    """Return the elements of Rows and Columns; none where one is not there."""
    try:
        found = [
            instance.facts[head:end]
            for tag, _, head, _, end in iterate_elements(instance.facts)
            if (tag, b"US") in _SIZE
        ]
    except BadEncoding:
        return b""
    return b"".join(found) if len(found) == len(_SIZE) else b""


def _twin(instance: Instance, other: Instance, *, same: bool) -> NotIndexed:
    if same:
        return NotIndexed(instance.source, f"the same object as {other.source}", "duplicate")
    reason = f"another object with the SOP Instance UID of {other.source}"
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
