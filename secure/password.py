"""Passwords as PS3.15 D.1.1 wants them: which characters, how strong, and good ones made here."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log2
from typing import Final, NamedTuple

from secure.errors import BadPassword

# Small letters that are on the same key of QWERTY, QWERTZ and AZERTY: not a, q, w, z, y and m.
# Nor i, l and o, which are taken for 1 and 0. Digits need Shift on AZERTY, and signs wander.
LETTERS: Final = "bcdefghjknprstuvx"
GROUPS: Final = 5
GROUP_SIZE: Final = 4

_FIRST, _LAST = 0x20, 0x7E  # the graphic characters and the space of ISO IR 6
_LONGEST: Final = 1024  # characters
_WEAK, _GOOD = 50, 75  # bits
_WORD: Final = 10  # bits that a common word counts as: whoever guesses tries a thousand first
_COMMON: Final = (
    "password passwort kennwort secret geheim letmein welcome willkommen admin master login "
    "qwerty qwertz azerty asdf abc123 iloveyou monkey dragon football summer sommer winter "
    "hospital clinic klinik krankenhaus praxis doctor arzt patient radiology radiologie roentgen "
    "xray dicom pacs image images bilder befund scan test hello hallo 12345678 123456 12345 1234 "
    "111111 000000"
)


def octets_of(password: str) -> bytes:
    """Return the octets that PBKDF2 gets: the password in ISO IR 6, as it is.

    Spaces count, also at the ends. Nothing is put in place of what is not in the repertoire.

    Raises:
        BadPassword: it is empty, too long, or has other characters. It is not repeated there.
    """
    for place, character in enumerate(password, 1):
        if not _FIRST <= ord(character) <= _LAST:
            raise BadPassword(
                f"has a character at place {place} that is not among the letters A to Z, digits, "
                "signs and the space of ISO IR 6 (PS3.15 D.1.1)",
                "password",
                "Choose another one without accents, umlauts and control characters",
            )
    if not 0 < len(password) <= _LONGEST:
        raise BadPassword(
            f"has {len(password)} characters",
            "password",
            f"Choose one of 1 to {_LONGEST:,} characters",
        )
    return password.encode("ascii")


def generate_password() -> str:
    """Return a new password of five groups of four letters, with spaces between.

    It has log2(17) * 20 = 81.7 bits of entropy. It is typed with the same keys on an English,
    a German and a French keyboard, without Shift.
    """
    from secrets import choice  # Loads much that nobody else here needs.

    return " ".join("".join(choice(LETTERS) for _ in range(GROUP_SIZE)) for _ in range(GROUPS))


class Strength(NamedTuple):
    """How hard a password is to guess, at most: who chose it may be better known than it seems."""

    bits: float
    level: str  # "weak", "fair" or "good"
    remarks: Sequence[str]  # what a person should know of it


def judge_password(password: str) -> Strength:
    """Say how strong *password* is at most.

    Every character counts by how many of its kinds there are; a common word counts as one choice
    among a thousand, and a character that repeats or continues the one before it as one bit.

    Raises:
        BadPassword: it cannot be one.
    """
    octets_of(password)
    remarks = []
    if password != password.strip(" "):
        remarks.append("It begins or ends with a space, which counts and is easily forgotten")
    rest, words = _without_common_words(password)
    if words:
        remarks.append("It has words in it that are tried first: " + ", ".join(words))
    new = _new_characters(rest)
    if len(rest) - new > len(rest) / 3:
        remarks.append("Many of its characters repeat or continue the one before")
    bits = new * log2(_kinds(rest)) + (len(rest) - new) + _WORD * len(words)
    level = "weak" if bits < _WEAK else "fair" if bits < _GOOD else "good"
    if level != "good":
        remarks.append("A longer one would be better: some words that do not belong together")
    return Strength(round(bits, 1), level, tuple(remarks))


def _without_common_words(password: str) -> tuple[str, list[str]]:
    found = []
    for word in sorted(_COMMON.split(), key=len, reverse=True):
        at = password.lower().find(word)
        if at >= 0:
            found.append(word)
            password = password[:at] + password[at + len(word) :]
    return password, found


def _new_characters(text: str) -> int:
    """Count the characters that are not one up, one down or the same as the one before."""
    steps = (abs(ord(after) - ord(before)) for before, after in pairwise(text))
    return (len(text) > 0) + sum(step > 1 for step in steps)


def _kinds(text: str) -> int:
    """Return among how many characters each of *text* was chosen, by the kinds that are in it."""
    kinds = sum(size for size, is_one in _KINDS if any(map(is_one, text)))
    return max(kinds, 2)


_KINDS: Final[tuple[tuple[int, Callable[[str], bool]], ...]] = (
    (26, str.islower),
    (26, str.isupper),
    (10, str.isdigit),
    (1, str.isspace),
    (32, lambda character: not (character.isalnum() or character.isspace())),
)
