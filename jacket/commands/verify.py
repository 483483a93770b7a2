"""Check a medium against the standard and say what to do.

MEDIUM is a folder, an image (.iso, .img), a ZIP archive, a mail (.eml), a drive or a DICOMDIR, or a
single Secure DICOM File.
Every file is read to its end. Without --profile the application profiles are named that the medium
satisfies.
"""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from textwrap import wrap

from jacket import console
from jacket.keys_words import add_key_words, at_hand
from jacket.password_question import asked_where_locked
from jacket.profile_words import add_profile_words, chosen_profile, declared_profiles
from jacket.verification import Verification, causes, verify_open
from jacket.verify_causes import Cause
from jacket.words import at_least_one
from media import file_aside
from reporting import Severity, WrongUsage

_MOST_PLACES = 5  # of one cause, in text; --json has them all
_WIDTH = 78  # columns


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("medium", metavar="MEDIUM")
    add_profile_words(parser, help="the profile that the medium claims")
    parser.add_argument(
        "--pdi", action="store_true", help="hold it against IHE PDI and German requirements, too"
    )
    add_key_words(parser, accepts=False)
    parser.add_argument("--html", metavar="FILE", help="write a report to print")
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; one for a drive, else all cores"
    )


def run(arguments: Namespace) -> int:
    """Verify and return 0 when the medium is compliant, else 1."""
    if arguments.html:
        _refuse_to_overwrite(Path(arguments.medium), Path(arguments.html))
    claimed = chosen_profile(arguments)
    declared = declared_profiles(arguments.profile_file).values()
    ours = asked_where_locked(at_hand(arguments), arguments.medium)
    with console.watched() as progress:
        verdict = verify_open(
            ours.open(arguments.medium),
            arguments.medium,
            claimed,
            declared=declared,
            pdi=arguments.pdi,
            keys=ours.keys,
            processes=arguments.jobs,
            progress=progress,
        )
    if verdict.secure > verdict.opened:
        ours.refuse_unfit()
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
    """Return the verdict as docs/reference/verify.md has it."""
    from jacket.verify_scope import not_judged

    heads = verdict.heads_known
    return {
        "medium": {
            "path": verdict.path,
            "kind": verdict.kind,
            "label": verdict.label,
            "file_set_uid": verdict.file_set_uid,
            "file_set_id": verdict.file_set_id,
            "patients": None if heads is None else heads.patients,
            "studies": None if heads is None else heads.studies,
            "bytes_read": verdict.read,
            "manifest_files": verdict.listed,
            "manifest_compared": verdict.compared,
            "secure_files": verdict.secure,
            "secure_opened": verdict.opened,
            "signers": [signer.plain(judged=verdict.trust) for signer in verdict.signers],
            "mail": verdict.mail,
            "pdi": verdict.pdi,
            "not_judged": not_judged(verdict),
        },
        "profile": verdict.profile,
        "satisfies": list(verdict.satisfies),
        "nearest": verdict.nearest.identifier if verdict.nearest else None,
        "nearest_breaks": list(verdict.nearest.rules) if verdict.nearest else [],
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
    from jacket.verify_scope import not_judged

    _say_verdict(verdict)
    for cause in causes(verdict.findings):
        _say_cause(cause)
    if not verdict.findings:
        console.say("  nothing was found")
    console.say()
    console.say("not judged:")
    for sentence in not_judged(verdict):
        _say_wrapped("  - ", sentence)
    _say_in_short(verdict)


def _say_in_short(verdict: Verification) -> None:
    """Say once more at last what nobody should have to scroll back for."""
    from jacket.verify_scope import directory_in_words, headline, whose_in_doubt
    from jacket.whose_words import say_people

    console.say()
    console.say(f"in short: {'; '.join(part.text for part in headline(verdict))}")
    console.say(f"  {directory_in_words(verdict)}")
    say_people(verdict.patients)
    for remark in whose_in_doubt(verdict):
        console.say(f"  {remark}")


def _say_wrapped(head: str, sentence: str) -> None:
    room = _WIDTH - len(head) if head.strip() else _WIDTH - len(head) - 2
    further = " " * len(head) if head.strip() else head + "  "
    for number, line in enumerate(wrap(sentence, room)):
        console.say((further if number else head) + line)


def _say_verdict(verdict: Verification) -> None:
    from jacket.verdict import SEALED
    from jacket.verify_scope import headline, kind_in_words

    parts = "; ".join(part.text for part in headline(verdict))
    console.say(f"{console.printable(verdict.path)}: {parts}")
    label = f", label {console.printable(verdict.label)}" if verdict.label else ""
    console.say(f"  {kind_in_words(verdict.kind, is_mail=verdict.is_mail)}{label}")
    if verdict.kind != SEALED:
        _say_what_was_read(verdict)
    if verdict.mail:
        console.say(f"  the mail was {verdict.mail}")
    if verdict.secure:
        _say_secure(verdict)
    for signer in verdict.signers:
        console.say(f"  {console.printable(signer.words(judged=verdict.trust))}")
    if verdict.findings:
        counts = ((verdict.count(severity), severity) for severity in Severity)
        said = [console.amount(number, severity.value) for number, severity in counts if number]
        console.say(f"  {', '.join(said)}")
    if verdict.profile is None:
        _say_satisfied(verdict)


def _say_what_was_read(verdict: Verification) -> None:
    from jacket.verify_scope import directory_in_words, files_in_words, whose_in_doubt

    console.say(f"  {directory_in_words(verdict)}")
    console.say(f"  {files_in_words(verdict)}")
    for remark in whose_in_doubt(verdict):
        console.say(f"  {remark}")


def _say_secure(verdict: Verification) -> None:
    files = console.amount(verdict.secure, "Secure DICOM File")
    if not verdict.with_keys:
        console.say(f"  {files}, not opened: --password-file FILE or --key FILE opens them")
        return
    opened = "all" if verdict.opened == verdict.secure else f"{verdict.opened:,}"
    console.say(f"  {files}, {opened} opened and judged by what is in them")


def _say_satisfied(verdict: Verification) -> None:
    from jacket.verify_scope import satisfied_by_medium, why_none

    groups = satisfied_by_medium(verdict.satisfies)
    if not groups:
        console.say("  satisfies: no profile")
        for sentence in why_none(verdict):
            _say_wrapped("    ", sentence)
        return
    console.say("  satisfies:")
    column = max(len(name) for name, _ in groups) + 2
    for name, identifiers in groups:
        lines = wrap(", ".join(identifiers), _WIDTH - 4 - column, break_on_hyphens=False)
        for number, line in enumerate(lines):
            console.say(f"    {'' if number else name:<{column}}{line}")


def _say_cause(cause: Cause) -> None:
    example, headline, group, _ = cause
    number = len(group)
    console.say()
    console.say(
        f"{example.severity.upper()} {example.rule} ({example.reference})"
        f"{f', {number:,} times' if number > 1 else ''}"
    )
    console.say(f"  {console.printable(headline)}")
    for finding in group[:_MOST_PLACES]:
        other = cause.beyond(finding)
        console.say(f"    at {console.printable(finding.where + (other and f': {other}'))}")
    if number > _MOST_PLACES:
        console.say(f"    and {number - _MOST_PLACES:,} more; --json lists all")
    console.say(f"  → {console.printable(example.remedy)}")
