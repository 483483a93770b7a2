"""What is done about each answer of a drive: rows, read by `drivers.mmc.unit`.

The codes are those of SPC-4; which of them mean "later" is told by MMC-6, TEST UNIT READY.
"""

from enum import Enum, auto
from typing import Final, NamedTuple

from drivers.sense import (
    ABORTED,
    NO_SENSE,
    NOT_READY,
    RECOVERED,
    UNIT_ATTENTION,
    Sense,
)


class Reaction(Enum):
    """What to do now."""

    DONE = auto()  # the command was carried out
    AGAIN = auto()  # send it once more, now; a few times at most
    WAIT = auto()  # send it once more, later; until its time is over
    FAIL = auto()


class Row(NamedTuple):
    """What is done about one answer."""

    key: int
    asc: int | None  # None: any
    ascq: int | None
    reaction: Reaction
    writing: Reaction  # while a recording is under way


_DONE, _AGAIN, _WAIT, _FAIL = Reaction.DONE, Reaction.AGAIN, Reaction.WAIT, Reaction.FAIL
ROWS: Final = (
    Row(NO_SENSE, None, None, _DONE, _DONE),
    Row(RECOVERED, None, None, _DONE, _DONE),
    Row(NOT_READY, 0x04, 0x00, _WAIT, _WAIT),
    Row(NOT_READY, 0x04, 0x01, _WAIT, _WAIT),  # becoming ready
    Row(NOT_READY, 0x04, 0x04, _WAIT, _WAIT),  # format in progress
    Row(NOT_READY, 0x04, 0x07, _WAIT, _WAIT),  # operation in progress
    Row(NOT_READY, 0x04, 0x08, _WAIT, _WAIT),  # long write in progress
    Row(NOT_READY, 0x04, 0x09, _WAIT, _WAIT),  # self-test in progress
    Row(NOT_READY, 0x3E, 0x00, _WAIT, _FAIL),  # not configured yet
    # The medium may be another one, and the settings of the recording are gone with a reset.
    Row(UNIT_ATTENTION, 0x28, None, _AGAIN, _FAIL),
    Row(UNIT_ATTENTION, 0x29, None, _AGAIN, _FAIL),
    # The rest tells of what others did, or of the button of the locked drive.
    Row(UNIT_ATTENTION, None, None, _AGAIN, _AGAIN),
    # A drive that has taken the data all the same refuses their address the second time.
    Row(ABORTED, None, None, _AGAIN, _AGAIN),
)
_BY_CODE: Final = {(row.key, row.asc, row.ascq): row for row in ROWS}


def reaction_to(sense: Sense, *, writing: bool) -> Reaction:
    """Return what is done about *sense*.

    A deferred error is about a command before: the one that brought it was not carried out
    (SPC-4, deferred errors). It is sent again if nothing was lost, and is a failure otherwise.
    """
    if sense.deferred:
        return _AGAIN if sense.key in (NO_SENSE, RECOVERED) else _FAIL
    for code in ((sense.asc, sense.ascq), (sense.asc, None), (None, None)):
        row = _BY_CODE.get((sense.key, *code))
        if row:
            return row.writing if writing else row.reaction
    return _FAIL
