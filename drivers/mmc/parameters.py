"""Mode page 05h and the cue sheet: how the next track is to be written. Pure (MMC-6)."""

from typing import Final

from drivers.mmc.recording import Method
from drivers.mmc.recording_facts import Ending

_PAGE: Final = 0x05
_LENGTH: Final = 0x32  # bytes that follow, as long as every drive takes it
_HEADER: Final = bytes(8)  # of the mode parameters; no block descriptor (SPC-4)
_BUFE: Final = 0x40  # the drive may pause when no data come
_LS_V: Final = 0x20
_TEST: Final = 0x10
_MULTI: Final = {"open": 0xC0, "finalize": 0x00}  # another session may follow, or none
_MODE_1: Final = 8  # data block type: 2,048 bytes in a block of mode 1
_FRAMES: Final = 75


def write_parameters(
    page: bytes, method: Method, ending: Ending, *, pauses: bool, test: bool
) -> bytes:
    """Return the parameters of MODE SELECT for *method*.

    Args:
        page: page 05h as the drive has it now, b"" where it tells none; what we do not set stays.
        method: the way of recording.
        ending: whether another session is to follow.
        pauses: ask for protection from an empty buffer.
        test: go through it without writing.
    """
    length = page[1] if len(page) >= 16 else _LENGTH
    new = bytearray(page[: 2 + length].ljust(2 + length, b"\0"))
    new[0], new[1] = _PAGE, length  # PS is reserved in MODE SELECT
    new[2] = method.write_type | _BUFE * pauses | _TEST * test | _LS_V * bool(method.link_size)
    new[3] = _MULTI[ending] | method.track_mode
    new[4] = new[4] & 0xF0 | _MODE_1
    new[5] = method.link_size
    new[8] = 0  # session format: CD-ROM
    new[10:14] = bytes(4)  # packets are of any length
    new[14:16] = b"\0\x96"  # two seconds between audio tracks: the only value that is allowed
    return _HEADER + bytes(new)


def cue_sheet(blocks: int) -> bytes:
    """Return the cue sheet of a disc with one data track of *blocks*, its pre-gap from us."""
    minute, rest = divmod(blocks + 2 * _FRAMES, 60 * _FRAMES)
    data, drive_made, with_data = 0x41, 0x14, 0x10  # CTL/ADR, and two data forms
    rows = (
        (data, 0x00, 0, drive_made, 0, 0, 0, 0),  # lead-in
        (data, 0x01, 0, with_data, 0, 0, 0, 0),  # pre-gap
        (data, 0x01, 1, with_data, 0, 0, 2, 0),
        (data, 0xAA, 1, drive_made, 0, minute, rest // _FRAMES, rest % _FRAMES),
    )
    return b"".join(bytes(row) for row in rows)
