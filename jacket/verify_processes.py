"""Sharing the files of a medium among processes, so that the result is that of one.

What a process found is kept by chunk and put together in the medium's order.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from media import Entry
from reporting.file_system import kind_of_file_system
from reporting.forked import MOST_PIECES, in_processes
from reporting.uncollected import uncollected

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

    def absorb(self, state: Any) -> None:
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
    most = max(1, -(-len(entries) // MOST_PIECES))
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
    except OSError:
        return False
    return kind_of_file_system(device) in _OPTICAL


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
    with uncollected():
        if shared.processes < 2 or len(shared.chunks) < 2:
            meanwhile()
            results = {}
            for number, chunk in enumerate(shared.chunks):
                progress(number)
                results[number] = work.chunk(chunk)
        else:
            results = in_processes(
                _Chunks(work, shared.chunks),
                len(shared.chunks),
                shared.processes,
                begin=progress,
                meanwhile=meanwhile,
            )
        return [results[number] for number in range(len(shared.chunks))]


class _Chunks:
    """The work on a medium as numbered pieces."""

    def __init__(self, work: Work, chunks: list[Sequence[Entry]]) -> None:
        self._work, self._chunks = work, chunks
        self.state, self.absorb = work.state, work.absorb

    def piece(self, number: int) -> object:
        return self._work.chunk(self._chunks[number])
