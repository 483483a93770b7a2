"""Passwords as PS3.15 D.1.1 wants them: which characters, and good ones made here."""

from typing import Final

from secure.errors import BadPassword

# Small letters that are on the same key of QWERTY, QWERTZ and AZERTY: not a, q, w, z, y and m.
# Nor i, l and o, which are taken for 1 and 0. Digits need Shift on AZERTY, and signs wander.
LETTERS: Final = "bcdefghjknprstuvx"
GROUPS: Final = 5
GROUP_SIZE: Final = 4

_FIRST, _LAST = 0x20, 0x7E  # the graphic characters and the space of ISO IR 6
_LONGEST: Final = 1024  # characters


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
                "Type it as it was given; a new one goes without accents, umlauts and control "
                "characters",
            )
    if not 0 < len(password) <= _LONGEST:
        raise BadPassword(
            f"has {len(password)} characters",
            "password",
            f"A password has 1 to {_LONGEST:,} characters",
        )
    return password.encode("ascii")


def generate_password() -> str:
    """Return a new password of five groups of four letters, with spaces between.

    It has log2(17) * 20 = 81.7 bits of entropy. It is typed with the same keys on an English,
    a German and a French keyboard, without Shift.
    """
    from secrets import choice  # Loads much that nobody else here needs.

    return " ".join("".join(choice(LETTERS) for _ in range(GROUP_SIZE)) for _ in range(GROUPS))
