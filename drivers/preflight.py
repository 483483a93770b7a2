"""What speaks against writing a device: a table of plain questions, the same for every face.

Nothing here touches a device. What may be skipped stands in the rows: whether the running system
is on a device, or anything on it is mounted, is asked whatever a face was told.
"""

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from drivers.discovery import Found
from drivers.mmc.recording import strategy_of
from drivers.mmc.recording_facts import Medium
from drivers.transport import printable
from reporting import CannotWrite, FilmjacketError

_DISC_BLOCK: Final = 2048  # bytes (MMC-6 4.2)


class Demand(NamedTuple):
    """What a job wants of a device."""

    size: int  # bytes that are to be written
    kind: Literal["optical", "stick"]
    sources: frozenset[str] = frozenset()  # paths of devices that the job reads from
    skip: frozenset[str] = frozenset()  # identifiers of refusals that the operator takes on


class Refusal(NamedTuple):
    """One thing that speaks against it."""

    id: str
    what: str
    where: str
    remedy: str
    skippable: bool  # the operator may take it on


class Refused(CannotWrite):
    """A device is not written, for safety. What speaks against it stands in *refusals*."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        first = self.refusals[0]
        super().__init__("; ".join(one.what for one in self.refusals), first.where, first.remedy)
        self.details = {"refusals": [one._asdict() for one in self.refusals]}

    def __reduce__(self) -> tuple[type["Refused"], tuple[tuple[Refusal, ...]]]:
        return type(self), (self.refusals,)


Answer = str | None  # what speaks against it; None: nothing
Question = Callable[[Found, Demand, Medium | None], Answer]


def _system_disk(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return "the running system is on this device" if found.system else None


def _mounted(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return f"is mounted at {', '.join(found.mounted)}" if found.mounted else None


def _in_use(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return f"is in use ({', '.join(found.in_use_by)})" if found.in_use_by else None


def _source_medium(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return "the job reads from this very device" if found.path in demand.sources else None


def _wrong_kind(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    if (found.kind == "optical") == (demand.kind == "optical"):
        return None
    return "is a drive for discs" if found.kind == "optical" else "is no drive for discs"


def _not_removable(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return None if found.removable else "is built in, not a device to be pulled out"


def _only_reads(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return "is a drive that reads discs and cannot write any" if found.records is False else None


def _read_only(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    return "is write-protected" if found.kind != "optical" and found.read_only else None


def _unwritable_disc(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    if found.kind != "optical" or not medium:
        return None
    if not strategy_of(medium.profile).methods:
        return f"nothing can be written on the {medium.kind} in it"
    if medium.erasable or medium.state not in ("appendable", "complete"):
        return None
    full = "is full or closed" if medium.state == "complete" else "has something on it"
    return f"the {medium.kind} in it {full}, and cannot be erased"


def _unknown_size(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    if found.kind != "optical":
        return None if found.size else "does not tell its size, or has no medium in it"
    # A disc that is in use is not looked at.
    known = medium or found.mounted or found.in_use_by
    return None if known else "there is no disc in it, or none that it knows"


def _too_small(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    room = _room(found, medium)
    if room is None or demand.size <= room:
        return None
    return f"has room for {room} bytes, and {demand.size} are to be written"


def _room(found: Found, medium: Medium | None) -> int | None:
    """Return the bytes that go on it, once it is erased if it can be; None: not known."""
    if found.kind != "optical":
        return found.size
    if not medium:
        return None
    blocks = max(medium.free, medium.capacity) if medium.erasable else medium.free
    return blocks * _DISC_BLOCK


def _not_blank(found: Found, demand: Demand, medium: Medium | None) -> Answer:
    if found.kind == "optical":
        told = medium is not None and medium.state in ("appendable", "complete")
        written = told or found.blank is False
        return "there is something on the disc" if written else None
    if found.blank:
        return None
    known = found.blank is False or found.partitions
    return "there is something on it" if known else "there may be something on it"


class Row(NamedTuple):
    """One question, and what to do where it speaks against writing."""

    id: str
    question: Question
    remedy: str
    skippable: bool = False
    settles: bool = False  # nothing can be done about it, or not before: the rest is not asked


ROWS: Final = (
    Row(
        "system-disk",
        _system_disk,
        "Leave it alone; name a stick or a drive that jacket drives lists",
        settles=True,
    ),
    Row("mounted", _mounted, "Unmount it (Eject or Unmount in the file manager, or umount)"),
    Row("in-use", _in_use, "Name another device, or end that use of it"),
    Row("source-medium", _source_medium, "Write to another device"),
    Row("wrong-kind", _wrong_kind, "Name a device that fits the profile", settles=True),
    Row("not-removable", _not_removable, "Name a device that can be pulled out", settles=True),
    Row("only-reads", _only_reads, "Use a drive that writes discs", settles=True),
    Row(
        "read-only",
        _read_only,
        "Take off the write protection, or use another medium",
        settles=True,
    ),
    Row("unwritable-disc", _unwritable_disc, "Insert a blank disc", settles=True),
    Row("unknown-size", _unknown_size, "Insert a medium, and wait until it is ready", settles=True),
    Row("too-small", _too_small, "Use a larger medium, or select fewer studies"),
    Row(
        "not-blank",
        _not_blank,
        "Use an empty one, or say --erase: then what is on it is lost",
        skippable=True,
    ),
)
_SKIPPABLE: Final = frozenset(row.id for row in ROWS if row.skippable)


def preflight(found: Found, demand: Demand, medium: Medium | None = None) -> list[Refusal]:
    """Return what speaks against writing to *found*, the worst first, up to what settles it.

    Args:
        found: the device, as `drivers.discovery` tells it.
        demand: what is to be written, and what the operator takes on.
        medium: the disc that is in a drive; None for sticks.

    Raises:
        ValueError: *demand* skips what is in no row.
    """
    unknown = demand.skip - {row.id for row in ROWS}
    if unknown:
        raise ValueError(f"no such refusals: {', '.join(sorted(unknown))}")
    skipped = demand.skip & _SKIPPABLE
    refusals: list[Refusal] = []
    for row in ROWS:
        what = None if row.id in skipped else row.question(found, demand, medium)
        if what:
            refusals.append(Refusal(row.id, what, found.path, row.remedy, row.skippable))
            if row.settles:
                break
    return refusals


def insist(found: Found, demand: Demand, medium: Medium | None = None) -> None:
    """Let nothing go on that something speaks against.

    Raises:
        Refused: with all that does.
    """
    refusals = preflight(found, demand, medium)
    if refusals:
        raise Refused(refusals)


def not_found(path: str) -> FilmjacketError:
    """Return the error that there is no such device."""
    return CannotWrite(
        "there is no such device",
        printable(path, longest=255) or "(no name)",
        "Plug it in; jacket drives lists what is there",
    )
