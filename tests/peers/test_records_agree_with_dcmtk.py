"""DCMTK's dcmmkdir makes records of the same files: the same types, keys and values."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dcmtk_records import (
    IN_THE_DATA,
    INVENTED,
    OFFSETS,
    ONLY_IN_ONE,
    Chain,
    chains,
    letters,
    usable,
    usable_keys,
)

# Files that dcmmkdir refuses, by what it says. Pattern → why we do not.
REFUSED = {
    r"required attribute \w+ \(....,....\) missing": "a key may be empty, or is generated "
    "(PS3.3 F.5); the patient's image counts",
    r"invalid SOP class \(1\.2\.840\.10008\.5\.1\.4\.1\.1\.66\.7\)": "newer than DCMTK 3.6.7",
    r"possibly wrong VR": "one of two files of a patient has its name in VR UN",
    r"can't find SOP(Class|Instance)UID": "its elements are all of VR UN",
    r"Corrupted data: cannot create Series directory record": "the same file",
    r"no good files: DICOMDIR not created": "what follows from the others",
    r"inventing": "it would, in a directory with others",
}


@pytest.fixture(scope="module")
def both(
    disc: Any, tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]
) -> tuple[Path, dict[str, Chain], dict[str, Chain]]:
    folder = tmp_path_factory.mktemp("dcmtk")
    shutil.copytree(disc.folder / "DICOM", folder / "DICOM")
    subprocess.run(
        [peer("dcmmkdir"), "+r", "+I", "-W", "+id", ".", "+D", "DICOMDIR", "DICOM"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return folder, chains(disc.folder / "DICOMDIR"), chains(folder / "DICOMDIR")


def test_dcmmkdir_names_no_file_that_we_do_not(both: tuple[Path, Any, Any]) -> None:
    _, ours, theirs = both
    assert set(theirs) <= set(ours)
    assert len(theirs) > 100


def test_what_dcmmkdir_refuses_is_refused_for_a_known_reason(
    both: tuple[Path, Any, Any], peer: Callable[[str], str]
) -> None:
    folder, ours, theirs = both
    for name in sorted(set(ours) - set(theirs)):
        done = subprocess.run(
            [peer("dcmmkdir"), "+I", "-W", "+id", ".", "+D", "ONE", name],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        (folder / "ONE").unlink(missing_ok=True)
        for line in done.stderr.splitlines():
            if line[:2] in ("E:", "W:"):
                assert any(re.search(pattern, line) for pattern in REFUSED), (name, line)


def test_records_have_the_same_types_and_nesting(both: tuple[Path, Any, Any]) -> None:
    _, ours, theirs = both
    for name in theirs:
        assert [r.DirectoryRecordType for r in ours[name]] == [
            r.DirectoryRecordType for r in theirs[name]
        ], name


def test_records_have_the_same_keys_and_values(both: tuple[Path, Any, Any]) -> None:
    folder, ours, theirs = both
    seen: Counter[str] = Counter()
    for name in theirs:
        file = pydicom.dcmread(folder / name)
        for mine, other in zip(ours[name], theirs[name], strict=True):
            for tag in {*mine.keys(), *other.keys()} - OFFSETS:
                keyword = pydicom.datadict.keyword_for_tag(tag)
                if tag not in mine or tag not in other:
                    assert keyword in ONLY_IN_ONE, (name, mine.DirectoryRecordType, keyword)
                    seen[keyword] += 1
                elif mine[tag].value != other[tag].value:
                    if (mine.DirectoryRecordType, keyword) in IN_THE_DATA:
                        continue
                    if keyword == "PatientName" and "PatientID" not in usable_keys(file):
                        # One person without an ID, spelt in two ways, has one record of ours.
                        assert letters(mine[tag].value) == letters(other[tag].value)
                        continue
                    assert keyword in INVENTED, (name, mine[tag], other[tag])
                    assert not usable(file, tag), (name, mine[tag], other[tag])
                    seen[keyword] += 1
                else:
                    seen["agree"] += 1
    assert seen["agree"] > 20 * (seen.total() - seen["agree"] - seen["SpecificCharacterSet"])
