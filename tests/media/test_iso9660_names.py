"""Names of ISO 9660 level 1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.iso9660.names import (
    NameDoesNotFit,
    file_identifier,
    folder_identifier,
    order_key,
    printable,
    refuse_unsuited_names,
    stripped,
    volume_identifier_field,
)


@pytest.mark.parametrize(
    ("component", "recorded"),
    [("DICOMDIR", b"DICOMDIR.;1"), ("README.TXT", b"README.TXT;1"), ("I_1", b"I_1.;1")],
)
def test_records_dot_and_version_of_every_file(component: str, recorded: bytes) -> None:
    assert file_identifier(component) == recorded
    assert stripped(recorded.decode()) == component


@pytest.mark.parametrize(
    "component",
    ["", ".", "A.", ".TXT", "a", "A.TEXT", "ABCDEFGHI", "A.B.C", "Ä", "A B", "A;1", "A\n", "٣"],
)
def test_refuses_file_names_that_do_not_fit(component: str) -> None:
    with pytest.raises(NameDoesNotFit):
        file_identifier(component)


@pytest.mark.parametrize("component", ["", "A.B", "ABCDEFGHI", "a", "..", "A/B", "A\n"])
def test_refuses_folder_names_that_do_not_fit(component: str) -> None:
    with pytest.raises(NameDoesNotFit):
        folder_identifier(component)


@pytest.mark.parametrize("label", ["a", "X" * 33, "A-B", "Ä", "A\n"])
def test_refuses_labels_that_do_not_fit(label: str) -> None:
    with pytest.raises(NameDoesNotFit):
        volume_identifier_field(label)


def test_pads_labels_with_spaces() -> None:
    assert volume_identifier_field("") == b" " * 32
    assert volume_identifier_field("MY SET_1") == b"MY SET_1".ljust(32)


def test_allows_eight_levels_and_no_more() -> None:
    eight = tuple("ABCDEFGH")
    refuse_unsuited_names([eight])
    for name in ((*eight, "I"), ()):
        with pytest.raises(NameDoesNotFit, match="levels"):
            refuse_unsuited_names([name])


def test_refuses_names_that_stand_in_each_others_way() -> None:
    with pytest.raises(NameDoesNotFit, match="twice"):
        refuse_unsuited_names([("A",), ("A",)])
    with pytest.raises(NameDoesNotFit, match="a file and a folder"):
        refuse_unsuited_names([("A", "B"), ("A",)])


def test_refuses_paths_that_are_too_long() -> None:
    folders = ("A" * 31,) * 7
    refuse_unsuited_names([(*folders, "B" * 28)], 2)  # 255 bytes with its dot and version
    with pytest.raises(NameDoesNotFit, match="too long a path"):
        refuse_unsuited_names([(*folders, "B" * 29)], 2)


@pytest.mark.parametrize("name", [("a", "B"), ("A", "b"), ("A.B", "C"), ("A" * 9, "B")])
def test_refuses_any_component_that_does_not_fit(name: tuple[str, ...]) -> None:
    with pytest.raises(NameDoesNotFit):
        refuse_unsuited_names([("X",), name])


def test_sorts_an_empty_extension_before_a_digit() -> None:
    names = [b"A.;1", b"A.1;1", b"A.B;1", b"A1.;1", b"AB.;1"]
    by_bytes = sorted(names)
    assert by_bytes != names  # so the key is needed
    assert sorted(by_bytes, key=order_key) == names


@given(st.text())
def test_printable_text_never_steers_a_terminal(text: str) -> None:
    assert printable(text).isprintable()
