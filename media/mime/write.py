"""Makes mails that carry a File-set, ready to be opened in a mail program and sent.

One carries a ZIP archive (PS3.12 W and V, PS3.11 L.3.2), the other the files themselves as parts
(PS3.12 K). No address is made up: a mail without a sender is marked as a draft.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, getaddresses
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from drivers import ImageFile, open_image
from media.aside import file_aside, refuse_too_much, refuse_without_space, working_folder
from media.copying import Copier, contents
from media.iso9660.names import NameDoesNotFit, printable, refuse_unsuited_names, shown
from media.mime.transfer_encoding import LINE_BYTES, decoded_pieces, encoded, encoded_size
from media.source import DigestList, Name, NamedSource, Written
from media.volume_plan import PlannedFile
from media.volume_write import planned_files
from media.zip.write import digest_of_file, listed, write_zip
from reporting import CannotWrite, Progress, silent

_PHRASE: Final = "DICOM-ZIP"  # in the subject (PS3.11 L.3.2)
_ARCHIVE: Final = "DICOM.ZIP"
_PIECE: Final = LINE_BYTES * 18_000  # bytes read at once: about a megabyte of whole lines
_LONGEST_ID: Final = 71  # characters (PS3.12 K.1.2)
_LONGEST_HEADER: Final = 900  # characters of an address or a subject; a line has 998
_TEXT: Final = "The attached DICOM images belong together. Open the attachment with a DICOM viewer."


class Envelope(NamedTuple):
    """What is on the outside of a mail. What is empty is left to the mail program."""

    sender: str = ""  # as in From
    recipient: str = ""  # as in To
    subject: str = ""
    text: str = _TEXT  # the letter


_UNADDRESSED: Final = Envelope()


def write_mail(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    recorded: datetime,
    envelope: Envelope = _UNADDRESSED,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
) -> Written:
    """Write the mail *target* with a ZIP archive of *sources* attached to it.

    The same sources, envelope and *recorded* give the same bytes. The archive is made beside the
    target first, so that there is to be room for both.

    Args:
        sources: what goes in the archive, in this order.
        target: the file to make, ``.eml``.
        recorded: date of the mail and of the files in the archive; aware.
        envelope: addresses, subject and letter; DICOM-ZIP is added to a subject without it.
        progress: told of the stage "write" in bytes of the sources.
        digest_list: a file that lists the digests of all others; the last in the archive.
        capacity: bytes that a mail may have.

    Raises:
        NameDoesNotFit: a name is none that PS3.10 allows, or no name of 8 and 3 characters.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or something else is in the
            target's place; or the envelope has line breaks in it.
    """
    subject = envelope.subject or _PHRASE
    if _PHRASE not in subject:
        subject = f"{_PHRASE} {subject}"
    boundary = _boundary(recorded, [s.name for s in sources])
    with working_folder(target) as folder:
        archive = write_zip(
            sources,
            folder / _ARCHIVE,
            recorded=recorded,
            progress=progress,
            digest_list=digest_list,
            capacity=capacity,
        )
        before = _headers(envelope._replace(subject=subject), recorded, boundary)
        before += _letter(envelope.text, boundary)
        before += _delimiter(boundary) + _attachment("application/zip", _ARCHIVE, _ARCHIVE)
        after = _closing(boundary)
        size = len(before) + encoded_size(archive.size) + len(after)
        _refuse(target, size, capacity)
        with file_aside(target) as descriptor:
            mail = _Mail(descriptor, target)
            mail.write(before)
            for text in encoded(_pieces_of(folder / _ARCHIVE)):
                mail.write(text)
            mail.write(after)
            sha256_of_mail = digest_of_file(descriptor, target, mail.size)
    return Written(str(target), mail.size, sha256_of_mail, archive.digests)


def write_mime(
    sources: Sequence[NamedSource],
    target: Path,
    *,
    recorded: datetime,
    envelope: Envelope = _UNADDRESSED,
    progress: Progress = silent,
    digest_list: DigestList | None = None,
    capacity: int | None = None,
) -> Written:
    """Write the mail *target* with every one of *sources* as a part of its own.

    A name without an extension is a File ID, and its file becomes a part application/dicom; what
    has an extension is none and is attached as it is, to be ignored by receivers.

    Args:
        sources: the parts, in this order.
        target: the file to make, ``.eml``.
        recorded: date of the mail; aware.
        envelope: addresses, subject and letter.
        progress: told of the stage "write" in bytes of the mail.
        digest_list: a file that lists the digests of all others; the last part.
        capacity: bytes that a mail may have; a mail that is larger is not begun.

    Raises:
        NameDoesNotFit: a name is none that PS3.10 allows, or no name of 8 and 3 characters.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or something else is in the
            target's place; or the envelope has line breaks in it.
    """
    lists = [] if digest_list is None else [digest_list]
    names = [*(s.name for s in sources), *(x.name for x in lists)]
    refuse_unsuited_names(names)
    _refuse_long_ids(names)
    boundary = _boundary(recorded, names)
    before = _before_parts(envelope, recorded, boundary)
    files = planned_files(sources, digest_list)
    total = mime_size(files, recorded, envelope)
    _refuse(target, total, capacity)
    with file_aside(target) as descriptor:
        mail = _Mail(descriptor, target)
        mail.write(before)
        for source in sources:
            mail.write_part(source, boundary, lambda done: progress("write", done, total))
        digests: Mapping[Name, str] = {}
        if digest_list is not None:
            digests = mail.digests()
            mail.write_part(listed(digest_list, digests), boundary, lambda _: None)
            digests = {**digests, **mail.digests(len(sources))}
        mail.write(_closing(boundary))
        sha256_of_mail = digest_of_file(descriptor, target, mail.size)
    progress("write", total, total)
    return Written(str(target), mail.size, sha256_of_mail, digests)


def mime_size(
    files: Sequence[PlannedFile], recorded: datetime, envelope: Envelope = _UNADDRESSED
) -> int:
    """Return how many bytes the mail has that `write_mime` makes of *files*."""
    boundary = _boundary(recorded, [file.name for file in files])
    parts = sum(
        len(_delimiter(boundary) + _part_headers(file.name)) + encoded_size(file.size)
        for file in files
    )
    return len(_before_parts(envelope, recorded, boundary)) + parts + len(_closing(boundary))


def _before_parts(envelope: Envelope, recorded: datetime, boundary: str) -> bytes:
    subject = envelope.subject or "DICOM"
    headers = _headers(envelope._replace(subject=subject), recorded, boundary)
    return headers + _letter(envelope.text, boundary)


class _Written(NamedTuple):
    """A part as it stands in the mail."""

    name: Name
    start: int  # byte of the mail
    end: int


class _Mail:
    """A mail that is being written."""

    def __init__(self, descriptor: int, target: Path) -> None:
        self.size = 0
        self._descriptor, self._target = descriptor, target
        self._copier = Copier(descriptor, str(target))
        self._parts: list[_Written] = []

    def write(self, text: bytes) -> None:
        """Write *text* behind what is there."""
        self._copier.write(text, self.size)
        self.size += len(text)

    def write_part(self, source: NamedSource, boundary: str, step: Callable[[int], None]) -> None:
        """Write a part with the content of *source*; tell of the size of the mail."""
        self.write(_delimiter(boundary) + _part_headers(source.name))
        start = self.size
        for text in encoded(contents(source, _PIECE)):
            self.write(text)
            step(self.size)
        self._parts.append(_Written(source.name, start, self.size))

    def digests(self, first: int = 0) -> dict[Name, str]:
        """Return the digests of the parts from number *first* on, read back and decoded."""
        reader = ImageFile(self._descriptor, str(self._target), self.size)
        digests = {}
        for part in self._parts[first:]:
            digest = sha256()
            for piece in decoded_pieces(reader, part.start, part.end, "base64"):
                digest.update(piece)
            digests[part.name] = digest.hexdigest()
        return digests


def _refuse(target: Path, size: int, capacity: int | None) -> None:
    if capacity is not None:
        refuse_too_much(target, size, capacity)
    refuse_without_space(target, size)


def _refuse_long_ids(names: Sequence[Name]) -> None:
    for name in names:
        if "." not in name[-1] and len("/".join(name)) > _LONGEST_ID:
            raise NameDoesNotFit(
                f"is longer than {_LONGEST_ID} characters", shown(name), "Use fewer folders"
            )


def _boundary(recorded: datetime, names: Sequence[Name]) -> str:
    """Return what separates the parts: the same for the same mail, and never part of base64."""
    seed = "\n".join([recorded.isoformat(), *("/".join(name) for name in names)])
    return f"=_{sha256(seed.encode()).hexdigest()[:40]}"


def _headers(envelope: Envelope, recorded: datetime, boundary: str) -> bytes:
    fields = [("Date", format_datetime(recorded))]
    for name, value in (
        ("From", envelope.sender),
        ("To", envelope.recipient),
        ("Subject", envelope.subject),
    ):
        if value:
            fields.append((name, _field(name, value)))
    if not envelope.sender:
        fields.append(("X-Unsent", "1"))  # Mail programs open it to be completed and sent.
    fields.append(("MIME-Version", "1.0"))
    fields.append(("Content-Type", f'multipart/mixed;\r\n boundary="{boundary}"'))
    lines = [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


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


def _letter(text: str, boundary: str) -> bytes:
    body = encoded([text.replace("\n", "\r\n").encode()]) if text else iter(())
    headers = (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return f"--{boundary}\r\n".encode() + headers + b"".join(body)


def _delimiter(boundary: str) -> bytes:
    return f"\r\n--{boundary}\r\n".encode()


def _closing(boundary: str) -> bytes:
    return f"\r\n--{boundary}--\r\n".encode()


def _part_headers(name: Name) -> bytes:
    last = name[-1]
    if "." in last:
        return _attachment("application/octet-stream", last, "")
    title = last if name == ("DICOMDIR",) else f"{last}.dcm"
    return _attachment("application/dicom", title, "/".join(name))


def _attachment(kind: str, name: str, identifier: str) -> bytes:
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


def _pieces_of(path: Path) -> Iterator[bytes]:
    with open_image(path) as file:
        for position in range(0, file.size, _PIECE):
            yield file.pread(min(_PIECE, file.size - position), position)
