"""Which of the files of a File-set may stand in its directory, and why others may not."""

from collections.abc import Callable, Iterable
from typing import Final

from dicomdir.build import separate_patients
from dicomdir.file_ids import is_legal_file_id
from dicomdir.instance import Instance, NotIndexed
from jacket.file_set.files import FileID, FileSetFiles
from jacket.file_set.names import why_illegal
from profiles.homes import separate_homes

Pair = tuple[Instance, FileID]
SameObject = Callable[[Instance, Instance], bool]

_IN_DIRECTORY: Final = "which is in the directory"


def nameable(
    instances: Iterable[Instance],
    files: FileSetFiles,
    is_same: SameObject,
    left_out: list[NotIndexed],
) -> list[Pair]:
    """Return the instances that a directory can name together, with their names.

    Args:
        instances: of the medium, that its profile allows.
        files: where they are.
        is_same: compares the bytes of two files.
        left_out: takes in the others.
    """
    legal = []
    for instance in instances:
        name = files.name_of(instance.source)
        if is_legal_file_id(name):
            legal.append((instance, name))
        else:
            reason = why_illegal(files.shown_as(name))
            left_out.append(NotIndexed(instance.source, reason, "not-allowed"))
    return _unique(legal, is_same, left_out)


def _unique(pairs: list[Pair], is_same: SameObject, left_out: list[NotIndexed]) -> list[Pair]:
    """Return one file per SOP Instance UID, one person per Patient ID."""
    first: dict[str, Instance] = {}
    kept = []
    for instance, name in pairs:
        other = first.setdefault(instance.sop_instance_uid, instance)
        if other is instance:
            kept.append((instance, name))
        else:
            left_out.append(_twin(instance, other, same=is_same(instance, other)))
    people, strangers = separate_patients(instance for instance, _ in kept)
    people, homeless = separate_homes(people)
    if not strangers and not homeless:
        return kept
    left_out += (*strangers, *homeless)
    known = set(map(id, people))
    return [pair for pair in kept if id(pair[0]) in known]


def _twin(instance: Instance, other: Instance, *, same: bool) -> NotIndexed:
    """Return why a second file with one SOP Instance UID is not in the directory."""
    if same:
        reason = f"the same bytes as {other.source}, {_IN_DIRECTORY}"
        return NotIndexed(instance.source, reason, "duplicate")
    reason = f"another object with the SOP Instance UID of {other.source}, {_IN_DIRECTORY}"
    return NotIndexed(instance.source, reason, "contradiction")
