"""Make a medium's image, or a folder, from DICOM files.

Every file found in SOURCE is on the medium at the end, or is named with the reason why not.
"""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence

from dicomdir.instance import NotIndexed
from jacket import console
from jacket.author import (
    CAPACITIES,
    DEFAULT_PROFILE,
    Authored,
    NothingToWrite,
    Selection,
    author,
)
from jacket.plain import plain_left_out
from jacket.words import at_least_one
from profiles.plan import Action
from reporting import WrongUsage

_HOW = {
    Action.COPY: "copied byte for byte",
    Action.REHEAD: "given a new head, the data set byte for byte",
    Action.TRANSCODE: "converted to a transfer syntax of the profile, and checked",
}
# Kinds of what is left out in the order of their weight, as an operator reads them.
_KINDS = {
    "patient-conflict": "ATTENTION, two patients seem to be mixed up",
    "contradiction": "files that contradict themselves or each other",
    "truncated": "files that are cut off",
    "malformed": "files that are damaged",
    "unreadable": "files that cannot be read",
    "not-convertible": "instances that cannot be converted",
    "not-allowed": "instances that the profile has no place for",
    "secure": "encrypted files",
    "not-dicom": "other files that are not DICOM",
    "duplicate": "files that are there twice; nothing is missing without them",
    "directory": "directories of other media; this one has its own",
    "foreign": "texts and programs",
    "litter": "files of operating systems",
}


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="files and folders")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="NAME.iso, or a folder to make"
    )
    parser.add_argument(
        "--profile",
        default=DEFAULT_PROFILE,
        metavar="ID",
        help="application profile; %(default)s by default",
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
        "--capacity", metavar="SIZE", help="refuse what does not fit: cd, cd74, bytes, 650MB, 4.7GB"
    )
    parser.add_argument(
        "--transcode",
        choices=("auto", "lossless", "never"),
        default="auto",
        help="bring instances to a transfer syntax of the profile (default: auto)",
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
                profile_id=arguments.profile,
                selection=Selection(
                    arguments.patient, arguments.study, arguments.series, arguments.accession
                ),
                label=arguments.label,
                capacity=_capacity(arguments.capacity),
                transcode=arguments.transcode,
                dry_run=arguments.dry_run,
                jobs=arguments.jobs,
                progress=progress,
            )
    except NothingToWrite as error:
        if arguments.json:
            error.details = {"left_out": plain_left_out(error.left_out)}
        else:
            _say_left_out(error.left_out)
        raise
    if arguments.json:
        console.print_json(as_json(done))
    else:
        _say(done)
    return 0 if done.clean else 1


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


def as_json(done: Authored) -> dict[str, object]:
    """Return the result as the contract of the command line has it, and a little more."""
    volumes = []
    if done.volume is not None:
        volumes.append(
            {
                "path": done.volume.path,
                "bytes": done.volume.size,
                "sha256": done.volume.sha256,
                "file_set_uid": done.file_set_uid,
                "instances": len(done.planned),
            }
        )
    return {
        "profile": done.profile,
        "label": done.label,
        "dry_run": done.volume is None,
        "volumes": volumes,
        "estimated_bytes": done.size if done.volume is None else None,
        "left_out": plain_left_out(done.left_out),
        # Data sets that are on the medium byte for byte; some of them under a new head.
        "copied": done.count(Action.COPY) + done.count(Action.REHEAD),
        "transcoded": done.count(Action.TRANSCODE),
        "mended": [
            {"source": item.instance.source, "how": item.action.value, "reason": item.reason}
            for item in done.planned
            if item.action is not Action.COPY
        ],
        "remarks": list(done.remarks),
        "flaws": list(done.flaws),
    }


def _say(done: Authored) -> None:
    dry = done.volume is None
    place = "the medium" if done.volume is None else done.volume.path
    console.say(
        f"{place} {'would hold' if dry else 'holds'} "
        f"{console.amount(len(done.planned), 'instance')}:"
    )
    for action, words in _HOW.items():
        items = [item for item in done.planned if item.action is action]
        if not items:
            continue
        console.say(f"  {len(items):>7,}  {'to be ' * dry}{words}")
        reasons = Counter(item.reason for item in items if item.reason).most_common()
        console.say_some(
            [f"           {number:,}: {console.printable(why)}" for why, number in reasons], 8
        )
    if done.remarks:
        console.say("remarks:")
        console.say_some([f"  {console.printable(remark)}" for remark in done.remarks], 10)
    _say_left_out(done.left_out)
    for flaw in done.flaws:
        console.say(f"NOT COMPLIANT: {console.printable(flaw)}")
    about = "about " if dry else ""
    console.say(f"profile {done.profile}, label {done.label}, {about}{console.size(done.size)}")
    if done.volume is None:
        console.say("nothing was written (--dry-run)")
        return
    if done.volume.sha256:
        console.say(f"SHA-256 {done.volume.sha256}")
    console.say(f"next: jacket verify {done.volume.path} --profile {done.profile}")


def _say_left_out(left_out: Sequence[NotIndexed]) -> None:
    """Print what was left out by kind, what matters most first."""
    if not left_out:
        console.say("nothing was left out")
        return
    console.say(f"left out: {console.amount(len(left_out), 'file')}")
    for kind, heading in _KINDS.items():
        items = [item for item in left_out if item.kind == kind]
        if items:
            console.say(f"  {heading}: {len(items):,}")
            console.say_some(
                [
                    f"    {console.printable(item.source)}: {console.printable(item.reason)}"
                    for item in items
                ],
                8,
            )
