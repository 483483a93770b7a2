"""What an operator should know of an update of a File-set, beside what it did."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from dicomdir.instance import Instance, NotIndexed
from jacket.console import amount
from jacket.file_set.profile import about_required_icons
from profiles.identity_doubts import doubts_on
from profiles.order import HeadCount

if TYPE_CHECKING:
    from jacket.file_set.directory import Decided
    from jacket.file_set.job import Request

FileID = tuple[str, ...]

# Kinds of what is left out that are DICOM files for certain.
_DICOM: Final = frozenset(
    (
        *("duplicate", "contradiction", "patient-conflict", "not-allowed", "not-convertible"),
        *("truncated", "malformed", "secure"),
    )
)


def about_patients(heads: HeadCount, added: Collection[FileID]) -> tuple[str, ...]:
    """Tell that what comes in stands beside another patient's, which may be a mistake.

    Args:
        heads: whose instances the directory names in the end; a person for each Patient ID.
        added: names of those that it did not name before.
    """
    if heads.patients > 1 and added:
        return (f"{heads.patients:,} PATIENTS ARE ON IT NOW: --remove-patient ID takes one off",)
    return ()


def in_doubt(
    pairs: Iterable[tuple[Instance, FileID]],
    new: Mapping[FileID, Instance],
    added: Collection[FileID],
) -> tuple[str, ...]:
    """Tell where files disagree about whose they are, as soon as one comes in.

    Args:
        pairs: the instances of the File-set that stay, with their names.
        new: those that come to it, by their names.
        added: names of those that the directory did not name before.
    """
    if not added:
        return ()
    every = [*(instance for instance, _ in pairs), *new.values()]
    return tuple(map(str, doubts_on(every, every)))


def still_named(named: Collection[FileID], refused: Iterable[FileID]) -> tuple[str, ...]:
    """Tell of records that were there already and name what this job would leave out."""
    number = len({name for name in refused if name in named})
    if not number:
        return ()
    return (
        f"{amount(number, 'record')} of before name files that the profile does not allow, and "
        "stay; --anew makes the directory without them",
    )


def about_departures(number: int) -> tuple[str, ...]:
    """Tell that files stand in the directory though they depart from PS3.10."""
    if not number:
        return ()
    return (
        f"{amount(number, 'file')} not as PS3.10 asks (see `jacket verify`), indexed all the "
        "same; `jacket author` would mend that",
    )


def about_names(names: Iterable[tuple[FileID, FileID]]) -> tuple[str, ...]:
    """Tell of files that have another name for people than for the directory.

    Args:
        names: of each file, as records have it, and as people see it.
    """
    others = [seen for name, seen in names if seen != name]
    if not others:
        return ()
    files = amount(len(others), "file has a long name", "files have long names")
    return (f"{files} besides the one that the directory uses, {'/'.join(others[0])} first",)


def about_removed(kind: str, number: int) -> tuple[str, ...]:
    """Tell where the data of *number* files that were removed can still be read.

    Those that only records told of count, too: whoever deleted them overwrote nothing.
    """
    if not number or kind == "folder":
        return ()
    if kind == "iso9660":
        return (
            "what is removed is no longer shown, but its bytes stay in the image, in an earlier "
            "session, and come onto every disc that is burned from it: before one goes to anybody "
            "else, make a new image with `jacket author`",
        )
    return (
        "what is removed is gone from the folders, but its bytes are not overwritten: programs "
        "that recover files may find them",
    )


def about_words(request: "Request", decided: "Decided") -> tuple[str, ...]:
    """Tell which words of the command have no effect on what was there already."""
    remarks: list[str] = []
    if request.label is not None and not decided.created:
        remarks.append(
            "the File-set ID stays as it is: --label names a new directory only (--anew)"
        )
    if request.anew:
        remarks.append("the File-set UID is new: for others this is another File-set than before")
    if not decided.instances:
        remarks.append("the directory names nothing any more: most profiles do not allow that")
    row = request.row
    if row is not None:
        remarks += about_required_icons(row, no_icons=request.icons is False)
        old = decided.instances > len(decided.added)
        if not decided.created and old and row.additional_keys:
            remarks.append(
                f"records that were there keep their keys: --anew gives them {row.identifier}'s"
            )
    return tuple(remarks)


def unnamed(left_out: Iterable[tuple[NotIndexed, FileID]], named: Collection[FileID]) -> int:
    """Return how many DICOM files of a medium no record names."""
    return sum(item.kind in _DICOM and name not in named for item, name in left_out)


def of_another(item: NotIndexed, reason: str) -> NotIndexed:
    """Return *item*; of a DICOMDIR elsewhere this command makes nothing, and nothing anew."""
    return item._replace(reason=reason) if item.kind == "directory" else item


def told_of(item: NotIndexed, new: Instance | None) -> NotIndexed:
    """Return what a directory refused by its source, where it is *new*, and with what to do."""
    if new is None:
        return item
    if item.kind != "duplicate":
        return item._replace(source=new.source)
    # A good file with its UID would have been met before.
    reason = (
        f"{item.reason}, where the file is damaged or another object: to replace that say "
        f"--remove {new.sop_instance_uid} as well"
    )
    return NotIndexed(new.source, reason, "contradiction")
