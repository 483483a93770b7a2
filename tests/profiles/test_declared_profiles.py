"""Augmented and private profiles: the documented example works, every mistake is named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.record_types import When
from dicomdir.scan import index_file
from profiles.application_profiles import (
    Ask,
    Composite,
    Declared,
    Format,
    Medium,
    Role,
    Security,
    Traits,
)
from profiles.declared_profiles import load_profiles
from profiles.profile_table import PROFILES, profile
from profiles.values import breaches, facts_for
from reporting import WrongUsage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "profiles.md"
EXAMPLE = PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
RAW = "1.2.826.0.1.3680043.8.498.77"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def save(text: str) -> Path:
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return save


def test_the_documented_augmented_profile_is_its_base_and_more(write: Write) -> None:
    row = load_profiles(write(EXAMPLE))["AUG-XA1K-CD-CARDIO"]
    base = PROFILES["STD-XA1K-CD"]
    assert row.base == base.identifier
    assert (row.medium, row.file_system, row.icon) == (base.medium, base.file_system, base.icon)
    assert row.values is base.values
    assert row.roles == base.roles
    assert base.allowed_syntaxes(ECG) is None
    assert row.allowed_syntaxes(ECG) == {EXPLICIT}
    assert row.allowed[: len(base.allowed)] == base.allowed
    (added,) = row.additional_keys[len(base.additional_keys) :]
    assert (added.key.tag, added.key.vr, added.key.type) == (0x0008002A, b"DT", "1C")
    assert added.key.when is When.PRESENT_WITH_VALUE


def test_the_documented_private_profile_is_what_it_says(write: Write) -> None:
    row = load_profiles(write(EXAMPLE))["PRI-ACME-USB"]
    assert (row.medium, row.file_system) == (Medium.USB, Format.P12_R)
    assert row.roles == {Role.CREATOR, Role.READER}
    assert row.security is Security.NONE
    assert row.allowed[0].sop_classes is Composite.ANY
    assert row.allowed_syntaxes(CT) == {EXPLICIT, "1.2.840.10008.1.2.4.80"}
    assert row.allowed_syntaxes(RAW, Traits("", False)) is Declared.BY_CONFORMANCE_STATEMENT
    assert row.additional_keys[0].record_types == {"SERIES", "IMAGE"}
    assert row.icon is not None
    assert (row.icon.rows, row.icon.required) == (64, False)
    assert [rule.ask for rule in row.values] == [Ask.ONE_OF, Ask.AT_MOST, Ask.SEPARATE_OVERLAYS]


def test_limits_of_a_private_profile_hold_for_a_real_file(
    write: Write, pydicom_files: list[Path]
) -> None:
    row = load_profiles(write(EXAMPLE.replace("[12, 16]", "[12]")))["PRI-ACME-USB"]
    (path,) = [path for path in pydicom_files if path.name == "CT_small.dcm"]
    indexer = Indexer(row.additional_keys, facts_for([row]))
    instance = Instance._make(index_file(str(path), indexer))
    (breach,) = breaches(row, instance)
    assert breach.message == "Bits Stored is 16, PRI-ACME-USB wants 12 (site.toml)"


def test_declared_profiles_are_found_like_those_of_the_standard(write: Write) -> None:
    declared = load_profiles(write(EXAMPLE))
    assert profile("PRI-ACME-USB", declared) is declared["PRI-ACME-USB"]
    with pytest.raises(
        WrongUsage, match=r"not declared: declared are AUG-XA1K-CD-CARDIO, PRI-ACM"
    ) as at:
        profile("PRI-ACNE-USB", declared)
    assert at.value.remedy == "Did you mean PRI-ACME-USB?"
    with pytest.raises(WrongUsage, match="none is declared"):
        profile("AUG-X-Y")


AUG = '[[profile]]\nidentifier = "AUG-GEN-X"\nbase = "STD-CTMR-DVD"\n'
PRI = (
    '[[profile]]\nidentifier = "PRI-GEN-X"\nmedium = "CD-R"\nformat = "P12-F"\n'
    '[[profile.allowed]]\nsop_classes = ["any"]\ntransfer_syntaxes = ["declared"]\n'
)
ROW = '[[profile.allowed]]\ntransfer_syntaxes = ["1.2.840.10008.1.2.1"]\n'
KEY = "[[profile.keys]]\n"
VALUE = f'[[profile.values]]\nsop_classes = ["{CT}"]\n'
ICON = "[profile.icon]\n"
GOOD_KEY = 'attribute = "Rows"\nrecords = ["IMAGE"]\n'

MORE = AUG + KEY + GOOD_KEY + "type = '1'\n"

# what the file says → where the message points, and what it says.
MISTAKES = [
    ("", "profile: there is no [[profile]]"),
    ("profile = 3", "profile: a whole number, where a list belongs"),
    ("[profile]\nidentifier = 'AUG-A-B'", "profile: one table, where a list of tables belongs"),
    ("profile = [3]", "profile: not a list of tables"),
    ("[[profile]]\nbase = 'STD-GEN-CD'", "profile 1: identifier: this key is missing"),
    ("[[profile]]\nidentifier = 4", "identifier: a whole number, where a text belongs"),
    ("[[profile]]\nidentifier = 'GEN-CD'", "is no identifier of an augmented"),
    ("[[profile]]\nidentifier = 'AUG-gen-cd'", "is no identifier of an augmented"),
    ("[[profile]]\nidentifier = 'STD-GEN-CD'", "is no identifier of an augmented"),
    ("[[profile]]\nidentifier = 'AUG-CD'", "is no identifier of an augmented"),
    ("[[profile]]\nidentifier = 'PRI-A--B'", "is no identifier of an augmented"),
    (f"[[profile]]\nidentifier = 'AUG-A-{'B' * 60}'", "66 characters, and an identifier has 64"),
    ("[[profile]]\nidentifier = 'AUG-A\\u0007-B'", "is no identifier"),
    ("other = 1\n" + AUG, "other: there is no such key here"),
    (AUG + "colour = 'red'", "AUG-GEN-X: colour: there is no such key here"),
    (AUG, "base: it adds nothing to STD-CTMR-DVD"),
    (AUG + "purpose = 'ours'", "base: it adds nothing to STD-CTMR-DVD"),
    (MORE + MORE, "identifier: declared twice"),
    ("[[profile]]\nidentifier = 'AUG-A-B'", "AUG-A-B: base: this key is missing"),
    (
        "[[profile]]\nidentifier = 'AUG-A-B'\nbase = 'STD-GEN-DVD'",
        "base: STD-GEN-DVD names a class",
    ),
    ("[[profile]]\nidentifier = 'AUG-A-B'\nbase = 'AUG-GEN-CD'", "base: 'AUG-GEN-CD' is not decl"),
    (AUG + "medium = 'CD-R'", "medium: an augmented profile has the medium of its base"),
    (AUG + "format = 'P12-F'", "format: an augmented profile has the format of its base"),
    (AUG + "security = 'CMS'", "security: an augmented profile is as secure as its base"),
    (AUG + VALUE, "values: limits would make less of the base"),
    (AUG + "roles = ['reader']", "roles: a role of STD-CTMR-DVD is missing"),
    (AUG + "roles = ['burner']", "roles: 'burner' is no role"),
    (AUG + ICON + "rows = 64", "icon: STD-CTMR-DVD has a rule on icons already"),
    (AUG + ROW, "allowed 1: sop_classes: this key is missing"),
    (AUG + ROW + "sop_classes = []", "sop_classes: the list is empty"),
    (AUG + ROW + "sop_classes = [1]", "sop_classes: 1 is no plain text"),
    (AUG + ROW + "sop_classes = ['any']", "sop_classes: an augmented profile adds SOP Classes by"),
    (AUG + ROW + "sop_classes = ['1.2.x']", "'1.2.x' is not a UID"),
    (AUG + ROW + f"sop_classes = ['{CT}']", "has 1.2.840.10008.5.1.4.1.1.2 already"),
    (AUG + ROW + f"sop_classes = ['{RAW}']", "is a private SOP Class, which no augmented profile"),
    (AUG + ROW + f"sop_classes = ['{CT}.999']", "is no Storage SOP Class of PS3.4"),
    (AUG + ROW + "sop_classes = ['1.2.840.10008.5.1.4.1.1.6']", "is a retired SOP Class"),
    (AUG + ROW + f"sop_classes = ['{ECG}']\nsyntax = 1", "allowed 1: syntax: there is no such key"),
    (AUG + KEY + GOOD_KEY + "type = '3'", "asks less than the type 1 that IMAGE records have"),
    (
        AUG + KEY + "attribute = 'StudyDate'\nrecords = ['STUDY']\ntype = '2'",
        "type 2 of Study Date (0008,0020) asks less than the type 1 that STUDY",
    ),
    (AUG + KEY + GOOD_KEY + "type = '4'", "type: '4' is none of its words"),
    (AUG + KEY + GOOD_KEY + "type = 1", "type: a whole number, where a text belongs"),
    (AUG + KEY + GOOD_KEY + "type = '1'\nwhen = 'ever'", "when: 'ever' is none of its words"),
    (AUG + KEY + "attribute = 'Rovs'", "attribute: 'Rovs' is no attribute"),
    (AUG + KEY + "attribute = '(0028,001G)'", "attribute: '(0028,001G)' is no attribute"),
    (AUG + KEY + "attribute = '00280010'", "attribute: '00280010' is no attribute"),
    (AUG + KEY + "attribute = '(0029,0010)'", "(0029,0010) is private or unknown"),
    (AUG + KEY + "attribute = 'PixelData'", "cannot be a key of a record"),
    (AUG + KEY + "attribute = 'IconImageSequence'", "icons have rules of their own"),
    (AUG + KEY + "attribute = 'Rows'\nrecords = ['PICTURE']", "'PICTURE' is no current Directory"),
    (AUG + KEY + "attribute = 'Rows'\nrecords = ['PRIVATE']", "'PRIVATE' is no current Directory"),
    ("[[profile]]\nidentifier = 'PRI-A-B'", "PRI-A-B: medium: this key is missing"),
    (PRI.replace("CD-R", "Floppy"), "medium: 'Floppy' is none of its words"),
    (PRI.replace("P12-F", "P12-X"), "format: PS3.12 formats CD-R as P12-F"),
    (
        PRI.replace("[[profile.allowed]]", "[[profile.keys]]"),
        "allowed: nothing may be on the medium",
    ),
    (PRI.replace("medium", "base = 'STD-GEN-CD'\nmedium"), "base: a private profile has no base"),
    (PRI.replace("medium", "security = 'rot13'\nmedium"), "security: 'rot13' is none of its words"),
    (PRI.replace("['any']", "['any', '1.2']").replace('["any"]', '["any", "1.2"]'), "stands alone"),
    (PRI.replace('"declared"', '"1.2.3"'), "'1.2.3' is no transfer syntax for files"),
    (PRI + "photometric_interpretations = ['BLUE']", "'BLUE' is no Photometric Interpretation"),
    (PRI + VALUE, "attribute: this key is missing"),
    (PRI + VALUE.replace(CT, "any"), "a limit is for classes that are named"),
    (PRI + VALUE + "attribute = 'Rows'", "one limit belongs here, not none"),
    (PRI + VALUE + "attribute = 'Rows'\nat_most = 1\none_of = [1]", "not one_of and at_most"),
    (PRI + VALUE + "attribute = 'Rows'\nat_most = 0", "at_most: 0 is out of range"),
    (PRI + VALUE + "attribute = 'Rows'\nat_most = true", "true or false, where a whole number"),
    (PRI + VALUE + "attribute = 'Rows'\none_of = ['8']", "one_of: the attribute is US"),
    (PRI + VALUE + "attribute = 'Rows'\none_of = [8.5]", "one_of: 8.5 is no value"),
    (PRI + VALUE + "attribute = 'Modality'\nat_most = 3", "at_most: the attribute is CS and not"),
    (
        PRI + VALUE + "attribute = 'PixelSpacing'\none_of = ['1']",
        "values of VR DS cannot be compar",
    ),
    (PRI + VALUE + "attribute = 'Rows'\nequal_to = 'Modality'", "is not a number (US)"),
    (PRI + VALUE + "attribute = 'Rows'\npresent = false", "present: cannot be asked here"),
    (PRI + VALUE + "overlays = 'blue'", "overlays: 'blue' is none of its words"),
    (PRI + VALUE + "calibration = 'fine'", "calibration: 'fine' is none of its words"),
    (PRI + ICON + "records = ['STUDY']", "icon: records: 'STUDY' has no icons"),
    (PRI + ICON + "records = ['IMAGE']\nrows = 0", "icon: rows: 0 is out of range"),
    (PRI + ICON + "records = ['IMAGE']\nrows = 1", "icon: columns: this key is missing"),
    (
        PRI + ICON + "records = ['IMAGE']\nphotometric_interpretations = ['MONOCHROME1']",
        "icons are made in MONOCHROME2 only",
    ),
    ("[[profile]\n", "not a TOML file"),
]


@pytest.mark.parametrize(("text", "says"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_named_with_file_key_and_remedy(text: str, says: str, write: Write) -> None:
    path = write(text)
    with pytest.raises(WrongUsage) as caught:
        load_profiles(path)
    error = caught.value
    told = f"{error.where}: {error.what}"
    assert says in told
    assert told.startswith(str(path))
    assert error.remedy
    assert error.remedy[0].isupper() or error.remedy.startswith("docs/")
    assert told.isprintable()


def test_a_file_that_is_no_text_or_absent_is_refused(tmp_path: Path, write: Write) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUsage, match=r"not a TOML file: no text in UTF-8\."):
        load_profiles(tmp_path / "x.toml")
    with pytest.raises(WrongUsage, match="larger than 1 MB"):
        load_profiles(write("#" * (1 << 20) + "\n"))
    with pytest.raises(WrongUsage, match="not a TOML file"):
        load_profiles(write("a = " + "[" * 100_000))
    with pytest.raises(WrongUsage, match="cannot be read"):
        load_profiles(tmp_path / "absent.toml")
    with pytest.raises(WrongUsage, match="cannot be read"):
        load_profiles(tmp_path)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[[profile]]\nidentifier = AUG-X-Y # ours\n", 'in quotes: identifier = "AUG-X-Y"'),
        ("[[profile]]\nbase = STD-GEN-CD", 'in quotes: base = "STD-GEN-CD"'),
        ("[profile]\nidentifier = 'AUG-A-B'", "Write [[profile]] with two brackets"),
        ("[[profile]\n", "has a complete example"),
    ],
)
def test_how_a_slip_of_toml_is_mended_is_said(text: str, remedy: str, write: Write) -> None:
    with pytest.raises(WrongUsage) as caught:
        load_profiles(write(text))
    assert remedy in caught.value.remedy


def test_the_page_names_every_medium_and_format() -> None:
    page = PAGE.read_text(encoding="utf-8")
    pairs = set(re.findall(r"^\| `([\w.-]+)` \| `(P12-[\w+]+)` \|", page, re.MULTILINE))
    assert pairs == {(row.medium.value, row.file_system.value) for row in PROFILES.values()}


@pytest.mark.parametrize("key", ["a." * 60_000 + "a = 1", "[" + '"a".' * 60_000 + "a]"])
def test_a_key_of_sixty_thousand_parts_is_refused_before_it_is_parsed(
    key: str, tmp_path: Path
) -> None:
    file = tmp_path / "bomb.toml"
    file.write_text(key)
    with pytest.raises(WrongUsage, match="very many parts"):
        load_profiles(file)
