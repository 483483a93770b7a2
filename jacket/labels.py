"""File-set IDs and volume labels (PS3.10 8.5, PS3.12 F.1)."""

from typing import Final

from reporting import WrongUsage

_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_LONGEST: Final = 16  # characters of a File-set ID


def is_label(label: str) -> bool:
    """Return whether *label* may be a File-set ID."""
    return len(label) <= _LONGEST and _CHARACTERS.issuperset(label)


def checked_label(label: str | None) -> None:
    """Refuse a label that is none.

    Raises:
        WrongUsage: longer than 16 characters, or with others than A-Z 0-9 _.
    """
    if label is not None and not is_label(label):
        raise WrongUsage(
            "a label has at most 16 characters of A-Z 0-9 _",
            "--label",
            "Choose another; it must not name the patient, it can be read without the disc",
        )
