"""The time that a simulated device lives in; nothing sleeps unless it is asked to."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since some moment, and a way to let them pass."""

    def __call__(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def polled(self, share: float = 1.0) -> None:
        """Note that a host was told to come back later, *share* of the usual time."""


class VirtualClock:
    """Time that passes at once: whoever sleeps on it, host or device, moves it on.

    A host that waits on another clock would ask for ever whether a device is ready; so each of its
    questions costs some seconds here.
    """

    def __init__(self, poll: float = 0.25) -> None:
        self.now = 0.0
        self._poll = poll

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.0)

    def polled(self, share: float = 1.0) -> None:
        self.now += self._poll * share


class RealClock:
    """Time as it is, or some times faster: for demonstrations."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    def __call__(self) -> float:
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0) / self._speed)

    def polled(self, share: float = 1.0) -> None:
        """Do nothing: time passes by itself."""
