"""A medium whose Secure DICOM Files are read as the DICOM Files in them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from drivers.closing import ClosesItself
from jacket.locked_medium import is_locked, is_secure, refuse_locked
from jacket.secure_file import open_inner, pieces_of
from media import Entry, FileReader, Medium
from media.source import Name
from reporting import CannotRead, Finding, NotSupported
from secure.errors import SecureFileError

if TYPE_CHECKING:
    from secure import Keys


class UnlockedMedium(ClosesItself):
    """Reads like the medium it is made of. Sizes of entries are those of the envelopes.

    What does not open cannot be read; the error says why.
    """

    def __init__(
        self, medium: Medium, keys: "Keys", path: str, *, accept_unprotected: bool = False
    ) -> None:
        """Open files of *medium*, which messages call *path*, with *keys*."""
        self._medium, self._keys, self._path = medium, keys, path
        self._accepts = accept_unprotected
        self._some_opened = False

    @property
    def kind(self) -> str:
        """Return what it is."""
        return self._medium.kind

    @property
    def label(self) -> str:
        """Return the Volume Identifier."""
        return self._medium.label

    def entries(self) -> Iterator[Entry]:
        """Yield the files."""
        return self._medium.entries()

    def find(self, name: Name) -> Entry | None:
        """Return the file of exactly this name."""
        return self._medium.find(name)

    def find_tolerant(self, name: Name) -> Entry | None:
        """Return the file that a foreign medium means by *name*."""
        return self._medium.find_tolerant(name)

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return every departure of the medium as a file system."""
        return self._medium.findings(demands)

    def open(self, entry: Entry) -> FileReader:
        """Open a file, or the DICOM File that is in it, checked.

        Raises:
            NothingOpens: no file of the medium opens with the keys.
            CannotRead: it cannot be read, does not open, or was changed.
        """
        with ExitStack() as stack:
            file = stack.enter_context(self._medium.open(entry))
            if is_secure(file):
                return self._inside(file, "/".join(entry.name))
            stack.pop_all()  # whoever asked closes it
            return file

    def _inside(self, file: FileReader, where: str) -> FileReader:
        try:
            inner = open_inner(
                pieces_of(file),
                file.size,
                self._keys,
                where,
                accept_unprotected=self._accepts,
            )
        except (CannotRead, NotSupported) as error:
            if is_locked(error) and not self._some_opened:
                refuse_locked(self._medium, list(self._medium.entries()), self._keys, self._path)
                self._some_opened = True  # another one
            if isinstance(error, NotSupported):
                raise SecureFileError(error.what, where, error.remedy) from error
            raise
        self._some_opened = True
        return inner

    def close(self) -> None:
        """Close the medium."""
        self._medium.close()
