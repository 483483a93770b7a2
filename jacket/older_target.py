"""What stands under a target's name: a medium that may be replaced, or what must not be lost."""

from pathlib import Path
from typing import Final, NamedTuple

from drivers import ImageFile, open_image
from reporting import CannotRead, CannotWrite

_DIRECTORY: Final = ("DICOMDIR",)
_PHRASE: Final = "DICOM-ZIP"  # in the subject of a mail with an archive (PS3.11 L.3.2)
_ARCHIVE: Final = "DICOM.ZIP"  # name of what is attached to it
_SEALED: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")


class OlderTarget(NamedTuple):
    """A medium that is there, and is lost when its name is taken."""

    what: str  # such as "disc image"
    label: str  # of its volume; "" where it has none

    def told(self, target: Path, *, dry_run: bool) -> str:
        """Return in words that making *target* replaced it, or would."""
        label = f" (label {self.label})" if self.label else ""
        verb, is_there = ("would replace", "is") if dry_run else ("replaced", "was")
        return f"{target}: {verb} the {self.what} that {is_there} there{label}"


# Suffix → what it is to hold already, so that it may be replaced.
_MEANT: Final = {
    ".iso": "a disc image with a DICOMDIR",
    ".img": "an image of a disc, stick or card with a DICOMDIR",
    ".zip": "a ZIP archive with a DICOMDIR",
    ".eml": "a mail with DICOM",
}


def older_target(target: Path, suffix: str) -> OlderTarget | None:
    """Return the medium that is lost when *target* is made; None where nothing is.

    Its content decides, not its name. An empty file is nothing that could be lost.

    Args:
        target: a name that may be taken by a regular file.
        suffix: what is to be made: ".iso", ".img", ".zip" or ".eml".

    Raises:
        CannotWrite: it holds something else than such a medium, or cannot be looked at.
    """
    if not target.is_file() or not target.stat().st_size:
        return None
    try:
        with open_image(target) as image:
            found = _found(image, suffix)
    except CannotRead:
        found = None
    if found is None:
        raise CannotWrite(
            f"is there and holds something else than {_MEANT[suffix]}: it is not replaced",
            str(target),
            "Choose another name, or move that file away first",
        )
    return found


def _found(image: ImageFile, suffix: str) -> OlderTarget | None:
    if suffix == ".zip":
        return _archive(image)
    if suffix == ".eml":
        return _mail(image)
    return _volume(image, discs_only=suffix == ".iso")


def _volume(image: ImageFile, *, discs_only: bool) -> OlderTarget | None:
    from media.medium import medium_on

    medium = medium_on(image)  # It closes the image, which does no harm to be done twice.
    is_fat = medium.kind.startswith("fat")
    if medium.find_tolerant(_DIRECTORY) is None or (is_fat and discs_only):
        return None
    what = "image of a stick or card" if is_fat else "disc image"
    return OlderTarget(what, medium.label)


def _archive(image: ImageFile) -> OlderTarget | None:
    from media.zip.archive import read_archive

    archive = read_archive(image, image.path)
    has_one = archive is not None and any(m.name == _DIRECTORY for m in archive.members)
    return OlderTarget("ZIP archive", "") if has_one else None


def _mail(image: ImageFile) -> OlderTarget | None:
    """Look at the outside of a mail: what is attached is not unpacked for this."""
    from media.mime.parts import read_mail

    mail = read_mail(image)
    if mail.type.value in _SEALED:  # By whom it opens is not known; its subject tells.
        return OlderTarget("encrypted mail", "") if _PHRASE in mail.subject else None
    carries = any(p.name == _ARCHIVE or p.type.value == "application/dicom" for p in mail.parts)
    return OlderTarget("mail", "") if carries else None
