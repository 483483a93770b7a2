"""What a file is that is not DICOM, as far as it concerns the operator."""

import re
from collections.abc import Callable
from typing import Final

from dicomdir.meta_group import PREAMBLE, PREFIX
from secure import looks_like_secure_dicom_file

# How it begins → what it is, and the kind it is left out as (see instance.KINDS). Programs and
# pages belong to the viewer of some other disc; pictures, documents and archives may be meant.
_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive: unpack it and name the folder", "not-dicom"),
    (b"\x1f\x8b", "a gzip archive: unpack it and name the folder", "not-dicom"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it and name the folder", "not-dicom"),
    (b"Rar!", "a RAR archive: unpack it and name the folder", "not-dicom"),
    (b"%PDF", "a PDF document", "not-dicom"),
    (b"\xff\xd8\xff", "a JPEG picture", "not-dicom"),
    (b"\x89PNG", "a PNG picture", "not-dicom"),
    (b"SIMPLE  =", "a FITS picture", "not-dicom"),
    (b"MZ", "a Windows program", "foreign"),
    (b"\x7fELF", "a Linux program", "foreign"),
    (b"\xca\xfe\xba\xbe", "a Java or macOS program", "foreign"),
    (b"<?xml", "an XML text", "foreign"),
    (b"<!DOCTYPE", "a web page", "foreign"),
    (b"<html", "a web page", "foreign"),
)
PREFIX_END: Final = PREAMBLE + len(PREFIX)  # bytes of a DICOM file up to the end of its prefix
_TEXT: Final = frozenset((*range(0x20, 0x7F), 0x09, 0x0A, 0x0D))
_LOOKED_AT: Final = 2048  # bytes; enough to tell a text from anything else
_LITTER: Final = frozenset((".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.ini", "ehthumbs.db"))
# What a job of ours makes beside its target until that is complete: the number of the process.
_ASIDE: Final = re.compile(r"\..+\.partial-[0-9]+(?:-work)?", re.DOTALL)


def litter(name: str, begins_as_dicom: Callable[[], bool]) -> str:
    """Return why a file of this *name* is never meant; "" where it may be.

    It is one that operating systems drop, or one that a job of ours has not made complete.

    Args:
        name: of the file, without its folders.
        begins_as_dicom: looks into it, as a name alone makes no image worthless; `is_prefixed` of
            its beginning.
    """
    if (name in _LITTER or name.startswith("._")) and not begins_as_dicom():
        return "a file of the operating system"
    return unfinished(name)


def is_prefixed(head: bytes) -> bool:
    """Return whether a file that begins with *head* says that it is DICOM (PS3.10 7.1)."""
    return head[PREAMBLE:PREFIX_END] == PREFIX


def unfinished(name: str) -> str:
    """Return why a file or folder of this *name* is not taken in; "" where it is none of ours."""
    if name.startswith(".") and _ASIDE.fullmatch(name):
        return "left by a job that was stopped, or is still being written"
    return ""


def what_it_is(head: bytes) -> tuple[str, str]:
    """Return a reason for the operator and a kind, for a file that begins with *head*."""
    if not head:
        return "not DICOM: the file is empty", "not-dicom"
    if looks_like_secure_dicom_file(head):
        return "a Secure DICOM File: it needs a password or a key to be opened", "secure"
    for magic, name, kind in _MAGIC:
        if head.startswith(magic):
            return f"not DICOM: {name}", kind
    if not head.strip(b"\0"):
        return (
            "not DICOM: it begins with zeros only; if it is a disc image, open it and name the "
            "folder",
            "not-dicom",
        )
    if _is_text(head[:_LOOKED_AT]):
        return "not DICOM: a text", "foreign"
    return (
        "not DICOM: no DICM prefix at byte 128, and no data set that can be read at the beginning",
        "not-dicom",
    )


def _is_text(head: bytes) -> bool:
    if _TEXT.issuperset(head):
        return True
    try:
        decoded = head[: len(head) - 3].decode("utf-8")  # a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return len(decoded) > 8 and all(c.isprintable() or c in "\t\r\n\ufeff" for c in decoded)
