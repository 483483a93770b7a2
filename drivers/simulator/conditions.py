"""What a simulated device answers when a command fails: rows, and how they are packed.

Packed here by hand from SPC-4 4.5, not by the code that the drivers read sense data with: the
simulator must not share their mistakes.
"""

from typing import Final, NamedTuple


class Condition(NamedTuple):
    """Sense key, additional sense code and its qualifier (SPC-4 4.5.6, annex F)."""

    key: int
    asc: int
    ascq: int


class Refused(Exception):
    """A command ended in CHECK CONDITION."""

    def __init__(
        self,
        condition: Condition,
        *,
        information: int | None = None,
        progress: float | None = None,
        deferred: bool = False,
        data: bytes = b"",
    ) -> None:
        super().__init__(condition)
        self.condition, self.information = condition, information
        self.progress, self.deferred, self.data = progress, deferred, data


RECOVERED: Final = Condition(1, 0x17, 0x01)
NOT_READY: Final = Condition(2, 0x04, 0x00)
BECOMING_READY: Final = Condition(2, 0x04, 0x01)
FORMATTING: Final = Condition(2, 0x04, 0x04)
OPERATING: Final = Condition(2, 0x04, 0x07)
LONG_WRITE: Final = Condition(2, 0x04, 0x08)
NO_MEDIUM: Final = Condition(2, 0x3A, 0x00)
TRAY_CLOSED: Final = Condition(2, 0x3A, 0x01)
TRAY_OPEN: Final = Condition(2, 0x3A, 0x02)
WRITE_ERROR: Final = Condition(3, 0x0C, 0x00)
LOST_STREAMING: Final = Condition(3, 0x0C, 0x09)
READ_ERROR: Final = Condition(3, 0x11, 0x00)
UNCORRECTABLE: Final = Condition(3, 0x11, 0x05)
NOT_FORMATTED: Final = Condition(3, 0x31, 0x00)
FORMAT_FAILED: Final = Condition(3, 0x31, 0x01)
ERASE_FAILED: Final = Condition(3, 0x51, 0x00)
CALIBRATION_FULL: Final = Condition(3, 0x73, 0x02)
POWER_CALIBRATION: Final = Condition(3, 0x73, 0x03)
MEMORY_FULL: Final = Condition(3, 0x73, 0x05)  # program memory area or recording management area
HARDWARE: Final = Condition(4, 0x44, 0x00)
UNKNOWN_COMMAND: Final = Condition(5, 0x20, 0x00)
OUT_OF_RANGE: Final = Condition(5, 0x21, 0x00)
WRONG_PLACE: Final = Condition(5, 0x21, 0x02)  # invalid address for write
INVALID_FIELD: Final = Condition(5, 0x24, 0x00)
INVALID_PARAMETER: Final = Condition(5, 0x26, 0x00)
WRONG_SEQUENCE: Final = Condition(5, 0x2C, 0x00)
WRONG_MEDIUM: Final = Condition(5, 0x30, 0x02)
MEDIUM_CLOSED: Final = Condition(5, 0x30, 0x05)  # cannot write medium
CANNOT_FORMAT: Final = Condition(5, 0x30, 0x06)
NO_SAVED_PAGES: Final = Condition(5, 0x39, 0x00)
REMOVAL_PREVENTED: Final = Condition(5, 0x53, 0x02)
TRACK_ENDS: Final = Condition(5, 0x63, 0x00)  # end of user area encountered on this track
WRONG_MODE: Final = Condition(5, 0x64, 0x00)  # illegal mode for this track
LEAD_IN_FAILED: Final = Condition(5, 0x72, 0x01)
INCOMPLETE_TRACK: Final = Condition(5, 0x72, 0x03)
EMPTY_SESSION: Final = Condition(5, 0x72, 0x04)
NEW_MEDIUM: Final = Condition(6, 0x28, 0x00)
RESET: Final = Condition(6, 0x29, 0x00)
PROTECTED: Final = Condition(7, 0x27, 0x00)
ABORTED: Final = Condition(0x0B, 0x00, 0x06)
NOTHING: Final = Condition(0, 0x00, 0x00)


def pack(refused: Refused, *, descriptors: bool = False) -> bytes:
    """Return sense data in the fixed format (SPC-4 4.5.3), or with *descriptors* (4.5.2)."""
    return _with_descriptors(refused) if descriptors else _fixed(refused)


def _fixed(refused: Refused) -> bytes:
    sense = bytearray(18)
    sense[0] = 0x71 if refused.deferred else 0x70
    sense[2], sense[12], sense[13] = refused.condition
    sense[7] = 10
    if refused.information is not None:
        sense[0] |= 0x80
        sense[3:7] = (refused.information & 0xFFFFFFFF).to_bytes(4, "big")
    if refused.progress is not None:
        sense[15] = 0x80
        sense[16:18] = _fraction(refused.progress)
    return bytes(sense)


def _with_descriptors(refused: Refused) -> bytes:
    rows = b""
    if refused.information is not None:
        rows += b"\x00\x0a\x80\x00" + (refused.information & (1 << 64) - 1).to_bytes(8, "big")
    if refused.progress is not None:
        rows += b"\x02\x06\x00\x00\x80" + _fraction(refused.progress) + b"\x00"
    code = 0x73 if refused.deferred else 0x72
    return bytes((code, *refused.condition, 0, 0, 0, len(rows))) + rows


def _fraction(progress: float) -> bytes:
    return min(max(int(progress * 0x10000), 0), 0xFFFF).to_bytes(2, "big")
