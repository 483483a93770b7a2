"""Other people's readers see in our DICOMDIR what we put there, at the offsets that we say."""

import gc
import re
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from dicomdir.build import Built, build_directory, separate_patients
from dicomdir.elements import encode_element, iterate_elements
from dicomdir.encode import DirectoryTooLarge, encode_dicomdir
from dicomdir.file_meta import (
    FILMJACKET_CLASS_UID,
    FILMJACKET_VERSION_NAME,
    Implementation,
    encode_file_meta,
)
from dicomdir.read import read_directory
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.record_types import RECORD_TYPES
from dicomdir.scan import scan
from reporting import FilmjacketError

UID = "1.2.826.0.1.3680043.8.498.1"


def directory_of(folder: Path) -> Built:
    """Scan *folder* and give every file the File ID that its path there is."""
    instances = [each for each in scan([folder], jobs=1).instances if each.record_type]
    kept, _ = separate_patients(instances)
    numbered = [(each, Path(each.source).relative_to(folder).parts) for each in kept]
    return build_directory(numbered, file_set_uid=UID, file_set_id="TEST_SET")


def parsed(data: bytes, tmp_path: Path) -> Dataset:
    path = tmp_path / "parsed"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def flattened(
    records: list[DirectoryRecord], depth: int = 0
) -> Iterator[tuple[int, DirectoryRecord]]:
    for record in records:
        yield depth, record
        yield from flattened(record.children, depth + 1)


def by_offsets(dataset: Dataset) -> list[tuple[int, Dataset]]:
    """Walk a DICOMDIR by its offsets alone, as a reader does."""
    items = {item.seq_item_tell: item for item in dataset.DirectoryRecordSequence}
    walked, stack = [], [(dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, 0)]
    while stack:
        offset, depth = stack.pop()
        if not offset:
            continue
        item = items.pop(offset)  # a second visit, or a wrong offset, is a KeyError
        walked.append((depth, item))
        stack.append((item.OffsetOfTheNextDirectoryRecord, depth))
        stack.append((item.OffsetOfReferencedLowerLevelDirectoryEntity, depth + 1))
    assert not items
    return walked


@pytest.fixture
def real_files(tmp_path: Path, pydicom_files: list[Path]) -> Path:
    """A folder of real files of one preamble-and-all kind each, under legal names."""
    folder = tmp_path / "fileset"
    (folder / "DICOM").mkdir(parents=True)
    instances = [each for each in scan(pydicom_files, jobs=1).instances if each.record_type]
    kept, _ = separate_patients([each for each in instances if not each.departures])
    unique = {each.sop_instance_uid: each for each in kept}
    for number, each in enumerate(unique.values()):
        (folder / "DICOM" / f"I{number}").write_bytes(Path(each.source).read_bytes())
    assert number > 30
    return folder


def test_offsets_lead_through_the_same_tree(real_files: Path, tmp_path: Path) -> None:
    built = directory_of(real_files)
    dataset = parsed(encode_dicomdir(built.directory), tmp_path)
    ours = list(flattened(built.directory.records))
    theirs = by_offsets(dataset)
    assert [(d, r.record_type) for d, r in ours] == [
        (d, item.DirectoryRecordType) for d, item in theirs
    ]
    last = [item for depth, item in theirs if not depth][-1]
    offset = dataset.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity
    assert offset == last.seq_item_tell
    for (_, record), (_, item) in zip(ours, theirs, strict=True):
        assert item.RecordInUseFlag == 0xFFFF
        if record.file_id:
            assert tuple(item.ReferencedFileID) == record.file_id
            assert item.ReferencedSOPInstanceUIDInFile == record.sop_instance_uid


def test_the_head_is_that_of_a_dicomdir(tmp_path: Path) -> None:
    data = encode_dicomdir(Directory(UID, "TEST_SET"))
    dataset = parsed(data, tmp_path)
    meta = dataset.file_meta
    assert data[:132] == bytes(128) + b"DICM"
    assert meta.MediaStorageSOPClassUID == "1.2.840.10008.1.3.10"
    assert meta.MediaStorageSOPInstanceUID == UID
    assert meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert meta.ImplementationClassUID == FILMJACKET_CLASS_UID
    assert meta.ImplementationClassUID.is_valid
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert dataset.FileSetID == "TEST_SET"
    assert dataset.FileSetConsistencyFlag == 0
    assert dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity == 0
    assert dataset.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity == 0
    assert len(dataset.DirectoryRecordSequence) == 0


def test_the_version_name_has_the_characters_that_are_allowed() -> None:
    assert re.fullmatch("[A-Z0-9_]{1,16}", FILMJACKET_VERSION_NAME)


def test_the_group_length_ends_where_the_data_set_begins() -> None:
    other = Implementation("1.2.3", "X")
    for odd in ("1.2.3", "1.2.34"):
        meta = encode_file_meta("1.2.840.10008.5.1.4.1.1.2", odd, "1.2.4", implementation=other)
        length = int.from_bytes(meta[140:144], "little")
        assert 144 + length == len(meta)
        tags = [tag for tag, *_ in iterate_elements(meta, 132)]
        assert tags == [0x20000 + n for n in (0, 1, 2, 3, 0x10, 0x12, 0x13)]


def test_pydicom_finds_every_file_of_the_file_set(real_files: Path) -> None:
    built = directory_of(real_files)
    (real_files / "DICOMDIR").write_bytes(encode_dicomdir(built.directory))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file_set = FileSet(real_files / "DICOMDIR")
        identity = (file_set.UID, file_set.ID)
        found = {each.SOPInstanceUID: Path(each.path) for each in file_set}
        # It leaves its temporary folder to the collector, which warns: here nobody minds.
        del file_set
        gc.collect()
    assert identity == (UID, "TEST_SET")
    assert found == {
        record.sop_instance_uid: real_files.joinpath(*record.file_id) for record in built.records
    }


def test_dcmtk_reads_it_without_a_complaint(real_files: Path, peer: Callable[[str], str]) -> None:
    path = real_files / "DICOMDIR"
    built = directory_of(real_files)
    path.write_bytes(encode_dicomdir(built.directory))
    subprocess.run([peer("dcmftest"), str(path)], check=True, capture_output=True)
    # DCMTK follows the offsets, and warns when they lead elsewhere.
    run = subprocess.run([peer("dcmdump"), "-v", str(path)], check=True, capture_output=True)
    assert run.stdout.count(b'Directory Record" ') == len(list(flattened(built.directory.records)))
    assert b"W:" not in run.stderr
    assert b"E:" not in run.stderr


def test_dicom3tools_walks_it_to_the_same_files(
    real_files: Path, peer: Callable[[str], str]
) -> None:
    path = real_files / "DICOMDIR"
    built = directory_of(real_files)
    path.write_bytes(encode_dicomdir(built.directory))
    run = subprocess.run([peer("dcdirdmp"), str(path)], check=False, capture_output=True)
    output = (run.stdout + run.stderr).decode("latin-1")
    for record in built.records:
        assert "\\".join(record.file_id) in output or "/".join(record.file_id) in output
    assert "Error" not in output


# Where dicom3tools (2022) is older than the record type, or takes a type 1C key for a type 1.
DICOM3TOOLS_ERRS = ("<ANNOTATION>", "ReferencedImageEvidenceSequence")
# What is wrong in the files themselves and is passed on as it is.
FROM_THE_FILES = (
    "Value invalid for this VR",
    "Illegal root for UID",
    "contains invalid data values",
)


def test_dicom3tools_misses_no_key(real_files: Path, peer: Callable[[str], str]) -> None:
    path = real_files / "DICOMDIR"
    path.write_bytes(encode_dicomdir(directory_of(real_files).directory))
    run = subprocess.run([peer("dciodvfy"), str(path)], check=False, capture_output=True)
    lines = (run.stdout + run.stderr).decode("latin-1").splitlines()
    assert "BasicDirectory" in lines
    known = (*DICOM3TOOLS_ERRS, *FROM_THE_FILES)
    errors = [line for line in lines if line.startswith("Error")]
    assert [e for e in errors if not any(each in e for each in known)] == []


def keys_asked_for(item: Dataset) -> dict[int, Any]:
    """Return the keys that F.5 lists: DCMTK adds optional ones of its own."""
    asked = {key.tag for key in RECORD_TYPES[item.DirectoryRecordType].keys}
    return {int(e.tag): e.value for e in item if int(e.tag) in asked}


def by_identity(dataset: Dataset) -> dict[tuple[str, str], Dataset]:
    """Return the records by type and the value that tells them from others of the type."""
    found = {}
    for item in dataset.DirectoryRecordSequence:
        identities = (
            *("ReferencedSOPInstanceUIDInFile", "SeriesInstanceUID", "StudyInstanceUID"),
            "PatientID",
        )
        name = next(each for each in identities if each in item)
        found[item.DirectoryRecordType, str(item[name].value)] = item
    return found


def test_keys_are_those_that_dcmtk_takes_from_the_same_files(
    real_files: Path, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    made = tmp_path / "DICOMDIR"
    command = [peer("dcmmkdir"), "-q", "-Pgp", "-W", "+I", "+r", "+id", str(real_files)]
    subprocess.run([*command, "+D", str(made)], check=True, capture_output=True)
    built = directory_of(real_files)
    generated = {(g.record_type, g.tag, g.value) for g in built.generated}
    ours = by_identity(parsed(encode_dicomdir(built.directory), tmp_path))
    theirs = by_identity(parsed(made.read_bytes(), tmp_path))
    differing = []
    compared = 0
    for identity in ours.keys() & theirs.keys():
        own, expected = keys_asked_for(ours[identity]), keys_asked_for(theirs[identity])
        lacking = {tag for tag in expected.keys() - own.keys() if expected[tag]}
        assert lacking <= {0x00080005}, identity  # DCMTK names a set also where all is ASCII
        for tag in own.keys() & expected.keys():
            compared += 1
            made_up = (identity[0], tag, str(own[tag])) in generated
            if own[tag] != expected[tag] and not made_up:
                differing.append((*identity, tag))
    assert differing == []
    assert compared > 200
    missing = {kind for kind, _ in theirs.keys() - ours.keys()}
    assert missing <= {"PATIENT"}  # those whose Patient ID is made up


def test_our_reader_returns_what_was_written(real_files: Path) -> None:
    directory = directory_of(real_files).directory
    data = encode_dicomdir(directory)
    read = read_directory(data)
    assert read.directory == directory
    assert read.problems == ()
    assert encode_dicomdir(read.directory) == data


def test_every_character_set_survives(shared_data: Path, tmp_path: Path) -> None:
    """Names in ISO 2022, single byte sets and UTF-8 stand in the record as in the file."""
    folder = shared_data / "toolmade" / "dcmtk-charsets"
    built = directory_of(folder)
    dataset = parsed(encode_dicomdir(built.directory), tmp_path)
    names: dict[str, tuple[object, str]] = {}
    patient = None
    for _, item in by_offsets(dataset):
        if item.DirectoryRecordType == "PATIENT":
            patient = item
        if "ReferencedFileID" in item:
            assert patient is not None
            name = str(patient.PatientName)
            names[item.ReferencedSOPInstanceUIDInFile] = (patient.get("SpecificCharacterSet"), name)
    sets = set()
    for record in built.records:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = pydicom.dcmread(folder.joinpath(*record.file_id), stop_before_pixels=True)
            assert names[record.sop_instance_uid][1] == str(file.PatientName)
        if not str(file.PatientName).isascii():
            assert names[record.sop_instance_uid][0] == file.SpecificCharacterSet
            sets.add(str(file.SpecificCharacterSet))
    assert len(sets) >= 8


def test_elements_stand_in_tag_order_also_those_of_foreign_records() -> None:
    record = DirectoryRecord(
        *("PRIVATE", encode_element(0x00080005, b"CS", b"ISO_IR 192"), ("A", "B")),
        *("1.2", "1.2.3", "1.2.840.10008.1.2.1", b"1.2.4"),
        other=b"".join(
            (
                encode_element(0x00041404, b"SH", b"strange"),
                encode_element(0x00041432, b"UI", b"1.2.5"),
                encode_element(0x00041504, b"UL", b"\1\0\0\0"),  # an offset of the old file
                encode_element(0x00041505, b"SH", b"new"),
                encode_element(0x00041600, b"UL", b"\2\0\0\0"),
            )
        ),
    )
    data = encode_dicomdir(Directory(UID, records=[record, DirectoryRecord("PATIENT", b"")]))
    start = data.index(b"\xfe\xff\x00\xe0")
    end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "little")
    tags = [tag for tag, *_ in iterate_elements(data, start + 8, end)]
    assert tags == [
        *(0x00041400, 0x00041404, 0x00041410, 0x00041420, 0x00041430, 0x00041432, 0x00041500),
        *(0x00041505, 0x00041510, 0x00041511, 0x00041512, 0x0004151A, 0x00041600, 0x00080005),
    ]
    assert data[end : end + 4] == b"\xfe\xff\x00\xe0"
    assert int.from_bytes(data[start + 16 : start + 20], "little") == end


def test_descriptor_and_foreign_bytes_are_kept(tmp_path: Path) -> None:
    directory = Directory(UID, "X", descriptor=encode_element(0x00041141, b"CS", b"README"))
    directory.records.append(DirectoryRecord("PATIENT", b"", ("caf\xe9", "x.dcm")))
    dataset = parsed(encode_dicomdir(directory), tmp_path)
    assert dataset.FileSetDescriptorFileID == "README"
    (item,) = dataset.DirectoryRecordSequence
    raw = encode_dicomdir(directory)
    assert b"caf\xe9\\x.dcm" in raw
    assert dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity == item.seq_item_tell


def test_a_hundred_thousand_records_deep_or_wide() -> None:
    for deep in (True, False):
        directory = Directory(UID)
        entity = directory.records
        for _ in range(100_000):
            record = DirectoryRecord("PRIVATE", b"")
            entity.append(record)
            entity = record.children if deep else entity
        data = encode_dicomdir(directory)
        assert data.count(b"\xfe\xff\x00\xe0") == 100_000


def test_a_directory_of_more_than_4_gib_is_refused_before_it_is_made() -> None:
    long = encode_element(0x00420011, b"OB", bytes(1 << 20))
    records = [DirectoryRecord("PRIVATE", long) for _ in range(4096)]
    with pytest.raises(DirectoryTooLarge) as caught:
        encode_dicomdir(Directory(UID, records=records))
    assert isinstance(caught.value, FilmjacketError)
    assert caught.value.where == "DICOMDIR"


TREES = st.recursive(
    st.builds(DirectoryRecord, st.just("PRIVATE"), st.just(b"")),
    lambda children: st.builds(
        lambda below: DirectoryRecord("PRIVATE", b"", children=below),
        st.lists(children, max_size=4),
    ),
    max_leaves=20,
)


@given(st.lists(TREES, max_size=4))
def test_any_tree_comes_back_by_its_offsets(records: list[DirectoryRecord]) -> None:
    data = encode_dicomdir(Directory(UID, records=records))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    assert [d for d, _ in by_offsets(dataset)] == [d for d, _ in flattened(records)]
