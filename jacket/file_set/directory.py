"""The directory that files are to have: a new one, or the one that is there brought up to date."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple

from dicomdir.build import build_directory
from dicomdir.instance import Instance, NotIndexed
from dicomdir.read import DirectoryRead
from dicomdir.record import Directory
from dicomdir.record_types import AdditionalKey
from jacket.generated_words import told
from reporting import CannotWrite

FileID = tuple[str, ...]
Pair = tuple[Instance, FileID]
# Gives instances their icons; returns remarks besides.
WithIcons = Callable[[Sequence[Pair]], tuple[list[Pair], tuple[str, ...]]]

_UUID: Final = 16  # bytes


class Decided(NamedTuple):
    """What becomes of a directory."""

    directory: Directory
    created: bool
    changed: bool
    instances: int  # that it names
    named: frozenset[FileID]
    added: tuple[FileID, ...]
    removed: tuple[FileID, ...]
    missing: tuple[FileID, ...]  # named, not there, and kept
    left_out: tuple[NotIndexed, ...]  # what has no place; ``source`` is the File ID
    remarks: tuple[str, ...]


def new_directory(
    pairs: Sequence[Pair], label: str, additional: Iterable[AdditionalKey], with_icons: WithIcons
) -> Decided:
    """Return a directory of *pairs* alone.

    Raises:
        CannotWrite: the label is none, or an instance has no place in a directory.
    """
    ready, remarks = with_icons(pairs)
    try:
        built = build_directory(
            ready, file_set_uid=_new_uid(), file_set_id=label, additional=additional
        )
    except ValueError as error:
        raise CannotWrite(str(error), "--label", "Choose another label") from error
    names = tuple(name for _, name in pairs)
    return Decided(
        built.directory,
        created=True,
        changed=True,
        instances=len(pairs),
        named=frozenset(names),
        added=names,
        removed=(),
        missing=(),
        left_out=(),
        remarks=(*told(built.generated), *map(str, built.conflicts), *remarks),
    )


def updated_directory(
    read: DirectoryRead,
    pairs: Sequence[Pair],
    others: Collection[FileID],
    additional: Iterable[AdditionalKey],
    with_icons: WithIcons,
    *,
    prune: bool,
) -> Decided:
    """Return the directory that was *read* with what is new; other people's records stay.

    Args:
        read: as it was read.
        pairs: every instance that it shall name, with its name.
        others: names of files that are there besides.
        additional: what a profile asks for in new records.
        with_icons: makes the icons of new records.
        prune: drop records whose files are gone.

    Raises:
        NoDirectoryInformation: there is no directory to update.
    """
    from dicomdir.check_reference import references
    from dicomdir.compare import compare
    from dicomdir.update import update_directory

    comparison = compare(read, pairs, others=others)
    removals = [name for _, name in comparison.changed]
    if prune:
        removals += comparison.missing_files
    additions, remarks = with_icons((*comparison.to_add, *comparison.changed))
    updated = update_directory(read, additions, removals, additional_keys=additional)
    named = [record.file_id for record, _ in references(updated.directory)]
    return Decided(
        updated.directory,
        created=False,
        changed=bool(updated.added or updated.removed),
        instances=len(named),
        named=frozenset(named),
        added=updated.added,
        removed=updated.removed,
        missing=() if prune else comparison.missing_files,
        left_out=updated.left_out,
        remarks=(*told(updated.generated), *updated.remarks, *remarks),
    )


def _new_uid() -> str:
    """Return a new File-set UID (PS3.5 B.2): a random UUID as a number."""
    number = int.from_bytes(os.urandom(_UUID), "big")
    number = number & ~(0xF << 76) | 4 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    return f"2.25.{number}"
