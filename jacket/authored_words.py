"""What is told of a medium that was made, or that a dry run planned: as JSON and in words."""

import shlex
from collections import Counter
from collections.abc import Sequence

from jacket import console
from jacket.author import Authored
from jacket.left_out_words import say_left_out
from jacket.plain import plain_left_out
from jacket.profile_texts import MEDIA
from profiles.application_profiles import Medium
from profiles.plan import Action, PlannedInstance
from profiles.profile_table import PROFILES
from profiles.transfer_syntaxes import name_of_syntax

_HOW = {
    Action.COPY: "copied byte for byte",
    Action.REHEAD: "given a new head, the data set byte for byte",
    Action.COMPLETE: "completed with attributes without a value, the pixels byte for byte",
    Action.TRANSCODE: "converted to another transfer syntax, and checked",
}


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
        "why_profile": done.why_profile,
        "medium": done.medium,
        "label": done.label,
        "dry_run": done.volume is None,
        "volumes": volumes,
        "estimated_bytes": done.size if done.volume is None else None,
        "left_out": plain_left_out(done.left_out),
        # Data sets that are on the medium byte for byte; some of them under a new head.
        "copied": done.count(Action.COPY) + done.count(Action.REHEAD),
        "transcoded": done.count(Action.TRANSCODE),
        "transcoded_to": done.transcoded_to,
        "lossy": sum(item.lossy for item in done.planned),
        "completed": done.count(Action.COMPLETE),
        "mended": [_mended(item) for item in done.planned if item.action is not Action.COPY],
        "icons": done.icons,
        "remarks": list(done.remarks),
        "flaws": list(done.flaws),
        "next_step": done.cannot or done.next_step,
    }


def _mended(item: PlannedInstance) -> dict[str, object]:
    return {
        "source": item.instance.source,
        "how": item.action.value,
        "reason": item.reason,
        "from_syntax": item.syntax_before,
        "to_syntax": item.target_syntax or item.syntax_before,
        "lossy": item.lossy,
        "added": [f"{tag:08X}" for tag, _ in item.added],
    }


def say(done: Authored, profile_files: Sequence[str] = ()) -> None:
    """Print what was made, or would be, for a person.

    Args:
        done: the result.
        profile_files: that declare profiles; the next command needs them as well.
    """
    dry = done.volume is None
    if done.why_profile:
        console.say(f"chosen: {console.printable(done.why_profile)}")
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
        reasons = Counter(_told(item, done.profile) for item in items).most_common()
        console.say_some(
            [f"           {n:,}: {console.printable(why)}" for why, n in reasons if why], 8
        )
    if done.icons:
        have = "would get" if dry else "has" if done.icons == 1 else "have"
        console.say(f"  {done.icons:>7,}  {have} an icon in the directory")
    remarks = [remark for remark in done.remarks if remark not in done.flaws]
    if remarks:
        console.say("remarks:")
        console.say_some([f"  {console.printable(remark)}" for remark in remarks], 10)
    say_left_out(done.left_out)
    for flaw in done.flaws:
        console.say(f"NOT COMPLIANT: {console.printable(flaw)}")
    about = "about " if dry else ""
    console.say(
        f"profile {done.profile} for {MEDIA[Medium(done.medium)]}, label {done.label}, "
        f"{about}{console.size(done.size)}"
    )
    if done.volume is None:
        console.say("nothing was written (--dry-run)")
        if done.cannot:
            console.say(done.cannot)
        return
    if done.volume.sha256:
        console.say(f"SHA-256 {done.volume.sha256}")
    if done.next_step:
        console.say(done.next_step)
    console.say(f"next: {_next_command(done.volume.path, done.profile, profile_files)}")


def _next_command(path: str, profile: str, profile_files: Sequence[str]) -> str:
    """Return the command that verifies the medium, as a shell takes it."""
    words = ["jacket", "verify", f"./{path}" if path.startswith("-") else path]
    for file in () if profile in PROFILES else profile_files:
        words += ["--profile-file", file]
    return shlex.join([*words, "--profile", profile])


def _told(item: PlannedInstance, profile: str) -> str:
    """Return what is done to one instance and why; alike instances say the same."""
    if item.action is not Action.TRANSCODE:
        return item.reason
    before, after = name_of_syntax(item.syntax_before), name_of_syntax(item.target_syntax)
    if item.reason == f"{profile} does not allow {before}":
        return f"{before}, which {profile} does not allow, to {after}"
    return f"{before} to {after}: {item.reason}"
