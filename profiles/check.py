"""What a verifier checks for a claimed profile beyond the rules of every directory (PS3.11).

The medium carries no profile identifier: a caller names one, or asks which ones are satisfied.
"""

from collections.abc import Iterable
from typing import Final

from dicomdir.elements import (
    BadEncoding,
    number_of,
    values_by_tag,
)
from dicomdir.instance import Instance
from dicomdir.record import DirectoryRecord
from dicomdir.record_types import AdditionalKey, When
from dicomdir.sequences import items_of
from dicomdir.sop_classes import NAME_OF, RETIRED_STORAGE
from profiles.application_profiles import (
    FILE_SYSTEMS,
    ApplicationProfile,
    Declared,
    Security,
)
from profiles.profile_table import PROFILES
from profiles.rules import (
    EMPTY_DIRECTORY,
    FILE_SYSTEM,
    FORMAT_NOT_JUDGED,
    KEY_EMPTY,
    KEY_ITEM,
    KEY_MISSING,
    MEDIUM,
    PLAIN_FILE,
    RETIRED,
    RULES,
    SECURE_FILE,
    SOP_CLASS,
    TRANSFER_SYNTAX,
)
from profiles.transfer_syntaxes import name_of_syntax
from reporting import Finding, Severity

__all__ = ["RULES", "check_instance", "check_medium", "check_record", "satisfied_profiles"]

_REFERENCED_IMAGES: Final = 0x00081140
_REFERENCE: Final = (0x00081150, 0x00081155)  # Referenced SOP Class and Instance UID


def check_instance(profile: ApplicationProfile, instance: Instance) -> list[Finding]:
    """Return what keeps an instance from being on a medium of *profile*."""
    sop_class = instance.sop_class_uid
    allowed = profile.allowed_syntaxes(sop_class)
    if allowed is None:
        rule = RETIRED if sop_class in RETIRED_STORAGE else SOP_CLASS
        return [rule.at(instance.source, f"{rule.meaning}: {NAME_OF.get(sop_class, sop_class)}")]
    syntax = instance.transfer_syntax_uid
    if isinstance(allowed, Declared) or syntax in allowed:
        return []
    message = f"{profile.identifier} does not allow {name_of_syntax(syntax)}"
    return [TRANSFER_SYNTAX.at(instance.source, message)]


def check_record(
    profile: ApplicationProfile, record: DirectoryRecord, instance: Instance | None
) -> list[Finding]:
    """Return which of the profile's additional keys a record lacks.

    Args:
        profile: that is claimed.
        record: of any level.
        instance: that the record names, read with the profile's additional keys asked for; None
            for a record that names none, or when the file cannot be read: then only keys that
            do not depend on the instance are judged.
    """
    where = "/".join(record.file_id) or record.record_type
    try:
        present = values_by_tag(record.keys)
        wanted = values_by_tag(_block(record, instance)) if instance is not None else {}
    except BadEncoding:
        return []  # the directory's own rules say so
    found = []
    for row in profile.additional_keys:
        if record.record_type in row.record_types:
            found += _check_key(row, present, wanted, where)
    if any(row.key.tag == _REFERENCED_IMAGES for row in profile.additional_keys):
        found += _check_references(present.get(_REFERENCED_IMAGES, b""), where)
    return found


def _block(record: DirectoryRecord, instance: Instance) -> bytes:
    levels = {"PATIENT": instance.patient, "STUDY": instance.study, "SERIES": instance.series}
    return levels.get(record.record_type, instance.keys)


def _check_key(
    row: AdditionalKey, present: dict[int, bytes], wanted: dict[int, bytes], where: str
) -> list[Finding]:
    tag, value = row.key.tag, wanted.get(row.key.tag)
    if row.key.type == "3" or not _applies(row, value):
        return []
    place = f"{where} {number_of(tag)}"
    if tag not in present:
        return [KEY_MISSING.at(place, f"{KEY_MISSING.meaning} ({row.source})")]
    needs_value = row.key.type == "1" or (row.key.type == "1C" and bool(value))
    if needs_value and not present[tag].strip(b" \0"):
        return [KEY_EMPTY.at(place, f"{KEY_EMPTY.meaning} ({row.source})")]
    return []


def _applies(row: AdditionalKey, value: bytes | None) -> bool:
    if row.key.type in ("1", "2"):
        return True
    if row.key.when is When.PRESENT_WITH_VALUE:
        return bool(value and value.strip(b" \0"))
    return value is not None


def _check_references(sequence: bytes, where: str) -> list[Finding]:
    """Return one finding per item that refers to nothing (type 1C: "sequence present")."""
    found: list[Finding] = []
    try:
        items = list(items_of(sequence))
    except BadEncoding:
        return found  # the directory's own rules say so
    for number, item in enumerate(items, start=1):
        try:
            values = values_by_tag(item)
        except BadEncoding:
            values = {}
        if not all(values.get(tag, b"").strip(b" \0") for tag in _REFERENCE):
            found.append(KEY_ITEM.at(f"{where} {number_of(_REFERENCED_IMAGES)}[{number}]"))
    return found


def check_medium(
    profile: ApplicationProfile,
    *,
    file_system: str,
    medium: str = "",
    instances: int,
    secure_files: Iterable[str] = (),
    plain_files: Iterable[str] = (),
) -> list[Finding]:
    """Return how a medium as a whole departs from *profile*.

    Args:
        profile: that is claimed.
        file_system: "iso9660", "udf", "fat16", … as the media room says; "folder": none.
        medium: one of `Medium`'s values; "" when unknown, as for an image in a file.
        instances: number of instances that the directory names.
        secure_files: where Secure DICOM Files were met.
        plain_files: where DICOM files that are not secure were met; may be left out unless the
            profile is a secure one.
    """
    found = []
    if medium and medium != profile.medium:
        found.append(MEDIUM.at("medium", f"{profile.identifier} is for {profile.medium}"))
    if file_system == "folder":
        found.append(FORMAT_NOT_JUDGED.at("medium"))
    elif file_system not in FILE_SYSTEMS[profile.file_system]:
        message = f"{profile.identifier} is for {_either(profile)}, this is {file_system}"
        found.append(FILE_SYSTEM.at("medium", message))
    if not instances:
        found.append(EMPTY_DIRECTORY.at("DICOMDIR"))
    if profile.security is Security.CMS:
        found += [PLAIN_FILE.at(where) for where in plain_files]
    else:
        found += [SECURE_FILE.at(where) for where in secure_files]
    return found


def _either(profile: ApplicationProfile) -> str:
    return " or ".join(sorted(FILE_SYSTEMS[profile.file_system]))


def satisfied_profiles(
    contents: Iterable[tuple[DirectoryRecord, Instance]],
    *,
    file_system: str,
    medium: str = "",
    secure_files: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the identifiers of all profiles that a medium satisfies, in the table's order.

    Args:
        contents: every record that names an instance, with that instance; read once.
        file_system: as for `check_medium`.
        medium: as for `check_medium`.
        secure_files: as for `check_medium`.
    """
    candidates = dict(PROFILES)
    number = 0
    plain: list[str] = []
    for record, instance in contents:
        number += 1
        plain = plain or [instance.source]  # one is enough to rule the secure profiles out
        for identifier, row in list(candidates.items()):
            if _errors(check_instance(row, instance) + check_record(row, record, instance)):
                del candidates[identifier]
    secure = tuple(secure_files)
    return tuple(
        identifier
        for identifier, row in candidates.items()
        if not _errors(
            check_medium(
                row,
                file_system=file_system,
                medium=medium,
                instances=number,
                secure_files=secure,
                plain_files=plain,
            )
        )
    )


def _errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
