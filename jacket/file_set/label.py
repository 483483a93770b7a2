"""The File-set ID of a directory that is made."""

from contextlib import suppress
from typing import Final

from jacket.file_set.files import DICOMDIR, FileSetFiles
from jacket.file_set.job import Request
from jacket.labels import is_label
from reporting import CannotRead

CD: Final = "iso9660"


def label_of(files: FileSetFiles, request: Request) -> str:
    """Return the File-set ID of a new directory: on a CD it is the volume's (PS3.12 F.1)."""
    if request.label is not None:
        return request.label
    if files.kind == CD and is_label(files.label):
        return files.label
    return _old_label(files) if request.anew else ""


def _old_label(files: FileSetFiles) -> str:
    """Return the File-set ID that is there; "" where it cannot be read, or be written again."""
    from dicomdir.read import LARGEST, read_directory

    with suppress(CannotRead):
        content = files.content(DICOMDIR, LARGEST)
        if content is not None:
            label = read_directory(content).directory.file_set_id
            return label if is_label(label) else ""
    return ""
