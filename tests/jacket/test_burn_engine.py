"""A program of others that fails, hangs or is ended leaves nothing that is called good."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.mmc.recording_errors import WriteFailed
from jacket.burning import engine
from jacket.burning.engine import OtherProgram

BLOCKS = 600
CONTENT = os.urandom(BLOCKS * 2048)
PIECES = [memoryview(CONTENT)[at : at + 65536] for at in range(0, len(CONTENT), 65536)]


@contextmanager
def lent() -> Iterator[str]:
    yield "/dev/sr0"


def run(code: str, monkeypatch: pytest.MonkeyPatch, patience: float = 60.0) -> Any:
    """Have a program do what *code* says in place of burning."""
    words = (sys.executable, "-c", f"import sys, time; {code}")
    monkeypatch.setattr(engine, "command", lambda *_: list(words))
    monkeypatch.setattr(engine, "_PATIENCE", patience)
    drive = SimpleNamespace(name="drive", medium=lambda: SimpleNamespace(kind="CD-R"), lent=lent)
    burner = OtherProgram("cdrskin", drive)  # type: ignore[arg-type]
    return burner(BLOCKS, PIECES, speed=None, close="finalize", start=0, progress=lambda *_: None)


def test_one_that_takes_all_and_ends_well_has_burned(monkeypatch: pytest.MonkeyPatch) -> None:
    disc = run("sys.stdin.buffer.read()", monkeypatch)
    assert (disc.complete, disc.blocks) == (True, BLOCKS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("sys.stdin.buffer.read(); print('no laser'); sys.exit(5)", "ended with code 5: no laser"),
        ("sys.stdin.buffer.read(4096); print('done')", "ended with code 0: done"),
        ("sys.stdin.buffer.read(); time.sleep(60)", "did not come to its end"),
        ("time.sleep(60)", "did not come to its end: it said nothing"),
    ],
)
def test_one_that_does_not_has_failed_in_bounded_time(
    code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.monotonic()
    with pytest.raises(WriteFailed, match=words) as caught:
        run(code, monkeypatch, patience=1.0 if "sleep" in code else 60.0)
    assert not caught.value.disc.complete
    assert time.monotonic() - begun < 30
