"""The words of the command line by which sources are chosen and converted, wherever both happen."""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from typing import Any, Final

from jacket.author import AUTO_PROFILE, Selection
from jacket.capacities import size_of
from jacket.password_file import password_in
from jacket.profile_words import chosen_profile, declared_profiles
from jacket.protection import Wish
from jacket.words import at_least_one
from profiles.application_profiles import ApplicationProfile
from profiles.plan import DEFAULT_QUALITY, Transcode
from reporting import WrongUsage

_CHOOSING: Final = (
    ("patient", "ID", "a Patient ID"),
    ("study", "UID", "a Study Instance UID"),
    ("series", "UID", "a Series Instance UID"),
    ("accession", "NO", "an Accession Number"),
)


def add_selection(parser: ArgumentParser) -> None:
    """Declare what of the sources is wanted, and what the volume is called."""
    for name, metavar, what in _CHOOSING:
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=metavar,
            help=f"only {what}; repeatable",
        )
    parser.add_argument("--label", help="volume label: up to 16 of A-Z 0-9 _; never a name")


def add_volumes(parser: ArgumentParser, *, capacity: str, split: str, volume: str) -> None:
    """Declare how large volumes are and which are made; the arguments are the words of help."""
    parser.add_argument("--capacity", metavar="SIZE", help=capacity)
    parser.add_argument("--split", action="store_true", help=split)
    parser.add_argument(
        "--volume", action="append", type=number, default=[], metavar="K", help=volume
    )
    parser.add_argument(
        "--set",
        type=_set,
        metavar="ID",
        help="with --volume: the set that the volumes are of, as it was told; another is refused",
    )


def _set(word: str) -> str:
    """Return what a set was said to be known by; an unset variable names none."""
    if not word:
        raise ArgumentTypeError("'' names no set")
    return word


def add_conversion(parser: ArgumentParser) -> None:
    """Declare how objects may be changed."""
    parser.add_argument(
        "--transcode",
        choices=tuple(str(word) for word in Transcode),
        default=str(Transcode.AUTO),
        help="auto: change only what the profile demands (default); lossless: also compress "
        "without loss, to save room; lossy: compress with loss, into new objects; never: leave "
        "out what would have to be changed",
    )
    parser.add_argument(
        "--quality",
        type=int,
        metavar="1..100",
        help=f"of --transcode lossy; {DEFAULT_QUALITY} by default",
    )
    parser.add_argument(
        "--icons",
        action=BooleanOptionalAction,
        help="give images an icon in the directory; where the profile requires them they have one",
    )


def add_protection(parser: ArgumentParser, *, slip: str) -> None:
    """Declare who can read what a secure profile encrypts; *slip* is help for where it goes."""
    parser.add_argument(
        "--encrypt-to",
        action="append",
        default=[],
        metavar="CERT.pem",
        help="of a secure profile: encrypt for the owner of this certificate; repeatable",
    )
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="its first line is a password of your own; - is standard input. Without it, and "
        "without --encrypt-to, a password is made",
    )
    parser.add_argument("--password-slip", metavar="FILE", help=slip)
    parser.add_argument(
        "--sign",
        action="append",
        default=[],
        metavar="KEY.pem",
        help="sign every file with this private key (PEM or PKCS#12); repeatable",
    )
    parser.add_argument(
        "--sign-cert",
        action="append",
        default=[],
        metavar="CERT.pem",
        help="the certificate of --sign, where it is not in the same file",
    )
    parser.add_argument(
        "--key-password-file",
        metavar="FILE",
        help="its first line is the password of the private keys of --sign",
    )


def add_jobs(parser: ArgumentParser) -> None:
    """Declare how many processes share the work."""
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; all cores by default"
    )


def number(word: str) -> int:
    """Return a number from 1 on that the operator said."""
    if not word.isascii() or not word.isdigit() or int(word) < 1:
        raise ArgumentTypeError(f"{word!r} is not a number; they count from 1")
    return int(word)


def chosen(arguments: Namespace) -> dict[str, Any]:
    """Return all of it, as `jacket.author.author` takes it.

    Raises:
        WrongUsage: it does not go together, or there is no such profile.
    """
    return {
        "profile_id": _profile(arguments),
        "selection": Selection(
            arguments.patient, arguments.study, arguments.series, arguments.accession
        ),
        "label": arguments.label,
        "capacity": None if arguments.capacity is None else size_of(arguments.capacity),
        "split": arguments.split,
        "volumes": arguments.volume,
        "of_set": arguments.set or "",
        "transcode": arguments.transcode,
        "quality": _quality(arguments),
        "icons": arguments.icons,
        "jobs": arguments.jobs,
        "wish": Wish(
            arguments.encrypt_to,
            _password(arguments.password_file),
            arguments.password_slip,
            arguments.sign,
            arguments.sign_cert,
            _password(arguments.key_password_file),
        ),
    }


def _password(word: str | None) -> str | None:
    octets = password_in(word)
    # One character for each octet: what is not in ISO IR 6 is refused by its place.
    return None if octets is None else octets.decode("latin-1")


def _profile(arguments: Namespace) -> str | ApplicationProfile | None:
    if arguments.profile == AUTO_PROFILE:
        declared_profiles(arguments.profile_file)  # faults are told also when unused
        return AUTO_PROFILE
    return chosen_profile(arguments)


def _quality(arguments: Namespace) -> int:
    if arguments.quality is None:
        return DEFAULT_QUALITY
    if arguments.transcode != Transcode.LOSSY:
        raise WrongUsage(
            "a quality is for compression with loss", "--quality", "Say --transcode lossy as well"
        )
    return int(arguments.quality)
