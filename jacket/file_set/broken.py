"""Files of which no record can be made though they are DICOM, or may be: whose they are."""

from typing import TYPE_CHECKING, Final, NamedTuple

from dicomdir.elements import text
from dicomdir.header import Header, NotDicom, Unsure, read_header
from dicomdir.instance import NotIndexed
from dicomdir.walk import PRead, swap
from jacket.file_set.job import FileID, Unwanted
from reporting import CannotRead

if TYPE_CHECKING:
    from dicomdir.index import Indexer
    from jacket.file_set.files import FileSetFiles

_PATIENT_ID: Final = swap(0x00100020)
_UIDS: Final = tuple(map(swap, (0x00080018, 0x0020000D, 0x0020000E)))  # instance, study, series
# Kinds of `dicomdir.instance`: of the first the header can be read as far as it goes.
_WITH_HEADER: Final = frozenset(("truncated", "malformed", "contradiction"))
_HIDDEN: Final = frozenset(("unreadable", "secure"))


class Identity(NamedTuple):
    """What the header of a broken file tells before it breaks off."""

    patient: str = ""  # Patient ID; "" where it is not told
    uids: tuple[str, ...] = ("", "", "")  # of instance, study and series

    def is_wanted(self, wanted: Unwanted) -> bool | None:
        """Return whether the file is *wanted* to be gone; None where its header does not tell."""
        if self.patient in wanted.patients or not wanted.uids.isdisjoint(self.uids):
            return True
        untold = (wanted.patients and not self.patient) or (wanted.uids and "" in self.uids)
        return None if untold else False


def broken_files(
    not_indexed: list[NotIndexed], files: "FileSetFiles", indexer: "Indexer"
) -> dict[FileID, Identity]:
    """Return the files that are DICOM or may be, by name, with what their headers tell."""
    broken = {}
    for item in not_indexed:
        name = files.name_of(item.source)
        if item.kind in _HIDDEN:
            broken[name] = Identity()
        elif item.kind in _WITH_HEADER:
            try:
                with files.opened(name) as (pread, size):
                    broken[name] = identity_of(pread, size, indexer)
            except (OSError, CannotRead):
                broken[name] = Identity()
    return broken


def identity_of(pread: PRead, size: int, indexer: "Indexer") -> Identity:
    """Return what a header tells as far as it can be read."""
    header = Header()
    try:
        header = read_header(pread, size, indexer.wanted)
    except (NotDicom, Unsure) as problem:
        header.elements = problem.elements
    except ValueError:
        return Identity()
    return Identity(
        patient_text(header.value(_PATIENT_ID)), tuple(text(header.value(tag)) for tag in _UIDS)
    )


def patient_text(value: bytes) -> str:
    """Return a Patient ID as an operator may type it."""
    return value.decode("utf-8", "backslashreplace").strip(" \0")
