"""How hard a password is to guess: a sober estimate, without a list of a million words.

Whoever guesses tries common words, dates, and what lies side by side on a keyboard first, and then
words that can be spoken. All of these count for little; what is left counts by its characters.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log2
from typing import Final, NamedTuple

from secure.password import octets_of

WEAK, GOOD = 55, 75  # bits: four usual words that do not belong together are just not weak

# Bits of what is guessed as a whole. A word is one of some thousands; longer ones are rarer.
_COMMON_WORD, _YEAR, _DATE, _REPEATED = 10.0, 7.0, 15.0, 2.0
_WORD, _WORD_LETTER = 6.0, 1.5
_CAPITALS: Final = 1.0  # a first letter, or all of them
_COMMON: Final = (
    "password passwort kennwort secret geheim letmein welcome willkommen admin master login "
    "abc123 iloveyou monkey dragon football summer sommer winter spring autumn herbst monday "
    "hospital clinic klinik krankenhaus praxis doctor arzt patient radiology radiologie roentgen "
    "xray dicom pacs image images bilder befund scan test hello hallo changeme default qwerty"
)
# Sentences that everybody knows are guessed as a whole, whatever stands between their words.
_PHRASES: Final = tuple(
    re.compile("[^a-z]*".join(phrase.split()), re.IGNORECASE)
    for phrase in (
        "correct horse battery staple",
        "the quick brown fox jumps over the lazy dog",
        "the quick brown fox",
        "to be or not to be",
        "may the force be with you",
        "lorem ipsum dolor sit amet",
        "open sesame",
        "alle meine entchen schwimmen auf dem see",
        "alle meine entchen",
        "franz jagt im komplett verwahrlosten taxi",
    )
)
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop qwertzuiop azertyuiop asdfghjkl qsdfghjklm "
    "zxcvbnm yxcvbnm wxcvbn 1qaz 2wsx 3edc 4rfv"
)
_BESIDE: Final = frozenset(pair for row in _ROWS.split() for pair in pairwise(row))
_PLAIN: Final = str.maketrans("@401!357$", "aaoiietss")  # what signs and digits are put for
_DATES: Final = re.compile(
    r"(?:[0-3]?\d([-./ ]?)[01]?\d\1(?:19|20)\d\d|(?:19|20)\d\d([-./ ]?)[01]\d\2[0-3]\d)"
)
_YEARS: Final = re.compile(r"(?:19|20)\d\d")
_WORDS: Final = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_VOWELS: Final = frozenset("aeiouy")
_AGAIN: Final = re.compile(r"(.{2,}?)\1+", re.IGNORECASE)
_TRIED_FIRST: Final = "It has words in it that are tried first"
_GAP: Final = "\0"  # stands for what was taken out; no password has it


class Strength(NamedTuple):
    """How hard a password is to guess, at most: who chose it may be better known than it seems."""

    bits: float
    level: str  # "weak", "fair" or "good"
    remarks: Sequence[str]  # what a person should know of it; never a part of it


def judge_password(password: str) -> Strength:
    """Say how strong *password* is at most.

    Raises:
        BadPassword: it cannot be one.
    """
    octets_of(password)
    estimate = _Estimate(password)
    level = "weak" if estimate.bits < WEAK else "fair" if estimate.bits < GOOD else "good"
    remarks = estimate.remarks
    if password != password.strip(" "):
        remarks.append("It begins or ends with a space, which counts and is easily forgotten")
    if level == "weak" and estimate.words:
        remarks.append("Its words are guessed as a whole, not letter by letter, and are too few")
    if level == "fair":
        remarks.append("A longer one would be better: some words that do not belong together")
    return Strength(round(estimate.bits, 1), level, tuple(remarks))


class _Estimate:
    """Takes out of a password what is guessed as a whole, and counts what is left."""

    def __init__(self, password: str) -> None:
        self.bits = 0.0
        self.remarks: list[str] = []
        self.words = 0  # that can be spoken
        self._length, self._left = len(password), password
        for phrase in _PHRASES:
            self._take(phrase, _TRIED_FIRST, lambda _: _COMMON_WORD)
        self._take_repetitions()
        self._take_common_words()
        self._take(_DATES, "It has a date in it", lambda _: _DATE)
        self._take(_YEARS, "It has a year in it", lambda _: _YEAR)
        self._take(_WORDS, "", self._word)
        self._count_characters()

    def _take_repetitions(self) -> None:
        self._left, number = _AGAIN.subn(r"\1", self._left)
        self.bits += _REPEATED * number
        if number:
            self.remarks.append("Parts of it are there twice")

    def _take_common_words(self) -> None:
        number = 0
        for word in sorted(_COMMON.split(), key=len, reverse=True):
            while (at := self._left.lower().translate(_PLAIN).find(word.translate(_PLAIN))) >= 0:
                self._left = self._left[:at] + _GAP + self._left[at + len(word) :]
                number += 1
        self.bits += _COMMON_WORD * number
        if number and _TRIED_FIRST not in self.remarks:
            self.remarks.append(_TRIED_FIRST)

    def _take(
        self, pattern: re.Pattern[str], remark: str, bits_of: Callable[[str], float | None]
    ) -> None:
        """Take out what *pattern* finds, if `bits_of` has bits for it."""

        def taken(found: re.Match[str]) -> str:
            bits = bits_of(found[0])
            if bits is None:
                return found[0]
            self.bits += bits
            if remark and remark not in self.remarks:
                self.remarks.append(remark)
            return _GAP

        self._left = pattern.sub(taken, self._left)

    def _word(self, letters: str) -> float | None:
        """Return the bits of *letters*; None where nobody can speak them."""
        small = letters.lower()
        vowels = sum(letter in _VOWELS for letter in small)
        if not len(small) <= 5 * vowels <= 4 * len(small) or _goes_on(small):
            return None
        self.words += 1
        capitals = 0.0 if letters == small else _CAPITALS
        return min(_WORD + _WORD_LETTER * len(small) + capitals, len(small) * log2(26))

    def _count_characters(self) -> None:
        """Count what is left by its kinds; what repeats or continues the one before as one bit."""
        left = self._left.replace(_GAP, "")
        fresh = _fresh(left)
        if len(left) - fresh > self._length / 2:  # Spaces are where everybody has them in rows.
            left = left.replace(" ", "")
            fresh = _fresh(left)
        self.bits += fresh * log2(_kinds(left)) + (len(left) - fresh)
        if len(left) - fresh > self._length / 3:
            self.remarks.append("Many of its characters repeat or continue the one before")


def _fresh(text: str) -> int:
    """Return how many characters do not repeat or continue the one before."""
    return sum(not _follows(*pair) for pair in pairwise(_GAP + text.lower()))


def _goes_on(letters: str) -> bool:
    """Return whether most of *letters* only continue: characters count that better."""
    return sum(_follows(*pair) for pair in pairwise(letters)) > len(letters) / 2


def _follows(before: str, after: str) -> bool:
    return before == after or (before, after) in _BESIDE or (after, before) in _BESIDE


def _kinds(text: str) -> int:
    """Return among how many characters each of *text* was chosen, by the kinds that are in it."""
    return max(sum(size for size, is_one in _KINDS if any(map(is_one, text))), 2)


_KINDS: Final[tuple[tuple[int, Callable[[str], bool]], ...]] = (
    (26, str.islower),
    (26, str.isupper),
    (10, str.isdigit),
    (1, str.isspace),
    (32, lambda character: not (character.isalnum() or character.isspace())),
)
