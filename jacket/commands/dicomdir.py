"""Create or update the DICOMDIR of a folder in place.

Files are never moved, renamed or changed. An update keeps other people's records and names;
the new DICOMDIR takes the old one's place at once.
"""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Sequence

from dicomdir.instance import NotIndexed
from jacket import console
from jacket.file_set_names import alike
from jacket.file_set_update import Indexed, NothingToIndex, update_file_set
from jacket.left_out_words import HEADINGS, say_left_out
from jacket.plain import plain_left_out
from jacket.profile_words import add_profile_words, chosen_profile
from jacket.words import at_least_one


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("folder", metavar="DIR", help="root of the File-set")
    add_profile_words(parser, help="leave out what this profile forbids, and add its keys")
    parser.add_argument(
        "--icons",
        action=BooleanOptionalAction,
        help="give new IMAGE records an icon; where the profile requires them they have one",
    )
    parser.add_argument("--label", help="File-set ID of a new DICOMDIR")
    parser.add_argument(
        "--prune",
        action="store_true",
        help="drop records, and lines of MANIFEST.TXT, whose files are gone; else kept",
    )
    parser.add_argument(
        "--anew", action="store_true", help="make it from the files alone; else updated"
    )
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; all cores by default"
    )


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when a file was left out or is missing."""
    try:
        with console.watched() as progress:
            done = update_file_set(
                arguments.folder,
                profile_id=chosen_profile(arguments),
                icons=arguments.icons,
                label=arguments.label,
                prune=arguments.prune,
                anew=arguments.anew,
                jobs=arguments.jobs,
                progress=progress,
            )
    except NothingToIndex as error:
        if arguments.json:
            error.details = {"left_out": plain_left_out(error.left_out)}
        else:
            _say_left_out(error.left_out)
        raise
    if arguments.json:
        console.print_json(as_json(done))
    else:
        _say(done)
    return 1 if done.lost or done.missing else 0


def as_json(done: Indexed) -> dict[str, object]:
    """Return the result as plain values."""
    return {
        "path": done.path,
        "created": done.created,
        "changed": done.changed,
        "file_set_uid": done.file_set_uid,
        "instances": done.instances,
        "added": done.added,
        "removed": ["/".join(file_id) for file_id in done.removed],
        "missing": ["/".join(file_id) for file_id in done.missing],
        "left_out": plain_left_out(done.left_out),
        "remarks": [*done.remarks, *filter(None, [done.not_yet])],
    }


# Nothing is copied here, and the folder stays as it is: other words than for a new medium.
_HEADINGS = HEADINGS | {
    "not-allowed": "instances that no record may name",
    "duplicate": "files that are there twice; one of them is named",
    "directory": "directories below the root",
}


def _say_left_out(left_out: Sequence[NotIndexed]) -> None:
    if left_out:
        say_left_out(left_out, _HEADINGS, alike)


def _what(done: Indexed) -> str:
    if done.created:
        return "created"
    if done.changed:
        return "updated"
    return "left as it is" if done.missing else "was right already"


def _say(done: Indexed) -> None:
    console.say(
        f"{done.path} {_what(done)}: {console.amount(done.instances, 'instance')}, "
        f"{done.added:,} new, {len(done.removed):,} dropped"
    )
    for title, lines in (
        ("remarks", list(done.remarks)),
        ("dropped", _names(done.removed)),
        ("named by the directory but not there (--prune drops them)", _names(done.missing)),
    ):
        if lines:
            console.say(f"{title}: {len(lines):,}")
            console.say_some([f"  {console.printable(line)}" for line in lines])
    _say_left_out(done.left_out)
    if done.not_yet:
        console.say(done.not_yet)


def _names(file_ids: Sequence[tuple[str, ...]]) -> list[str]:
    return ["/".join(file_id) for file_id in file_ids]
