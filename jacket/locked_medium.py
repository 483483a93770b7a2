"""Whether what is at hand opens the Secure DICOM Files of a medium at all.

A password typed wrong is told once and at once, not for each of a thousand files. On the way the
keys are derived, before processes share the work.
"""

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from jacket.secure_file import pieces_of
from media import Entry, FileReader, Medium
from reporting import CannotRead, FilmjacketError, NotSupported
from secure import HEAD_SIZE, looks_like_secure_dicom_file
from secure.errors import (
    DigestMismatch,
    NoRecipient,
    NotDecrypted,
    NotDicom,
    SignatureInvalid,
    WrongKey,
)

if TYPE_CHECKING:
    from secure import Keys

_DIRECTORY = "DICOMDIR"


class NothingOpens(FilmjacketError):
    """A medium is encrypted, and nothing at hand opens any file of it.

    No `CannotRead`: who goes on after a file that cannot be read must not go on after this.
    """


def is_secure(file: FileReader) -> bool:
    """Return whether *file* begins as a Secure DICOM File does."""
    return looks_like_secure_dicom_file(file.pread(min(HEAD_SIZE, file.size), 0))


def is_locked(error: FilmjacketError) -> bool:
    """Return whether *error* says that a key is missing or wrong, and not that a file is."""
    return isinstance(error, NoRecipient | NotDecrypted)


def refuse_locked(medium: Medium, entries: Sequence[Entry], keys: "Keys", path: str) -> bool:
    """Find one Secure DICOM File that opens, the DICOMDIR first; return whether there are any.

    Files of one medium may have been encrypted for different keys (PS3.11 D.3.5), so that one
    that stays locked proves nothing.

    Raises:
        NothingOpens: every one is locked for want of a key.
    """
    locked: FilmjacketError | None = None
    met = False
    for entry in sorted(entries, key=lambda entry: entry.name != (_DIRECTORY,)):
        try:
            with medium.open(entry) as file:
                if not is_secure(file):
                    continue
                met = True
                return _is_for(file, keys)
        except (CannotRead, NotSupported) as error:
            if is_locked(error):
                locked = locked or error
    if locked is not None:
        raise nothing_opens(locked, path)
    return met


def _is_for(file: FileReader, keys: "Keys") -> bool:
    """Return whether *keys* are right for a Secure DICOM File, whatever is wrong in it.

    Raises:
        CannotRead, NotSupported: they are not, or it cannot be told.
    """
    from secure import open_secure_file

    with suppress(_KeysFit, DigestMismatch, SignatureInvalid, NotDicom):
        open_secure_file(pieces_of(file), keys, "file", accept_unprotected=True, file=_Probe())
    return True


class _KeysFit(Exception):
    """Something was decrypted: no error, it ends the reading where all is known."""


class _Probe(BytesIO):
    """Takes nothing: that there is something to take tells that the key was the right one."""

    def write(self, _: object) -> int:
        """End the reading."""
        raise _KeysFit


def nothing_opens(error: FilmjacketError, path: str) -> NothingOpens:
    """Return what to tell of a medium of which *error* is the first file's, and all are alike."""
    if isinstance(error, NoRecipient):
        what, remedy = f"is encrypted and {error.what.removeprefix('is ')}", error.remedy
    elif isinstance(error, WrongKey):
        what, remedy = "is encrypted, and does not open with this private key", error.remedy
    else:
        what = "is encrypted, and does not open with this password"
        remedy = (
            "Type it again exactly as it was given: capital and small letters differ, spaces "
            "count; then ask the sender"
        )
    told = NothingOpens(what, path, remedy)
    told.details = error.details
    return told


def encrypted_medium(path: str, files: int) -> NothingOpens:
    """Return what to tell of a medium with so many Secure DICOM Files, where none was opened."""
    return NothingOpens(
        f"is encrypted: {files:,} Secure DICOM {'File' if files == 1 else 'Files'} on it",
        path,
        "Write the password into a file and say --password-file FILE, or say --key FILE with the "
        "private key it was encrypted for; `jacket decrypt` makes a plain folder of it",
    )
