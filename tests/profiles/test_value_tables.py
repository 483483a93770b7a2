"""Limits on images are compared with the tables of the summary of PS3.11."""

import re
import warnings
from pathlib import Path

import pytest

from profiles.application_profiles import Ask, ValueRule
from profiles.profile_table import PROFILES, ROWS
from profiles.value_asks import ANSWERS
from profiles.value_tables import (
    SC,
    VALUES_A,
    VALUES_B,
    VALUES_C,
    VALUES_C_COMBINED,
    VALUES_C_SPATIAL,
    VALUES_E,
    VALUES_K,
    VALUES_L,
    XA,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pydicom.datadict import dictionary_VR, tag_for_keyword

FACTS = Path(__file__).resolve().parents[3] / "shared" / "standard" / "ps3_11_profiles.md"
TEXT = FACTS.read_text(encoding="utf-8") if FACTS.exists() else ""
needs_facts = pytest.mark.skipif(not TEXT, reason=f"no summary of PS3.11 at {FACTS}")
ALL = (*VALUES_A, *VALUES_B, *VALUES_C_COMBINED, *VALUES_E, *VALUES_K, *VALUES_L)
TAGS = {
    "Modality": 0x00080060,
    "SPP": 0x00280002,
    "Samples per Pixel": 0x00280002,
    "Bits Allocated": 0x00280100,
    "Bits Stored": 0x00280101,
    "High Bit": 0x00280102,
    "Pixel Representation": 0x00280103,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
}


def limits(
    rules: tuple[ValueRule, ...], source: str
) -> dict[int, tuple[Ask, tuple[str | int, ...]]]:
    found = [rule for rule in rules if rule.source == f"PS3.11 {source}"]
    return {rule.tag: (rule.ask, rule.values) for rule in found}


def line_of(annex: str, start: str) -> str:
    part = TEXT.split(f"\n### Annex {annex} ")[1].split("\n### ")[0]
    return next(line for line in part.splitlines() if line.startswith(start))


@needs_facts
def test_table_a_3_3() -> None:
    text = line_of("A", "Image values (Table A.3-3")
    modality = re.search(r"Modality \(0008,0060\) = (\w+)", text)
    allocated = re.search(r"Bits Allocated = (\d+)", text)
    stored = re.search(r"Bits Stored = (\d+)", text)
    most = re.search(r"must not exceed (\d+)", text)
    assert modality
    assert allocated
    assert stored
    assert most
    assert limits(VALUES_A, "A.3-3") == {
        TAGS["Modality"]: (Ask.ONE_OF, (modality[1],)),
        TAGS["Bits Allocated"]: (Ask.ONE_OF, (int(allocated[1]),)),
        TAGS["Bits Stored"]: (Ask.ONE_OF, (int(stored[1]),)),
        TAGS["Rows"]: (Ask.AT_MOST, (int(most[1]),)),
        TAGS["Columns"]: (Ask.AT_MOST, (int(most[1]),)),
    }
    assert "Overlay Data (60xx,3000)" in text
    assert [rule.ask for rule in VALUES_A if rule.source.endswith("A.3.4.1")] == [
        Ask.SEPARATE_OVERLAYS
    ]


@needs_facts
def test_tables_b_3_3_and_b_3_4() -> None:
    stored = re.search(r"\| ([\d, or]+) \|", line_of("B", "| XA | Bits Stored"))
    most = re.search(r"≤ (\d+)", line_of("B", "| XA | Rows, Columns"))
    assert stored
    assert most
    size = (Ask.AT_MOST, (int(most[1]),))
    assert limits(VALUES_B, "B.3-3") == {
        TAGS["Modality"]: (Ask.ONE_OF, ("XA",)),
        TAGS["Rows"]: size,
        TAGS["Columns"]: size,
        TAGS["Bits Stored"]: (Ask.ONE_OF, tuple(map(int, re.findall(r"\d+", stored[1])))),
    }
    sc = line_of("B", "| SC | Samples per Pixel")
    exact = {
        TAGS[name]: (Ask.ONE_OF, (int(value),))
        for name, value in re.findall(
            r"(Samples per Pixel|Bits Allocated|Bits Stored|High Bit|Pixel Representation) (\d+)",
            sc,
        )
    }
    assert len(exact) == 5
    assert "MONOCHROME2" in sc
    assert limits(VALUES_B, "B.3-4") == exact | {
        TAGS["Rows"]: size,
        TAGS["Columns"]: size,
        0x00280004: (Ask.ONE_OF, ("MONOCHROME2",)),
    }
    assert [r.sop_classes for r in VALUES_B if r.ask is Ask.NO_OVERLAYS] == [{SC}]
    assert all(r.sop_classes in ({XA}, {SC}) for r in VALUES_B)


@needs_facts
def test_tables_e_3_3_to_e_3_6() -> None:
    gray, color = line_of("E", "| SC grayscale | SPP"), line_of("E", "| SC colour | SPP")
    assert "Modality CT; MONOCHROME2" in line_of("E", "| CT | Modality")
    assert limits(VALUES_E, "E.3-3") == {
        TAGS["Modality"]: (Ask.ONE_OF, ("CT",)),
        0x00280004: (Ask.ONE_OF, ("MONOCHROME2",)),
    }
    assert "Bits Stored 8, or 12 to 16; High Bit = Bits Stored " in line_of("E", "| MR | Mod")
    assert limits(VALUES_E, "E.3-4") == {
        TAGS["Modality"]: (Ask.ONE_OF, ("MR",)),
        0x00280004: (Ask.ONE_OF, ("MONOCHROME2",)),
        TAGS["Bits Stored"]: (Ask.ONE_OF, (8, *range(12, 17))),
        TAGS["High Bit"]: (Ask.ONE_LESS_THAN, (TAGS["Bits Stored"],)),
    }
    assert "Bits Allocated 8 or 16; Bits Stored = Bits Allocated" in gray
    assert limits(VALUES_E, "E.3-5") == {
        TAGS["SPP"]: (Ask.ONE_OF, (1,)),
        TAGS["Bits Allocated"]: (Ask.ONE_OF, (8, 16)),
        TAGS["Bits Stored"]: (Ask.EQUAL_TO, (TAGS["Bits Allocated"],)),
        TAGS["High Bit"]: (Ask.ONE_LESS_THAN, (TAGS["Bits Stored"],)),
    }
    exact = re.findall(r"(SPP|Bits Allocated|Bits Stored|High Bit) (\d+)", color)
    assert limits(VALUES_E, "E.3-6") == {
        TAGS[name]: (Ask.ONE_OF, (int(value),)) for name, value in exact
    }
    assert len(exact) == 4


@needs_facts
def test_dental_tables_of_k_and_l_are_one() -> None:
    text = line_of("K", "Image values (Table K.3-3")
    promoted = re.findall(r"\((\w{4}),(\w{4})\)", line_of("K", "Attributes promoted to Type 2"))
    stored = re.search(r"Bits Stored ([\d, or]+);", text)
    assert stored
    for rules, table, types in ((VALUES_K, "K.3-3", "K.3-4"), (VALUES_L, "L.4-1", "L.4-2")):
        (first, *rest) = [rule for rule in rules if rule.source == f"PS3.11 {table}"]
        assert (first.tag, first.ask) == (TAGS["Bits Stored"], Ask.ONE_OF)
        assert first.values == tuple(map(int, re.findall(r"\d+", stored[1])))
        assert [(rule.tag, rule.values, rule.where) for rule in rest] == [
            (TAGS["Bits Allocated"], (8,), (TAGS["Bits Stored"], b"US", (8,))),
            (TAGS["Bits Allocated"], (16,), (TAGS["Bits Stored"], b"US", (10, 12, 16))),
        ]
        present = [rule for rule in rules if rule.source == f"PS3.11 {types}"]
        assert [rule.tag for rule in present] == [int(g + e, 16) for g, e in promoted]
        assert {rule.ask for rule in present} == {Ask.PRESENT}
    assert len(promoted) == 5


def test_ultrasound_classes_differ_in_their_regions_only() -> None:
    assert VALUES_C_SPATIAL[:-1] == VALUES_C_COMBINED[:-1] == VALUES_C
    assert VALUES_C_SPATIAL[-1].ask is Ask.REGIONS
    assert VALUES_C_COMBINED[-1].ask is Ask.CALIBRATED_REGIONS
    assert PROFILES["STD-US-ID-SF-CDR"].values is VALUES_C
    assert PROFILES["STD-US-SC-MF-DVD"].values is VALUES_C_SPATIAL
    assert PROFILES["STD-US-CC-MF-MOD23-90"].values is VALUES_C_COMBINED


def test_only_annexes_with_tables_limit_values() -> None:
    limited = {row.source.removeprefix("PS3.11 ") for row in ROWS if row.values}
    assert limited == set("ABCEKL")
    assert not PROFILES["STD-GEN-ZIP-MAIL"].values
    assert PROFILES["STD-DTL-SEC-ZIP-MAIL"].values is VALUES_L


def test_rules_have_the_vr_of_the_data_dictionary() -> None:
    for rule in ALL:
        assert dictionary_VR(rule.tag).encode() == rule.vr
        if rule.where is not None:
            assert dictionary_VR(rule.where[0]).encode() == rule.where[1]
    assert tag_for_keyword("SequenceOfUltrasoundRegions") == VALUES_C_SPATIAL[-1].tag


def test_every_question_has_an_answer() -> None:
    assert set(ANSWERS) == set(Ask) == {rule.ask for rule in (*ALL, *VALUES_C_SPATIAL)}
