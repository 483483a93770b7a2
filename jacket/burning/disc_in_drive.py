"""Which discs a profile's volume goes on, and whether the one in the drive may be written."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused, NoMedium, UnreadableBlocks
from drivers.mmc.recording_facts import Medium as Disc
from jacket.burning.digests import BEGINNING, beginning_of
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import FilmjacketError, Progress, interruption

_DVD: Final = ("DVD-R", "DVD+R", "DVD-R DL", "DVD+R DL", "DVD-RW", "DVD+RW")
# Medium of PS3.11 → discs that are one. PS3.12 F speaks of CD-R; every reader of it takes CD-RW.
DISCS: Final[dict[Medium, tuple[str, ...]]] = {
    Medium.CD_R: ("CD-R", "CD-RW"),
    Medium.DVD: _DVD,
    Medium.DVD_RAM: ("DVD-RAM",),
    Medium.BD: ("BD-R", "BD-RE"),
}
# Disc → the profile that is usual for it, and the word for `auto`.
USUAL: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(DISCS[Medium.CD_R], ("STD-GEN-CD", "cd")),
    **dict.fromkeys(_DVD, ("STD-GEN-DVD-JPEG", "dvd")),
    "DVD-RAM": ("STD-GEN-DVD-RAM", "dvd-ram"),
    "BD-R": ("STD-GEN-BD", "bd-r"),
    "BD-RE": ("STD-GEN-BD", "bd-re"),
}
BLANKED: Final = ("CD-RW", "DVD-RW")  # what BLANK makes as new, all of it or quickly
_LOOKED_AT: Final = 320  # blocks at its beginning; every file system has something there
_SOME: Final = 16  # blocks
_ELSEWHERE: Final = (16, 32, 256, 288, 512, 1024, 4096)  # blocks where volumes have something
_PAUSE: Final = 1.0  # seconds between two looks at the tray


def refuse_other_disc(row: ApplicationProfile, disc: Disc, where: str) -> None:
    """See that the disc is what the profile is for.

    Raises:
        MediumRefused: it is another kind.
    """
    wanted = DISCS.get(row.medium, ())
    if disc.kind not in wanted:
        raise MediumRefused(
            f"{row.identifier} is not for a {disc.kind}",
            where,
            f"Insert a {' or '.join(wanted)}" if wanted else "Choose a profile for discs",
        )


def refuse_used(recorder: Recorder, disc: Disc, *, erase: bool, wipe: bool = False) -> None:
    """See that nothing is lost on the disc in the drive but what may be.

    Args:
        recorder: with the disc.
        disc: that is in.
        erase: whether what is on it may be lost.
        wipe: whether nothing of what was on it may stay.

    Raises:
        MediumRefused: something is on it, or nothing of it can be wiped.
    """
    if wipe and not disc.erasable:
        raise MediumRefused(
            f"a {disc.kind} cannot be overwritten", recorder.name, "Leave out --wipe"
        )
    if _is_blank(recorder, disc):
        return
    if not disc.erasable:
        raise MediumRefused(f"the {disc.kind} is not blank", recorder.name, "Insert a blank disc")
    if not erase:
        raise MediumRefused(
            f"there is something on the {disc.kind}",
            recorder.name,
            "Insert a blank disc, or say --erase: then what is on it is lost",
        )


def refuse_unfit(
    disc: Disc, first: Disc, row: ApplicationProfile | None, blocks: int, where: str
) -> None:
    """See that a volume that was laid out for the first disc of a job goes on this one.

    Args:
        disc: that is in.
        first: disc of the job, which may be this one or may have been exchanged for it.
        row: the profile; None: it is still to be chosen.
        blocks: of the volume.
        where: the name of the drive.

    Raises:
        MediumRefused: it is of another kind, or too small.
    """
    if row is not None:
        refuse_other_disc(row, disc, where)
    if USUAL.get(disc.kind) != USUAL.get(first.kind):
        raise MediumRefused(
            f"the job is for a {first.kind}, and this is a {disc.kind}",
            where,
            f"Insert a blank {first.kind}",
        )
    if blocks > room_on(disc):
        raise MediumRefused(
            f"the {disc.kind} is too small: it has {room_on(disc):,} blocks, and {blocks:,} are "
            "needed",
            where,
            "Insert a larger disc",
        )


def room_on(disc: Disc) -> int:
    """Return the blocks that a volume may have; of what is made blank before, or overwritten, all.

    What has something on it and is not made blank is refused for that.
    """
    return disc.free if disc.state == "blank" and disc.free else disc.capacity


def refuse_ours(recorder: Recorder, disc: Disc, made: Collection[bytes]) -> None:
    """See that nobody has left a disc in the drive that was made before.

    Args:
        recorder: with the disc.
        disc: that is in.
        made: the beginnings of those that were (`beginning_of`).

    Raises:
        MediumRefused: it is one of them.
    """
    if disc.state == "blank" or not made:
        return
    with suppress(UnreadableBlocks):  # What was made can be read.
        data = b"".join(recorder.read(0, BEGINNING, fresh=False))
        if beginning_of(data) in made:
            raise MediumRefused(
                "this disc was made by this very job",
                recorder.name,
                "Take it out, and insert another one",
            )


def made_ready(
    recorder: Recorder,
    disc: Disc,
    *,
    erase: bool,
    wipe: bool = False,
    begin: Callable[[], None],
    progress: Progress,
) -> Disc:
    """Return the disc in the drive as one that can be written from its beginning on.

    Args:
        recorder: with the disc.
        disc: that is in.
        erase: whether what is on it may be lost.
        wipe: whether nothing of what was on it may stay.
        begin: called before it is made blank.
        progress: told of "blank".

    Raises:
        MediumRefused: something is on it, or nothing of it can be wiped.
    """
    refuse_used(recorder, disc, erase=erase, wipe=wipe)
    if wipe and disc.kind in BLANKED and disc.state != "overwritable":
        begin()
        return recorder.blank(full=True, progress=progress)
    if disc.state in ("blank", "overwritable"):
        return disc
    begin()
    return recorder.blank(progress=progress)


def _is_blank(recorder: Recorder, disc: Disc) -> bool:
    return disc.state == "blank" or (disc.state == "overwritable" and _is_empty(recorder, disc))


def _is_empty(recorder: Recorder, disc: Disc) -> bool:
    """Return whether nothing is recorded where volumes begin, nor where they have more."""
    try:
        return all(not any(data) for data in recorder.read(0, _LOOKED_AT, fresh=False))
    except UnreadableBlocks:  # Never written since it was formatted; or damaged, and not empty.
        last = disc.capacity - _SOME
        return all(_nothing_at(recorder, start) for start in (*_ELSEWHERE, last) if start <= last)


def _nothing_at(recorder: Recorder, start: int) -> bool:
    try:
        return all(not any(data) for data in recorder.read(start, _SOME, fresh=False))
    except UnreadableBlocks:
        return True


def next_disc(
    recorder: Recorder,
    ask: Callable[[str], None],
    refuse: Callable[[Disc], None],
    *,
    patience: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Disc:
    """Let the disc out that is in, and wait until one is in that will do.

    Args:
        recorder: of the drive.
        ask: tells the operator to insert one, and what was wrong with the last; "": nothing.
        refuse: raises where a disc will not do; it is let out again.
        patience: seconds to wait for all of this.
        clock: in seconds.
        sleep: waits some.

    Raises:
        NoMedium: none came that will do.
        FilmjacketError: the drive does not let a disc out, or is gone.
    """
    deadline = clock() + patience
    wrong = ""
    recorder.eject()
    ask(wrong)
    while clock() <= deadline:
        if recorder.tray() == "loaded":
            try:
                disc = recorder.medium()
                refuse(disc)
                return disc
            except FilmjacketError as error:
                wrong = error.what
            recorder.eject()
            ask(wrong)
        sleep(_PAUSE)
    last = f"; the last one was let out again: {wrong}" if wrong else ""
    raise NoMedium(
        f"no other disc was inserted{last}", recorder.name, "Start again for what is missing"
    )


def let_out(recorder: Recorder) -> None:
    """Move the tray out; that it does not move changes nothing about the disc.

    An interruption ends the waiting for a drive that hangs, and nothing else: the verdict stands.
    """
    with suppress(FilmjacketError, KeyboardInterrupt):
        interruption.go_on()
        recorder.eject(wait=False)
        interruption.commit()
    interruption.commit()
