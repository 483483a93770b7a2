"""Content that can only be made from its beginning on, to be read at any place.

What was made is kept: a little in memory, more in a file without a name that goes away by itself.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Final

from drivers.closing import ClosesItself
from reporting import CannotRead, CannotWrite

_IN_MEMORY: Final = 4 << 20  # bytes


class Spool(ClosesItself):
    """Makes content as far as it is asked for, and keeps it; a context that lets go of it."""

    def __init__(self, pieces: Iterator[bytes], size: int, where: str) -> None:
        """Take what *pieces* yields, *size* bytes in all; *where* is what errors call it."""
        self.size = size
        self._pieces, self._where = pieces, where
        self._made = 0
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._error: CannotRead | None = None

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on.

        Raises:
            CannotRead: it ends before, or cannot be made to there.
            CannotWrite: there is no room for what was made.
        """
        if length < 0 or offset < 0 or offset + length > self.size:
            raise CannotRead(
                f"{length} bytes at byte {offset} are beyond its end at {self.size}",
                self._where,
                "The file is shorter than what is in it says",
            )
        self._make(offset + length)
        if self._file is None:
            return bytes(self._memory[offset : offset + length])
        return self._from_file(self._file, length, offset)

    def into(self, file: IO[bytes]) -> None:
        """Write all of it to *file*; nothing of it is kept."""
        for piece in self._checked():
            file.write(piece)

    def close(self) -> None:
        """Let go of what was made."""
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._error = CannotRead("is closed", self._where, "Open it again")
        self._made = 0

    def __del__(self) -> None:
        with suppress(AttributeError):  # It may not have come to be.
            if self._file is not None:
                self._file.close()

    def _make(self, end: int) -> None:
        # The last byte brings the end along, and with it what the checksum says.
        while self._made < end or (end == self.size and self._pieces is not _DONE):
            if self._error is not None:
                raise self._error
            try:
                piece = next(self._checked(), b"")
            except CannotRead as error:
                self._error = error
                raise
            if piece:
                self._keep(piece)
            else:
                self._pieces = _DONE

    def _checked(self) -> Iterator[bytes]:
        """Yield what is made; raise where it is not what it was said to be."""
        made = self._made
        for piece in self._pieces:
            made += len(piece)
            if made > self.size:
                raise CannotRead(
                    f"goes on after the {self.size} bytes that it is said to have",
                    self._where,
                    "Ask for it to be made or sent again",
                )
            yield piece
        if made < self.size:
            raise CannotRead(
                f"ends after {made} of {self.size} bytes",
                self._where,
                "Ask for it to be made or sent again",
            )

    def _keep(self, piece: bytes) -> None:
        if self._file is None and self._made + len(piece) <= _IN_MEMORY:
            self._memory += piece
        else:
            self._to_file(piece)
        self._made += len(piece)

    def _to_file(self, piece: bytes) -> None:
        import tempfile  # Most of what is unpacked is small and needs none.

        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this)
                self._file.write(self._memory)
                self._memory = bytearray()
            self._file.seek(self._made)
            self._file.write(piece)
            self._file.flush()
        except OSError as error:
            raise no_room(error) from error

    def _from_file(self, file: IO[bytes], length: int, offset: int) -> bytes:
        try:
            if hasattr(os, "pread"):
                return os.pread(file.fileno(), length, offset)
            file.seek(offset)
            return file.read(length)
        except OSError as error:
            raise no_room(error) from error


def no_room(error: OSError) -> CannotWrite:
    """Return the error to raise where the folder for temporary files fails."""
    import tempfile

    return CannotWrite(
        f"cannot keep what was unpacked ({error.strerror})",
        tempfile.gettempdir(),
        "Make room there, or set TMPDIR to a folder that has room",
    )


_DONE: Final[Iterator[bytes]] = iter(())
