"""The words of a command that open what is encrypted: archives, and Secure DICOM Files.

Passwords come from files and never stand in a message. Nothing of ciphers is loaded before a
command was given a password or a key.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jacket.password_file import password_in
from jacket.single_file import open_medium_or_file
from media import Medium, WrongPassword
from reporting import FilmjacketError, WrongUsage

if TYPE_CHECKING:
    from secure import Keys, PrivateKey, TrustStore


class AtHand(NamedTuple):
    """What a command may open media with."""

    passwords: tuple[bytes, ...] = ()  # as they stand in their files; also of archives
    keys: "Keys | None" = None  # to open Secure DICOM Files with; None: there is nothing
    # Why one of the passwords cannot be that of a Secure DICOM File; archives take any.
    unfit: FilmjacketError | None = None
    trust: "TrustStore | None" = None  # whom to believe

    def open(self, path: str | Path) -> Medium:
        """Open a medium, or a single Secure DICOM File as one.

        Of an archive that is encrypted the passwords are tried in turn.

        Raises:
            CannotRead: it does not open, or not with one of the passwords.
        """
        for password in self.passwords[:-1]:
            try:
                return open_medium_or_file(Path(path), password=password)
            except WrongPassword:
                continue
        last = self.passwords[-1] if self.passwords else None
        return open_medium_or_file(Path(path), password=last)

    def asked_for(self) -> "tuple[AtHand, Keys]":
        """Ask a person at a terminal for the password; it does not show while typed.

        Raises:
            WrongUsage: it has characters that no such password has, or there is none.
        """
        from getpass import getpass

        from secure import Keys

        try:
            password = getpass("Password of the medium: ")
        except EOFError:
            password = ""
        keys = Keys([password], trust=self.trust)
        octets = password.encode("utf-8", "surrogateescape")
        return AtHand((octets,), keys, trust=self.trust), keys

    def refuse_unfit(self) -> None:
        """Raise why a password cannot be the one: called where something stayed locked."""
        if self.unfit is not None:
            raise self.unfit


def add_key_words(parser: ArgumentParser, *, accepts: bool = True) -> None:
    """Declare the words of a command that opens media.

    Args:
        parser: of the command.
        accepts: it can be told to take what was encrypted without a digest or signature.
    """
    for option, metavar, what in (
        ("--password-file", "FILE", "its first line is a password of the medium; - is standard "),
        ("--key", "FILE", "private key (PEM, DER, .p12) of somebody it was encrypted for"),
        ("--key-password-file", "FILE", "its first line is the password that protects a key"),
    ):
        text = f"{what}input; repeatable" if what.endswith(" ") else f"{what}; repeatable"
        parser.add_argument(option, action="append", default=[], metavar=metavar, help=text)
    parser.add_argument(
        "--trust", metavar="DIR", help="folder of certificates by which signers are judged"
    )
    if accepts:
        parser.add_argument(
            "--accept-unprotected",
            action="store_true",
            help="also take files that were encrypted without digest or signature: nothing shows "
            "whether these were changed",
        )


def at_hand(arguments: Namespace) -> AtHand:
    """Return what the words name.

    Raises:
        WrongUsage: a file of a password cannot be read, or a key is none that DICOM uses.
        CannotRead: a file of keys or certificates does not open.
    """
    passwords = _passwords(arguments.password_file, "--password-file")
    protecting = _passwords(arguments.key_password_file, "--key-password-file")
    if protecting and not arguments.key:
        raise WrongUsage(
            "there is no key that it could protect",
            "--key-password-file",
            "Name the key with --key FILE; --password-file is for the password of a medium",
        )
    if not (passwords or arguments.key or arguments.trust):
        return AtHand()
    return _with_keys(passwords, arguments.key, protecting, arguments.trust)


def _passwords(words: Sequence[str], option: str) -> tuple[bytes, ...]:
    return tuple(found for word in words if (found := password_in(word, option)) is not None)


def _with_keys(
    passwords: tuple[bytes, ...],
    keys: Sequence[str],
    protecting: Sequence[bytes],
    trust: str | None,
) -> AtHand:
    from secure import BadPassword, Keys, TrustStore
    from secure.password import octets_of

    # Before a key that may be missing, so that a folder of nothing is told in any case.
    store = None if trust is None else TrustStore.from_folder(trust)
    private = [_private_key(path, protecting) for path in keys]
    fit: list[str] = []
    unfit: FilmjacketError | None = None
    for password in passwords:
        text = password.decode("utf-8", "replace")
        try:
            octets_of(text)
        except BadPassword as error:
            unfit = unfit or error
        else:
            fit.append(text)
    if not fit and not private:
        return AtHand(passwords, None, unfit, store)
    return AtHand(passwords, Keys(fit, private, trust=store), unfit, store)


def _private_key(path: str, protecting: Sequence[bytes]) -> "PrivateKey":
    """Return the key in a file, opened by the first of the passwords that fits, or by none."""
    from secure import KeyNotRead, load_private_key

    tries = [None, *(password.decode("utf-8", "surrogateescape") for password in protecting)]
    for password in tries:
        try:
            return load_private_key(path, password)
        except KeyNotRead as error:
            problem = error
    if protecting:
        raise problem
    raise KeyNotRead(
        problem.what.replace("opens with this password", "opens without a password"),
        path,
        "Name a private key in PEM, DER or PKCS#12 (.p12); the password that protects it goes "
        "into a file: --key-password-file FILE",
    ) from problem
