"""Make a medium's image, or a folder, from DICOM files.

Every file found in SOURCE is on the medium at the end, or is named with the reason why not.
"""

from argparse import ArgumentParser, Namespace

from jacket import console
from jacket.author import NothingToWrite, author
from jacket.authored_words import as_json, say
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
)
from jacket.target import MEDIA


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
    add_selection(parser)
    add_volumes(
        parser,
        capacity="refuse what does not fit: cd, cd74, dvd, dvd-dl, dvd-ram, bd, bd-dl, bd-xl, "
        "bytes, 650MB, 4.7GB, or what is printed on a stick, as 16GB",
        split="several volumes where one does not hold it: OUT-1.iso, OUT-2.iso, ...",
        volume="with --split: make only this one of the volumes; repeatable",
    )
    add_conversion(parser)
    add_protection(
        parser,
        slip="where the sheet goes that tells the password (a PDF to print); - tells it on "
        "standard output; beside OUT by default, where a password was made",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    add_jobs(parser)


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when something was left out."""
    try:
        with console.watched() as progress:
            done = author(
                arguments.sources,
                arguments.output,
                medium=arguments.medium,
                dry_run=arguments.dry_run,
                progress=progress,
                **chosen(arguments),
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
