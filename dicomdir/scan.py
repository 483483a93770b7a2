"""The scan: from files and folders of any shape to Instances, or a reason for every other file.

Two processes share the work where there are two cores.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.other_files import PREFIX_END, is_prefixed, litter, unfinished
from reporting import CannotRead, Progress, silent
from reporting.forked import MOST_PIECES, in_processes
from reporting.uncollected import uncollected

_CHUNK: Final = 32  # files a process takes at once
# Below this a second process costs more than it brings.
_WORTH_SHARING: Final = 160
_READ: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# The kernel reads 64 KiB ahead unless told that we jump; that halves a cold scan.
_ADVISE: Final[Callable[..., None] | None] = getattr(os, "posix_fadvise", None)
_RANDOM: Final[int] = getattr(os, "POSIX_FADV_RANDOM", 0)

Result = tuple[object, ...]  # an Instance (16 fields) or a NotIndexed (3 fields) as plain tuple


class Scanned(NamedTuple):
    """What came of a scan; together they name every file that was found."""

    instances: list[Instance]
    not_indexed: list[NotIndexed]


def scan(
    sources: Iterable[str | Path],
    indexer: Indexer | None = None,
    *,
    jobs: int | None = None,
    progress: Progress = silent,
) -> Scanned:
    """Read the headers of all files in *sources*, each once.

    Args:
        sources: files and folders; folders are searched to any depth, in the order of names.
        indexer: which keys to collect; PS3.3's own when None.
        jobs: how many processes; all cores when None.
        progress: told about files.

    Raises:
        CannotRead: a source does not exist.
    """
    paths: list[str] = []
    named: list[NotIndexed] = []
    for found in find_files(sources):
        if isinstance(found, str):
            paths.append(found)
        else:
            named.append(found)
    instances: list[Instance] = []
    for result in index_files(paths, indexer or Indexer(), jobs=jobs, progress=progress):
        if len(result) == 3:
            named.append(NotIndexed._make(result))
        else:
            instances.append(Instance._make(result))
    return Scanned(instances, named)


def find_files(sources: Iterable[str | Path]) -> Iterator[str | NotIndexed]:
    """Yield the path of every regular file, and a NotIndexed for what cannot be looked into.

    Raises:
        CannotRead: a source does not exist.
    """
    seen: set[tuple[int, int]] = set()  # folders behind links: a loop of links ends here
    for source in sources:
        path = os.fspath(source)
        try:
            status = os.stat(path)  # noqa: PTH116 (strings, not Path objects: hot for many sources)
        except OSError as error:
            raise CannotRead(
                f"cannot be read ({error.strerror})", path, "Check the name and the permissions"
            ) from error
        if stat.S_ISDIR(status.st_mode):
            seen.add((status.st_dev, status.st_ino))
            yield from _files_below(path, seen)
        elif stat.S_ISREG(status.st_mode):
            yield path
        else:
            yield NotIndexed(path, "neither a file nor a folder", "unreadable")


def _files_below(folder: str, seen: set[tuple[int, int]]) -> Iterator[str | NotIndexed]:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield NotIndexed(current, f"the folder cannot be read: {error.strerror}", "unreadable")
            continue
        folders = []
        for entry in entries:
            try:
                if entry.is_dir():
                    if why := unfinished(entry.name):
                        yield NotIndexed(entry.path, why, "litter")
                    elif not entry.is_symlink() or _is_new(entry.path, seen):
                        folders.append(entry.path)
                elif why := litter(entry.name, partial(_begins_as_dicom, entry)):
                    yield NotIndexed(entry.path, why, "litter")
                elif entry.is_file():
                    yield entry.path
                elif entry.is_symlink():
                    yield NotIndexed(entry.path, "a link that leads nowhere", "unreadable")
                else:
                    yield NotIndexed(entry.path, "neither a file nor a folder", "unreadable")
            except OSError as error:
                yield NotIndexed(entry.path, f"cannot be read: {error.strerror}", "unreadable")
        waiting.extend(reversed(folders))


def _begins_as_dicom(entry: "os.DirEntry[str]") -> bool:
    if not entry.is_file():
        return False
    with open(entry.path, "rb") as file:  # noqa: PTH123 (as above)
        return is_prefixed(file.read(PREFIX_END))


def _is_new(folder: str, seen: set[tuple[int, int]]) -> bool:
    status = os.stat(folder)  # noqa: PTH116 (as above)
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def index_file(path: str, indexer: Indexer) -> Result:
    """Return the Instance of one file, or the NotIndexed that tells why there is none."""
    try:
        fd = os.open(path, _READ)
    except OSError as error:
        return NotIndexed(path, f"cannot be opened: {error.strerror}", "unreadable")
    try:
        status = os.fstat(fd)
        if _ADVISE is not None:
            _ADVISE(fd, 0, 0, _RANDOM)
        header = read_header(partial(os.pread, fd), status.st_size, indexer.wanted, indexer.memo)
        header.stamp = (status.st_mtime_ns, status.st_ino)
        return indexer.index(path, header)
    except NotDicom as problem:
        return NotIndexed(path, problem.reason, problem.kind)
    except Unsure as doubt:
        from dicomdir.slow_reader import read_slowly

        slowly = read_slowly(path, indexer, str(doubt))
        if isinstance(slowly, Instance):
            return slowly._replace(stamp=(status.st_mtime_ns, status.st_ino))
        return slowly
    except OSError as error:
        return NotIndexed(path, f"cannot be read: {error.strerror}", "unreadable")
    except Exception as mistake:
        # Ours, not the file's; but one file that finds it must not cost the others.
        reason = f"malformed in a way that was not foreseen ({type(mistake).__name__}); report it"
        return NotIndexed(path, reason, "malformed")
    finally:
        os.close(fd)


def index_files(
    paths: Sequence[str], indexer: Indexer, *, jobs: int | None = None, progress: Progress = silent
) -> Iterator[Result]:
    """Index *paths*, in their order, with as many processes as there are cores."""
    cores = jobs or os.cpu_count() or 1
    with uncollected():
        if cores < 2 or len(paths) < _WORTH_SHARING or not hasattr(os, "fork"):
            for done, path in enumerate(paths):
                if not done % _CHUNK:
                    progress("scan", done, len(paths))
                yield index_file(path, indexer)
            return
        size = max(_CHUNK, -(-len(paths) // MOST_PIECES))
        chunks = [paths[i : i + size] for i in range(0, len(paths), size)]
        results = in_processes(
            _Indexing(chunks, indexer),
            len(chunks),
            cores,
            begin=lambda number: progress("scan", min(number * size, len(paths)), len(paths)),
        )
        for number in range(len(chunks)):
            yield from results.pop(number)


class _Indexing:
    """The work of one process: chunks of paths."""

    def __init__(self, chunks: list[Sequence[str]], indexer: Indexer) -> None:
        self._chunks, self._indexer = chunks, indexer

    def piece(self, number: int) -> list[Result]:
        return [tuple(index_file(path, self._indexer)) for path in self._chunks[number]]

    def state(self) -> None:
        """Gather nothing: every file stands for itself."""

    def absorb(self, state: object) -> None:
        """Take in nothing."""
