"""Burns a file through /dev/sr0 and reads it back, with data that lie in several places.

    python scattered_burn.py IMAGE COPY

Our own recorder hands over one place; others' burners may hand over a list of them.
"""

import ctypes
import itertools
import sys
from fcntl import ioctl
from pathlib import Path
from typing import Any

from drivers.mmc.recorder import Recorder
from drivers.sg_io import SgIo

_BLOCK = 2048
_LENGTHS = (1, 0, 4095, 2048, 30_000)  # bytes of the places, again and again
_TOO_MUCH = 512  # bytes that the last place is longer than the data


class _Vector(ctypes.Structure):
    """The sg_iovec_t of scsi/sg.h."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _scattered(fd: int, request: int, header: Any) -> int:
    """Send a request of SG_IO with its data in several places."""
    if not header.dxfer_len:
        return int(ioctl(fd, request, header))
    vectors, at = [], 0
    for length in itertools.cycle(_LENGTHS):
        vectors.append(_Vector(header.dxferp + at if length else None, length))
        at += length
        if at >= header.dxfer_len:
            break
    vectors[-1].length += header.dxfer_len + _TOO_MUCH - at
    table = (_Vector * len(vectors))(*vectors)
    header.iovec_count, header.dxferp = len(table), ctypes.addressof(table)
    return int(ioctl(fd, request, header))


def main(image: Path, copy: Path) -> None:
    data = image.read_bytes()
    blocks = len(data) // _BLOCK
    with Recorder(SgIo("/dev/sr0", ioctl=_scattered)) as recorder:
        recorder.write(blocks, [data])
        copy.write_bytes(b"".join(recorder.read(0, blocks)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
