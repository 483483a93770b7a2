"""Many profiles asked at once: which of them ask the same, and what all of them need to know.

Of the 82 profiles of PS3.11 many differ in medium and security alone: what they ask of instances
and records is asked once for all of them.
"""

from collections.abc import Sequence
from typing import Final

from dicomdir.record_types import AdditionalKey, Key, When
from profiles.application_profiles import ApplicationProfile, Composite
from profiles.check_record_keys import IMAGE_TYPE, REFERENCED_IMAGES
from profiles.check_streams import FACTS
from profiles.values import facts_for

_COPIED_WHERE_PRESENT: Final = frozenset((When.PRESENT, When.BIPLANE, When.X_RAY_ANGIOGRAPHIC))
# Of conditions on one tag the one that takes in more of the instance.
_WIDEST: Final = (When.SHARED_TOO_WITH_ITEMS, When.SHARED_TOO, When.PRESENT)


class Group:
    """Profiles that ask the same of instances and records."""

    def __init__(self, profile: ApplicationProfile) -> None:
        self.profile = profile
        self.copies_references = _copies_references(profile)
        self.asks_references = any(
            row.key.tag == REFERENCED_IMAGES for row in profile.additional_keys
        )


def _content(row: ApplicationProfile) -> tuple[object, ...]:
    """Return what of a row decides about instances and records, without its sources."""
    return (
        frozenset((a.sop_classes, a.transfer_syntaxes, a.photometrics) for a in row.allowed),
        frozenset((key.record_types, key.key) for key in row.additional_keys),
        row.icon and row.icon._replace(source=""),
        frozenset(rule._replace(source="") for rule in row.values),
    )


def _copies_references(profile: ApplicationProfile) -> bool:
    return any(
        row.key.tag == REFERENCED_IMAGES and row.key.when is When.SHARED_TOO_WITH_ITEMS
        for row in profile.additional_keys
    )


def groups_of(rows: Sequence[ApplicationProfile]) -> tuple[tuple[Group, ...], tuple[int, ...]]:
    """Return the groups, and for each row the number of its group."""
    groups: dict[tuple[object, ...], Group] = {}
    contents = [_content(row) for row in rows]
    for row, content in zip(rows, contents, strict=True):
        groups.setdefault(content, Group(row))
    numbers = {content: number for number, content in enumerate(groups)}
    return tuple(groups.values()), tuple(numbers[content] for content in contents)


def wanted_facts(rows: Sequence[ApplicationProfile]) -> tuple[tuple[int, bytes], ...]:
    """Return what `Instance.facts` must hold for the checks of all rows."""
    wanted = dict(facts_for(rows))
    wanted.update(FACTS)
    for row in rows:
        if any(key.key.when is When.BIPLANE for key in row.additional_keys):
            wanted[IMAGE_TYPE] = b"CS"
    wanted.update(two_ways(rows))
    return tuple(sorted(wanted.items()))


def widest_keys(rows: Sequence[ApplicationProfile]) -> tuple[AdditionalKey, ...]:
    """Return the keys of all rows, those last that take in most: of equals the last one counts."""
    keys = {
        (key.record_types, key.key): key for row in rows for key in row.additional_keys
    }.values()
    return tuple(sorted(keys, key=lambda key: -_width(key.key)))


def _width(key: Key) -> int:
    return _WIDEST.index(key.when) if key.when in _WIDEST else len(_WIDEST)


def two_ways(rows: Sequence[ApplicationProfile]) -> dict[int, bytes]:
    """Return tag → VR of keys that some rows take from the top level alone and others not.

    Only rows for any SOP Class count: the others take no objects with functional groups.
    """
    whens: dict[int, set[bool]] = {}
    vrs: dict[int, bytes] = {}
    for row in rows:
        if not any(isinstance(allowed.sop_classes, Composite) for allowed in row.allowed):
            continue
        for _, (tag, vr, type_, when), _ in row.additional_keys:
            if type_ == "1C":
                whens.setdefault(tag, set()).add(when in _COPIED_WHERE_PRESENT)
                vrs[tag] = vr
    return {tag: vrs[tag] for tag, found in whens.items() if len(found) > 1}
