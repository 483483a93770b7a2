import warnings

import pytest

from profiles.transfer_syntaxes import (
    ALWAYS_CONVERTIBLE,
    DECODABLE,
    EXPLICIT_LITTLE,
    ROWS,
    TRANSFER_SYNTAXES,
    Kind,
    name_of_syntax,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pydicom.uid import UID_dictionary

# Not on media in files, hierarchical, or retired before anybody used them.
WITHOUT_ROW = (
    *(f"1.2.840.10008.1.2.4.{n}" for n in (52, 54, 56, 58, *range(59, 67), 92, 93)),
    *("1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2"),
    *(f"1.2.840.10008.1.2.7.{n}" for n in (1, 2, 3)),
    "1.2.840.10008.1.20",
)


def test_every_transfer_syntax_that_files_use_has_a_row() -> None:
    registered = {uid for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax"}
    assert registered - set(TRANSFER_SYNTAXES) == set(WITHOUT_ROW)
    # PS3.5 registered deflated frames after that dictionary was made.
    assert set(TRANSFER_SYNTAXES) - registered == {"1.2.840.10008.1.2.8.1"}
    assert len(TRANSFER_SYNTAXES) == len(ROWS)


def test_names_are_those_that_the_registry_uses_but_shorter() -> None:
    for row in ROWS:
        if row.uid in UID_dictionary and row.kind is not Kind.VIDEO:
            words = row.name.replace(" (retired)", "").split(",")[0].split()
            assert words[0].split("-")[0] in UID_dictionary[row.uid][0], row


def test_a_lossless_syntax_is_not_called_lossy() -> None:
    named = {uid for uid, row in UID_dictionary.items() if "Lossless" in row[0]}
    # The near-lossless syntax has the word in its name as well.
    lossless = (named & set(TRANSFER_SYNTAXES)) - {"1.2.840.10008.1.2.4.81"}
    assert len(lossless) == 7
    assert not any(TRANSFER_SYNTAXES[uid].lossy for uid in lossless)


def test_video_and_references_are_neither_plain_nor_decodable() -> None:
    assert not ALWAYS_CONVERTIBLE & DECODABLE
    assert EXPLICIT_LITTLE not in ALWAYS_CONVERTIBLE | DECODABLE
    for row in ROWS:
        convertible = row.uid in ALWAYS_CONVERTIBLE | DECODABLE
        assert convertible == (row.kind in (Kind.PLAIN, Kind.FRAMES))


@pytest.mark.parametrize(
    ("uid", "name"),
    [
        ("1.2.840.10008.1.2.4.50", "JPEG Baseline"),
        ("1.2.3", "unknown transfer syntax 1.2.3"),
        ("", "no transfer syntax"),
    ],
)
def test_a_transfer_syntax_has_a_name_for_people(uid: str, name: str) -> None:
    assert name_of_syntax(uid) == name
