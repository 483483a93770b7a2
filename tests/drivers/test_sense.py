"""Sense data of both formats, and what a person is told about them."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sense import CommandFailed, Sense, parse_failure, parse_sense
from drivers.sense_rows import KEYS, ROWS, SenseRow, on_stick, row_of
from drivers.transport import Answer, printable

FIXED = "f0 00 03 00 00 01 00 0a 00 00 00 00 0c 00 00 00 00 00"
DEFERRED = "71 00 03 00 00 00 00 0a 00 00 00 00 0c 09 00 00 00 00"
GOING_ON = "70 00 02 00 00 00 00 0a 00 00 00 00 04 04 00 80 80 00"
DESCRIBED = "72 03 11 05 00 00 00 0c 00 0a 80 00 00 00 00 00 00 00 01 00"
PROGRESS = "72 02 04 08 00 00 00 08 02 06 00 00 80 40 00 00"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (FIXED, Sense(3, 0x0C, 0, False, 256, None)),
        (DEFERRED, Sense(3, 0x0C, 9, True, None, None)),
        (GOING_ON, Sense(2, 4, 4, False, None, 0.5)),
        (DESCRIBED, Sense(3, 0x11, 5, False, 256, None)),
        (PROGRESS, Sense(2, 4, 8, False, None, 0.25)),
        ("70 00 05 00 00 00 00 00", Sense(5, 0, 0)),  # no additional length
        ("70 00 05 00 00 00 00 0a 00 00 00 00 24", Sense(5, 0, 0)),  # cut off
        ("70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 c0 00 02", Sense(5, 0x24, 0)),  # a field
        ("00 00 00 00 00 00 00 00", None),
        ("70 00 05", None),
        ("", None),
    ],
)
def test_sense_data_of_every_format_are_read(data: str, told: Sense | None) -> None:
    assert parse_sense(bytes.fromhex(data)) == told


def test_a_block_before_the_first_of_a_cd_is_told_as_one() -> None:
    fixed = bytes.fromhex("f0 00 03 ff ff ff 6a 0a 00 00 00 00 0c 00 00 00 00 00")
    short = bytes.fromhex("72 03 0c 00 00 00 00 0c 00 0a 80 00 00 00 00 00 ff ff ff 6a")
    long = bytes.fromhex("72 03 0c 00 00 00 00 0c 00 0a 80 00 ff ff ff ff ff ff ff 6a")
    for data in (fixed, short, long):
        assert "block -150)" in str(parse_failure("WRITE", "/dev/sr0", Answer(2, sense=data)))
    # A stick has no blocks below zero, and may have that many.
    assert "block 4294967146)" in str(
        parse_failure("WRITE", "usb 1-4", Answer(2, sense=fixed), "stick")
    )


@pytest.mark.parametrize("row", [*ROWS, *KEYS])
def test_nobody_is_told_to_use_another_disc_as_a_stick(row: SenseRow) -> None:
    told = on_stick(row)
    assert not re.search(r"\b(disc|drive|brand|slowly|Clean|Format)", told.what + told.remedy)


@given(st.binary(max_size=64))
def test_no_sense_data_are_too_odd(data: bytes) -> None:
    told = parse_sense(data)
    assert told is None or str(CommandFailed("WRITE", "/dev/sr0", told))


def test_every_row_tells_what_and_what_to_do() -> None:
    for row in (*ROWS, *KEYS):
        assert row.what[0].islower()
        assert not row.what.endswith(".")
        assert row.remedy[0].isupper()
        assert not row.remedy.endswith(".")
    codes = [(row.asc, row.ascq) for row in ROWS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ((3, 0x73, 0x03), "laser could not be adjusted"),
        ((5, 0x30, 0x05), "it is closed"),
        ((7, 0x27, 0x00), "write protected"),
        ((2, 0x3A, 0x02), "tray is open"),
        ((3, 0x11, 0x99), "not readable"),  # a qualifier without a row
        ((4, 0xEE, 0x01), "the drive has a fault"),  # a code without a row: by the key
        ((12, 0xEE, 0x01), "nobody knows"),
    ],
)
def test_codes_are_told_in_words(code: tuple[int, int, int], words: str) -> None:
    assert words in row_of(*code).what


def test_a_failed_command_says_what_where_and_what_helps() -> None:
    error = parse_failure("WRITE", "/dev/sr0", Answer(2, sense=bytes.fromhex(FIXED)))
    assert str(error) == (
        "/dev/sr0: the drive could not write to the medium (WRITE, 3/0C/00, block 256)."
        " Use a disc of another brand, or write more slowly."
    )
    assert error.exit_code == 3
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    assert (copy.command, copy.sense, str(copy)) == (error.command, error.sense, str(error))


@pytest.mark.parametrize(("status", "words"), [(8, "busy"), (0x18, "another program"), (2, "why")])
def test_a_status_without_sense_data_is_told_too(status: int, words: str) -> None:
    assert words in str(parse_failure("READ", "usb 1-4", Answer(status)))


def test_what_a_device_calls_itself_is_shown_as_one_line_of_characters() -> None:
    assert printable(b"EVIL\x1b[2J\r\nDRIVE  \x00\xff") == "EVIL [2J DRIVE"
    assert printable("\u202eabc\u0007" + "x" * 200) == "abc " + "x" * 59
