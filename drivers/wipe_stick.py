"""A stick that was used before is overwritten as a whole, so that nobody finds what was on it.

Zeros are written, and not the command that declares blocks free (UNMAP): what it does to their
content is left to the stick.
"""

from typing import Final

from drivers.block_device import BlockTarget
from reporting import CannotWrite, Progress, silent

_PIECE: Final = 1 << 20  # bytes


def wipe_stick(target: BlockTarget, progress: Progress = silent) -> None:
    """Write zeros from the first byte of *target* to its last, and read all of them back.

    Cells that the controller of a stick keeps for itself are out of reach for everybody who has
    nothing but the stick.

    Args:
        target: opened for writing, after pre-flight.
        progress: told of the stages "wipe" and "read back" in bytes.

    Raises:
        CannotWrite: it takes no more, or does not keep what it takes.
        CannotRead, CommandFailed, TransportFailed: as the stick's driver raises them.
    """
    zeros = bytes(_PIECE)
    for at in range(0, target.size, _PIECE):
        length = min(_PIECE, target.size - at)
        target.pwrite(memoryview(zeros)[:length], at)
        progress("wipe", at + length, target.size)
    target.flush()
    for at in range(0, target.size, _PIECE):
        length = min(_PIECE, target.size - at)
        if target.pread(length, at) != zeros[:length]:
            raise CannotWrite(
                f"still has something else than zeros at byte {at} or behind",
                target.name,
                "Destroy this stick if what was on it is for nobody else, and use another one",
            )
        progress("read back", at + length, target.size)
