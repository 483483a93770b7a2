"""One file of an open medium as the scan would see it."""

from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.scan import is_litter
from media import Entry, Medium
from reporting import CannotRead


def index_entry(medium: Medium, entry: Entry, indexer: Indexer) -> Instance | NotIndexed:
    """Return what a directory can say of a file, or why it can say nothing.

    ``source`` is the name on the medium.
    """
    name = "/".join(entry.name)
    if is_litter(entry.recorded):
        return NotIndexed(name, "a file of the operating system", "litter")
    try:
        with medium.open(entry) as file:

            def pread(length: int, offset: int) -> bytes:
                return file.pread(max(0, min(length, file.size - offset)), offset)

            header = read_header(pread, entry.size, indexer.wanted, indexer.memo)
            return indexer.index(name, header)
    except NotDicom as problem:
        return NotIndexed(name, problem.reason, problem.kind)
    except CannotRead as problem:
        return NotIndexed(name, problem.what, "unreadable")
    except (Unsure, ValueError) as doubt:
        return NotIndexed(name, f"malformed: {doubt}", "malformed")
