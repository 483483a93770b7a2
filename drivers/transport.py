"""How SCSI commands reach a device: the one seam that all drivers and the simulator share."""

from typing import Final, NamedTuple, Protocol

from reporting import FilmjacketError

GOOD: Final = 0x00  # status codes (SAM-5 5.3.1)
CHECK_CONDITION: Final = 0x02
BUSY: Final = 0x08
RESERVATION_CONFLICT: Final = 0x18
TASK_SET_FULL: Final = 0x28


class Answer(NamedTuple):
    """What a device said to one command."""

    status: int
    data: bytes = b""  # what came in, at most what was asked for
    sense: bytes = b""  # as the device gave it; b"" where there is none
    residual: int = 0  # bytes that were asked for, or handed over, and not transferred


class Transport(Protocol):
    """A device that takes SCSI commands."""

    @property
    def name(self) -> str:
        """Return what messages call it; nothing in it but printable characters."""

    @property
    def largest(self) -> int:
        """Return how many bytes one command may move."""

    def execute(
        self,
        cdb: bytes,
        *,
        data_out: bytes | memoryview = b"",
        length: int = 0,
        timeout: float = 30.0,
    ) -> Answer:
        """Carry out one command.

        Args:
            cdb: the command descriptor block, 6 to 16 bytes.
            data_out: what goes to the device.
            length: bytes that are expected from it; never together with *data_out*.
            timeout: seconds.

        Raises:
            DeviceGone: it was unplugged or switched off.
            TimedOut: it did not answer in time; what it did of the command is not known.
            TransportFailed: the way to it failed; what it did of the command is not known.
        """

    def close(self) -> None: ...


class TransportFailed(FilmjacketError):
    """A command did not reach the device, or its answer did not come back."""


class DeviceGone(TransportFailed):
    """The device is not there any more."""


class TimedOut(TransportFailed):
    """The device did not answer in time."""


def printable(text: str | bytes, *, longest: int = 64) -> str:
    """Return a text of a device's own as messages may show it: one line, nothing but characters.

    A device calls itself what it likes; nothing that it says moves a cursor or hides a word.
    """
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    shown = "".join(c if c.isprintable() and c.isascii() else " " for c in text[:longest])
    return " ".join(shown.split())
