"""How a simulated drive fails: rows to choose from by name, and random choices from a seed.

A fault hits the nth command of its opcodes, or the command that touches its block. What it does
then is its effect; a condition is what the drive answers with.
"""

import random
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final, Literal, NamedTuple

from drivers.simulator import conditions as sense
from drivers.simulator.conditions import Condition

Effect = Literal[
    "answer",  # CHECK CONDITION with the condition; a write is taken up to the block
    "later",  # deferred: the command succeeds, the next one carries the condition
    "after",  # the command is carried out, and answered with the condition all the same
    "status",  # a SCSI status without sense data
    "attention",  # something happened to the drive: a unit attention comes before the command
    "corrupt",  # one bit of the block differs
    "short",  # the last block of the data does not arrive
    "stale",  # as much data as asked for, whatever the answer's length: old bytes at the end
    "slow",  # the drive takes many times longer from now on
    "mute",  # no answer in time
    "lost",  # the answer does not come back; the command was carried out
    "gone",  # unplugged
    "power",  # the power fails; it comes back with `SimulatedDrive.power_on`
    "taken",  # someone takes the medium out
]
READS: Final = frozenset((0x28, 0xA8, 0xBE))
WRITES: Final = frozenset((0x2A, 0xAA, 0x2E))
FLUSH: Final = frozenset((0x35,))
CLOSES: Final = frozenset((0x5B,))
_ANY: Final[frozenset[int]] = frozenset()


class Fault(NamedTuple):
    """One thing that goes wrong."""

    name: str
    effect: Effect
    on: frozenset[int]  # opcodes; empty: any
    condition: Condition | None = None
    status: int = 0
    lba: int | None = None  # a command that touches this block, instead of the nth
    nth: int = 1  # from 1, counted among the commands of `on`
    times: int | None = 1  # None: every time from then on
    source: str = "SPC-4 annex F; MMC-6 annex F"


FAULTS: Final = {
    row.name: row
    for row in (
        Fault("write-error", "answer", WRITES, sense.WRITE_ERROR),
        Fault("late-write-error", "later", WRITES, sense.WRITE_ERROR),
        Fault("bad-block", "answer", WRITES, sense.WRITE_ERROR, lba=0, times=None),
        Fault("unreadable", "answer", READS, sense.UNCORRECTABLE, lba=0, times=None),
        Fault("weak-block", "answer", READS, sense.READ_ERROR, lba=0, times=1),
        Fault("loss-of-streaming", "answer", WRITES, sense.LOST_STREAMING),
        Fault("power-calibration", "answer", frozenset((0x54, 0x2A)), sense.POWER_CALIBRATION),
        Fault("calibration-area-full", "answer", frozenset((0x54,)), sense.CALIBRATION_FULL),
        Fault("memory-area-full", "answer", CLOSES | FLUSH, sense.MEMORY_FULL),
        Fault("format-failed", "answer", frozenset((0x04,)), sense.FORMAT_FAILED),
        Fault("erase-failed", "answer", frozenset((0xA1,)), sense.ERASE_FAILED, times=None),
        Fault("flush-fails", "answer", FLUSH, sense.WRITE_ERROR, times=None),
        Fault("lead-in-fails", "answer", CLOSES, sense.LEAD_IN_FAILED, times=None),
        Fault("incomplete-track", "answer", CLOSES, sense.INCOMPLETE_TRACK, times=None),
        Fault("empty-reservation", "answer", CLOSES, sense.EMPTY_SESSION, times=None),
        Fault("write-protected", "answer", WRITES, sense.PROTECTED, times=None),
        Fault("recovered", "after", READS | WRITES, sense.RECOVERED),
        Fault("hardware", "answer", WRITES, sense.HARDWARE, times=None),
        Fault("aborted", "answer", READS | WRITES, sense.ABORTED),
        Fault("busy", "status", WRITES, status=0x08),
        Fault("task-set-full", "status", WRITES, status=0x28),
        Fault("reserved-by-another", "status", WRITES, status=0x18, times=None),
        Fault("reset", "attention", WRITES, sense.RESET),
        Fault("unit-attention", "attention", _ANY, sense.NEW_MEDIUM),
        Fault("wrong-readback", "corrupt", READS, lba=0, times=None),
        Fault("silent-corruption", "corrupt", WRITES, lba=0, times=None),
        Fault("short-read", "short", READS),
        Fault("short-write", "short", WRITES),
        Fault("stale-data", "stale", _ANY, times=None, source="seen on emulated drives"),
        Fault("slow", "slow", WRITES),
        Fault("mute", "mute", WRITES),
        Fault("mute-on-close", "mute", CLOSES),
        Fault("answer-lost", "lost", WRITES),
        Fault("unplugged", "gone", WRITES),
        Fault("unplugged-on-close", "gone", CLOSES),
        Fault("power-loss", "power", WRITES),
        Fault("medium-removed", "taken", WRITES),
    )
}
_BY_BLOCK: Final = frozenset(name for name, row in FAULTS.items() if row.lba is not None)


def fault(
    name: str, *, lba: int | None = None, nth: int | None = None, times: int | None = None
) -> Fault:
    """Return the fault of this name, at a block or at the nth command.

    Raises:
        KeyError: there is none of this name.
    """
    row = FAULTS[name]
    if lba is not None:
        row = row._replace(lba=lba)
    if nth is not None:
        row = row._replace(nth=nth, lba=None)
    return row if times is None else row._replace(times=times)


def power_loss(byte: int) -> Fault:
    """Return a loss of power after so many bytes of a recording that begins at block 0."""
    return FAULTS["power-loss"]._replace(lba=byte // 2048)


def random_faults(
    seed: int, blocks: int, *, most: int = 2, names: Collection[str] = FAULTS
) -> tuple[Fault, ...]:
    """Return up to *most* faults for a recording of *blocks*; the same seed gives the same."""
    dice = random.Random(seed)  # noqa: S311 (a test plan, no secret)
    chosen = dice.sample(sorted(names), dice.randint(1, most))
    faults = []
    for name in chosen:
        if name in _BY_BLOCK or (FAULTS[name].on <= WRITES and dice.random() < 0.5):
            faults.append(fault(name, lba=dice.randrange(blocks)))
        else:
            faults.append(fault(name, nth=dice.randint(1, max(blocks // 32, 1))))
    return tuple(faults)


def parse_fault(text: str, names: Collection[str] = FAULTS) -> Fault:
    """Read a fault as a device name has it: NAME, NAME@BLOCK or NAME#NTH.

    Raises:
        ValueError: it is not of this form, or there is none of this name among *names*.
    """
    name, at, number = text, "", ""
    for mark in "@#":
        if mark in text:
            (name, number), at = text.split(mark, 1), mark
            break
    if name not in names:
        near = [one for one in names if name and one.startswith(name)]
        near = near or get_close_matches(name, names, n=1, cutoff=0.5)
        meant = f"; {near[0]!r} may be meant" if near else ""
        raise ValueError(f"there is no fault {name!r} here{meant}")
    if not at:
        return FAULTS[name]
    if not number.isdecimal():
        raise ValueError(f"{number!r} behind {at!r} is no number")
    return fault(name, lba=int(number)) if at == "@" else fault(name, nth=int(number))
