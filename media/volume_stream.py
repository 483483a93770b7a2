"""A planned volume as bytes in order: for a pipe, or a device that takes blocks one after another.

Nothing of it is kept: what is read ahead and not yet hashed is a few MiB, however large the volume.
"""

import os
import select
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from typing import Final

from media.aside import not_written
from media.copying import behind, digest_of, runs, zeros
from media.passing_digest import PassingDigests
from media.pieces import Cutter
from media.read_ahead import read_ahead
from media.source import DigestList, Name, NamedSource, Written
from media.volume_plan import Structure, VolumePlan
from media.volume_steps import composed, spans_of, steps_of
from reporting import CannotWrite, Progress, silent

_BLOCK: Final = 1 << 20  # bytes that are read, hashed and handed from thread to thread at once
_AHEAD: Final = 8 << 20  # bytes that are read before they are asked for

Pieces = Generator[memoryview, None, None]


class VolumeStream:
    """The planned image without a file. One iterator over it may be in use at a time."""

    def __init__(
        self,
        plan: VolumePlan,
        sources: Sequence[NamedSource],
        *,
        digest_list: DigestList | None = None,
        image_digest: bool = True,
    ) -> None:
        """Be what `write_volume` would write of the same arguments."""
        self.size = plan.size  # bytes
        self._steps = steps_of(plan, sources, digest_list)
        self._digest_list, self._image_digest = digest_list, image_digest
        spans = spans_of(self._steps) if digest_list is not None else []
        self._names = [span.name for span in spans]
        self._digests = PassingDigests(spans, image=image_digest)
        self._forget()

    def _forget(self) -> None:
        self._digests.forget()
        self._of_files: Mapping[Name, str] | None = None if self._digest_list else {}
        self._list = b""  # content of the list of digests, once that is known
        self._passed = 0  # byte up to which whoever takes it has all of it

    def pieces(self, start: int = 0, length: int = _BLOCK) -> Pieces:
        """Yield the image from its byte *start* on, *length* bytes at a time, the last one shorter.

        They are the same bytes whenever it begins where, even where another stream ended before.
        Some MiB of them are read before they are asked for. Who may leave before the end closes
        the iterator (`contextlib.closing`); until then its thread and its files stay open.

        Raises:
            CannotRead: a source does not open, or changed since it was planned.
        """
        if length < 1 or not 0 <= start <= self.size:
            raise ValueError(f"no pieces of {length} bytes from byte {start} of {self.size} on")
        return self._pieces(start, length)

    def written(self, where: str) -> Written:
        """Return what was written to *where*, with the digests of the bytes that passed.

        Raises:
            ValueError: the last byte has not passed yet, or not all before it.
        """
        digest = self._digests.of_image(self.size) if self._image_digest else None
        if self._passed < self.size or self._of_files is None:
            raise ValueError(f"not all of the image has passed to {where}")
        return Written(where, self.size, digest, self._of_files)

    def _pieces(self, start: int, length: int) -> Pieces:
        if not start:
            self._forget()
        block = max(_BLOCK // length, 1) * length
        with closing(read_ahead(self._blocks(start, block), max(_AHEAD // block, 1))) as ahead:
            for data in ahead:
                view = memoryview(data)
                for at in range(0, len(data), length):
                    piece = view[at : at + length]
                    if start <= self._passed:
                        self._passed = max(self._passed, start + len(piece))
                    start += len(piece)
                    yield piece

    def _blocks(self, start: int, length: int) -> Generator[bytes, None, None]:
        """Yield the image in larger pieces, hashed or about to be."""
        cutter, position = Cutter(length), start
        with self._digests:
            for run in self._runs(start):
                for block in cutter.put(run):
                    self._digests.feed(position, block)
                    yield block
                    position += len(block)
                if not run:  # Whoever goes on wants the digests of all before it.
                    self._digests.feed(position, cutter.rest())
            if rest := cutter.rest():
                self._digests.feed(position, rest)
                yield rest

    def _runs(self, start: int) -> Iterator[bytes]:
        """Yield the image from *start* on as it comes; an empty run before what needs digests."""
        position = start
        for offset, length, content in self._steps:
            end = offset + length
            if start and end <= start:
                continue
            yield from zeros(offset - position)
            skipped = max(start - offset, 0)
            if isinstance(content, NamedSource):
                yield from runs(content, skipped)
            elif isinstance(content, Structure):
                yield from behind(content.pieces(), skipped)
            else:
                yield b""
                yield self._listed(content)[skipped:]
            position = max(position, end)
        yield from zeros(self.size - position)

    def _listed(self, digest_list: DigestList) -> bytes:
        if self._of_files is None:
            digests = self._all_digests()
            self._list = composed(digest_list, digests)
            self._of_files = digests | {digest_list.name: sha256(self._list).hexdigest()}
        return self._list

    def _all_digests(self) -> dict[Name, str]:
        """Return the digests of all files: of what has passed, and of sources that have not."""
        passed = self._digests.of_files()
        found = {
            content.name: passed.get(content.name) or digest_of(content)
            for _, _, content in self._steps
            if isinstance(content, NamedSource)
        }
        return {name: found[name] for name in self._names}


def stream_volume(
    plan: VolumePlan,
    sources: Sequence[NamedSource],
    descriptor: int,
    where: str,
    *,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    image_digest: bool = True,
) -> Written:
    """Write the image that `write_volume` would make to what takes bytes in order.

    Args:
        plan: made from `planned_files` of the same *sources* and *digest_list*.
        sources: what goes on the volume, in the order in which it was planned.
        descriptor: of a pipe or a device that is open for writing; it stays open.
        where: what errors call it.
        progress: told of the stage "write" in bytes of the image.
        digest_list: as for `write_volume`, as is *image_digest*. The digests are those of the
            bytes that went out; what stands on a device then is for its own reader to tell.
        image_digest: whether to tell the digest of the image.

    Raises:
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: whoever is to take it takes no more.
    """
    stream = VolumeStream(plan, sources, digest_list=digest_list, image_digest=image_digest)
    position = 0
    with closing(stream.pieces()) as pieces:
        for piece in pieces:
            _write_all(descriptor, piece, where)
            position += len(piece)
            progress("write", position, plan.size)
    return stream.written(where)


def _write_all(descriptor: int, data: memoryview, where: str) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # The descriptor is made not to wait; we do.
            select.select((), (descriptor,), ())
        except BrokenPipeError as error:
            raise CannotWrite(
                "is taken no further by what reads from it",
                where,
                "Look at why that program has ended, then start again",
            ) from error
        except OSError as error:
            raise not_written(error, where) from error
