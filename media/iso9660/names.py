"""What ISO 9660 level 1 allows in names, and how the names of a medium are recorded there.

A DICOM File ID ``DICOM/I0000001`` is recorded as ``/DICOM/I0000001.;1``: an empty extension,
its dot, and version 1 (PS3.12 Annex F, ECMA-119 7.5 and 10.1).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from media.source import Name
from reporting import CannotWrite

MAXIMUM_LEVELS: Final = 8  # of directories, the root being the first (ECMA-119 6.8.2.1)
MAXIMUM_PATH: Final = 255  # bytes of a path's identifiers and separators (ECMA-119 6.8.2.1)

# By level; those above the first allow 30 characters of name and extension together.
_LONG_FILE: Final = re.compile(r"(?!.{32})[A-Z0-9_]{1,30}(?:\.[A-Z0-9_]{1,29})?", re.ASCII)
_FILE: Final = {
    1: re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{1,3})?", re.ASCII),
    2: _LONG_FILE,
    3: _LONG_FILE,
}
_ALLOWED: Final = {
    1: "up to 8 of A-Z, 0-9 and _, and an extension of up to 3 where there is one",
    2: "up to 30 of A-Z, 0-9 and _, its extension included where there is one",
    3: "up to 30 of A-Z, 0-9 and _, its extension included where there is one",
}
_FOLDER: Final = {
    level: re.compile(rf"[A-Z0-9_]{{1,{most}}}", re.ASCII)
    for level, most in ((1, 8), (2, 31), (3, 31))
}
_VOLUME: Final = re.compile(r"[A-Z0-9_ ]{0,32}", re.ASCII)


class NameDoesNotFit(CannotWrite):
    """A name cannot be recorded as the file system of the medium demands."""


def file_identifier(component: str, level: int = 1) -> bytes:
    """Return the last component of a name as it is recorded: ``DICOMDIR.;1``, ``README.TXT;1``.

    Raises:
        NameDoesNotFit: it is not up to 8 and up to 3 of ``A-Z 0-9 _`` (ECMA-119 10.1), or of
            another *level* up to 30 together (ECMA-119 7.5.1).
    """
    if not _FILE[level].fullmatch(component):
        raise NameDoesNotFit(
            f"is not a file name of ISO 9660 level {level}",
            printable(component),
            f"Use {_ALLOWED[level]}",
        )
    return f"{component};1".encode() if "." in component else f"{component}.;1".encode()


def folder_identifier(component: str, level: int = 1) -> bytes:
    """Return a folder's name as it is recorded, which is as it is.

    Raises:
        NameDoesNotFit: it is not 1 to 8 of ``A-Z 0-9 _``, or of another *level* 1 to 31
            (ECMA-119 7.6 and 10.1).
    """
    if not _FOLDER[level].fullmatch(component):
        raise NameDoesNotFit(
            f"is not a folder name of ISO 9660 level {level}",
            printable(component),
            f"Use up to {8 if level == 1 else 31} of A-Z, 0-9 and _",
        )
    return component.encode()


def volume_identifier_field(label: str) -> bytes:
    """Return a volume's label as the 32 bytes of its field, padded with spaces.

    Raises:
        NameDoesNotFit: it is longer, or has other characters than a File-set ID may have.
    """
    if not _VOLUME.fullmatch(label):
        raise NameDoesNotFit(
            "is not a label of an ISO 9660 volume",
            printable(label),
            "Use up to 32 of A-Z, 0-9, _ and space",
        )
    return label.encode().ljust(32)


def refuse_unsuited_names(names: Collection[Name], level: int = 1) -> None:
    """Check that all *names* can stand together on one volume of this *level*.

    Raises:
        NameDoesNotFit: one is too deep or too long, badly spelled, there twice, or both file and
            folder.
    """
    refuse_clashes(names)
    refuse_long_paths(names)
    for name in names:
        file_identifier(name[-1], level)
    for component in {component for name in names for component in name[:-1]}:
        folder_identifier(component, level)


def refuse_clashes(names: Collection[Name]) -> None:
    """Check that all *names* can stand together on one volume, however they are spelled.

    Raises:
        NameDoesNotFit: one is too deep, there twice, or both file and folder.
    """
    for name in names:
        if not 1 <= len(name) <= MAXIMUM_LEVELS:
            raise NameDoesNotFit(
                f"has {len(name)} levels",
                shown(name),
                f"Use at least a file name and at most {MAXIMUM_LEVELS - 1} folders above it",
            )
    files = set(names)
    if len(files) < len(names):
        twice = next(name for name, times in Counter(names).items() if times > 1)
        raise NameDoesNotFit("is there twice", shown(twice), "Give every file its own name")
    folders = {name[:-1] for name in names}
    folders.update([name[:depth] for name in folders for depth in range(1, len(name))])
    for name in files & folders:
        raise NameDoesNotFit("is a file and a folder", shown(name), "Rename one of them")


def refuse_long_paths(names: Iterable[Name]) -> None:
    """Check that no path is too long for ISO 9660.

    Raises:
        NameDoesNotFit: one is.
    """
    for name in names:
        # The dot and ";1" of the file count, and so does every folder (ECMA-119 6.8.2.1).
        if len("/".join(name)) + 3 > MAXIMUM_PATH:
            raise NameDoesNotFit("has too long a path", shown(name), "Use shorter names")


def order_key(identifier: bytes) -> tuple[bytes, bytes, int]:
    """Return what records of one directory are sorted by (ECMA-119 9.3).

    Name and extension compare as if padded with spaces, then versions go downwards. Sorting the
    plain bytes is not the same: ``A.;1`` comes before ``A.1;1`` though ``;`` is above ``1``.
    """
    name, _, version = identifier.partition(b";")
    stem, _, extension = name.partition(b".")
    number = int(version) if len(version) <= 5 and version.isdigit() else 0
    return stem.rstrip(b" "), extension.rstrip(b" "), -number


def stripped(recorded: str) -> str:
    """Return a recorded name without its version and without the dot of an empty extension."""
    name, semicolon, version = recorded.rpartition(";")
    if semicolon and version.isdecimal():
        recorded = name
    return recorded.removesuffix(".") or recorded


def shown(name: Name) -> str:
    """Return a name as one line that is safe on a terminal."""
    return printable("/".join(name)) or "/"


def printable(text: str) -> str:
    """Return *text* with everything that could steer a terminal or a log spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
