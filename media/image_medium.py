"""What the media have in common whose files are runs of bytes of an image."""

from abc import abstractmethod

from drivers import ImageFile
from drivers.closing import ClosesItself
from media.demands import asked
from media.entry import Entry
from media.extents import ExtentFile, open_entry
from reporting import Finding


class ImageMedium(ClosesItself):
    """Reads from the image it was given and closes it in the end."""

    def __init__(self, image: ImageFile) -> None:
        self._image = image

    def open(self, entry: Entry) -> ExtentFile:
        """Open a file of this medium.

        Raises:
            CannotRead: it is not whole on the medium.
        """
        return open_entry(self._image, entry)

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return every departure as a file system; with *demands* those of a kind of medium."""
        return asked(self._findings, demands)

    def close(self) -> None:
        self._image.close()

    @property
    @abstractmethod
    def _findings(self) -> list[Finding]:
        """Return what is wrong by all rules, whatever the kind of medium."""
