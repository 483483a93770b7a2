"""A password read from a file: on a command line others could see it."""

import sys
from typing import Final

from reporting import WrongUsage

_LONGEST: Final = 4096  # bytes of a first line
_UTF_8_MARK: Final = b"\xef\xbb\xbf"  # editors on Windows put it before the first character
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def password_in(word: str | None, option: str = "--password-file") -> bytes | None:
    """Return the password that the operator named; None where none was.

    Args:
        word: a path, or ``-`` for standard input, of which each call takes the next line.
        option: that the word belongs to.

    Raises:
        WrongUsage: the file cannot be read, or has no password in its first line.
    """
    if word is None:
        return None
    try:
        line = _first_line(word)
    except OSError as error:
        raise WrongUsage(
            f"the password cannot be read ({error.strerror})", option, "Name a text file"
        ) from error
    if line.startswith(_UTF_16_MARKS):
        raise WrongUsage("the file is saved as UTF-16", option, "Save it as UTF-8 or ANSI text")
    password = line.removeprefix(_UTF_8_MARK).removesuffix(b"\n").removesuffix(b"\r")
    if not password or len(line) > _LONGEST:
        raise WrongUsage("there is no password in the first line", option, "Write it there")
    return password


def _first_line(word: str) -> bytes:
    if word == "-":
        # Where standard input is closed there is None in its place, and no line in it.
        return b"" if sys.stdin is None else sys.stdin.buffer.readline(_LONGEST + 1)
    with open(word, "rb") as file:  # noqa: PTH123 (a pipe as well, of which no object is needed)
        return file.readline(_LONGEST + 1)
