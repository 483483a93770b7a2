"""Makes mails that carry a File-set, ready to be opened in a mail program and sent.

One carries a ZIP archive (PS3.12 W and V, PS3.11 L.3.2), the other the files themselves as parts
(PS3.12 K). No address is made up: a mail without a sender is marked as a draft,
unless it is encrypted, as nobody could complete that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from drivers import ImageFile, open_image
from media.aside import file_aside, refuse_too_much, refuse_without_space, working_folder
from media.copying import Copier, contents
from media.iso9660.names import NameDoesNotFit, refuse_unsuited_names, shown
from media.mime.letter import (
    Envelope,
    attachment_headers,
    boundary_of,
    closing,
    delimiter,
    letter_part,
    mail_headers,
    multipart_header,
    part_headers,
)
from media.mime.sealed import Entity, sealed
from media.mime.transfer_encoding import LINE_BYTES, decoded_pieces, encoded, encoded_size
from media.source import DigestList, Name, NamedSource, Written
from media.volume_plan import PlannedFile
from media.volume_write import planned_files
from media.zip.write import digest_of_file, listed, write_zip
from reporting import Progress, silent

if TYPE_CHECKING:
    from secure import MailSealer

_PHRASE: Final = "DICOM-ZIP"  # in the subject (PS3.11 L.3.2)
_ARCHIVE: Final = "DICOM.ZIP"
_PIECE: Final = LINE_BYTES * 18_000  # bytes read at once: about a megabyte of whole lines
_LONGEST_ID: Final = 71  # characters (PS3.12 K.1.2)


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
    sealer: "MailSealer | None" = None,
) -> Written:
    """Write the mail *target* with a ZIP archive of *sources* attached to it.

    The same sources, envelope and *recorded* give the same bytes, unless they are encrypted. The
    archive is made beside the target first, so that there is to be room for both.

    Args:
        sources: what goes in the archive, in this order.
        target: the file to make, ``.eml``.
        recorded: date of the mail and of the files in the archive; aware.
        envelope: addresses, subject and letter; DICOM-ZIP is added to a subject without it.
        progress: told of the stage "write" in bytes of the sources.
        digest_list: a file that lists the digests of all others; the last in the archive.
        capacity: bytes that a mail may have.
        sealer: signs and encrypts letter and archive (PS3.15 B.8); None: everybody can read them.
            What is in the *envelope*, but for the letter, everybody can read in any case.

    Raises:
        NameDoesNotFit: a name is none that PS3.10 allows, or no name of 8 and 3 characters.
        CannotRead: a source does not open, or changed while it was being read.
        CannotWrite: more than *capacity*, no space, no permission, or something else is in the
            target's place; or the envelope has line breaks in it.
    """
    subject = envelope.subject or _PHRASE
    if _PHRASE not in subject:
        subject = f"{_PHRASE} {subject}"
    boundary = boundary_of(recorded, [s.name for s in sources])
    before = mail_headers(envelope._replace(subject=subject), recorded, is_draft=sealer is None)
    with working_folder(target) as folder:
        archive = write_zip(
            sources,
            folder / _ARCHIVE,
            recorded=recorded,
            progress=progress,
            digest_list=digest_list,
            capacity=capacity,
        )
        entity = _with_archive(folder / _ARCHIVE, archive.size, envelope.text, boundary)
        if sealer is not None:
            entity = sealed(entity, sealer)
        _refuse(target, len(before) + entity.size, capacity)
        with file_aside(target) as descriptor:
            mail = _Mail(descriptor, target)
            mail.write(before)
            for text in entity.pieces():
                mail.write(text)
            sha256_of_mail = digest_of_file(descriptor, target, mail.size)
    return Written(str(target), mail.size, sha256_of_mail, archive.digests)


def _with_archive(path: Path, size: int, letter: str, boundary: str) -> Entity:
    """Return what the mail carries: the letter, and the archive at *path* of *size* bytes."""
    before = multipart_header(boundary) + letter_part(letter, boundary)
    before += delimiter(boundary) + attachment_headers("application/zip", _ARCHIVE, _ARCHIVE)
    after = closing(boundary)

    def pieces() -> Iterator[bytes]:
        yield before
        yield from encoded(_pieces_of(path))
        yield after

    return Entity(len(before) + encoded_size(size) + len(after), pieces)


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
    boundary = boundary_of(recorded, names)
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
        mail.write(closing(boundary))
        sha256_of_mail = digest_of_file(descriptor, target, mail.size)
    progress("write", total, total)
    return Written(str(target), mail.size, sha256_of_mail, digests)


def mime_size(
    files: Sequence[PlannedFile], recorded: datetime, envelope: Envelope = _UNADDRESSED
) -> int:
    """Return how many bytes the mail has that `write_mime` makes of *files*."""
    boundary = boundary_of(recorded, [file.name for file in files])
    parts = sum(
        len(delimiter(boundary) + part_headers(file.name)) + encoded_size(file.size)
        for file in files
    )
    return len(_before_parts(envelope, recorded, boundary)) + parts + len(closing(boundary))


def _before_parts(envelope: Envelope, recorded: datetime, boundary: str) -> bytes:
    subject = envelope.subject or "DICOM"
    headers = mail_headers(envelope._replace(subject=subject), recorded)
    return headers + multipart_header(boundary) + letter_part(envelope.text, boundary)


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
        self.write(delimiter(boundary) + part_headers(source.name))
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


def _pieces_of(path: Path) -> Iterator[bytes]:
    with open_image(path) as file:
        for position in range(0, file.size, _PIECE):
            yield file.pread(min(_PIECE, file.size - position), position)
