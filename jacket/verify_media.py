"""The file system held against the claimed kind of medium, or against every kind it can be on."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from jacket import verification_rules as rules
from media import Medium as MediumOnHand
from profiles.application_profiles import FILE_SYSTEMS, ApplicationProfile, Medium
from profiles.media_kinds import MEDIA_WORDS, MEDIUM_NAMES
from reporting import Finding, Severity

# Most discs are CDs, so that it is told why one is not. That a stick is no magneto-optical disk,
# or that UDF of a DVD is not that of a BD, nobody asks.
_TOLD: Final = (Medium.CD_R,)


class FileSystemChecks:
    """Checks of one medium; `departures` has what is wrong on single kinds of media only."""

    def __init__(
        self,
        medium: MediumOnHand,
        rows: Iterable[ApplicationProfile],
        claimed: ApplicationProfile | None,
    ) -> None:
        """Prepare.

        Args:
            medium: that is open.
            rows: the profiles in question.
            claimed: the one that is claimed, whose medium is the only one that counts then.
        """
        self._medium, self._rows = medium, rows
        self._claimed = None if claimed is None else claimed.medium
        self.departures: dict[Medium, list[Finding]] = {}

    def findings(self) -> list[Finding]:
        """Return what is wrong with the file system."""
        if self._claimed is not None:
            return self._medium.findings(MEDIA_WORDS[self._claimed])
        common = self._medium.findings()
        known = frozenset(common)
        for row in self._rows:
            if self._medium.kind in FILE_SYSTEMS[row.file_system]:
                self.departures.setdefault(row.medium, [])
        for kind, departures in self.departures.items():
            found = self._medium.findings(MEDIA_WORDS[kind])
            departures += [f for f in found if f.severity is Severity.ERROR and f not in known]
        return common + [note for kind in _TOLD for note in self._why_not(kind)]

    def label(self, file_set_id: str) -> list[Finding]:
        """Check that the label is the File-set ID, which PS3.12 wants of CDs alone (F.1.2)."""
        label = self._medium.label
        if not self._medium.kind.startswith("iso9660") or label == file_set_id:
            return []
        message = f"Volume Identifier {label!r}, File-set ID {file_set_id!r}"
        finding = rules.LABEL_DIFFERS.at("volume descriptor", message)
        if Medium.CD_R in self.departures:
            self.departures[Medium.CD_R].append(finding)
        if self._claimed is Medium.CD_R:
            return [finding]
        return [finding._replace(severity=Severity.WARNING)]

    def _why_not(self, kind: Medium) -> list[Finding]:
        """Return notes that tell why the medium cannot be of a kind."""
        groups = groupby(self.departures.get(kind, ()), lambda finding: finding.rule)
        return [_note(kind, list(group)) for _, group in groups]


def _note(kind: Medium, group: Sequence[Finding]) -> Finding:
    first = group[0]
    times = f", {len(group):,} times" if len(group) > 1 else ""
    message = f"Wrong on a {MEDIUM_NAMES[kind]} only: {first.message} ({first.rule}{times})"
    return rules.SOME_MEDIA.at(first.where, message)._replace(reference=first.reference)
