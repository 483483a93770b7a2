"""List drives, sticks and disks, what is in them, and what speaks against writing them."""

from argparse import ArgumentParser, Namespace
from typing import Final

from drivers.mmc.commands import BLOCK
from drivers.mmc.recording_facts import Medium
from jacket import console
from jacket.drives import Seen, look_at, seen

# By whether --erase is all that it takes.
_MARKS: Final = {False: "not to be written", True: "not to be written as it is"}
# Kinds of devices that media are made on; disks are built in.
_WANTED: Final = ("optical", "stick")
_NONE: Final = (
    "no drive or stick found",
    "  → Plug it in, wait a few seconds and ask again; try another port or cable. A virtual "
    "machine or a container has those alone that are handed to it.",
    "  → Without one `jacket author SOURCE -o disc.iso` makes an image for another computer, and "
    "`--device simulator:cd-r` shows how burning goes.",
)


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
    if not arguments.device and not any(one.found.kind in _WANTED for one in there):
        for line in _NONE:
            console.say(line)
    return 0


def _say(one: Seen) -> None:
    found = one.found
    name = " ".join(part for part in (found.vendor, found.model) if part)
    size = "" if found.size is None else console.size(found.size)
    told = (part for part in (console.printable(name), size) if part)
    console.say("  ".join((found.path, found.kind, ", ".join(told))).rstrip())
    if one.medium is not None:
        console.say(f"  in it: {_disc(one.medium)}")
    if one.speeds:
        console.say(f"  writes at {', '.join(f'{speed:,}' for speed in one.speeds)} kB/s")
    if one.trouble:
        console.say(f"  {console.printable(one.trouble)}")
    for refusal in one.refusals:
        console.say(f"  {_MARKS[one.needs_erase]}: {console.printable(refusal.what)}")
        console.say(f"    → {console.printable(refusal.remedy)}")
    if one.can_be_written:
        console.say("  can be written")


def _disc(medium: Medium) -> str:
    """Return what a disc is, and what is free where something can still be written."""
    room = console.size(max(medium.free, medium.capacity * medium.erasable) * BLOCK)
    words = {
        "blank": f"blank, {room}",
        "appendable": f"something is on it, {room} {'in all' if medium.erasable else 'left'}",
        "complete": f"full or closed{f', {room}' if medium.erasable else ''}",
        "overwritable": f"can be overwritten, {room}",
    }
    return f"{medium.kind}, {words[medium.state]}"
