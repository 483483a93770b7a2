"""What stands in a mail besides what it carries: headers, the letter, and what parts the parts."""

from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, getaddresses
from hashlib import sha256
from typing import Final, NamedTuple

from media.iso9660.names import printable
from media.mime.transfer_encoding import encoded
from media.source import Name
from reporting import CannotWrite

_LONGEST_HEADER: Final = 900  # characters of an address or a subject; a line has 998
_TEXT: Final = (
    "The attached DICOM images belong together. Save what is attached into one folder, unpack it "
    "where it is a ZIP archive, and open the folder with a DICOM viewer."
)


class Envelope(NamedTuple):
    """What is on the outside of a mail. What is empty is left to the mail program."""

    sender: str = ""  # as in From
    recipient: str = ""  # as in To
    subject: str = ""
    text: str = _TEXT  # the letter


def boundary_of(recorded: datetime, names: Sequence[Name]) -> str:
    """Return what separates the parts: the same for the same mail, and never part of base64."""
    seed = "\n".join([recorded.isoformat(), *("/".join(name) for name in names)])
    return f"=_{sha256(seed.encode()).hexdigest()[:40]}"


def mail_headers(envelope: Envelope, recorded: datetime, *, is_draft: bool = True) -> bytes:
    """Return the headers of the mail itself, before those that tell what its body is."""
    fields = [("Date", format_datetime(recorded))]
    for name, value in (
        ("From", envelope.sender),
        ("To", envelope.recipient),
        ("Subject", envelope.subject),
    ):
        if value:
            fields.append((name, _field(name, value)))
    if is_draft and not envelope.sender:
        fields.append(("X-Unsent", "1"))  # Mail programs open it to be completed and sent.
    fields.append(("MIME-Version", "1.0"))
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("ascii")


def multipart_header(boundary: str) -> bytes:
    """Return the header that begins the parts, and the empty line behind it."""
    return f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")


def _field(name: str, value: str) -> str:
    """Return what a header says, in nothing but ASCII (RFC 2047)."""
    if not value.isprintable() or len(value) > _LONGEST_HEADER:
        raise CannotWrite(
            "has characters that no header of a mail has, or too many",
            f"{name}: {printable(value[:60])}",
            "Use one line of plain text",
        )
    if value.isascii():
        return value
    if name == "Subject":
        return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
    try:
        return ", ".join(formataddr(pair) for pair in getaddresses([value]))
    except UnicodeError as error:
        raise CannotWrite(
            "has an address that is not of plain letters", name, "Spell the address in ASCII"
        ) from error


def letter_part(text: str, boundary: str) -> bytes:
    """Return the first part: what the recipient reads."""
    body = encoded([text.replace("\n", "\r\n").encode()]) if text else iter(())
    kind = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return f"--{boundary}\r\n".encode() + kind + b"".join(body)


def delimiter(boundary: str) -> bytes:
    """Return the line that begins a part."""
    return f"\r\n--{boundary}\r\n".encode()


def closing(boundary: str) -> bytes:
    """Return the line behind the last part."""
    return f"\r\n--{boundary}--\r\n".encode()


def part_headers(name: Name) -> bytes:
    """Return the headers of a file that is a part of its own (PS3.12 K.1.2)."""
    last = name[-1]
    if "." in last:
        return attachment_headers("application/octet-stream", last, "")
    title = last if name == ("DICOMDIR",) else f"{last}.dcm"
    return attachment_headers("application/dicom", title, "/".join(name))


def attachment_headers(kind: str, name: str, identifier: str) -> bytes:
    """Return the headers of something attached; *identifier* is its id, where it has one."""
    # The names are of a few plain characters, so that nothing needs to be escaped.
    parameters = [f'id="{identifier}"'] if identifier else []
    lines = [
        ";\r\n ".join([f"Content-Type: {kind}", *parameters, f'name="{name}"']),
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment;\r\n filename="{name}"',
        "",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")
