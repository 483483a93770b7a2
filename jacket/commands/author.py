"""Make a medium's image, or a folder, from DICOM files.

Every file found in SOURCE is on the medium at the end, or is named with the reason why not.
"""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace

from jacket import console
from jacket.author import (
    AUTO_PROFILE,
    NothingToWrite,
    Selection,
    author,
)
from jacket.authored_words import as_json, say
from jacket.capacities import size_of
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
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="NAME.iso: image of a disc; NAME.img: of a stick, a card, any medium; NAME.zip; "
        "NAME.eml: a mail; else a folder to make",
    )
    add_profile_words(
        parser,
        help="application profile, as `jacket profiles` lists them, or auto; else the general one "
        "for CD, for a stick (.img) or for mail (.zip, .eml)",
    )
    parser.add_argument(
        "--medium",
        choices=tuple(MEDIA),
        help="for --profile auto, else told from OUT; "
        "bd-r with a profile for Blu-ray: UDF 2.60 in place of 2.50",
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
        help="refuse what does not fit: cd, cd74, dvd, dvd-dl, dvd-ram, bd, bd-dl, bd-xl, bytes, "
        "650MB, 4.7GB, or what is printed on a stick, as 16GB",
    )
    parser.add_argument(
        "--split",
        action="store_true",
        help="several volumes where one does not hold it: OUT-1.iso, OUT-2.iso, ...",
    )
    parser.add_argument(
        "--volume",
        action="append",
        type=_number,
        default=[],
        metavar="K",
        help="with --split: make only this one of the volumes; repeatable",
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


def _number(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) < 1:
        raise ArgumentTypeError(f"{word!r} is not the number of a volume; they count from 1")
    return int(word)


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
                capacity=None if arguments.capacity is None else size_of(arguments.capacity),
                medium=arguments.medium,
                split=arguments.split,
                volumes=arguments.volume,
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
