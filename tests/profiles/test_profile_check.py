"""Each rule is broken alone, and exactly that rule is found."""

from collections.abc import Callable

import pytest

from dicomdir.elements import encode_element, encode_item
from dicomdir.instance import Instance
from dicomdir.record import DirectoryRecord
from dicomdir.record_types import AdditionalKey, Key, When
from profiles.application_profiles import Format, Security
from profiles.check import (
    RULES,
    check_instance,
    check_medium,
    check_record,
    satisfied_profiles,
)
from profiles.profile_table import PROFILES
from reporting import Finding

MakeInstance = Callable[..., Instance]
CD = PROFILES["STD-GEN-CD"]
SECURE_CD = CD._replace(identifier="STD-GEN-SEC-CD", security=Security.CMS)
MUST_HAVE = CD._replace(
    additional_keys=(
        *CD.additional_keys,
        AdditionalKey(frozenset({"IMAGE"}), Key(0x00280010, b"US", "1"), "PS3.11 H.3-2"),
    ),
)
IMAGE_TYPE = encode_element(0x00080008, b"CS", b"ORIGINAL\\PRIMARY")


def references(*items: bytes) -> bytes:
    return encode_element(0x00081140, b"SQ", b"".join(map(encode_item, items)))


GOOD_ITEM = encode_element(0x00081150, b"UI", b"1.2.840.10008.5.1.4.1.1.2") + encode_element(
    0x00081155, b"UI", b"1.2.3.4"
)
BAD_ITEM = encode_element(0x00081150, b"UI", b"1.2.840.10008.5.1.4.1.1.2")


def record(keys: bytes = b"") -> DirectoryRecord:
    return DirectoryRecord("IMAGE", keys, ("DICOM", "I0000001"))


def ids(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


def whole_medium(**changes: object) -> list[Finding]:
    state: dict[str, object] = {"medium": "CD-R", "file_system": "iso9660", "instances": 3}
    return check_medium(CD, **{**state, **changes})  # type: ignore[arg-type]


# rule → how it is broken, and nothing else.
BREAKS: dict[str, Callable[[MakeInstance], list[Finding]]] = {
    "PRO-SOP-CLASS": lambda make: check_instance(CD, make(sop_class="1.3.46.670589.2")),
    "PRO-RETIRED-SOP-CLASS": lambda make: check_instance(
        CD, make(sop_class="1.2.840.10008.5.1.4.1.1.6")
    ),
    "PRO-TRANSFER-SYNTAX": lambda make: check_instance(CD, make(syntax="1.2.840.10008.1.2.4.50")),
    "PRO-KEY-MISSING": lambda make: check_record(CD, record(), make(keys=IMAGE_TYPE)),
    "PRO-KEY-EMPTY": lambda make: check_record(
        CD, record(encode_element(0x00080008, b"CS", b"")), make(keys=IMAGE_TYPE)
    ),
    "PRO-KEY-ITEM": lambda make: check_record(
        CD, record(references(GOOD_ITEM, BAD_ITEM)), make(keys=references(GOOD_ITEM, BAD_ITEM))
    ),
    "PRO-EMPTY-DIRECTORY": lambda make: whole_medium(instances=0),
    "PRO-MEDIUM": lambda make: whole_medium(medium="USB"),
    "PRO-FILE-SYSTEM": lambda make: whole_medium(file_system="fat32"),
    "PRO-FORMAT-NOT-JUDGED": lambda make: whole_medium(file_system="folder"),
    "PRO-SECURE-FILE": lambda make: whole_medium(secure_files=["DICOM/I0000001"]),
    "PRO-PLAIN-FILE": lambda make: check_medium(
        SECURE_CD, file_system="iso9660", instances=1, plain_files=["DICOMDIR"]
    ),
}


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_medium_that_breaks_one_rule_breaks_that_rule_alone(
    rule: str, make_instance: MakeInstance
) -> None:
    assert ids(BREAKS[rule](make_instance)) == {rule}


def test_rules_have_unique_names_of_this_room_and_say_what_to_do() -> None:
    names = [rule.id for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert rule.id.startswith("PRO-")
        assert rule.remedy
        assert rule.reference.startswith("PS3.") or rule.reference == "Filmjacket"


def test_a_conformant_medium_has_no_findings(make_instance: MakeInstance) -> None:
    keys = IMAGE_TYPE + references(GOOD_ITEM)
    instance = make_instance(keys=keys)
    assert check_instance(CD, instance) == []
    assert check_record(CD, record(keys), instance) == []
    assert whole_medium() == []
    assert whole_medium(medium="") == []  # an image in a file may become any medium


def test_the_message_names_the_syntax_and_the_place(make_instance: MakeInstance) -> None:
    (finding,) = check_instance(CD, make_instance("A/B", syntax="1.2.840.10008.1.2.4.50"))
    assert finding.where == "A/B"
    assert finding.message == "STD-GEN-CD does not allow JPEG Baseline"
    (finding,) = check_record(CD, record(), make_instance(keys=IMAGE_TYPE))
    assert finding.where == "DICOM/I0000001 (0008,0008)"
    assert "PS3.11 D.3-2" in finding.message


def test_a_key_that_the_instance_lacks_is_not_asked_for(make_instance: MakeInstance) -> None:
    assert check_record(CD, record(), make_instance()) == []
    assert check_record(CD, record(), None) == []


def test_a_key_that_is_empty_in_the_instance_may_be_empty(make_instance: MakeInstance) -> None:
    empty = encode_element(0x00080008, b"CS", b"")
    assert check_record(CD, record(empty), make_instance(keys=empty)) == []


def test_a_key_of_type_1_is_asked_for_whatever_the_instance_has(
    make_instance: MakeInstance,
) -> None:
    assert ids(check_record(MUST_HAVE, record(), None)) == {"PRO-KEY-MISSING"}
    assert ids(check_record(MUST_HAVE, record(), make_instance())) == {"PRO-KEY-MISSING"}


def test_a_key_wanted_only_with_a_value_is_not_asked_for_when_it_has_none(
    make_instance: MakeInstance,
) -> None:
    row = AdditionalKey(
        frozenset({"IMAGE"}), Key(0x00282112, b"DS", "1C", When.PRESENT_WITH_VALUE), "here"
    )
    profile = CD._replace(additional_keys=(row,))
    empty, full = (encode_element(0x00282112, b"DS", value) for value in (b"", b"9"))
    assert check_record(profile, record(), make_instance(keys=empty)) == []
    assert ids(check_record(profile, record(), make_instance(keys=full))) == {"PRO-KEY-MISSING"}


def test_items_of_undefined_length_are_read_as_well(make_instance: MakeInstance) -> None:
    opened = bytes.fromhex("feff00e0ffffffff") + BAD_ITEM + bytes.fromhex("feff0de000000000")
    keys = encode_element(0x00081140, b"SQ", opened * 2)
    found = check_record(CD, record(keys), make_instance(keys=keys))
    assert [finding.where[-3:] for finding in found] == ["[1]", "[2]"]


def test_other_levels_have_no_additional_keys_of_std_gen_cd(make_instance: MakeInstance) -> None:
    for level in ("PATIENT", "STUDY", "SERIES", "SR DOCUMENT"):
        assert check_record(CD, DirectoryRecord(level, b""), make_instance(keys=IMAGE_TYPE)) == []


def test_damaged_keys_are_left_to_the_rules_of_the_directory(make_instance: MakeInstance) -> None:
    assert check_record(CD, record(b"\x08\0\x08\0CS\xff\0x"), make_instance()) == []


def test_satisfied_profiles_are_those_without_an_error(make_instance: MakeInstance) -> None:
    good = (record(IMAGE_TYPE), make_instance(keys=IMAGE_TYPE))
    bad = (record(), make_instance(syntax="1.2.840.10008.1.2.4.50"))
    assert satisfied_profiles([good, good], file_system="iso9660") == ("STD-GEN-CD",)
    assert satisfied_profiles([good], file_system="folder") == ("STD-GEN-CD",)
    assert satisfied_profiles([good, bad], file_system="iso9660") == ()
    assert satisfied_profiles([], file_system="iso9660") == ()
    assert satisfied_profiles([good], file_system="fat16") == ()
    assert satisfied_profiles([good], file_system="iso9660", medium="USB") == ()
    assert satisfied_profiles([good], file_system="iso9660", secure_files=["X"]) == ()


def test_every_format_of_the_standard_names_a_file_system() -> None:
    for code in Format:
        row = CD._replace(file_system=code)
        assert "PRO-FILE-SYSTEM" in ids(check_medium(row, file_system="exfat", instances=1))
