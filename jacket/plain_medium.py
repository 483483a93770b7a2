"""What is said of a medium that was to be opened and has nothing encrypted on it."""

from collections.abc import Iterable
from typing import Final

from jacket.locked_medium import is_secure
from media import Entry, Locked, Medium
from reporting import CannotRead

# By the kind of medium: how its files are had.
_COPYING: Final = {
    "folder": "Copy the folder as it is, for instance with `cp -r`",
    "zip": "Unpack the archive as it is, for instance with `unzip`",
    "mime": "Save what is attached to the mail",
}
_OTHERWISE: Final = "Copy its files as they are: mount it, or unpack the image with `7z x`"


def may_be_encrypted(medium: Medium, entries: Iterable[Entry]) -> bool:
    """Return whether a file is a Secure DICOM File, or cannot be looked at for want of a key."""
    for entry in entries:
        try:
            with medium.open(entry) as file:
                if is_secure(file):
                    return True
        except Locked:
            return True
        except CannotRead:
            continue  # damaged: there may be others
    return False


def not_encrypted(path: str, kind: str) -> CannotRead:
    """Return what to tell of the medium at *path*, of a *kind* as `Medium` has it."""
    return CannotRead("nothing on it is encrypted", path, _COPYING.get(kind, _OTHERWISE))
