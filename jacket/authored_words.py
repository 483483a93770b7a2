"""What is told of a medium that was made, or that a dry run planned: as JSON and in words."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from jacket import console
from jacket.about_patients import LOOK, plain_doubts
from jacket.authored import Authored, AuthoredVolume
from jacket.left_out_words import say_left_out
from jacket.plain import plain_left_out
from jacket.profile_texts import MEDIA
from jacket.profile_words import verify_command
from jacket.whose_words import say_people
from profiles.application_profiles import Medium, Security
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
    patients, studies = done.belongs_to
    return {
        "profile": done.profile,
        "why_profile": done.why_profile,
        "medium": done.medium,
        "label": done.label,
        "clock": int(done.clock.timestamp()),
        "dry_run": done.dry_run,
        "volumes": [] if done.dry_run else [volume.plain() for volume in done.volumes],
        "planned": [volume.planned() for volume in done.volumes] if done.dry_run else [],
        "of": done.of,
        "set": done.set_id or None,
        "instances": len(done.planned),  # of all volumes, made in this run or not
        "patients": patients,
        "studies": studies,
        "not_selected": done.not_selected,
        "estimated_bytes": done.size if done.dry_run else None,
        "estimate_is_exact": done.exact if done.dry_run else None,
        "left_out": plain_left_out(done.left_out),
        # Data sets that are on the medium byte for byte; some of them under a new head.
        "copied": done.count(Action.COPY) + done.count(Action.REHEAD),
        "transcoded": done.count(Action.TRANSCODE),
        "transcoded_to": done.transcoded_to,
        "lossy": sum(item.lossy for item in done.planned),
        "completed": done.count(Action.COMPLETE),
        "mended": [_mended(item) for item in done.planned if item.action is not Action.COPY],
        "icons": done.icons,
        "doubts": plain_doubts(done.doubts),
        "remarks": [*done.about_patients, *done.remarks],
        "flaws": list(done.flaws),
        "next_step": done.next_step,
        "password_slip": done.password_slip or None,
    } | ({} if done.password is None else {"password": done.password})


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
    dry = done.dry_run
    if done.why_profile:
        console.say(f"chosen: {console.printable(done.why_profile)}")
    console.say(f"{_place(done)}:")
    say_whose(done)
    for action, words in _HOW.items():
        items = [item for item in done.planned if item.action is action]
        if not items:
            continue
        console.say(f"  {len(items):>7,}  {'to be ' * dry}{words}")
        reasons = Counter(_told(item, done.profile) for item in items).most_common()
        console.say_some(
            [f"           {n:,}: {console.printable(why)}" for why, n in reasons if why], 8
        )
    _say_icons(done)
    say_remarks(done)
    say_left_out(done.left_out)
    if done.not_selected:
        console.say(f"not selected: {console.amount(done.not_selected, 'instance')}")
    for flaw in done.flaws:
        console.say(f"NOT COMPLIANT: {console.printable(flaw)}")
    # Each volume of several tells its own label and size.
    one = f", label {done.label}, {_sizes(done, done.volumes[0])}" if done.of == 1 else ""
    console.say(f"profile {done.profile} for {MEDIA[Medium(done.medium)]}{one}")
    _say_volumes(done)
    if dry:
        console.say("nothing was written (--dry-run)")
        say_lost(done)
        return
    say_password(done)
    if done.next_step and not done.flaws and not done.doubts:
        console.say(done.next_step)
    first = done.volumes[0].path
    if not Path(first).is_fifo():
        command = (verify_command(first, done.profile, profile_files), *done.opened_with)
        several = len(done.volumes) > 1
        which = f"next, and so for each of the {len(done.volumes)} volumes" if several else "next"
        row = PROFILES.get(done.profile)
        # Where no words open what is encrypted a password does, whoever has made it.
        secret = row is not None and row.security is Security.CMS and not done.opened_with
        console.say(f"{which}: {' '.join(command)}")
        if secret:
            console.say("  it asks for the password; where nobody types say --password-file FILE")
    say_lost(done)


def say_whose(done: Authored) -> None:
    """Say what nobody may miss, however much else there is to be told: whose images these are."""
    say_people(item.instance.patient for item in done.planned)
    if done.doubts:
        console.say(f"ATTENTION, it is not certain whose images these are: {LOOK}")
        console.say_some([f"  {console.printable(str(doubt))}" for doubt in done.doubts])
    for remark in done.about_patients:
        console.say(f"  {console.printable(remark)}")


def _say_icons(done: Authored) -> None:
    if done.icons:
        have = "would get" if done.dry_run else "has" if done.icons == 1 else "have"
        console.say(f"  {done.icons:>7,}  {have} an icon in the directory")


def say_remarks(done: Authored) -> None:
    """Say what else is to be known of the medium; of what is said often, the beginning."""
    remarks = [remark for remark in done.remarks if remark not in done.flaws]
    if remarks:
        console.say("remarks:")
        console.say_some([f"  {console.printable(remark)}" for remark in remarks], 10)


def say_password(done: Authored, *, simulated: bool = False) -> None:
    """Say where the password of an encrypted medium is, or what it is."""
    if done.password_slip:
        then = "print it, and keep it apart from the medium"
        if simulated:
            then = "it says that nothing was burned"
        console.say(f"the password is in {console.printable(done.password_slip)}: {then}")
    if done.password is not None:
        console.say(f"password: {done.password}")


def counted(done: Authored) -> str:
    """Return what all volumes hold, such as "8 instances of 1 patient, 2 studies"."""
    return console.whose(len(done.planned), *done.belongs_to)


def say_lost(done: Authored) -> None:
    """Say at last, behind any GOOD, what somebody may look for in vain, or be wrong about."""
    if done.doubts:
        console.say("NOT CERTAIN WHOSE IT IS: above is why: look before you hand it out")
    if done.lost:
        files = console.amount(len(done.lost), "file")
        verb = "is" if len(done.lost) == 1 else "are"
        console.say(
            f"NOT COMPLETE: {files} that may hold images {verb} not on it; above is why: look "
            "before you hand it out"
        )


def _place(done: Authored) -> str:
    every = counted(done)
    if done.of == 1:
        holds = "the medium would hold" if done.dry_run else f"{done.volumes[0].path} holds"
        return f"{holds} {every}"
    if len(done.volumes) == done.of:
        return f"{done.of} volumes {'would hold' if done.dry_run else 'hold'} {every}"
    numbers = ", ".join(str(volume.number) for volume in done.volumes)
    some = sum(volume.instances for volume in done.volumes)
    made = "would be made" if done.dry_run else "made"
    several = "s" * (len(done.volumes) > 1)
    set_has = console.amount(len(done.planned), "instance")
    return f"volume{several} {numbers} of {done.of} {made}: {some:,} of the set's {set_has}; of all"


def _size(done: Authored, size: int) -> str:
    is_exact = done.exact or not done.dry_run
    return console.size(size) if is_exact else f"about {console.size(size)}"


def _sizes(done: Authored, volume: AuthoredVolume) -> str:
    if volume.on_medium is None:
        return _size(done, volume.size)
    return f"{_size(done, volume.size)} of files; {_size(done, volume.on_medium)} on the medium"


def _say_volumes(done: Authored) -> None:
    if done.of == 1:
        if done.volumes[0].sha256:
            console.say(f"SHA-256 {done.volumes[0].sha256}")
        return
    for volume in done.volumes:
        console.say(
            f"  {console.printable(volume.path)}: "
            f"{console.whose(volume.instances, *volume.heads)}, "
            f"{f'label {volume.label}, ' if volume.label else ''}{_sizes(done, volume)}"
        )
        if volume.sha256:
            console.say(f"    SHA-256 {volume.sha256}")
    if not done.dry_run:
        secret = done.password_slip or done.password is not None
        told = "how many there are" if secret else "which of them holds what"
        more = ", with the same password in a file (--password-file)" if secret else ""
        console.say(
            f"README.TXT on each says {told}. To make one of them again: the same command with "
            f"--volume K --set {done.set_id}{more}, and "
            f"SOURCE_DATE_EPOCH={int(done.clock.timestamp())} before it"
        )


def _told(item: PlannedInstance, profile: str) -> str:
    """Return what is done to one instance and why; alike instances say the same."""
    if item.action is not Action.TRANSCODE:
        return item.reason
    before, after = name_of_syntax(item.syntax_before), name_of_syntax(item.target_syntax)
    if item.reason == f"{profile} does not allow {before}":
        return f"{before}, which {profile} does not allow, to {after}"
    return f"{before} to {after}: {item.reason}"
