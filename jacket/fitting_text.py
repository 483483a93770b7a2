"""Text of people for what cannot show every letter: a sheet of paper, a file in ISO 646."""

import unicodedata
from typing import Final

# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T"}
    | {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
)


def fitted(text: str, encoding: str) -> str:
    """Return *text* on one line, in characters of *encoding* alone.

    What is not there loses its marks; what has no plain form either becomes a question mark.
    Controls become spaces, and several spaces one.

    Args:
        text: any.
        encoding: one of 8 bits a character that has ASCII in it, such as "cp1252" or "ascii".
    """
    composed = unicodedata.normalize("NFC", text)
    shown = "".join(_shown(character, encoding) for character in composed)
    return " ".join(shown.split())


def _shown(character: str, encoding: str) -> str:
    if not character.isprintable():
        return " "
    for form in (character, _without_marks(character)):
        try:
            form.encode(encoding)
        except UnicodeEncodeError:
            continue
        return form
    return "?"


def _without_marks(character: str) -> str:
    apart = unicodedata.normalize("NFKD", character.translate(_PLAIN))
    return "".join(part for part in apart if not unicodedata.combining(part))
