"""Findings while they are collected: a hostile medium must not fill memory with them."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from reporting import Finding, Rule

_MOST_OF_A_KIND: Final = 100


class FindingList:
    """Takes findings by the id of their rule, and keeps the first hundred of each."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def add(self, rule: str, where: str, message: str = "") -> None:
        """Note that *rule* is broken at *where*."""
        self._counts[rule] += 1
        if self._counts[rule] <= _MOST_OF_A_KIND:
            self._findings.append(self._rules[rule].at(where, message))

    def findings(self) -> list[Finding]:
        """Return what was kept, and for each kind that was cut how many more there are."""
        rest = [
            self._rules[rule].at("medium", f"and {count - _MOST_OF_A_KIND} more of this kind")
            for rule, count in self._counts.items()
            if count > _MOST_OF_A_KIND
        ]
        return self._findings + rest
