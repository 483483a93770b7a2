"""A password as people read it: in lines, in groups, and in words where a character misleads."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

_KINDS: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (str.islower, "small letter"),
    (str.isupper, "capital letter"),
    (str.isdigit, "digit"),
    (lambda character: character != " " and not character.isalnum(), "sign"),
    (str.isspace, "space"),
)
_NAMES: Final = (
    {"0": "digit zero", "O": "capital O", "1": "digit one", "l": "small L", "I": "capital i"}
    | {"|": "upright bar", "'": "apostrophe", "`": "grave accent", '"': "quotation mark"}
    | {".": "full stop", ",": "comma", ":": "colon", ";": "semicolon", "-": "hyphen"}
    | {"_": "underscore", "~": "tilde", "^": "circumflex"}
    # PS3.15 D.1.1: 5CH, whatever the key shows.
    | {"\\": "backslash (Yen on Japanese keys)"}
)


def in_lines(password: str, length: int, *, at_spaces: bool) -> tuple[str, ...]:
    """Cut *password* into lines that are it when they are put together again.

    Args:
        password: not empty.
        length: characters of a line, at most.
        at_spaces: cut behind a space where a line has one.
    """
    lines = []
    while len(password) > length:
        cut = password.rfind(" ", 0, length) + 1 if at_spaces else 0
        lines.append(password[: cut or length])
        password = password[cut or length :]
    return (*lines, password)


def groups_of(password: str) -> list[str | int]:
    """Return the groups between spaces, and how many spaces stand between them, in order."""
    return [
        len(list(characters)) if is_space else "".join(characters)
        for is_space, characters in groupby(password, str.isspace)
    ]


def counted(password: str) -> str:
    """Say how many characters there are, of which kinds, and that there are no spaces."""
    kinds = [_number(sum(map(is_kind, password)), name) for is_kind, name in _KINDS]
    whole = _number(len(password), "character")
    if " " not in password:
        whole += ", no spaces"
    return f"{whole}: {', '.join(filter(None, kinds))}"


def misleading(password: str) -> Iterator[str]:
    """Yield what the characters are that are easily taken for others, as they come up."""
    return (f"{one} {_NAMES[one]}" for one in dict.fromkeys(password) if one in _NAMES)


def _number(number: int, name: str) -> str:
    return f"{number:,} {name}{'s' * (number != 1)}" if number else ""
