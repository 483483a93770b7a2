"""Burn DICOM files on a disc or a stick, read back every block, and say what is on it.

No medium is called good before all of it was read back from the medium itself and a reader found
nothing wrong with it.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from pathlib import Path

from jacket import console
from jacket.author import AUTO_PROFILE, NothingToWrite, Selection
from jacket.burning.burn import burn
from jacket.burning.open import ENGINES, open_target
from jacket.burning.pace import paced
from jacket.burning.result import Burned
from jacket.burning.target import How, Target
from jacket.burning.words import as_json, say
from jacket.capacities import size_of
from jacket.left_out_words import say_left_out
from jacket.plain import plain_left_out
from jacket.profile_words import add_profile_words, chosen_profile, declared_profiles
from jacket.words import at_least_one
from profiles.application_profiles import ApplicationProfile
from profiles.plan import DEFAULT_QUALITY, Transcode
from reporting import Progress, WrongUsage

_WORDS = (
    ("patient", "ID", "a Patient ID"),
    ("study", "UID", "a Study Instance UID"),
    ("series", "UID", "a Series Instance UID"),
    ("accession", "NO", "an Accession Number"),
)


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="files and folders")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--device",
        metavar="DEV",
        help="/dev/sr0, a stick such as /dev/sdb, or simulator:cd-r; jacket drives lists them",
    )
    where.add_argument(
        "--publish",
        metavar="FOLDER",
        help="hand the job over to a disc robot that watches this folder",
    )
    add_profile_words(
        parser,
        help="application profile, as `jacket profiles` lists them, or auto; else the general one "
        "for the medium that is in the drive",
    )
    for name, metavar, what in _WORDS:
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=metavar,
            help=f"only {what}; repeatable",
        )
    parser.add_argument("--label", help="volume label: up to 16 of A-Z 0-9 _; never a name")
    _declare_media(parser)
    _declare_drive(parser)
    parser.add_argument(
        "--transcode",
        choices=tuple(str(word) for word in Transcode),
        default=str(Transcode.AUTO),
        help="as of jacket author",
    )
    parser.add_argument("--quality", type=int, metavar="1..100", help="of --transcode lossy")
    parser.add_argument("--icons", action=BooleanOptionalAction, help="as of jacket author")
    parser.add_argument(
        "--dry-run", action="store_true", help="plan, look at the medium, write nothing"
    )
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; all cores by default"
    )
    parser.add_argument(
        "--jobs-folder",
        metavar="DIR",
        type=Path,
        help="where records of jobs are kept; $XDG_STATE_HOME/filmjacket/jobs by default",
    )


def _declare_media(parser: ArgumentParser) -> None:
    parser.add_argument("--capacity", metavar="SIZE", help="use no more of each medium")
    parser.add_argument(
        "--split", action="store_true", help="several discs where one does not hold it"
    )
    parser.add_argument(
        "--volume",
        action="append",
        type=_number,
        default=[],
        metavar="K",
        help="with --split: burn only this one of the volumes; repeatable",
    )
    parser.add_argument(
        "--copies", type=_number, default=1, metavar="N", help="of each disc; 1 by default"
    )


def _declare_drive(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--speed",
        type=_number,
        metavar="KB",
        help="kB/s at most (1x is 176 on CD, 1385 on DVD, 4496 on BD); else the fastest",
    )
    parser.add_argument(
        "--eject",
        action=BooleanOptionalAction,
        default=True,
        help="let the disc out at the end (default)",
    )
    parser.add_argument(
        "--erase", action="store_true", help="what is on a stick or a rewritable disc may be lost"
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="what records: our own (default), or a program that is installed",
    )


def _number(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) < 1:
        raise ArgumentTypeError(f"{word!r} is not a number from 1 on")
    return int(word)


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when something was left out or a medium is not compliant."""
    try:
        target = _target(arguments)
        try:
            with paced() as progress:
                done = _burned(arguments, target, progress)
        finally:
            target.close()
    except NothingToWrite as error:
        if arguments.json:
            error.details |= {"left_out": plain_left_out(error.left_out)}
        else:
            say_left_out(error.left_out)
        raise
    if arguments.json:
        console.print_json(as_json(done))
    else:
        say(done)
    return 0 if done.clean else 1


def _target(arguments: Namespace) -> Target:
    if arguments.publish is not None:
        from jacket.publisher import FolderTarget

        return FolderTarget(Path(arguments.publish), copies=arguments.copies)
    how = How(
        speed=arguments.speed,
        copies=arguments.copies,
        eject=arguments.eject,
        erase=arguments.erase,
    )
    return open_target(arguments.device, how, _ask, arguments.sources, engine=arguments.engine)


def _ask(what: str) -> None:
    """Tell the operator; standard output may be read by a program."""
    sys.stderr.write(f"\r{what}\x1b[K\n" if sys.stderr.isatty() else f"{what}\n")
    sys.stderr.flush()


def _burned(arguments: Namespace, target: Target, progress: Progress) -> Burned:
    return burn(
        arguments.sources,
        target,
        profile_id=_profile(arguments),
        capacity=None if arguments.capacity is None else size_of(arguments.capacity),
        dry_run=arguments.dry_run,
        jobs_folder=arguments.jobs_folder,
        progress=progress,
        selection=Selection(
            arguments.patient, arguments.study, arguments.series, arguments.accession
        ),
        label=arguments.label,
        split=arguments.split,
        volumes=arguments.volume,
        transcode=arguments.transcode,
        quality=_quality(arguments),
        icons=arguments.icons,
        jobs=arguments.jobs,
    )


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
