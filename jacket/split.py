"""What one medium does not hold, on several: shared out, and each made so that it fits."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from jacket.authored import AuthoredVolume
from jacket.capacities import FAT16_ONLY
from jacket.console import amount
from jacket.drafting import Draft, Drafter, is_volume_of
from jacket.layout import growth
from jacket.writing import BLOCK
from profiles.plan import Plan, PlannedInstance
from profiles.volumes import TooLarge, share_out
from reporting import CannotWrite, FilmjacketError, Interrupted, WrongUsage

_SHARED: Final = 1024  # bytes that an instance takes in the directories, where it is not known
_LEAST: Final = 4 * BLOCK  # bytes; DICOMDIR, MANIFEST.TXT, README.TXT and one small file
_SET_ID: Final = 12  # hexadecimal digits by which a set is known
_ROUNDS: Final = 40  # each takes from the room what the worst volume had too much


class VolumesMissing(CannotWrite):
    """Some volumes of a set are made, and one could not be."""


def drafts_of(drafter: Drafter, decided: Plan, capacity: int) -> list[Draft]:
    """Plan as few volumes as hold everything; one that holds all has the target's own name.

    Args:
        drafter: plans them.
        decided: what goes on them.
        capacity: bytes of a medium.

    Raises:
        CannotWrite: an instance alone is larger than a medium.
    """
    drafter.refuse_large(decided.instances)
    own = sum(map(_blocks, decided.instances))
    shared = _SHARED
    if own <= capacity or drafter.row.medium not in FAT16_ONLY:
        with suppress(CannotWrite):  # More than one volume can have by its format is for several.
            whole = drafter.one(decided)
            if whole.volume.measured.on_medium <= capacity:
                return [whole]
            shared = max(whole.volume.measured.on_medium - own, 0) // len(decided.instances)

    def cost(item: PlannedInstance) -> int:
        """Return what an instance takes: its own blocks, and its part of what all share."""
        return _blocks(item) + shared

    return _fitted(drafter, decided, capacity, cost)


def _fitted(
    drafter: Drafter, decided: Plan, capacity: int, cost: Callable[[PlannedInstance], int]
) -> list[Draft]:
    """Share out, look how large the volumes are, and take room away until all of them fit."""
    largest = max(map(cost, decided.instances))
    room = capacity
    for _ in range(_ROUNDS):
        try:
            shares = share_out(decided.instances, cost, room)
        except TooLarge as error:
            raise _too_large(drafter, error.item, capacity) from error
        try:
            drafts = drafter.several(decided, [share.instances for share in shares])
        except CannotWrite:  # More than the format can hold, however large the medium is.
            if room == largest:
                raise
            room = max(max(share.cost for share in shares) // 2, largest)
            continue
        over, filled = max(
            (draft.volume.measured.on_medium - capacity, share.cost)
            for draft, share in zip(drafts, shares, strict=True)
        )
        if over <= 0:
            return drafts
        if room == largest:
            break  # the largest instance has a volume to itself, and that is too much
        # Less than the worst had: from more room than that it would come out the same.
        room = max(min(room, filled) - over, largest)
    raise _too_large(drafter, max(decided.instances, key=cost), capacity)


def _blocks(item: PlannedInstance) -> int:
    size = item.instance.size + (0 if item.source_size else growth(item))
    return -(-size // BLOCK) * BLOCK


def _too_large(drafter: Drafter, item: PlannedInstance, capacity: int) -> CannotWrite:
    empty = drafter.empty
    if empty + _LEAST >= capacity:
        return CannotWrite(
            f"a volume takes about {empty:,} bytes before any file is on it, and the medium has "
            f"{capacity:,}",
            "--capacity",
            "Choose a larger medium",
        )
    is_known = item.source_size or not item.rewritten
    has = f"has {item.instance.size:,}" if is_known else f"becomes about {_blocks(item):,}"
    return CannotWrite(
        f"{has} bytes, which with its directory is more than a medium of "
        f"{capacity:,} bytes holds (about {empty:,} of them before any file)",
        item.instance.source,
        "Choose a larger medium (--capacity), or leave it out",
    )


def picked(drafts: Sequence[Draft], numbers: Collection[int]) -> list[Draft]:
    """Return the volumes of these *numbers*; all when there are none.

    Raises:
        WrongUsage: there is no such volume.
        CannotWrite: all is on one now, and volumes of a set of several are there.
    """
    if numbers and len(drafts) == 1:
        _refuse_single(drafts[0].volume.target)
    for number in numbers:
        if number > len(drafts):
            one = len(drafts) == 1
            raise WrongUsage(
                f"there {'is' if one else 'are'} {amount(len(drafts), 'volume')}, "
                f"and none has the number {number}",
                "--volume",
                "Leave it out" if one else f"Say a number from 1 to {len(drafts)}",
            )
    return [draft for draft in drafts if not numbers or draft.number in numbers]


def _refuse_single(target: Path) -> None:
    """See that what is to be one of several volumes does not become a single one beside them."""
    beside = _beside(target)
    if beside:
        raise CannotWrite(
            "would hold everything alone, and is no volume of the set that is there: sources, "
            "words or capacity differ",
            str(target),
            f"Say what made {beside[0]}, or make all anew without --volume",
        )


def refuse_strangers(drafts: Iterable[Draft], wanted: Iterable[Draft]) -> None:
    """See that volumes that are there are of one set with those that are to be made.

    Raises:
        CannotWrite: one has another index: sources, words or clock are not the same.
    """
    again = {draft.number for draft in wanted}
    for draft in drafts:
        if draft.number in again or not draft.readme:
            continue
        found = _index_on(draft.volume.target)
        if found and found != draft.readme:
            raise CannotWrite(
                "is there and is of another set: sources, words or clock differ",
                str(draft.volume.target),
                "Set SOURCE_DATE_EPOCH to the clock of that set (`jacket author` told it), or "
                "make all volumes again without --volume",
            )


def set_id(drafts: Sequence[Draft]) -> str:
    """Return what a set of volumes is known by: the same for the same content, words and clock.

    "" where there is one volume alone.
    """
    if len(drafts) == 1:
        return ""
    uids = "\n".join(draft.layout.uid for draft in drafts)
    return sha256(uids.encode()).hexdigest()[:_SET_ID]


def refuse_other_set(drafts: Sequence[Draft], wanted: str) -> None:
    """See that volumes are made of the set that the operator named.

    Of another one an image may be on a volume that is there no more, or on none.

    Args:
        drafts: all volumes, as they would be made now.
        wanted: `set_id` of those that were made before; "": nobody named it.

    Raises:
        CannotWrite: they are of another set.
    """
    if wanted and wanted != set_id(drafts):
        raise CannotWrite(
            f"the volumes would be of another set than {wanted}: sources, words or clock are not "
            "what they were, so that an image could be on none of them",
            "--set",
            "Give what made that set, with its SOURCE_DATE_EPOCH, or make all volumes again",
        )


def _index_on(path: Path) -> bytes:
    """Return the README.TXT of a volume; b"" when there is none or it cannot be read."""
    from media import open_medium

    with suppress(FilmjacketError):
        medium = open_medium(path)
        try:
            entry = medium.find(("README.TXT",))
            if entry is not None:
                with medium.open(entry) as file:
                    return file.pread(file.size, 0)
        finally:
            medium.close()
    return b""


def stale(drafts: Sequence[Draft], target: Path) -> tuple[str, ...]:
    """Return a remark on what earlier jobs have left beside this set under names of its kind."""
    made = {draft.volume.target for draft in drafts}
    left = [str(path) for path in _beside(target) if path not in made]
    if len(drafts) > 1 and target.exists():
        left.insert(0, str(target))  # It has the name that was asked for, and other content.
    if not left:
        return ()
    verb = "is there from before and does" if len(left) == 1 else "are there from before and do"
    return (f"{', '.join(left)} {verb} not belong to this set",)


def _beside(target: Path) -> list[Path]:
    """Return what is beside *target* under the name of a volume of it, by number."""
    try:
        names = [path.name for path in target.parent.iterdir()]
    except OSError:
        return []  # whoever writes there has told why not
    found = [path for path in map(target.with_name, names) if is_volume_of(path, target)]
    return sorted(found, key=lambda path: (len(path.name), path.name))


def missing(
    error: FilmjacketError | KeyboardInterrupt,
    made: Sequence[AuthoredVolume],
    rest: Iterable[Draft],
    clock: int,
    identifier: str = "",
) -> FilmjacketError | KeyboardInterrupt:
    """Return what to raise where a volume could not be made: what is there and what is not.

    Args:
        error: why the first of *rest* could not be made; KeyboardInterrupt: the operator.
        made: the volumes before it.
        rest: the volumes that are not made.
        clock: the job's, in seconds since 1970.
        identifier: of the set.
    """
    if not made:
        return error
    there = ", ".join(f"{volume.path} (volume {volume.number})" for volume in made)
    words = " ".join(f"--volume {draft.number}" for draft in rest)
    stay = "is complete and stays" if len(made) == 1 else "are complete and stay"
    remedy = (
        f"{there} {stay}. The same command makes the rest with these words, in place of any "
        f"--volume words that it has: {words} --set {identifier}, and with "
        f"SOURCE_DATE_EPOCH={clock} before it"
    )
    told: FilmjacketError
    if isinstance(error, FilmjacketError):
        told = VolumesMissing(error.what, error.where, f"{error.remedy}. {remedy}")
    else:
        told = Interrupted("interrupted", "job", remedy)
    told.details = {
        "volumes": [volume.plain() for volume in made],
        "missing": [draft.number for draft in rest],
        "clock": clock,
        "set": identifier,
    }
    return told
