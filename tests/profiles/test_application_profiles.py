"""Rows are compared with the summary of PS3.11, not with themselves."""

import csv
import re
import warnings
from pathlib import Path

import pytest

from dicomdir.sop_classes import KNOWN_STORAGE
from profiles.application_profiles import (
    FILE_SYSTEMS,
    ApplicationProfile,
    Composite,
    Declared,
    Format,
    Medium,
    Role,
    Security,
    Support,
    Traits,
)
from profiles.identifiers import CLASS_NAMES, RETIRED, STANDARD_IDENTIFIERS
from profiles.key_tables import ICON_A, ICON_B, ICON_E
from profiles.profile_table import PROFILES, ROWS, profile
from reporting import WrongUsage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pydicom.uid import UID_dictionary

FACTS = Path(__file__).resolve().parents[3] / "shared" / "standard" / "ps3_11_profiles.md"
TEXT = FACTS.read_text(encoding="utf-8") if FACTS.exists() else ""
SYNTAX_OF_CODE = dict(
    re.findall(r"^\| \*\*(\w[\w-]*)\*\* \|[^|]+\| ([\d.]+) \|", TEXT, re.MULTILINE)
)
# Short name of the summary → SOP Class UID, read from its own table.
CLASS_OF_SHORT = dict(
    re.findall(r"^\| ([\w .-]+?) \|[^|]+\| (1\.2\.[\d.]+) \|", TEXT, re.MULTILINE)
)
CLASS_OF_SHORT |= {
    "DoseSR": CLASS_OF_SHORT.get("Dose SR", ""),
    "StructDisplay": CLASS_OF_SHORT.get("Struct. Display", ""),
}
ICONS = {
    "none": None,
    "REQ-IMAGE-128": ICON_A,
    "REQ-IMAGE-128-M2": ICON_B,
    "OPT-SERIES/IMAGE-64": ICON_E,
}
ANY_CLASS = sorted(KNOWN_STORAGE)[0]
needs_facts = pytest.mark.skipif(not TEXT, reason=f"no summary of PS3.11 at {FACTS}")


def summary() -> dict[str, dict[str, str]]:
    table = TEXT.split("```csv\n")[-1].split("```")[0]
    return {row["identifier"]: row for row in csv.DictReader(table.splitlines())}


def expected_syntaxes(fact: dict[str, str]) -> dict[str, frozenset[str] | None]:
    """Return SOP Class (or "any", "multiframe") → syntaxes; None: as declared."""
    if fact["ts"] == "CS":
        return {"any": None}
    if ":" not in fact["ts"]:
        classes = {"any": "any", "any-multiframe": "multiframe"}.get(fact["sop"], fact["sop"])
        parts = dict.fromkeys(classes.split("+"), fact["ts"])
    else:
        parts = {}
        for part in fact["ts"].split(";"):
            names, codes = part.split(":")
            parts |= dict.fromkeys(names.split("/"), codes)
    return {
        name: frozenset(SYNTAX_OF_CODE[code] for code in codes.split("+"))
        for name, codes in parts.items()
    }


@needs_facts
def test_all_82_identifiers_of_the_standard_have_a_row() -> None:
    assert set(summary()) == STANDARD_IDENTIFIERS == set(PROFILES)
    assert len(ROWS) == len(PROFILES) == 82


@needs_facts
@pytest.mark.parametrize("row", ROWS, ids=PROFILES)
def test_a_row_says_what_the_standard_says(row: ApplicationProfile) -> None:
    fact = summary()[row.identifier]
    assert row.source == f"PS3.11 {fact['annex']}"
    assert row.medium == fact["medium"]
    assert row.file_system == fact["fs"]
    assert "".join(row.roles_in_order) == fact["roles"]
    assert row.security == fact["security"]
    assert row.icon == ICONS[fact["icon"]]
    tables = {key.source for key in row.additional_keys}
    assert tables == ({f"PS3.11 {fact['keys']}"} if fact["keys"] != "none" else set())
    assert row.directory_optional == (fact["annex"] == "G")


@needs_facts
@pytest.mark.parametrize("row", ROWS, ids=PROFILES)
def test_each_sop_class_has_the_transfer_syntaxes_of_the_standard(row: ApplicationProfile) -> None:
    expected = expected_syntaxes(summary()[row.identifier])
    named = {name: uid for name in expected if (uid := CLASS_OF_SHORT.get(name))}
    for name, uid in named.items():
        assert row.allowed_syntaxes(uid) == expected[name], name
    if named:
        classes = [r.sop_classes for r in row.allowed if isinstance(r.sop_classes, frozenset)]
        assert len(classes) == len(row.allowed)
        assert frozenset().union(*classes) == set(named.values())
        return
    single = expected.get("any", frozenset())
    if single is None:
        assert row.allowed_syntaxes(ANY_CLASS) is Declared.BY_CONFORMANCE_STATEMENT
        return
    multi_frame = expected.get("multiframe") or frozenset()
    assert row.allowed_syntaxes(ANY_CLASS, Traits("", False)) == (single or None)
    assert row.allowed_syntaxes(ANY_CLASS, Traits("", True)) == single | multi_frame


@needs_facts
def test_ultrasound_pairs_of_colour_and_syntax_are_those_of_c_3_2() -> None:
    table = TEXT.split("(Table C.3-2 ✓26a):\n")[1].split("\n\n")[0]
    lines = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    codes = lines[0][1:]
    row = PROFILES["STD-US-ID-MF-CDR"]
    for photometric, *answers in lines[2:]:
        allowed = row.allowed_syntaxes(CLASS_OF_SHORT["US-MF"], Traits(photometric, True))
        wanted = {SYNTAX_OF_CODE[c] for c, a in zip(codes, answers, strict=True) if a == "yes"}
        assert allowed == wanted, photometric
    assert len(lines) == 7
    assert row.allowed_syntaxes(CLASS_OF_SHORT["US"], Traits("YBR_PARTIAL_422", False)) is None


# How the summary says M, O, CS; what it says of DVDs is judged below.
SUPPORT = {
    "M": Support.MANDATORY,
    "O": Support.OPTIONAL,
    "CS": Support.DECLARED,
    "M for declared": Support.MANDATORY_IF_DECLARED,
    "M for all declared SOP Classes": Support.MANDATORY_IF_DECLARED,
    "M in -JPEG profiles": Support.MANDATORY_IF_DECLARED,
    "M in -J2K profiles": Support.MANDATORY_IF_DECLARED,
    "M in JPEG profiles": Support.MANDATORY_IF_DECLARED,
    "M in J2K profiles": Support.MANDATORY_IF_DECLARED,
    "O (≥ 1 of IO-P, DX-P)": Support.OPTIONAL,
    "O (≥ 1 of the two)": Support.OPTIONAL,
    "M for declared (no profile qualifier in the table ⚠)": Support.MANDATORY_IF_DECLARED,
    "M for declared ⚠": Support.MANDATORY_IF_DECLARED,
}
COLORS = {"SC grayscale": ("SC", "MONOCHROME2"), "SC palette colour": ("SC", "PALETTE COLOR")}


def support_rows() -> list[tuple[str, str, str, str, str, str]]:
    """Return (annex, SOP Class, syntax code, creator, reader, updater) of section 3."""
    found = []
    for annex in "ABDEGHIJKLMN":
        part = TEXT.split(f"\n### Annex {annex} ")[1].split("\n### ")[0].split("\n## ")[0]
        table = re.split(r"\n\| (?:Profile \| )?SOP Class \| TS \| FSC [^\n]+\n\|[-|]+\n", part)[1]
        for line in table.split("\n\n")[0].splitlines():
            cells = [cell.strip() for cell in line.replace("*", "").split("|")[1:-1]]
            if annex == "L":
                cells = cells[1:]
            if cells[0] == "Basic Directory":
                continue
            classes, syntaxes, creator, reader, *updater = cells
            for code in re.split(r"[,;] ", re.sub(r" \(.*|only", "", syntaxes).strip()):
                found.append((annex, classes, code, creator, reader, (updater or ["-"])[0]))
    return found


@needs_facts
@pytest.mark.parametrize("fact", support_rows() if TEXT else [], ids=str)
def test_roles_support_what_the_tables_of_section_3_say(fact: tuple[str, ...]) -> None:
    annex, name, code, creator, reader, updater = fact
    if "DVD:" in creator:  # XA1K: on DVD optional to write, mandatory to read
        creator, reader, updater = "O", "M", "-"
    name, photometric = COLORS.get(name, (name, ""))
    judged = 0
    for row in (row for row in ROWS if row.source == f"PS3.11 {annex}"):
        for allowed in row.allowed:
            classes = allowed.sop_classes
            if isinstance(classes, frozenset) != (name in CLASS_OF_SHORT):
                continue
            if isinstance(classes, frozenset) and CLASS_OF_SHORT[name] not in classes:
                continue
            if isinstance(classes, Composite) and ("multi-frame" in name) != (
                classes is Composite.ANY_MULTI_FRAME
            ):
                continue
            syntaxes = allowed.transfer_syntaxes
            declared = isinstance(syntaxes, Declared)
            if declared != (code == "CS") or (
                not isinstance(syntaxes, Declared) and SYNTAX_OF_CODE[code] not in syntaxes
            ):
                continue
            if photometric and photometric not in allowed.photometrics:
                continue
            judged += 1
            assert allowed.creator is SUPPORT[creator], row.identifier
            assert allowed.reader is SUPPORT[reader], row.identifier
            expected = Support.UNDEFINED
            if Role.UPDATER in row.roles and updater != "-":
                expected = SUPPORT[updater]
            assert allowed.updater is expected, row.identifier
    assert judged


def test_no_role_is_asked_of_who_does_not_exist() -> None:
    for row in ROWS:
        for allowed in row.allowed:
            assert allowed.creator is not Support.UNDEFINED
            assert allowed.reader is not Support.UNDEFINED
            assert (allowed.updater is Support.UNDEFINED) == (Role.UPDATER not in row.roles)
            assert allowed.source.startswith(row.source)


@needs_facts
def test_media_and_formats_can_spell_every_row_of_the_standard() -> None:
    rows = summary().values()
    assert {row["medium"] for row in rows} == set(Medium)
    assert {row["fs"] for row in rows} == set(Format) == set(FILE_SYSTEMS)
    assert {row["security"] for row in rows} == set(Security)


def test_uids_of_the_rows_are_registered_for_what_they_are() -> None:
    for row in ROWS:
        for allowed in row.allowed:
            if isinstance(allowed.sop_classes, frozenset):
                assert allowed.sop_classes <= KNOWN_STORAGE
                assert all(UID_dictionary[uid][1] == "SOP Class" for uid in allowed.sop_classes)
            if isinstance(allowed.transfer_syntaxes, frozenset):
                for uid in allowed.transfer_syntaxes:
                    assert UID_dictionary[uid][1:4:2] == ("Transfer Syntax", "")


def test_closing_is_asked_where_the_standard_asks_it() -> None:
    """PS3.11 has no such clause in Annexes G, J and L."""
    assert {row.source[-1] for row in ROWS if not row.closing} == set("GJL")
    for row in ROWS:
        assert ("updater too" in row.closing) == bool(row.closing and Role.UPDATER in row.roles)
        assert row.purpose
    assert "packet" not in PROFILES["STD-XABC-CD"].closing
    assert "packet" not in PROFILES["STD-GEN-BD-JPEG"].closing
    assert "packet" in PROFILES["STD-GEN-BD"].closing


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
def test_general_profiles_take_standard_storage_classes_only(sop_class: str, allowed: bool) -> None:
    for row in ROWS:
        if isinstance(row.allowed[0].sop_classes, Composite):
            assert (row.allowed_syntaxes(sop_class, Traits("", True)) is not None) == allowed


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("std-gen-cd", r"capitals: STD-GEN-CD"),
        ("STD-WVFM-ECG-FD", r"retired: 12-lead ECG on a diskette.*2004.*2008.*STD-GEN"),
        ("STD-CTMR-MOD650", r"retired: .*STD-CTMR-CD"),
        ("STD-US-SC-MF-MOD128", r"retired: ultrasound on MOD128"),
        ("APL-GEN-CD", r"older texts wrote for STD-.*Say STD-GEN-CD"),
        ("APL-GEN-XX", r"older texts.*Neither is 'STD-GEN-XX'"),
        ("STD-GEN-CDR", r"not a profile of PS3\.11.*Did you mean STD-GEN-CD"),
        ("STD-GEN-FLOPPY", r"not a profile of PS3\.11"),
        ("AUG-GEN-CD", r"not declared.*--profile-file"),
        ("", r"'' is not a profile"),
        ("X" * 1000, r"'X{64}' is not a profile"),
    ],
)
def test_a_word_that_is_no_profile_gets_help(word: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says):
        profile(word)


def test_a_declared_profile_is_found_by_its_identifier() -> None:
    row = PROFILES["STD-GEN-CD"]._replace(identifier="AUG-GEN-CD")
    assert profile("AUG-GEN-CD", {"AUG-GEN-CD": row}) is row
    with pytest.raises(WrongUsage, match=r"capitals: AUG-GEN-CD"):
        profile("aug-gen-cd", {"AUG-GEN-CD": row})


@pytest.mark.parametrize("word", CLASS_NAMES)
def test_the_name_of_a_class_of_profiles_gets_a_hint(word: str) -> None:
    with pytest.raises(WrongUsage, match=r"class of profiles.* PS3\.11 means STD-"):
        profile(word)
    assert word not in STANDARD_IDENTIFIERS
    for named in re.findall(r"STD-[A-Z0-9-]+", CLASS_NAMES[word]):
        assert named in PROFILES


def test_what_is_retired_is_not_current() -> None:
    assert not set(RETIRED) & set(PROFILES)
    assert len(RETIRED) == 2 + 3 + 6 * 8
