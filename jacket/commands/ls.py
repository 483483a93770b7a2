"""List patients, studies, series and instances of a medium.

MEDIUM is a folder, an .iso image, an optical drive or a file of the name DICOMDIR. Without a
readable DICOMDIR the files themselves are listed.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

from jacket import console
from jacket.listing import list_medium


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("medium", metavar="MEDIUM")
    parser.add_argument(
        "--instances", action="store_true", help="a line for every instance, not only for series"
    )


def run(arguments: Namespace) -> int:
    """List and return 0, or 1 when the directory names files that are not there."""
    listing = list_medium(arguments.medium)
    if arguments.json:
        console.print_json(listing)
    else:
        _say(listing, with_instances=arguments.instances)
    return 1 if _missing(listing) or listing["left_out"] else 0


def _missing(listing: dict[str, Any]) -> int:
    """Return the number of files that the directory names in vain."""
    waiting, number = [listing], 0
    while waiting:
        node = waiting.pop()
        number += bool(node.get("missing"))
        for group in ("patients", "studies", "series", "instances"):
            waiting += node.get(group, [])
    return number


def _line(depth: int, *words: object) -> None:
    text = "  ".join(str(word) for word in words if str(word))
    console.say("  " * depth + console.printable(text))


def _say(listing: dict[str, Any], *, with_instances: bool) -> None:
    medium = listing["medium"]
    where = (
        ""
        if listing["from_directory"]
        else "(no DICOMDIR that names instances: listed by the files)"
    )
    _line(0, f"{medium['path']}: {medium['kind']}", medium["label"], where)
    for patient in listing["patients"]:
        _line(1, "patient", patient.get("PatientID", ""), patient.get("PatientName", ""))
        for study in patient["studies"]:
            _line(
                2,
                *("study", study.get("StudyDate", ""), study.get("StudyDescription", "")),
                f"accession {study['AccessionNumber']}" if study.get("AccessionNumber") else "",
            )
            for series in study["series"]:
                _say_series(series, with_instances)
    for instance in listing.get("instances", ()):
        _line(1, instance["DirectoryRecordType"].lower(), instance.get("path", ""))
    for item in listing["left_out"]:
        _line(1, f"NOT LISTED  {item['source']}: {item['reason']}")
    missing = _missing(listing)
    if missing:
        console.say(f"{console.amount(missing, 'file')} of the directory not on the medium")


def _say_series(series: dict[str, Any], with_instances: bool) -> None:
    instances = series["instances"]
    _line(
        3,
        f"series {series.get('SeriesNumber', '')}",
        series.get("Modality", ""),
        console.amount(len(instances), "instance"),
    )
    if with_instances:
        for instance in instances:
            number = instance.get("InstanceNumber", "")
            state = "NOT ON THE MEDIUM" if instance.get("missing") else ""
            _line(4, f"{number:>5}", instance["DirectoryRecordType"], instance.get("path"), state)
