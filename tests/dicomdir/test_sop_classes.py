"""The map from SOP Class to record type is complete, and another toolkit files alike."""

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, UID_dictionary

from dicomdir.record_types import RECORD_TYPES, keys_of
from dicomdir.sop_classes import (
    KNOWN_STORAGE,
    NAME_OF,
    RECORD_TYPE_OF,
    RETIRED_STORAGE,
    WITHOUT_RECORD,
)

# Younger than the dictionary that we compare with.
NEWER_THAN_PYDICOM: Final = {
    "1.2.840.10008.5.1.4.1.1.9.100.1",
    "1.2.840.10008.5.1.4.1.1.9.100.2",
    "1.2.840.10008.5.1.4.1.1.66.7",
    "1.2.840.10008.5.1.4.1.1.66.8",
}
# Services and messages whose names have the word in them.
NOT_STORED: Final = {
    "1.2.840.10008.1.20.1",
    "1.2.840.10008.1.20.2",
}
VALUES: Final[dict[bytes, Any]] = {
    b"DA": "20260102",
    b"TM": "030405",
    b"DT": "20260102030405",
    b"IS": "1",
    b"UI": "1.2.3",
    b"PN": "A^B",
    b"US": 1,
    b"UL": 1,
    b"UV": 1,
}


@pytest.mark.parametrize("uid", sorted(NAME_OF))
def test_every_uid_is_registered(uid: str) -> None:
    assert (uid in UID_dictionary) != (uid in NEWER_THAN_PYDICOM)


def test_every_registered_storage_class_is_mapped_or_named_as_having_no_record() -> None:
    registered = {
        uid
        for uid, (name, kind, _, retired, _) in UID_dictionary.items()
        if kind == "SOP Class" and ("Storage" in name or (retired and ".4.1.1." in f"{uid}."))
    }
    registered = {u for u in registered if ".5.1.4.1.2." not in u} - NOT_STORED
    assert registered - set(RECORD_TYPE_OF) - set(WITHOUT_RECORD) == set()


def test_retired_classes_are_those_that_the_registry_calls_retired() -> None:
    retired = {uid for uid in NAME_OF if uid in UID_dictionary and UID(uid).is_retired}
    assert retired == RETIRED_STORAGE
    assert not KNOWN_STORAGE & RETIRED_STORAGE


def test_each_class_has_one_place() -> None:
    assert not set(RECORD_TYPE_OF) & set(WITHOUT_RECORD)
    assert set(RECORD_TYPE_OF) | set(WITHOUT_RECORD) == set(NAME_OF)
    assert all(not RECORD_TYPES[name].retired for name in RECORD_TYPE_OF.values())
    for name, row in RECORD_TYPES.items():
        leaf = name not in ("PATIENT", "STUDY", "SERIES", "PRIVATE") and not row.retired
        assert (name in RECORD_TYPE_OF.values()) == leaf, name


# DCMTK 3.6.7 has no directory record for these: younger than it is, or drafts of old.
REFUSED_BY_DCMTK: Final = {
    *("6.3", "9.1.4", "9.100.1", "9.100.2", "11.12", "66.7", "66.8", "77.1.8", "77.1.9"),
    *("88.77", "104.4", "104.5", "201.1", *(f"481.{n}" for n in range(14, 26))),
    *("9.1", "88.1", "88.2", "88.3", "88.4", "1.2.840.10008.5.1.4.34.1"),
    # It asks implant assemblies for the keys of implant groups, and the reverse.
    *("1.2.840.10008.5.1.4.44.1", "1.2.840.10008.5.1.4.45.1"),
}
PREFIX: Final = "1.2.840.10008.5.1.4.1.1."
# Objects of other standards, on which PS3.3 has no word.
IMAGE_TO_DCMTK: Final = {"501.1", "501.2.1", "501.2.2", "601.1", "601.2"}


def test_dcmtk_files_every_class_that_it_knows_under_the_same_record_type(
    tmp_path: Path, peer: Callable[[str], str]
) -> None:
    uids = sorted(set(NAME_OF) - {"1.2.840.10008.1.3.10"})
    for number, uid in enumerate(uids):
        write_instance(tmp_path / f"I{number}", uid, number)
    made = tmp_path / "DICOMDIR"
    command = [peer("dcmmkdir"), "-q", "-Pgp", "+I", "+r", "+id", str(tmp_path), "+D", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    theirs = record_types_in(made)
    differing = {
        uid.removeprefix(PREFIX): (RECORD_TYPE_OF.get(uid), theirs.get(uid))
        for uid in uids
        if RECORD_TYPE_OF.get(uid) != theirs.get(uid)
    }
    refused = {suffix: (RECORD_TYPE_OF[full(suffix)], None) for suffix in REFUSED_BY_DCMTK}
    assert differing == refused | dict.fromkeys(IMAGE_TO_DCMTK, (None, "IMAGE"))


def full(suffix: str) -> str:
    return suffix if suffix.startswith("1.2.840.") else PREFIX + suffix


def write_instance(path: Path, sop_class: str, number: int) -> None:
    """Write a file that has a value for every key of its record."""
    dataset = Dataset()
    record_type = RECORD_TYPE_OF.get(sop_class, "IMAGE")
    for level in ("PATIENT", "STUDY", "SERIES", record_type):
        for key in keys_of(level):
            if key.type in ("1", "2"):
                dataset.add_new(key.tag, key.vr.decode(), value_for(key.vr))
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = f"1.2.3.{number + 1}"
    dataset.SeriesInstanceUID = f"1.2.4.{number + 1}"
    dataset.Modality = {"KEY OBJECT DOC": "KO", "PLAN": "PLAN"}.get(record_type, "OT")
    if record_type == "SR DOCUMENT":
        dataset.VerificationFlag = "UNVERIFIED"
        dataset.CompletionFlag = "PARTIAL"
    if record_type == "HANGING PROTOCOL":
        dataset.HangingProtocolDefinitionSequence[0].Modality = "CT"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path, enforce_file_format=True)


def value_for(vr: bytes) -> Any:
    if vr != b"SQ":
        return VALUES.get(vr, "LABEL")
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99TEST", "Test"
    return [code]


def record_types_in(dicomdir: Path) -> dict[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        records = pydicom.dcmread(dicomdir).DirectoryRecordSequence
    return {
        str(record.ReferencedSOPClassUIDInFile): record.DirectoryRecordType
        for record in records
        if "ReferencedFileID" in record
    }
