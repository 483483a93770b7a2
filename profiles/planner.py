"""Decides what goes on the medium, how, and what stays off and why. Pure: same input, same plan."""

from collections.abc import Callable, Iterable
from typing import Final

from dicomdir.build import separate_patients
from dicomdir.instance import NOT_WELL_FORMED, Instance, NotIndexed
from dicomdir.sop_classes import KNOWN_STORAGE, NAME_OF, RETIRED_STORAGE
from profiles.application_profiles import ApplicationProfile, Declared
from profiles.homes import separate_homes
from profiles.order import SOURCE, in_reading_order
from profiles.plan import Action, Plan, PlannedInstance
from profiles.transfer_syntaxes import (
    ALWAYS_CONVERTIBLE,
    EXPLICIT_LITTLE,
    TRANSFER_SYNTAXES,
    Kind,
    name_of_syntax,
)

SameBytes = Callable[[str, str], bool]  # two sources: do they hold the same bytes?

_STANDARD_ROOT: Final = "1.2.840.10008."
# Why a syntax that is not allowed cannot be undone, in an operator's words.
_CANNOT: Final[dict[Kind, str]] = {
    Kind.VIDEO: "video cannot be stored uncompressed",
    Kind.ELSEWHERE: "the pixel data is not in the file but on a server",
    Kind.FRAMES: "no decoder for it is at hand",
}


def plan(
    instances: Iterable[Instance],
    not_indexed: Iterable[NotIndexed],
    profile: ApplicationProfile,
    *,
    decoders: frozenset[str],
    same_bytes: SameBytes,
) -> Plan:
    """Return what is written, in the order of the medium, and what is left out.

    Args:
        instances: what the scan found, in any order.
        not_indexed: what it could not take in; it opens the list of what is left out.
        profile: that the medium shall conform to.
        decoders: transfer syntaxes whose frames can be decoded here.
        same_bytes: compares two sources of equal size; asked only for instances with one UID.
    """
    left_out = list(not_indexed)
    decide = _Decider(profile, decoders)
    wanted = []
    for instance in sorted(instances, key=SOURCE):
        reason = decide.why_not(instance)
        if reason is None:
            wanted.append(instance)
        else:
            left_out.append(NotIndexed(instance.source, *reason))
    unique = _without_twins(wanted, same_bytes, left_out)
    kept, strangers = separate_patients(unique)
    kept, homeless = separate_homes(kept)
    left_out += (*strangers, *homeless)
    planned = tuple(map(decide.planned, in_reading_order(kept)))
    return Plan(profile.identifier, planned, tuple(left_out), _remarks(kept))


class _Decider:
    """Answers per instance; remembers the answer per SOP Class and transfer syntax."""

    def __init__(self, profile: ApplicationProfile, decoders: frozenset[str]) -> None:
        self._profile = profile
        self._decoders = decoders
        self._answers: dict[tuple[str, str, bool], tuple[str, str] | None] = {}
        self._conversions: dict[tuple[str, str], str] = {}

    def why_not(self, instance: Instance) -> tuple[str, str] | None:
        """Return (reason, kind) when an instance cannot be on the medium, else None."""
        question = (
            instance.sop_class_uid,
            instance.transfer_syntax_uid,
            bool(instance.record_type),
        )
        if question not in self._answers:
            self._answers[question] = self._judge(*question)
        return self._answers[question]

    def _judge(self, sop_class: str, syntax: str, has_record: bool) -> tuple[str, str] | None:
        allowed = self._profile.allowed_syntaxes(sop_class)
        if allowed is None:
            return why_class_is_not_allowed(sop_class, self._profile.identifier), "not-allowed"
        if not has_record:
            name = NAME_OF.get(sop_class, sop_class)
            return f"no Directory Record may name a {name}, so no reader finds it", "not-allowed"
        if isinstance(allowed, Declared) or syntax in allowed:
            return None
        if EXPLICIT_LITTLE in allowed and (
            syntax in ALWAYS_CONVERTIBLE or syntax in self._decoders
        ):
            return None
        return _why_not_convertible(syntax, self._profile.identifier), "not-convertible"

    def planned(self, instance: Instance) -> PlannedInstance:
        """Return how an instance that can be on the medium comes there."""
        question = (instance.sop_class_uid, instance.transfer_syntax_uid)
        reason = self._conversions.get(question)
        if reason is None:
            reason = self._conversions[question] = self._why_convert(*question)
        if reason:
            return PlannedInstance(instance, Action.TRANSCODE, reason)
        if not instance.departures:
            return PlannedInstance(instance, Action.COPY, "")
        broken = [text for text in instance.departures if text.startswith(NOT_WELL_FORMED)]
        if broken:  # a new head would not help: the data set is written anew
            return PlannedInstance(instance, Action.TRANSCODE, broken[0])
        return PlannedInstance(instance, Action.REHEAD, ", ".join(instance.departures))

    def _why_convert(self, sop_class: str, syntax: str) -> str:
        """Return why a syntax must be converted; "" when the profile allows it."""
        allowed = self._profile.allowed_syntaxes(sop_class)
        if allowed is None or isinstance(allowed, Declared) or syntax in allowed:
            return ""
        return f"{self._profile.identifier} does not allow {name_of_syntax(syntax)}"


def why_class_is_not_allowed(sop_class: str, identifier: str) -> str:
    """Return an operator's sentence on a SOP Class that a profile has no place for."""
    if sop_class in RETIRED_STORAGE:
        name = NAME_OF.get(sop_class, sop_class)
        return (
            f"{name} is a retired SOP Class, which {identifier} excludes: export it in a "
            "current class from the system that holds it, or hand it over as a plain copy"
        )
    if sop_class in KNOWN_STORAGE:
        return f"{identifier} does not allow {NAME_OF.get(sop_class, sop_class)}"
    if not sop_class:
        return "the file does not say of which SOP Class it is"
    if sop_class.startswith(_STANDARD_ROOT):
        return f"{sop_class} is not a SOP Class that may be stored on media, or newer than this"
    return (
        f"{sop_class} is a private SOP Class, which no standard profile allows: export it in a "
        "standard class from the system that holds it, or hand it over as a plain copy"
    )


def _why_not_convertible(syntax: str, identifier: str) -> str:
    row = TRANSFER_SYNTAXES.get(syntax)
    because = _CANNOT.get(row.kind) if row is not None else "nobody but its maker can undo it"
    return f"{identifier} does not allow {name_of_syntax(syntax)}, and {because}"


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
