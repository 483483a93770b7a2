"""The words of a command, parsed; what is wrong with them is an error like any other."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import NoReturn

from reporting import WrongUsage

__all__ = ["RawDescriptionHelpFormatter", "Words"]


class Words(ArgumentParser):
    """A parser that raises WrongUsage instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Show the usage and refuse the words."""
        self.print_usage(sys.stderr)
        raise WrongUsage(message, "words of the command", f"See `{self.prog} --help`")
