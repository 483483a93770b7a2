"""What an operator is told of a medium on which something older may still stand."""

from typing import Final

from drivers.mmc.recording_facts import Medium as Disc
from jacket import console
from jacket.burning.digests import BLOCK

_HIDDEN: Final = (
    "what was on the disc before was hidden and not overwritten; --erase --wipe overwrites it"
)


def not_overwritten(medium: str, rest: int) -> tuple[str, ...]:
    """Return the remark on a medium of which *rest* bytes were not written; none for no bytes."""
    if rest <= 0:
        return ()
    return (
        f"the rest of this {medium} was not overwritten: {console.size(rest)} may hold what was "
        "there before; --erase --wipe overwrites it",
    )


def left_over(before: Disc, disc: Disc, written: int, *, wiped: bool) -> tuple[str, ...]:
    """Return the remark on a disc.

    Args:
        before: as it was put in.
        disc: as it was made ready.
        written: bytes of it.
        wiped: nothing of what was on it stayed.
    """
    if wiped or before.state == "blank":
        return ()
    if disc.state == "overwritable":
        return not_overwritten(disc.kind, disc.capacity * BLOCK - written)
    return (_HIDDEN,)
