"""The scan: from files and folders of any shape to Instances, or a reason for every other file.

Two processes share the work where there are two cores: the chunks lie as tokens in a pipe and
each process takes the next one, so that neither waits for the other. What a killed worker did
not hand back is simply done again.
"""

import gc
import marshal
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from struct import Struct
from typing import IO, Final, NamedTuple

from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.worker_life import die_of_signals, undisturbed
from reporting import CannotRead, Progress, silent

_LITTER: Final = frozenset((".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.ini", "ehthumbs.db"))
_TOKEN: Final = Struct("<I")
_CHUNK: Final = 32  # files a process takes at once
_MOST_TOKENS: Final = 12_000  # what surely fits into a pipe that nobody reads yet
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
                    if not entry.is_symlink() or _is_new(entry.path, seen):
                        folders.append(entry.path)
                elif entry.name in _LITTER or entry.name.startswith("._"):
                    yield NotIndexed(entry.path, "a file of the operating system", "litter")
                elif entry.is_file():
                    yield entry.path
                elif entry.is_symlink():
                    yield NotIndexed(entry.path, "a link that leads nowhere", "unreadable")
                else:
                    yield NotIndexed(entry.path, "neither a file nor a folder", "unreadable")
            except OSError as error:
                yield NotIndexed(entry.path, f"cannot be read: {error.strerror}", "unreadable")
        waiting.extend(reversed(folders))


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
    with _no_garbage_collection():
        if cores < 2 or len(paths) < _WORTH_SHARING or not hasattr(os, "fork"):
            for done, path in enumerate(paths):
                if not done % _CHUNK:
                    progress("scan", done, len(paths))
                yield index_file(path, indexer)
            return
        size = max(_CHUNK, -(-len(paths) // _MOST_TOKENS))
        chunks = [paths[i : i + size] for i in range(0, len(paths), size)]
        results = _shared_out(chunks, indexer, cores, progress)
        for number in range(len(chunks)):
            yield from results.pop(number)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Nothing in a scan forms cycles; looking for them costs a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _shared_out(
    chunks: list[Sequence[str]], indexer: Indexer, cores: int, progress: Progress
) -> dict[int, list[Result]]:
    """Index all chunks in this process and in forked ones; return results by chunk number."""
    tokens, write_end = os.pipe()
    workers: list[tuple[int, IO[bytes]]] = []
    try:
        os.write(write_end, b"".join(map(_TOKEN.pack, range(len(chunks)))))
        os.close(write_end)
        for _ in range(cores - 1):
            with undisturbed():  # or an interruption would forget the worker just started
                workers.append(_start_worker(tokens, chunks, indexer))
        total = sum(map(len, chunks))
        results = {}
        while token := os.read(tokens, _TOKEN.size):
            (number,) = _TOKEN.unpack(token)
            progress("scan", min(number * len(chunks[0]), total), total)
            results[number] = [index_file(path, indexer) for path in chunks[number]]
        while workers:
            results.update(_result_of(*workers[-1]))
            workers.pop()
    finally:
        os.close(tokens)
        for pid, _ in workers:  # only when something went wrong on the way
            with suppress(ProcessLookupError, ChildProcessError):  # already waited for
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    for number, chunk in enumerate(chunks):
        if number not in results:  # a worker was killed, by the system or by a hostile file
            results[number] = [index_file(path, indexer) for path in chunk]
    return results


def _start_worker(
    tokens: int, chunks: list[Sequence[str]], indexer: Indexer
) -> tuple[int, IO[bytes]]:
    """Fork a process that indexes what it can take; its results come in a file in memory."""
    if hasattr(os, "memfd_create"):
        basket = os.fdopen(os.memfd_create("jacket-scan"), "w+b")
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
        results = {}
        while token := os.read(tokens, _TOKEN.size):
            (number,) = _TOKEN.unpack(token)
            if os.getppid() != parent:  # it was killed: nobody waits for this
                break
            results[number] = [tuple(index_file(path, indexer)) for path in chunks[number]]
        marshal.dump(results, basket)
        basket.flush()
        status = 0
    finally:
        os._exit(status)


def _result_of(pid: int, basket: IO[bytes]) -> dict[int, list[Result]]:
    _, status = os.waitpid(pid, 0)
    with basket:
        if status:
            return {}
        basket.seek(0)
        results: dict[int, list[Result]] = marshal.load(basket)  # noqa: S302 (our own worker's)
        return results
