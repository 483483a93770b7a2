"""The simulated drive beside recorded emulated drives in the same state, field by field.

What both tell must be equal, but for the rows of EXCEPTIONS, each with its reason; a row that
nothing needs any more is a failure too. A command that the other drive does not know (5/20) is
not compared, nor are features and profiles that only one of them has.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
from drive_answers import Told, fields

from drivers.simulator import SimulatedDrive

BLOCK = 2048


class Reference(NamedTuple):
    kind: str | None
    blocks: int = 0  # recorded and closed
    capacity: int | None = None


REFERENCES = {
    "cdemu_empty": Reference(None),
    "cdemu_cdr_sao_blank": Reference("cd-r"),
    "cdemu_cdr_sao_written": Reference("cd-r", 916),
    "cdemu_dvdplusr_blank": Reference("dvd+r"),
    "cdemu_dvdplusr_written": Reference("dvd+r", 928),
    "cdemu_bdr_blank": Reference("bd-r"),
    "cdemu_bdr_written": Reference("bd-r", 928),
    "tcmu_dvdram": Reference("dvd-ram", capacity=0x4000),
    "tgt_dvdplusr_blank": Reference("dvd+r"),
    "tgt_dvdplusr_written": Reference("dvd+r", 928),
    "tgt_empty": Reference(None),
    "qemu_scsi_cd_disc": Reference("cd-rom", 916),
    "qemu_ide_cd_disc": Reference("cd-rom", 916),
    "qemu_scsi_cd_empty": Reference(None),
}

# Reference, command, field; then why the simulator answers otherwise. Clauses: MMC-6.
EXCEPTIONS = (
    ("*_empty", "*", "qualifier", "we tell tray open from closed (annex F); they do not"),
    ("*", "GET CONFIGURATION*", "feature 0000 length", "we know more kinds of media"),
    ("cdemu_cdr*", "GET CONFIGURATION", "feature 0021 current", "we write no packets on CD"),
    ("cdemu_bdr*", "GET CONFIGURATION", "feature 0021 current", "feature 21h is not for BD-R"),
    ("cdemu_cdr*", "*", "profile 0008 current", "one profile is current (5.3)"),
    ("cdemu_bdr*", "*", "profile 0040 current", "one profile is current (5.3)"),
    ("cdemu_cdr_sao_blank", "*TRACK*", "free", "two blocks beyond its own last lead-out"),
    ("cdemu_cdr_sao_blank", "*TRACK*", "size", "two blocks beyond its own last lead-out"),
    ("cdemu_dvd*_blank", "*TRACK*", "free", "it takes a CD's pre-gap off a DVD"),
    ("cdemu_dvd*_blank", "*TRACK*", "size", "it takes a CD's pre-gap off a DVD"),
    ("cdemu_bdr_blank", "*TRACK*", "free", "it takes a CD's pre-gap off a BD"),
    ("cdemu_bdr_blank", "*TRACK*", "size", "it takes a CD's pre-gap off a BD"),
    ("cdemu_cdr_sao_written", "*TRACK*", "start", "a track begins at index 1 (6.27)"),
    ("cdemu_cdr_sao_written", "*TRACK*", "size", "follows from its start"),
    ("cdemu_*_written", "*track FF", "refusal", "a complete disc has no such track (6.27)"),
    ("cdemu_*_written", "READ TOC 0", "track AA control", "lead-out is as the last track (Q)"),
    ("cdemu_*_written", "READ TOC 2*", "session 1 point A2 control", "as the last track (Q)"),
    ("tcmu_dvdram", "READ TOC 0", "track AA control", "its lead-out is another kind of track"),
    ("qemu_*", "READ TOC 0", "track AA control", "it tells a lead-out that may be copied"),
    ("cdemu_cdr*", "READ DISC STRUCTURE*", "refusal", "5/30: the wrong medium (6.23)"),
    ("qemu_scsi*", "READ DISC STRUCTURE*", "refusal", "5/30: the wrong medium (6.23)"),
    ("qemu_ide*", "READ DISC STRUCTURE FF", "refusal", "5/30: the wrong medium (6.23)"),
    ("qemu_*_disc", "READ DISC STRUCTURE*", "qualifier", "5/30/02 says which is wrong"),
    ("cdemu_bdr*", "READ DISC STRUCTURE FF", "refusal", "BD has structures (6.23)"),
    ("cdemu_dvd*", "READ DISC STRUCTURE 00", "first block", "one byte off: 03000000h"),
    ("t*_dvd*", "READ DISC STRUCTURE BD 00", "refusal", "they answer for a DVD (6.23)"),
    ("tgt_dvdplusr_written", "READ DISC STRUCTURE 00", "category", "it turns into a DVD-ROM"),
    ("cdemu_dvd*", "READ DISC INFORMATION", "*lead-*", "a DVD has none of a CD (6.22)"),
    ("cdemu_bdr*", "READ DISC INFORMATION", "*lead-*", "a BD has none of a CD (6.22)"),
    ("tgt_dvdplusr_blank", "READ DISC INFORMATION", "last lead-out", "as before"),
    ("tgt_dvdplusr_blank", "READ DISC INFORMATION", "disc type", "not known before writing"),
    ("qemu_*_disc", "READ DISC INFORMATION", "*lead-*", "FFh: nothing can be added"),
    ("cdemu_dvd*", "READ TOC 4*", "refusal", "only CDs have an ATIP (6.26)"),
    ("cdemu_bdr*", "READ TOC 4*", "refusal", "only CDs have an ATIP (6.26)"),
    ("qemu_ide_cd_disc", "READ TOC 4*", "refusal", "a pressed CD has none (6.26)"),
    ("tgt_*", "READ TOC*", "refusal", "tells wrong fields as 2/24, and a TOC of a blank disc"),
    ("tcmu_dvdram", "READ TOC 2*", "refusal", "drives make one up for DVD (6.26)"),
    ("tcmu_dvdram", "GET CONFIGURATION*", "feature * length", "of older standards"),
    ("tcmu_dvdram", "GET CONFIGURATION*", "feature 0105 persistent", "always there (Core, 5.3)"),
    ("tcmu_dvdram", "GET EVENT STATUS*", "class", "knows no media events"),
    ("tcmu_dvdram", "GET EVENT STATUS*", "tray and medium", "knows no media events"),
    ("tcmu_dvdram", "MODE SENSE*", "refusal", "knows no page 05h or 2Ah"),
    ("qemu_*", "MODE SENSE 05*", "refusal", "reads only"),
    ("tgt_*", "GET CONFIGURATION*", "feature * length", "of older standards"),
    ("tgt_*", "GET CONFIGURATION*", "feature * current", "it cannot read what is not closed"),
    ("tgt_dvdplusr_written", "GET CONFIGURATION*", "profile*", "it turns into a DVD-ROM"),
    ("tgt_empty", "GET CONFIGURATION*", "profile*", "it still tells the disc that was in it"),
    ("tgt_*", "*TRACK*", "length", "of older standards"),
    ("tgt_*", "*TRACK*", "refusal", "tells wrong fields as 2/24, and of a disc that is out"),
    ("tgt_dvdplusr_blank", "READ BUFFER CAPACITY", "all empty", "half full and idle"),
    ("tgt_dvdplusr_written", "READ BUFFER CAPACITY", "refusal", "only while it can write"),
    ("tgt_empty", "READ*", "refusal", "it tells of the disc that was in it"),
    ("qemu_scsi_cd_disc", "READ TOC 1*", "first track", "it tells none"),
    ("qemu_scsi_cd_empty", "GET PERFORMANCE*", "refusal", "speeds are the drive's too (6.8)"),
)


def differences(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for reference, state in REFERENCES.items():
        drive = SimulatedDrive(
            state.kind, image=b"\x01" * (BLOCK * state.blocks), capacity=state.capacity
        )
        drive.settle()
        for command, row in json.loads((folder / f"{reference}.json").read_text()).items():
            theirs = Told(row["status"], bytes.fromhex(row["sense"]), bytes.fromhex(row["data"]))
            answer = drive.execute(bytes.fromhex(row["cdb"]), length=len(theirs.data) or 264)
            ours = fields(command, Told(answer.status, answer.sense, answer.data))
            for field, told in _differing(ours, fields(command, theirs)):
                yield reference, command, field, told


def _differing(ours: dict[str, object], theirs: dict[str, object]) -> Iterator[tuple[str, str]]:
    if theirs["refusal"] == "5/20":
        return
    both = ("refusal",) if ours["refusal"] != theirs["refusal"] else ours.keys() & theirs.keys()
    for field in sorted(both):
        if ours[field] != theirs[field]:
            yield field, f"{theirs[field]} there, {ours[field]} here"


@pytest.fixture(scope="module")
def found(rigs: Path) -> list[tuple[str, str, str, str]]:
    return list(differences(rigs / "data"))


def test_simulator_answers_as_recorded_drives_do(found: list[tuple[str, str, str, str]]) -> None:
    unexplained = [
        row
        for row in found
        if not any(all(map(fnmatchcase, row, exception[:3])) for exception in EXCEPTIONS)
    ]
    assert unexplained == []


def test_every_exception_is_needed(found: list[tuple[str, str, str, str]]) -> None:
    idle = [
        exception
        for exception in EXCEPTIONS
        if not any(all(map(fnmatchcase, row, exception[:3])) for row in found)
    ]
    assert idle == []


def test_comparison_covers_hundreds_of_fields(rigs: Path) -> None:
    data = json.loads((rigs / "data" / "cdemu_cdr_sao_written.json").read_text())
    told = {
        command: fields(
            command, Told(row["status"], bytes.fromhex(row["sense"]), bytes.fromhex(row["data"]))
        )
        for command, row in data.items()
    }
    assert sum(map(len, told.values())) > 150
    assert told["READ CAPACITY"]["last block"] == 915
    assert told["READ TOC 0"]["track AA start"] == 916
