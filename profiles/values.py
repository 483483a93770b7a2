"""Whether the attributes of an instance keep to the value tables of a profile (PS3.11).

The rows are in `profiles.value_tables`; here is what reads them. Every answer is remembered:
files of a series have the same facts.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from dicomdir.instance import Instance
from profiles.application_profiles import ApplicationProfile, Ask, Traits, ValueRule
from profiles.fact_values import FactValues
from profiles.value_asks import ANSWERS

_PHOTOMETRIC: Final = 0x00280004
_NUMBER_OF_FRAMES: Final = 0x00280008
# What planner and checker ask of every instance, whatever the profile.
ALWAYS: Final[tuple[tuple[int, bytes], ...]] = (
    (0x00280002, b"US"),  # Samples per Pixel
    (_PHOTOMETRIC, b"CS"),
    (0x00280006, b"US"),  # Planar Configuration
    (_NUMBER_OF_FRAMES, b"IS"),
    (0x00280010, b"US"),  # Rows, Columns
    (0x00280011, b"US"),
    (0x00280100, b"US"),  # Bits Allocated, Bits Stored, High Bit, Pixel Representation
    (0x00280101, b"US"),
    (0x00280102, b"US"),
    (0x00280103, b"US"),
)
_OVERLAYS: Final = frozenset((Ask.SEPARATE_OVERLAYS, Ask.NO_OVERLAYS))
# Overlay Rows and Overlay Bits Allocated of the sixteen groups 6000 to 601E (PS3.5 7.6): small,
# type 1, and together they tell whether there is a plane and whether it lies in pixel cells.
OVERLAY_FACTS: Final[tuple[tuple[int, bytes], ...]] = tuple(
    (group << 16 | element, b"US")
    for group in range(0x6000, 0x6020, 2)
    for element in (0x0010, 0x0100)
)
# Answers remembered per profile: a medium of a million different headers must not fill memory.
_MOST: Final = 8192


class Breach(NamedTuple):
    """One value rule that an instance breaks."""

    rule: ValueRule
    message: str  # a sentence that names the attribute, what it is and what the profile wants
    mendable: bool  # an attribute that may be empty is absent: it can be added without a value


def facts_for(profiles: Iterable[ApplicationProfile]) -> tuple[tuple[int, bytes], ...]:
    """Return what `dicomdir.index.Indexer` must put into `Instance.facts` for these profiles."""
    facts = dict(ALWAYS)
    for values in {id(row.values): row.values for row in profiles}.values():
        for rule in values:
            if rule.ask in _OVERLAYS:
                facts.update(OVERLAY_FACTS)
            else:
                facts[rule.tag] = rule.vr
            if rule.where is not None:
                facts[rule.where[0]] = rule.where[1]
            if rule.ask in (Ask.EQUAL_TO, Ask.ONE_LESS_THAN):
                facts.update((int(tag), b"US") for tag in rule.values)
    return tuple(sorted(facts.items()))


_traits: dict[bytes, Traits] = {}


def traits_of(instance: Instance) -> Traits:
    """Return what decides under which row of a table an instance falls.

    Multi-frame is what has a Number of Frames: PS3.11 does not say what it means by the word.
    """
    facts = instance.facts
    known = _traits.get(facts)
    if known is None:
        if len(_traits) >= _MOST:
            _traits.clear()
        values = FactValues(facts)
        frames = values.numbers(_NUMBER_OF_FRAMES, b"IS")
        multi_frame = len(frames) == 1 and frames[0] > 0
        known = _traits[facts] = Traits(values.text(_PHOTOMETRIC), multi_frame)
    return known


class _Memory:
    """The answers for one profile."""

    def __init__(self, profile: ApplicationProfile) -> None:
        self.values = profile.values
        self.classes = frozenset(uid for rule in profile.values for uid in rule.sop_classes)
        self.answers: dict[tuple[str, str, bytes], tuple[Breach, ...]] = {}


_memories: dict[str, _Memory] = {}
_NOTHING: Final[tuple[Breach, ...]] = ()


def breaches(profile: ApplicationProfile, instance: Instance) -> tuple[Breach, ...]:
    """Return what of an instance departs from the value tables of *profile*.

    The instance must have been indexed with `facts_for`; never raises, whatever the facts hold.
    """
    if not profile.values:
        return _NOTHING
    memory = _memories.get(profile.identifier)
    if memory is None or memory.values is not profile.values:
        if len(_memories) >= _MOST:
            _memories.clear()
        memory = _memories[profile.identifier] = _Memory(profile)
    if instance.sop_class_uid not in memory.classes:
        return _NOTHING
    question = (instance.sop_class_uid, instance.transfer_syntax_uid, instance.facts)
    answer = memory.answers.get(question)
    if answer is None:
        if len(memory.answers) >= _MOST:
            memory.answers.clear()
        answer = memory.answers[question] = tuple(_judge(profile, *question))
    return answer


def _judge(
    profile: ApplicationProfile, sop_class: str, syntax: str, facts: bytes
) -> Iterable[Breach]:
    values = FactValues(facts)
    for rule in profile.values:
        if sop_class not in rule.sop_classes or (rule.syntaxes and syntax not in rule.syntaxes):
            continue
        if rule.where is not None and not values.has_one_of(*rule.where):
            continue
        found, wanted = ANSWERS[rule.ask](rule, values)
        if wanted:
            message = f"{found}, {profile.identifier} wants {wanted} ({rule.source})"
            yield Breach(rule, message, rule.ask is Ask.PRESENT)
