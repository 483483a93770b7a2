"""Commands to a drive, written by hand for tests of the simulated one (MMC-6, SPC-4)."""

from typing import Final

from drivers.simulator import SimulatedDrive
from drivers.transport import Answer

BLOCK: Final = 2048


def send(
    drive: SimulatedDrive, text: str, data: bytes = b"", length: int = 0, timeout: float = 30.0
) -> Answer:
    """Send a command in hexadecimal."""
    return drive.execute(bytes.fromhex(text), data_out=data, length=length, timeout=timeout)


def sense(answer: Answer) -> tuple[int, int, int]:
    """Return key, code and qualifier of fixed sense data; zeros where there are none."""
    told = answer.sense.ljust(14, b"\0")
    return told[2] & 0x0F, told[12], told[13]


def write(drive: SimulatedDrive, lba: int, data: bytes, *, opcode: int = 0x2A) -> Answer:
    """Send one WRITE, again and again while the drive's memory is full."""
    blocks = len(data) // BLOCK
    cdb = bytes((opcode, 0)) + (lba & 0xFFFFFFFF).to_bytes(4, "big")
    cdb += b"\0" + blocks.to_bytes(2, "big") + b"\0"
    for _ in range(1000):
        answer = drive.execute(cdb, data_out=data)
        if sense(answer) != (2, 0x04, 0x08):
            return answer
    raise AssertionError("the drive takes nothing any more")


def read(drive: SimulatedDrive, lba: int, blocks: int) -> Answer:
    cdb = b"\x28\0" + lba.to_bytes(4, "big") + b"\0" + blocks.to_bytes(2, "big") + b"\0"
    return drive.execute(cdb, length=blocks * BLOCK)


def flush(drive: SimulatedDrive) -> Answer:
    return send(drive, "35 00 00 00 00 00 00 00 00 00", timeout=3600)


def close(drive: SimulatedDrive, function: int, number: int = 0) -> Answer:
    return send(drive, f"5b 00 {function:02x} 00 {number:04x} 00 00 00 00", timeout=3600)


def reserve(drive: SimulatedDrive, blocks: int) -> Answer:
    return send(drive, f"53 00 00 00 00 {blocks:08x} 00")


def parameters(
    drive: SimulatedDrive,
    write_type: int,
    *,
    test: bool = False,
    pauses: bool = True,
    stays_open: bool = False,
    track_mode: int = 4,
) -> Answer:
    """Set mode page 05h."""
    page = bytearray(52)
    page[0:2] = b"\x05\x32"
    page[2] = write_type | test << 4 | pauses << 6
    page[3] = track_mode | (0xC0 if stays_open else 0)
    page[4] = 8
    page[14:16] = b"\x00\x96"
    return send(drive, "55 10 00 00 00 00 00 00 3c 00", bytes(8) + bytes(page))


def cue_sheet(drive: SimulatedDrive, lead_out: int) -> Answer:
    """Announce one data track from block 0 to *lead_out*."""
    minutes, rest = divmod(lead_out + 150, 4500)
    rows = bytes.fromhex("4100001400000000 4101001000000000 4101011000000200 41aa011400")
    sheet = rows + bytes((minutes, rest // 75, rest % 75))
    return send(drive, f"5d 00 00 00 00 00 {len(sheet):06x} 00", sheet)


def disc(drive: SimulatedDrive) -> tuple[int, int, int]:
    """Return state of the disc, state of the last session, and number of sessions."""
    data = send(drive, "51 00 00 00 00 00 00 00 22 00", length=34).data
    return data[2] & 3, data[2] >> 2 & 3, data[4]


def track(drive: SimulatedDrive, number: int = 0xFF) -> dict[str, int]:
    answer = send(drive, f"52 01 {number:08x} 00 00 30 00", length=48)
    data = answer.data
    assert answer.status == 0, sense(answer)
    return {
        "number": data[2],
        "damaged": data[5] >> 5 & 1,
        "blank": data[6] >> 6 & 1,
        "reserved": data[6] >> 7,
        "valid": data[7] & 1,
        "start": int.from_bytes(data[8:12], "big", signed=True),
        "next": int.from_bytes(data[12:16], "big", signed=True),
        "free": int.from_bytes(data[16:20], "big"),
        "size": int.from_bytes(data[24:28], "big"),
    }


def ready(kind: str, **more: object) -> SimulatedDrive:
    """Return a drive that has a medium of *kind* and nothing left to tell."""
    drive = SimulatedDrive(kind, **more)  # type: ignore[arg-type]  # passed on as they are
    drive.settle()
    return drive
