"""What an update takes off a medium: records and files of patients, studies, series, objects."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from dicomdir.check_keys import elements_of, value_of
from dicomdir.check_reference import references
from dicomdir.elements import text
from dicomdir.file_ids import located, shown
from dicomdir.generated_keys import patient_id_for
from dicomdir.instance import Instance
from dicomdir.read import DirectoryRead
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.update import without_branches
from jacket.console import amount
from jacket.file_set.broken import Identity, patient_text
from jacket.file_set.job import Unwanted
from reporting import CannotRead

FileID = tuple[str, ...]

_PATIENT_ID: Final = 0x00100020
_UIDS: Final = {"STUDY": 0x0020000D, "SERIES": 0x0020000E}
_LOOK: Final = "Look with `jacket ls` and `jacket ls --files` what is there"
_OURS: Final = (("DICOMDIR",), ("MANIFEST.TXT",))  # are never removed, whatever names them
# Referenced SOP Instance UID (0008,1155), wherever in the keys of a record it stands.
_REFERENCE: Final = re.compile(rb"\x08\x00\x55\x11UI(..)", re.DOTALL)


class Removal(NamedTuple):
    """What goes."""

    read: DirectoryRead | None  # the directory without it
    records: tuple[FileID, ...]  # that no longer stand in it
    files: tuple[FileID, ...]  # as they are called on the medium
    remarks: tuple[str, ...]


class NotOnMedium(CannotRead):
    """What shall be removed is not there; nothing was changed."""


def removal(
    wanted: Unwanted,
    read: DirectoryRead | None,
    found: Iterable[tuple[Instance, FileID]],
    broken: Mapping[FileID, Identity],
    others: Collection[FileID],
) -> Removal:
    """Find the records and the files of what is *wanted* to be gone. Pure.

    Of a file its own header decides as far as it can be read, whatever a record says of it; where
    it does not tell, the record that names the file. Files that no record names are found as well.
    What is no DICOM file stays.

    Args:
        wanted: by the operator.
        read: the directory; None where there is none.
        found: every instance of the medium with its name.
        broken: files that are no instances though they are DICOM or may be.
        others: names of all other files.

    Raises:
        NotOnMedium: neither record nor file has one of the UIDs or Patient IDs.
    """
    met: Counter[str] = Counter()
    instances = [pair for pair in found if _matches(pair[0], wanted, met)]
    told = {name: _is_wanted(identity, wanted, met) for name, identity in broken.items()}
    branches = [] if read is None else list(_branches(read.directory.records, wanted, met))
    _refuse_unmet(wanted, met)
    names = [name for _, name in instances]
    names += [name for name, goes in told.items() if goes]
    unknown = [name for name, goes in told.items() if goes is None]
    if read is None:
        return Removal(None, (), tuple(names), _nobody_knows_whose(unknown))
    left, gone = without_branches(read, branches, names)
    named = {located(record.file_id) for record, _ in references(left.directory)}
    # What only records that go have named.
    going = {located(file_id) for file_id in gone} - named - {None, *_OURS}
    names += [name for name in unknown if located(name) in going]
    uids = {instance.sop_instance_uid for instance, _ in instances}
    uids |= {record.sop_instance_uid for branch in branches for record in _below(branch)}
    remarks = (
        *_nobody_knows_whose([name for name in unknown if located(name) not in going | named]),
        *_named_and_no_dicom([name for name in others if located(name) in going]),
        *_still_referred_to(left.directory, uids),
    )
    return Removal(left, gone, tuple(names), remarks)


def _matches(instance: Instance, wanted: Unwanted, met: Counter[str]) -> bool:
    patient = _patient_of(instance.patient, instance.study) if instance.patient else ""
    mine = {
        instance.sop_instance_uid,
        _uid(instance.study, "STUDY"),
        _uid(instance.series, "SERIES"),
    }
    return _note(mine & wanted.uids, {patient} & wanted.patients, met)


def _is_wanted(identity: Identity, wanted: Unwanted, met: Counter[str]) -> bool | None:
    _note(wanted.uids.intersection(identity.uids), {identity.patient} & wanted.patients, met)
    return identity.is_wanted(wanted)


def _note(uids: Collection[str], patients: Collection[str], met: Counter[str]) -> bool:
    met.update(f"--remove {uid}" for uid in uids)
    met.update(f"--remove-patient {patient}" for patient in patients)
    return bool(uids or patients)


@lru_cache(maxsize=4096)  # files of one series share their keys
def _uid(keys: bytes, level: str) -> str:
    return text(value_of(elements_of(keys), _UIDS[level]))


@lru_cache(maxsize=4096)
def _patient_of(keys: bytes, study: bytes) -> str:
    value = value_of(elements_of(keys), _PATIENT_ID) or patient_id_for(keys, study)
    return patient_text(value)


def _branches(
    records: Iterable[DirectoryRecord], wanted: Unwanted, met: Counter[str]
) -> Iterator[DirectoryRecord]:
    """Yield the highest records that go; iteratively, as depth is not ours to choose."""
    stack = list(records)
    while stack:
        record = stack.pop()
        uids, patients = {record.sop_instance_uid}, set()
        if record.record_type in _UIDS:
            uids.add(_uid(record.keys, record.record_type))
        elif record.record_type == "PATIENT":
            patients.add(_patient_of(record.keys, b""))
        goes = _note(uids & wanted.uids, patients & wanted.patients, met)
        if goes:
            yield record
        stack += record.children  # what goes anyway may have been named, too


def _below(branch: DirectoryRecord) -> Iterator[DirectoryRecord]:
    stack = [branch]
    while stack:
        record = stack.pop()
        yield record
        stack += record.children


def _refuse_unmet(wanted: Unwanted, met: Counter[str]) -> None:
    uids = sorted(uid for uid in wanted.uids if f"--remove {uid}" not in met)
    if uids:
        raise NotOnMedium(
            f"no study, series or instance there has the UID {uids[0][:64]!r}; nothing was changed",
            "--remove",
            _LOOK,
        )
    if any(f"--remove-patient {patient}" not in met for patient in wanted.patients):
        raise NotOnMedium(
            "nobody there has that Patient ID; nothing was changed", "--remove-patient", _LOOK
        )


def _nobody_knows_whose(names: Sequence[FileID]) -> tuple[str, ...]:
    if not names:
        return ()
    files = amount(len(names), "file that is", "files that are")
    return (
        f"{files} cut off, damaged, unreadable or encrypted and may be of what is removed, "
        f"{_first(names)}: what is in there cannot be told; look at that before the medium goes "
        "to anybody else",
    )


def _named_and_no_dicom(names: Sequence[FileID]) -> tuple[str, ...]:
    if not names:
        return ()
    files = amount(len(names), "file", "files")
    return (
        f"{files} that removed records named {'is' if len(names) == 1 else 'are'} no DICOM and "
        f"stay{'s' * (len(names) == 1)}, {_first(names)}: take off by hand what is not wanted",
    )


def _first(names: Sequence[FileID]) -> str:
    return f"{shown(names[0])} first" if len(names) > 1 else shown(names[0])


def _still_referred_to(left: Directory, removed: set[str]) -> tuple[str, ...]:
    """Tell of records that stay and refer to what goes, such as presentation states."""
    referring = [
        record.file_id
        for record, _ in references(left)
        if removed and not removed.isdisjoint(_referred_to(record.keys))
    ]
    if not referring:
        return ()
    return (
        f"{amount(len(referring), 'object that stays refers', 'objects that stay refer')} to "
        f"removed instances, {shown(referring[0])} first: viewers show them without those",
    )


def _referred_to(keys: bytes) -> Iterator[str]:
    for found in _REFERENCE.finditer(keys):
        length = int.from_bytes(found[1], "little")
        yield text(keys[found.end() : found.end() + length])
