"""The words by which commands are told of a profile: ``--profile`` and ``--profile-file``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from profiles.application_profiles import ApplicationProfile

_HELP = "application profile, as `jacket profiles` lists them"


def add_profile_words(
    parser: ArgumentParser, *, default: str | None = None, help: str = _HELP
) -> None:
    """Declare ``--profile ID`` and ``--profile-file FILE.toml``.

    Args:
        parser: of a command.
        default: identifier when the word is not given; None: no profile.
        help: what the profile is for in this command.
    """
    parser.add_argument(
        "--profile",
        default=default,
        metavar="ID",
        help=f"{help}; {default} by default" if default else help,
    )
    add_profile_files(parser)


def add_profile_files(parser: ArgumentParser) -> None:
    """Declare ``--profile-file FILE.toml`` alone."""
    parser.add_argument(
        "--profile-file",
        action="append",
        default=[],
        metavar="FILE.toml",
        help="file that declares augmented and private profiles; repeatable",
    )


def declared_profiles(paths: Sequence[str]) -> dict[str, ApplicationProfile]:
    """Return the profiles of several files.

    Raises:
        WrongUsage: a file does not open or has a fault, or two files declare one identifier.
    """
    if not paths:
        return {}
    from profiles.declared_profiles import load_profiles
    from reporting import WrongUsage

    declared: dict[str, ApplicationProfile] = {}
    for path in paths:
        for identifier, row in load_profiles(path).items():
            if identifier in declared:
                what = f"{identifier} is declared in another file too"
                raise WrongUsage(what, path, "Give it in one file only, or name one of them anew")
            declared[identifier] = row
    return declared


def chosen_profile(arguments: Namespace) -> ApplicationProfile | None:
    """Return the profile that the words name; None when they name none.

    Raises:
        WrongUsage: no profile has that identifier, or a file does not open or has a fault.
    """
    declared = declared_profiles(arguments.profile_file)  # faults are told also when unused
    if arguments.profile is None:
        return None
    from profiles.profile_table import profile

    return profile(arguments.profile, declared)


def verify_command(path: str, profile: str | None, profile_files: Sequence[str]) -> str:
    """Return the command that verifies a medium, as a shell takes it.

    Args:
        path: of the medium.
        profile: identifier; None: none was asked for.
        profile_files: that declare profiles.
    """
    import shlex

    words = ["jacket", "verify", f"./{path}" if path.startswith("-") else path]
    if profile is None:
        return shlex.join(words)
    from profiles.profile_table import PROFILES

    for file in () if profile in PROFILES else profile_files:
        words += ["--profile-file", file]
    return shlex.join([*words, "--profile", profile])
