"""What can be wrong with a ZIP archive that is to be a DICOM medium, one row a rule."""

from typing import Final

from media.finding_list import FindingList
from reporting import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_SEND_AGAIN: Final = "Ask for the archive to be made or sent again"
_SUSPECT: Final = "Do not unpack this archive with other programs; ask the sender what it is"
_RENAME: Final = "Rename it to what PS3.10 allows and make the archive again"
_NOTHING: Final = "Nothing needs to be done"
_PLAIN: Final = "Make the archive again with the usual compression (Deflate) and no password"
_NOT_ENCRYPTED: Final = (
    "Make the archive again without a password, or ask the sender to; it is read with "
    "--password-file FILE"
)

_ARCHIVE: Final = (
    Rule(
        "ZIP-DIRECTORY-GONE",
        _ERROR,
        "the central directory is missing or broken; files were found by their own headers",
        _SEND_AGAIN,
        "PS3.12 Annex V; APPNOTE 4.3.6",
    ),
    Rule(
        "ZIP-COUNT",
        _ERROR,
        "the central directory has not as many entries as it says",
        _SEND_AGAIN,
        "PS3.12 Annex V; APPNOTE 4.4.22",
    ),
    Rule(
        "ZIP-PREFIX",
        _WARNING,
        "something else stands before the archive, such as a program that unpacks it",
        "Make the archive again as a plain ZIP file; nothing in front of it was run",
        "PS3.12 Annex V; APPNOTE 4.1.9",
    ),
    Rule(
        "ZIP-TRAILING",
        _NOTE,
        "the file goes on after the end of the archive",
        _NOTHING,
        "APPNOTE 4.3.16",
    ),
    Rule(
        "ZIP-HIDDEN",
        _WARNING,
        "there is a file that the central directory does not name; some programs show it",
        _SUSPECT,
        "APPNOTE 4.3.6",
    ),
    Rule(
        "ZIP-OVERLAP",
        _ERROR,
        "two files lie in the same bytes; only the first of them is read",
        _SUSPECT,
        "APPNOTE 4.3.6",
    ),
    Rule(
        "ZIP-BOMB",
        _ERROR,
        "what is in the archive is beyond all measure of its size; it is not read",
        _SUSPECT,
        "Filmjacket",
    ),
    Rule(
        "ZIP-TOO-MANY",
        _ERROR,
        "there are more entries than any medium has; the rest was not read",
        "Do not use this archive",
        "Filmjacket",
    ),
    Rule(
        "ZIP-INSIDE",
        _NOTE,
        "an archive or an image of a medium in the archive was not opened",
        "Unpack it and look at it on its own",
        "Filmjacket",
    ),
    Rule(
        "ZIP-IMAGE",
        _WARNING,
        "the archive holds the image of a medium instead of its files; the image was read",
        "Send the files themselves in the archive, with DICOMDIR at its root",
        "PS3.12 Annex V",
    ),
    Rule(
        "ZIP-FOLDER",
        _WARNING,
        "everything is in one folder and nothing at the root of the archive",
        "Make the archive again from what is in the folder, so that DICOMDIR is at its root",
        "PS3.12 Annex V",
    ),
)

_NAMES: Final = (
    Rule(
        "ZIP-NAME",
        _WARNING,
        "a name is longer than 8.3, or has other characters than A-Z 0-9 _",
        _RENAME,
        "PS3.12 Annex V; PS3.10 8.2",
    ),
    Rule(
        "ZIP-NAME-UNSAFE",
        _ERROR,
        "a name leads out of the archive; the file was read without what leads out of it",
        _SUSPECT,
        "PS3.12 Annex V; APPNOTE 4.4.17",
    ),
    Rule(
        "ZIP-NAME-NONE",
        _ERROR,
        "a file has no name that can be used: none, too long, or leading out; it was not read",
        _SUSPECT,
        "PS3.12 Annex V; APPNOTE 4.4.17",
    ),
    Rule(
        "ZIP-NAME-BACKSLASH",
        _ERROR,
        "the parts of a name are separated by backslashes",
        "Make the archive again with a program that separates by slashes",
        "APPNOTE 4.4.17.1",
    ),
    Rule(
        "ZIP-NAME-DUPLICATE",
        _ERROR,
        "a name is there twice, or is a file and a folder; programs differ in which they show",
        _SEND_AGAIN,
        "PS3.12 Annex V",
    ),
    Rule(
        "ZIP-DEPTH",
        _WARNING,
        "a file is below the eighth level",
        "Make the archive again with folders less deep",
        "PS3.12 Annex V; PS3.10 8.2",
    ),
)

_ENTRIES: Final = (
    Rule(
        "ZIP-LOCAL",
        _ERROR,
        "the header in front of a file is missing; it cannot be read",
        _SEND_AGAIN,
        "APPNOTE 4.3.7",
    ),
    Rule(
        "ZIP-LOCAL-DIFFERS",
        _ERROR,
        "the header in front of a file does not say what the central directory says",
        _SUSPECT,
        "APPNOTE 4.3.7, 4.3.12",
    ),
    Rule(
        "ZIP-OUTSIDE",
        _ERROR,
        "a file lies beyond the end of the archive; it cannot be read",
        _SEND_AGAIN,
        "APPNOTE 4.3.6",
    ),
    Rule(
        "ZIP-LINK",
        _ERROR,
        "an entry is a link or a special file; it was not followed",
        "Put the file itself in its place",
        "PS3.12 Annex V",
    ),
    Rule(
        "ZIP-DATE",
        _WARNING,
        "the date and time of a file are none",
        _NOTHING,
        "APPNOTE 4.4.6",
    ),
    Rule(
        "ZIP-FOLDER-CONTENT",
        _WARNING,
        "a folder has content as if it were a file; it is not read",
        _SUSPECT,
        "APPNOTE 4.3.8",
    ),
    Rule(
        "ZIP-ENCRYPTED",
        _ERROR,
        "files are encrypted with a password, which the receivers of a File-set cannot know",
        _NOT_ENCRYPTED,
        "PS3.12 Annex V; PS3.11 L.3.4",
    ),
    Rule(
        "ZIP-ENCRYPTED-AES",
        _ERROR,
        "files are encrypted with AES and a password, which the receivers cannot know",
        _NOT_ENCRYPTED,
        "PS3.12 Annex V; PS3.11 L.3.4",
    ),
    Rule(
        "ZIP-ENCRYPTED-STRONG",
        _ERROR,
        "files are encrypted in a way that few programs know; they are not read here",
        "Unpack it with the program that made it, and name the folder",
        "PS3.12 Annex V; PS3.11 L.3.4",
    ),
    Rule(
        "ZIP-METHOD",
        _ERROR,
        "a file is compressed by a method that is not read here",
        "Unpack it with 7-Zip and name the folder, or ask for it in the usual compression",
        "PS3.12 Annex V; APPNOTE 4.4.5",
    ),
    Rule(
        "ZIP-METHOD-RARE",
        _WARNING,
        "a file is compressed by a method that few programs read",
        _PLAIN,
        "PS3.12 Annex V; APPNOTE 4.4.5",
    ),
)

RULES: Final = (*_ARCHIVE, *_NAMES, *_ENTRIES)
REMEDIES: Final = {rule.id: rule.remedy for rule in RULES}


def new_list() -> FindingList:
    """Return an empty list for findings by these rules."""
    return FindingList(RULES)
