"""What was authored from real files verifies, and is listed as independent readers list it."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.fileset import FileSet

# Real files that no writer can make conformant: a UID makes an object what it is, so one that is
# not formed as UIDs are is copied as it stands. File → the rules that its medium breaks.
WRONG_IN_THE_DATA: dict[str, set[str]] = {
    # Its Study Instance UID is "1".
    "dcmjs/no-meta-length-test.dcm": {"DIR-KEY-VALUE"},
    # Its UIDs begin with 999; there are roots 0, 1 and 2.
    "dcmswift/DICOM/US_RLELossless_MULTI_PALETTE COLOR_8_ACMEProducts_NULL_NULL_NULL_0.dcm": {
        "DIR-KEY-VALUE",
        "DIR-UID",
        "P10-META-UID",
    },
    # Its UIDs are hexadecimal digests.
    "pydicom-data/bad_sequence.dcm": {"DIR-KEY-VALUE", "DIR-UID", "P10-META-UID"},
}


@pytest.fixture(scope="module")
def disc(
    tmp_path_factory: pytest.TempPathFactory, test_files: Path, run: Callable[..., object]
) -> Path:
    """An image of every real file in pydicom's wheel that can be on one."""
    target = tmp_path_factory.mktemp("disc") / "disc.iso"
    assert run("author", test_files, "-o", target).code == 1, "some are bad on purpose"
    return target


def tree_of(listing: dict[str, Any]) -> dict[tuple[str, str, str], set[str]]:
    """Return (patient, study, series) → instances of `jacket ls --json`."""
    return {
        (p["PatientID"], st["StudyInstanceUID"], se["SeriesInstanceUID"]): {
            instance["SOPInstanceUID"] for instance in se["instances"]
        }
        for p in listing["patients"]
        for st in p["studies"]
        for se in st["series"]
    }


def tree_by_pydicom(dicomdir: Path) -> dict[tuple[str, str, str], set[str]]:
    file_set = FileSet(dicomdir)
    tree: dict[tuple[str, str, str], set[str]] = {}
    with file_set._stage["t"]:  # a folder that it makes and forgets
        for instance in file_set:
            place = (instance.PatientID, instance.StudyInstanceUID, instance.SeriesInstanceUID)
            tree.setdefault(place, set()).add(instance.SOPInstanceUID)
    return tree


def test_every_medium_of_real_files_is_clean(disc: Path, run: Callable[..., object]) -> None:
    verdict = run("verify", disc, "--profile", "STD-GEN-CD", "--json").json
    assert [f for f in verdict["findings"] if f["severity"] == "error"] == []
    assert verdict["compliant"]
    satisfied = run("verify", disc, "--json").json["satisfies"]
    assert "STD-GEN-CD" in satisfied


def errors(run: Callable[..., object], medium: Path) -> set[str]:
    verdict = run("verify", medium, "--profile", "STD-GEN-CD", "--json").json
    return {f["rule"] for f in verdict["findings"] if f["severity"] == "error"}


def test_a_medium_of_all_real_files_but_the_hopeless_is_clean(
    shared_data: Path, tmp_path: Path, run: Callable[..., object]
) -> None:
    sources = [
        path
        for path in sorted(shared_data.rglob("*"))
        if path.is_file() and path.relative_to(shared_data).as_posix() not in WRONG_IN_THE_DATA
    ]
    said = run("author", *sources, "-o", tmp_path / "all.iso", "--json")
    assert said.json["volumes"][0]["instances"] > 200
    assert errors(run, tmp_path / "all.iso") == set()
    assert "STD-GEN-CD" in run("verify", tmp_path / "all.iso", "--json").json["satisfies"]


@pytest.mark.parametrize("name", WRONG_IN_THE_DATA)
def test_what_is_wrong_in_the_data_is_told_and_not_hidden(
    name: str, shared_data: Path, tmp_path: Path, run: Callable[..., object]
) -> None:
    said = run("author", shared_data / name, "-o", tmp_path / "one.iso", "--json")
    assert said.code == 1, "it is done, and something was found"
    assert (said.json["volumes"][0]["instances"], said.json["left_out"]) == (1, [])
    assert said.json["flaws"], "the one who makes the medium is told"
    assert errors(run, tmp_path / "one.iso") == WRONG_IN_THE_DATA[name]
    assert run("verify", tmp_path / "one.iso").code == 1


def test_the_listing_is_that_of_pydicom(
    disc: Path, tmp_path: Path, run: Callable[..., object], peer: Callable[[str], str]
) -> None:
    subprocess.run(
        [peer("7z"), "x", "-bd", f"-o{tmp_path}", str(disc)], stdout=subprocess.DEVNULL, check=True
    )
    listing = run("ls", disc, "--json").json
    assert tree_of(listing) == tree_by_pydicom(tmp_path / "DICOMDIR")
    text = run("ls", disc, "--instances").out
    assert len(re.findall(r"DICOM/P\d{7}/", text)) == sum(map(len, tree_of(listing).values()))


def test_a_folder_without_directory_is_listed_by_its_files(
    two_patients: Path, run: Callable[..., object]
) -> None:
    by_files = run("ls", two_patients, "--json").json
    assert run("dicomdir", two_patients).code == 0
    by_directory = run("ls", two_patients, "--json").json
    assert (by_files["from_directory"], by_directory["from_directory"]) == (False, True)
    assert tree_of(by_files) == tree_of(by_directory) == tree_by_pydicom(two_patients / "DICOMDIR")


def test_names_in_every_character_set_are_listed_right(
    shared_data: Path, tmp_path: Path, run: Callable[..., object]
) -> None:
    """As pydicom decodes the source files; `jacket ls` the DICOMDIR made of them."""
    folder = shared_data / "pydicom" / "charset_files"
    expected = {}
    for path in sorted(folder.glob("*.dcm")):
        one = tmp_path / path.name
        one.mkdir()
        shutil.copyfile(path, one / "F")
        said = run("author", one, "-o", tmp_path / f"{path.name}.iso")
        if said.code:
            continue
        name = str(pydicom.dcmread(path).PatientName).rstrip("=")
        listed = run("ls", tmp_path / f"{path.name}.iso", "--json").json["patients"][0]
        expected[path.name] = name
        assert listed["PatientName"].rstrip("=") == name, path.name
        assert name in run("ls", tmp_path / f"{path.name}.iso").out
    assert len(expected) >= 8
    assert any(not name.isascii() for name in expected.values())


def test_a_missing_file_is_seen_in_the_listing(
    two_patients: Path, run: Callable[..., object]
) -> None:
    assert run("dicomdir", two_patients).code == 0
    next(two_patients.rglob("CR1/*")).unlink()
    said = run("ls", two_patients, "--instances")
    assert said.code == 1
    assert said.out.count("NOT ON THE MEDIUM") == 1
    assert "1 file of the directory not on the medium" in said.out
