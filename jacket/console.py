"""What the commands print: progress for a person at a terminal, plain text for a pipe."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reporting import CannotWrite, Progress, silent

_STAGES = {
    "scan": "reading headers",
    "transcode": "converting",
    "write": "writing",
    "verify": "reading back",
}


@contextmanager
def watched() -> Iterator[Progress]:
    """Hand out a progress bar when a person looks at standard error; it is gone afterwards."""
    if not sys.stderr.isatty():
        yield silent
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.clear()


class Bar:
    """A progress line on standard error; redrawn ten times a second at the most."""

    WIDTH = 30

    def __init__(self) -> None:
        self._next = 0.0
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        from time import monotonic

        now = monotonic()
        if stage == self._stage and now < self._next and done < total:
            return
        self._stage, self._next = stage, now + 0.1
        share = done / total if total else 0.0
        filled = int(share * self.WIDTH)
        line = f"{_STAGES.get(stage, stage):>16} [{'#' * filled}{'.' * (self.WIDTH - filled)}]"
        sys.stderr.write(f"\r{line} {share:4.0%}\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away before other text is printed."""
        if self._stage:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def print_json(value: Any) -> None:
    """Print one JSON object; characters of any script stand as they are."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    try:
        text.encode("utf-8")  # a name that is not UTF-8 is given with its bytes as escapes
        _write(text + "\n")
    except UnicodeEncodeError:  # or standard output has another character set
        _write(json.dumps(value, indent=2, default=str) + "\n")


def say(text: str = "") -> None:
    """Print one line for a person; what the terminal cannot show is shown as escapes."""
    try:
        _write(text + "\n")
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        _write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise  # whoever read it has enough
    except OSError as error:
        raise CannotWrite(
            f"cannot be written ({error.strerror})", "standard output", "Make room there"
        ) from error


def printable(text: str) -> str:
    """Return *text* without control characters: names on foreign media are hostile."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def amount(number: int, one: str, many: str = "") -> str:
    """Return "1 file" or "2 files"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def whose(instances: int, patients: int, studies: int) -> str:
    """Return "8 instances of 1 patient, 2 studies", or less where they belong to nobody."""
    every = amount(instances, "instance")
    if not patients:
        return every
    return f"{every} of {amount(patients, 'patient')}, {amount(studies, 'study', 'studies')}"


def size(number: int) -> str:
    """Return a number of bytes as people say it, in powers of ten as media are sold."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= step:
            return f"{number / step:,.1f} {unit}"
    return f"{number} bytes"


def say_some(lines: Sequence[str], most: int = 20) -> None:
    """Print the first *most* of *lines*, and how many more there are."""
    for line in lines[:most]:
        say(line)
    if len(lines) > most:
        say(f"  … and {len(lines) - most:,} more; --json lists all")
