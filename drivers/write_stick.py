"""An image put on a stick so that nobody takes a half-written one for a good one.

What makes a stick readable stands at its beginning: partition table, boot sector, volume
descriptors. So that part is taken off first, all else is written and read back, then the part
follows but for its first block, and when that too reads back right, the first block.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from drivers.block_device import BlockTarget, ReadFailed
from drivers.sense import CommandFailed
from reporting import CannotRead, CannotWrite, FilmjacketError, Progress, silent

_PIECE: Final = 1 << 20  # bytes
_HEAD: Final = _PIECE  # bytes at the beginning that are written last
# Bytes at the end that are emptied: a second partition table (UEFI 5.3.2), the marks of arrays.
_TAIL: Final = 1 << 20
_CLOSER: Final = 1 << 16  # bytes; how near to a damaged place the map of defects comes
_MOST_DEFECTS: Final = 1000  # places; a stick with more is not worth a longer look
_OTHER_STICK: Final = "Use another stick; this one is damaged or smaller than it says"
_TEXT: Final = b"This device is being written by Filmjacket and is not finished yet. Block %012d\n"


class Stream(Protocol):
    """What is put on a stick: the same bytes each time they are asked for."""

    @property
    def size(self) -> int:
        """Return its length in bytes."""

    def pieces(self, start: int = 0, length: int = _PIECE) -> Generator[memoryview, None, None]:
        """Yield it from byte *start* on, *length* bytes at a time, the last piece shorter."""


class WrittenStick(NamedTuple):
    """What stands on a stick now, and was read back from it."""

    name: str
    bytes: int
    sha256: str  # hexadecimal


class Defect(NamedTuple):
    """A place of a stick that does not give back what was written."""

    start: int  # byte
    length: int  # bytes
    readable: bool  # it gives something else


class ReadBackFailed(CannotWrite):
    """A stick was written and does not read back right; it has no first block."""

    def __init__(
        self, what: str, where: str, remedy: str, defects: tuple[Defect, ...] = ()
    ) -> None:
        super().__init__(what, where, remedy)
        self.defects = defects  # in rising order; not all of them where they are many
        self.details = {"defects": [one._asdict() for one in defects]}

    def __reduce__(self) -> tuple[type["ReadBackFailed"], tuple[object, ...]]:
        return type(self), (self.what, self.where, self.remedy, self.defects)


def write_stick(target: BlockTarget, stream: Stream, progress: Progress = silent) -> WrittenStick:
    """Put *stream* on *target* from its first byte on, and read back every byte of it.

    Ended at any moment before its end, by whatever, it leaves a stick without a first block. What
    was on the stick is gone at once; between the image and the last MiB it is not overwritten.

    Args:
        target: opened for writing, after pre-flight.
        stream: the image; its last block is filled up with zeros.
        progress: told of the stages "write" and "verify" in bytes of the image.

    Raises:
        ReadBackFailed: the stick gives back other bytes or none; *defects* says where.
        CannotWrite: it is too small, write-protected, or takes no more.
        CommandFailed, TransportFailed: as the stick's driver raises them.
        CannotRead: a source of the image cannot be read.
    """
    _check(target, stream)
    job = _Job(target, stream, progress)
    job.take_off()
    head = job.write()
    job.verify()
    try:
        job.complete(head)
    except BaseException:
        spoil_stick(target)
        raise
    return WrittenStick(target.name, stream.size, job.digest())


def spoil_stick(target: BlockTarget) -> None:
    """Take the first block off a stick that is no good, so that nobody takes it for a good one."""
    with suppress(FilmjacketError):  # It may be gone.
        target.pwrite(bytes(target.block), 0)
        target.flush()


def is_blank(target: BlockTarget) -> bool:
    """Return whether nothing stands at the beginning of a stick, nor at its end.

    Raises:
        As the stick's driver does.
    """
    length = min(target.size, _PIECE)
    ends = target.pread(length, 0), target.pread(length, target.size - length)
    return all(not end.strip(b"\0") or not end.strip(b"\xff") for end in ends)


def _check(target: BlockTarget, stream: Stream) -> None:
    if target.read_only:
        raise CannotWrite(
            "is write-protected",
            target.name,
            "Move the switch on the stick or its card, or use another one",
        )
    if stream.size > target.size:
        raise CannotWrite(
            f"has room for {target.size} bytes, and {stream.size} are to be written",
            target.name,
            "Use a larger stick, or select fewer studies",
        )
    if not stream.size:
        raise ValueError("an empty image")


class _Job:
    """One image on its way to one stick."""

    def __init__(self, target: BlockTarget, stream: Stream, progress: Progress) -> None:
        self._target, self._stream, self._progress = target, stream, progress
        self._size, self._block = stream.size, target.block
        self._digest = sha256()
        self._pieces: list[bytes] = []  # digest of each, the first one among them
        self._mark = _marked(min(_HEAD, _whole(self._size, self._block)), self._block)

    def digest(self) -> str:
        return self._digest.hexdigest()

    def take_off(self) -> None:
        """Make the stick unreadable, and see that it keeps that."""
        tail = min(_TAIL, self._target.size - len(self._mark)) // self._block * self._block
        self._target.pwrite(self._mark, 0)
        if tail:
            self._target.pwrite(bytes(tail), self._target.size - tail)
        self._target.flush()
        self._insist_on(self._mark, "it does not keep what is written on it")

    def write(self) -> bytes:
        """Write all but the beginning, and return that."""
        head, position = b"", 0
        with closing(self._stream.pieces(0, _PIECE)) as pieces:
            for piece in pieces:
                self._digest.update(piece)
                whole = _filled(piece, self._block)
                self._pieces.append(sha256(whole).digest())
                if position:
                    self._target.pwrite(whole, position)
                else:
                    head = bytes(whole)
                position += len(piece)
                self._progress("write", position, self._size)
        if position != self._size:
            raise CannotRead(
                f"gave {position} bytes instead of {self._size}", "the image", "Start again"
            )
        self._target.flush()
        return head

    def verify(self) -> None:
        """Read back all but the beginning, and the mark that is still there."""
        defects = list(self._defects())
        if defects:
            bad = sum(one.length for one in defects)
            raise ReadBackFailed(
                f"{bad} of {self._size} bytes do not read back as they were written",
                f"{self._target.name}, byte {defects[0].start}",
                _OTHER_STICK,
                tuple(defects),
            )
        # A stick that says it is larger than it is begins again behind its real end.
        self._insist_on(self._mark, "what was written far behind came to its beginning")

    def complete(self, head: bytes) -> None:
        """Write the beginning, its first block last, and read that back."""
        if len(head) > self._block:
            self._target.pwrite(memoryview(head)[self._block :], self._block)
            self._target.flush()
            self._insist_on(self._mark[: self._block] + head[self._block :], _HEAD_DIFFERS)
        self._target.pwrite(head[: self._block], 0)
        self._target.flush()
        self._insist_on(head, _HEAD_DIFFERS)
        self._progress("verify", self._size, self._size)

    def _insist_on(self, expected: bytes, otherwise: str) -> None:
        """Let nothing go on unless the stick begins as is *expected*."""
        read, found = self._read(0, len(expected))
        if found != expected:
            defect = Defect(0, len(expected), read)
            raise ReadBackFailed(otherwise, self._target.name, _OTHER_STICK, (defect,))

    def _defects(self) -> Iterator[Defect]:
        """Yield the places that do not read back, in rising order, as far as it is worth it."""
        found = 0
        for index, digest in enumerate(self._pieces):
            start = index * _PIECE
            length = min(_PIECE, _whole(self._size - start, self._block))
            if index:
                _, data = self._read(start, length)
                if data is None or sha256(data).digest() != digest:
                    for defect in _joined(self._nearer(start, length)):
                        found += 1
                        yield defect
            if found >= _MOST_DEFECTS:
                return
            done = min(start + length, self._size)
            if done < self._size or not index:
                self._progress("verify", done, self._size)

    def _nearer(self, start: int, length: int) -> Iterator[Defect]:
        """Yield the parts of a bad piece that are bad."""
        with closing(self._stream.pieces(start, length)) as pieces:
            expected = _filled(next(pieces), self._block)
        for at in range(0, length, _CLOSER):
            part = min(_CLOSER, length - at)
            read, data = self._read(start + at, part)
            if data != expected[at : at + part]:
                yield Defect(start + at, part, read)

    def _read(self, start: int, length: int) -> tuple[bool, bytes | None]:
        """Return whether a part can be read, and its bytes; gone devices are errors."""
        try:
            return True, self._target.pread(length, start)
        except (ReadFailed, CommandFailed):
            return False, None


_HEAD_DIFFERS: Final = "its beginning does not read back as it was written"


def _joined(defects: Iterable[Defect]) -> Iterator[Defect]:
    """Yield neighbours of one kind as one."""
    last: Defect | None = None
    for one in defects:
        if last and last.start + last.length == one.start and last.readable == one.readable:
            last = last._replace(length=last.length + one.length)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


def _whole(length: int, block: int) -> int:
    return -(-length // block) * block


def _filled(piece: bytes | memoryview, block: int) -> bytes | memoryview:
    missing = -len(piece) % block
    return bytes(piece) + bytes(missing) if missing else piece


def _marked(length: int, block: int) -> bytes:
    """Return what stands at the beginning meanwhile: a text in no block that can start anything.

    Each block is another one, so that what comes in between is seen.
    """
    return b"".join((_TEXT % at).ljust(block, b"\0") for at in range(length // block))
