"""A disc that can be overwritten is used as a whole: its last block, its rest, what was on it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from scripted_drive import UNREADABLE, Fault, ScriptedDrive

from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused
from drivers.simulator.drive import SimulatedDrive
from drivers.simulator.faults import parse_fault
from drivers.simulator.surface import BLOCK
from jacket.burning.burn import burn
from jacket.burning.image import DriveImage
from jacket.burning.result import Burned, DiscFailed
from jacket.burning.target import DiscTarget, How
from jacket.verification import verify_open
from media import UdfMedium
from media.medium import medium_on
from profiles.profile_table import profile
from reporting import Severity, WrongUsage

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))
SMALL = 20_000  # blocks; a whole number of units of every kind
Peer = Callable[[str], str]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def burned(drive: Any, folder: Path, *sources: Path, **how: Any) -> Burned:
    clock = getattr(drive, "clock", None) or (lambda: 0.0)
    sleep = getattr(clock, "sleep", lambda _: None)
    recorder = Recorder(drive, clock=clock, sleep=sleep)
    target = DiscTarget(recorder, How(eject=False, clock=clock, sleep=sleep, **how), lambda _: None)
    return burn(sources or (CT, MR), target, jobs_folder=folder / "jobs")


def as_found(drive: SimulatedDrive) -> DriveImage:
    """Return all blocks that a drive tells of, as a kernel would have it."""
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    last = int.from_bytes(drive.execute(bytes((0x25,)).ljust(10, b"\0"), length=8).data[:4], "big")
    return DriveImage(recorder, "/dev/sr0", last + 1)


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [("dvd-ram", "STD-GEN-DVD-RAM"), ("bd-re", "STD-GEN-BD"), ("bd-re-dl", "STD-GEN-BD")],
)
def test_a_reader_finds_nothing_wrong_with_the_whole_disc(
    kind: str, identifier: str, tmp_path: Path
) -> None:
    drive = SimulatedDrive(kind)
    done = burned(drive, tmp_path)
    (disc,) = done.discs
    assert (disc.verdict, disc.why) == ("good", "")
    assert not [remark for remark in disc.remarks if "second anchor" in remark]
    image = as_found(drive)
    assert image.size // BLOCK > 2_000_000
    medium = medium_on(image)
    assert isinstance(medium, UdfMedium)
    assert medium.volume.structure.anchors == (256, image.size // BLOCK - 1)
    verdict = verify_open(medium, "/dev/sr0", profile(identifier), processes=1)
    assert verdict.compliant
    assert "UDF-ANCHOR-WITHIN" not in {finding.rule for finding in verdict.findings}
    written = {
        int.from_bytes(cdb[2:6], "big") + n
        for cdb, status, _ in drive.log
        if cdb[0] == 0x2A and not status
        for n in range(int.from_bytes(cdb[7:9], "big"))
    }
    assert disc.size == len(written) * BLOCK < 20_000_000  # the free space was not written


def test_udfinfo_takes_the_whole_disc_for_sound(tmp_path: Path, peer: Peer) -> None:
    drive = SimulatedDrive("dvd-ram")
    (disc,) = burned(drive, tmp_path).discs
    assert drive.medium is not None
    path, blocks = tmp_path / "disc", as_found(drive).size // BLOCK
    with path.open("wb") as copy:
        copy.write(drive.medium.image(0, disc.size // BLOCK))
        copy.seek((blocks - 32) * BLOCK)
        copy.write(drive.medium.image(blocks - 32, 32))
    told = subprocess.run([peer("udfinfo"), str(path)], check=True, capture_output=True, text=True)
    assert told.stderr == ""
    assert "integrity=closed" in told.stdout
    assert f"start={blocks - 1}, blocks=1, type=ANCHOR" in told.stdout


def test_a_dvd_plus_rw_is_good_and_its_near_end_is_told(tmp_path: Path) -> None:
    drive = SimulatedDrive("dvd+rw")
    (disc,) = burned(drive, tmp_path).discs
    assert disc.verdict == "good"
    assert [remark for remark in disc.remarks if "second anchor" in remark]
    verdict = verify_open(medium_on(as_found(drive)), "/dev/sr0", None, processes=1)
    assert verdict.compliant
    found = [f for f in verdict.findings if f.rule == "UDF-ANCHOR-WITHIN"]
    assert [finding.severity for finding in found] == [Severity.WARNING]


@pytest.mark.parametrize("fault", [Fault("read", UNREADABLE, at=1, times=10**6), "lost"])
def test_an_end_that_does_not_read_back_makes_a_bad_disc(fault: object, tmp_path: Path) -> None:
    drive = ScriptedDrive(0x43, capacity=SMALL)
    execute = drive.execute

    def failing(cdb: bytes, **more: Any) -> Any:
        if cdb[0] == 0x28 and int.from_bytes(cdb[2:6], "big") == SMALL - 32:
            if isinstance(fault, Fault):
                drive.faults = [fault]
            else:
                drive.blocks[SMALL - 1] = bytes(BLOCK)
        return execute(cdb, **more)

    drive.execute = failing  # type: ignore[method-assign]
    with pytest.raises(DiscFailed, match="the end of the disc"):
        burned(drive, tmp_path)
    (path,) = (tmp_path / "jobs").glob("*.json")
    assert json.loads(path.read_text())["state"] == "bad"


def test_what_fills_the_disc_has_no_far_end(tmp_path: Path) -> None:
    drive = ScriptedDrive(0x43, capacity=SMALL)
    (disc,) = burned(drive, tmp_path).discs
    least = disc.size // BLOCK
    for capacity in (least - 32, least, least + 32):
        small = ScriptedDrive(0x43, capacity=capacity)
        (again,) = burned(small, tmp_path / str(capacity)).discs
        assert again.verdict == "good"
        assert again.size <= capacity * BLOCK
        medium = medium_on(DriveImage(Recorder(small), "/dev/sr0", capacity))
        assert not [f for f in medium.findings() if f.severity is Severity.ERROR]


OLD = b"ANOTHER PATIENT"


def with_old(kind: str, at: int) -> SimulatedDrive:
    """Return a drive with a formatted disc that holds something at its beginning and far behind."""
    drive = SimulatedDrive(kind, capacity=SMALL)
    assert drive.medium is not None
    drive.medium.fill(OLD.ljust(64 * BLOCK, b"."))
    drive.medium.surface.write(at, OLD.ljust(BLOCK, b"."))
    return drive


@pytest.mark.parametrize("kind", ["dvd-ram", "dvd+rw"])
def test_what_an_overwritten_disc_still_holds_is_told_or_wiped(kind: str, tmp_path: Path) -> None:
    drive = with_old(kind, 15_000)
    assert drive.medium is not None
    (disc,) = burned(drive, tmp_path / "1", erase=True).discs
    assert disc.verdict == "good"
    rest = (as_found(drive).size - disc.size) / 1e6
    remark = disc.remarks[-1]
    assert f"was not overwritten: {rest:.1f} MB may hold" in remark
    assert OLD in drive.medium.image(0, SMALL)
    (disc,) = burned(drive, tmp_path / "2", erase=True, wipe=True).discs
    assert disc.verdict == "good"
    assert not [remark for remark in disc.remarks if "not overwritten" in remark]
    assert disc.size == as_found(drive).size
    assert OLD not in drive.medium.image(0, SMALL)
    medium = medium_on(as_found(drive))
    found = [f.rule for f in medium.findings() if f.rule.startswith("UDF-ANCHOR")]
    assert found == (["UDF-ANCHOR-WITHIN"] if kind == "dvd+rw" else [])


def test_a_cd_rw_is_made_blank_quickly_or_as_a_whole(tmp_path: Path) -> None:
    drive = SimulatedDrive("cd-rw")
    burned(drive, tmp_path / "1")
    (disc,) = burned(drive, tmp_path / "2", MR, erase=True).discs
    (remark,) = disc.remarks
    assert "hidden" in remark
    (disc,) = burned(drive, tmp_path / "3", MR, erase=True, wipe=True).discs
    assert disc.remarks == ()
    assert [cdb[1] & 7 for cdb, _, _ in drive.log if cdb[0] == 0xA1] == [1, 0]


def test_nothing_is_wiped_that_was_not_given_up_or_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="--erase"):
        How(wipe=True)
    drive = SimulatedDrive("cd-r")
    with pytest.raises(MediumRefused, match="cannot be overwritten"):
        burned(drive, tmp_path, erase=True, wipe=True)
    assert 0x2A not in {cdb[0] for cdb, _, _ in drive.log}


def test_the_word_for_it_is_told_and_asks_for_another(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    said = run("burn", CT, "--device", "simulator:dvd-ram")
    assert said.code == 0
    assert "  the rest of this DVD-RAM was not overwritten: 4.6 GB may hold" in said.out
    refused = run("burn", CT, "--device", "simulator:cd-rw", "--wipe")
    assert refused.code == 2
    assert "Say --erase as well" in refused.err
    wiped = run("burn", CT, "--device", "simulator:cd-rw", "--erase", "--wipe", "--json")
    assert (wiped.code, wiped.json["discs"][0]["remarks"]) == (0, [])


@pytest.mark.parametrize(("format_", "is_told"), [(0x15, False), (0x10, True)])
def test_a_dvd_rw_ends_where_it_was_formatted_to(
    format_: int, is_told: bool, tmp_path: Path
) -> None:
    drive = SimulatedDrive("dvd-rw", capacity=SMALL)
    drive.settle()
    row = bytes((0xFF, 0xFF, 0xFF, 0xFF, format_ << 2, 0, 0, 16))
    # Without IMMED: the answer comes when all of it is formatted (MMC-6 6.4).
    drive.execute(bytes((4, 0x11, 0, 0, 0, 0)), data_out=bytes((0, 0, 0, 8)) + row, timeout=9e9)
    (disc,) = burned(drive, tmp_path).discs
    assert disc.verdict == "good"
    assert bool([remark for remark in disc.remarks if "second anchor" in remark]) == is_told
    whole = as_found(drive)
    assert whole.size == (SMALL * BLOCK if is_told else disc.size)
    rules = {finding.rule for finding in medium_on(whole).findings()}
    assert ("UDF-ANCHOR-WITHIN" in rules) == is_told


@pytest.mark.parametrize("kind", ["dvd-ram", "dvd+rw", "bd-re"])
def test_a_disc_whose_beginning_is_damaged_is_not_taken_for_an_empty_one(
    kind: str, tmp_path: Path
) -> None:
    drive = SimulatedDrive(kind, faults=(parse_fault("unreadable@0"),))
    assert drive.medium is not None
    drive.medium.fill(OLD.ljust(64 * BLOCK, b"."))
    with pytest.raises(MediumRefused, match="there is something on the"):
        burned(drive, tmp_path)
    assert 0x2A not in {cdb[0] for cdb, _, _ in drive.log}
