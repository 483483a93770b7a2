"""Which discs a profile's volume goes on, and whether the one in the drive may be written."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused, NoMedium, UnreadableBlocks
from drivers.mmc.recording_facts import Medium as Disc
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import FilmjacketError, Progress

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
    if wipe and not disc.erasable:
        raise MediumRefused(
            f"a {disc.kind} cannot be overwritten", recorder.name, "Leave out --wipe"
        )
    if wipe and disc.kind in BLANKED and disc.state != "overwritable":
        begin()
        return recorder.blank(full=True, progress=progress)
    if disc.state == "blank" or (disc.state == "overwritable" and _is_empty(recorder)):
        return disc
    if not disc.erasable:
        raise MediumRefused(f"the {disc.kind} is not blank", recorder.name, "Insert a blank disc")
    if not erase:
        raise MediumRefused(
            f"there is something on the {disc.kind}",
            recorder.name,
            "Insert a blank disc, or say --erase: then what is on it is lost",
        )
    if disc.state == "overwritable":
        return disc
    begin()
    return recorder.blank(progress=progress)


def _is_empty(recorder: Recorder) -> bool:
    """Return whether nothing is recorded where volumes begin."""
    try:
        return all(not any(data) for data in recorder.read(0, _LOOKED_AT, fresh=False))
    except UnreadableBlocks:  # Never written since it was formatted.
        return True


def next_disc(
    recorder: Recorder,
    ask: Callable[[], None],
    *,
    patience: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Disc:
    """Let the disc out that is in, and wait until another one is.

    Args:
        recorder: of the drive.
        ask: tells the operator to insert one.
        patience: seconds to wait for it.
        clock: in seconds.
        sleep: waits some.

    Raises:
        NoMedium: none came.
    """
    recorder.eject()
    ask()
    deadline = clock() + patience
    while recorder.tray() != "loaded":
        if clock() > deadline:
            raise NoMedium(
                "no other disc was inserted", recorder.name, "Start again for what is missing"
            )
        sleep(_PAUSE)
    return recorder.medium()


def let_out(recorder: Recorder) -> None:
    """Move the tray out; that it does not move changes nothing about the disc."""
    with suppress(FilmjacketError):
        recorder.eject()
