"""What is told of media that were burned: as JSON and in words."""

from collections.abc import Mapping
from typing import Any

from jacket import console
from jacket.authored import Authored
from jacket.authored_words import as_json as authored_json
from jacket.authored_words import counted, say_lost, say_password, say_remarks, say_whose
from jacket.authored_words import say as say_planned
from jacket.burning.pace import clock_words
from jacket.burning.result import SIMULATED, Burned, DiscResult
from jacket.left_out_words import say_left_out
from jacket.profile_texts import MEDIA
from jacket.verification import Verification
from jacket.verify_scope import directory_in_words, whose_in_doubt
from jacket.whose_words import say_people
from profiles.application_profiles import Medium


def as_json(done: Burned) -> dict[str, object]:
    """Return the result: all that `author` tells, and what became of each medium."""
    told = authored_json(done.authored)
    del told["next_step"]
    return {
        "device": done.device,
        "simulated": done.simulated,
        "target": dict(done.target),
        **told,
        "good": bool(done.discs) and all(disc.verdict == "good" for disc in done.discs),
        "discs": [disc.plain() for disc in done.discs],
        "record": done.record,
        "again": done.again or None,
    }


def say(done: Burned) -> None:
    """Print what was burned, or would be, for a person; what is on it was said before."""
    if done.authored.dry_run:
        console.say(_place(done.target))
        say_planned(done.authored)
        _say_simulated(done)
        return
    for disc in done.discs:
        _say_disc(disc, len(done.discs) > 1)
    if done.again:
        secret = done.authored.password_slip or done.authored.password is not None
        password = ", the same password in a file (--password-file)" if secret else ""
        console.say(
            f"to make one of them again, with the same sources and words{password} in place of "
            f"the dots, and its number for K: {done.again} --volume K"
        )
    say_password(done.authored, simulated=done.simulated)
    console.say(f"record of the job: {console.printable(done.record)}")
    _say_simulated(done)
    say_lost(done.authored)


def _say_simulated(done: Burned) -> None:
    if done.simulated:
        console.say(SIMULATED)


def _place(target: Mapping[str, Any]) -> str:
    """Return what is there to be written, as the job's record has it."""
    names = ("vendor", "product", "revision")
    drive = " ".join(str(target[name]) for name in names if target.get(name))
    where = str(target.get("device") or target.get("folder"))
    told = [f"{where} ({drive})" if drive else where]
    told += [str(target[name]) for name in ("medium", "state") if name in target]
    if "bytes" in target:
        told.append(f"{console.size(target['bytes'])} can be used")
    return console.printable(f"{told[0]}: {', '.join(told[1:])}" if told[1:] else told[0])


def say_content(authored: Authored) -> None:
    """Print what is about to be burned, while the operator can still stop it."""
    if authored.why_profile:
        console.say(f"chosen: {console.printable(authored.why_profile)}")
    what = "the medium is to hold" if authored.of == 1 else f"{authored.of} media are to hold"
    console.say(
        f"{what} {counted(authored)}, "
        f"profile {authored.profile} for {MEDIA[Medium(authored.medium)]}, label {authored.label}"
    )
    say_whose(authored)
    say_remarks(authored)
    say_left_out(authored.left_out)
    for flaw in authored.flaws:
        console.say(f"NOT COMPLIANT: {console.printable(flaw)}")


def _say_whose(found: Verification | None) -> None:
    if found is not None:
        console.say(f"  {directory_in_words(found)}")
        say_people(found.patients)
        for remark in whose_in_doubt(found):
            console.say(f"  {remark}")


def _say_disc(disc: DiscResult, several: bool) -> None:
    number = f"{disc.volume} of {disc.of}" if disc.of > 1 else f"{disc.volume}"
    which = f" {number}, copy {disc.copy}" if several or disc.of > 1 else ""
    why = f": {console.printable(disc.why)}" if disc.why else ""
    simulated = "SIMULATED " if disc.simulated else ""
    console.say(f"{simulated}{disc.medium}{which} {disc.verdict.upper()}{why}")
    if disc.verdict == "handed over" and disc.copies > 1:
        console.say(f"  {disc.copies} copies")
    if disc.of > 1:
        console.say(f"  label {console.printable(disc.label)}")
    _say_whose(disc.verification)
    if disc.written is not None and disc.written.seconds:
        speed = console.size(int(disc.size / disc.written.seconds))
        console.say(f"  written in {clock_words(disc.written.seconds)} ({speed}/s)")
    if disc.read_back is not None:
        console.say(f"  all {disc.size:,} bytes read back in {clock_words(disc.read_back.seconds)}")
        if disc.read_back.retried:
            blocks = console.amount(disc.read_back.retried, "block")
            console.say(f"  {blocks} could be read only at the second attempt")
    for remark in disc.remarks:
        console.say(f"  {console.printable(remark)}")
    if disc.sha256:
        console.say(f"  SHA-256 {disc.sha256}")
