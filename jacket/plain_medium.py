"""What is said of a medium that was to be opened and has nothing encrypted on it."""

from collections.abc import Iterable
from typing import Final

from jacket.locked_medium import is_secure
from jacket.secure_file import pieces_of
from media import Entry, FileReader, Locked, MailMedium, Medium
from reporting import CannotRead, NotSupported

# By the kind of medium: how its files are had.
_COPYING: Final = {
    "folder": "Copy the folder as it is, for instance with `cp -r`",
    "zip": "Unpack the archive as it is, for instance with `unzip`",
    "mime": "Save what is attached to the mail",
}
_OTHERWISE: Final = "Copy its files as they are: mount it, or unpack the image with `7z x`"


BY_PASSWORD: Final = "password"  # noqa: S105 (a kind of recipient, as `NoRecipient.kinds` has it)


def ways_in(medium: Medium, entries: Iterable[Entry]) -> frozenset[str]:
    """Return what opens the first file that is encrypted; nothing where none is.

    Args:
        medium: that is open.
        entries: to look at. Files of one medium are taken to be encrypted for the same people.
    """
    found = frozenset[str]()
    for entry in entries:
        try:
            with medium.open(entry) as file:
                if is_secure(file):
                    return _recipients(file)
        except Locked:
            return frozenset((BY_PASSWORD,))  # in an archive
        except (CannotRead, NotSupported):
            continue  # damaged: there may be others
    return found


def _recipients(file: FileReader) -> frozenset[str]:
    """Return by what kinds of keys a Secure DICOM File is locked."""
    from secure import Keys, NoRecipient, open_secure_file

    try:
        open_secure_file(pieces_of(file), Keys(), "file").close()
    except NoRecipient as error:
        return error.kinds
    except (CannotRead, NotSupported):
        pass
    return frozenset((BY_PASSWORD,))  # damaged: a password is the usual way


def not_encrypted(path: str, medium: Medium) -> CannotRead:
    """Return what to tell of the *medium* at *path*."""
    kind = "mime" if isinstance(medium, MailMedium) else medium.kind
    return CannotRead("nothing on it is encrypted", path, _COPYING.get(kind, _OTHERWISE))
