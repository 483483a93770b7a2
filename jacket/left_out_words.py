"""What a job left out, in an operator's words: by kind, what matters most first."""

from collections.abc import Callable, Mapping, Sequence

from dicomdir.instance import NotIndexed
from jacket import console

# Kinds of what is left out in the order of their weight, as an operator reads them.
HEADINGS = {
    "patient-conflict": "ATTENTION, two patients seem to be mixed up",
    "contradiction": "files that contradict themselves or each other",
    "missing": "files that are not there, though a DICOMDIR names them",
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
    "litter": "files of operating systems and of unfinished jobs",
}


def say_left_out(
    left_out: Sequence[NotIndexed],
    headings: Mapping[str, str] = HEADINGS,
    alike: Callable[[str], str] = str,
) -> None:
    """Print what was left out by kind, what matters most first.

    Args:
        left_out: files with their reasons.
        headings: kind → what such files are called, in the order in which they are told.
        alike: returns of a reason what those have in common that are told together.
    """
    if not left_out:
        console.say("nothing was left out")
        return
    console.say(f"left out: {console.amount(len(left_out), 'file')}")
    for kind, heading in headings.items():
        items = [item for item in left_out if item.kind == kind]
        if items:
            console.say(f"  {heading}: {len(items):,}")
            console.say_some(_by_reason(items, alike), 8)
    if len({alike(item.reason) for item in left_out}) < len(left_out):
        console.say("  (--json names every one of them)")


def _by_reason(items: Sequence[NotIndexed], alike: Callable[[str], str]) -> list[str]:
    """Return a line for each file, or one for all that are left out for one reason."""
    groups: dict[str, list[NotIndexed]] = {}
    for item in items:
        groups.setdefault(alike(item.reason), []).append(item)
    return [
        console.printable(
            f"    {group[0].source}: {group[0].reason}"
            if len(group) == 1
            else f"    {len(group):,} files, the first is {group[0].source}: {group[0].reason}"
        )
        for group in sorted(groups.values(), key=len, reverse=True)
    ]
