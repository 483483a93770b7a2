"""The slow reader: pydicom, in a process of its own, for the files that the fast walk doubts.

pydicom forgives what broken software wrote; it can also be led into gigabytes and endless loops.
So it runs apart, with limits on memory and time, and a file that kills it costs only itself.
"""

import atexit
import marshal
import os
import select
import signal
import subprocess
import sys
from struct import Struct
from typing import Final

from dicomdir.header import Header, NotDicom
from dicomdir.index import Indexer
from dicomdir.instance import NOT_WELL_FORMED, Instance, NotIndexed

PATIENCE: Final = 30.0  # seconds for one file
MEMORY: Final = 1 << 31  # bytes of address space
_FRAME: Final = Struct("<I")


def read_slowly(path: str, indexer: Indexer, doubt: str) -> Instance | NotIndexed:
    """Read the header of *path* with pydicom, because of the fast walk's *doubt*."""
    answer = _reader().ask(path, indexer.wanted)
    if answer is None:
        return NotIndexed(path, f"malformed: {doubt}; reading it went beyond bounds", "malformed")
    if isinstance(answer, str):
        return NotIndexed(path, f"malformed: {doubt}; {answer}", "malformed")
    header = Header()
    header.size, header.transfer_syntax, header.meta, header.elements, departures = answer
    header.departures += [f"{NOT_WELL_FORMED}: {doubt}", *departures]
    try:
        return indexer.index(path, header)
    except NotDicom as problem:
        return NotIndexed(path, problem.reason, problem.kind)


Answer = tuple[int, str, dict[int, bytes], dict[int, bytes], list[str]]


class _Reader:
    """A child process that answers one path after another."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "dicomdir.slow_reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        atexit.register(self.stop)

    def ask(self, path: str, wanted: dict[int, bytes]) -> Answer | str | None:
        """Return what the child read, why it could not (str), or None when it had to be ended."""
        stdin, stdout = self.child.stdin, self.child.stdout
        if stdin is None or stdout is None:  # never, with both piped
            return None
        question = marshal.dumps((path, wanted))
        try:
            stdin.write(_FRAME.pack(len(question)) + question)
            stdin.flush()
            ready, _, _ = select.select([stdout], [], [], PATIENCE)
            length = stdout.read(_FRAME.size) if ready else b""
            if len(length) == _FRAME.size:
                answer: Answer | str = marshal.loads(  # noqa: S302 (our own child's)
                    stdout.read(_FRAME.unpack(length)[0])
                )
                return answer
        except (OSError, EOFError, ValueError):
            pass  # the child died over this file; the next file gets a new one
        self.stop()
        return None

    def stop(self) -> None:
        """End the child; harmless when it is gone or not ours (after a fork)."""
        global _current
        if _current is self:
            _current = None
        if self.owner != os.getpid():
            return
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # unsent bytes of a question to a dead child


_current: _Reader | None = None


def _reader() -> _Reader:
    global _current
    if _current is None or _current.owner != os.getpid():
        _current = _Reader()
    return _current
