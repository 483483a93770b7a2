"""Findings: what a check saw, as values that any report can render."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is. Errors make a medium non-compliant; warnings and notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    """One departure at one place: ``rule`` names the row that explains it.

    ``where`` is a File ID, a tag, a byte offset or a block on the medium, never patient data.
    """

    rule: str
    severity: Severity
    where: str
    message: str
    remedy: str
    reference: str


class Rule(NamedTuple):
    """One row of a rule table: every room keeps its rules as such rows."""

    id: str
    severity: Severity
    meaning: str
    remedy: str
    reference: str  # part and section of the standard, or "Filmjacket" for a rule of our own

    def at(self, where: str, message: str = "") -> Finding:
        """Return the finding that this rule is broken at *where*."""
        return Finding(
            self.id, self.severity, where, message or self.meaning, self.remedy, self.reference
        )
