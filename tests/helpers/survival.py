"""Does all that a reader does with a medium, and judges how it ends."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from drivers import ImageFile
from media import DEMANDS, Medium, open_medium
from media.entry import Entry
from reporting import FilmjacketError

LONGEST = 2.0  # seconds of the processor for one medium; most take some milliseconds
MOST_MEMORY = 500 << 20  # bytes that one medium may cost
_PIECE = 1 << 20  # bytes
_DRIVE = re.compile("[A-Za-z]:")
End = Literal["refused", "findings", "clean"]


@contextmanager
def nothing_outside() -> Iterator[None]:
    """Let no read reach beyond an image, not even one that would be refused."""
    honest = ImageFile.pread

    def pread(self: ImageFile, length: int, offset: int) -> bytes:
        assert not length or 0 <= offset < offset + length <= self.size, "read outside the image"
        return honest(self, length, offset)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageFile, "pread", pread)
        yield


def survive(path: Path, password: bytes | None = None) -> End:
    """Read a medium to its end; anything but our own errors is a failure."""
    _forget_peak()
    memory, start = _memory("VmRSS"), time.process_time()
    try:
        end = _read(path, password)
    except FilmjacketError as error:
        end = _refused(error)
    assert time.process_time() - start < LONGEST
    assert _memory("VmHWM") - memory < MOST_MEMORY
    return end


def _read(path: Path, password: bytes | None) -> End:
    with open_medium(path, password=password) as medium:
        for entry in medium.entries():
            _judge_name(entry)
            medium.find(entry.name)
            medium.find_tolerant(entry.name)
            try:
                _read_file(medium, entry)
            except FilmjacketError as error:
                _refused(error)
        medium.label.encode()
        for word in DEMANDS:
            for finding in medium.findings(word):
                assert finding.where.isprintable()
                assert finding.message.isprintable()
        return "findings" if medium.findings() else "clean"


def _refused(error: FilmjacketError) -> End:
    assert str(error).isprintable()
    return "refused"


def _judge_name(entry: Entry) -> None:
    """Check that no name leads out of the folder into which a medium is copied."""
    assert entry.name
    for part in entry.name:
        assert part not in ("", ".", ".."), entry.name
        assert not set(part) & set("/\0"), entry.name
        assert not _DRIVE.match(part), entry.name


def _read_file(medium: Medium, entry: Entry) -> None:
    """Read a file from end to end; of an absurdly large one the ends and the middle."""
    with medium.open(entry) as file:
        assert file.size >= 0
        steps = range(0, file.size, _PIECE)
        places = [*steps] if len(steps) < 8 else [0, file.size // 2, file.size - _PIECE]
        for at in places:
            length = min(file.size - at, _PIECE)
            assert len(file.pread(length, at)) == length


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory(what: str) -> int:
    """Return bytes of this process: now, or at most since the peak was forgotten."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) * 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (only their number counts)
