"""The fields of drives' answers, by name: for comparing a simulated drive with recorded ones.

Cut out by hand from the tables of MMC-6 and SPC-4, not by the code under test.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

Fields = dict[str, object]


class Told(NamedTuple):
    """What a drive told to one command."""

    status: int
    sense: bytes
    data: bytes


def fields(command: str, told: Told) -> Fields:
    """Return every field of an answer that is compared; of a refusal, its sense codes."""
    if told.status:
        sense = told.sense.ljust(14, b"\0")
        return {"refusal": f"{sense[2] & 0x0F:X}/{sense[12]:02X}", "qualifier": sense[13]}
    cut = _CUTS.get(command.split(" track ")[0].split(" LBA ")[0], lambda data: {})
    return {"refusal": None, **cut(told.data)}


def _number(data: bytes, at: int, length: int = 4) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big", signed=True)


def _inquiry(data: bytes) -> Fields:
    return {"type": data[0], "removable": data[1] >> 7}


def _configuration(data: bytes) -> Fields:
    found: Fields = {"profile": _number(data, 6, 2)}
    for code, flags, body in _features(data):
        name = f"feature {code:04X}"
        found |= {f"{name} current": flags & 1, f"{name} persistent": flags >> 1 & 1}
        found[f"{name} length"] = len(body)
        if code == 0x0000:
            for at in range(0, len(body), 4):
                found[f"profile {_number(body, at, 2):04X} current"] = body[at + 2] & 1
    return found


def _features(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at, end = 8, 4 + _number(data, 0)
    while at < end:
        yield _number(data, at, 2), data[at + 2], data[at + 4 : at + 4 + data[at + 3]]
        at += 4 + data[at + 3]


def _event(data: bytes) -> Fields:
    return {"class": data[2], "event": data[4] & 0x0F, "tray and medium": data[5] & 3}


def _disc(data: bytes) -> Fields:
    return {
        "length": _number(data, 0, 2),
        "disc": data[2] & 3,
        "last session": data[2] >> 2 & 3,
        "erasable": data[2] >> 4 & 1,
        "first track": data[3],
        "sessions": data[4] | data[9] << 8,
        "first track of last session": data[5] | data[10] << 8,
        "last track": data[6] | data[11] << 8,
        "background format": data[7] & 3,
        "disc type": data[8],
        "next lead-in": data[16:20].hex(),
        "last lead-out": data[20:24].hex(),
    }


def _track(data: bytes) -> Fields:
    return {
        "length": _number(data, 0, 2),
        "track": data[2],
        "session": data[3],
        "damage": data[5] >> 5 & 1,
        "mode": data[5] & 0x0F,
        "reserved, blank, packet": data[6] >> 5,
        "data mode": data[6] & 0x0F,
        "next address valid": data[7] & 1,
        "start": _signed(data, 8),
        "next address": _signed(data, 12),
        "free": _number(data, 16),
        "size": _number(data, 24),
    }


def _toc(data: bytes) -> Fields:
    rows = range(4, 2 + _number(data, 0, 2), 8)
    found: Fields = {"first and last": data[2:4].hex()}
    for at in rows:
        found |= {f"track {data[at + 2]:02X} control": data[at + 1]}
        found |= {f"track {data[at + 2]:02X} start": _signed(data, at + 4)}
    return found


def _sessions(data: bytes) -> Fields:
    return {"sessions": data[2:4].hex(), "first track": data[6], "start": _signed(data, 8)}


def _full_toc(data: bytes) -> Fields:
    found: Fields = {"sessions": data[2:4].hex()}
    for at in range(4, 2 + _number(data, 0, 2), 11):
        point = f"session {data[at]} point {data[at + 3]:02X}"
        found |= {
            f"{point} control": data[at + 1],
            f"{point} address": data[at + 8 : at + 11].hex(),
        }
    return found


def _atip(data: bytes) -> Fields:
    return {
        "length": _number(data, 0, 2),
        "flags": data[4:7].hex(),
        "lead-in": data[8:11].hex(),
        "lead-out": data[12:15].hex(),
    }


def _capacity(data: bytes) -> Fields:
    return {"last block": _number(data, 0), "block": _number(data, 4)}


def _formats(data: bytes) -> Fields:
    kinds = [data[at] >> 2 for at in range(16, 4 + data[3], 8)]
    return {"blocks": _number(data, 4), "state": data[8] & 3, "block": _number(data, 9, 3)} | {
        f"format {kind:02X}": True for kind in kinds
    }


def _buffer(data: bytes) -> Fields:
    return {"length": _number(data, 0, 2), "all empty": data[4:8] == data[8:12]}


def _structure(data: bytes) -> Fields:
    return {"category": data[4] >> 4, "first block": _number(data, 8)}


def _mode_page(data: bytes) -> Fields:
    page = data[8 + _number(data, 6, 2) :]
    return {"length tells of all": _number(data, 0, 2) == 8 + page[1], "page": page[0] & 0x3F}


def _write_parameters(data: bytes) -> Fields:
    page = data[8:]
    return _mode_page(data) | {"page length": page[1], "audio pause": _number(page, 14, 2)}


def _capabilities(data: bytes) -> Fields:
    page = data[8:]
    return _mode_page(data) | {
        "locks": page[6] & 1,
        "ejects": page[6] >> 3 & 1,
        "tray": page[6] >> 5,
    }


def _performance(data: bytes) -> Fields:
    rows = [data[at : at + 16] for at in range(8, 4 + _number(data, 0), 16)]
    speeds = [_number(row, 12) for row in rows]
    return {
        "whole rows": (_number(data, 0) - 4) % 16,
        "fastest first": speeds == sorted(speeds)[::-1],
    }


_CUTS: Final[dict[str, Callable[[bytes], Fields]]] = {
    "INQUIRY": _inquiry,
    "GET CONFIGURATION": _configuration,
    "GET CONFIGURATION current": _configuration,
    "GET EVENT STATUS media": _event,
    "READ DISC INFORMATION": _disc,
    "READ TRACK INFORMATION": _track,
    "READ TOC 0": _toc,
    "READ TOC 1 sessions": _sessions,
    "READ TOC 2 full": _full_toc,
    "READ TOC 4 ATIP": _atip,
    "READ CAPACITY": _capacity,
    "READ FORMAT CAPACITIES": _formats,
    "READ BUFFER CAPACITY": _buffer,
    "READ DISC STRUCTURE 00": _structure,
    "MODE SENSE 05 write parameters": _write_parameters,
    "MODE SENSE 2A capabilities": _capabilities,
    "MODE SENSE 01 error recovery": _mode_page,
    "GET PERFORMANCE write speed": _performance,
}
