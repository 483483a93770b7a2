"""The README.TXT of a set of volumes, when one of them is changed: it is no longer true."""

from contextlib import suppress
from typing import Final

from jacket.file_set.files import FileID, FileSetFiles
from reporting import CannotRead

README: Final[FileID] = ("README.TXT",)
GONE: Final = (
    "README.TXT listed what all volumes of the set held; it is gone here, and the other volumes "
    "still have theirs"
)
_LARGEST: Final = 1 << 26  # bytes; a line for each series


def outdated(files: FileSetFiles, *, changed: bool, instances: int, uid: str) -> tuple[FileID, ...]:
    """Return the names of indexes of ours that no longer tell the truth of this volume.

    What they say is compared, too: an update that was killed may have left one when all else was
    done. Copying to another system may have changed the case of the name.

    Args:
        files: of the volume.
        changed: whether it is being changed.
        instances: that its directory is going to name.
        uid: of the File-set.
    """
    found = [name for name in files.names() if len(name) == 1 and name[0].upper() == README[0]]
    if not found:
        return ()
    from jacket.volume_index import is_index, tells

    def is_outdated(name: FileID) -> bool:
        with suppress(CannotRead):  # a link in its place, or more than any index has
            content = files.content(name, _LARGEST) or b""
            return is_index(content) and (changed or not tells(content, instances, uid))
        return False

    return tuple(filter(is_outdated, found))
