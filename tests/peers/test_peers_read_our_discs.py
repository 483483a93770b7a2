"""Other people's software reads the images and directories that we make, and has no complaint."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
from pydicom.fileset import FileSet

from jacket import author

# Record types that pydicom 3.0 does not know; its FileSet then loads nothing. Type → since when.
NOT_IN_PYDICOM = {"ANNOTATION": "PS3.3 2021d"}

Peer = Callable[[str], str]

# Complaints of dciodvfy on our directories that are no fault of theirs. Pattern → why.
DCIODVFY_MAY_SAY = {
    r"Warning - Attribute is not present in standard DICOM IOD": "records may have more keys than "
    "they must (PS3.3 F.3.2.2)",
    r"Warning - Dicom dataset contains attributes not present": "the same, summed up",
    r"Warning - Value dubious for this VR - .* Retired Person Name form": "as it is in the file",
    r"Warning - Unrecognized defined term": "as it is in the file, or a newer record type",
    r"Error - Value invalid for this VR - .* UI \[\d+\] = <[0-9a-f]{64}>": "UIDs of a real file "
    "are digests; `jacket verify` tells of it",
    r"Error - Illegal root for UID - \"([0-9a-f]{64}|999\.999\..*|0\.0\.0\.0\..*)\"": "the same, "
    "and UIDs of real files that nobody has registered",
    r"Error - Value invalid for this VR - .*Leading zeroes": "UIDs as they are in real files",
    r"Error - Value invalid for this VR - .* SH Study ID .*expected <= 16": "real files have a UID "
    "for a Study ID",
    r"Error - Value invalid for this VR - .* CS Image Type .*<ABDOM/RAD>": "as it is in the file",
    r"Error - Dicom dataset contains invalid data values": "the same, summed up",
    r"Error - Unrecognized enumerated value <ANNOTATION>": "a record type that came after it",
    r"Error - Missing attribute Type 1 .*=<ReferencedImageEvidenceSequence>": "it is of type 1C "
    "(PS3.3 F.5.27), and the file refers to no image",
    r"^BasicDirectory$": "what it takes the file for",
}
# Complaints of dcmdump on our files. Pattern → why.
DCMDUMP_MAY_SAY = {
    r"found twice in one data set or item": "a real file, copied byte for byte",
}


def said(*words: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=100,
    )
    return done.returncode, done.stdout, done.stderr


def unexplained(lines: str, table: dict[str, str]) -> list[str]:
    return [
        line
        for line in lines.splitlines()
        if line.strip() and not any(re.search(pattern, line) for pattern in table)
    ]


def dicom_files(disc: Any) -> list[Path]:
    return sorted(path for path in (disc.folder / "DICOM").rglob("*") if path.is_file())


def test_dcmdump_reads_the_directory_without_a_word(disc: Any, peer: Peer) -> None:
    code, text, complaints = said(peer("dcmdump"), disc.folder / "DICOMDIR")
    assert (code, complaints) == (0, "")
    assert text.count("(0004,1500) CS [DICOM") == len(disc.records)


def test_dcmdump_reads_every_file(disc: Any, peer: Peer) -> None:
    files = dicom_files(disc)
    assert len(files) == len(disc.records)
    code, _, complaints = said(peer("dcmdump"), *files)
    assert code == 0
    assert unexplained(complaints, DCMDUMP_MAY_SAY) == []


def test_dcmftest_takes_every_file_for_a_dicom_file(disc: Any, peer: Peer) -> None:
    code, text, _ = said(peer("dcmftest"), disc.folder / "DICOMDIR", *dicom_files(disc))
    assert code == 0
    assert all(line.startswith("yes: ") for line in text.splitlines())


def test_dciodvfy_finds_a_basic_directory_without_error(disc: Any, peer: Peer) -> None:
    _, text, complaints = said(peer("dciodvfy"), disc.folder / "DICOMDIR")
    assert "BasicDirectory" in text + complaints
    assert unexplained(text + complaints, DCIODVFY_MAY_SAY) == []


def test_dcdirdmp_reads_the_directory(disc: Any, peer: Peer) -> None:
    _, text, complaints = said(peer("dcdirdmp"), disc.folder / "DICOMDIR")
    assert text.count("-> DICOM") + complaints.count("-> DICOM") == len(disc.records)


def test_pydicom_loads_the_file_set_and_finds_all_files(disc: Any, tmp_path: Path) -> None:
    folder, records = disc.folder, disc.records
    if any(record.DirectoryRecordType in NOT_IN_PYDICOM for record in records.values()):
        folder, records = without_what_pydicom_does_not_know(disc, tmp_path)
    file_set = FileSet(folder / "DICOMDIR")
    with file_set._stage["t"]:  # a folder that it makes and forgets
        found = {str(instance.SOPInstanceUID): Path(instance.path) for instance in file_set}
    assert found.keys() == records.keys()
    assert set(found.values()) == {p for p in (folder / "DICOM").rglob("*") if p.is_file()}
    for uid, path in found.items():
        meta = pydicom.filereader.read_file_meta_info(path)
        assert meta.MediaStorageSOPInstanceUID == uid
        assert meta.MediaStorageSOPClassUID == records[uid].ReferencedSOPClassUIDInFile
        assert meta.TransferSyntaxUID == records[uid].ReferencedTransferSyntaxUIDInFile


def without_what_pydicom_does_not_know(
    disc: Any, folder: Path
) -> tuple[Path, dict[str, pydicom.Dataset]]:
    """Make the disc again without records that pydicom's FileSet refuses to load."""
    named = {item["source"] for item in disc.answer["left_out"]}
    sources = [
        source
        for source in sorted(set(disc.sources) - named)
        if disc.records[str(pydicom.dcmread(source, force=True).SOPInstanceUID)].DirectoryRecordType
        not in NOT_IN_PYDICOM
    ]
    author(sources, folder / "stick")
    dataset = pydicom.dcmread(folder / "stick" / "DICOMDIR")
    return folder / "stick", {
        str(record.ReferencedSOPInstanceUIDInFile): record
        for record in dataset.DirectoryRecordSequence
        if "ReferencedFileID" in record
    }


def test_isoinfo_reads_the_image(disc: Any, peer: Peer) -> None:
    code, text, complaints = said(peer("isoinfo"), "-d", "-i", disc.image)
    assert (code, complaints) == (0, "")
    assert f"Volume id: {disc.answer['label']}" in text
    assert "NO Joliet present" in text
    assert "NO Rock Ridge present" in text
    code, text, complaints = said(peer("isoinfo"), "-l", "-i", disc.image)
    assert (code, complaints) == (0, "")
    assert len(re.findall(r" (I|N)\d{7}", text)) == len(disc.records)
    code, text, _ = said(peer("isoinfo"), "-i", disc.image, "-x", "/DICOMDIR.;1")
    assert code == 0
    assert "DICM" in text[:200]


def test_xorriso_reads_the_image(disc: Any, peer: Peer) -> None:
    code, text, complaints = said(peer("xorriso"), "-indev", disc.image, "-find", "/", "-type", "f")
    assert code == 0
    assert not re.search(r"xorriso : (WARNING|FAILURE|SORRY|FATAL|MISHAP)", complaints)
    assert f"'{disc.answer['label']}'" in complaints
    assert text.count("'/DICOM/") == len(disc.records)


def test_seven_zip_tests_and_lists_the_image(disc: Any, peer: Peer) -> None:
    code, text, complaints = said(peer("7z"), "t", disc.image)
    assert (code, complaints) == (0, "")
    assert "Everything is Ok" in text
    assert "Warning" not in text
    code, text, _ = said(peer("7z"), "l", "-ba", disc.image)
    assert code == 0
    assert len(re.findall(r"DICOM/\S*[IN]\d{7}$", text, re.MULTILINE)) == len(disc.records)
    assert re.search(r" DICOMDIR$", text, re.MULTILINE)


def test_genisoimage_of_the_same_files_has_the_same_files(
    disc: Any, peer: Peer, tmp_path: Path
) -> None:
    """What another maker of images makes of our tree is, file for file, what we made."""
    image = tmp_path / "theirs.iso"
    code, _, complaints = said(peer("genisoimage"), "-quiet", "-o", image, disc.folder)
    assert code == 0, complaints
    listings = []
    for which in (disc.image, image):
        _, text, _ = said(peer("isoinfo"), "-f", "-i", which)
        listings.append(sorted(line.removesuffix(";1").rstrip(".") for line in text.splitlines()))
    assert listings[0] == listings[1]
