"""Read a disc: every block once, in rising order, from the medium and not from a memory."""

from collections.abc import Iterator
from typing import Final

from drivers.mmc import commands
from drivers.mmc.commands import BLOCK
from drivers.mmc.recording_errors import UnreadableBlocks
from drivers.mmc.unit import Unit
from drivers.sense import BLANK_CHECK, HARDWARE_ERROR, MEDIUM_ERROR, CommandFailed

_MOST: Final = 64 << 10  # bytes of one read
# Drives keep a few MiB of what was written last; a short recording may be all of it.
_MEMORY: Final = 16 << 20  # bytes
_UNREADABLE_KEYS: Final = frozenset((MEDIUM_ERROR, HARDWARE_ERROR, BLANK_CHECK))
# Run-out blocks after a track at once, and what is not recorded: told as refusals by many drives.
_UNREADABLE_CODES: Final = frozenset(((0x21, 0x00), (0x64, 0x00), (0x63, 0x00), (0x30, 0x02)))


def forget(unit: Unit, patience: float = 60.0) -> None:
    """Have the drive stop and start, so that it looks at the medium anew.

    Raises:
        CommandFailed, NoMedium, TransportFailed: it does not come back.
    """
    stopped = unit.try_run(commands.start_stop(start=False, move=False))
    if stopped is not None:
        unit.try_run(commands.start_stop(start=True, move=False))
    unit.wait_ready(patience)


def read(unit: Unit, start: int, blocks: int, *, fresh: bool) -> Iterator[bytes]:
    """Yield *blocks* from block *start* on, some at a time.

    Args:
        unit: with a medium that is ready.
        start: block.
        blocks: how many.
        fresh: past the drive's memory. It is made to forget what it holds; of as little as would
            fit into the memory every block is asked of the medium itself.

    Raises:
        UnreadableBlocks: says which; all before them were yielded.
        CommandFailed, NoMedium, TransportFailed: nothing can be read any more.
    """
    if fresh:
        forget(unit)
    most = max(min(unit.transport.largest, _MOST) // BLOCK, 1)
    force = fresh and blocks * BLOCK <= _MEMORY
    end = start + blocks
    while start < end:
        count = min(most, end - start)
        data = _read_some(unit, start, count, force=force)
        if data is None:  # The drive knows no reading past its memory.
            force = False
            continue
        yield data
        start += count


def _read_some(unit: Unit, start: int, blocks: int, *, force: bool) -> bytes | None:
    try:
        data = unit.run(commands.read(start, blocks, force=force))
    except CommandFailed as error:
        sense = error.sense
        if sense and force and (sense.asc, sense.ascq) == (0x24, 0x00):
            return None
        if sense and (
            sense.key in _UNREADABLE_KEYS or (sense.asc, sense.ascq) in _UNREADABLE_CODES
        ):
            raise _unreadable(unit, start, blocks, error.what) from error
        raise
    if len(data) != blocks * BLOCK:
        raise _unreadable(unit, start, blocks, f"{len(data)} bytes came")
    return data


def _unreadable(unit: Unit, start: int, blocks: int, why: str) -> UnreadableBlocks:
    return UnreadableBlocks(
        f"blocks {start} to {start + blocks - 1} are not readable: {why}",
        unit.name,
        "Clean the disc, or read it in another drive",
        start,
        blocks,
    )
