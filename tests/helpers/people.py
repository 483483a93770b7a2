"""CT images of people that tests make up."""

from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file


def person(
    path: Path,
    number: int,
    name: str,
    patient_id: str = "1",
    born: str = "19700101",
    **more: str,
) -> Path:
    """Write a CT of one person, as an object and a study of its own.

    Args:
        path: of the file; its folder is made.
        number: makes its UIDs.
        name: Patient's Name.
        patient_id: Patient ID.
        born: Patient's Birth Date.
        more: other attributes by keyword; UIDs among them in place of those of *number*.
    """
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = name, patient_id, born
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.{number}.1", f"1.2.{number}.2"
    dataset.SOPInstanceUID = f"1.2.{number}.3"
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)
    return path
