"""What can be wrong where a volume has several systems of names, or several sessions."""

from typing import Final

from media.finding_list import FindingList
from reporting import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_NEW_MEDIUM: Final = "Make the medium again, so that every reader sees the same files"
_COMPARE: Final = "Compare what both show; make the medium again"
_NOTHING: Final = "Nothing needs to be done"

_VIEWS: Final = (
    Rule(
        "ISO-VIEW-HIDES",
        _WARNING,
        "a file is seen by its plain name and not by readers of the other names",
        _NEW_MEDIUM,
        "PS3.12 Annex P; ECMA-119 8.5",
    ),
    Rule(
        "ISO-VIEW-ONLY",
        _WARNING,
        "a file is seen by readers of the other names and has no plain name",
        _NEW_MEDIUM,
        "PS3.12 Annex P; ECMA-119 8.5",
    ),
    Rule(
        "ISO-VIEW-DIFFERS",
        _ERROR,
        "one name stands for two contents, one for each system of names",
        _COMPARE,
        "PS3.12 Annex P; ECMA-119 8.5",
    ),
    Rule(
        "ISO-VIEW-DAMAGED",
        _ERROR,
        "the directories of the other names cannot be read whole",
        "Read the medium again or in another drive; if that does not help, replace it",
        "PS3.12 Annex P; ECMA-119 8.5",
    ),
    Rule(
        "ISO-VIEW-NAME",
        _ERROR,
        "one of the other names leads elsewhere or is there twice; the plain name was used",
        _NEW_MEDIUM,
        "PS3.12 Annex P",
    ),
    Rule(
        "ISO-ROCK-RIDGE-DAMAGED",
        _ERROR,
        "what Rock Ridge says of a file cannot be read",
        "Read the medium again or in another drive; if that does not help, replace it",
        "PS3.12 Annex P; SUSP 5",
    ),
    Rule(
        "ISO-ROCK-RIDGE-MOVED",
        _WARNING,
        "a folder is seen by plain readers alone, or by those of Rock Ridge alone",
        _NEW_MEDIUM,
        "PS3.12 Annex P; RRIP 4.1.5",
    ),
    Rule(
        "ISO-ROCK-RIDGE-LINK",
        _WARNING,
        "a file is a link or a special file for readers of Rock Ridge; it was not followed",
        "Make the medium again with the file itself in its place",
        "PS3.12 Annex P; RRIP 4.1.3",
    ),
    Rule(
        "ISO-ROCK-RIDGE-PACKED",
        _ERROR,
        "a file is packed: some readers of Rock Ridge see another content than everybody else",
        "Make the medium again without transparent compression",
        "PS3.12 Annex P",
    ),
)

_SESSIONS: Final = (
    Rule(
        "ISO-SESSIONS",
        _NOTE,
        "the disc has several sessions; the last one was read, which describes all of it",
        _NOTHING,
        "PS3.12 Annex F",
    ),
    Rule(
        "ISO-SESSION-FRONT",
        _WARNING,
        "programs that know no sessions show another directory than that of the last session",
        "Let `jacket dicomdir` bring the front of the image up to date, or make the medium again",
        "PS3.12 Annex F",
    ),
    Rule(
        "ISO-SESSION-HIDES",
        _NOTE,
        "a file of an earlier session is not shown by the last one: taken away, or forgotten",
        "Ask whoever made the disc; what was taken away can still be read from it",
        "PS3.12 Annex F",
    ),
    Rule(
        "ISO-SESSION-DAMAGED",
        _WARNING,
        "an earlier session cannot be read; whether the last one forgot files is not known",
        "Read the medium again or in another drive; if that does not help, replace it",
        "PS3.12 Annex F",
    ),
)

RULES: Final = (*_VIEWS, *_SESSIONS)


def new_list() -> FindingList:
    """Return an empty list for findings by these rules."""
    return FindingList(RULES)
