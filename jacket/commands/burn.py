"""Burn DICOM files on a disc or a stick, read back every block, and say what is on it.

No medium is called good before all of it was read back from the medium itself and a reader found
nothing wrong with it.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from pathlib import Path

from jacket import console
from jacket.author import NothingToWrite
from jacket.authored import Authored
from jacket.burning.burn import burn
from jacket.burning.open import ENGINES, open_target
from jacket.burning.pace import paced
from jacket.burning.result import Burned
from jacket.burning.target import How, Target
from jacket.burning.words import as_json, say, say_content
from jacket.left_out_words import say_left_out
from jacket.plain import plain_left_out
from jacket.profile_words import add_profile_words
from jacket.selection_words import (
    add_conversion,
    add_jobs,
    add_protection,
    add_selection,
    add_volumes,
    chosen,
    number,
)
from reporting import FilmjacketError, Progress, WrongUsage


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
        type=_folder,
        help="hand the job over to a disc robot that watches this folder",
    )
    add_profile_words(
        parser,
        help="application profile, as `jacket profiles` lists them, or auto; else the general one "
        "for the medium that is in the drive",
    )
    add_selection(parser)
    _declare_media(parser)
    _declare_drive(parser)
    add_conversion(parser)
    add_protection(
        parser,
        slip="where the sheet goes that tells a password that was made (a PDF to print); - tells "
        "it on standard output",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="plan, look at the medium, write nothing"
    )
    add_jobs(parser)
    parser.add_argument(
        "--identity-checked",
        action="store_true",
        help="burn though files disagree about whose the images are: somebody has looked",
    )
    parser.add_argument(
        "--jobs-folder",
        metavar="DIR",
        type=_folder,
        help="where records of jobs are kept; $XDG_STATE_HOME/filmjacket/jobs by default",
    )


def _folder(word: str) -> Path:
    """Return the folder; the empty word of a shell's unset variable is not the current one."""
    if not word:
        raise ArgumentTypeError("'' names no folder")
    return Path(word)


def _declare_media(parser: ArgumentParser) -> None:
    add_volumes(
        parser,
        capacity="use no more of each medium",
        split="several discs where one does not hold it",
        volume="with --split: burn only this one of the volumes; repeatable",
    )
    parser.add_argument(
        "--copies", type=number, default=1, metavar="N", help="of each disc; 1 by default"
    )


def _declare_drive(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--speed",
        type=number,
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
        "--wipe",
        action="store_true",
        help="with --erase: overwrite all of it, so that nothing can be found of what was there",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="what records: our own (default), or a program that is installed",
    )


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when something was left out or a medium is not compliant."""
    _refuse_without_clock(arguments)
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
    except FilmjacketError as error:
        if not arguments.json and "password" in error.details:
            console.say(f"password: {error.details['password']}")
        raise
    if arguments.json:
        console.print_json(as_json(done))
    else:
        say(done)
    return 0 if done.clean else 1


def _refuse_without_clock(arguments: Namespace) -> None:
    """See that a volume becomes one of its set: with another clock it is of a set of its own.

    Raises:
        WrongUsage: nobody says what the clock is.
    """
    known = "SOURCE_DATE_EPOCH" in os.environ or arguments.dry_run
    if arguments.split and arguments.volume and not known:
        raise WrongUsage(
            "without the clock of its set the disc would be of another set",
            "--volume",
            "Set SOURCE_DATE_EPOCH to the clock of the set: the record of its job has it, as "
            '"clock", and the words that make a volume again. For a new set choose a number of '
            "seconds (date +%s) and say it with each volume",
        )


def _target(arguments: Namespace) -> Target:
    how = How(
        speed=arguments.speed,
        copies=arguments.copies,
        eject=arguments.eject,
        erase=arguments.erase,
        wipe=arguments.wipe,
    )
    if arguments.publish is not None:
        from jacket.publisher import open_folder

        return open_folder(arguments.publish, how, engine=arguments.engine)
    return open_target(arguments.device, how, _ask, arguments.sources, engine=arguments.engine)


def _ask(what: str) -> None:
    """Tell the operator; standard output may be read by a program."""
    sys.stderr.write(f"\r{what}\x1b[K\n" if sys.stderr.isatty() else f"{what}\n")
    sys.stderr.flush()


def _tell(planned: Authored) -> None:
    """Say what is about to be burned, now and not when it is done: it can still be stopped."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")  # The line that shows how far it is.
        sys.stderr.flush()
    say_content(planned)
    sys.stdout.flush()


def _burned(arguments: Namespace, target: Target, progress: Progress) -> Burned:
    return burn(
        arguments.sources,
        target,
        dry_run=arguments.dry_run,
        jobs_folder=arguments.jobs_folder,
        refuse_doubtful=not arguments.identity_checked,
        announce=None if arguments.json else _tell,
        progress=progress,
        **chosen(arguments),
    )
