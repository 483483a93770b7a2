"""What a drive tells about itself and its features. Pure; as MMC-6 lays it out."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from drivers.mmc.fields import Fields, stated_length
from drivers.transport import printable

_MOST = 256  # rows of any one list: more than any drive has, few enough for a hostile one


class Inquiry(NamedTuple):
    """Standard INQUIRY data (SPC-4)."""

    kind: int  # peripheral device type; 5 is an optical drive
    removable: bool
    vendor: str
    product: str
    revision: str


def parse_inquiry(data: bytes) -> Inquiry:
    answer = Fields(data, 5 + data[4] if len(data) > 4 else 0)
    return Inquiry(
        answer.bits(0, 0x1F),
        bool(answer.bits(1, 0x80)),
        printable(answer.data[8:16]),
        printable(answer.data[16:32]),
        printable(answer.data[32:36]),
    )


def parse_serial(data: bytes) -> str:
    """Read the page "unit serial number" of the vital product data (SPC-4)."""
    answer = Fields(data, 4 + data[3] if len(data) > 3 else 0)
    return printable(answer.data[4:]) if answer.number(1) == 0x80 else ""


class Feature(NamedTuple):
    """One feature descriptor (MMC-6 5.2)."""

    current: bool  # the drive can do it with what is in it
    data: bytes  # what depends on the feature, from the fifth byte of the descriptor on

    def has(self, at: int, mask: int) -> bool:
        return len(self.data) > at and bool(self.data[at] & mask)


class Configuration(NamedTuple):
    """What a drive can do, and with the medium that is in (GET CONFIGURATION)."""

    profile: int  # the current one; 0: none
    features: Mapping[int, Feature]

    def current(self, feature: int) -> Feature | None:
        found = self.features.get(feature)
        return found if found and found.current else None

    @property
    def profiles(self) -> tuple[int, ...]:
        """Return the profiles that the drive knows (MMC-6 5.3, profile list)."""
        listed = self.features.get(PROFILE_LIST, _NONE).data
        return tuple(
            int.from_bytes(listed[at : at + 2], "big") for at in range(0, len(listed) - 3, 4)
        )

    @property
    def serial(self) -> str:
        return printable(self.features.get(SERIAL, _NONE).data)


PROFILE_LIST = 0x0000  # numbers of features (MMC-6 5.3)
REMOVABLE = 0x0003
RANDOM_WRITABLE = 0x0020
INCREMENTAL = 0x0021
FORMATTABLE = 0x0023
RIGID_OVERWRITE = 0x002C
CD_TAO = 0x002D
CD_MASTERING = 0x002E
DVD_LESS = 0x002F  # DVD-R/-RW Write
SERIAL = 0x0108
_NONE = Feature(False, b"")


def parse_configuration(data: bytes) -> Configuration:
    answer = Fields(data, stated_length(data, 4))
    features: dict[int, Feature] = {}
    at = 8
    for _ in range(_MOST):
        if at + 4 > len(answer):
            break
        length = answer.number(at + 3)
        content = answer.data[at + 4 : at + 4 + length]
        features[answer.number(at, 2)] = Feature(bool(answer.bits(at + 2, 1)), content)
        at += 4 + length
    return Configuration(answer.number(6, 2), MappingProxyType(features))


class MediaEvent(NamedTuple):
    """What happened to the medium, and how it is now (GET EVENT STATUS NOTIFICATION)."""

    event: int  # 0 nothing, 1 someone wants it out, 2 new, 3 taken out, 4 changed
    tray_open: bool
    present: bool


def parse_media_event(data: bytes) -> MediaEvent | None:
    """Return the event; None where the answer is about something else."""
    answer = Fields(data, stated_length(data, 2))
    if len(answer) < 6 or answer.bits(2, 0x80) or answer.bits(2, 0x07) != 4:
        return None
    return MediaEvent(answer.bits(4, 0x0F), bool(answer.bits(5, 0x01)), bool(answer.bits(5, 0x02)))


class BufferCapacity(NamedTuple):
    """The drive's own memory (READ BUFFER CAPACITY)."""

    size: int  # bytes
    empty: int  # bytes of it that wait for data


def parse_buffer_capacity(data: bytes) -> BufferCapacity | None:
    """Return it; None where the drive does not tell, or tells nonsense."""
    answer = Fields(data, stated_length(data, 2))
    size, empty = answer.number(4, 4), answer.number(8, 4)
    return BufferCapacity(size, empty) if size > 0 and empty <= size else None


def parse_write_speeds(data: bytes) -> tuple[int, ...]:
    """Read GET PERFORMANCE, type 3: kB/s, the fastest first."""
    answer = Fields(data, stated_length(data, 4))
    ends = range(24, min(len(answer), 8 + 16 * _MOST) + 1, 16)
    return _descending(answer.number(end - 4, 4) for end in ends)


def _descending(speeds: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({speed for speed in speeds if speed}, reverse=True))


def mode_page(data: bytes, page: int) -> bytes:
    """Return the page of a MODE SENSE(10) answer; b"" where it is another or none."""
    answer = Fields(data, stated_length(data, 2))
    start = 8 + answer.number(6, 2)
    found = answer.data[start : start + 2 + answer.number(start + 1)]
    return found if len(found) >= 2 and found[0] & 0x3F == page else b""


class Capabilities(NamedTuple):
    """Mode page 2Ah: legacy in MMC-6, and still in every drive (MMC-3)."""

    mechanism: int  # 0 caddy, 1 tray, 2 pop-up, 4 and 5 changers
    ejects: bool
    locks: bool
    buffer: int  # bytes
    write_speeds: tuple[int, ...]  # kB/s, the fastest first


def parse_capabilities(data: bytes) -> Capabilities:
    page = Fields(mode_page(data, 0x2A))
    count = min(page.number(30, 2), _MOST)
    speeds = [page.number(34 + 4 * row, 2) for row in range(count)] or [page.number(18, 2)]
    return Capabilities(
        page.bits(6, 0xE0),
        bool(page.bits(6, 0x08)),
        bool(page.bits(6, 0x01)),
        page.number(12, 2) * 1024,
        _descending(speeds),
    )
