"""CT images of people that tests make up."""

from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file

CT = Path(str(get_testdata_file("CT_small.dcm")))


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
    uids = {
        "StudyInstanceUID": f"1.2.{number}.1",
        "SeriesInstanceUID": f"1.2.{number}.2",
        "SOPInstanceUID": f"1.2.{number}.3",
    }
    identity = {"PatientName": name, "PatientID": patient_id, "PatientBirthDate": born}
    return variant(CT, path, **(identity | uids | more))


def variant(source: Path, target: Path, **values: object) -> Path:
    """Write *source* with other attributes, by keyword, as another object."""
    dataset = pydicom.dcmread(source, force=True)
    for name, value in values.items():
        setattr(dataset, name, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(target)
    return target
