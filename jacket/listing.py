"""The job "what is on it": a medium as patients, studies, series and instances."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dicomdir.build import build_directory, separate_patients
from dicomdir.check_reference import references
from dicomdir.elements import BadEncoding, iterate_elements
from dicomdir.index import Indexer
from dicomdir.instance import KINDS, Instance, NotIndexed
from dicomdir.read import LARGEST, read_directory
from dicomdir.record import Directory, DirectoryRecord
from jacket.entry_index import LOCKED, index_entry
from jacket.locked_medium import encrypted_medium
from jacket.mail import opened_with, refuse_sealed
from jacket.media_in_folder import no_dicom_in
from jacket.plain import plain_left_out
from jacket.referenced import referenced_file
from jacket.single_file import open_medium_or_file
from jacket.unlocked_medium import UnlockedMedium
from media import Locked, MailMedium, Medium, SealedMail
from media.source import Name
from profiles.homes import separate_homes
from profiles.order import heads_of
from reporting import CannotRead

if TYPE_CHECKING:
    from secure import Keys

# The usual keys by their keywords (PS3.6); others are looked up in pydicom's dictionary.
_KEYWORDS: Final = {
    0x00080005: "SpecificCharacterSet",
    0x00080008: "ImageType",
    0x00080020: "StudyDate",
    0x00080023: "ContentDate",
    0x00080030: "StudyTime",
    0x00080033: "ContentTime",
    0x00080050: "AccessionNumber",
    0x00080060: "Modality",
    0x00081030: "StudyDescription",
    0x00081140: "ReferencedImageSequence",
    0x00100010: "PatientName",
    0x00100020: "PatientID",
    0x00100030: "PatientBirthDate",
    0x00100040: "PatientSex",
    0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID",
    0x00200010: "StudyID",
    0x00200011: "SeriesNumber",
    0x00200013: "InstanceNumber",
    0x00880200: "IconImageSequence",
}
_BINARY: Final = {b"US": 2, b"UL": 4}
_UNSHOWN: Final = frozenset((b"SQ", b"OB", b"OW", b"UN"))
_GROUPS: Final = {"PATIENT": "patients", "STUDY": "studies", "SERIES": "series"}


def list_medium(
    path: str | Path,
    *,
    by_files: bool = False,
    password: bytes | None = None,
    keys: "Keys | None" = None,
) -> dict[str, Any]:
    """Return what a medium holds, nested: patients, studies, series, instances.

    Keys have their DICOM keywords; each instance has its ``path`` on the medium and whether the
    file is there. A medium whose DICOMDIR names no instance is listed by its files; what cannot
    be listed then stands in ``left_out``. Else ``unnamed`` says how many DICOM files there are that
    the DICOMDIR does not name.

    Args:
        path: folder, image or drive, a DICOMDIR file, or a single Secure DICOM File.
        by_files: list the files, whatever a DICOMDIR says.
        password: of an archive that is encrypted.
        keys: to open Secure DICOM Files with; None: they cannot be listed.

    Raises:
        CannotRead: the medium does not open, or holds nothing of DICOM.
        NothingOpens: all of DICOM on it is in Secure DICOM Files, and none of them opens.
    """
    medium = open_medium_or_file(Path(path), password=password)
    return list_open(medium, path, by_files=by_files, keys=keys)


def list_open(
    medium: Medium,
    path: str | Path,
    *,
    by_files: bool = False,
    keys: "Keys | None" = None,
    accept_unprotected: bool = False,
) -> dict[str, Any]:
    """List a *medium* that is open, which messages call *path*, and close it; as `list_medium`.

    With *accept_unprotected* also what was encrypted without a digest or signature is listed.
    """
    medium = opened_with(medium, keys, accept_unprotected=accept_unprotected)
    in_mail = isinstance(medium, MailMedium)
    if keys is not None and not isinstance(medium, SealedMail):
        medium = UnlockedMedium(medium, keys, str(path), accept_unprotected=accept_unprotected)
    try:
        refuse_sealed(medium, str(path))
        directory = None if by_files else _directory_of(medium)
        left_out: list[NotIndexed] = []
        from_directory = directory is not None and _names_an_instance(directory)
        unnamed = 0
        if directory is None or not from_directory:
            directory, left_out = _directory_from_files(medium, str(path))
        else:
            unnamed = _unnamed(medium, directory)
        tree = _Tree(medium)
        return {
            "medium": {
                "path": str(path),
                "kind": medium.kind,
                "label": medium.label,
                "in_mail": in_mail,
            },
            "file_set_uid": directory.file_set_uid,
            "file_set_id": directory.file_set_id,
            "from_directory": from_directory,
            "unnamed": unnamed,
            "counts": heads_of(directory)._asdict(),
            **tree.of(directory.records),
            "left_out": plain_left_out(item for item in left_out if KINDS[item.kind]),
        }
    finally:
        medium.close()


def _directory_of(medium: Medium) -> Directory | None:
    entry = medium.find_tolerant(("DICOMDIR",))
    if entry is None or entry.size > LARGEST:
        return None
    try:
        with medium.open(entry) as file:
            return read_directory(file.pread(file.size, 0)).directory
    except Locked:
        raise
    except CannotRead:
        return None


def _names_an_instance(directory: Directory) -> bool:
    """Tell whether any record names an image or another object; old discs chain directories."""
    waiting = list(directory.records)
    while waiting:
        record = waiting.pop()
        if record.file_id and record.record_type not in _GROUPS:
            return True
        waiting += record.children
    return False


def _unnamed(medium: Medium, directory: Directory) -> int:
    """Return how many DICOM files of the medium no record names; only these are opened."""
    named: set[Name] = set()
    for record, _ in references(directory):
        found = referenced_file(medium, record.file_id)
        if found is not None:
            named.add(found.name)
    others = (entry for entry in medium.entries() if entry.name not in named)
    indexer = Indexer()
    return sum(isinstance(index_entry(medium, entry, indexer), Instance) for entry in others)


def _directory_from_files(medium: Medium, path: str) -> tuple[Directory, list[NotIndexed]]:
    """Return the directory that the files of a medium would have, and what is not in it.

    Two people under one Patient ID are not shown as one: the later one's files are left out.
    """
    indexer = Indexer()
    names: dict[str, Name] = {}
    instances: list[Instance] = []
    left_out: list[NotIndexed] = []
    for entry in medium.entries():
        found = index_entry(medium, entry, indexer)
        if isinstance(found, Instance) and found.record_type:
            names[found.source] = entry.name
            instances.append(found)
        elif isinstance(found, Instance):
            reason = f"SOP Class {found.sop_class_uid} has no place in a directory"
            left_out.append(NotIndexed(found.source, reason, "not-allowed"))
        else:
            left_out.append(found)
    instances, strangers = separate_patients(instances)
    instances, homeless = separate_homes(instances)
    if not instances and any(item.reason == LOCKED for item in left_out):
        raise Locked(LOCKED, path, "Give the password with --password-file FILE")
    encrypted = sum(item.kind == "secure" for item in left_out)
    if not instances and encrypted:
        raise encrypted_medium(path, encrypted)
    if not instances:
        raise no_dicom_in(path)
    pairs = [(instance, names[instance.source]) for instance in instances]
    directory = build_directory(pairs, file_set_uid="").directory
    return directory, [*strangers, *homeless, *left_out]


class _Tree:
    """Directory records as plain values; without recursion, as depth is not ours to choose."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium

    def of(self, records: Iterable[DirectoryRecord]) -> dict[str, Any]:
        """Return the records of the root, grouped as patients and instances."""
        root: dict[str, Any] = {"patients": []}
        waiting = [(record, root) for record in records][::-1]
        while waiting:
            record, parent = waiting.pop()
            described = self._described(record)
            group = _GROUPS.get(record.record_type, "instances")
            parent.setdefault(group, []).append(described)
            waiting += [(child, described) for child in record.children][::-1]
        return root

    def _described(self, record: DirectoryRecord) -> dict[str, Any]:
        described: dict[str, Any] = decoded_keys(record.keys)
        if record.record_type not in _GROUPS:
            described["DirectoryRecordType"] = record.record_type
        if record.file_id:
            found = referenced_file(self._medium, record.file_id)
            described |= {
                "SOPClassUID": record.sop_class_uid,
                "SOPInstanceUID": record.sop_instance_uid,
                "TransferSyntaxUID": record.transfer_syntax_uid,
                "path": "/".join(found.name if found else record.file_id),
                "missing": found is None,
            }
        if record.record_type in _GROUPS:
            below = {"PATIENT": "studies", "STUDY": "series", "SERIES": "instances"}
            described[below[record.record_type]] = []
        return described


def decoded_keys(keys: bytes) -> dict[str, Any]:
    """Return selection keys by keyword, text decoded from its character set."""
    values: dict[str, Any] = {}
    character_set: list[str] = []
    try:
        for tag, vr, _, start, end in iterate_elements(keys):
            value = keys[start:end]
            if tag == 0x00080005:
                character_set = value.decode("ascii", "replace").strip(" \0").split("\\")
            elif vr in _BINARY:
                values[_keyword(tag)] = int.from_bytes(value[: _BINARY[vr]], "little")
            elif vr not in _UNSHOWN:
                values[_keyword(tag)] = _decoded(value, vr, character_set)
    except BadEncoding:
        values["Unreadable"] = True
    return values


def _keyword(tag: int) -> str:
    if tag in _KEYWORDS:
        return _KEYWORDS[tag]
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(tag) or f"{tag:08X}"


def _decoded(value: bytes, vr: bytes, character_set: list[str]) -> str:
    """Return text without padding (PS3.5 6.1); pydicom decodes what is not ASCII."""
    value = value.rstrip(b" \0")
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").lstrip(" ")
    import warnings

    from pydicom.charset import convert_encodings, decode_bytes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encodings = convert_encodings(character_set or ["ISO_IR 192"])
            delimiters = {0x5C, 0x5E, 0x3D} if vr == b"PN" else {0x5C}
            return decode_bytes(value, encodings, delimiters)
        except (LookupError, ValueError):
            return value.decode("utf-8", "replace")
