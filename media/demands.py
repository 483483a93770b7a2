"""What PS3.12 asks of a file system on one kind of medium beyond what is wrong on any medium.

A file system that a medium cannot have at all is no matter of this table: that is told from the
application profile.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from reporting import Finding


class Demands(NamedTuple):
    """One kind of medium."""

    word: str  # as `Medium.findings` takes it
    source: str
    rules: frozenset[str] = frozenset()  # that some kinds of media have, and this one too
    revisions: frozenset[str] = frozenset()  # of UDF; empty: there is to be no UDF


_LEVEL_1: Final = frozenset(
    (
        "ISO-DATE-MISSING",
        "ISO-EXTENDED-ATTRIBUTES",
        "ISO-MULTI-EXTENT",
        "ISO-NAME-LEVEL",
        "ISO-PROTECTION",
        "ISO-RECORD-FORMAT",
        "ISO-SYSTEM-IDENTIFIER",
    )
)
_NO_DETOURS: Final = frozenset(("UDF-REVISION", "UDF-SPARABLE", "UDF-VIRTUAL"))
_PC_FILE_SYSTEM: Final = frozenset(("FAT-BOOT-LAYOUT",))

_ROWS: Final = (
    Demands("cd", "PS3.12 F.1, F.2", _LEVEL_1),
    Demands(
        "dvd",
        "PS3.12 P.1, P.2",
        frozenset(("ISO-PERMISSIONS", "UDF-REVISION")),
        frozenset(("1.02", "1.50", "2.00", "2.01")),
    ),
    # An updater of a DVD-RAM keeps the revision it finds, which may be 1.02 (J.2.1).
    Demands("dvd-ram", "PS3.12 J.1, J.2", _NO_DETOURS, frozenset(("1.02", "1.50"))),
    # 2.50 is for BD-RE and 2.60 for BD-R; an image does not tell which of them it is on.
    Demands("bd", "PS3.12 X.1, X.2", _NO_DETOURS, frozenset(("2.50", "2.60"))),
    Demands("usb", "PS3.12 R.1"),
    Demands("cf", "PS3.12 S.1"),
    Demands("mmc", "PS3.12 T.1, A.2", _PC_FILE_SYSTEM),
    Demands("sd", "PS3.12 U.1, A.2", _PC_FILE_SYSTEM),
    Demands("mod", "PS3.12 M.2, Q.2, A.2", _PC_FILE_SYSTEM | {"FAT-PARTITIONED"}),
    Demands("zip", "PS3.12 V.1"),
    Demands("mime", "PS3.12 K.1"),
)
DEMANDS: Final = {row.word: row for row in _ROWS}
# What is said only as long as nobody says what the medium is: else its profile tells.
_UNCLAIMED: Final = frozenset(("FAT-12",))
_SOME_MEDIA: Final = _UNCLAIMED.union(*(row.rules for row in _ROWS))


def asked(findings: Iterable[Finding], word: str | None) -> list[Finding]:
    """Return those of *findings* that count.

    Args:
        findings: by all rules.
        word: kind of medium; None: only what is wrong on any counts.

    Raises:
        KeyError: there is no such kind of medium.
    """
    wanted = _UNCLAIMED if word is None else DEMANDS[word].rules
    return [f for f in findings if f.rule not in _SOME_MEDIA or f.rule in wanted]
