"""List patients, studies, series and instances of a medium.

MEDIUM is a folder, an image (.iso, .img), a ZIP archive, a mail (.eml), a drive or a DICOMDIR, or a
single Secure DICOM File.
It is listed as its DICOMDIR has it; without a readable one, or with --files, the files themselves
are listed. The UIDs are those that `jacket author --study UID` and `--series UID` take.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from shlex import quote
from typing import Any

from jacket import console
from jacket.keys_words import add_key_words, at_hand
from jacket.listing import list_open
from jacket.locked_medium import NothingOpens
from jacket.password_question import asked_where_locked


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("medium", metavar="MEDIUM")
    add_key_words(parser)
    parser.add_argument(
        "--files", action="store_true", help="list the files, whatever the DICOMDIR says"
    )
    parser.add_argument(
        "--instances", action="store_true", help="a line for every instance, not only for series"
    )


def run(arguments: Namespace) -> int:
    """List and return 0, or 1 when the directory names files that are not there."""
    ours = asked_where_locked(at_hand(arguments), arguments.medium)
    try:
        listing = list_open(
            ours.open(arguments.medium),
            arguments.medium,
            by_files=arguments.files,
            keys=ours.keys,
            accept_unprotected=arguments.accept_unprotected,
        )
    except NothingOpens:
        ours.refuse_unfit()
        raise
    if arguments.json:
        console.print_json(listing)
    else:
        _say(listing, with_instances=arguments.instances, by_files=arguments.files)
    return 1 if _missing(listing) or listing["left_out"] else 0


def _missing(listing: dict[str, Any]) -> int:
    """Return the number of files that the directory names in vain."""
    return sum(bool(record.get("missing")) for record in _records(listing))


def _records(listing: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every record, in no order; the whole listing is the first."""
    waiting = [listing]
    while waiting:
        node = waiting.pop()
        yield node
        for group in ("patients", "studies", "series", "instances"):
            waiting += node.get(group, [])


def _line(depth: int, *words: object) -> None:
    text = "  ".join(str(word) for word in words if str(word))
    console.say("  " * depth + console.printable(text))


def _say_head(listing: dict[str, Any], by_files: bool) -> None:
    from jacket.verify_scope import kind_in_words

    medium = listing["medium"]
    where = "listed by the files"
    if not by_files:
        where = f"no DICOMDIR that names instances: {where}"
    if listing["from_directory"]:
        where = "as its DICOMDIR lists it"
    kind = kind_in_words(medium["kind"], is_mail=medium["in_mail"])
    _line(0, f"{medium['path']}: {kind}", medium["label"], f"({where})")
    _say_unnamed(listing)


def _say_unnamed(listing: dict[str, Any], why: str = "") -> None:
    """Say how many DICOM files are not listed, first and, with *why* it matters, last."""
    if listing["unnamed"]:
        files = console.amount(listing["unnamed"], "more DICOM file is", "more DICOM files are")
        command = f"jacket ls --files {quote(str(listing['medium']['path']))}"
        _line(0, f"{files} not named there{why}: {command}")


def _say(listing: dict[str, Any], *, with_instances: bool, by_files: bool) -> None:
    _say_head(listing, by_files)
    for patient in listing["patients"]:
        _line(1, "patient", patient.get("PatientID", ""), patient.get("PatientName", ""))
        for study in patient["studies"]:
            _line(
                2,
                *("study", study.get("StudyDate", ""), study.get("StudyDescription", "")),
                f"accession {study['AccessionNumber']}" if study.get("AccessionNumber") else "",
            )
            _uid(3, study.get("StudyInstanceUID"))
            for series in study["series"]:
                _say_series(series, with_instances)
    for instance in listing.get("instances", ()):
        _line(1, instance["DirectoryRecordType"].lower(), instance.get("path", ""))
    for item in listing["left_out"]:
        _line(1, f"NOT LISTED  {item['source']}: {item['reason']}")
    missing = _missing(listing)
    if missing:
        console.say(f"{console.amount(missing, 'file')} of the directory not on the medium")
    _say_whose(listing)


def _say_whose(listing: dict[str, Any]) -> None:
    """Say at last how much was listed; a person counts once for each Patient ID."""
    from jacket.verify_scope import several_patients

    instances = sum("path" in record for record in _records(listing))
    counts = listing["counts"]
    console.say(f"in all: {console.whose(instances, counts['patients'], counts['studies'])}")
    if several := several_patients(counts["patients"]):
        console.say(several)
    _say_unnamed(listing, ", whoever they are of")


def _uid(depth: int, uid: object) -> None:
    if uid:
        _line(depth, f"UID {uid}")


def _say_series(series: dict[str, Any], with_instances: bool) -> None:
    instances = series["instances"]
    _line(
        3,
        f"series {series.get('SeriesNumber', '')}",
        series.get("Modality", ""),
        console.amount(len(instances), "instance"),
    )
    _uid(4, series.get("SeriesInstanceUID"))
    if with_instances:
        for instance in instances:
            number = instance.get("InstanceNumber", "")
            state = "NOT ON THE MEDIUM" if instance.get("missing") else ""
            _line(4, f"{number:>5}", instance["DirectoryRecordType"], instance.get("path"), state)
