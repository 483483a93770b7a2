"""Whether an instance may be on a medium of a profile: class, syntax, frames, colours, values.

Pure, and decided by SOP Class, transfer syntax and facts alone: a caller may remember the
answer for all files that share these.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, iterate_elements, text
from dicomdir.instance import Instance
from dicomdir.sop_classes import KNOWN_STORAGE, NAME_OF, RETIRED_STORAGE
from profiles import rules
from profiles.application_profiles import ApplicationProfile, Ask, Composite, Declared, Traits
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, TRANSFER_SYNTAXES, Kind, name_of_syntax
from profiles.values import Breach, breaches, traits_of
from reporting import Rule

PHOTOMETRIC: Final = 0x00280004
NUMBER_OF_FRAMES: Final = 0x00280008
_STANDARD: Final = "1.2.840.10008."
_RULE_OF_ASK: Final = {
    Ask.PRESENT: rules.TYPE_2_ABSENT,
    Ask.SEPARATE_OVERLAYS: rules.OVERLAY,
    Ask.NO_OVERLAYS: rules.OVERLAY,
    Ask.REGIONS: rules.CALIBRATION,
    Ask.CALIBRATED_REGIONS: rules.CALIBRATION,
}


class Fault(NamedTuple):
    """One rule that is broken, before it is known in which file."""

    rule: Rule
    place: str = ""  # within the file or record: a tag, a frame
    message: str = ""


def fact(instance: Instance, tag: int) -> bytes | None:
    """Return the value of one of the facts, None when the file does not have it."""
    try:
        for found, _, _, value, after in iterate_elements(instance.facts):
            if found == tag:
                return instance.facts[value:after]
    except BadEncoding:
        pass  # the file is told to be damaged elsewhere
    return None


def number(value: bytes | None, missing: int = -1) -> int:
    """Return a value of IS as a number, *missing* when it is none."""
    try:
        return int(text(value or b"")[:16])
    except ValueError:
        return missing


def content_faults(profile: ApplicationProfile, instance: Instance) -> Iterator[Fault]:
    """Yield what speaks against the instance on a medium of *profile*."""
    sop_class, syntax = instance.sop_class_uid, instance.transfer_syntax_uid
    in_any_shape = profile.allowed_syntaxes(sop_class)
    if in_any_shape is None:
        yield _class_fault(profile, sop_class)
        return
    traits = traits_of(instance)
    allowed = profile.allowed_syntaxes(sop_class, traits)
    if not isinstance(allowed, Declared) and (allowed is None or syntax not in allowed):
        yield _why_not(profile, instance, traits, in_any_shape)
        return
    yield from _doubts(profile, instance, traits)
    for breach in breaches(profile, instance):
        yield Fault(rule_of(breach), "", breach.message)


def rule_of(breach: Breach) -> Rule:
    """Return the rule that a breach of a value table breaks."""
    if breach.rule.tag == PHOTOMETRIC:
        return rules.PHOTOMETRIC
    return _RULE_OF_ASK.get(breach.rule.ask, rules.VALUE)


def _class_fault(profile: ApplicationProfile, sop_class: str) -> Fault:
    name = NAME_OF.get(sop_class, sop_class or "none")
    if sop_class in RETIRED_STORAGE:
        rule = rules.RETIRED
    elif sop_class in KNOWN_STORAGE or sop_class.startswith(_STANDARD) or not sop_class:
        rule = rules.SOP_CLASS
    else:
        rule = rules.PRIVATE
    return Fault(rule, "", f"{profile.identifier}: {rule.meaning}: {name}")


def _why_not(
    profile: ApplicationProfile,
    instance: Instance,
    traits: Traits,
    in_any_shape: frozenset[str] | Declared,
) -> Fault:
    """Return which trait, or else the transfer syntax, keeps the instance out."""
    sop_class, syntax = instance.sop_class_uid, instance.transfer_syntax_uid
    name = name_of_syntax(syntax)
    if not traits.multi_frame:
        moving = profile.allowed_syntaxes(sop_class, traits._replace(multi_frame=True))
        still = profile.allowed_syntaxes(sop_class, traits)
        if isinstance(moving, frozenset) and (still is None or syntax in moving):
            message = "there is no Number of Frames (0028,0008); the profile takes multi-frame"
            return Fault(rules.MULTI_FRAME, "", f"{message} images alone here")
    colours = _photometrics(profile, sop_class, syntax)
    if colours and traits.photometric not in colours:
        is_ = traits.photometric or "absent"
        message = f"Photometric Interpretation is {is_[:16]}, {profile.identifier} wants"
        return Fault(rules.PHOTOMETRIC, "", f"{message} {' or '.join(sorted(colours))} in {name}")
    message = f"{profile.identifier} does not allow {name}"
    if isinstance(in_any_shape, frozenset) and syntax not in in_any_shape:
        wanted = ", ".join(sorted(name_of_syntax(uid) for uid in in_any_shape))
        message += f" for {NAME_OF.get(sop_class, sop_class)}; it allows only {wanted}"
    return Fault(rules.TRANSFER_SYNTAX, "", message)


def _photometrics(profile: ApplicationProfile, sop_class: str, syntax: str) -> frozenset[str]:
    """Return what the rows for this class and syntax ask for; empty: nothing in particular."""
    rows = [
        row
        for row in profile.allowed
        if isinstance(row.sop_classes, frozenset)
        and sop_class in row.sop_classes
        and isinstance(row.transfer_syntaxes, frozenset)
        and syntax in row.transfer_syntaxes
    ]
    if not all(row.photometrics for row in rows):
        return frozenset()
    return frozenset().union(*(row.photometrics for row in rows))


def _doubts(profile: ApplicationProfile, instance: Instance, traits: Traits) -> Iterator[Fault]:
    """Yield what the standard leaves open, as warnings."""
    syntax = instance.transfer_syntax_uid
    if is_video(syntax) and number(fact(instance, NUMBER_OF_FRAMES)) <= 1:
        yield Fault(rules.ONE_FRAME)
    if syntax != EXPLICIT_LITTLE:
        return
    if _takes_video(profile):
        yield Fault(rules.UNCOMPRESSED_BESIDE_VIDEO)
    if traits.photometric == "YBR_FULL_422" and _photometrics(
        profile, instance.sop_class_uid, syntax
    ):
        yield Fault(rules.UNCOMPRESSED_422)


def is_video(syntax: str) -> bool:
    """Tell whether a transfer syntax is one of video."""
    row = TRANSFER_SYNTAXES.get(syntax)
    return row is not None and row.kind is Kind.VIDEO


def _takes_video(profile: ApplicationProfile) -> bool:
    return any(
        row.sop_classes is Composite.ANY_MULTI_FRAME
        and isinstance(row.transfer_syntaxes, frozenset)
        and any(map(is_video, row.transfer_syntaxes))
        for row in profile.allowed
    )
