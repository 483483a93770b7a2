"""A USB stick that is not ours, kept in a file, with the faults that a plan tells."""

import os
from pathlib import Path
from typing import Any

from usb_stick import BLOCK, FaultyStick


class ImageStore:
    """What the stick keeps."""

    block_size = BLOCK

    def __init__(self, image: Path) -> None:
        self._file = os.open(image, os.O_RDWR)
        self.num_blocks = os.fstat(self._file).st_size // BLOCK

    def read(self, lba: int, count: int) -> bytes:
        return os.pread(self._file, count * BLOCK, lba * BLOCK)

    def write(self, lba: int, count: int, data: bytes) -> None:
        os.pwrite(self._file, data, lba * BLOCK)


def stick_on(image: Path, faults: dict[str, Any]) -> FaultyStick:
    """Return a stick.

    Args:
        image: file of its content.
        faults: `bad` and `mute` (lists of blocks), `unplug_at` (number of a command), `read_only`.
    """
    store: Any = ImageStore(image)
    stick = FaultyStick(store, read_only=faults.get("read_only", False))
    stick.bad, stick.mute = set(faults.get("bad", ())), set(faults.get("mute", ()))
    stick.unplug_at = faults.get("unplug_at", 0)
    return stick
