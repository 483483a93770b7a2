"""The Master Boot Record of a stick or a memory card with one partition."""

from struct import Struct
from typing import Final

from media.fat.boot import BOOT_CODE, HEADS, SECTOR, SECTORS_PER_TRACK, SIGNATURE

FIRST_SECTOR: Final = 2048  # of the partition: 1 MiB, as flash memory and all systems like it

_ENTRY: Final = Struct("<B3sB3sII")
_SERIAL_AT: Final = 440
_CYLINDERS: Final = 1024  # more cannot be numbered
_NOT_NUMBERED: Final = b"\xfe\xff\xff"


def encode_table(of_32: bool, sectors: int, serial: int) -> bytes:
    """Return the first sector of a medium whose one partition has that many *sectors*."""
    last = FIRST_SECTOR + sectors - 1
    numbered = last < _CYLINDERS * HEADS * SECTORS_PER_TRACK
    types = (0x0B if numbered else 0x0C) if of_32 else (0x06 if numbered else 0x0E)
    entry = _ENTRY.pack(0, _chs(FIRST_SECTOR), types, _chs(last), FIRST_SECTOR, sectors)
    code = BOOT_CODE.ljust(_SERIAL_AT, b"\0")
    start = code + serial.to_bytes(4, "little") + b"\0\0" + entry
    return start.ljust(SECTOR - 2, b"\0") + SIGNATURE


def _chs(sector: int) -> bytes:
    """Return a sector's number as cylinder, head and sector, which old systems go by."""
    track, within = divmod(sector, SECTORS_PER_TRACK)
    cylinder, head = divmod(track, HEADS)
    if cylinder >= _CYLINDERS:
        return _NOT_NUMBERED
    return bytes((head, (within + 1) | cylinder >> 2 & 0xC0, cylinder & 0xFF))
