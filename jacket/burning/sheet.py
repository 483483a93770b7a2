"""The sheet with the password of a job's media, when the job did not come to its end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jacket.burning.result import DiscResult
from jacket.protection import STANDARD_OUTPUT, Wish
from jacket.writing import Volume

_REST: Final = "make the rest with it (--password-file in place of --password-slip)"


class Sheet:
    """What tells the password that a job has made, or that its operator wants on paper."""

    def __init__(self, wish: Wish) -> None:
        """Take from the operator's words where it goes."""
        named = None if wish.slip == STANDARD_OUTPUT else wish.slip
        self._path = None if named is None else Path(named)
        self._is_told = wish.slip == STANDARD_OUTPUT
        self._password: str | None = None
        self._is_ours = False

    def hear(self, volume: Volume) -> None:
        """Note that a volume is about to be written: then this job has made its sheet."""
        self._is_ours = True  # Not before: one that lies there is all that opens other media.
        if self._is_told and volume.keys is not None:
            # One character for each octet, as passwords are read (ISO IR 6).
            self._password = volume.keys.passwords[0].decode("latin-1")

    def password_of(self, results: Sequence[DiscResult]) -> str | None:
        """Return the password to tell where media were made that nothing else opens."""
        return self._password if _is_any_made(results) else None

    def settle(self, results: Sequence[DiscResult]) -> str:
        """Take the sheet away where it is of no medium; else return what the operator does."""
        path = self._path
        if self.password_of(results) is not None:
            return f"the password that is told opens the media that are made: {_REST}"
        if path is None or not self._is_ours or not path.is_file():
            return ""
        if _is_any_made(results):
            return f"{path} tells the password of the media that are made: keep it; {_REST}"
        # A medium that failed is destroyed. Its sheet would be taken for that of the next one.
        try:
            path.unlink()
        except OSError:
            return f"{path} tells the password of a medium that failed and of no other: remove it"
        return ""


def _is_any_made(results: Sequence[DiscResult]) -> bool:
    """Return whether there is a medium that the password opens."""
    return any(result.is_made and not result.simulated for result in results)
