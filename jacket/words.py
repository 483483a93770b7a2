"""The words of a command, parsed; what is wrong with them is an error like any other."""

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from typing import NoReturn

from reporting import WrongUsage

__all__ = ["RawDescriptionHelpFormatter", "Words", "at_least_one"]


class Words(ArgumentParser):
    """A parser that raises WrongUsage instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Refuse the words."""
        raise WrongUsage(message, "words of the command", f"`{self.prog} --help` shows the words")


def at_least_one(word: str) -> int:
    """Return a number of processes."""
    if not word.isascii() or not word.isdigit() or int(word) < 1:
        raise ArgumentTypeError(f"{word!r} is not a number of processes")
    return int(word)
