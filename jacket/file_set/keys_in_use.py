"""Which additional keys the records of a directory have, so that new ones are given them too."""

from typing import Final, NamedTuple

from dicomdir.check_keys import elements_of
from dicomdir.record import Directory
from dicomdir.record_types import AdditionalKey
from profiles.key_tables import KEYS_D, KEYS_E, KEYS_H, KEYS_I

_IMAGE_TYPE: Final = 0x00080008
_FRAME_OF_REFERENCE: Final = 0x00200052
_SIZE: Final = frozenset((0x00280010, 0x00280011))  # Rows and Columns


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
    every: set[int] | None = None
    some: set[int] = set()
    stack = list(directory.records)
    while stack:
        record = stack.pop()
        stack += record.children
        if record.record_type == "IMAGE":
            tags = elements_of(record.keys).keys()
            every = set(tags) if every is None else every & tags
            some |= tags
    if every is None:
        return ()
    return next((t.keys for t in _TABLES if every >= t.every and some >= t.some), ())
