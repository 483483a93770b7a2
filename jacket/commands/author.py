"""Make a medium's image, or a folder, from DICOM files.

Every file found in SOURCE is on the medium at the end, or is named with the reason why not.
"""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace

from jacket import console
from jacket.author import (
    AUTO_PROFILE,
    CAPACITIES,
    DEFAULT_PROFILE,
    NothingToWrite,
    Selection,
    author,
)
from jacket.authored_words import as_json, say
from jacket.left_out_words import say_left_out
from jacket.plain import plain_left_out
from jacket.profile_words import add_profile_words, chosen_profile, declared_profiles
from jacket.target import MEDIA
from jacket.words import at_least_one
from profiles.application_profiles import ApplicationProfile
from profiles.plan import DEFAULT_QUALITY, Transcode
from reporting import WrongUsage


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="files and folders")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="NAME.iso, or a folder to make"
    )
    add_profile_words(
        parser,
        default=DEFAULT_PROFILE,
        help="application profile, as `jacket profiles` lists them, or auto",
    )
    parser.add_argument(
        "--medium", choices=tuple(MEDIA), help="for --profile auto; else told from OUT"
    )
    for name, metavar, what in (
        ("patient", "ID", "a Patient ID"),
        ("study", "UID", "a Study Instance UID"),
        ("series", "UID", "a Series Instance UID"),
        ("accession", "NO", "an Accession Number"),
    ):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=metavar,
            help=f"only {what}; repeatable",
        )
    parser.add_argument("--label", help="volume label: up to 16 of A-Z 0-9 _; never a name")
    parser.add_argument(
        "--capacity",
        metavar="SIZE",
        help="refuse what does not fit: cd, cd74, dvd, dvd-dl, bd, bd-dl, bytes, 650MB, 4.7GB",
    )
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
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; all cores by default"
    )


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when something was left out."""
    try:
        with console.watched() as progress:
            done = author(
                arguments.sources,
                arguments.output,
                profile_id=_profile(arguments),
                selection=Selection(
                    arguments.patient, arguments.study, arguments.series, arguments.accession
                ),
                label=arguments.label,
                capacity=_capacity(arguments.capacity),
                medium=arguments.medium,
                transcode=arguments.transcode,
                quality=_quality(arguments),
                icons=arguments.icons,
                dry_run=arguments.dry_run,
                jobs=arguments.jobs,
                progress=progress,
            )
    except NothingToWrite as error:
        if arguments.json:
            error.details = {"left_out": plain_left_out(error.left_out)}
        else:
            say_left_out(error.left_out)
        raise
    if arguments.json:
        console.print_json(as_json(done))
    else:
        say(done, arguments.profile_file)
    return 0 if done.clean else 1


def _profile(arguments: Namespace) -> str | ApplicationProfile:
    if arguments.profile == AUTO_PROFILE:
        declared_profiles(arguments.profile_file)  # faults are told also when unused
        return AUTO_PROFILE
    if arguments.medium is not None:
        raise WrongUsage(
            "the profile says what the medium is", "--medium", "Leave it out, or --profile auto"
        )
    return chosen_profile(arguments) or DEFAULT_PROFILE


def _quality(arguments: Namespace) -> int:
    if arguments.quality is None:
        return DEFAULT_QUALITY
    if arguments.transcode != Transcode.LOSSY:
        raise WrongUsage(
            "a quality is for compression with loss", "--quality", "Say --transcode lossy as well"
        )
    return int(arguments.quality)


def _capacity(words: str | None) -> int | None:
    if words is None or words in CAPACITIES:
        return CAPACITIES.get(words or "")
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "B": 1}
    number, factor = words.upper(), 1
    for unit, value in units.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit), value
            break
    try:
        size = int(float(number) * factor)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise WrongUsage(f"{words!r} is not a size", "--capacity", "Say cd, 650MB or 4.7GB")
    return size
