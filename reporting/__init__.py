"""What every room needs: errors, findings, progress, processes that help. Imports none of ours."""

from reporting.errors import (
    CannotRead,
    CannotWrite,
    FilmjacketError,
    Interrupted,
    NotSupported,
    WrongUsage,
)
from reporting.findings import Finding, Rule, Severity
from reporting.progress import Progress, silent

__all__ = [
    "CannotRead",
    "CannotWrite",
    "FilmjacketError",
    "Finding",
    "Interrupted",
    "NotSupported",
    "Progress",
    "Rule",
    "Severity",
    "WrongUsage",
    "silent",
]
