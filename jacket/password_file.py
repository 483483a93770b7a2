"""The password of an encrypted medium, read from a file: on a command line others could see it."""

import sys
from argparse import ArgumentParser

from reporting import WrongUsage

_LONGEST = 4096  # bytes of a first line


def add_password_file(parser: ArgumentParser) -> None:
    """Declare the word of a command that opens media."""
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="its first line is the password of an encrypted ZIP archive; - is standard input",
    )


def password_in(word: str | None) -> bytes | None:
    """Return the password that the operator named; None where none was.

    Args:
        word: a path, or ``-`` for standard input.

    Raises:
        WrongUsage: the file cannot be read, or has no password in its first line.
    """
    if word is None:
        return None
    try:
        line = _first_line(word)
    except OSError as error:
        raise WrongUsage(
            f"the password cannot be read ({error.strerror})", "--password-file", "Name a text file"
        ) from error
    password = line.removesuffix(b"\n").removesuffix(b"\r")
    if not password or len(line) > _LONGEST:
        raise WrongUsage(
            "there is no password in the first line", "--password-file", "Write it there"
        )
    return password


def _first_line(word: str) -> bytes:
    if word == "-":
        return sys.stdin.buffer.readline(_LONGEST + 1)
    with open(word, "rb") as file:  # noqa: PTH123 (a pipe as well, of which no object is needed)
        return file.readline(_LONGEST + 1)
