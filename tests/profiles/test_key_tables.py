"""Additional keys are compared with the tables of the summary of PS3.11, row by row."""

import re
import warnings
from pathlib import Path

import pytest

from dicomdir.record_types import AdditionalKey, When
from profiles.key_tables import KEYS_A, KEYS_B, KEYS_D, KEYS_E, KEYS_H, KEYS_I
from profiles.profile_table import ROWS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pydicom.datadict import dictionary_VR

FACTS = Path(__file__).resolve().parents[3] / "shared" / "standard" / "ps3_11_profiles.md"
TEXT = FACTS.read_text(encoding="utf-8") if FACTS.exists() else ""
TABLES = {
    "A.3-2": KEYS_A,
    "B.3-2": KEYS_B,
    "D.3-2": KEYS_D,
    "E.3-2": KEYS_E,
    "H.3-2": KEYS_H,
    "I.3-2": KEYS_I,
}
Row = tuple[int, str, str]  # tag, record type, type
needs_facts = pytest.mark.skipif(not TEXT, reason=f"no summary of PS3.11 at {FACTS}")


def stated(table: str) -> dict[tuple[int, str], tuple[str, str]]:
    """Return (tag, record type) → (type, condition) of a table in the summary."""
    part = re.split(rf"Additional keys \(Table {re.escape(table)}", TEXT)[1]
    lines = part.split("\n| Key |")[1].split("\n\n")[0].splitlines()
    heads = [cell.strip() for cell in lines[0].split("|") if cell.strip()]
    found = {}
    for line in lines[2:]:
        cells = [cell.strip(" *") for cell in line.split("|")[1:-1]]
        if not line.startswith("|") or cells[0].startswith(">"):
            continue  # travels with its sequence
        by_head = dict(zip(["Key", *heads], cells, strict=True))
        digits = re.findall(r"[0-9A-F]{4}", by_head["Tag"])
        tag = int(digits[0] + digits[1], 16)
        kind = by_head["Type"].replace("*", "").removesuffix(" (new)")
        for record_type in by_head.get("Record", "IMAGE").split(", "):
            found[tag, record_type] = (kind, by_head["Condition"])
    return found


def ours(keys: tuple[AdditionalKey, ...]) -> dict[tuple[int, str], AdditionalKey]:
    return {(key.key.tag, name): key for key in keys for name in key.record_types}


# How the summary words a condition → where our row looks.
CONDITIONS = (
    (r"^\(a\)", When.PRESENT_WITH_VALUE),
    (r"^\(b\)", When.SHARED_TOO),
    (r"^present with ≥ 1 item", When.SHARED_TOO_WITH_ITEMS),
    (r"^present with a value", When.PRESENT_WITH_VALUE),
    (r"^present", When.PRESENT),
    (r"BIPLANE", When.BIPLANE),
    (r"^referenced instance is an XA image$", When.X_RAY_ANGIOGRAPHIC),
)


@needs_facts
@pytest.mark.parametrize("table", ["A.3-2", "D.3-2", "E.3-2", "H.3-2"])
def test_a_key_table_has_the_rows_of_the_standard(table: str) -> None:
    facts, keys = stated(table), ours(TABLES[table])
    assert {place: row.key.type for place, row in keys.items()} == {
        place: kind for place, (kind, _) in facts.items()
    }
    for place, (kind, condition) in facts.items():
        if kind.endswith("C"):
            when = next(when for pattern, when in CONDITIONS if re.search(pattern, condition))
            assert keys[place].key.when is when, condition


@needs_facts
def test_table_b_differs_from_a_where_the_standard_says_so() -> None:
    """The summary of Annex B lists IMAGE keys only: the others are those of A."""
    facts, a, b = stated("B.3-2"), ours(KEYS_A), ours(KEYS_B)
    for place, (kind, condition) in facts.items():
        assert b[place].key.type == kind
        if kind.endswith("C"):
            when = next(when for pattern, when in CONDITIONS if re.search(pattern, condition))
            assert b[place].key.when is when, condition
    rest = {place: row.key for place, row in b.items() if place not in facts}
    assert rest == {place: row.key for place, row in a.items() if place[1] != "IMAGE"}


def test_table_i_is_what_its_sentence_says() -> None:
    """The summary has no table for I.3-2, but its list in words."""
    assert {(tag, name, row.key.type) for (tag, name), row in ours(KEYS_I).items()} == {
        (0x00100030, "PATIENT", "1C"),
        (0x00100040, "PATIENT", "1C"),
        (0x00080080, "SERIES", "1C"),
        (0x00080081, "SERIES", "1C"),
        (0x00081050, "SERIES", "1C"),
        (0x00080008, "IMAGE", "1C"),
        (0x00282112, "IMAGE", "1C"),
        (0x00280010, "IMAGE", "1"),
        (0x00280011, "IMAGE", "1"),
    }


def test_h_3_2_has_nineteen_keys() -> None:
    assert len(KEYS_H) == 19


def test_every_key_has_the_vr_of_the_data_dictionary() -> None:
    for keys in TABLES.values():
        for row in keys:
            assert dictionary_VR(row.key.tag).encode() == row.key.vr


def test_a_profile_that_requires_an_icon_has_it_among_its_keys() -> None:
    for row in ROWS:
        icons = [key for key in row.additional_keys if key.key.tag == 0x00880200]
        required = row.icon is not None and row.icon.required
        assert [key.key.type for key in icons] == (["1"] if required else [])
        assert all(key.key.when is When.OFFERED for key in icons)
