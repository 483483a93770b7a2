"""What everybody tries first counts for little, whatever signs and digits are hung onto it."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure import generate_password, judge_password
from secure.strength import WEAK

REPERTOIRE = "".join(map(chr, range(0x20, 0x7F)))


@pytest.mark.parametrize(
    "password",
    [
        "a",
        "Password2026!!",
        "P@ssw0rd2026!",
        "Radiology24.12.1985",
        "24121985",
        "1985-12-24",
        "Klinikum Musterstadt 2026",
        "correct-horse-battery",
        "horse-horse-horse-horse-horse",
        "Sommer2026Sommer2026",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abcdefghijklmnopqrstuvwxyz",
        "12345678901234567890",
        "qwertzuiopasdfghjklyxcvbnm",
        "1qaz2wsx3edc4rfv",
        "aBcDeFgHiJkLmNo",
        "hgkd73hs",
        "kd8Tr2vHq5",
        "correct horse battery staple",
        "The Quick Brown Fox jumps",
        "qwerty asdfgh zxcvbn 12345",
        "asdf jkl; qwer uiop zxcv",
    ],
)
def test_what_is_guessed_in_an_hour_is_weak(password: str) -> None:
    assert judge_password(password).level == "weak"


@pytest.mark.parametrize(
    ("password", "level"),
    [
        ("kd8Tr2vHq5x", "fair"),
        ("seven lemon tractors hum", "fair"),
        ("green horse quietly paints", "fair"),
        ("Mein Hund frisst keine Tulpen", "good"),
        ("tJ9$kw2Lx!pQ7z", "good"),
        ("zkvtbwnrxdgkpfcj", "good"),
    ],
)
def test_many_words_or_characters_without_a_pattern_are_not_weak(password: str, level: str) -> None:
    assert judge_password(password).level == level


@pytest.mark.parametrize(
    ("password", "remark"),
    [
        ("My H0SPITAL bed", "tried first"),
        ("lamp 03.11.1972", "a date"),
        ("tulip 1972", "a year"),
        ("gN4?gN4?gN4?", "there twice"),
        ("asdfghjkl", "continue the one before"),
        ("correct-horse-battery", "guessed as a whole"),
        (" lead", "space"),
        ("trail ", "space"),
    ],
)
def test_what_is_weak_is_said_without_a_part_of_the_password(password: str, remark: str) -> None:
    remarks = judge_password(password).remarks
    assert any(remark in each for each in remarks)
    pieces = password.lower().replace("-", " ").split()
    assert not any(piece in each.lower() for each in remarks for piece in pieces)


def test_spaces_between_words_are_not_pointed_out() -> None:
    remarks = judge_password("some words in the middle of it").remarks
    assert not any("space" in remark for remark in remarks)


def test_generated_passwords_are_never_weak() -> None:
    found = [judge_password(generate_password()) for _ in range(300)]
    levels = Counter(strength.level for strength in found)
    assert levels["weak"] == 0  # now and then a group of letters can be spoken
    assert levels["good"] > 200
    assert min(strength.bits for strength in found) >= WEAK


def test_a_longer_password_is_not_weaker() -> None:
    text = "kd8Tr2vHq5xm3Bw9"
    bits = [judge_password(text[:length]).bits for length in range(1, len(text) + 1)]
    assert bits == sorted(bits)


@given(st.text(REPERTOIRE, min_size=1, max_size=60))
def test_no_password_counts_for_more_than_its_characters(password: str) -> None:
    assert 0 < judge_password(password).bits <= 6.6 * len(password)


@pytest.mark.parametrize("password", ["ab" * 512, "a" * 1024, ("abc" * 400 + "d")[:1024]])
def test_the_longest_passwords_are_judged_at_once(password: str) -> None:
    start = time.process_time()
    assert judge_password(password).level == "weak"
    assert time.process_time() - start < 1
