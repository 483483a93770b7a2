"""Makes a plain folder from named sources: what is copied to a stick, or looked at on a disk."""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from queue import Queue
from threading import Thread

from media.aside import (
    folder_aside,
    not_written,
    refuse_occupied,
    refuse_too_much,
    refuse_without_space,
)
from media.copying import Copier, Step
from media.iso9660.names import NameDoesNotFit, shown
from media.source import DigestList, Name, NamedSource, Written
from reporting import CannotRead, CannotWrite, Progress, silent

_CHUNK = 1 << 20  # bytes read at once for a digest
_BLOCK = 2048  # bytes; files take whole ones of whatever medium


def write_folder(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
) -> Written:
    """Write the folder *target* with the content of *sources*.

    It is made aside and appears under its name when it is complete and durable. Files bear the
    date of their source.

    Args:
        sources: what goes in; written in this order.
        target: the folder to make; must not be there, or be empty.
        progress: told of the stage "write" in bytes.
        digest_list: a file that lists the digests of all others, written last. Without one the
            files are not hashed, and the result has no digests of them.
        capacity: bytes of the medium it is for; files that take more of it are not begun.

    Raises:
        NameDoesNotFit: a name leads out of the folder or is there twice.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or the target is occupied.
    """
    lists = [] if digest_list is None else [digest_list]
    refuse_unsafe_names([*(s.name for s in sources), *(x.name for x in lists)])
    refuse_occupied(target)
    total = sum(s.size for s in sources) + sum(x.size for x in lists)
    if capacity is not None:
        sizes = [*(s.size for s in sources), *(x.size for x in lists)]
        refuse_too_much(target, sum(-(-size // _BLOCK) for size in sizes) * _BLOCK, capacity)
    refuse_without_space(target, total)
    digests: Mapping[Name, str] = {}
    with folder_aside(target) as aside:
        if digest_list is None:
            _write_all(sources, aside, None, total, progress)
        else:
            with _Hasher() as hasher:
                _write_all(sources, aside, hasher, total, progress)
                digests = hasher.results()
            digests = _write_list(digest_list, aside, digests)
    progress("write", total, total)
    return Written(str(target), total, None, digests)


def refuse_unsafe_names(names: Sequence[Name]) -> None:
    """Raise NameDoesNotFit where a name leads out of a folder, or is there twice."""
    seen: set[Name] = set()
    for name in names:
        if not name or any(c in ("", ".", "..") or set(c) & set("/\\\0:") for c in name):
            raise NameDoesNotFit("is not a name for a file", shown(name), "Choose another name")
        # Sticks do not tell upper from lower case.
        folded = tuple(c.casefold() for c in name)
        if folded in seen:
            raise NameDoesNotFit("is there twice", shown(name), "Give every file its own name")
        seen.add(folded)


def _write_all(
    sources: Sequence[NamedSource],
    folder: Path,
    hasher: "_Hasher | None",
    total: int,
    progress: Progress,
) -> None:
    done = 0

    def step(position: int) -> None:
        progress("write", done + position, total)

    for source in sources:
        path = write_file(source, folder, step)
        done += source.size
        if hasher is not None:
            hasher.add(source.name, path)


def write_file(source: NamedSource, folder: Path, step: Step) -> Path:
    """Write one new file below *folder*, make its folders, and return where it is."""
    path = folder.joinpath(*source.name)
    descriptor = _create(path)
    try:
        Copier(descriptor, str(path)).copy(source, 0, step)
    finally:
        os.close(descriptor)
    _set_date(path, source.modified.timestamp())
    return path


def _create(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)
    except OSError as error:
        raise not_written(error, str(path)) from error


def _set_date(path: Path, seconds: float) -> None:
    try:
        os.utime(path, (seconds, seconds))
    except OSError as error:
        raise not_written(error, str(path)) from error


def _write_list(
    digest_list: DigestList, folder: Path, digests: Mapping[Name, str]
) -> dict[Name, str]:
    content = digest_list.compose(digests)
    if len(content) != digest_list.size:
        raise CannotWrite(
            f"has {len(content)} bytes where {digest_list.size} were planned",
            shown(digest_list.name),
            "Report this: it is a mistake in the program, not on your side",
        )
    source = NamedSource(digest_list.name, (content,), digest_list.modified)
    path = write_file(source, folder, lambda _: None)
    return {**digests, digest_list.name: digest_of(path)}


class _Hasher:
    """Reads back and hashes finished files in its own thread, while the next are copied."""

    def __init__(self) -> None:
        self._queue: Queue[tuple[Name, Path] | None] = Queue(maxsize=64)
        self._digests: dict[Name, str] = {}
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="digest", daemon=True)

    def __enter__(self) -> "_Hasher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()

    def add(self, name: Name, path: Path) -> None:
        self._queue.put((name, path))

    def results(self) -> dict[Name, str]:
        self._finish()
        if self._error is not None:
            raise self._error
        return self._digests

    def _finish(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        # It empties the queue even after an error, so that the copier never waits for it.
        while (item := self._queue.get()) is not None:
            name, path = item
            if self._error is None:
                try:
                    self._digests[name] = digest_of(path)
                except BaseException as error:
                    self._error = error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as it reads back."""
    digest = sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise CannotRead(
            f"does not read back ({error.strerror})", str(path), "Check the disk, then start again"
        ) from error
    return digest.hexdigest()
