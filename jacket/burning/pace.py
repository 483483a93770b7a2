"""How fast a job goes and how long it will take, shown on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from reporting import Progress, silent

_STAGES: Final = {
    "scan": "reading headers",
    "transcode": "converting",
    "format": "formatting",
    "blank": "erasing",
    "wipe": "overwriting",
    "write": "writing",
    "flush": "flushing",
    "close": "closing",
    "read back": "reading back",
    "verify": "verifying",
}
_IN_BYTES: Final = frozenset(("wipe", "write", "read back", "verify"))
_WIDTH: Final = 24  # characters of the bar
_REDRAW: Final = 0.2  # seconds
_SETTLED: Final = 2.0  # seconds before a speed is told


@contextmanager
def paced() -> Iterator[Progress]:
    """Hand out a line with speed and time left; for nobody where no person looks."""
    if not sys.stderr.isatty():
        yield silent
        return
    line = PaceLine(sys.stderr.write)
    try:
        yield line
    finally:
        line.clear()


class PaceLine:
    """A line that is written again and again."""

    def __init__(
        self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write, self._clock = write, clock
        self._stage, self._begun, self._next = "", 0.0, 0.0
        self._first = 0  # what was done already when the stage began

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._clock()
        if stage != self._stage:
            self._stage, self._begun, self._first = stage, now, done
        elif now < self._next and done < total:
            return
        self._next = now + _REDRAW
        share = done / total if total else 0.0
        filled = int(share * _WIDTH)
        bar = "#" * filled + "." * (_WIDTH - filled)
        text = f"{_STAGES.get(stage, stage):>16} [{bar}] {share:4.0%}"
        self._write(f"\r{text}{self._pace(now, done, total)}\x1b[K")
        sys.stderr.flush()

    def _pace(self, now: float, done: int, total: int) -> str:
        """Return the speed, and how long the rest takes at it."""
        passed = now - self._begun
        if self._stage not in _IN_BYTES or passed < _SETTLED or done <= self._first:
            return ""
        speed = (done - self._first) / passed
        return f"  {speed / 1e6:.1f} MB/s  {clock_words((total - done) / speed)} left"

    def clear(self) -> None:
        """Take the line away before other text is printed."""
        if self._stage:
            self._write("\r\x1b[K")
            sys.stderr.flush()


def clock_words(seconds: float) -> str:
    """Return a time as people read it: "0:07", "3:20", "1:02:00"."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
