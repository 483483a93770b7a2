"""What ``jacket profiles`` tells a person, and a program."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profiles.application_profiles import Security
from profiles.profile_table import PROFILES

Run = Callable[..., Any]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "profiles.md"


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0])
    return path


def test_the_list_names_every_profile_once_within_80_columns(run: Run) -> None:
    done = run("profiles")
    assert done.code == 0
    lines = done.out.splitlines()
    assert all(len(line) < 80 for line in lines)
    listed = [line.split()[0] for line in lines if line.startswith("  STD-")]
    assert listed == list(PROFILES)


def test_the_list_says_what_is_made_of_each(run: Run) -> None:
    lines = {line.split()[0]: line for line in run("profiles").out.splitlines() if line.strip()}
    for identifier, word in (
        ("STD-GEN-CD", ".iso"),
        ("STD-GEN-BD", ".iso"),
        ("STD-CTMR-MOD41", ".img"),
        ("STD-GEN-USB-J2K", ".img"),
        ("STD-GEN-ZIP-MAIL", ".zip"),
        ("STD-GEN-MIME", ".eml"),
    ):
        assert lines[identifier].endswith(f" {word}")
    for identifier, row in PROFILES.items():
        assert lines[identifier].endswith(" s/mime") == (row.security is Security.SMIME)


@pytest.mark.parametrize("identifier", PROFILES)
def test_every_profile_can_be_explained_within_80_columns(run: Run, identifier: str) -> None:
    done = run("profiles", identifier)
    assert done.code == 0
    assert done.out.startswith(f"{identifier}   PS3.11 ")
    assert all(len(line) < 80 for line in done.out.splitlines())
    for heading in ("Medium", "What may be on it", "Icons", "Limits of the images", "Protection"):
        assert f"\n{heading}\n" in done.out
    assert "None" not in done.out
    assert "()" not in done.out


def test_an_explanation_says_what_matters(run: Run) -> None:
    text = " ".join(run("profiles", "STD-XABC-CD").out.split())
    for words in (
        "CD-R, 120 mm",
        "ISO 9660 level 1 (PS3.12 F)",
        "finalising the disc, or leaving it open for another session; an updater too",
        "X-Ray Angiographic Image 1.2.840.10008.5.1.4.1.1.12.1",
        "JPEG Lossless, Non-Hierarchical, First-Order Prediction",
        "creator must write it; reader must read it; updater may write it",
        "Patient's Birth Date (0010,0030): must be there, may be empty",
        "Image Type (0008,0008): must have a value",
        "Icon Image Sequence (0088,0200): must be made, see icons",
        "IMAGE records every one must have one of 128 x 128, 8 bits",
        "Rows (0028,0010) is at most 512",
        "Modality (0008,0060) is XA",
        "overlays, if any, in Overlay Data",
        "an encrypted file has no place",
    ):
        assert words in text, words
    text = " ".join(run("profiles", "STD-GEN-SEC-DVD-J2K").out.split())
    for words in (
        "reader must read it, for each SOP Class it declares",
        "updater (FSU) not defined by this profile",
        "every file, the DICOMDIR too, is wrapped as a Secure DICOM File",
        "JPEG 2000 Image Compression 1.2.840.10008.1.2.4.91; may lose quality",
        "Patient's Sex (0010,0040): if an object below has it with a value",
    ):
        assert words in text, words
    secure = " ".join(run("profiles", "STD-GEN-SEC-ZIP-MAIL").out.split())
    assert "signed and encrypted as a whole (-o NAME.eml)" in secure
    mail = " ".join(run("profiles", "STD-GEN-MIME").out.split())
    assert "nothing; the DICOMDIR itself may be missing" in mail
    assert "a mail whose parts are the files (-o NAME.eml)" in mail
    stick = " ".join(run("profiles", "STD-GEN-USB-JPEG").out.split())
    assert "(-o NAME.img), or a folder (-o NAME), with FAT16 or FAT32 in a partition" in stick


def test_json_holds_every_column(run: Run) -> None:
    rows = {row["identifier"]: row for row in run("profiles", "--json").json["profiles"]}
    assert list(rows) == list(PROFILES)
    row = rows["STD-US-SC-MF-CDR"]
    assert row["medium"] == "CD-R"
    assert row["made_as"] == "iso"
    assert {allowed["creator"] for allowed in row["allowed"]} == {"O"}
    assert row["allowed"][1]["photometric_interpretations"] == ["YBR_FULL"]
    assert row["allowed"][1]["names"] == ["RLE Lossless"]
    assert row["values"][-1]["tag"] == "00186011"
    assert rows["STD-CTMR-CD"]["icon"]["rows"] == 64
    assert {key["type"] for key in rows["STD-GEN-SD-JPEG"]["additional_keys"]} == {"1", "1C"}
    assert rows["STD-GEN-MIME"]["directory_optional"] is True
    (one,) = run("profiles", "STD-GEN-CD", "--json").json["profiles"]
    assert one == rows["STD-GEN-CD"]


def test_declared_profiles_are_listed_and_explained(run: Run, declared: Path) -> None:
    listed = run("profiles", "--profile-file", declared)
    assert listed.code == 0
    assert "+  Declared in --profile-file" in listed.out
    assert "AUG-XA1K-CD-CARDIO" in listed.out
    assert all(len(line) < 80 for line in listed.out.splitlines())
    assert [line.split()[-1] for line in listed.out.splitlines() if "PRI-" in line] == [".img"]
    text = run("profiles", "AUG-XA1K-CD-CARDIO", "--profile-file", declared).out
    assert "all of STD-XA1K-CD, and more" in text
    assert "12-lead ECG" in text
    text = run("profiles", "PRI-ACME-USB", "--profile-file", declared).out
    assert "private SOP Class  1.2.826.0.1.3680043.8.498.77" in text
    assert "Body Part Examined (0018,0015): must be there, may be empty" in text
    (row,) = run("profiles", "PRI-ACME-USB", "--json", "--profile-file", declared).json["profiles"]
    assert row["medium"] == "USB"
    assert row["base"] is None


def test_what_is_wrong_ends_with_code_2_and_says_what_to_do(
    run: Run, declared: Path, tmp_path: Path
) -> None:
    for words, says in (
        (("STD-GEN-CDR",), "Did you mean STD-GEN-CD"),
        (("STD-WVFM-ECG-FD",), "retired"),
        (("AUG-XA1K-CD-CARDIO",), "--profile-file FILE.toml"),
        (("auto",), "Leave --profile out"),
        (("IHE-PDI",), "`jacket verify --pdi`"),
        (("--profile-file", declared, "--profile-file", declared), "declared in another file too"),
        (("STD-GEN-CD", "--profile-file", PAGE), "not a TOML file"),
    ):
        done = run("profiles", *words)
        assert (done.code, says in done.err) == (2, True), done.err
    assert run("profiles", "--profile-file", tmp_path / "absent").code == 2
