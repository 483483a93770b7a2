"""Sharing the files of a medium among processes, so that the result is that of one.

The chunks lie as tokens in a pipe and each process takes the next one. What a process found is
kept by chunk and put together in the medium's order. What a killed worker did not hand back is
simply done again.
"""

import gc
import marshal
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import Struct
from typing import IO, Any, Final, NamedTuple, Protocol

from dicomdir.worker_life import die_of_signals, undisturbed
from media import Entry

_TOKEN: Final = Struct("<I")
_MOST_TOKENS: Final = 12_000  # what surely fits into a pipe that nobody reads yet
_CHUNK_FILES: Final = 32
_CHUNK_BYTES: Final = 8 << 20
# Below both a second process costs more than it brings.
_WORTH_FILES: Final = 200
_WORTH_BYTES: Final = 64 << 20
_OPTICAL: Final = frozenset(("iso9660", "udf"))  # file systems, as Linux names them

Results = list[Any]  # one plain value (marshal) per chunk


class Work(Protocol):
    """What is done with the files, in one process."""

    def chunk(self, entries: Sequence[Entry]) -> object:
        """Look at some files; return what was found as a plain value."""

    def state(self) -> object:
        """Return what was gathered over all chunks, as a plain value."""

    def absorb(self, state: object) -> None:
        """Take in what another process gathered."""


class Shared(NamedTuple):
    """How the files of a medium are cut up."""

    chunks: list[Sequence[Entry]]
    processes: int


def cut_up(entries: Sequence[Entry], medium: str, processes: int | None) -> Shared:
    """Decide how many processes look at *entries*, and at how many at once.

    Args:
        entries: in the order in which the medium has them.
        medium: path of the folder, the image or the drive.
        processes: as many, where that is possible; as many as there are cores when None.
    """
    total = sum(entry.size for entry in entries)
    number = processes or os.cpu_count() or 1
    few = len(entries) < _WORTH_FILES and total < _WORTH_BYTES
    if not hasattr(os, "fork") or _seeks(medium) or (processes is None and few):
        number = 1
    most = max(1, -(-len(entries) // _MOST_TOKENS))
    return Shared(list(_chunks(entries, max(_CHUNK_FILES, most))), number)


def _chunks(entries: Sequence[Entry], files: int) -> Iterator[Sequence[Entry]]:
    start = size = 0
    for end, entry in enumerate(entries):
        # With no more than `files` in a chunk there are few enough of them, whatever the bytes.
        full = end - start >= files or (size >= _CHUNK_BYTES and files == _CHUNK_FILES)
        if end > start and full:
            yield entries[start:end]
            start, size = end, 0
        size += entry.size
    if start < len(entries):
        yield entries[start:]


def _seeks(medium: str) -> bool:
    """Tell whether jumping about is dear there: a drive, or a mounted disc."""
    path = Path(medium)
    if not path.is_dir():
        return not path.is_file()  # a block device
    try:
        device = path.stat().st_dev
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        if fields.split(" ")[2:3] == [number]:
            return rest.split(" ")[0] in _OPTICAL
    return False


def share_out(
    shared: Shared,
    work: Work,
    meanwhile: Callable[[], None],
    progress: Callable[[int], None],
) -> Results:
    """Do *work* on all chunks in this process and in forked ones; return results in order.

    Args:
        shared: of ``cut_up``.
        work: holds, afterwards, what all processes gathered.
        meanwhile: what this process does first, while the others begin.
        progress: told the number of the chunk that is begun.
    """
    with _no_garbage_collection():
        if shared.processes < 2 or len(shared.chunks) < 2:
            meanwhile()
            results = {}
            for number, chunk in enumerate(shared.chunks):
                progress(number)
                results[number] = work.chunk(chunk)
        else:
            results = _in_processes(shared, work, meanwhile, progress)
        return [results[number] for number in range(len(shared.chunks))]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Nothing here forms cycles; looking for them among many records costs a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _in_processes(
    shared: Shared, work: Work, meanwhile: Callable[[], None], progress: Callable[[int], None]
) -> dict[int, object]:
    tokens, write_end = os.pipe()
    workers: list[tuple[int, IO[bytes]]] = []
    results: dict[int, object] = {}
    try:
        os.write(write_end, b"".join(map(_TOKEN.pack, range(len(shared.chunks)))))
        os.close(write_end)
        for _ in range(shared.processes - 1):
            with undisturbed():  # or an interruption would forget the worker just started
                workers.append(_start_worker(tokens, shared.chunks, work))
        meanwhile()
        while token := os.read(tokens, _TOKEN.size):
            (number,) = _TOKEN.unpack(token)
            progress(number)
            results[number] = work.chunk(shared.chunks[number])
        while workers:
            found, state = _result_of(*workers[-1])
            workers.pop()
            if found:
                results.update(found)
                work.absorb(state)
    finally:
        os.close(tokens)
        for pid, _ in workers:  # only when something went wrong on the way
            with suppress(ProcessLookupError, ChildProcessError):  # already waited for
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    for number, chunk in enumerate(shared.chunks):
        if number not in results:  # a worker was killed, by the system or by a hostile file
            results[number] = work.chunk(chunk)
    return results


def _start_worker(tokens: int, chunks: list[Sequence[Entry]], work: Work) -> tuple[int, IO[bytes]]:
    """Fork a process that does what it can take; its results come in a file in memory."""
    if hasattr(os, "memfd_create"):
        basket = os.fdopen(os.memfd_create("jacket-verify"), "w+b")
    else:
        import tempfile

        basket = tempfile.TemporaryFile()  # noqa: SIM115 (outlives us)
    parent = os.getpid()
    pid = os.fork()
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
            results[number] = work.chunk(chunks[number])
        state: Any = work.state()
        marshal.dump((results, state), basket)
        basket.flush()
        status = 0
    finally:
        os._exit(status)


def _result_of(pid: int, basket: IO[bytes]) -> tuple[dict[int, object], object]:
    _, status = os.waitpid(pid, 0)
    with basket:
        if status:
            return {}, None
        basket.seek(0)
        loaded: tuple[dict[int, object], object] = marshal.load(basket)  # noqa: S302 (our own)
        return loaded
