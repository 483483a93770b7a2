"""The files of a File-set that is to be updated: in a folder, or on a medium in an image."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.scan import Scanned
from dicomdir.walk import PRead
from reporting import CannotRead, CannotWrite, NotSupported, Progress

if TYPE_CHECKING:
    from media import Medium

FileID = tuple[str, ...]

DICOMDIR: Final = ("DICOMDIR",)
CHUNK: Final = 1 << 20  # bytes that are read at once
# Kinds of media in which nothing is changed in place, as an operator calls them.
_MADE_ANEW: Final = {
    "zip": "a ZIP archive",
    "mime": "a mail",
    "udf": "a disc or disk with UDF",
    "iso9660+udf": "a disc with ISO 9660 and UDF",
}


class FileSetFiles(Protocol):
    """What an update asks of the place where the files are; a context that closes it."""

    @property
    def path(self) -> Path:
        """Return what the operator named, of a DICOMDIR its folder."""

    @property
    def kind(self) -> str:
        """Return "folder", or the file system as `media.Medium.kind` has it."""

    @property
    def label(self) -> str:
        """Return the name of the volume, "" for a folder."""

    def scan(self, indexer: Indexer, jobs: int | None, progress: Progress) -> Scanned:
        """Read the header of every file, each once."""

    def name_of(self, source: str) -> FileID:
        """Return the name that a scanned file has on the medium."""

    def own_name(self, source: str) -> FileID | None:
        """Return the name of a file that is to be read from the medium; None: by its path."""

    def shown_as(self, name: FileID) -> FileID:
        """Return how people see the name of a file: of one with a long name, that."""

    def names(self) -> Iterable[FileID]:
        """Return the names of all files that the scan found."""

    def is_taken(self, name: FileID) -> bool:
        """Return whether a file, or a folder with anything in it, bears *name*."""

    def content(self, name: FileID, largest: int) -> bytes | None:
        """Return the bytes of a file; None where there is none of that name.

        Raises:
            CannotRead: it is no regular file, larger than *largest* bytes, or unreadable.
        """

    def pieces(self, name: FileID, offset: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a file from byte *offset* on; raises CannotRead or OSError."""

    def opened(self, name: FileID) -> AbstractContextManager[tuple[PRead, int]]:
        """Hand out what reads a file at any place, and its size; raises CannotRead or OSError."""

    def on_disk(self, instances: Iterable[Instance]) -> AbstractContextManager[dict[str, str]]:
        """Hand out the path of each instance's file where that is not its source."""

    def flaws(self) -> tuple[str, ...]:
        """Return what is missing of the medium itself, in an operator's words."""

    def remnants(self) -> tuple[str, ...]:
        """Return what of the medium no file has and images may be in, in an operator's words."""

    def close(self) -> None: ...


def refuse_encrypted(directory: bytes | None, path: Path) -> None:
    """See that a DICOMDIR is not one of an encrypted medium: its images would be lost from it.

    Raises:
        NotSupported: it is a Secure DICOM File.
    """
    from secure import looks_like_secure_dicom_file

    if directory is not None and looks_like_secure_dicom_file(directory):
        raise NotSupported(
            "is the directory of an encrypted medium: one in plain would name none of its images "
            "and give away whose the others are",
            str(path / DICOMDIR[0]),
            "Open the medium with `jacket decrypt`, and make another one of that: `jacket author`",
        )


def open_file_set(path: Path) -> FileSetFiles:
    """Open what an update was asked for.

    Raises:
        CannotRead: it is neither a folder nor a medium.
        NotSupported: a medium on which nothing can be changed in place.
    """
    from jacket.file_set.folder_files import FolderFiles

    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where it may not look)
        return FolderFiles(path)
    if not os.path.lexists(path):
        raise CannotRead("is not there", str(path), "Name a folder, an image or a drive")
    from jacket.file_set.medium_files import MediumFiles
    from media import open_medium

    medium = open_medium(path)
    kind = _kind_of(medium)
    if kind == "folder":
        medium.close()
        return FolderFiles(path.parent)
    try:
        if kind in _MADE_ANEW:
            raise NotSupported(
                f"is {_MADE_ANEW[kind]}, in which nothing is changed in place",
                str(path),
                "Unpack or copy it to a folder, and make it anew with `jacket author`",
            )
        roots = [entry.name[0] for entry in medium.entries() if len(entry.name) == 1]
        refuse_another_directory(roots, path)
    except BaseException:
        medium.close()
        raise
    return MediumFiles(path, medium)


def _kind_of(medium: "Medium") -> str:
    """Return the kind of what was opened itself, whatever a mail or an archive holds."""
    from media import MailMedium, SealedMail
    from media.nested_image import NestedMedium

    if isinstance(medium, MailMedium | SealedMail):
        return "mime"
    return "zip" if isinstance(medium, NestedMedium) else medium.kind


def refuse_another_directory(roots: Iterable[str], path: Path) -> None:
    """Refuse a DICOMDIR whose name is spelled in another way: a second one would not be right.

    Args:
        roots: names in the root of the File-set.
        path: what errors name.
    """
    for name in roots:
        if name != DICOMDIR[0] and name.upper().startswith(DICOMDIR[0]):
            from media.iso9660.names import stripped

            if stripped(name.upper()) == DICOMDIR[0]:
                raise CannotWrite(
                    f"has its directory under the name {name}, where many programs do not find it",
                    str(path),
                    f"Rename it to {DICOMDIR[0]}, or take it away",
                )


def is_the_directory(item: NotIndexed, files: FileSetFiles) -> bool:
    """Return whether a file that is no instance is the DICOMDIR in the root."""
    return item.kind == "directory" and files.name_of(item.source) == DICOMDIR
