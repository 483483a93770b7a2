"""Directory record types and their keys as rows (PS3.3 F.3 to F.6)."""

from dataclasses import dataclass
from enum import Enum


class When(Enum):
    """Where a key's value comes from, and when the record must have it."""

    ALWAYS = "always"
    PRESENT = "the instance has it"  # also with no value
    PRESENT_WITH_VALUE = "the instance has it with a value"
    VERIFIED = "Verification Flag is VERIFIED: latest in Verifying Observer Sequence"
    CONCEPT_MODIFIERS = "the root content item has HAS CONCEPT MOD children: only these"
    EXTENDED_CHARACTERS = "a key of this record uses an extended or replacement character set"


@dataclass(frozen=True, slots=True)
class Key:
    """One Record Selection Key of one record type, or one that a profile adds."""

    tag: int
    vr: bytes
    type: str  # "1", "1C", "2", "2C" or "3" in the media sense of PS3.10 5
    when: When = When.ALWAYS


@dataclass(frozen=True, slots=True)
class RecordType:
    """One value of Directory Record Type (0004,1430)."""

    name: str
    parents: frozenset[str]  # "" is the Root Directory Entity
    keys: tuple[Key, ...]  # in tag order
    source: str  # section of PS3.3
    retired: bool = False
