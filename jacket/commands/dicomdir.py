"""Create or update the DICOMDIR of a File-set in place, and add and remove its files.

TARGET is a folder, an image or drive with a FAT volume, or an ISO 9660 image, which gets a new
session. Files are never moved, renamed or changed; they come with --add and go with --remove. An
update keeps other people's records and names; the new DICOMDIR takes the old one's place at once.
"""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Sequence

from dicomdir.instance import NotIndexed
from jacket import console
from jacket.file_set.additions import ALREADY, OTHER_SYNTAX
from jacket.file_set.job import Indexed, NothingToIndex
from jacket.file_set.names import alike
from jacket.file_set.update import update_file_set
from jacket.left_out_words import HEADINGS, say_left_out
from jacket.plain import plain_left_out
from jacket.profile_words import add_profile_words, chosen_profile, verify_command
from jacket.words import at_least_one


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("target", metavar="TARGET", help="root of the File-set, or its image")
    for name, metavar, what in (
        ("--add", "SOURCE", "copy the instances of a file or folder into the File-set"),
        ("--remove", "UID", "take a study, a series or an instance off it, records and files"),
        ("--remove-patient", "ID", "take everything of a Patient ID off it"),
    ):
        parser.add_argument(
            name, action="append", default=[], metavar=metavar, help=f"{what}; repeatable"
        )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
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
        "--capacity", metavar="SIZE", help="of the medium; refuse what it does not hold"
    )
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; all cores by default"
    )


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when a file was left out or is missing."""
    try:
        with console.watched() as progress:
            done = update_file_set(
                arguments.target,
                profile_id=chosen_profile(arguments),
                icons=arguments.icons,
                label=arguments.label,
                prune=arguments.prune,
                anew=arguments.anew,
                add=arguments.add,
                remove=arguments.remove,
                remove_patients=arguments.remove_patient,
                capacity=_capacity(arguments.capacity),
                dry_run=arguments.dry_run,
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
        _say(done, verify_command(arguments.target, arguments.profile, arguments.profile_file))
    return 1 if done.lost or done.missing or done.flaws or done.doubts else 0


def as_json(done: Indexed) -> dict[str, object]:
    """Return the result as plain values."""
    return {
        "path": done.path,
        "kind": done.kind,
        "dry_run": done.dry_run,
        "created": done.created,
        "changed": done.changed,
        "file_set_uid": done.file_set_uid,
        "instances": done.instances,
        "patients": done.heads.patients,
        "studies": done.heads.studies,
        "added": done.added,
        "removed": _names(done.removed),
        "missing": _names(done.missing),
        "added_files": _names(done.added_files),
        "removed_files": _names(done.removed_files),
        "left_out": plain_left_out(done.left_out),
        "doubts": list(done.doubts),
        "remarks": [*done.remarks, *done.flaws, *filter(None, [done.not_yet])],
        "flaws": list(done.flaws),
    }


# Here nothing is copied unasked, and what is there stays: other words than for a new medium.
_FIRST = {name: HEADINGS[name] for name in ("patient-conflict", "contradiction")}
_FIRST[OTHER_SYNTAX] = "images that are there already, in another transfer syntax; not copied"
_HEADINGS = (_FIRST | HEADINGS) | {
    "not-allowed": "instances that no record may name",
    ALREADY: "on the medium already; not copied",
    "duplicate": "files that are there twice; one of them is named",
    "directory": "directories below the root",
}


def _capacity(words: str | None) -> int | None:
    if words is None:
        return None
    from jacket.capacities import size_of

    return size_of(words)


def _say_left_out(left_out: Sequence[NotIndexed]) -> None:
    if left_out:
        say_left_out([_under_its_heading(item) for item in left_out], _HEADINGS, alike)


def _under_its_heading(item: NotIndexed) -> NotIndexed:
    """Return *item* with a kind of its own where people are to be told more than programs."""
    kinds = (kind for kind in (OTHER_SYNTAX, ALREADY) if item.reason.startswith(kind))
    return item._replace(kind=next(kinds, item.kind))


def _what(done: Indexed) -> str:
    if done.created or done.changed:
        what = "created" if done.created else "updated"
        return f"would be {what}" if done.dry_run else what
    return "left as it is" if done.missing else "was right already"


def _say(done: Indexed, next_command: str) -> None:
    place = done.path if done.kind == "folder" else f"DICOMDIR in {done.path}"
    console.say(
        f"{place} {_what(done)}: {console.whose(done.instances, *done.heads)}; "
        f"{done.added:,} new, {len(done.removed):,} dropped"
    )
    for doubt in done.doubts:
        console.say(f"ATTENTION, it is not certain whose images these are: {doubt}")
    would = "would be " if done.dry_run else ""
    for title, lines in (
        ("remarks", list(done.remarks)),
        (f"files {would}added", _names(done.added_files)),
        (f"files {would}removed", _names(done.removed_files)),
        (f"{would}dropped", _names(sorted(set(done.removed) - set(done.removed_files)))),
        ("named by the directory but not there (--prune drops them)", _names(done.missing)),
    ):
        if lines:
            console.say(f"{title}: {len(lines):,}")
            console.say_some([f"  {console.printable(line)}" for line in lines])
    _say_left_out(done.left_out)
    for flaw in done.flaws:
        console.say(f"NOT WHOLE: {console.printable(flaw)}")
    if done.dry_run:
        console.say("nothing was written (--dry-run)")
    if done.not_yet:
        console.say(done.not_yet)
    elif not done.dry_run:
        console.say(f"next: {next_command}")


def _names(file_ids: Sequence[tuple[str, ...]]) -> list[str]:
    return ["/".join(file_id) for file_id in file_ids]
