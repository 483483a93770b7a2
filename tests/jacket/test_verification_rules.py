"""Every rule that needs more than one room is broken once, and nothing else with it."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomdir.elements import encode_element
from dicomdir.encode import encode_dicomdir
from dicomdir.read import read_directory
from jacket.verification import verify
from jacket.verification_rules import RULES
from reporting import Severity

Break = Callable[[Path], None]  # spoils the medium: an image file, or a folder

LABEL = b"221320_1114".ljust(len(b"SOMETHING_ELSE"))


def drop_manifest(folder: Path) -> None:
    (folder / "MANIFEST.TXT").unlink()


def no_dicomdir(folder: Path) -> None:
    # The files stay: that no record names them has one cause.
    drop_manifest(folder)
    (folder / "DICOMDIR").unlink()


def lost_descriptor(folder: Path) -> None:
    drop_manifest(folder)
    tree = read_directory((folder / "DICOMDIR").read_bytes()).directory
    tree.descriptor = encode_element(0x00041141, b"CS", b"README")
    (folder / "DICOMDIR").write_bytes(encode_dicomdir(tree))


def small_name(folder: Path) -> None:
    drop_manifest(folder)
    (folder / "DICOMDIR").rename(folder / "dicomdir")


def second_dicomdir(folder: Path) -> None:
    drop_manifest(folder)
    shutil.copy(folder / "DICOMDIR", folder / "DICOM" / "DICOMDIR")


def no_directory(folder: Path) -> None:
    no_dicomdir(folder)
    (folder / "DICOMDIR").write_text("Please insert disc 2")


def other_label(image: Path) -> None:
    with image.open("r+b") as file:
        file.seek(16 * 2048 + 40)  # the Volume Identifier (ECMA-119 8.4.7)
        assert file.read(len(LABEL)) == LABEL
        file.seek(16 * 2048 + 40)
        file.write(b"SOMETHING_ELSE")


def autorun(folder: Path) -> None:
    drop_manifest(folder)
    (folder / "AUTORUN.INF").write_text("[autorun]\nopen=viewer.exe\n")


def one_byte(folder: Path) -> None:
    path = max(folder.joinpath("DICOM").rglob("I*"), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1  # in the pixel data
    path.write_bytes(content)


def listed_in_vain(folder: Path) -> None:
    manifest = folder / "MANIFEST.TXT"
    manifest.write_text(manifest.read_text() + f"{'0' * 64} *VIEWER/START.HTM\n")


def not_listed(folder: Path) -> None:
    (folder / "HOLIDAY.JPG").write_bytes(b"\xff\xd8\xff\xe0")


def bad_line(folder: Path) -> None:
    manifest = folder / "MANIFEST.TXT"
    manifest.write_text(manifest.read_text() + "these are all\n")


IMAGES: dict[str, Break] = {"MED-LABEL": other_label}
FOLDERS: dict[str, Break] = {
    "MED-DICOMDIR": no_dicomdir,
    "MED-DICOMDIR-NAME": small_name,
    "MED-DICOMDIR-SECOND": second_dicomdir,
    "MED-DICOMDIR-CONTENT": no_directory,
    "MED-DESCRIPTOR": lost_descriptor,
    "MED-AUTORUN": autorun,
    "MAN-DIGEST": one_byte,
    "MAN-MISSING": listed_in_vain,
    "MAN-NOT-LISTED": not_listed,
    "MAN-LINE": bad_line,
}
BY_OTHERS = {
    "MED-READ": "test_a_file_that_cannot_be_read_to_its_end",
    "MED-KIND": "test_a_disc_of_level_2_is_right_on_a_dvd_and_wrong_on_a_cd",
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture
def clean(clock: None, image: Path) -> Path:
    return image


@pytest.fixture
def clean_folder(
    clock: None, tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> Path:
    folder = tmp_path / "medium"
    assert run("author", two_patients, "-o", folder).code == 0
    return folder


def complaints(run: Callable[..., object], medium: Path) -> set[str]:
    said = run("verify", medium, "--json")
    found = said.json["findings"]
    assert all(f["where"] and f["message"] and f["remedy"] and f["reference"] for f in found)
    assert said.code == (1 if any(f["severity"] == "error" for f in found) else 0)
    return {f["rule"] for f in found if f["severity"] != "note"}


def test_what_nobody_spoilt_is_clean(
    clean: Path, clean_folder: Path, run: Callable[..., object]
) -> None:
    assert complaints(run, clean) == set()
    assert complaints(run, clean_folder) == set()


@pytest.mark.parametrize("rule", IMAGES)
def test_exactly_the_broken_rule_is_told_of_an_image(
    rule: str, clean: Path, run: Callable[..., object]
) -> None:
    IMAGES[rule](clean)
    assert complaints(run, clean) == {rule}


@pytest.mark.parametrize("rule", FOLDERS)
def test_exactly_the_broken_rule_is_told_of_a_folder(
    rule: str, clean_folder: Path, run: Callable[..., object]
) -> None:
    FOLDERS[rule](clean_folder)
    assert complaints(run, clean_folder) == {rule}


def test_a_file_that_cannot_be_read_to_its_end(
    clean: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scratch, as the system tells it: the block of the manifest gives an I/O error."""
    scratch = clean.read_bytes().rindex(b"*DICOMDIR\n") // 2048 * 2048
    real = os.pread

    def scratched(descriptor: int, length: int, offset: int) -> bytes:
        if offset < scratch + 2048 and offset + length > scratch:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", scratched)
    assert complaints(run, clean) == {"MED-READ"}


def test_a_descriptor_that_is_there_is_good(clean_folder: Path) -> None:
    lost_descriptor(clean_folder)
    (clean_folder / "README").write_text("Two patients.")
    assert [f for f in verify(clean_folder).findings if f.rule.startswith("MED-")] == []


@pytest.mark.parametrize(
    ("profile", "severity"),
    [(None, "error"), ("STD-GEN-CD", "error"), ("STD-XABC-CD", "warning")],
)
def test_only_some_profiles_let_files_be_left_out_of_the_directory(
    profile: str | None, severity: str, clean_folder: Path, test_files: Path
) -> None:
    """PS3.11 annexes A and B do not say that the directory has to name all."""
    drop_manifest(clean_folder)
    shutil.copy(test_files / "CT_small.dcm", clean_folder / "DICOM" / "EXTRA")
    (found,) = [
        f for f in verify(clean_folder, profile).findings if f.rule == "DIR-FILE-UNREFERENCED"
    ]
    assert (found.severity, found.where) == (severity, "DICOM/EXTRA")


PRIVATE = """
[[profile]]
identifier = "PRI-WARD-CD"
purpose = "what the ward's viewer reads"
medium = "CD-R"
format = "P12-F"
roles = ["creator", "reader"]

[[profile.allowed]]
sop_classes = ["any"]
transfer_syntaxes = ["1.2.840.10008.1.2.1"]
"""


def test_a_declared_profile_can_be_claimed_and_is_among_the_satisfied(
    clean: Path, tmp_path: Path, run: Callable[..., object]
) -> None:
    declared = tmp_path / "ward.toml"
    declared.write_text(PRIVATE)
    words = ("verify", clean, "--profile-file", declared, "--json")
    assert "PRI-WARD-CD" in run(*words).json["satisfies"]
    claimed = run(*words, "--profile", "PRI-WARD-CD").json
    assert (claimed["profile"], claimed["compliant"]) == ("PRI-WARD-CD", True)
    assert run("verify", clean, "--profile", "PRI-WARD-CD").code == 2


def test_every_rule_is_broken_once_here() -> None:
    assert {*IMAGES, *FOLDERS, *BY_OTHERS} == {rule.id for rule in RULES}
    notes = {rule.id for rule in RULES if rule.severity is Severity.NOTE}
    assert notes == {"MED-KIND"}


def test_one_changed_byte_of_pixel_data_in_an_image_is_found_by_the_manifest_alone(
    clean: Path, test_files: Path, run: Callable[..., object]
) -> None:
    with clean.open("r+b") as file:
        content = file.read()
        source = max(
            (test_files / "dicomdirtests" / "98892003").rglob("[0-9]*"),
            key=lambda p: p.stat().st_size,
        ).read_bytes()
        place = content.index(source) + len(source) - 3
        file.seek(place)
        file.write(bytes((content[place] ^ 1,)))
    found = run("verify", clean, "--json").json["findings"]
    assert [(f["rule"], f["severity"]) for f in found] == [("MAN-DIGEST", "error")]
    assert found[0]["where"].startswith("DICOM/P0000002/")


def test_the_report_to_print_is_whole_or_not_there(
    tmp_path: Path, clean: Path, run: Callable[..., object]
) -> None:
    page = tmp_path / "report.html"
    assert run("verify", clean, "--html", page).code == 0
    text = page.read_text(encoding="utf-8")
    assert "</html>" in text
    assert "<script" not in text
    said = run("verify", clean, "--html", tmp_path)
    assert said.code == 3
    assert str(tmp_path) in said.err
    assert not list(tmp_path.glob(".*"))
