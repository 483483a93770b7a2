"""Opens whatever an operator names as a medium, or says what it is instead."""

import os
import stat
from pathlib import Path
from typing import Final

from drivers import ImageFile, open_image
from media.entry import Medium
from media.fat.place import find_volume, partitioned_with
from media.fat.read import FatMedium
from media.fat.volume import read_fat_at
from media.folder.read import FolderMedium
from media.iso9660.names import stripped
from media.iso9660.read import Iso9660Medium
from media.iso9660.sessions import session_starts
from media.iso9660.volume import FIRST_DESCRIPTOR, read_volume
from media.mime.open import open_mail
from media.nested_image import opened
from media.udf.bridge_read import BridgeMedium
from media.udf.read import UdfMedium
from media.udf.volume import read_udf, says_udf
from media.zip.read import open_zip
from reporting import CannotRead

_PARTITIONED: Final = "a partitioned disk"
# What lies at a certain byte of what is not for us, and what it is.
_MAGIC: Final = (
    (0, b"PK\x03\x04", "a ZIP archive without a whole file", "Ask for it to be sent again"),
    (0, b"PK\x05\x06", "an empty ZIP archive", "Ask for it to be sent again"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it and name the folder"),
    (0, b"Rar!", "a RAR archive", "Unpack it and name the folder"),
    (0, b"\xd0\xcf\x11\xe0", "an Outlook message or a document", "Save its attachment; name that"),
    (0, b"\x1f\x8b", "a compressed file", "Unpack it and name what was in it"),
    (0, b"\0" + b"\xff" * 10 + b"\0", "a CD image of raw sectors", "Make it again as .iso"),
    (0, b"\x30\x82", "an encrypted or signed file", "Decrypt it first"),
    (0, b"\x30\x80", "an encrypted or signed file", "Decrypt it first"),
    (128, b"DICM", "a single DICOM file", "Name the folder or the medium it is from"),
    (3, b"EXFAT   ", "an exFAT file system", "Mount it and name the folder"),
    (3, b"NTFS    ", "an NTFS file system", "Mount it and name the folder"),
    (54, b"FAT1", "a damaged FAT file system", "Ask for another copy of the medium"),
    (82, b"FAT32", "a damaged FAT file system", "Ask for another copy of the medium"),
    (32768 + 9, b"CDROM", "a High Sierra CD", "Mount it and name the folder"),
    (257, b"ustar", "a TAR archive", "Unpack it and name the folder"),
    (510, b"\x55\xaa", _PARTITIONED, "Mount it and name the folder"),
)


def open_medium(path: Path, *, password: bytes | None = None) -> Medium:
    """Open a folder, an image or a drive with a volume that is known, or a DICOMDIR's folder.

    Known are ISO 9660, UDF and FAT, ZIP archives and mails. An archive that holds nothing but
    the image of a medium is opened as that medium; a mail that is encrypted as a whole is a
    `media.SealedMail` until it is `opened_with` keys.

    Args:
        path: what an operator named.
        password: of a ZIP archive that is encrypted.

    Raises:
        CannotRead: it does not open, or is none of these; the error says what it looks like.
    """
    folder = folder_of(path)
    if folder is not None:
        return FolderMedium(folder)
    image = open_image(path)
    try:
        return _medium_in(image, password)
    except BaseException:
        image.close()
        raise


def folder_of(path: Path) -> Path | None:
    """Return the folder that an operator means by *path*; None where it is to be an image.

    Raises:
        CannotRead: the operating system does not let it be looked at.
    """
    try:
        if path.is_dir():
            return path
        if stripped(path.name.upper()) == "DICOMDIR" and path.is_file():
            return path.parent
    except OSError as error:
        raise CannotRead(
            f"cannot be looked at ({error.strerror})", str(path), "Check your permission"
        ) from error
    return None


def _medium_in(image: ImageFile, password: bytes | None) -> Medium:
    is_zip = _at(image, 0, 2) == b"PK"  # Of others only the end tells that they are archives.
    medium: Medium | None = _archive(image, password, recover=True) if is_zip else None
    if medium is None:
        medium = _volume_on(image)
    if medium is None and not is_zip:
        medium = _archive(image, password, recover=False)
    if medium is None:
        medium = open_mail(image, medium_on, password=password)
    if medium is None:
        raise _not_for_us(image)
    return medium


def _archive(image: ImageFile, password: bytes | None, *, recover: bool) -> Medium | None:
    archive = open_zip(image, image.path, password=password, recover=recover)
    if archive is None or not archive.members:
        return None
    archive.on_close(image.close)
    return opened(archive, image.path, medium_on)


def medium_on(image: ImageFile) -> Medium:
    """Open the volume on an image, or on a drive that is read as one; no archive, no mail.

    Raises:
        CannotRead: it has none that is known.
    """
    medium = _volume_on(image)
    if medium is None:
        raise _not_for_us(image)
    return medium


def _volume_on(image: ImageFile) -> Medium | None:
    fat = find_volume(image)
    # An image of a disc may start computers by a FAT volume, and a stick may have kept what was
    # once a disc's in the gap before its partition.
    if fat is None or not fat.is_certain:
        optical = _optical_disc(image)
        if optical is not None:
            return optical
    return None if fat is None else FatMedium(image, read_fat_at(image, fat))


def _optical_disc(image: ImageFile) -> Medium | None:
    *earlier, first = session_starts(image) if _is_file(image) else (FIRST_DESCRIPTOR,)
    volume = read_volume(image, tuple(earlier), first=first)
    if volume is None:
        udf = read_udf(image)
        return None if udf is None else UdfMedium(image, udf)
    medium = Iso9660Medium(image, volume)
    return BridgeMedium(image, medium) if says_udf(image) else medium


def _is_file(image: ImageFile) -> bool:
    """Whether sessions are to be looked for: a drive tells where the last one is, and is slow."""
    return stat.S_ISREG(os.fstat(image.fileno()).st_mode)


def _not_for_us(image: ImageFile) -> CannotRead:
    kind, remedy = _looks_like(image)
    return CannotRead(f"is {kind} and not a medium that can be read here", image.path, remedy)


def _looks_like(image: ImageFile) -> tuple[str, str]:
    if not image.size:
        return "empty", "Check that a medium is inserted, or ask for the file again"
    for offset, magic, kind, remedy in _MAGIC:
        if _at(image, offset, len(magic)) == magic:
            if kind == _PARTITIONED and (what := partitioned_with(image)):
                return f"{kind} with {what}", remedy
            return kind, remedy
    kind = "not an image with a file system that is known (ISO 9660, UDF, FAT), no ZIP, no mail,"
    return kind, "Name a folder, a DICOMDIR file, or another copy: this one may be damaged"


def _at(image: ImageFile, offset: int, length: int) -> bytes:
    return image.pread(length, offset) if offset + length <= image.size else b""
