"""Rows are compared with the summary of PS3.11, not with themselves."""

import csv
from pathlib import Path

import pytest

from profiles.application_profiles import (
    FILE_SYSTEMS,
    ApplicationProfile,
    Composite,
    Format,
    Medium,
    Security,
)
from profiles.identifiers import CLASS_NAMES, STANDARD_IDENTIFIERS
from profiles.profile_table import PROFILES, profile
from reporting import WrongUsage

FACTS = Path(__file__).resolve().parents[3] / "shared" / "standard" / "ps3_11_profiles.md"
SYNTAX_OF_CODE = {"EVR": "1.2.840.10008.1.2.1"}


@pytest.fixture(scope="module")
def summary() -> dict[str, dict[str, str]]:
    if not FACTS.exists():
        pytest.skip(f"no summary of PS3.11 at {FACTS}")
    table = FACTS.read_text(encoding="utf-8").split("```csv\n")[-1].split("```")[0]
    return {row["identifier"]: row for row in csv.DictReader(table.splitlines())}


def test_all_82_identifiers_of_the_standard_are_known(summary: dict[str, dict[str, str]]) -> None:
    assert set(summary) == STANDARD_IDENTIFIERS
    assert len(STANDARD_IDENTIFIERS) == 82


@pytest.mark.parametrize("row", PROFILES.values(), ids=PROFILES)
def test_a_row_says_what_the_standard_says(
    row: ApplicationProfile, summary: dict[str, dict[str, str]]
) -> None:
    fact = summary[row.identifier]
    assert row.medium == fact["medium"]
    assert row.file_system == fact["fs"]
    assert "".join(row.roles_in_order) == fact["roles"]
    assert row.security == fact["security"]
    assert (row.icon is None) == (fact["icon"] == "none")
    assert fact["sop"] == "any"
    assert [allowed.sop_classes for allowed in row.allowed] == [Composite.ANY]
    assert row.allowed[0].transfer_syntaxes == {SYNTAX_OF_CODE[code] for code in [fact["ts"]]}
    assert {key.source for key in row.additional_keys} == {f"PS3.11 {fact['keys']}"}


def test_media_and_formats_can_spell_every_row_of_the_standard(
    summary: dict[str, dict[str, str]],
) -> None:
    assert {row["medium"] for row in summary.values()} == set(Medium)
    assert {row["fs"] for row in summary.values()} == set(Format) == set(FILE_SYSTEMS)
    assert {row["security"] for row in summary.values()} == set(Security)


def test_the_keys_of_std_gen_cd_are_those_of_table_d_3_2() -> None:
    keys = {row.key.tag: row for row in PROFILES["STD-GEN-CD"].additional_keys}
    assert set(keys) == {0x00080008, 0x00081140}  # Image Type, Referenced Image Sequence
    assert all(row.record_types == {"IMAGE"} and row.key.type == "1C" for row in keys.values())


@pytest.mark.parametrize(
    ("sop_class", "allowed"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", True),  # CT
        ("1.2.840.10008.5.1.4.1.1.88.11", True),  # Basic Text SR
        ("1.2.840.10008.5.1.4.38.1", True),  # Hanging Protocol, PS3.4 GG
        ("1.2.840.10008.5.1.4.1.1.6", False),  # Ultrasound Image, retired
        ("1.2.840.10008.5.1.4.1.1.5", False),  # Nuclear Medicine, retired
        ("1.3.46.670589.11.0.0.12.1", False),  # private
        ("1.2.840.10008.1.3.10", False),  # Media Storage Directory
        ("", False),
    ],
)
def test_std_gen_cd_takes_standard_storage_classes_only(sop_class: str, allowed: bool) -> None:
    assert (PROFILES["STD-GEN-CD"].allowed_syntaxes(sop_class) is not None) == allowed


def test_a_profile_of_the_standard_that_is_not_here_is_told_from_a_wrong_word() -> None:
    assert profile("STD-GEN-CD").identifier == "STD-GEN-CD"
    with pytest.raises(WrongUsage, match=r"known to PS3\.11, not in this version"):
        profile("STD-GEN-DVD-JPEG")
    with pytest.raises(WrongUsage, match="This version has: STD-GEN-CD"):
        profile("STD-GEN-FLOPPY")
    with pytest.raises(WrongUsage, match="capitals: STD-GEN-CD"):
        profile("std-gen-cd")
    with pytest.raises(WrongUsage, match="augmented and private"):
        profile("AUG-GEN-CD")


@pytest.mark.parametrize("word", CLASS_NAMES)
def test_the_name_of_a_class_of_profiles_gets_a_hint(word: str) -> None:
    with pytest.raises(WrongUsage, match=r"class of profiles.* PS3\.11 means STD-"):
        profile(word)
    assert word not in STANDARD_IDENTIFIERS
