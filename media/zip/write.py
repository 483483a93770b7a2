"""Makes a ZIP archive from named sources (PS3.12 Annex V)."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from drivers import ImageFile
from media.aside import file_aside, refuse_too_much
from media.copying import Copier
from media.iso9660.names import refuse_unsuited_names, shown
from media.source import DigestList, Name, NamedSource, Written
from media.volume_steps import composed
from media.zip.content import content
from media.zip.deflate import Block, packed_blocks
from media.zip.encode import (
    Packed,
    central_header,
    dos_time,
    end_records,
    local_header,
    needs_zip64,
)
from media.zip.records import Header
from reporting import Progress, silent

_CHUNK: Final = 1 << 20  # bytes read at once for a digest
_BATCH: Final = 1 << 20  # bytes that are gathered before they are written
_READERS: Final = 2  # threads that read back
_SHARE: Final = 1 << 20  # bytes that one of them takes at a time, or one larger file
_MOST_SHARED: Final = 256  # files


def write_zip(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    recorded: datetime,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
) -> Written:
    """Write the archive *target* with the content of *sources* in their order.

    The archive appears under its name when it is complete and durable, and replaces one that was
    there. The same sources and the same *recorded* give the same bytes. What does not shrink is
    stored as it is.

    Args:
        sources: what goes in.
        target: the file to make.
        recorded: date of all files in the archive; aware.
        progress: told of the stage "write" in bytes of the sources.
        digest_list: a file that lists the digests of all others; it gets the last place. Without
            one the files are not hashed, and the result has no digests of them.
        capacity: bytes of what the archive is for, a mailbox or a medium.

    Raises:
        NameDoesNotFit: a name is none that PS3.10 allows, or no name of 8 and 3 characters.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or something else is in the
            target's place.
    """
    lists = [] if digest_list is None else [digest_list]
    refuse_unsuited_names([*(s.name for s in sources), *(x.name for x in lists)])
    total = sum(s.size for s in sources) + sum(x.size for x in lists)
    with file_aside(target) as descriptor:
        archive = _Archive(descriptor, target, recorded, capacity)
        archive.add(sources, lambda done: progress("write", done, total))
        digests: Mapping[Name, str] = {}
        if digest_list is not None:
            digests = archive.digests()
            archive.add([listed(digest_list, digests)], lambda _: None)
            digests = {**digests, **archive.digests(len(sources))}
        size = archive.finish()
        sha256_of_archive = digest_of_file(descriptor, target, size)
    progress("write", total, total)
    return Written(str(target), size, sha256_of_archive, digests)


def listed(digest_list: DigestList, digests: Mapping[Name, str]) -> NamedSource:
    """Return the list of *digests* as a file that can be written."""
    return NamedSource(digest_list.name, (composed(digest_list, digests),), digest_list.modified)


class _Archive:
    """An archive that is being written."""

    def __init__(
        self, descriptor: int, target: Path, recorded: datetime, capacity: int | None
    ) -> None:
        self._descriptor, self._target = descriptor, target
        self._when, self._capacity = dos_time(recorded), capacity
        self._copier = Copier(descriptor, str(target))
        self._files: list[Packed] = []
        self._position = 0  # byte behind all that is there
        self._waiting = bytearray()  # the last of it, which is not written yet

    def add(self, sources: Sequence[NamedSource], done: Callable[[int], None]) -> None:
        """Write *sources* behind what is there; tell how many bytes of them are done."""
        read = 0
        for block in packed_blocks(sources):
            if block.is_first:
                self._begin(sources[block.number], block)
            else:
                file = self._files[-1]
                packed, size = file.packed + len(block.data), file.size + block.size
                self._files[-1] = file._replace(crc=block.crc, packed=packed, size=size)
            self._write(block.data)
            if block.is_last and not block.is_first:
                # Only now is known what the header in front of it has to say.
                self._flush()
                file = self._files[-1]
                self._copier.write(local_header(file, self._when), file.at)
            read += block.size
            done(read)

    def _begin(self, source: NamedSource, block: Block) -> None:
        is_large = needs_zip64(source.size)
        packed = len(block.data)
        file = Packed(
            source.name, self._position, block.method, block.crc, packed, block.size, is_large
        )
        self._files.append(file)
        self._write(local_header(file, self._when))

    def _write(self, data: bytes) -> None:
        self._waiting += data
        self._position += len(data)
        if len(self._waiting) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._capacity is not None:
            refuse_too_much(self._target, self._position, self._capacity)
        self._copier.write(bytes(self._waiting), self._position - len(self._waiting))
        self._waiting.clear()

    def digests(self, first: int = 0) -> dict[Name, str]:
        """Return the digests of the files from number *first* on, read back and unpacked."""
        self._flush()
        found: dict[Name, str] = {}
        with ThreadPoolExecutor(_READERS, "digest") as pool:
            for some in pool.map(self._digests_of, list(_shares(self._files[first:]))):
                found |= some
        return found

    def _digests_of(self, files: list[Packed]) -> dict[Name, str]:
        return {file.name: self._digest(file) for file in files}

    def _digest(self, file: Packed) -> str:
        # The name is short and plain, and the header is ours: its length is known.
        begin = file.at + len(local_header(file, self._when))
        header = Header(
            0, file.method, 0, file.crc, file.packed, file.size, b"", b"", 0, 0, file.at, 0
        )
        digest = sha256()
        reader = ImageFile(self._descriptor, str(self._target), self._position)
        for piece in content(reader, begin, header, shown(file.name), None):
            digest.update(piece)
        return digest.hexdigest()

    def finish(self) -> int:
        """Write the directory and what ends it; return the size of the archive."""
        start = self._position
        for file in self._files:
            self._write(central_header(file, self._when))
        self._write(end_records(len(self._files), start, self._position - start))
        self._flush()
        return self._position


def _shares(files: Sequence[Packed]) -> Iterator[list[Packed]]:
    """Yield a few of *files* at a time: of small ones many, of large ones each alone."""
    share: list[Packed] = []
    size = 0
    for file in files:
        share.append(file)
        size += file.packed
        if size >= _SHARE or len(share) >= _MOST_SHARED:
            yield share
            share, size = [], 0
    if share:
        yield share


def digest_of_file(descriptor: int, target: Path, size: int) -> str:
    """Return the SHA-256 of a file that was written, read back when it is durable."""
    os.fsync(descriptor)
    digest = sha256()
    reader = ImageFile(descriptor, str(target), size)
    for position in range(0, size, _CHUNK):
        digest.update(reader.pread(min(_CHUNK, size - position), position))
    return digest.hexdigest()
