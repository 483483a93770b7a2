"""Command descriptor blocks of optical drives, as rows: name, bytes, what comes in, deadlines.

They are those of MMC-6 where no other standard is named. Everything here is pure.
"""

from typing import Final, NamedTuple

BLOCK: Final = 2048  # bytes; the one block length of data on optical media (MMC-6)
_LBA: Final = 0xFFFFFFFF  # a CD begins at block -150: addresses are two's complement


class Command(NamedTuple):
    """One command, ready to be sent."""

    name: str
    cdb: bytes
    length: int = 0  # bytes that are expected from the drive
    data_out: bytes | memoryview = b""
    timeout: float = 30.0  # seconds for one try of it
    patience: float = 30.0  # seconds in all, with repetitions while the drive is busy


class Operation(NamedTuple):
    """A kind of long command: how long it may take at worst."""

    name: str
    patience: float  # seconds


_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
# The slowest media at their slowest speed, and half as much again.
FLUSH: Final = Operation("SYNCHRONIZE CACHE", 15 * _MINUTE)
# A nearly empty double layer disc is filled up to the end of its second layer.
CLOSE: Final = Operation("CLOSE TRACK/SESSION", 90 * _MINUTE)
BLANKING: Final = Operation("BLANK", 2 * _HOUR)
FORMATTING: Final = Operation("FORMAT UNIT", 6 * _HOUR)


def _be(value: int, length: int) -> bytes:
    return value.to_bytes(length, "big")


def test_unit_ready() -> Command:
    """SPC-4; the cheapest question whether the drive is ready."""
    return Command("TEST UNIT READY", bytes(6))


def request_sense() -> Command:
    """SPC-4; 18 bytes are what every device has."""
    return Command("REQUEST SENSE", bytes((0x03, 0, 0, 0, 18, 0)), 18)


def inquiry(page: int | None = None, length: int = 96) -> Command:
    """SPC-4; *page* of vital product data, or the standard data."""
    cdb = bytes((0x12, page is not None, page or 0)) + _be(length, 2) + b"\0"
    return Command("INQUIRY", cdb, length)


def get_configuration(start: int = 0, *, only: bool = False, length: int = 1024) -> Command:
    """Ask for features from number *start* on, or *only* that one (RT 10b)."""
    cdb = bytes((0x46, 2 if only else 0)) + _be(start, 2) + bytes(3) + _be(length, 2) + b"\0"
    return Command("GET CONFIGURATION", cdb, length)


def get_event_status(classes: int = 0x10) -> Command:
    """Ask, polled; class 4 (10h) is the medium."""
    return Command(
        "GET EVENT STATUS NOTIFICATION", bytes((0x4A, 1, 0, 0, classes, 0, 0, 0, 8, 0)), 8
    )


def read_disc_information(length: int = 34) -> Command:
    """Ask for the standard disc information."""
    return Command(
        "READ DISC INFORMATION", bytes((0x51,)) + bytes(6) + _be(length, 2) + b"\0", length
    )


def read_track_information(number: int, *, length: int = 48) -> Command:
    """Ask for a track, addressed by track; FFh is the one that is not complete (CD)."""
    cdb = bytes((0x52, 1)) + _be(number, 4) + b"\0" + _be(length, 2) + b"\0"
    return Command("READ TRACK INFORMATION", cdb, length)


def read_toc(form: int = 0, *, start: int = 0, length: int = 1024) -> Command:
    """Ask for the contents: format 0 tells tracks, 1 sessions, 2 the whole lead-in (in MSF)."""
    cdb = bytes((0x43, 2 if form >= 2 else 0, form, 0, 0, 0, start)) + _be(length, 2) + b"\0"
    return Command("READ TOC/PMA/ATIP", cdb, length)


def read_capacity() -> Command:
    """Ask for the last block, and the length of one."""
    return Command("READ CAPACITY", bytes((0x25,)) + bytes(9), 8)


def read_format_capacities(length: int = 252) -> Command:
    """Ask what the medium is formatted to, and can be."""
    cdb = bytes((0x23,)) + bytes(6) + _be(length, 2) + b"\0"
    return Command("READ FORMAT CAPACITIES", cdb, length)


def read_buffer_capacity() -> Command:
    """Ask how full the drive's own memory is, in bytes."""
    return Command("READ BUFFER CAPACITY", bytes((0x5C, 0, 0, 0, 0, 0, 0, 0, 12, 0)), 12)


def get_performance(entries: int = 16) -> Command:
    """Ask for type 3: the speeds of writing to the medium that is in."""
    cdb = bytes((0xAC,)) + bytes(7) + _be(entries, 2) + bytes((3, 0))
    return Command("GET PERFORMANCE", cdb, 8 + 16 * entries)


def mode_sense(page: int, length: int = 192) -> Command:
    """SPC-4, MODE SENSE(10); current values, no block descriptors."""
    cdb = bytes((0x5A, 8, page)) + bytes(4) + _be(length, 2) + b"\0"
    return Command("MODE SENSE", cdb, length)


def mode_select(parameters: bytes) -> Command:
    """SPC-4, MODE SELECT(10); PF set, nothing saved."""
    cdb = bytes((0x55, 0x10)) + bytes(5) + _be(len(parameters), 2) + b"\0"
    return Command("MODE SELECT", cdb, data_out=parameters)


def set_cd_speed(write: int, read: int = 0xFFFF) -> Command:
    """Set it (CD); kB/s of 1,000 bytes, FFFFh the fastest."""
    cdb = bytes((0xBB, 0)) + _be(read, 2) + _be(min(write, 0xFFFF), 2) + bytes(6)
    return Command("SET CD SPEED", cdb)


def set_streaming(end: int, write: int, read: int) -> Command:
    """Set the speed up to block *end* (DVD, BD); kB/s; no *write*: as the drive likes best."""
    restore = 0x04 if not write else 0  # RDD: all other fields are ignored
    second = _be(1000, 4)
    descriptor = (
        bytes((restore, 0, 0, 0)) + _be(0, 4) + _be(end, 4)
        + _be(read, 4) + second + _be(write, 4) + second
    )  # fmt: skip
    cdb = bytes((0xB6,)) + bytes(8) + _be(len(descriptor), 2) + b"\0"
    return Command("SET STREAMING", cdb, data_out=descriptor)


def send_opc() -> Command:
    """The drive adjusts its laser, which takes up to a minute."""
    return Command("SEND OPC INFORMATION", bytes((0x54, 1)) + bytes(8), timeout=120, patience=120)


def reserve_track(blocks: int) -> Command:
    """Reserve by size."""
    return Command(
        "RESERVE TRACK",
        bytes((0x53, 0, 0, 0, 0)) + _be(blocks, 4) + b"\0",
        timeout=120,
        patience=120,
    )


def send_cue_sheet(sheet: bytes) -> Command:
    """Tell of the whole session before it is written (CD)."""
    cdb = bytes((0x5D,)) + bytes(5) + _be(len(sheet), 3) + b"\0"
    return Command("SEND CUE SHEET", cdb, data_out=sheet, timeout=120, patience=120)


def write(lba: int, data: bytes | memoryview) -> Command:
    """SBC-3, WRITE(10); the first one may have to wait for lead-in and calibration."""
    cdb = b"\x2a\0" + _be(lba & _LBA, 4) + b"\0" + _be(len(data) // BLOCK, 2) + b"\0"
    return Command("WRITE", cdb, data_out=data, timeout=180, patience=240)


def read(lba: int, blocks: int, *, force: bool = False) -> Command:
    """READ(10); *force* has the medium itself read and not the drive's memory (FUA)."""
    cdb = bytes((0x28, 8 if force else 0)) + _be(lba & _LBA, 4) + b"\0" + _be(blocks, 2) + b"\0"
    return Command("READ", cdb, blocks * BLOCK, timeout=60, patience=120)


def synchronize_cache() -> Command:
    """SBC-3; IMMED, so that the host may ask how it goes."""
    return Command(FLUSH.name, bytes((0x35, 2)) + bytes(8), timeout=180, patience=FLUSH.patience)


def close(function: int, track: int = 0) -> Command:
    """Close with IMMED; *function* as a row of the medium names it."""
    cdb = bytes((0x5B, 1, function, 0)) + _be(track, 2) + bytes(4)
    return Command(CLOSE.name, cdb, timeout=180, patience=CLOSE.patience)


def blank(kind: int) -> Command:
    """Blank with IMMED; *kind* 0 erases all of the disc, 1 what makes it look blank."""
    cdb = bytes((0xA1, 0x10 | kind)) + bytes(10)
    return Command(BLANKING.name, cdb, timeout=180, patience=BLANKING.patience)


def format_unit(descriptor: bytes, options: int = 0x02) -> Command:
    """Format; *descriptor* is the eight bytes of the format that is wanted, *options* has IMMED."""
    header = bytes((0, options, 0, len(descriptor)))
    return Command(
        FORMATTING.name,
        bytes((0x04, 0x11, 0, 0, 0, 0)),  # FMTDATA, format code 1
        data_out=header + descriptor,
        timeout=180,
        patience=FORMATTING.patience,
    )


def prevent_removal(*, prevent: bool) -> Command:
    """Keep the medium in, or let it out."""
    cdb = bytes((0x1E, 0, 0, 0, int(prevent), 0))
    # A drive that is still busy with a recording that failed is to let its medium go in the end.
    return Command("PREVENT ALLOW MEDIUM REMOVAL", cdb, patience=30 if prevent else 120)


def start_stop(*, start: bool, move: bool, wait: bool = True) -> Command:
    """SBC-3; *move* loads or ejects the medium (LoEj), *wait* for it to be done (no IMMED)."""
    what = (2 if move else 0) | (1 if start else 0)
    cdb = bytes((0x1B, 0 if wait else 1, 0, 0, what, 0))
    return Command("START STOP UNIT", cdb, timeout=90, patience=90)


# Where the bit stands that has a drive answer at once: byte and mask, by operation code.
_IMMEDIATE: Final = {0x35: (1, 2), 0x5B: (1, 1), 0xA1: (1, 0x10)}


def blocking(command: Command) -> Command | None:
    """Return *command* so that it is answered at its end only; None where it cannot be."""
    at, mask = _IMMEDIATE.get(command.cdb[0], (0, 0))
    if not mask:
        return None
    cdb = bytearray(command.cdb)
    cdb[at] &= ~mask
    return command._replace(cdb=bytes(cdb), timeout=command.patience)
