"""Whether two sets of patient keys mean one person: a wrong yes mixes two people's studies.

One Patient ID may be in use for two people, when two hospitals number their patients alike. The
directory has one PATIENT record per ID (PS3.3 F.5.1), so that the second person would be shown
under the first one's name.
"""

import re
import unicodedata
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, text, values_by_tag

CHARACTER_SET: Final = 0x00080005
PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
BIRTH_DATE: Final = 0x00100030

# The alphabetic component group ends at "=", but not within a two-byte character, where the
# same byte is half a letter (ISO 2022, PS3.5 6.1.2.5.3).
_ALPHABETIC: Final = re.compile(rb"(?:\x1b\$(?:[@B]|\(D)[^\x1b]*|[^=])*")
_CODECS: Final = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis-620",
    **{
        f"ISO_IR {number}": f"iso8859-{part}"
        for number, part in (
            *((100, 1), (101, 2), (109, 3), (110, 4), (144, 5), (127, 6)),
            *((126, 7), (138, 8), (148, 9), (203, 15)),
        )
    },
}


class Person(NamedTuple):
    """What tells people apart. ``name`` and ``born`` are empty when nothing is known."""

    patient_id: bytes
    name: str | bytes  # comparable, not for showing
    born: bytes


def person_of(patient_keys: bytes) -> Person:
    """Return the person that the keys of a PATIENT record mean; nobody for unreadable keys."""
    try:
        values = values_by_tag(patient_keys)
    except BadEncoding:
        values = {}
    return Person(
        values.get(PATIENT_ID, b"").strip(b" \0"),
        comparable_name(values.get(PATIENT_NAME, b""), text(values.get(CHARACTER_SET, b""))),
        values.get(BIRTH_DATE, b"").strip(b" \0"),
    )


def comparable_name(name: bytes, character_set: str) -> str | bytes:
    """Return a Patient's Name in a form that is equal for equal names.

    Only the alphabetic component group counts; where it is empty the others do. Case, spaces and
    carets do not: "Doe^John^^" is "DOE JOHN". A name in another repertoire is compared by its
    letters where the repertoire is a single one, and by its bytes where it changes within the
    value (ISO 2022).

    Args:
        name: the value of (0010,0010) as it is encoded.
        character_set: the value of (0008,0005) that goes with it.
    """
    matched = _ALPHABETIC.match(name)
    group = (matched.group() if matched else name).strip(b" \0^")
    if not group and name.strip(b" \0^="):
        # Nobody wrote it in letters. It is compared with others of the kind alone.
        group = b"=" + name.strip(b" \0^=")
    # Of several repertoires the first is in force as long as nothing escapes from it.
    first = character_set.split("\\")[0].strip().replace("ISO 2022 IR", "ISO_IR")
    codec = _CODECS.get(first)
    if codec is None or b"\x1b" in group:
        return group
    try:
        decoded = group.decode(codec)
    except UnicodeDecodeError:
        return group
    letters = unicodedata.normalize("NFKC", decoded).casefold().replace("^", " ")
    return " ".join(letters.split())


# Dates that systems write when they know none; they tell nobody apart.
_PLACEHOLDERS: Final = frozenset((b"19000101", b"19010101", b"18000101", b"00010101", b"99991231"))


class KnownPerson:
    """Whom the first file with a Patient ID tells of: the one whose name the record will bear."""

    __slots__ = ("born", "name", "source")

    def __init__(self, person: Person, source: str) -> None:
        self.name = person.name
        self.born = _known(person.born)
        self.source = source

    def is_the_same_as(self, person: Person) -> bool:
        """Tell whether *person*, who has the same Patient ID, may be this one.

        An equal name or an equal birth date is enough: names are spelt in many ways. Everybody is
        compared with the first one, so that no chain of half-equal people ends under one name.
        Where the names cannot be compared, only two birth dates that differ speak against it.
        """
        born = _known(person.born)
        if born and born == self.born:
            return True
        if person.name and self.name and _are_comparable(person.name, self.name):
            return person.name == self.name
        return not (born and self.born)

    def learn(self, person: Person) -> None:
        """Take over a name or a birth date where none was known."""
        self.name = self.name or person.name
        self.born = self.born or _known(person.born)


def may_be_one(one: Person, other: Person) -> bool:
    """Tell whether two may be one person, as far as names and birth dates say; not their IDs."""
    return KnownPerson(one, "").is_the_same_as(other)


def _are_comparable(one: str | bytes, other: str | bytes) -> bool:
    """Tell whether two names are written in a way in which equal ones would be equal."""
    if isinstance(one, str) and isinstance(other, str):
        return one.startswith("=") == other.startswith("=")
    return isinstance(one, bytes) and isinstance(other, bytes)


def _known(born: bytes) -> bytes:
    return b"" if born in _PLACEHOLDERS else born
