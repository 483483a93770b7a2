"""The rows of the record tables say what PS3.3 F says, as far as others can confirm it."""

from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import dictionary_VR

from dicomdir.record_types import (
    RECORD_TYPES,
    AdditionalKey,
    Key,
    RecordType,
    When,
    keys_of,
    may_stand_under,
)

CURRENT = [row for row in RECORD_TYPES.values() if not row.retired]
IMAGE_TYPE = AdditionalKey(
    frozenset(("IMAGE",)), Key(0x00080008, b"CS", "1C", When.PRESENT_WITH_VALUE), "PS3.11 D.3-2"
)


@pytest.mark.parametrize("row", CURRENT, ids=lambda row: row.name)
def test_every_key_has_the_vr_of_the_data_dictionary(row: RecordType) -> None:
    for key in row.keys:
        assert key.vr.decode() == dictionary_VR(key.tag), hex(key.tag)


@pytest.mark.parametrize("row", CURRENT, ids=lambda row: row.name)
def test_keys_stand_in_tag_order_and_once(row: RecordType) -> None:
    tags = [key.tag for key in row.keys]
    assert tags == sorted(set(tags))


@pytest.mark.parametrize("row", CURRENT, ids=lambda row: row.name)
def test_conditional_and_optional_keys_name_their_condition(row: RecordType) -> None:
    for key in row.keys:
        assert (key.when is When.ALWAYS) == (key.type in ("1", "2")), hex(key.tag)


def test_only_implants_do_without_specific_character_set() -> None:
    without = {row.name for row in CURRENT if 0x00080005 not in {key.tag for key in row.keys}}
    assert without == {"IMPLANT", "IMPLANT ASSY", "IMPLANT GROUP"}


def test_icons_are_never_copied_from_an_instance() -> None:
    with_icon = {row.name: key.when for row in CURRENT for key in row.keys if key.tag == 0x00880200}
    expected = ("SERIES", "IMAGE", "RT DOSE", "SPECTROSCOPY", "RAW DATA")  # PS3.3 F.7
    assert with_icon == dict.fromkeys(expected, When.OFFERED)


def test_names_of_record_types_fit_their_attribute() -> None:
    assert all(len(name) <= 16 and name == name.upper() for name in RECORD_TYPES)


def test_the_rows_are_those_of_the_tables_in_the_notes_on_the_standard() -> None:
    """Sections 5 and 6 of the notes are read as data: names, and types of the simple rows."""
    notes = Path(__file__).resolve().parents[2].parent / "shared/standard/basic_directory.md"
    if not notes.is_file():
        pytest.skip(f"no notes on the standard at {notes}")
    text = notes.read_text()
    section_5 = text.split("## 5. Directory record types")[1].split("\n## 6.")[0]
    named = {
        row.split("|")[1].strip(): "retired" not in row.split("|")[4]
        for row in section_5.split("Retired, never")[0].splitlines()[4:]
        if row.startswith("|")
    }
    named["WF PRESENTATION"] = named.pop(next(n for n in named if n.startswith("waveform")))
    assert {n for n, current in named.items() if current} == {row.name for row in CURRENT}
    assert compared_with(text.split("## 6. Keys per record type")[1].split("### 6.1")[0]) > 60


def compared_with(section_6: str) -> int:
    """Compare every row that names one or two tags and as many types; return how many."""
    compared, record = 0, ""
    for line in section_6.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 4 or not line.startswith("|"):
            continue
        record = cells[0].split(" [")[0] or record
        tags = [c for c in cells[2].replace("(", "").replace(")", "").split(" / ") if c]
        types = cells[3].split(" / ")
        if record not in RECORD_TYPES or len(tags) != len(types) or cells[1].startswith(">"):
            continue
        keys = {key.tag: key for key in RECORD_TYPES[record].keys}
        for tag, type_ in zip(tags, types, strict=True):
            if len(tag) == 9 and (record, tag) != ("STUDY", "0020,000D"):
                assert keys[int(tag.replace(",", ""), 16)].type == type_, (record, tag)
                compared += 1
    return compared


@pytest.mark.parametrize(
    ("child", "parent", "allowed"),
    [
        ("PATIENT", "", True),
        ("STUDY", "PATIENT", True),
        ("STUDY", "", False),
        ("IMAGE", "SERIES", True),
        ("SURFACE SCAN", "SERIES", True),
        ("IMAGE", "STUDY", False),
        ("HANGING PROTOCOL", "", True),
        ("INVENTORY", "", True),
        ("HANGING PROTOCOL", "SERIES", False),
        ("PRIVATE", "IMAGE", True),
        ("IMAGE", "PRIVATE", True),  # as privately defined
        ("SOMETHING NEW", "SERIES", True),  # unknown types are to be accepted
        ("MRDR", "", True),
    ],
)
def test_the_tree_is_that_of_table_f_4_1(child: str, parent: str, allowed: bool) -> None:
    assert may_stand_under(child, parent) is allowed


def test_real_directories_keep_to_the_tree(pydicom_files: list[Path]) -> None:
    """The File-set in pydicom's wheel has all levels; our table refuses none of its records."""
    dicomdir = next(p for p in pydicom_files if p.parts[-2:] == ("dicomdirtests", "DICOMDIR"))
    parents = {"PATIENT": "", "STUDY": "PATIENT", "SERIES": "STUDY"}
    for record in pydicom.dcmread(dicomdir).DirectoryRecordSequence:
        name = record.DirectoryRecordType
        assert may_stand_under(name, parents.get(name, "SERIES"))


def test_a_profile_adds_its_keys_in_tag_order() -> None:
    tags = [key.tag for key in keys_of("IMAGE", [IMAGE_TYPE])]
    assert tags == [0x00080005, 0x00080008, 0x00200013, 0x00880200]
    assert keys_of("SR DOCUMENT", [IMAGE_TYPE]) == RECORD_TYPES["SR DOCUMENT"].keys


def test_a_profile_may_raise_a_key_but_not_lower_it() -> None:
    icon = Key(0x00880200, b"SQ", "1")
    number = Key(0x00200013, b"IS", "2")
    rows = [AdditionalKey(frozenset(("IMAGE",)), key, "a profile") for key in (icon, number)]
    keys = {key.tag: key for key in keys_of("IMAGE", rows)}
    assert keys[icon.tag] is icon
    assert keys[number.tag].type == "1"


def test_an_unknown_record_type_is_an_error() -> None:
    with pytest.raises(KeyError):
        keys_of("NO SUCH TYPE")
