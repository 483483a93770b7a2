"""Numbered pieces of work shared with forked processes, so that the result is that of one.

The numbers lie as tokens in a pipe and each process takes the next one, so that none waits for
another. What a killed process did not hand back is simply done again.
"""

import marshal
import os
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from typing import IO, Any, Final, Protocol

from reporting.worker_life import die_of_signals, undisturbed

MOST_PIECES: Final = 12_000  # as many tokens surely fit into a pipe that nobody reads yet
_TOKEN: Final = Struct("<I")


class Work(Protocol):
    """What is done with the pieces, in one process."""

    def piece(self, number: int) -> object:
        """Do one piece; return what was found as a plain value (marshal)."""

    def state(self) -> object:
        """Return what was gathered over all pieces, as a plain value."""

    def absorb(self, state: Any) -> None:
        """Take in what another process gathered."""


def in_processes(
    work: Work,
    pieces: int,
    processes: int,
    *,
    begin: Callable[[int], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> dict[int, Any]:
    """Do all pieces in this process and in forked ones; return the results by number.

    Args:
        work: holds, afterwards, what all processes gathered.
        pieces: how many, at most `MOST_PIECES`.
        processes: this one included.
        begin: told the number of each piece that this process begins.
        meanwhile: what this process does first, while the others begin.
    """
    tokens, write_end = os.pipe()
    workers: list[tuple[int, IO[bytes]]] = []
    results: dict[int, Any] = {}
    try:
        os.write(write_end, b"".join(map(_TOKEN.pack, range(pieces))))
        os.close(write_end)
        for _ in range(processes - 1):
            try:
                with undisturbed():  # or an interruption would forget the worker just started
                    workers.append(_start_worker(tokens, work))
            except OSError:  # no more processes, or no memory: those that are there do it all
                break
        meanwhile()
        while token := os.read(tokens, _TOKEN.size):
            (number,) = _TOKEN.unpack(token)
            begin(number)
            results[number] = work.piece(number)
        while workers:
            handed_back = _handed_back(*workers[-1])
            workers.pop()
            if handed_back is not None:
                found, state = handed_back
                results.update(found)
                if found:
                    work.absorb(state)
    finally:
        os.close(tokens)
        for pid, basket in workers:  # only when something went wrong on the way
            basket.close()
            with suppress(ProcessLookupError, ChildProcessError):  # already waited for
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    for number in range(pieces):
        if number not in results:  # a worker was killed, by the system or by a hostile file
            results[number] = work.piece(number)
    return results


def _start_worker(tokens: int, work: Work) -> tuple[int, IO[bytes]]:
    """Fork a process that does what it can take; its results come in a file in memory."""
    if hasattr(os, "memfd_create"):
        basket = os.fdopen(os.memfd_create("jacket-worker"), "w+b")
    else:
        import tempfile

        basket = tempfile.TemporaryFile()  # noqa: SIM115 (outlives us)
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        basket.close()
        raise
    if pid:
        return pid, basket
    status = 1
    try:
        die_of_signals()
        results: Any = {}
        while token := os.read(tokens, _TOKEN.size):
            (number,) = _TOKEN.unpack(token)
            if os.getppid() != parent:  # it was killed: nobody waits for this
                break
            results[number] = work.piece(number)
        state: Any = work.state()
        marshal.dump((results, state), basket)
        basket.flush()
        status = 0
    finally:
        os._exit(status)


def _handed_back(pid: int, basket: IO[bytes]) -> tuple[dict[int, Any], Any] | None:
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:  # SIGCHLD is ignored, as some services have it: it has ended
        status = 1
    with basket:
        if status:
            return None
        basket.seek(0)
        loaded: tuple[dict[int, Any], Any] = marshal.load(basket)  # noqa: S302 (our own worker's)
        return loaded
