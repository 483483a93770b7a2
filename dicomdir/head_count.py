"""How many patients and studies instances belong to: as many records as a directory has of them."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from dicomdir.elements import values_by_tag
from dicomdir.generated_keys import STUDY_UID, patient_id_for
from dicomdir.instance import Instance
from dicomdir.patient_identity import PATIENT_ID

_PADDING: Final = b" \0"


class HeadCount(NamedTuple):
    """Patients and studies; an instance that has none (a hanging protocol) adds nothing."""

    patients: int
    studies: int


def head_count(instances: Iterable[Instance]) -> HeadCount:
    """Count the PATIENT and STUDY records that a directory of *instances* has (PS3.3 F.4)."""
    patients, studies = set[bytes](), set[tuple[bytes, bytes]]()
    # Most instances share the keys of a few patients and studies, byte for byte.
    for patient, study in {(one.patient, one.study) for one in instances if one.study}:
        stated = values_by_tag(patient).get(PATIENT_ID, b"").strip(_PADDING)
        identifier = stated or patient_id_for(patient, study)
        patients.add(identifier)
        studies.add((identifier, values_by_tag(study).get(STUDY_UID, b"").strip(_PADDING)))
    return HeadCount(len(patients), len(studies))
