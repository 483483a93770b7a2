"""Keeps what was decrypted until it is known to be good: small in memory, large in a file."""

from collections.abc import Iterator
from contextlib import suppress
from os import PathLike
from typing import IO, Final

from reporting import CannotWrite

IN_MEMORY: Final = 64 << 20  # bytes
_PIECE: Final = 1 << 20  # bytes

Piece = bytes | memoryview


class Holding:
    """Content that is written once and read when it may be."""

    def __init__(
        self,
        file: IO[bytes] | None = None,
        folder: "str | PathLike[str] | None" = None,
        in_memory: int = IN_MEMORY,
    ) -> None:
        """Hold what comes.

        Args:
            file: takes all of it, however small; open for writing and reading, and empty.
            folder: where a file without a name takes what is larger; None: that of the system.
            in_memory: how many bytes are kept without a file.
        """
        self.size = 0  # bytes
        self._folder, self._most = folder, in_memory
        self._file, self._is_ours = file, file is None
        self._memory: list[bytes] = []

    def write(self, piece: Piece) -> None:
        """Add *piece*.

        Raises:
            CannotWrite: there is no room for it.
        """
        try:
            if self._file is None and self.size + len(piece) > self._most:
                self._open()
            if self._file is None:
                self._memory.append(bytes(piece))
            else:
                self._file.write(piece)
        except OSError as error:
            raise self._no_room(error) from error
        self.size += len(piece)

    def _open(self) -> None:
        import tempfile  # Most files are small and need none.

        # Without a name: whatever happens, nothing decrypted is left behind.
        self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (lives as long as this)
        for piece in self._memory:
            self._file.write(piece)
        self._memory = []

    def pieces(self) -> Iterator[bytes]:
        """Yield what is held, in order; as often as wanted."""
        if self._file is None:
            yield from self._memory
            return
        left, file = self.size, self._file
        file.seek(0)
        while left and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece

    def head(self, length: int) -> bytes:
        """Return the first *length* bytes."""
        found = b""
        for piece in self.pieces():
            found += piece[: length - len(found)]
            if len(found) >= length:
                break
        return found

    def drop(self) -> None:
        """Let go of it; a file that was given is emptied."""
        self._memory = []
        if self._file is not None and self._is_ours:
            self._file.close()
        elif self._file is not None:
            with suppress(OSError, ValueError):  # ValueError: it was closed
                self._file.seek(0)
                self._file.truncate()
        self._file, self.size = None, 0

    def close(self) -> None:
        """Let go of it; a file that was given stays as it is."""
        self._memory = []
        if self._file is not None and self._is_ours:
            self._file.close()
        self._file = None

    def _no_room(self, error: OSError) -> CannotWrite:
        import tempfile

        return CannotWrite(
            f"cannot keep what was decrypted ({error.strerror})",
            str(self._folder or tempfile.gettempdir()),
            "Make room there, or set TMPDIR to a folder that has room",
        )
