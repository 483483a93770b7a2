"""What is told of media that were burned: as JSON and in words."""

from jacket import console
from jacket.authored_words import as_json as authored_json
from jacket.burning.pace import clock_words
from jacket.burning.result import Burned, DiscResult
from jacket.left_out_words import say_left_out
from jacket.profile_texts import MEDIA
from profiles.application_profiles import Medium

_MOST_REMARKS = 10


def as_json(done: Burned) -> dict[str, object]:
    """Return the result: all that `author` tells, and what became of each medium."""
    told = authored_json(done.authored)
    del told["next_step"]
    return {
        "device": done.device,
        **told,
        "good": bool(done.discs) and all(disc.verdict == "good" for disc in done.discs),
        "discs": [disc.plain() for disc in done.discs],
        "record": done.record,
    }


def say(done: Burned) -> None:
    """Print what was burned, or would be, for a person."""
    authored = done.authored
    if authored.why_profile:
        console.say(f"chosen: {console.printable(authored.why_profile)}")
    hold = "would hold" if authored.dry_run else "holds"
    what = "the medium" if authored.of == 1 else f"a set of {authored.of} media"
    console.say(
        f"{what} {hold} {console.amount(len(authored.planned), 'instance')}, "
        f"profile {authored.profile} for {MEDIA[Medium(authored.medium)]}, label {authored.label}"
    )
    remarks = [f"  {console.printable(remark)}" for remark in authored.remarks]
    if remarks:
        console.say("remarks:")
        console.say_some(remarks, _MOST_REMARKS)
    say_left_out(authored.left_out)
    for flaw in authored.flaws:
        console.say(f"NOT COMPLIANT: {console.printable(flaw)}")
    if authored.dry_run:
        console.say(f"{console.size(authored.size)}; nothing was written (--dry-run)")
        return
    for disc in done.discs:
        _say_disc(disc, len(done.discs) > 1)
    console.say(f"record of the job: {console.printable(done.record)}")


def _say_disc(disc: DiscResult, several: bool) -> None:
    number = f"{disc.volume} of {disc.of}" if disc.of > 1 else f"{disc.volume}"
    which = f" {number}, copy {disc.copy}" if several or disc.of > 1 else ""
    why = f": {console.printable(disc.why)}" if disc.why else ""
    console.say(f"{disc.medium}{which} {disc.verdict.upper()}{why}")
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
