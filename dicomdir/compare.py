"""What an update has to do: a directory beside the files that are really there."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from dicomdir.check_reference import Parents, check_reference, references
from dicomdir.file_ids import is_legal_file_id, located, shown
from dicomdir.instance import Instance
from dicomdir.read import DirectoryRead
from dicomdir.record import DirectoryRecord

FileID = tuple[str, ...]

# A file that breaks one of these is another object than the one that was recorded.
_ANOTHER: Final = frozenset(
    (
        *("DIR-REF-SOP-CLASS", "DIR-REF-SOP-INSTANCE", "DIR-REF-TRANSFER-SYNTAX"),
        *("DIR-REF-PATIENT", "DIR-REF-STUDY", "DIR-REF-SERIES"),
    )
)


class Comparison(NamedTuple):
    """The files of a File-set against its directory."""

    to_add: tuple[tuple[Instance, FileID], ...]  # unknown to the directory, legal names
    already: tuple[FileID, ...]  # named, and the same object
    missing_files: tuple[FileID, ...]  # named, and not there
    illegal_names: tuple[FileID, ...]  # unknown, and no record may name them
    changed: tuple[tuple[Instance, FileID], ...]  # named, but now another object


def compare(
    existing: DirectoryRead,
    scanned: Sequence[tuple[Instance, FileID]],
    *,
    others: Iterable[FileID] = (),
) -> Comparison:
    """Compare a directory with a scan of its files; pure.

    Args:
        existing: as it was read.
        scanned: instances and the names that their files have, folders first.
        others: names of files that are there but could not be taken in; they are not missing.
    """
    named: dict[FileID | None, tuple[DirectoryRecord, Parents]] = {}
    for record, parents in references(existing.directory):
        named.setdefault(located(record.file_id), (record, parents))
    to_add, already, illegal, changed = [], [], [], []
    seen: set[FileID | None] = {located(file_id) for file_id in others}
    for instance, file_id in scanned:
        name = located(file_id)
        seen.add(name)
        known = named.get(name)
        if known is None:
            if is_legal_file_id(file_id):
                to_add.append((instance, file_id))
            else:
                illegal.append(file_id)
            continue
        found = check_reference(known[0], instance, known[1], shown(file_id))
        if any(finding.rule in _ANOTHER for finding in found):
            changed.append((instance, file_id))
        else:
            already.append(file_id)
    missing = [record.file_id for name, (record, _) in named.items() if name not in seen]
    return Comparison(tuple(to_add), tuple(already), tuple(missing), tuple(illegal), tuple(changed))
