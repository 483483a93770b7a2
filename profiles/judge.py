"""One instance held against a profile: as it is, changed, or not at all. Pure, and quick.

Planner, proposals and the directory in place ask the same judge, so that they never disagree.
"""

from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, encode_element, name_of, text, values_by_tag
from dicomdir.instance import NOT_WELL_FORMED, Instance
from dicomdir.record_types import RECORD_TYPES, When
from dicomdir.sop_classes import KNOWN_STORAGE, NAME_OF, RETIRED_STORAGE
from profiles.application_profiles import ApplicationProfile, Composite, Traits
from profiles.choose_syntax import (
    DECLARED,
    READABLE_FIRST,
    Choice,
    Image,
    choose_syntax,
    facts_after,
    image_of,
    why_not_compressed,
)
from profiles.encodable import why_not_encodable
from profiles.plan import AUTO, Action, PlannedInstance, Policy, Transcode
from profiles.transfer_syntaxes import EXPLICIT_LITTLE
from profiles.values import Breach, breaches, traits_of

_STANDARD_ROOT: Final = "1.2.840.10008."
# Begins the departure of a file whose compressed frames are not what their syntax promises.
BROKEN_FRAMES: Final = "its compressed frames are not as the standard wants them"
_NEVER: Final = "and --transcode never forbids to change it"
# Verdicts remembered: a medium of a million different headers must not fill memory.
_MOST: Final = 8192
_IMAGE_TYPE: Final = 0x00080008
_XA: Final = "1.2.840.10008.5.1.4.1.1.12.1"


class Verdict(NamedTuple):
    """What can become of all instances that are alike in class, syntax, record and facts."""

    why_not: tuple[str, str] | None  # reason and kind (`dicomdir.instance.KINDS`), or None
    target: str = ""  # transfer syntax to bring it to; "": it keeps its own
    reason: str = ""  # why it cannot stay as it is
    added: tuple[tuple[int, bytes], ...] = ()
    lossy: bool = False
    not_compressed: str = ""  # why it is not, though the operator asked for it


class Judge:
    """Answers per instance; remembers the answer for all that are alike."""

    def __init__(
        self,
        profile: ApplicationProfile,
        decoders: frozenset[str],
        policy: Policy = AUTO,
        *,
        in_place: bool = False,
    ) -> None:
        """Prepare for a profile.

        Args:
            profile: that the medium shall conform to.
            decoders: transfer syntaxes whose frames can be decoded here.
            policy: how far objects may be changed.
            in_place: the files stay as they are whatever is wrong with them.
        """
        self._profile = profile
        self._decoders = decoders
        self._policy = policy
        self._never = in_place or policy.transcode is Transcode.NEVER
        self._in_place = in_place
        self._verdicts: dict[tuple[str, str, str, bytes], Verdict] = {}
        self._wanted_keys: dict[str, tuple[tuple[int, bytes, bytes], ...]] = {}
        self._has_conditions = any(
            row.key.when in (When.BIPLANE, When.X_RAY_ANGIOGRAPHIC)
            for row in profile.additional_keys
        )

    def verdict(self, instance: Instance) -> Verdict:
        """Return what can become of an instance, its head and its keys aside."""
        question = (
            instance.sop_class_uid,
            instance.transfer_syntax_uid,
            instance.record_type,
            instance.facts,
        )
        found = self._verdicts.get(question)
        if found is None:
            if len(self._verdicts) >= _MOST:
                self._verdicts.clear()
            found = self._verdicts[question] = self._judged(instance)
        return found

    def why_not(self, instance: Instance) -> tuple[str, str] | None:
        """Return (reason, kind) when an instance cannot be on the medium, else None."""
        verdict = self.verdict(instance)
        if verdict.why_not is not None:
            return verdict.why_not
        missing = self.missing_key(instance)
        if missing:
            return missing, "not-allowed"
        if self._never and not self._in_place and _broken(instance):
            return f"{_broken(instance)}, {_NEVER}", "not-convertible"
        return None

    def planned(self, instance: Instance) -> PlannedInstance:
        """Return how an instance that can be on the medium comes there."""
        verdict = self.verdict(instance)
        if verdict.target:
            reason, target = verdict.reason, verdict.target
            return PlannedInstance(
                instance, Action.TRANSCODE, reason, target, verdict.added, verdict.lossy
            )
        broken = _broken(instance)
        if broken:  # a new head would not help: the data set is written anew
            target = self._anew(instance)
            return PlannedInstance(instance, Action.TRANSCODE, broken, target, verdict.added)
        frames = broken_frames(instance)
        target = self._other_syntax(instance) if frames and not self._never else ""
        if target:
            return PlannedInstance(instance, Action.TRANSCODE, frames, target, verdict.added)
        if verdict.added:
            return PlannedInstance(instance, Action.COMPLETE, verdict.reason, added=verdict.added)
        return as_it_is(instance)

    def _other_syntax(self, instance: Instance) -> str:
        """Return a syntax for frames that can be decoded though they are not as they should be."""
        if instance.transfer_syntax_uid not in self._decoders:
            return ""
        allowed = self._profile.allowed_syntaxes(instance.sop_class_uid, traits_of(instance))
        syntaxes = allowed if isinstance(allowed, frozenset) else DECLARED
        return next(
            (
                syntax
                for syntax in READABLE_FIRST
                if syntax in syntaxes
                and syntax != instance.transfer_syntax_uid
                and not why_not_encodable(syntax, instance.facts)
            ),
            "",
        )

    def _anew(self, instance: Instance) -> str:
        """Return the syntax in which a data set that is not well formed is written."""
        allowed = self._profile.allowed_syntaxes(instance.sop_class_uid, traits_of(instance))
        if isinstance(allowed, frozenset) and EXPLICIT_LITTLE not in allowed:
            return instance.transfer_syntax_uid
        return EXPLICIT_LITTLE

    def _judged(self, instance: Instance) -> Verdict:
        sop_class, identifier = instance.sop_class_uid, self._profile.identifier
        if self._profile.allowed_syntaxes(sop_class) is None:
            return Verdict((why_class_is_not_allowed(sop_class, identifier), "not-allowed"))
        if not instance.record_type:
            name = NAME_OF.get(sop_class, sop_class)
            reason = f"no Directory Record may name a {name}, so no reader finds it"
            return Verdict((reason, "not-allowed"))
        traits = traits_of(instance)
        image = image_of(
            sop_class,
            instance.transfer_syntax_uid,
            instance.record_type,
            instance.facts,
            traits,
        )
        choice = choose_syntax(image, self._profile, self._decoders, self._policy.transcode)
        if choice.why_not:
            return Verdict(self._why_no_syntax(instance, choice, image))
        why = why_not_compressed(
            image, choice, self._profile, self._decoders, self._policy.transcode
        )
        return self._with_values(instance, image, choice)._replace(not_compressed=why)

    def _why_no_syntax(self, instance: Instance, choice: Choice, image: Image) -> tuple[str, str]:
        reason = why_traits_are_not_allowed(self._profile, image.sop_class, image.traits)
        if reason:
            return reason, "not-allowed"
        # Another syntax would not help an object whose attributes the profile excludes.
        fatal = [breach for breach in breaches(self._profile, instance) if not breach.mendable]
        if fatal:
            return _sentence(fatal), "not-allowed"
        return choice.why_not, "not-allowed" if self._in_place else "not-convertible"

    def _with_values(self, instance: Instance, image: Image, choice: Choice) -> Verdict:
        """Judge the attributes as they will be, and put the verdict together."""
        later = instance
        if choice.target:
            facts = facts_after(image, choice.target)
            later = instance._replace(transfer_syntax_uid=choice.target, facts=facts)
        found = breaches(self._profile, later)
        fatal = [breach for breach in found if not breach.mendable]
        if fatal:
            return Verdict((_sentence(fatal), "not-allowed"))
        added = tuple((breach.rule.tag, breach.rule.vr) for breach in found)
        reasons = [choice.reason] if choice.target else []
        if found:
            reasons.append(_wanted(found))
        reason = "; ".join(reasons)
        if reason and self._never:
            return Verdict(self._forbidden(reason))
        return Verdict(None, choice.target, reason, added, choice.lossy)

    def _forbidden(self, reason: str) -> tuple[str, str]:
        if self._in_place:
            return f"{reason}; `jacket author` makes a medium on which that is right", "not-allowed"
        return f"{reason}, {_NEVER}", "not-convertible"

    def missing_key(self, instance: Instance) -> str:
        """Return a sentence on a key that the profile wants and nobody may make up; "" mostly.

        Searched for and not parsed first: this is asked for every instance.
        """
        kind, keys = instance.record_type, instance.keys
        wanted = self._wanted_keys.get(kind)
        if wanted is None:
            wanted = self._wanted_keys[kind] = _type_1(self._profile, kind)
        for tag, beginning, no_value in wanted:
            if keys.find(beginning) < 0 or keys.find(no_value) >= 0:
                return self._needs(tag)
        return self._missing_condition(instance) if self._has_conditions else ""

    def _missing_condition(self, instance: Instance) -> str:
        try:
            values = values_by_tag(instance.keys)
        except BadEncoding:
            return ""
        for row in self._profile.additional_keys:
            if instance.record_type not in row.record_types:
                continue
            when = row.key.when
            applies = (when is When.BIPLANE and _is_biplane(instance, values)) or (
                when is When.X_RAY_ANGIOGRAPHIC and instance.sop_class_uid == _XA
            )
            if applies and not values.get(row.key.tag, b"").strip(b" \0"):
                return self._needs(row.key.tag)
        return ""

    def _needs(self, tag: int) -> str:
        source = next(r.source for r in self._profile.additional_keys if r.key.tag == tag)
        return (
            f"{self._profile.identifier} wants {name_of(tag)} in the directory, and the file has "
            f"no value for it ({source})"
        )


def _type_1(profile: ApplicationProfile, record_type: str) -> tuple[tuple[int, bytes, bytes], ...]:
    """Return keys that only the instance can tell: tag, how the element begins, how an empty one.

    What PS3.3 F.5 itself wants of every record may be made up (docs/decisions/0003).
    """
    own = RECORD_TYPES.get(record_type)
    made = {key.tag for key in own.keys} if own is not None else set()
    rows = []
    for row in profile.additional_keys:
        key = row.key
        if record_type in row.record_types and key.type == "1" and key.when is When.ALWAYS:
            empty = encode_element(key.tag, key.vr, b"")
            if key.tag not in made:
                rows.append((key.tag, empty[:6], empty))
    return tuple(rows)


def _is_biplane(instance: Instance, values: dict[int, bytes]) -> bool:
    parts = text(values.get(_IMAGE_TYPE, b"")).split("\\")
    is_xa = instance.sop_class_uid == _XA
    return is_xa and len(parts) > 2 and parts[2].strip() in ("BIPLANE A", "BIPLANE B")


def as_it_is(instance: Instance) -> PlannedInstance:
    """Return the plan for an instance whose data set stays byte for byte."""
    of_the_head = [d for d in instance.departures if not d.startswith(BROKEN_FRAMES)]
    if of_the_head:
        return PlannedInstance(instance, Action.REHEAD, ", ".join(of_the_head))
    return PlannedInstance(instance, Action.COPY, "")


def broken_frames(instance: Instance) -> str:
    """Return what is wrong with the compressed frames; "" when nothing is, or nobody looked."""
    if not instance.departures:
        return ""
    return next((d for d in instance.departures if d.startswith(BROKEN_FRAMES)), "")


def _broken(instance: Instance) -> str:
    """Return why a data set must be written anew; "" when it is well formed."""
    if not instance.departures:
        return ""
    return next((d for d in instance.departures if d.startswith(NOT_WELL_FORMED)), "")


def _sentence(found: list[Breach]) -> str:
    """Return what departs, the first few of it."""
    told = "; ".join(breach.message for breach in found[:3])
    return told if len(found) <= 3 else f"{told}; and {len(found) - 3} more"


def _wanted(found: tuple[Breach, ...]) -> str:
    names = ", ".join(name_of(breach.rule.tag) for breach in found)
    sources = ", ".join(sorted({breach.rule.source for breach in found}))
    return f"{names} must be there and may be empty ({sources})"


def why_traits_are_not_allowed(profile: ApplicationProfile, sop_class: str, traits: Traits) -> str:
    """Return why no row of a profile takes an object whose class it does take; "" when one does."""
    rows = [row for row in profile.allowed if _takes(row.sop_classes, sop_class)]
    if any(
        (not row.photometrics or traits.photometric in row.photometrics)
        and (row.sop_classes is not Composite.ANY_MULTI_FRAME or traits.multi_frame)
        for row in rows
    ):
        return ""
    sources = ", ".join(sorted({row.source for row in rows}))
    if all(row.sop_classes is Composite.ANY_MULTI_FRAME for row in rows):
        return f"{profile.identifier} takes multi-frame objects only ({sources})"
    colours = traits.photometric or "no colours that are named"
    return f"{profile.identifier} has no place for images in {colours} ({sources})"


def _takes(classes: frozenset[str] | Composite, sop_class: str) -> bool:
    return isinstance(classes, Composite) or sop_class in classes


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
