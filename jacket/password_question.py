"""The password of a medium, asked of a person at a terminal where there is one that opens it."""

import sys
from itertools import islice
from typing import TYPE_CHECKING, Final

from jacket.keys_words import AtHand
from jacket.plain_medium import BY_PASSWORD, not_encrypted, ways_in
from media import Locked, SealedMail
from reporting import WrongUsage

if TYPE_CHECKING:
    from secure import Keys

_LOOKED_AT: Final = 50  # files; whoever reads the medium anyway does not wait for more


def asked_where_locked(ours: AtHand, path: str) -> AtHand:
    """Return *ours*, with a password as well where the medium at *path* has one and nobody gave it.

    Without a terminal nobody is asked. The DICOMDIR decides, or else the first files.

    Raises:
        CannotRead: the medium does not open.
        WrongUsage: what was typed cannot be a password.
    """
    if ours.keys is not None or ours.passwords or not _is_terminal():
        return ours
    try:
        with ours.open(path) as medium:
            if isinstance(medium, SealedMail):  # opened by private keys alone
                return ours
            directory = medium.find_tolerant(("DICOMDIR",))
            first = medium.entries() if directory is None else [directory]
            if BY_PASSWORD not in ways_in(medium, islice(first, _LOOKED_AT)):
                return ours
    except Locked:
        pass  # an archive that is encrypted with one
    return ours.asked_for()[0]


def asked_where_needed(ours: AtHand, path: str) -> "tuple[AtHand, Keys]":
    """Return what opens the medium at *path*; a person at a terminal is asked for the password.

    Raises:
        CannotRead: there is no key, and nothing on the medium is encrypted.
        WrongUsage: there is none, and nobody who could be asked, or no password opens it.
    """
    if ours.keys is not None:
        return ours, ours.keys
    with ours.open(path) as medium:
        ways = ways_in(medium, medium.entries())
        if not ways:
            raise not_encrypted(path, medium)
    ours.refuse_unfit()
    if BY_PASSWORD in ways and _is_terminal():
        return ours.asked_for()
    raise _nothing_at_hand(has_password=BY_PASSWORD in ways)


def _is_terminal() -> bool:
    # A service that was started without standard input has None there.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _nothing_at_hand(*, has_password: bool) -> WrongUsage:
    if has_password:
        return WrongUsage(
            "there is nothing to open the medium with",
            "words of the command",
            "Write the password into a file and say --password-file FILE, or say --key FILE",
        )
    return WrongUsage(
        "there is no private key to open the medium with, and no password opens it",
        "words of the command",
        "Say --key FILE with the private key of somebody it was encrypted for",
    )
