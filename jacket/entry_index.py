"""One file of an open medium as the scan would see it."""

from functools import partial
from typing import Final

from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.other_files import PREFIX_END, is_prefixed, litter, unfinished
from dicomdir.walk import PRead
from media import Entry, Locked, Medium
from media.entry import BlockReader
from reporting import CannotRead

LOCKED: Final = "is encrypted with a password"


def index_entry(medium: Medium, entry: Entry, indexer: Indexer) -> Instance | NotIndexed:
    """Return what a directory can say of a file, or why it can say nothing.

    ``source`` is the name on the medium.
    """
    name = "/".join(entry.name)
    folders = map(unfinished, entry.name[:-1])
    looked_at = partial(_says_dicom, medium, entry)
    if why := next(filter(None, (litter(entry.recorded, looked_at), *folders)), ""):
        return NotIndexed(name, why, "litter")
    try:
        with medium.open(entry) as file:
            header = read_header(within(file), file.size, indexer.wanted, indexer.memo)
            return indexer.index(name, header)
    except NotDicom as problem:
        return NotIndexed(name, problem.reason, problem.kind)
    except Locked:
        return NotIndexed(name, LOCKED, "unreadable")
    except CannotRead as problem:
        return NotIndexed(name, problem.what, "unreadable")
    except (Unsure, ValueError) as doubt:
        return NotIndexed(name, f"malformed: {doubt}", "malformed")


def _says_dicom(medium: Medium, entry: Entry) -> bool:
    try:
        with medium.open(entry) as file:
            return begins_as_dicom(file)
    except CannotRead:
        return False


def begins_as_dicom(file: BlockReader) -> bool:
    """Return whether a file of a medium says that it is DICOM."""
    return is_prefixed(within(file)(PREFIX_END, 0))


def within(file: BlockReader) -> PRead:
    """Return what reads a file as the operating system would: nothing behind its end."""
    return lambda length, offset: file.pread(max(0, min(length, file.size - offset)), offset)
