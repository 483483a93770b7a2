"""Whether two files hold one object, wherever they lie: on the medium or among the sources."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from dicomdir.instance import Instance
from jacket.file_set.files import FileSetFiles
from reporting import CannotRead

_CHUNK: Final = 1 << 20  # bytes


def same_object(files: FileSetFiles, one: Instance, other: Instance) -> bool:
    """Return whether two files with one UID hold the same bytes, their heads aside.

    What came onto the medium may have been given a new preamble and File Meta Information. A file
    that cannot be read is no twin.
    """
    if one.size - one.dataset_offset != other.size - other.dataset_offset:
        return False
    if one.transfer_syntax_uid != other.transfer_syntax_uid:
        return False
    try:
        both = zip_longest(_data_set(files, one), _data_set(files, other))
        return all(here == there for here, there in both)
    except (OSError, CannotRead):
        return False


def _data_set(files: FileSetFiles, instance: Instance) -> Iterator[bytes]:
    name = files.own_name(instance.source)
    if name is not None:
        return files.pieces(name, instance.dataset_offset)
    return _pieces(Path(instance.source), instance.dataset_offset)


def _pieces(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as file:  # buffered: every piece but the last is whole
        file.seek(offset)
        while piece := file.read(_CHUNK):
            yield piece
