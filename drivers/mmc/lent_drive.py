"""A drive that can be lent to another program, which wants it for itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from drivers.mmc.recorder import Recorder
from drivers.sg_io import SgIo
from drivers.transport import Answer


class _Reopened:
    """A device node that can be closed and opened again."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: SgIo = SgIo(path)
        self.name, self.largest = self._open.name, self._open.largest

    def execute(
        self,
        cdb: bytes,
        *,
        data_out: bytes | memoryview = b"",
        length: int = 0,
        timeout: float = 30.0,
    ) -> Answer:
        return self._open.execute(cdb, data_out=data_out, length=length, timeout=timeout)

    def close(self) -> None:
        self._open.close()

    def open(self) -> None:
        self._open = SgIo(self._path)


class DeviceRecorder(Recorder):
    """The drive behind a device node."""

    def __init__(self, path: str) -> None:
        """Open the drive at *path*.

        Raises:
            CannotOpen: it is not there, in use, or not for this user.
        """
        self.path = path
        self._device = _Reopened(path)
        super().__init__(self._device)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Hand out the path of a drive that nobody has open; afterwards it is ours again.

        Raises:
            CannotOpen: the other program has not let it go.
        """
        self._device.close()
        try:
            yield self.path
        finally:
            self._device.open()
