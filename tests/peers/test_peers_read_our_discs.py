"""Other people's software reads the images and directories that we make, and has no complaint."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
from pydicom.fileset import FileSet

Peer = Callable[[str], str]

# Complaints of dciodvfy on our directories that are no fault of theirs. Pattern → why.
DCIODVFY_MAY_SAY = {
    r"Warning - Attribute is not present in standard DICOM IOD": "PS3.3 F.3.2.2 lets records have "
    "more keys than they must",
    r"Warning - Dicom dataset contains attributes not present": "the same, summed up",
    r"Warning - Value dubious for this VR - .* Retired Person Name form": "as it is in the file",
    r"Warning - Unrecognized defined term .* of attribute <Directory Record Type>": "record types "
    "that came after that edition",
    r"Warning - Unrecognized defined term": "as it is in the file",
    r"Error - Value invalid for this VR - .* UI .*(<|\[)[0-9a-f]{64}(>|\])": "a real file whose "
    "UIDs are digests, named by `jacket verify`",
    r"Error - Value invalid for this VR - .* UI .*Referenced SOP": "the same file",
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


def test_pydicom_loads_the_file_set_and_finds_all_files(disc: Any) -> None:
    file_set = FileSet(disc.folder / "DICOMDIR")
    with file_set._stage["t"]:  # a folder that it makes and forgets
        found = {str(instance.SOPInstanceUID): Path(instance.path) for instance in file_set}
    assert found.keys() == disc.records.keys()
    assert set(found.values()) == set(dicom_files(disc))
    for uid, path in found.items():
        record = disc.records[uid]
        meta = pydicom.filereader.read_file_meta_info(path)
        assert meta.MediaStorageSOPInstanceUID == uid
        assert meta.MediaStorageSOPClassUID == record.ReferencedSOPClassUIDInFile
        assert meta.TransferSyntaxUID == record.ReferencedTransferSyntaxUIDInFile


def test_isoinfo_reads_the_image(disc: Any, peer: Peer) -> None:
    code, text, complaints = said(peer("isoinfo"), "-d", "-i", disc.image)
    assert (code, complaints) == (0, "")
    assert f"Volume id: {disc.answer['label']}" in text
    assert "NO Joliet present" in text
    assert "NO Rock Ridge present" in text
    code, text, complaints = said(peer("isoinfo"), "-l", "-i", disc.image)
    assert (code, complaints) == (0, "")
    assert len(re.findall(r" (I|N)\d{7}", text)) == len(disc.records)
    code, text, _ = said(peer("isoinfo"), "-i", disc.image, "-x", "/DICOMDIR")
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
