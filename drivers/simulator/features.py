"""What GET CONFIGURATION lists: the features of the simulated drive (MMC-6 5.3)."""

from typing import Final, NamedTuple

from drivers.simulator.kinds import ROWS
from drivers.simulator.medium import SimulatedMedium
from drivers.simulator.overwritable import Overwritable
from drivers.simulator.sequential import Sequential

_EVERY: Final = frozenset(row.profile for row in ROWS) | {0x13}
_CD: Final = frozenset((0x08, 0x09, 0x0A))
_BD: Final = frozenset((0x40, 0x41, 0x43))
_DVD: Final = _EVERY - _CD - _BD
_FORMATTED: Final = frozenset((0x12, 0x13, 0x14, 0x1A, 0x41, 0x43))
_ALWAYS: Final = frozenset((-1,))


class Feature(NamedTuple):
    """One feature descriptor; it is current with the media of *profiles*."""

    code: int
    flags: int  # version << 2, persistent << 1 (5.2.2)
    data: str  # hexadecimal
    profiles: frozenset[int]
    name: str  # in MMC-6 5.3


_READ_CLASSES: Final = "00000000" + "ff" * 20
FEATURES: Final = (
    Feature(0x0001, 0x0B, "00000002 00000000", _ALWAYS, "Core, version 2: ATAPI"),
    Feature(0x0002, 0x07, "00000000", _ALWAYS, "Morphing"),
    Feature(0x0003, 0x03, "29000000", _ALWAYS, "Removable Medium: tray, ejects, locks"),
    Feature(0x0010, 0x00, "00000800 0001 01 00", _EVERY, "Random Readable"),
    Feature(0x001D, 0x00, "", _CD, "Multi-Read"),
    Feature(0x001E, 0x08, "03000000", _CD, "CD Read"),
    Feature(0x001F, 0x04, "01000100", _DVD, "DVD Read"),
    Feature(
        0x0020, 0x04, "", frozenset((0x12, 0x1A, 0x43)), "Random Writable; its data are computed"
    ),
    Feature(
        0x0021,
        0x04,
        "0f00 01 01 10000000",
        frozenset((0x11, 0x14, 0x15)),
        "Incremental Streaming Writable",
    ),
    Feature(0x0023, 0x04, "0c000000 00000000", _FORMATTED, "Formattable"),
    Feature(0x0024, 0x04, "80000000", frozenset((0x12, 0x43)), "Hardware Defect Management"),
    Feature(0x0025, 0x00, "00000800 0020 01 00", frozenset((0x41,)), "Write Once"),
    Feature(0x0026, 0x00, "", frozenset((0x13,)), "Restricted Overwrite"),
    Feature(0x002A, 0x00, "01000000", frozenset((0x1A,)), "DVD+RW"),
    Feature(0x002B, 0x00, "01000000", frozenset((0x1B,)), "DVD+R"),
    Feature(0x002C, 0x00, "01000000", frozenset((0x13,)), "Rigid Restricted Overwrite"),
    Feature(
        0x002D, 0x08, "46000100", frozenset((0x09, 0x0A)), "CD Track at Once: BUF, test, CD-RW"
    ),
    Feature(
        0x002E, 0x00, "66000c00", frozenset((0x09, 0x0A)), "CD Mastering: BUF, SAO, test, CD-RW"
    ),
    Feature(
        0x002F,
        0x08,
        "4e000000",
        frozenset((0x11, 0x14, 0x15)),
        "DVD-R/-RW Write: BUF, DL, test, RW",
    ),
    Feature(0x003B, 0x00, "01000000", frozenset((0x2B,)), "DVD+R Double Layer"),
    Feature(0x0040, 0x04, _READ_CLASSES + "ff" * 4, _BD, "BD Read"),
    Feature(0x0041, 0x04, "00000000" + "ff" * 16, frozenset((0x41, 0x43)), "BD Write"),
    Feature(0x0100, 0x03, "", _ALWAYS, "Power Management"),
    Feature(0x0105, 0x07, "00000000", _ALWAYS, "Timeout"),
    Feature(0x0107, 0x10, "1e000000", _EVERY, "Real-Time Streaming"),
    Feature(0x0108, 0x03, b"SIMULATED001".hex(), _ALWAYS, "Drive Serial Number"),
)
_PROFILES: Final = sorted(_EVERY, reverse=True)  # in order of preference (5.3)


def configuration(medium: SimulatedMedium | None, which: int, first: int) -> bytes:
    """Return the answer to GET CONFIGURATION (6.5).

    Args:
        medium: what is in the drive and known.
        which: RT field: 0 all features, 1 current ones, 2 only *first*.
        first: the lowest feature that is wanted.
    """
    profile = medium.profile if medium else 0
    rows = [(0, True, b"\x00\x00\x03" + _counted(_profile_list(profile)))]
    rows += [(row.code, is_current(row, medium), _descriptor(row, medium)) for row in FEATURES]
    wanted = b"".join(
        data
        for code, current, data in rows
        if (code == first if which == 2 else code >= first) and (which != 1 or current)
    )
    return (len(wanted) + 4).to_bytes(4, "big") + b"\0\0" + profile.to_bytes(2, "big") + wanted


def is_current(row: Feature, medium: SimulatedMedium | None) -> bool:
    """Return whether the drive can do it with *medium*."""
    if row.profiles is _ALWAYS:
        return True
    if medium is None or medium.profile not in row.profiles:
        return False
    layout = medium.layout
    if row.code == 0x0021 and isinstance(layout, Sequential):
        return layout.incremental  # Not after a quick blanking (4.4).
    if row.code == 0x0020 and isinstance(layout, Overwritable):
        return layout.formatted
    return True


def _profile_list(profile: int) -> bytes:
    return b"".join(p.to_bytes(2, "big") + bytes((p == profile, 0)) for p in _PROFILES)


def _counted(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def _descriptor(row: Feature, medium: SimulatedMedium | None) -> bytes:
    data = bytes.fromhex(row.data)
    if row.code == 0x0020:
        last = medium.layout.last_block if medium and is_current(row, medium) else 0
        data = max(last, 0).to_bytes(4, "big") + b"\x00\x00\x08\x00\x00\x10\x01\x00"
    if row.code == 0x0010 and medium is not None and medium.kind.unit > 1:
        data = data[:4] + medium.kind.unit.to_bytes(2, "big") + data[6:]
    flags = row.flags | is_current(row, medium)
    return row.code.to_bytes(2, "big") + bytes((flags & 0xFF,)) + _counted(data)
