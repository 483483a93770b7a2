"""The process behind `faulty_disk`: one file, served by FUSE, that fails where it is told to."""

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

from mfusepy import FUSE, FuseOSError, Operations

_NAME = "disk"


class OneFile(Operations):
    use_ns = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd = os.open(folder / "image", os.O_RDWR)

    def _faults(self) -> dict[str, Any]:
        faults: dict[str, Any] = json.loads((self._folder / "faults").read_text())
        if faults.get("gone"):
            raise FuseOSError(errno.EIO)
        return faults

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        if path == "/":
            return {"st_mode": 0o40700, "st_nlink": 2}
        if path != f"/{_NAME}":
            raise FuseOSError(errno.ENOENT)
        size = os.fstat(self._fd).st_size
        return {"st_mode": 0o100600, "st_nlink": 1, "st_size": size}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", _NAME]

    def open(self, path: str, flags: int) -> int:
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        if _touches(self._faults().get("bad_read", ()), offset, size):
            raise FuseOSError(errno.EIO)
        return os.pread(self._fd, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        faults = self._faults()
        if _touches(faults.get("bad_write", ()), offset, len(data)):
            raise FuseOSError(errno.EIO)
        if offset + len(data) > faults.get("full_after", 1 << 62):
            raise FuseOSError(errno.ENOSPC)
        if _touches(faults.get("dull", ()), offset, len(data)):
            return len(data)
        return os.pwrite(self._fd, data, offset)

    def flush(self, path: str, fh: int) -> int:
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        return 0

    def release(self, path: str, fh: int) -> int:
        return 0


def _touches(spans: Any, offset: int, length: int) -> bool:
    return any(offset <= last and offset + length > first for first, last in spans)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    # Past the page cache of FUSE, or it would answer what was to fail.
    FUSE(OneFile(where), str(where / "mount"), foreground=True, direct_io=True)
