"""Answers of drives: those that were captured from emulated drives, and those cut short."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mmc import answers, disc_answers
from drivers.mmc.disc_answers import FormatDescriptor, TocEntry

# Answers of emulated drives, as they came.
CD_R_BLANK = "0020000101010100ff0000000000000000612217004f3b49" + "00" * 10
CD_R_TRACK = "002e010100074101000000000000000000057daa0000000000057daa" + "00" * 20
CD_R_SAO_NEXT = "002e010100074101 00000000 ffffff6a 00057daa 00000000 00057daa" + "00" * 20
DVD_RAM_FORMATS = "000000100000400002000800 0000400000000800"
DVD_RAM_FEATURES = "00000088 0000 0012 00000310 00120100 00100000 000a0000 00080000"
BD_SPEED = "00000014 00000000 00000000 00ba7400 0000231e 0000231e"
PARSERS: dict[str, Callable[[bytes], Any]] = {
    "INQUIRY": answers.parse_inquiry,
    "GET CONFIGURATION": answers.parse_configuration,
    "GET EVENT STATUS media": answers.parse_media_event,
    "READ DISC INFORMATION": disc_answers.parse_disc_information,
    "READ TRACK INFORMATION track 1": disc_answers.parse_track_information,
    "READ TOC 0": disc_answers.parse_toc,
    "READ TOC 1 sessions": disc_answers.parse_last_session,
    "READ CAPACITY": disc_answers.parse_capacity,
    "READ FORMAT CAPACITIES": disc_answers.parse_format_capacities,
    "READ BUFFER CAPACITY": answers.parse_buffer_capacity,
    "MODE SENSE 2A capabilities": answers.parse_capabilities,
    "GET PERFORMANCE write speed": answers.parse_write_speeds,
}


@pytest.fixture
def captured(shared_data: Path) -> dict[str, dict[str, bytes]]:
    """What emulated drives answered: by drive, by command; only what they did not refuse."""
    folder = shared_data.parent / "rigs" / "data"
    if not folder.is_dir():
        pytest.skip(f"no captured answers at {folder}")
    return {
        file.stem: {
            name: bytes.fromhex(row["data"])
            for name, row in json.loads(file.read_text()).items()
            if row.get("status") == 0
        }
        for file in sorted(folder.glob("*.json"))
    }


def test_all_captured_answers_are_understood(captured: dict[str, dict[str, bytes]]) -> None:
    parsed = {
        (drive, name): PARSERS[name](data)
        for drive, rows in captured.items()
        for name, data in rows.items()
        if name in PARSERS
    }
    assert len(parsed) > 80
    profiles = {
        drive: told.profile for (drive, name), told in parsed.items() if name == "GET CONFIGURATION"
    }
    assert profiles["cdemu_cdr_sao_blank"] == 0x09
    assert profiles["tcmu_dvdram"] == 0x12
    assert profiles["cdemu_bdr_written"] == 0x41
    assert profiles["qemu_scsi_cd_empty"] == 0
    for (drive, name), told in parsed.items():
        if name == "READ DISC INFORMATION":
            state = {"blank": 0, "written": 2, "disc": 2, "dvdram": 3, "empty": told.status}
            assert told.status == state[drive.split("_")[-1]], drive
        if name == "READ TRACK INFORMATION track 1" and drive.endswith("blank"):
            assert (told.blank, told.next_writable) == (True, 0)
            assert told.free > 300_000
        if name == "READ CAPACITY" and drive.endswith("written"):
            assert told in ((916, 2048), (928, 2048))
        if name == "READ TOC 0" and drive.startswith("cdemu"):
            assert [entry.track for entry in told] == [1, 0xAA]


def test_a_blank_cd_r_tells_its_place_and_its_size() -> None:
    disc = disc_answers.parse_disc_information(bytes.fromhex(CD_R_BLANK))
    assert (disc.status, disc.erasable, disc.last_lead_out) == (0, False, 359_848)
    track = disc_answers.parse_track_information(bytes.fromhex(CD_R_TRACK))
    assert (track.next_writable, track.free, track.blank) == (0, 359_850, True)
    before = disc_answers.parse_track_information(bytes.fromhex(CD_R_SAO_NEXT))
    assert before.next_writable == -150


def test_a_dvd_ram_tells_its_formats_and_features() -> None:
    formats = disc_answers.parse_format_capacities(bytes.fromhex(DVD_RAM_FORMATS))
    assert formats is not None
    assert (formats.formatted, formats.blocks) == (True, 16384)
    assert formats.choices == (FormatDescriptor(0, 16384, 2048),)
    assert formats.choices[0].encode().hex() == "0000400000000800"
    configuration = answers.parse_configuration(bytes.fromhex(DVD_RAM_FEATURES))
    assert configuration.profile == 0x12
    assert configuration.profiles == (0x12, 0x10, 0x0A, 0x08)
    assert configuration.current(0x20) is None


def test_speeds_come_fastest_first_and_once() -> None:
    assert answers.parse_write_speeds(bytes.fromhex(BD_SPEED)) == (8990,)
    rows = b"".join(bytes(12) + speed.to_bytes(4, "big") for speed in (706, 7056, 706))
    data = (4 + len(rows)).to_bytes(4, "big") + bytes(4) + rows
    assert answers.parse_write_speeds(data) == (7056, 706)


def test_an_answer_is_as_long_as_it_says_and_not_as_its_buffer() -> None:
    toc = bytes.fromhex("000a0101 00140100 00000000") + b"\xff" * 100  # stale bytes behind it
    assert disc_answers.parse_toc(toc) == (TocEntry(1, True, 0),)
    told = answers.parse_configuration(bytes.fromhex("00000004 0000 0009") + b"\xff" * 50)
    assert (told.profile, dict(told.features)) == (9, {})


def test_an_event_of_another_class_is_none() -> None:
    assert answers.parse_media_event(bytes.fromhex("0006041000020000")) == (0, False, True)
    assert answers.parse_media_event(bytes.fromhex("0000804200000012")) is None


def test_a_buffer_that_is_emptier_than_its_size_is_none() -> None:
    assert answers.parse_buffer_capacity(bytes.fromhex("000a0000 00000010 00000020")) is None


@pytest.mark.parametrize("parse", [*PARSERS.values(), answers.parse_serial])
@given(data=st.binary(max_size=200))
def test_no_answer_is_too_short_or_too_odd(parse: Callable[[bytes], Any], data: bytes) -> None:
    parse(data)


def test_a_hostile_answer_ends_soon() -> None:
    whole = b"\xff\xff\xff\xff" + bytes(1 << 24)
    assert len(answers.parse_configuration(whole).features) <= 256
    assert len(disc_answers.parse_toc(b"\xff\xff" + b"\x01" * 70_000)) <= 256
    assert len(answers.parse_write_speeds(whole)) <= 256
