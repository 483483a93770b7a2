"""One question per `Ask`: what an attribute is, and what the profile wants in its place."""

from collections.abc import Callable, Iterable
from typing import Final

from dicomdir.elements import number_of
from dicomdir.tag_names import NAMES
from profiles.application_profiles import Ask, ValueRule
from profiles.fact_values import FactValues
from profiles.ultrasound_regions import fault_of_regions

# ("Bits Stored is 16", "8"); wanted is "" when the rule is kept.
Answer = tuple[str, str]
_KEPT: Final[Answer] = ("", "")
_OVERLAY_GROUPS: Final = range(0x60000000, 0x60200000, 0x20000)
_OVERLAY_ROWS: Final = 0x0010
_OVERLAY_BITS: Final = 0x0100


def name(tag: int) -> str:
    """Return what people call an attribute; its number where it has no name."""
    known = NAMES.get(tag)
    if known is None:
        from pydicom.datadict import dictionary_description  # for declared profiles alone

        try:
            known = dictionary_description(tag)
        except KeyError:
            known = number_of(tag)
    return known


def alternatives(values: Iterable[str | int]) -> str:
    """Return "8, 10 or 12"."""
    words = [str(value) for value in values]
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _found(rule: ValueRule, facts: FactValues) -> str:
    return f"{name(rule.tag)} {facts.shown(rule.tag, rule.vr)}"


def _one_of(rule: ValueRule, facts: FactValues) -> Answer:
    if facts.has_one_of(rule.tag, rule.vr, rule.values):
        return _KEPT
    return _found(rule, facts), alternatives(rule.values)


def _at_most(rule: ValueRule, facts: FactValues) -> Answer:
    value, most = facts.number(rule.tag), int(rule.values[0])
    if value is not None and 0 < value <= most:
        return _KEPT
    return _found(rule, facts), f"1 to {most}"


def _compared(rule: ValueRule, facts: FactValues, less: int, words: str) -> Answer:
    other = int(rule.values[0])
    value, base = facts.number(rule.tag), facts.number(other)
    if value is not None and base is not None and value == base - less:
        return _KEPT
    wanted = f"{words}{name(other)}, which {facts.shown(other, b'US')}"
    return _found(rule, facts), wanted


def _equal_to(rule: ValueRule, facts: FactValues) -> Answer:
    return _compared(rule, facts, 0, "the same as ")


def _one_less_than(rule: ValueRule, facts: FactValues) -> Answer:
    return _compared(rule, facts, 1, "one less than ")


def _present(rule: ValueRule, facts: FactValues) -> Answer:
    if rule.tag in facts:
        return _KEPT
    return _found(rule, facts), "it there, if only without a value"


def _separate_overlays(rule: ValueRule, facts: FactValues) -> Answer:
    """Overlay Bits Allocated is 1 for a plane of its own, else the size of the pixel cells."""
    del rule
    for group in _OVERLAY_GROUPS:
        tag = group | _OVERLAY_BITS
        if tag in facts and facts.number(tag) != 1:
            found = f"Overlay Bits Allocated {number_of(tag)} {facts.shown(tag, b'US')}"
            return f"{found}: the plane lies in the pixel cells", "it apart in Overlay Data"
    return _KEPT


def _no_overlays(rule: ValueRule, facts: FactValues) -> Answer:
    del rule
    for group in _OVERLAY_GROUPS:
        if group | _OVERLAY_ROWS in facts or group | _OVERLAY_BITS in facts:
            return f"there is an overlay in group {group >> 16:04X}", "none"
    return _KEPT


def _regions(rule: ValueRule, facts: FactValues) -> Answer:
    fault = fault_of_regions(facts.raw(rule.tag), calibrated=False)
    return (fault, "regions in which distances can be measured") if fault else _KEPT


def _calibrated_regions(rule: ValueRule, facts: FactValues) -> Answer:
    fault = fault_of_regions(facts.raw(rule.tag), calibrated=True)
    return (fault, "regions with what their pixels mean") if fault else _KEPT


ANSWERS: Final[dict[Ask, Callable[[ValueRule, FactValues], Answer]]] = {
    Ask.ONE_OF: _one_of,
    Ask.AT_MOST: _at_most,
    Ask.EQUAL_TO: _equal_to,
    Ask.ONE_LESS_THAN: _one_less_than,
    Ask.PRESENT: _present,
    Ask.SEPARATE_OVERLAYS: _separate_overlays,
    Ask.NO_OVERLAYS: _no_overlays,
    Ask.REGIONS: _regions,
    Ask.CALIBRATED_REGIONS: _calibrated_regions,
}
