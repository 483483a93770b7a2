"""What can be wrong with a mail or a MIME entity that carries a File-set, one row a rule."""

from typing import Final

from media.finding_list import FindingList
from reporting import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_MAKE_AGAIN: Final = "Make the mail again with software that knows DICOM mail"
_SEND_AGAIN: Final = "Ask for the mail to be sent again"
_NOTHING: Final = "Nothing needs to be done"

_MESSAGE: Final = (
    Rule(
        "MIM-VERSION",
        _ERROR,
        "the header MIME-Version: 1.0 is missing",
        _MAKE_AGAIN,
        "PS3.12 W; RFC 2045 4",
    ),
    Rule(
        "MIM-CUT",
        _ERROR,
        "the mail ends before the last of its parts does",
        _SEND_AGAIN,
        "PS3.12 W; RFC 2046 5.1.1",
    ),
    Rule(
        "MIM-MULTIPART",
        _ERROR,
        "the files are not parts of one multipart/mixed or multipart/related",
        _MAKE_AGAIN,
        "PS3.12 K.1.1",
    ),
    Rule(
        "MIM-TOO-MANY",
        _ERROR,
        "there are more parts, or parts in parts, than any mail has; the rest was not read",
        "Do not use this mail",
        "Filmjacket",
    ),
    Rule(
        "MIM-SEVERAL",
        _WARNING,
        "the mail carries more than one File-set; this part was not read",
        "Save the attachment and look at it on its own",
        "PS3.12 K.1.1, V, W",
    ),
    Rule(
        "MIM-FRAGMENT",
        _ERROR,
        "a part is a piece of a mail that was sent in several",
        "Let a mail program put the pieces together and save the whole mail",
        "PS3.12 W; RFC 2046 5.2.2",
    ),
)

_PARTS: Final = (
    Rule(
        "MIM-TYPE",
        _ERROR,
        "a DICOM file is not of the type application/dicom",
        _MAKE_AGAIN,
        "PS3.12 K.1.2",
    ),
    Rule(
        "MIM-ENCODING",
        _ERROR,
        "the Content-Transfer-Encoding of a part is none that is known; it cannot be read",
        _SEND_AGAIN,
        "PS3.12 W; RFC 2045 6",
    ),
    Rule(
        "MIM-BASE64",
        _ERROR,
        "the text that stands for the bytes of a part is damaged or cut off",
        _SEND_AGAIN,
        "PS3.12 W; RFC 2045 6.8",
    ),
    Rule(
        "MIM-ID",
        _ERROR,
        "the parameter id of a part is not a File ID with slashes of at most 71 characters",
        _MAKE_AGAIN,
        "PS3.12 K.1.2",
    ),
    Rule(
        "MIM-ID-MISSING",
        _ERROR,
        "a part has no parameter id though there is a DICOMDIR that names the files",
        _MAKE_AGAIN,
        "PS3.12 K.1.2, K.1.2.1",
    ),
    Rule(
        "MIM-ID-UNSAFE",
        _ERROR,
        "the parameter id of a part leads elsewhere; it was read without what leads there",
        "Do not save this mail's attachments; ask the sender what it is",
        "PS3.12 K.1.2",
    ),
    Rule(
        "MIM-ID-DUPLICATE",
        _ERROR,
        "two parts have the same parameter id",
        _SEND_AGAIN,
        "PS3.12 K.1.2",
    ),
    Rule(
        "MIM-NAME",
        _ERROR,
        "the parameter name is not the last part of the id and .dcm (DICOMDIR: without)",
        _MAKE_AGAIN,
        "PS3.12 K.1.2",
    ),
    Rule(
        "MIM-OTHER",
        _NOTE,
        "something else is attached besides the archive; it was not read",
        _NOTHING,
        "PS3.12 W",
    ),
)

_ZIP: Final = (
    Rule(
        "MIM-SUBJECT",
        _ERROR,
        "the phrase DICOM-ZIP is not in the subject",
        "Send it again with DICOM-ZIP in the subject",
        "PS3.11 L.3.2; PS3.12 W",
    ),
    Rule(
        "MIM-ZIP-TYPE",
        _ERROR,
        "the archive is not attached as application/zip",
        _MAKE_AGAIN,
        "PS3.11 L.3.2",
    ),
    Rule(
        "MIM-ZIP-NAME",
        _ERROR,
        "the attachment has not the id, the name and the file name DICOM.ZIP",
        "Name the archive DICOM.ZIP and attach it again",
        "PS3.11 L.3.2",
    ),
    Rule(
        "MIM-DISPOSITION",
        _ERROR,
        "the archive is not marked as an attachment",
        _MAKE_AGAIN,
        "PS3.11 L.3.2",
    ),
)

RULES: Final = (*_MESSAGE, *_PARTS, *_ZIP)


def new_list() -> FindingList:
    """Return an empty list for findings by these rules."""
    return FindingList(RULES)
