"""A drive that can be lent to another program, which wants it for itself."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from drivers.mmc.recorder import Recorder
from drivers.sg_io import SgIo
from reporting import FilmjacketError


class DeviceRecorder(Recorder):
    """The drive behind a device node."""

    def __init__(self, path: str) -> None:
        """Open the drive at *path*.

        Raises:
            CannotOpen: it is not there, in use, or not for this user.
        """
        self.path = path
        super().__init__(SgIo(path))

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Hand out the path of a drive that nobody has open; afterwards it is ours again.

        Raises:
            CannotOpen: the other program has not let it go.
        """
        self._unit.transport.close()
        try:
            yield self.path
        finally:
            # It lets the medium go at its end, and leaves it locked in when it is killed before.
            self._locked = True
            self._unit.transport = SgIo(self.path)
            if self._is_held:
                with suppress(FilmjacketError):  # What is read back tells what is in.
                    self.lock()
