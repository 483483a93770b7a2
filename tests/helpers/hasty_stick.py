"""Writes on a USB stick as a job does, but waits for no answer longer than a test may.

hasty_stick.py NAME BYTES       says in JSON what came of it
"""

import json
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from faulty_target import Image

from drivers.scsi_disk import ScsiDisk
from drivers.transport import Answer, Transport
from drivers.usb.find import open_usb
from drivers.write_stick import write_stick
from reporting import FilmjacketError

_LONGEST = 0.5  # seconds


class Hasty:
    """A way to a device that gives it up soon."""

    def __init__(self, way: Transport) -> None:
        self._way = way
        self.name, self.largest, self.close = way.name, way.largest, way.close

    def execute(self, cdb: bytes, *, timeout: float = 30.0, **more: Any) -> Answer:
        return self._way.execute(cdb, timeout=min(timeout, _LONGEST), **more)


def written(name: str, size: int, **how: Any) -> dict[str, str]:
    """Write an image of *size* bytes; return the error's kind and words, or nothing.

    Args:
        name: of the stick, such as "usb:1-1".
        size: of `faulty_target.Image`.
        how: as `open_usb` takes it.
    """
    try:
        with ScsiDisk(Hasty(open_usb(name, **how))) as disk:
            write_stick(disk, Image(size))
    except FilmjacketError as error:
        return {"error": type(error).__name__, "what": error.what, "remedy": error.remedy}
    return {}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(written(sys.argv[1], int(sys.argv[2]))))
