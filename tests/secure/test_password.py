from collections import Counter
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure import BadPassword, generate_password
from secure.password import GROUP_SIZE, GROUPS, LETTERS, octets_of

REPERTOIRE = "".join(map(chr, range(0x20, 0x7F)))

# The letters of three keyboards, row by row, as they are without Shift.
KEYBOARDS = {
    "QWERTY": ("qwertyuiop", "asdfghjkl;", "zxcvbnm,./"),
    "QWERTZ": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm,.-"),
    "AZERTY": ("azertyuiop^", "qsdfghjklmù", "wxcvbn,;:!"),
}


def test_the_octets_are_the_password_as_it_is() -> None:
    assert octets_of(REPERTOIRE) == bytes(range(0x20, 0x7F))
    assert octets_of("  spaces count ") == b"  spaces count "


@pytest.mark.parametrize("character", list("\n\t\x1b\x7f\0éß¥カ\u00a0"))
def test_other_characters_are_refused_by_their_place(character: str) -> None:
    with pytest.raises(BadPassword, match="character at place 6 ") as caught:
        octets_of("hush " + character)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_lengths_that_cannot_be_are_refused(password: str) -> None:
    with pytest.raises(BadPassword, match=r"has [0-9]+ characters"):
        octets_of(password)


@given(st.text(max_size=40))
def test_a_password_is_refused_or_taken_as_it_is(password: str) -> None:
    try:
        octets = octets_of(password)
    except BadPassword:
        assert not password or not set(password) <= set(REPERTOIRE)
    else:
        assert octets.decode("ascii") == password


def test_letters_stay_in_place_on_all_keyboards() -> None:
    places = [
        {key: (row, at) for row, keys in enumerate(rows) for at, key in enumerate(keys)}
        for rows in KEYBOARDS.values()
    ]
    for letter in LETTERS:
        assert len({place[letter] for place in places}) == 1
    assert not set(LETTERS) & set("il1o0")


def test_generated_passwords_have_at_least_80_bits() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert GROUPS * GROUP_SIZE * log2(len(LETTERS)) == pytest.approx(81.7, abs=0.1)
    found = [generate_password() for _ in range(1000)]
    assert len(set(found)) == 1000
    for password in found:
        assert list(map(len, password.split(" "))) == [GROUP_SIZE] * GROUPS
    letters = Counter("".join(found).replace(" ", ""))
    assert set(letters) == set(LETTERS)
    expected = 20_000 / len(LETTERS)
    assert sum((n - expected) ** 2 / expected for n in letters.values()) < 50  # 17 letters
