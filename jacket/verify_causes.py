"""Findings for people: one cause in thousands of files is one thing to mend."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from jacket import verification_rules as rules
from reporting import Finding, Severity

_OF_STRANGERS: Final = ("DIR-REF-PATIENT", "DIR-FILE-STRANGER")


class Cause(NamedTuple):
    """All findings of one rule."""

    example: Finding
    headline: str  # what is wrong at every place
    group: list[Finding]
    same: bool  # the headline says all that the message at each place does

    def beyond(self, finding: Finding) -> str:
        """Return what the message of one of the group says beyond the headline."""
        repeated = self.same or sentence(finding.message) == self.headline
        return "" if repeated else finding.message


def causes(findings: Iterable[Finding]) -> Iterator[Cause]:
    """Yield findings by cause: the wrong patient first, then the worst, media before files."""
    order = list(Severity)
    by_rule: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault((finding.severity, finding.rule), []).append(finding)
    groups = sorted(
        by_rule.values(),
        key=lambda group: (
            group[0].rule not in _OF_STRANGERS,
            order.index(group[0].severity),
            not group[0].rule.startswith("MED-"),
            -len(group),
        ),
    )
    meanings = {rule.id: rule.meaning for rule in rules.every_rule()}
    for group in groups:
        same = all(finding.message == group[0].message for finding in group)
        headline = group[0].message if same else meanings.get(group[0].rule, group[0].message)
        yield Cause(group[0], sentence(headline), group, same)


def sentence(text: str) -> str:
    """Return *text* beginning with a capital, as the rules of some rooms do not."""
    return text[:1].upper() + text[1:]
