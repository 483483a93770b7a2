"""An image of a disc or stick that was sent in a ZIP archive instead of its files.

It is unpacked to a file without a name and opened as what it is: once, and no deeper.
"""

import os
from collections.abc import Callable
from typing import Final

from drivers import ImageFile
from media.enclosing import EnclosedMedium
from media.entry import Medium
from media.iso9660.names import shown
from media.spool import Spool, no_room
from media.zip.archive import Member
from media.zip.read import ZipMedium
from media.zip.rules import RULES
from reporting import CannotRead, Finding

_IMAGES: Final = (".iso", ".img")
_MOST_BESIDE: Final = 8  # files, such as a README or a list of checksums
_CHUNK: Final = 1 << 20  # bytes
_RULE: Final = {rule.id: rule for rule in RULES}["ZIP-IMAGE"]


def image_in(archive: ZipMedium) -> Member | None:
    """Return the one image that an archive is about; None where it holds other things."""
    images = [m for m in archive.members if m.recorded.lower().endswith(_IMAGES)]
    if len(images) != 1 or len(archive.members) > 1 + _MOST_BESIDE:
        return None
    beside = sum(m.size for m in archive.members if m is not images[0])
    return images[0] if beside * 100 <= images[0].size else None


def unpacked(archive: ZipMedium, member: Member, path: str) -> ImageFile:
    """Return an image of an archive as one that can be read at any place.

    Raises:
        CannotRead: it is damaged or may not be unpacked, or there is no room for it.
    """
    import shutil  # Seldom needed, and not light.
    import tempfile

    where = f"{path}: {shown(member.name)}"
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if member.size > free:
        raise CannotRead(
            f"needs {member.size} bytes to be unpacked, and {free} are free",
            where,
            "Set TMPDIR to a folder that has room, or unpack it and name the image",
        )
    try:
        with archive.open_member(member) as content, tempfile.TemporaryFile() as file:
            if isinstance(content, Spool):
                content.into(file)
            else:
                for at in range(0, content.size, _CHUNK):
                    file.write(content.pread(min(_CHUNK, content.size - at), at))
            file.flush()
            return ImageFile(os.dup(file.fileno()), where, member.size)
    except OSError as error:
        raise no_room(error) from error


class NestedMedium(EnclosedMedium):
    """The medium whose image an archive holds; says so among the findings."""

    def __init__(self, inner: Medium, archive: ZipMedium, image: Member) -> None:
        """Take over both: the medium in the image, and the archive that holds the image."""
        super().__init__(inner)
        self._archive, self._image = archive, image

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return what is wrong with the archive and with the medium in it."""
        # Of names in an archive the rules speak that has the files themselves in it.
        around = [
            finding
            for finding in self._archive.findings()
            if finding.rule not in ("ZIP-NAME", "ZIP-INSIDE", "ZIP-FOLDER")
        ]
        return [_RULE.at(shown(self._image.name)), *around, *self.files.findings(demands)]

    def close(self) -> None:
        self.files.close()
        self._archive.close()


def opened(
    archive: ZipMedium, path: str, medium_on: Callable[[ImageFile], Medium]
) -> ZipMedium | NestedMedium:
    """Return an archive, or the medium whose image it holds.

    Args:
        archive: what was found.
        path: what errors call it.
        medium_on: opens an image; raises CannotRead where it is none.

    Raises:
        CannotRead: the image in the archive cannot be unpacked or is no medium.
    """
    member = image_in(archive)
    if member is None or member.fault is not None:
        return archive
    image = unpacked(archive, member, path)
    try:
        return NestedMedium(medium_on(image), archive, member)
    except BaseException:
        image.close()
        raise
