"""Sense data: what a device says about a command that failed, in words to act on (SPC-4 4.5)."""

from typing import Final, Literal, NamedTuple, Self

from drivers.sense_rows import SenseRow, on_stick, row_of
from drivers.transport import (
    BUSY,
    CHECK_CONDITION,
    RESERVATION_CONFLICT,
    TASK_SET_FULL,
    Answer,
)
from reporting import FilmjacketError

NO_SENSE: Final = 0x0  # sense keys (SPC-4)
RECOVERED: Final = 0x1
NOT_READY: Final = 0x2
MEDIUM_ERROR: Final = 0x3
HARDWARE_ERROR: Final = 0x4
ILLEGAL_REQUEST: Final = 0x5
UNIT_ATTENTION: Final = 0x6
DATA_PROTECT: Final = 0x7
BLANK_CHECK: Final = 0x8
ABORTED: Final = 0xB

_FIXED: Final = (0x70, 0x71)
_DESCRIPTORS: Final = (0x72, 0x73)
_DEFERRED: Final = (0x71, 0x73)
_INFORMATION: Final = 0x00  # types of descriptors (SPC-4 4.5)
_KEY_SPECIFIC: Final = 0x02
_VALID: Final = 0x80
Device = Literal["drive", "stick"]
_ANY: Final = 0  # sense code of a row that has none
_OCCUPIED: Final = SenseRow(
    _ANY, None, "the drive is busy", "Wait until it is done, then start again"
)
_STATUS: Final = {  # what is said where the device gives no sense data
    CHECK_CONDITION: SenseRow(
        _ANY, None, "the drive failed and does not say why", "Start again, or try another drive"
    ),
    BUSY: _OCCUPIED,
    TASK_SET_FULL: _OCCUPIED,
    RESERVATION_CONFLICT: SenseRow(
        _ANY, None, "another program keeps the drive for itself", "Close that program"
    ),
}
_WHOLE: Final = 0x10000  # progress is told in 65,536ths (SPC-4 4.5)


class Sense(NamedTuple):
    """What a device says about a command, or about one before it."""

    key: int
    asc: int  # additional sense code
    ascq: int  # its qualifier
    deferred: bool = False  # it is about a command that had been answered with success
    information: int | None = None  # most often the block that failed
    progress: float | None = None  # 0 to 1 of an operation that goes on

    @property
    def code(self) -> str:
        """Return the three numbers as people look them up."""
        return f"{self.key:X}/{self.asc:02X}/{self.ascq:02X}"


def parse_sense(data: bytes, device: Device = "drive") -> Sense | None:
    """Return what *data* says, in either format; None where it says nothing that is known.

    Blocks of a drive lie below zero before the first one of a CD (MMC-6 4.2).
    """
    if len(data) < 8:
        return None
    kind, told = data[0] & 0x7F, None
    if kind in _FIXED:
        told = _fixed(data, deferred=kind in _DEFERRED)
    elif kind in _DESCRIPTORS:
        told = _described(data, deferred=kind in _DEFERRED)
    if told is None or told.information is None or device == "stick":
        return told
    low = (told.information & 0xFFFFFFFF).to_bytes(4, "big")
    return told._replace(information=int.from_bytes(low, "big", signed=True))


def _fixed(data: bytes, *, deferred: bool) -> Sense:
    end = min(len(data), 8 + data[7])
    asc, ascq = (data[12], data[13]) if end >= 14 else (0, 0)
    information = int.from_bytes(data[3:7], "big") if data[0] & _VALID else None
    specific = data[15:18] if end >= 18 else b""
    key = data[2] & 0x0F
    return Sense(key, asc, ascq, deferred, information, _progress(key, specific))


def _described(data: bytes, *, deferred: bool) -> Sense:
    key, asc, ascq = data[1] & 0x0F, data[2], data[3]
    information: int | None = None
    specific = b""
    at, end = 8, min(len(data), 8 + data[7])
    while at + 2 <= end:
        kind, length = data[at], 2 + data[at + 1]
        field = data[at : min(at + length, end)]
        if kind == _INFORMATION and len(field) >= 12 and field[2] & _VALID:
            information = int.from_bytes(field[4:12], "big")
        elif kind == _KEY_SPECIFIC and len(field) >= 7:
            specific = field[4:7]
        at += length
    return Sense(key, asc, ascq, deferred, information, _progress(key, specific))


def _progress(key: int, specific: bytes) -> float | None:
    if key not in (NO_SENSE, NOT_READY) or len(specific) < 3 or not specific[0] & _VALID:
        return None
    return int.from_bytes(specific[1:3], "big") / _WHOLE


class CommandFailed(FilmjacketError):
    """A device refused a command or failed at it."""

    def __init__(
        self,
        command: str,
        where: str,
        sense: Sense | None,
        status: int = 2,
        device: Device = "drive",
    ) -> None:
        """Say it in words.

        Args:
            command: the name of the command.
            where: the name of the device.
            sense: what the device said; None where it said nothing.
            status: how the command ended (SAM-5 5.3.1).
            device: what it is; another disc is no remedy for a stick.
        """
        what, remedy = _words(sense, status, device)
        super().__init__(f"{what} ({command}{_numbers(sense, status)})", where, remedy)
        self.command, self.sense, self.status, self.device = command, sense, status, device

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, Sense | None, int, Device]]:
        return type(self), (self.command, self.where, self.sense, self.status, self.device)


def _words(sense: Sense | None, status: int, device: Device) -> tuple[str, str]:
    if sense is None:
        row = _STATUS.get(status, _STATUS[CHECK_CONDITION])
    else:
        row = row_of(sense.key, sense.asc, sense.ascq)
    if device == "stick":
        row = on_stick(row)
    late = sense is not None and sense.deferred
    return f"of an earlier command: {row.what}" if late else row.what, row.remedy


def _numbers(sense: Sense | None, status: int) -> str:
    if sense is None:
        return f", status {status:02X}h"
    block = "" if sense.information is None else f", block {sense.information}"
    return f", {sense.code}{block}"


def parse_failure(
    command: str, where: str, answer: Answer, device: Device = "drive"
) -> CommandFailed:
    """Return the error that *answer* tells."""
    sense = parse_sense(answer.sense, device)
    return CommandFailed(command, where, sense, answer.status, device)
