"""Which profile comes nearest where none is satisfied: the one that fewest kinds of rules break."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from profiles import rules
from profiles.application_profiles import ApplicationProfile, Security
from reporting import Finding, Rule, Severity

_MOST_KINDS: Final = 256  # of files; past this the answer would cost more than it helps
_NO_PLACE: Final = frozenset(
    rule.id for rule in (rules.SOP_CLASS, rules.RETIRED, rules.PRIVATE, rules.MULTI_FRAME)
)


class Nearest(NamedTuple):
    """A profile that is not satisfied, and the rules that speak against it."""

    identifier: str
    rules: tuple[str, ...]


class Against:
    """What speaks against groups of profiles, by kinds of files; as plain values to hand over.

    What is in the directory, in icons and in frames is asked only of groups that nothing in the
    files themselves speaks against: so it counts only for these, in whichever process it was seen.
    """

    def __init__(self, groups: int) -> None:
        """Prepare for as many groups."""
        self._kinds: set[int] = set()
        self._files: list[dict[str, set[int]]] = [{} for _ in range(groups)]
        self._late: list[set[str]] = [set() for _ in range(groups)]

    @property
    def going(self) -> bool:
        """Whether the medium is not too motley yet."""
        return len(self._kinds) <= _MOST_KINDS

    def kind(self, key: tuple[object, ...]) -> int:
        """Take note of a kind of files; return what stands for it."""
        kind = hash(key)
        if self.going:
            self._kinds.add(kind)
        return kind

    def files(self, group: int, kind: int, broken: Iterable[Rule]) -> None:
        """Take note of what files of a kind break."""
        for rule in broken:
            if rule.severity is Severity.ERROR:
                self._files[group].setdefault(rule.id, set()).add(kind)

    def late(self, group: int, broken: Iterable[Rule]) -> None:
        """Take note of what a record, an icon or a stream breaks."""
        self._late[group].update(rule.id for rule in broken if rule.severity is Severity.ERROR)

    def state(self) -> object:
        """Return everything as plain values that `marshal` takes."""
        files = [[(rule, list(kinds)) for rule, kinds in each.items()] for each in self._files]
        return [list(self._kinds), files, [list(each) for each in self._late]]

    def absorb(self, state: object) -> None:
        """Take in the state of another process that was forked from the same one."""
        values: Any = state
        kinds, files, late = values
        self._kinds.update(kinds)
        for own, other in zip(self._files, files, strict=True):
            for rule, of_kinds in other:
                own.setdefault(rule, set()).update(of_kinds)
        for mine, others in zip(self._late, late, strict=True):
            mine.update(others)

    def nearest(
        self,
        rows: Sequence[ApplicationProfile],
        group_of: Sequence[int],
        whole: Sequence[Collection[Finding]],
        security: Security = Security.NONE,
    ) -> Nearest | None:
        """Return the nearest of the profiles with this *security*; None: it is not known.

        Args:
            rows: all profiles.
            group_of: the group of each.
            whole: what the medium as a whole breaks of each.
            security: as the files have it.
        """
        if not self.going:
            return None
        best: tuple[int, ...] | None = None
        found = None
        for row, group, findings in zip(rows, group_of, whole, strict=True):
            if row.security is not security:
                continue
            errors = {f.rule for f in findings if f.severity is Severity.ERROR}
            broken = (self._files[group].keys() or self._late[group]) | errors
            files = self._files[group]
            # Objects without place cannot be mended at all, content more easily than a medium.
            strangers = len(set().union(*(files[rule] for rule in _NO_PLACE & files.keys())))
            rank = len(errors), strangers, len(broken), sum(map(len, files.values()))
            if broken and (best is None or rank < best):
                best, found = rank, Nearest(row.identifier, tuple(sorted(broken)))
        return found
