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


def is_outdated(files: FileSetFiles, *, changed: bool, instances: int, uid: str) -> bool:
    """Return whether there is an index of ours that no longer tells the truth of this volume.

    What it says is compared, too: an update that was killed may have left it when all else was
    done.

    Args:
        files: of the volume.
        changed: whether it is being changed.
        instances: that its directory is going to name.
        uid: of the File-set.
    """
    if not files.is_taken(README):
        return False
    from jacket.volume_index import is_index, tells

    with suppress(CannotRead):  # a link in its place, or more than any index has
        content = files.content(README, _LARGEST) or b""
        return is_index(content) and (changed or not tells(content, instances, uid))
    return False
