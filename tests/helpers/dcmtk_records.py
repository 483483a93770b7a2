"""Directory Records as pydicom reads them, and where ours and dcmmkdir's may differ."""

import re
from pathlib import Path
from typing import Any

import pydicom

Chain = list[pydicom.Dataset]  # the records from the root to the one of a file

OFFSETS = {0x00041400, 0x00041410, 0x00041420}
SHAPES = {"DA": r"\d{8}", "TM": r"\d\d(\d\d(\d\d(\.\d{1,6})?)?)?", "IS": r" *[+-]?\d{1,12} *"}

# dcmmkdir makes up a value where the file has none, or copies one that is malformed. So do we,
# others: PS3.3 F.5 wants a value, and lets the creator choose it.
INVENTED = {
    "PatientID": "ours comes from name and birth date and is the same tomorrow",
    "StudyID": "ours is a number that is free",
    "StudyDate": "ours is the date of a series or of the content, theirs is today",
    "StudyTime": "ours is the time of a series or of the content, theirs is now",
    "SeriesNumber": "ours begins with 1, theirs with 0",
    "InstanceNumber": "ours begins with 1 in each series, theirs goes on",
}
# Elements that only one of the two puts in a record. Keyword → why.
ONLY_IN_ONE = {
    "SpecificCharacterSet": "ours stands where a key of the record needs it (PS3.3 F.5, type 1C), "
    "theirs where the file has one",
    "PatientBirthDate": "we add it: people of one name are told apart by it",
    "PatientSex": "we add it, for the same reason",
}
# Differences that lie in the data. (record type, keyword) → why.
IN_THE_DATA = {
    ("SERIES", "Modality"): "a real series of an SR and a CT: the record can only name one",
    ("IMAGE", "ImageType"): "ABDOM/RAD: a code has no slash, ours has an underscore",
}


def chains(dicomdir: Path) -> dict[str, Chain]:
    """Return the records above each file by its File ID, following the offsets."""
    dataset = pydicom.dcmread(dicomdir)
    by_offset = {record.seq_item_tell: record for record in dataset.DirectoryRecordSequence}
    found: dict[str, Chain] = {}
    waiting: list[tuple[int, Chain]] = [
        (dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, [])
    ]
    while waiting:
        offset, above = waiting.pop()
        while offset:
            record = by_offset[offset]
            chain = [*above, record]
            if "ReferencedFileID" in record:
                file_id = record.ReferencedFileID
                found["/".join([file_id] if isinstance(file_id, str) else file_id)] = chain
            waiting.append((record.OffsetOfReferencedLowerLevelDirectoryEntity, chain))
            offset = record.OffsetOfTheNextDirectoryRecord
    return found


def usable_keys(file: pydicom.Dataset) -> set[str]:
    return {element.keyword for element in file if usable(file, element.tag)}


def letters(name: Any) -> str:
    return re.sub(r"[^a-z]+", " ", str(name).lower()).strip()


def usable(file: pydicom.Dataset, tag: Any) -> bool:
    """Return whether a file has a well-formed value of a key."""
    if tag not in file or file[tag].value in (None, ""):
        return False
    shape = SHAPES.get(file[tag].VR)
    return shape is None or re.fullmatch(shape, str(file[tag].value).strip()) is not None
