"""List drives, sticks and disks, what is in them, and what speaks against writing them."""

from argparse import ArgumentParser, Namespace

from jacket import console
from jacket.drives import Seen, look_at, seen


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument(
        "device",
        nargs="*",
        metavar="DEV",
        help="only these; simulator:cd-r shows what a simulated drive tells",
    )


def run(arguments: Namespace) -> int:
    """Print what is attached and return 0."""
    there = [look_at(name) for name in arguments.device] or seen()
    if arguments.json:
        console.print_json({"drives": [one.plain() for one in there]})
        return 0
    for one in there:
        _say(one)
    if not there:
        console.say("no drive, no stick")
    return 0


def _say(one: Seen) -> None:
    name = " ".join(part for part in (one.vendor, one.model) if part)
    size = "" if one.size is None else f", {console.size(one.size)}"
    console.say(f"{one.path}  {one.kind}  {console.printable(name)}{size}")
    if one.medium is not None:
        medium = one.medium
        console.say(
            f"  in it: {medium.kind}, {medium.state}, {console.size(medium.free * 2048)} free"
        )
    if one.speeds:
        console.say(f"  writes at {', '.join(f'{speed:,}' for speed in one.speeds)} kB/s")
    if one.trouble:
        console.say(f"  {console.printable(one.trouble)}")
    for refusal in one.refusals:
        console.say(f"  not to be written: {console.printable(refusal.what)}")
        console.say(f"    → {console.printable(refusal.remedy)}")
    if not one.refusals and not one.trouble:
        console.say("  can be written")
