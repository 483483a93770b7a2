"""Which additional keys the records of a directory have, so that new ones are given them too."""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from dicomdir.check_keys import elements_of
from dicomdir.check_reference import references
from dicomdir.elements import name_of
from dicomdir.file_ids import located
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.record_types import AdditionalKey
from jacket.console import amount
from profiles.key_tables import KEYS_D, KEYS_E, KEYS_H, KEYS_I

_IMAGE_TYPE: Final = 0x00080008
_FRAME_OF_REFERENCE: Final = 0x00200052
_ICON: Final = 0x00880200
_NOT_TOLD: Final = frozenset((0x00080005,))  # a character set is there where it is needed
_SIZE: Final = frozenset((0x00280010, 0x00280011))  # Rows and Columns

FileID = tuple[str, ...]


class _Table(NamedTuple):
    keys: tuple[AdditionalKey, ...]
    every: frozenset[int]  # tags that each IMAGE record has where the table is in use
    some: frozenset[int]  # tags of type 1C: of these one record at least has each


# The first that fits counts.
_TABLES: Final = (
    _Table(KEYS_H, _SIZE, frozenset((_IMAGE_TYPE, _FRAME_OF_REFERENCE))),
    _Table(KEYS_I, _SIZE, frozenset((_IMAGE_TYPE,))),
    _Table(KEYS_E, _SIZE, frozenset()),
    _Table(KEYS_D, frozenset(), frozenset((_IMAGE_TYPE,))),
)


def keys_in_use(directory: Directory) -> tuple[AdditionalKey, ...]:
    """Return the table of PS3.11 by which the IMAGE records were made; none where none shows.

    A directory does not tell its profile, and what it lacks of its keys is what `jacket verify`
    finds: records added to a medium that was compliant must not take that from it.
    """
    every = _tags_of_all(_every_record(directory)).get("IMAGE")
    if every is None:
        return ()
    some = {
        tag
        for record in _every_record(directory)
        if record.record_type == "IMAGE"
        for tag in elements_of(record.keys)
    }
    return next((t.keys for t in _TABLES if every >= t.every and some >= t.some), ())


def about_keys(old: Directory, new: Directory, added: Iterable[FileID]) -> tuple[str, ...]:
    """Tell of new records that lack a key which all that were there of their type have.

    Args:
        old: the directory as it was.
        new: as it is going to be.
        added: names of the files that are new in it.
    """
    common = _tags_of_all(_every_record(old))
    lacking: dict[str, list[set[int]]] = {}
    for record in _new_records(new, {located(name) for name in added}):
        lacks = common.get(record.record_type, set()) - elements_of(record.keys).keys()
        if lacks - _NOT_TOLD:
            lacking.setdefault(record.record_type, []).append(lacks - _NOT_TOLD)
    return tuple(_lack(name, tags) for name, tags in lacking.items())


def _lack(record_type: str, lacking: list[set[int]]) -> str:
    new = f"new {record_type} record"
    records = amount(len(lacking), f"{new} lacks", f"{new}s lack")
    tags = set().union(*lacking)
    words = ["--icons gives them icons"] if _ICON in tags else []
    if tags - {_ICON}:
        words.append("where their profile asks for that, --profile ID gives new records its keys")
    names = ", ".join(map(name_of, sorted(tags)))
    return f"{records} what all that were there have: {names}; {'; '.join(words)}"


def _every_record(directory: Directory) -> Iterable[DirectoryRecord]:
    stack = list(directory.records)
    while stack:
        record = stack.pop()
        stack += record.children
        yield record


def _tags_of_all(records: Iterable[DirectoryRecord]) -> dict[str, set[int]]:
    """Return by type of record which tags each of them has."""
    common: dict[str, set[int]] = {}
    for record in records:
        tags = elements_of(record.keys).keys()
        common[record.record_type] = common.get(record.record_type, set(tags)) & tags
    return common


def _new_records(
    directory: Directory, added: Collection[FileID | None]
) -> Iterable[DirectoryRecord]:
    """Return the records below which there are only files that are new, each once."""
    new: dict[int, DirectoryRecord] = {}
    old: set[int] = set()
    for record, above in references(directory):
        for one in (record, *filter(None, above)):
            if located(record.file_id) in added:
                new[id(one)] = one
            else:
                old.add(id(one))
    return [record for identity, record in new.items() if identity not in old]
