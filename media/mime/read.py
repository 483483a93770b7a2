"""A mail as a medium: the ZIP archive in it, or its DICOM parts (PS3.12 W, V and K)."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from drivers import ImageFile
from drivers.closing import ClosesItself
from media.entry import BlockReader, Entry, Medium
from media.extents import Extent, ExtentFile
from media.finding_list import FindingList
from media.iso9660.names import printable, shown
from media.mime.parts import Mail, Part
from media.mime.transfer_encoding import PLAIN, decoded_pieces, is_known, measure
from media.nested_image import opened
from media.source import Name
from media.spool import Spool
from media.tolerant_names import TolerantNames
from media.zip.names import safe_name
from media.zip.read import open_zip
from reporting import CannotRead, Finding

_DICOM: Final = "application/dicom"
_ZIP_NAME: Final = "DICOM.ZIP"
_ZIP: Final = "application/zip"
_ZIPS: Final = (_ZIP, "application/x-zip-compressed", "application/x-zip", "multipart/x-zip")
_MULTIPARTS: Final = ("multipart/mixed", "multipart/related")
_SEND_AGAIN: Final = "Ask for the mail to be sent again"
_LONGEST_ID: Final = 71  # characters (PS3.12 K.1.2)
_ID: Final = re.compile(r"[A-Z0-9_]{1,8}(?:/[A-Z0-9_]{1,8}){0,7}", re.ASCII)
_SECRET: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")


class MimeFile(NamedTuple):
    """One DICOM part of a mail."""

    name: Name
    recorded: str
    part: Part
    size: int  # bytes, decoded
    fault: tuple[str, str] | None  # why it cannot be read, and what to do


class _MimeParts(ClosesItself):
    """The DICOM parts of a mail as a medium (PS3.12 Annex K)."""

    kind: Final = "mime"
    label: Final = ""

    def __init__(self, reader: BlockReader, files: list[MimeFile], path: str) -> None:
        self._reader, self._files, self._path = reader, files, path

    def entries(self) -> Iterator[Entry]:
        return map(self._entry, self._files)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find_tolerant(name))

    def open(self, entry: Entry) -> Spool | ExtentFile:
        number = self._places.get(entry.offset)
        if number is None:
            raise CannotRead("is not in this mail", shown(entry.name), "Name another file")
        file = self._files[number]
        if file.fault is not None:
            raise CannotRead(file.fault[0], shown(file.name), file.fault[1])
        return content_of(self._reader, file.part, file.size, shown(file.name))

    def findings(self, demands: str | None = None) -> list[Finding]:
        return []

    def close(self) -> None:
        """Have nothing to close: the mail belongs to the medium around this."""

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(file.name for file in self._files)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {file.part.start: number for number, file in enumerate(self._files)}

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self._entry(self._files[number])

    def _entry(self, file: MimeFile) -> Entry:
        plain = file.part.encoding in PLAIN and file.fault is None
        # What is encoded lies nowhere as it is: no run of bytes of the mail is its content.
        runs = () if plain or not file.size else ((file.part.start, 0),)
        return Entry(file.name, file.recorded, file.size, self._path, file.part.start, runs)


def content_of(reader: BlockReader, part: Part, size: int, where: str) -> Spool | ExtentFile:
    """Open the content of a part."""
    if part.encoding in PLAIN:
        return ExtentFile(reader, [Extent(part.start, size)], (where,))
    return Spool(decoded_pieces(reader, part.start, part.end, part.encoding), size, where)


def files_in(
    mail: Mail,
    reader: BlockReader,
    path: str,
    medium_on: Callable[[ImageFile], Medium],
    *,
    password: bytes | None = None,
) -> Medium:
    """Return what a mail carries as a medium: the archive in it, or its DICOM parts.

    Args:
        mail: taken apart; what is wrong with it is added to its problems.
        reader: what it was read from.
        path: what errors call it.
        medium_on: opens the image of a medium that an archive may hold.
        password: of an archive that is encrypted.

    Raises:
        CannotRead: the mail carries no File-set that can be read.
    """
    archives = [part for part in mail.parts if _is_zip(part)]
    archives.sort(key=lambda part: _ZIP_NAME not in _names_of(part))  # what is named right first
    files = [part for part in mail.parts if _is_dicom(part) and part not in archives]
    _check_mail(mail)
    if archives and (not files or _ZIP_NAME in _names_of(archives[0])):
        _tell_of_others(mail, archives[0], [*archives[1:], *files])
        return _archive(reader, path, mail, archives[0], medium_on, password)
    if files:
        _tell_of_others(mail, None, archives)
        return _MimeParts(reader, _mime_files(reader, mail, files), path)
    raise _nothing(mail, path)


def _names_of(part: Part) -> set[str]:
    given = (
        part.type.parameters.get("name"),
        part.type.parameters.get("id"),
        part.disposition.parameters.get("filename"),
    )
    return {name for name in given if name}


def _is_zip(part: Part) -> bool:
    return part.type.value in _ZIPS or any(n.lower().endswith(".zip") for n in _names_of(part))


def _is_dicom(part: Part) -> bool:
    if part.type.value == _DICOM:
        return True
    names = _names_of(part)
    return any(n.lower().endswith(".dcm") or n.upper() == "DICOMDIR" for n in names)


def _check_mail(mail: Mail) -> None:
    if not mail.headers.get("mime-version", "").startswith("1.0"):
        mail.problems.add("MIM-VERSION", "mail")
    for part in mail.parts:
        if part.type.value == "message/partial":
            mail.problems.add("MIM-FRAGMENT", _where(part))


def _tell_of_others(mail: Mail, archive: Part | None, unread: list[Part]) -> None:
    for part in unread:
        mail.problems.add("MIM-SEVERAL", _where(part))
    if archive is not None:
        for part in _attachments(mail):
            mail.problems.add("MIM-OTHER", _where(part))


def _attachments(mail: Mail) -> list[Part]:
    """Return what is attached besides archives and DICOM files; receivers may ignore it."""
    return [part for part in mail.parts if part.name and not _is_zip(part) and not _is_dicom(part)]


def _where(part: Part) -> str:
    return printable((part.name or f"part at byte {part.start}")[:200])


def _nothing(mail: Mail, where: str) -> CannotRead:
    kinds = {mail.type.value, *(part.type.value for part in mail.parts)}
    if kinds.intersection(_SECRET):
        return CannotRead(
            "is an encrypted mail",
            where,
            "Open it in the mail program that has the key and save what is attached; or, where the "
            "encrypted mail is itself attached to this one, save it as a mail (.eml) and name that",
        )
    if "message/partial" in kinds:
        return CannotRead(
            "is a piece of a mail that was sent in several",
            where,
            "Let a mail program put the pieces together and save the whole mail",
        )
    return CannotRead(
        "is a mail without a ZIP archive or DICOM files attached",
        where,
        "Check that it is the right mail and that it was saved with its attachments",
    )


def _archive(
    reader: BlockReader,
    path: str,
    mail: Mail,
    part: Part,
    medium_on: Callable[[ImageFile], Medium],
    password: bytes | None,
) -> Medium:
    where = f"{path}: {_where(part)}"
    _check_envelope(mail, part)
    if not is_known(part.encoding):
        raise CannotRead("is encoded in an unknown way", where, _SEND_AGAIN)
    measured = measure(reader, part.start, part.end, part.encoding)
    if measured.is_damaged:
        mail.problems.add("MIM-BASE64", _where(part))
    with ExitStack() as stack:
        content = content_of(reader, part, measured.size, where)
        stack.enter_context(content)
        archive = open_zip(content, where, password=password)
        if archive is None:
            raise CannotRead("is attached as a ZIP archive and is none", where, _SEND_AGAIN)
        medium = opened(archive, where, medium_on)
        archive.on_close(stack.pop_all().close)
    return medium


def _check_envelope(mail: Mail, part: Part) -> None:
    """Check what PS3.11 L.3.2 asks of a mail that carries an archive."""
    where = _where(part)
    if "DICOM-ZIP" not in mail.subject:
        mail.problems.add("MIM-SUBJECT", "subject")
    if part.type.value != _ZIP:
        mail.problems.add("MIM-ZIP-TYPE", where)
    given = [part.type.parameters.get("id"), part.type.parameters.get("name")]
    if any(name != _ZIP_NAME for name in [*given, part.disposition.parameters.get("filename")]):
        mail.problems.add("MIM-ZIP-NAME", where)
    if part.disposition.value != "attachment":
        mail.problems.add("MIM-DISPOSITION", where)


def _mime_files(reader: BlockReader, mail: Mail, parts: list[Part]) -> list[MimeFile]:
    multiparts = {part.multipart for part in parts}
    if len(multiparts) > 1 or parts[0].within not in _MULTIPARTS:
        mail.problems.add("MIM-MULTIPART", "mail")
    files = [_mime_file(reader, part, n, mail.problems) for n, part in enumerate(parts, 1)]
    files += [
        _readable(reader, part, _attached(part), mail.problems) for part in _attachments(mail)
    ]
    files.sort(key=lambda file: file.part.start)
    has_directory = any(file.name == ("DICOMDIR",) for file in files)
    seen: set[Name] = set()
    for file in files:
        is_dicom = _is_dicom(file.part)
        if has_directory and is_dicom and not file.part.type.parameters.get("id"):
            mail.problems.add("MIM-ID-MISSING", shown(file.name))
        if file.name in seen:
            mail.problems.add("MIM-ID-DUPLICATE", shown(file.name))
        seen.add(file.name)
    return files


def _mime_file(reader: BlockReader, part: Part, number: int, problems: FindingList) -> MimeFile:
    recorded = part.type.parameters.get("id", "")
    name = _name(part, number, problems)
    where = shown(name)
    if part.type.value != _DICOM:
        problems.add("MIM-TYPE", where)
    if recorded and (not _ID.fullmatch(recorded) or len(recorded) > _LONGEST_ID):
        problems.add("MIM-ID", printable(recorded[:200]))
    given = part.type.parameters.get("name")
    expected = name[-1] if name == ("DICOMDIR",) else f"{name[-1]}.dcm"
    if given is None or (recorded and given != expected):
        problems.add("MIM-NAME", where)
    return _readable(reader, part, name, problems)


def _readable(reader: BlockReader, part: Part, name: Name, problems: FindingList) -> MimeFile:
    where = shown(name)
    last = part.type.parameters.get("id", "").rpartition("/")[2] or part.name or name[-1]
    if not is_known(part.encoding):
        problems.add("MIM-ENCODING", where)
        return MimeFile(name, last, part, 0, ("is encoded in an unknown way", _SEND_AGAIN))
    measured = measure(reader, part.start, part.end, part.encoding)
    if measured.is_damaged:
        problems.add("MIM-BASE64", where)
    return MimeFile(name, last, part, measured.size, None)


def _attached(part: Part) -> Name:
    safe = safe_name(PurePosixPath(part.name.replace("\\", "/")).name)
    return safe.name[-1:] or ("ATTACHED",)


def _name(part: Part, number: int, problems: FindingList) -> Name:
    """Return the name of a part: its File ID, or what it would be saved as."""
    recorded = part.type.parameters.get("id", "")
    safe = safe_name(recorded or PurePosixPath(part.name.replace("\\", "/")).name)
    if recorded and (safe.is_unsafe or safe.has_backslash):
        problems.add("MIM-ID-UNSAFE", printable(recorded[:200]))
    if not safe.name:
        return (f"PART{number:04d}",)
    if recorded:
        return safe.name
    stem = safe.name[-1]
    return (stem[:-4] if stem.lower().endswith(".dcm") and len(stem) > 4 else stem,)
