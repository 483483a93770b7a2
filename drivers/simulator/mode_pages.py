"""The mode pages of a simulated drive (SPC-4 7.5, MMC-6 7)."""

from typing import Final

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Refused

_ERROR_RECOVERY: Final = bytes((0x01, 0x0A, 0x00, 0x01)) + bytes(8)
# Write parameters (7.5.4): tracks at once of mode 1 blocks, two seconds between audio tracks.
_WRITE: Final = bytes((0x05, 0x32, 0x01, 0x04, 0x08, 0x10)) + bytes(8) + b"\x00\x96" + bytes(36)
_CACHING: Final = bytes((0x08, 0x0A, 0x04)) + bytes(9)
_POWER: Final = bytes((0x1A, 0x0A)) + bytes(10)
_TIMEOUT: Final = bytes((0x1D, 0x08)) + bytes(4) + b"\x00\x3c\x00\x3c"
_PAGES: Final = {
    0x01: _ERROR_RECOVERY,
    0x05: _WRITE,
    0x08: _CACHING,
    0x1A: _POWER,
    0x1D: _TIMEOUT,
}
_HIGHEST_WRITE_TYPE: Final = 2  # raw writing is not offered
_CURRENT, _CHANGEABLE, _DEFAULT, _SAVED = range(4)


class ModePages:
    """What the host has set."""

    def __init__(self) -> None:
        self._pages: dict[int, bytes] = {}
        self.reset()

    def reset(self) -> None:
        self._pages = dict(_PAGES)

    @property
    def _write(self) -> bytes:
        return self._pages[0x05]

    @property
    def write_type(self) -> int:
        return self._write[2] & 0x0F

    @property
    def pauses(self) -> bool:
        """Return whether the drive may pause when no data come (BUFE)."""
        return bool(self._write[2] & 0x40)

    @property
    def test(self) -> bool:
        return bool(self._write[2] & 0x10)

    @property
    def stays_open(self) -> bool:
        """Return whether another session may follow (7.5.4)."""
        return self._write[3] >> 6 == 0b11

    @property
    def is_data(self) -> bool:
        """Return whether the next track is one of 2,048-byte blocks (7.5.4)."""
        return bool(self._write[3] & 0x04) and self._write[4] & 0x0F in (0x08, 0x0A)

    def get(self, page: int, control: int, capabilities: bytes) -> bytes:
        """Return one page, or all where *page* is 3Fh.

        Raises:
            Refused: there is no such page, or saved ones are wanted.
        """
        if control == _SAVED:
            raise Refused(sense.NO_SAVED_PAGES)
        pages = {**(_PAGES if control == _DEFAULT else self._pages), 0x2A: capabilities}
        if page != 0x3F and page not in pages:
            raise Refused(sense.INVALID_FIELD)
        wanted = pages.values() if page == 0x3F else (pages[page],)
        return b"".join(_mask(p) if control == _CHANGEABLE else p for p in wanted)

    def set(self, data: bytes) -> None:
        """Take the pages of MODE SELECT.

        Raises:
            Refused: a page is unknown, too short, or holds what the drive does not do.
        """
        while data:
            page, length = data[0] & 0x3F, 2 + (data[1] if len(data) > 1 else 0)
            if page not in self._pages or length > len(data):
                raise Refused(sense.INVALID_PARAMETER)
            if length != len(self._pages[page]):
                raise Refused(sense.INVALID_PARAMETER)
            if page == 0x05 and data[2] & 0x0F > _HIGHEST_WRITE_TYPE:
                raise Refused(sense.INVALID_PARAMETER)
            self._pages[page] = bytes((page, *data[1:length]))
            data = data[length:]


def _mask(page: bytes) -> bytes:
    """Return which bits of *page* can be changed: all of 05h, none of the others."""
    changes = 0xFF if page[0] & 0x3F == 0x05 else 0
    return page[:2] + bytes((changes,)) * (len(page) - 2)
