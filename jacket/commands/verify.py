"""Check a medium against the standard and say what to do.

MEDIUM is a folder, an .iso image, an optical drive or a file of the name DICOMDIR. Every file is
read to its end. Without --profile the application profiles are named that the medium satisfies.
"""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from jacket import console
from jacket.verification import Verification, causes, verify
from media import file_aside
from reporting import Severity, WrongUsage

_MOST_PLACES = 5  # of one cause, in text; --json has them all


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("medium", metavar="MEDIUM")
    parser.add_argument("--profile", metavar="ID", help="the profile that the medium claims")
    parser.add_argument("--html", metavar="FILE", help="write a report to print")


def run(arguments: Namespace) -> int:
    """Verify and return 0 when the medium is compliant, else 1."""
    if arguments.html:
        _refuse_to_overwrite(Path(arguments.medium), Path(arguments.html))
    with console.watched() as progress:
        verdict = verify(arguments.medium, arguments.profile, progress=progress)
    if arguments.html:
        _write_report(verdict, Path(arguments.html))
    if arguments.json:
        console.print_json(as_json(verdict))
    else:
        _say(verdict)
    return 0 if verdict.compliant else 1


def _refuse_to_overwrite(medium: Path, report: Path) -> None:
    """A report must never take the place of what it reports on."""
    inside = medium.is_dir() and report.resolve().is_relative_to(medium.resolve())
    if inside or (report.exists() and medium.exists() and report.samefile(medium)):
        raise WrongUsage(
            "the report would be written onto the medium", "--html", "Name a file elsewhere"
        )


def _write_report(verdict: Verification, target: Path) -> None:
    from jacket.report import render

    page = memoryview(render(verdict).encode("utf-8", "backslashreplace"))
    with file_aside(target) as descriptor:
        while page:
            page = page[os.write(descriptor, page) :]


def as_json(verdict: Verification) -> dict[str, object]:
    """Return the verdict as the contract of the command line has it."""
    return {
        "medium": {
            "path": verdict.path,
            "kind": verdict.kind,
            "label": verdict.label,
            "file_set_uid": verdict.file_set_uid,
            "file_set_id": verdict.file_set_id,
            "bytes_read": verdict.read,
        },
        "profile": verdict.profile,
        "satisfies": list(verdict.satisfies),
        "compliant": verdict.compliant,
        "counts": {
            "errors": verdict.count(Severity.ERROR),
            "warnings": verdict.count(Severity.WARNING),
            "notes": verdict.count(Severity.NOTE),
            "instances": verdict.instances,
            "files": verdict.files,
        },
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "where": finding.where,
                "message": finding.message,
                "remedy": finding.remedy,
                "reference": finding.reference,
            }
            for finding in verdict.findings
        ],
    }


def _say(verdict: Verification) -> None:
    against = verdict.profile or "the general rules for DICOM media"
    console.say(
        f"{verdict.path}: {'COMPLIANT' if verdict.compliant else 'NOT COMPLIANT'} with {against}"
    )
    console.say(
        f"  {console.amount(verdict.instances, 'instance')} in the directory, "
        f"{console.amount(verdict.files, 'file')} on the medium, all read to their ends "
        f"({console.size(verdict.read)})"
    )
    if verdict.profile is None:
        console.say(f"  satisfies: {', '.join(verdict.satisfies) or 'no profile of this version'}")
    for example, headline, group in causes(verdict.findings):
        number = len(group)
        console.say()
        console.say(
            f"{example.severity.upper()} {example.rule} ({example.reference})"
            f"{f', {number:,} times' if number > 1 else ''}"
        )
        console.say(f"  {console.printable(headline)}")
        for finding in group[:_MOST_PLACES]:
            other = "" if finding.message == headline else f": {finding.message}"
            console.say(f"    at {console.printable(finding.where + other)}")
        if number > _MOST_PLACES:
            console.say(f"    and {number - _MOST_PLACES:,} more; --json lists all")
        console.say(f"  → {console.printable(example.remedy)}")
    if not verdict.findings:
        console.say("  nothing was found")
