"""One Secure DICOM File of a medium, opened: read as if the DICOM File in it lay there instead."""

from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Final, Self

from media import FileReader
from reporting import CannotRead

if TYPE_CHECKING:
    from secure import Keys, Opened

HELD: Final = 16 << 20  # bytes; larger content goes into a file without a name
_FIRST: Final = 64 << 10  # bytes; as far as this who has no key reads
_CHUNK: Final = 1 << 20


def pieces_of(file: FileReader) -> Iterator[bytes]:
    """Yield the bytes of a file, in order."""
    position = 0
    while position < file.size:
        piece = file.pread(min(_CHUNK if position else _FIRST, file.size - position), position)
        yield piece
        position += len(piece)


class InnerFile:
    """The DICOM File that was in an envelope, checked; a context that lets go of it."""

    def __init__(self, opened: "Opened", file: IO[bytes] | None, where: str) -> None:
        """Be what `open_inner` opened; *file* holds the content, or *opened* does in memory."""
        self.opened = opened
        self._file, self._where = file, where
        self._content = b"" if file is not None else opened.read()
        if file is None:
            opened.close()

    @property
    def size(self) -> int:
        """Return its length in bytes."""
        return self.opened.size

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on.

        Raises:
            CannotRead: there are not as many.
        """
        if self._file is None:
            found = self._content[offset : offset + length]
        else:
            self._file.seek(offset)
            found = self._file.read(length)
        if len(found) < length:
            raise CannotRead("ends too early", self._where, "Report this: it was checked before")
        return found

    def close(self) -> None:
        """Let go of the content."""
        self._content = b""
        self.opened.close()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_inner(
    pieces: Iterable[bytes],
    size: int,
    keys: "Keys",
    where: str,
    *,
    accept_unprotected: bool = False,
) -> InnerFile:
    """Decrypt and check a Secure DICOM File; nothing of it is handed on before.

    Args:
        pieces: the file.
        size: of it, in bytes.
        keys: what to open it with; kept for the whole medium.
        where: what errors call it.
        accept_unprotected: also take it without a digest or signature.

    Raises:
        SecureFileError: it does not open, or was changed; the class says which.
        UnknownAlgorithm: it uses one that is not of PS3.15 D.1.1.
        CannotRead: the medium cannot be read.
        CannotWrite: there is no room for the content.
    """
    from secure import open_secure_file

    file: IO[bytes] | None = None
    if size > HELD:
        import tempfile

        file = tempfile.TemporaryFile()  # noqa: SIM115 (the reader closes it)
    try:
        opened = open_secure_file(
            pieces, keys, where, accept_unprotected=accept_unprotected, file=file, in_memory=size
        )
        return InnerFile(opened, file, where)
    except BaseException:
        if file is not None:
            file.close()
        raise
